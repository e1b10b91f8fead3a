"""The last successful transform: how far it read, and under which rules. The pipeline records it here."""

from __future__ import annotations

import hashlib
import json

import duckdb

from extract.stripe.endpoints import TABLES
from mapping_files.reader import read_mappings
from settings import ROOT, Settings

PROJECT = ROOT / "dbt_project"
RULES = ("models/**/*", "macros/**/*", "tests/**/*", "dbt_project.yml")


def rules_fingerprint(settings: Settings) -> str:
    """A hash of everything that a build depends on, except the data of Stripe and of NetSuite.

    Raises MappingsRefused.
    """
    digest = hashlib.sha256(json.dumps([settings.vars, settings.netsuite_account_id], sort_keys=True).encode())
    for pattern in RULES:
        for path in sorted(PROJECT.glob(pattern)):
            if path.is_file():
                digest.update(path.relative_to(PROJECT).as_posix().encode() + b"\0" + path.read_bytes())
    digest.update(read_mappings(settings.mappings_dir).text().encode())
    return digest.hexdigest()


def note_transform(connection: duckdb.DuckDBPyConnection, fingerprint: str) -> None:
    """Record that a build under these rules succeeded with everything that has landed so far.

    A compaction before it needs no other full refresh.
    """
    newest = ", ".join(f"(select max(fetched_at) from raw_stripe.{table})" for table in TABLES)
    connection.execute("begin")
    connection.execute("delete from raw_stripe.extract_compacted")
    connection.execute("delete from raw_stripe.extract_transforms")
    connection.execute(
        f"""
        insert into raw_stripe.extract_transforms
        select coalesce(greatest({newest}), timestamptz '2000-01-01 00:00:00+00'), ?""",
        [fingerprint],
    )
    connection.execute("commit")
