"""`make engines`: the whole job with WAREHOUSE_URL, against the whole job on the DuckDB file alone."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.engines.server import Server
from tests.support import warehouse as testing
from tests.test_end_to_end import ROOT, Shop
from warehouse.mirror import ALSO_READ
from warehouse.postgres_connection import PostgresWarehouse

#: The journal without what differs by chance: ids of runs and attempts, and times. Rows of the requests that were in
#: flight together can come in another order.
JOURNAL = """
select record_type, external_id, operation, status, internal_id, http_status, error_code, payload
from load_netsuite.load_log
order by record_type, external_id, operation, status, payload
"""

ROOMS = ("doctor", "extract", "history", "load_netsuite", "pipeline", "proposals", "publish", "report")


class PostgresShop(Shop):
    """A shop whose warehouse is in Postgres."""

    def __init__(self, folder: Path, server: Server, database: str) -> None:
        super().__init__(folder)
        role = f"{database}_loader"
        server.create(database, role)
        self.server, self.database = server, database
        self.url = f"postgresql://{role}:very-secret@localhost:5432/{database}?host={server.folder}&sslmode=disable"

    def make(self, *arguments: str, plan: str = "") -> str:
        os.environ["WAREHOUSE_URL"] = self.url
        try:
            return super().make(*arguments, plan=plan)
        finally:
            del os.environ["WAREHOUSE_URL"]

    def refused(self, *arguments: str, **environment: str) -> str:
        """What a command says that must fail."""
        done = subprocess.run(
            [sys.executable, "-m", "pipeline", *arguments],
            cwd=ROOT,
            env={**os.environ, "WAREHOUSE_PATH": str(self.warehouse), "TARGET": "sandbox", **environment},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode, done.stdout
        return done.stdout + done.stderr

    def journal(self) -> list[tuple[Any, ...]]:
        with PostgresWarehouse(self.server.url(self.database), "test") as warehouse:
            return warehouse.execute(JOURNAL).fetchall()


def journal_of(shop: Shop) -> list[tuple[Any, ...]]:
    with duckdb.connect(shop.warehouse, read_only=True) as warehouse:
        return warehouse.execute(JOURNAL).fetchall()


def without_ids(rows: list[tuple[Any, ...]], shop: Shop) -> list[str]:
    """Internal ids of what was posted replaced by the names of the records: writes that are under way together are
    numbered as they come. Applications are in the order of these ids."""
    names = {str(t.id): t.external_id for t in shop.posted().values()}

    def named(payload: str | None) -> Any:
        body = json.loads(payload or "{}")
        applied = [(names.get(each["doc"]["id"]), each["amount"]) for each in body.pop("apply", {}).get("items", [])]
        return body, sorted(applied, key=repr)

    return sorted(
        repr((record_type, external_id, operation, status, names.get(internal_id), *answer, named(payload)))
        for record_type, external_id, operation, status, internal_id, *answer, payload in rows
    )


@pytest.fixture(scope="module")
def shops(server: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[Shop, PostgresShop]:
    """Two months of the demo company, on each engine."""
    file = Shop(tmp_path_factory.mktemp("file"))
    postgres = PostgresShop(tmp_path_factory.mktemp("postgres"), server, "shop")
    for shop in (file, postgres):
        shop.make("-m", "pipeline", "run")
        shop.make("-m", "sandbox", "advance", "--state", str(shop.folder / "sandbox"))
        shop.make("-m", "pipeline", "run")
    return file, postgres


def test_both_engines_post_the_same_records(shops: tuple[Shop, PostgresShop]) -> None:
    file, postgres = shops
    assert without_ids(postgres.journal(), postgres) == without_ids(journal_of(file), file)
    assert len(postgres.journal()) > 300
    assert postgres.outcomes() == file.outcomes()
    assert {key: (t.total, t.tran_date) for key, t in postgres.posted().items()} == {
        key: (t.total, t.tran_date) for key, t in file.posted().items()
    }


def test_the_file_has_what_postgres_has(shops: tuple[Shop, PostgresShop]) -> None:
    _, postgres = shops
    assert journal_of(postgres) == postgres.journal()


def test_a_further_run_posts_nothing(shops: tuple[Shop, PostgresShop]) -> None:
    _, postgres = shops
    before = postgres.journal()
    said = postgres.make("-m", "pipeline", "run")
    assert "nothing to post" in said
    assert postgres.journal() == before


def test_commands_that_read_find_what_a_run_left(shops: tuple[Shop, PostgresShop]) -> None:
    _, postgres = shops
    assert "creditMemo" in postgres.make("-m", "pipeline", "trace", next(iter(postgres.outcomes())))
    postgres.make("-m", "pipeline", "plan", plan="plan.json")
    assert "cn_Differs" in postgres.refused("reconcile", WAREHOUSE_URL=postgres.url)  # one memo of the demo is edited
    postgres.make("-m", "pipeline", "mappings")
    # this server is made for tests: it does not wait for its disk, and that is an error
    said = postgres.refused("doctor", WAREHOUSE_URL=postgres.url)
    assert "fsync is off" in said and "doctor: 1 of" in said
    assert "very-secret" not in "".join(postgres.said)


def test_another_file_may_not_fill_the_database(shops: tuple[Shop, PostgresShop], tmp_path: Path) -> None:
    """Its raw rows would take the place of those that are there: what was posted would have no document."""
    _, postgres = shops
    other = tmp_path / "other.duckdb"
    with duckdb.connect(other) as file:
        testing.create_raw_tables(file)
    said = postgres.refused("transform", WAREHOUSE_PATH=str(other), WAREHOUSE_URL=postgres.url)
    assert "was filled from another DuckDB file" in said and "very-secret" not in said


def test_a_push_to_the_file_alone_is_noticed(shops: tuple[Shop, PostgresShop], tmp_path: Path) -> None:
    _, postgres = shops
    with duckdb.connect(postgres.warehouse) as file:
        file.execute(
            "insert into load_netsuite.load_log (attempt_id, status, position) "
            "select 'elsewhere', 'attempted', max(position) + 1 from load_netsuite.load_log"
        )
    said = postgres.refused("transform", WAREHOUSE_URL=postgres.url)
    assert "a push wrote to the file while WAREHOUSE_URL was not set" in said
    with duckdb.connect(postgres.warehouse) as file:
        file.execute("delete from load_netsuite.load_log where attempt_id = 'elsewhere'")


def test_postgres_that_is_away_is_a_sentence(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.make("-m", "pipeline", "extract")
    url = f"postgresql://somebody:very-secret@localhost:5432/none?host={tmp_path}&sslmode=disable"
    said = PostgresShop.refused(shop, "transform", WAREHOUSE_URL=url)  # type: ignore[arg-type]
    assert "Postgres cannot be reached" in said and "very-secret" not in said and "Traceback" not in said


def test_every_relation_that_a_command_reads_comes_back() -> None:
    read = r"(?:from|join) (books|outcomes|parsed|reference|build|scope)\.(\w+)"
    found = {
        pair
        for room in ROOMS
        for path in Path(ROOT / room).rglob("*.py")
        for pair in re.findall(read, path.read_text())
    }
    # what dbt notes about its own builds, where it builds
    assert found - {("books", "sources_read"), ("books", "last_transform")} <= set(ALSO_READ)
