"""A Spark session that the models can run in: in this process, on cores of this machine or on a cluster.

    session = open_session("local[2]", folder)
    done = run_dbt(["build", ...])

dbt-spark takes the session that is there (method `session`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dbt.adapters.spark.connections import SparkCredentials
from dbt.cli.main import dbtRunner, dbtRunnerResult
from pyspark.sql import SparkSession

SETTINGS = {
    # what is out of range is an error; without it a sum wraps, and a text that is no number is null
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    # `timestamp` in the models has no time zone
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    # a recursion takes a step a document of an invoice, and a row of a ledger in one second
    "spark.sql.cteRecursionLevelLimit": "-1",
    "spark.sql.cteRecursionRowLimit": "-1",
    # what follows from the conditions of a mart takes minutes to find, and saves nothing here
    "spark.sql.constraintPropagation.enabled": "false",
    # Spark writes down the plan of each statement and keeps a thousand; those of marts are megabytes
    "spark.sql.maxPlanStringLength": "2000",
    "spark.sql.ui.retainedExecutions": "5",
    "spark.ui.retainedJobs": "50",
    "spark.ui.retainedStages": "50",
    "spark.ui.retainedTasks": "500",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


def open_session(master: str, folder: Path, more: Mapping[str, str] | None = None) -> SparkSession:
    """master: `local[2]` or `spark://host:port`. folder: for the rows of tables, where all workers see it.
    more: settings that differ from `SETTINGS`."""
    builder = SparkSession.builder.master(master).appName("stripe-credit-to-netsuite")
    for name, value in {**SETTINGS, "spark.sql.warehouse.dir": str(folder), **(more or {})}.items():
        builder = builder.config(name, value)
    session: SparkSession = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def run_dbt(arguments: Sequence[str]) -> dbtRunnerResult:
    """Runs dbt in the session of this process."""
    _keep_ansi()
    return dbtRunner().invoke(list(arguments))


def _keep_ansi() -> None:
    """dbt-spark turns spark.sql.ansi.enabled off for each statement, and no profile can say otherwise."""
    if getattr(SparkCredentials.__post_init__, "keeps_ansi", False):
        return
    checked = SparkCredentials.__post_init__

    def keep(self: Any) -> None:
        checked(self)
        self.server_side_parameters["spark.sql.ansi.enabled"] = "true"

    keep.keeps_ansi = True  # type: ignore[attr-defined]
    SparkCredentials.__post_init__ = keep
