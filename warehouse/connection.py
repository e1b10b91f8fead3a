"""Opens the DuckDB file: one process at a time, with limited memory and storage options that suit long texts.

with open_warehouse(path) as warehouse:          # another process has the file open: WarehouseLocked
    rows = ask(warehouse.cursor(), "select ...")
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import duckdb

from warehouse.waiting import connect_when_free, holder_of

MAGIC = b"DUCK"
# DuckDB's dict_fsst compression of long texts makes checkpoints ten times slower (docs/architecture.md, "Versions").
STORAGE_OPTIONS = {"disabled_compression_methods": "dict_fsst", "zstd_min_string_length": 256}


class WarehouseError(Exception):
    """The warehouse file cannot be opened."""


class WarehouseLocked(WarehouseError):
    """Another process has the warehouse file open."""


DAMAGED = (
    "{path} is damaged ({words}). Put a copy of it in its place. Without one, move it and {path}.wal away and run "
    "`make run`: Stripe and NetSuite are read anew, and what was posted is found in NetSuite by its external id"
)
DAMAGED_COPY = (
    "{path} is damaged ({words}). It is a copy for readers: move it away and run `make transform`, which writes it anew"
)
DAMAGE = r"(?i)corrupt|checksum|not enough data|could not read enough|deseriali|^INTERNAL|^FATAL|invalidated|WAL file"

# What DuckDB's words mean, and what to do. The first pattern that is found says the sentence.
SENTENCES = (
    (r"No space left|disk is full", "the disk of {path} is full: make room and run again. What was committed is kept"),
    (
        r"Out of Memory|failed to allocate|could not allocate",
        "DuckDB had too little memory ({words}). Close other programs, or give the machine more, then run again",
    ),
    (
        r"Permission denied|[Rr]ead-only",
        "{path} cannot be written by this user ({words}): change the permissions, or set WAREHOUSE_PATH to a folder of "
        "yours",
    ),
    (
        r"version number",
        "{path} was written by another release of DuckDB ({words}). Run `make setup`, which installs the locked one, "
        "or set WAREHOUSE_PATH to another file",
    ),
    (DAMAGE, DAMAGED),
    (
        r"^(Catalog|Binder)",
        "the tables in {path} are not as this version makes them ({words}). Run `make run`; if another program made "
        "the file, set WAREHOUSE_PATH to one of its own",
    ),
)


def what_duckdb_means(error: duckdb.Error, path: Path, *, is_copy: bool = False) -> str:
    """What an error of DuckDB means for the warehouse at `path`, and what to do. DuckDB's own words are in it. is_copy:
    `path` is what a warehouse published."""
    text = str(error).strip()
    words = (text.splitlines() or [type(error).__name__])[0][:300].rstrip(".!")
    for pattern, sentence in SENTENCES:
        if re.search(pattern, text):
            sentence = DAMAGED_COPY if is_copy and sentence is DAMAGED else sentence
            return sentence.format(path=path, words=words)
    return f"DuckDB failed on {path}: {words}"


def is_damage(error: Exception) -> bool:
    """Whether an error of DuckDB says that the file it reads is damaged."""
    return isinstance(error, duckdb.Error) and re.search(DAMAGE, str(error).strip()) is not None


def open_warehouse(path: Path, memory_mib: int = 300) -> duckdb.DuckDBPyConnection:
    """A connection to the warehouse at `path`, which holds the file until it is closed; the file is made if absent.

    memory_mib: the memory that DuckDB may use (it would otherwise keep all it wrote and read, up to most of the
    machine's memory); `ask` raises it where a query needs more. The session's time zone is UTC.
    Raises WarehouseLocked (after the time that `warehouse.waiting` allows), WarehouseError.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            require_duckdb_file(path)
        else:  # dlt's state belongs to a file that is gone
            shutil.rmtree(dlt_directory(path), ignore_errors=True)
    except OSError as error:
        raise WarehouseError(
            f"{error.filename or path} cannot be used ({error.strerror}): set WAREHOUSE_PATH"
        ) from None
    try:
        connection = connect_when_free(path)
    except duckdb.Error as error:
        holder = holder_of(error)
        if holder:
            raise WarehouseLocked(
                f"{path} is open in another program ({holder}): close it there and run again; a notebook or a "
                "dashboard reads the published file beside it instead"
            ) from None
        raise WarehouseError(what_duckdb_means(error, path)) from None
    for name, value in {**STORAGE_OPTIONS, "memory_limit": f"{memory_mib} MiB"}.items():
        connection.execute(f"set global {name} = '{value}'")
    connection.execute("set timezone = 'UTC'")
    return connection


def require_duckdb_file(path: Path) -> None:
    """DuckDB would open a file of SQLite, and download an extension for it. Raises WarehouseError, OSError."""
    if not path.is_file():
        raise WarehouseError(f"{path} is not a file: set WAREHOUSE_PATH to the DuckDB file of the warehouse")
    with path.open("rb") as file:
        start = file.read(12)
    if start[8:] != MAGIC:
        what = "is empty" if not start else "is no DuckDB file"
        raise WarehouseError(
            f"{path} {what}: set WAREHOUSE_PATH to another file, or move this one away, so that the next run makes it"
        )


def dlt_directory(path: Path) -> Path:
    """The folder of dlt's state: beside the warehouse file, never in a home folder."""
    return path.parent / f".dlt-{path.stem}"
