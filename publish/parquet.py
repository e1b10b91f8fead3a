"""Writes each mart as a Parquet file into a folder that readers find whole: the old set or the new one.

The folder is a link. A set is written beside it, `.sandbox.1f0c2b7a` for `sandbox`, and put in place by one rename of
the link.
"""

from __future__ import annotations

import re
import secrets
import shutil
from pathlib import Path

import duckdb

from publish.marts import SCHEMA
from warehouse.connection import is_damage
from warehouse.query import quoted, text


class NotExported(Exception):
    """The Parquet files could not be written. The message names the folder and says what to do."""


def export(connection: duckdb.DuckDBPyConnection, folder: Path) -> list[str]:
    """Puts a new set of files, `<table>.parquet` for each mart, in the place of `folder`. Returns the tables' names.

    connection: as `open_for_reading` gives it. Raises NotExported; duckdb.CatalogException if there are no marts yet;
    another duckdb.Error if the file with them is damaged.
    """
    folder = folder.parent.resolve() / folder.name  # the folder itself stays a link
    _require_replaceable(folder)
    tables = connection.execute(
        "select table_name from information_schema.tables "
        "where table_schema = ? and table_catalog = current_database() order by table_name",
        [SCHEMA],
    ).fetchall()
    names = [name for (name,) in tables]
    if not names:
        raise duckdb.CatalogException(f"there is no schema {SCHEMA}")
    new = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    try:
        new.mkdir(parents=True)
        for name in names:
            file = text(str(new / f"{name}.parquet"))
            connection.execute(f"copy (select * from {quoted(SCHEMA, name)}) to {file} (format parquet)")
        _put_in_place(new, folder)
    except (duckdb.Error, OSError) as error:
        shutil.rmtree(new, ignore_errors=True)
        if is_damage(error):
            raise  # of what is read, not of the folder
        words = str(error).splitlines()[0]
        raise NotExported(f"{folder} could not be written ({words}); what was there before is there still") from None
    for old in folder.parent.iterdir():
        if old != new and _is_set_of(old, folder):
            shutil.rmtree(old, ignore_errors=True)
    return names


def _require_replaceable(folder: Path) -> None:
    """Raise NotExported unless `folder` is missing, empty, or a link to a set of this folder."""
    if folder.is_symlink():
        target = folder.parent / folder.readlink()
        if not _is_set_of(target, folder):
            raise NotExported(f"{folder} is a link to {target}, which no export made: choose another folder with DIR=")
    elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise NotExported(f"{folder} holds files that no export made: choose another folder with DIR=, or empty it")


def _put_in_place(new: Path, folder: Path) -> None:
    if folder.is_dir() and not folder.is_symlink():
        folder.rmdir()
    link = new.with_name(f"{new.name}.link")
    link.symlink_to(new.name, target_is_directory=True)
    link.replace(folder)


def _is_set_of(path: Path, folder: Path) -> bool:
    """Whether an export to `folder` made this one."""
    return path.parent == folder.parent and bool(re.fullmatch(rf"\.{re.escape(folder.name)}\.[0-9a-f]{{8}}", path.name))
