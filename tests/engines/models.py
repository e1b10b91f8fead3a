"""dbt on Postgres, in a process of its own: dbt keeps one engine a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb

from tests.engines.server import Server
from tests.support.warehouse import BuildFailed
from warehouse.raw_copy import Copied, copy_raw


def publish(warehouse: Path, server: Server, database: str) -> list[Copied]:
    """What the DuckDB file holds of raw rows, journal and history, now in Postgres."""
    with duckdb.connect(str(warehouse), read_only=True) as source, server.connect(database) as target:
        copied = list(copy_raw(source, target))
        target.commit()
    return copied


def dbt(
    command: list[str], project: Path, server: Server, database: str, *, variables: Mapping[str, Any] | None = None
) -> str:
    """Run a dbt command on Postgres. Raises BuildFailed with what dbt said."""
    environment = {**os.environ, **server.url(database).for_dbt()}
    done = subprocess.run(
        [
            *(sys.executable, "-W", "ignore", "-m", "dbt.cli.main", "--warn-error", "--no-use-colors"),
            *("--log-level-file", "none", *command, "--project-dir", str(project), "--profiles-dir", str(project)),
            *("--target-path", str(project / "target" / "postgres"), "--vars", json.dumps(dict(variables or {}))),
        ],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    if done.returncode:
        raise BuildFailed(done.stdout[-6000:] + done.stderr[-2000:])
    return done.stdout


def build(
    project: Path,
    server: Server,
    database: str,
    *,
    variables: Mapping[str, Any] | None = None,
    extra: Iterable[str] = (),
) -> str:
    """All models and data tests. Raises BuildFailed."""
    return dbt(
        ["build", "--exclude-resource-type", "unit_test", *extra], project, server, database, variables=variables
    )
