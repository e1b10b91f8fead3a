"""`make engines`: what must not happen to a journal in Postgres, whoever loses, copies or restores what."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
import pytest

from doctor.postgres import check
from load_netsuite.errors import JournalError
from load_netsuite.journal import Journal
from load_netsuite.tables import ensure_tables, open_with_journal
from pipeline.postgres import OtherFile, fetch_journal, filled, require_own_database
from pipeline.reading import open_for_reading
from settings import Settings
from tests.engines.server import PORT, Server
from tests.support import warehouse as testing
from warehouse.connection import WarehouseError
from warehouse.mirror import mirror
from warehouse.ownership import Books, WrongBooks, note_books
from warehouse.postgres import PostgresUrl
from warehouse.postgres_connection import PostgresError, PostgresWarehouse, open_postgres
from warehouse.query import ask

NAMES = "select external_id from load_netsuite.load_log order by position"


class Place:
    """A DuckDB file, a database, and the settings that name both."""

    def __init__(self, folder: Path, url: PostgresUrl, name: str = "company") -> None:
        self.file = folder / f"{name}.duckdb"
        self.settings = Settings(_env_file=None, warehouse_path=self.file, warehouse_url=url)  # type: ignore[call-arg]

    def land(self) -> None:
        with duckdb.connect(self.file) as file:
            testing.create_raw_tables(file)

    def log(self, *names: str, in_file: bool = False) -> None:
        """Rows of the journal, as a push writes them."""
        with open_with_journal(self.file if in_file else self.settings.warehouse_url) as warehouse:  # type: ignore[arg-type]
            journal = Journal(warehouse)
            for name in names:
                journal.attempted("creditMemo", name, "create", "{}")

    def in_postgres(self, query: str = NAMES) -> list[tuple]:
        with PostgresWarehouse(self.settings.warehouse_url, "test") as warehouse:  # type: ignore[arg-type]
            return ask(warehouse, query)

    def in_file(self, query: str = NAMES) -> list[tuple]:
        with duckdb.connect(self.file) as file:
            return file.execute(query).fetchall()


@pytest.fixture
def place(server: Server, request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    database = request.node.name[:60]
    server.create(database)
    place = Place(tmp_path, server.url(database))
    place.land()
    return place


# ---------- whose journal


def test_a_push_needs_the_file_of_its_database(place: Place, tmp_path: Path) -> None:
    require_own_database(place.settings)
    other = Place(tmp_path, place.settings.warehouse_url, "other")  # type: ignore[arg-type]
    other.land()
    with pytest.raises(OtherFile, match="was filled from another DuckDB file"):
        require_own_database(other.settings)
    other.log("cn_1", in_file=True)  # a file that was refused belongs to no database


def test_a_database_of_another_account_is_refused(place: Place, tmp_path: Path) -> None:
    """Also where the tie to its file was cut by hand: what was posted to one account is not posted to another."""
    with duckdb.connect(place.file) as file:
        note_books(file, place.file, Books("acct_1", False, "1234567"))
    require_own_database(place.settings)
    place.in_postgres("delete from load_netsuite.filled_from")
    other = Place(tmp_path, place.settings.warehouse_url, "other")  # type: ignore[arg-type]
    other.land()
    of_others = other.settings.model_copy(update={"target": "production", "netsuite_account_id": "7654321"})
    with pytest.raises(WrongBooks, match="the database of WAREHOUSE_URL belongs to NetSuite account 1234567, this run"):
        require_own_database(of_others)
    with duckdb.connect(other.file) as file:
        note_books(file, other.file, Books("acct_2", False, None))
    with pytest.raises(WrongBooks, match="belongs to Stripe account acct_1"):
        require_own_database(other.settings)


def test_a_file_whose_journal_is_in_postgres_is_not_pushed_from_alone(place: Place) -> None:
    place.log("cn_1", in_file=True)
    require_own_database(place.settings)
    with pytest.raises(WarehouseError, match="is in Postgres, and WAREHOUSE_URL is not set"):
        place.log("cn_2", in_file=True)


def test_a_database_of_another_program_is_left_alone(place: Place) -> None:
    place.in_postgres("create schema marts; create table marts.revenue (amount int)")
    with pytest.raises(OtherFile, match=r"tables of another program .* \(marts.revenue\): set WAREHOUSE_URL to an em"):
        require_own_database(place.settings)
    assert place.in_postgres("select to_regnamespace('load_netsuite')") == [(None,)]


# ---------- what is lost, and what comes back


def test_a_database_that_was_put_back_from_an_older_backup_stops_a_push(place: Place) -> None:
    require_own_database(place.settings)
    place.log("cn_1", "cn_2")
    fetch_journal(place.settings)
    place.in_postgres("delete from load_netsuite.load_log where position = 2")
    with pytest.raises(OtherFile, match="put back from an older backup"):
        require_own_database(place.settings)
    place.log("cn_3")  # as another host would have, before anybody noticed
    with pytest.raises(OtherFile, match="put back from an older backup"):
        fetch_journal(place.settings)
    assert place.in_file() == [("cn_1",), ("cn_2",)]


def test_a_file_that_was_put_back_from_an_older_backup_gets_the_rows_that_it_lacks(place: Place) -> None:
    require_own_database(place.settings)
    place.log("cn_1")
    fetch_journal(place.settings)
    older = place.file.read_bytes()
    place.log("cn_2")
    fetch_journal(place.settings)
    place.file.write_bytes(older)
    assert place.in_file() == [("cn_1",)]
    require_own_database(place.settings)
    fetch_journal(place.settings)
    assert place.in_file() == place.in_postgres() == [("cn_1",), ("cn_2",)]


def test_a_file_that_was_lost_gets_journal_and_history_back(place: Place) -> None:
    place.in_file("insert into history.runs (run_id, position) values ('first', 1), ('second', 2)")
    with filled(place.settings, "transform"):
        pass
    place.log("cn_1")
    place.file.unlink()
    place.land()
    place.in_file("insert into history.runs (run_id, position) values ('third', 1)")
    with pytest.raises(OtherFile, match=r"`delete from load_netsuite\.filled_from` in Postgres"):
        fetch_journal(place.settings)
    place.in_postgres("delete from load_netsuite.filled_from")
    fetch_journal(place.settings)
    with filled(place.settings, "transform"):
        pass
    assert place.in_file() == [("cn_1",)]
    runs = "select run_id, position from history.runs order by position"
    assert place.in_file(runs) == place.in_postgres(runs) == [("first", 1), ("second", 2), ("third", 3)]


def test_an_emptied_database_gets_the_whole_journal_of_the_file(place: Place) -> None:
    """Also when the copy is killed: all of its tables or none."""
    place.log("cn_1", in_file=True)
    place.in_file("insert into load_netsuite.reconciliations (records, run_id) values (1, 'r')")
    place.in_file("create table load_netsuite.zz_odd (tags varchar[])")  # the last one cannot be copied
    with pytest.raises(Exception, match="column tags has the type"):
        require_own_database(place.settings)
    assert place.in_postgres() == []
    place.in_file("drop table load_netsuite.zz_odd")
    require_own_database(place.settings)
    place.log("cn_2")
    assert place.in_postgres() == [("cn_1",), ("cn_2",)]
    assert place.in_postgres("select run_id from load_netsuite.reconciliations") == [("r",)]


def test_a_fetch_that_is_killed_leaves_the_journal_as_it_was(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    require_own_database(place.settings)
    place.log("cn_1")
    place.in_postgres("insert into load_netsuite.drift (external_id) values ('cn_1')")
    fetch_journal(place.settings)
    place.log("cn_2")
    place.in_postgres("insert into load_netsuite.reconciliations (run_id) values ('r')")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("warehouse.mirror._insert", killed)
        fetch_journal(place.settings)
    assert place.in_file() == [("cn_1",)]
    assert place.in_file("select external_id from load_netsuite.drift") == [("cn_1",)]


def test_a_reader_is_told_that_another_host_posted_since(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    require_own_database(place.settings)
    place.log("cn_1", "cn_2", "cn_3")
    place.in_file("create schema marts; create table marts.netsuite_load_log as select 1 as position")
    with open_for_reading(place.settings):
        pass
    assert "Postgres has 2 newer rows of the journal than what is shown here" in caplog.text
    caplog.clear()
    place.in_file("update marts.netsuite_load_log set position = 3")
    with open_for_reading(place.settings):
        pass
    assert caplog.text == ""


def test_doctor_names_what_belongs_to_another_role(place: Place, server: Server) -> None:
    """As after a backup that an administrator put back."""
    require_own_database(place.settings)
    url = place.settings.warehouse_url
    assert url
    place.in_postgres("create role careful login")
    place.in_postgres(f"grant create, temporary on database {url.database} to careful")
    careful = PostgresUrl.parse(f"postgresql://careful@localhost/{url.database}?host={server.folder}&sslmode=disable")
    found = {
        finding.subject: finding for finding in check(place.settings.model_copy(update={"warehouse_url": careful}))
    }
    assert found["Postgres, owner"].level == "error"
    assert found["Postgres, owner"].message.startswith("load_netsuite belongs to postgres, load_netsuite.belongs_to be")
    assert found["Postgres, rights"].level == "ok"
    found = {finding.subject: finding for finding in check(place.settings)}
    assert found["Postgres, owner"].level == "ok"


# ---------- one writer


def test_a_push_whose_session_is_ended_writes_no_more(place: Place) -> None:
    with open_with_journal(place.settings.warehouse_url) as warehouse:  # type: ignore[arg-type]
        journal = Journal(warehouse)
        journal.attempted("creditMemo", "cn_1", "create", "{}")
        place.in_postgres(f"select pg_terminate_backend({warehouse.session.info.backend_pid}, 5000)")
        place.log("cn_2")  # the lock is free
        with pytest.raises(JournalError, match=r"nothing more was sent"):
            journal.attempted("creditMemo", "cn_3", "create", "{}")
    assert place.in_postgres() == [("cn_1",), ("cn_2",)]


def test_two_journals_that_both_believe_to_be_alone_do_not_both_write(place: Place) -> None:
    """Whatever took the lock away: a position is given once."""
    place.log("cn_1")
    with (
        PostgresWarehouse(place.settings.warehouse_url, "one") as one,  # type: ignore[arg-type]
        PostgresWarehouse(place.settings.warehouse_url, "two") as two,  # type: ignore[arg-type]
    ):
        first, second = Journal(one), Journal(two)
        first.attempted("creditMemo", "cn_2", "create", "{}")
        with pytest.raises(JournalError, match="load_log_position"):
            second.attempted("creditMemo", "cn_2", "create", "{}")
    assert place.in_postgres() == [("cn_1",), ("cn_2",)]


def test_a_transform_whose_lock_was_lost_fails(place: Place) -> None:
    kill = "select pg_terminate_backend(pid, 5000) from pg_locks where locktype = 'advisory'"
    with pytest.raises(PostgresError, match="ended the session"), filled(place.settings, "transform"):
        place.in_postgres(kill)


@contextmanager
def pooler(server: Server, folder: Path) -> Iterator[Path]:
    """A socket's folder where Postgres answers, with another process number at the connect, as a pooler tells it."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / f".s.PGSQL.{PORT}"))
    listener.listen()

    def carry(source: socket.socket, target: socket.socket, *, is_answer: bool) -> None:
        with suppress(OSError):  # the other end was closed
            while data := source.recv(65536):
                if is_answer and (at := data.find(b"K\0\0\0\x0c")) >= 0:
                    data = data[: at + 5] + struct.pack("!i", 4_000_000) + data[at + 9 :]
                    is_answer = False
                target.sendall(data)
        target.close()

    def serve() -> None:
        while True:
            try:
                client = listener.accept()[0]
            except OSError:
                return
            upstream = socket.socket(socket.AF_UNIX)
            upstream.connect(str(server.folder / f".s.PGSQL.{PORT}"))
            for ends, is_answer in (((client, upstream), False), ((upstream, client), True)):
                threading.Thread(target=carry, args=ends, kwargs={"is_answer": is_answer}, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield folder
    finally:
        listener.close()


def test_a_pooler_is_refused(place: Place, server: Server, tmp_path_factory: pytest.TempPathFactory) -> None:
    direct = place.settings.warehouse_url
    assert direct
    with pooler(server, tmp_path_factory.mktemp("p")) as folder:
        pooled = PostgresUrl.parse(f"postgresql://postgres@localhost/{direct.database}?host={folder}&sslmode=disable")
        with pytest.raises(PostgresError, match="leads to a pooler"), open_postgres(pooled, "push"):
            pass
        findings = check(place.settings.model_copy(update={"warehouse_url": pooled}))
        assert "leads to a pooler" in next(finding.message for finding in findings if finding.level == "error")


# ---------- values


def test_values_that_neither_side_may_change(place: Place) -> None:
    texts = ("", "a\0b", "half \ud83d", "Zoë 👩‍👩‍👧", "x" * 3_000_000)
    with open_with_journal(place.settings.warehouse_url) as warehouse:  # type: ignore[arg-type]
        journal = Journal(warehouse)
        for text in texts:
            journal.attempted("creditMemo", "cn_1", "create", text)
        assert isinstance(warehouse, PostgresWarehouse)
        warehouse.execute("set timezone = 'America/New_York'")
        with duckdb.connect(place.file) as file:
            ensure_tables(file)
            warehouse.execute(
                "create schema marts; create view marts.odd as select 'infinity'::numeric as n, true as b"
            )
            with pytest.raises(PostgresError, match=r'"marts"\."odd", column n: Postgres has a value that the DuckDB'):
                mirror(warehouse, file)
            warehouse.execute("drop view marts.odd")
            warehouse.execute("create view marts.odd as select 'infinity'::timestamptz as at")
            with pytest.raises(PostgresError, match="timestamp too large"):
                mirror(warehouse, file)
            warehouse.execute("drop view marts.odd")
            warehouse.execute(
                "create view marts.odd as select '2026-03-08 02:30:00-05'::timestamptz as seen, -0.0000000001 as n, "
                "false as b, '' as t, null::text as u, 12345678901234567890123456.25 as w, 10 % 3 as \"?%s\""
            )
            mirror(warehouse, file)
            found = file.execute(
                "select strftime(seen at time zone 'UTC', '%c'), n::varchar, b, t, u, w::varchar from marts.odd"
            ).fetchall()
            assert found == [
                ("2026-03-08 07:30:00", "-0.0000000001", False, "", None, "12345678901234567890123456.2500000000")
            ]
            rows = file.execute('select payload, "at" from load_netsuite.load_log order by position').fetchall()
            kept = warehouse.execute('select payload, "at" from load_netsuite.load_log order by position').fetchall()
    assert [text for text, _ in rows] == ["", "ab", "half ?", *texts[3:]]
    assert [text for text, _ in kept] == [text for text, _ in rows]
