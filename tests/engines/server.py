"""A throwaway Postgres: Debian's binaries, a folder and a socket of its own, gone afterwards."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from warehouse.postgres import PostgresUrl

PORT = 5432
USER = "postgres"
INSTALL = (
    "make engines needs the server programs of Postgres 15 or newer: apt-get install postgresql, or put the "
    "folder with initdb and pg_ctl into PATH."
)


class PostgresMissing(Exception):
    """This machine has no server programs; the words say what to install."""


def programs() -> Path:
    """The folder with initdb and pg_ctl: of PATH, else Debian's newest. Raises PostgresMissing."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    versions = {int(folder.parent.name): folder for folder in folders if folder.parent.name.isdigit()}
    if not versions or max(versions) < 15:
        raise PostgresMissing(INSTALL)
    return versions[max(versions)]


def _as_somebody() -> tuple[list[str], int]:
    """Postgres refuses to run as root: how to run a program as another user then, and that user's id."""
    if os.geteuid() != 0:
        return [], os.geteuid()
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return ["runuser", "-u", name, "--"], pwd.getpwnam(name).pw_uid
    raise PostgresMissing("Postgres refuses to run as root, and this machine has no user postgres or nobody.")


class Server:
    """A running Postgres. Databases sort by code points and know the case of all letters: C with the ctype C.UTF-8."""

    def __init__(self, folder: Path, control: Callable[..., None], options: str) -> None:
        self.folder = folder
        self._control, self._options = control, options

    def start(self) -> None:
        self._control("pg_ctl", "-w", "-l", str(self.folder / "log"), "-o", self._options, "start")

    def stop(self) -> None:
        """At once, as a crash does: every session is lost, and the next start replays the log."""
        self._control("pg_ctl", "-w", "-m", "immediate", "stop")

    def url(self, database: str) -> PostgresUrl:
        return PostgresUrl.parse(f"postgresql://{USER}@localhost:{PORT}/{database}?host={self.folder}&sslmode=disable")

    def connect(self, database: str = "postgres", *, autocommit: bool = False) -> contextlib.AbstractContextManager:
        import psycopg

        return psycopg.connect(**self.url(database).for_psycopg(), autocommit=autocommit)

    def create(self, database: str, role: str = "") -> None:
        """role: gets the rights that docs/engines.md names, and no others."""
        with self.connect(autocommit=True) as connection:
            connection.execute(f"create database {database}")
            if role:
                connection.execute(f"create role {role} login")
                connection.execute(f"revoke all on database {database} from public")
                connection.execute(f"grant connect, create, temporary on database {database} to {role}")


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """Raises PostgresMissing. What a crash would lose is not kept: nothing is written through to the disk."""
    bin_, (somebody, uid) = programs(), _as_somebody()
    # a socket's path may be 107 characters long, so not in the folder of a test
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    os.chown(folder, uid, -1)
    data = folder / "data"

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [*somebody, str(bin_ / program), "-D", str(data), *arguments],
            check=True,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            timeout=120,
        )

    try:
        run("initdb", "-A", "trust", "-U", USER, "-E", "UTF8", "--locale=C", "--lc-ctype=C.UTF-8")
        durable = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"
        options = f"-k {folder} -p {PORT} -c listen_addresses='' {durable}"
        server = Server(folder, run, options)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
