"""Doctor's look at the last run that went well, and the amounts of a plan for programs."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from pipeline.last_run import check_last_run
from pipeline.plan_json import plan_as_json
from settings import Settings
from warehouse.connection import open_warehouse

NOW = dt.datetime(2026, 3, 10, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("rows", "hours", "level", "words"),
    [
        ("('run', 0, '2026-03-10 06:00Z')", 26, "ok", "2026-03-10 06:00 UTC, 6 hours ago"),
        ("('push', 0, '2026-03-10 06:00Z')", 26, "ok", "6 hours ago"),
        ("('run', 0, '2026-03-08 06:00Z'), ('run', 3, '2026-03-10 06:00Z')", 26, "error", "54 hours ago; ALERT_AFTER"),
        ("('run', 0, '2026-03-08 06:00Z')", None, "ok", "54 hours ago"),
        ("('transform', 0, '2026-03-10 06:00Z')", None, "warning", "no run has ended with exit code 0 yet"),
        ("('run', 1, '2026-03-10 06:00Z')", 26, "error", "no run has ended with exit code 0 yet"),
        # P9: the newest by its position, and a time in the future says nothing
        ("('run', 0, '2026-09-01 06:00Z'), ('run', 0, '2026-03-08 06:00Z')", 26, "error", "54 hours ago; ALERT_AFTER"),
        ("('run', 0, '2026-09-01 06:00Z')", 26, "error", "2026-09-01 06:00 UTC is in the future: set the clock"),
        ("('run', 0, '2026-09-01 06:00Z')", None, "warning", "is in the future"),
    ],
)
def test_doctor_knows_when_a_run_last_went_well(
    tmp_path: Path, rows: str, hours: int | None, level: str, words: str
) -> None:
    settings = Settings(_env_file=None, warehouse_path=tmp_path / "w.duckdb", alert_after_hours=hours)
    with open_warehouse(settings.warehouse_path) as warehouse:
        warehouse.execute(f"""
            create schema marts;
            create table marts.runs as
            select command, exit_code, ended_at::timestamptz as ended_at, row_number() over () as position
            from (values {rows}) as rows(command, exit_code, ended_at)
        """)
    (finding,) = check_last_run(settings, NOW)
    assert finding.level == level and words in finding.message


@pytest.mark.parametrize(("hours", "level"), [(None, "not checked"), (26, "error")])
def test_without_a_warehouse_no_run_is_known(tmp_path: Path, hours: int | None, level: str) -> None:
    settings = Settings(_env_file=None, warehouse_path=tmp_path / "w.duckdb", alert_after_hours=hours)
    (finding,) = check_last_run(settings, NOW)
    assert finding.level == level and "no run is known" in finding.message


def test_a_plan_for_programs_has_minor_units(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, warehouse_path=tmp_path / "w.duckdb")
    with open_warehouse(settings.warehouse_path) as warehouse:
        warehouse.execute("create schema reference")
        warehouse.execute(
            "create table reference.currencies as "
            "select * from (values ('usd', 2), ('jpy', 0), ('kwd', 3)) as rows(currency, stripe_exponent)"
        )
    names = "action", "operation", "record_type", "external_id", "customer", "tran_date", "period", "account"
    amounts = ("usd", "12.30"), ("jpy", "7400"), ("kwd", "1.666"), ("usd", "0.001"), (None, "0")
    records = [
        {**dict.fromkeys(names), "currency": currency, "total": total, "applications": {"in_1": total}}
        for currency, total in amounts
    ]
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"records": records}))
    shown = plan_as_json(settings, path)["records"]
    assert [row["amount_minor"] for row in shown] == [1230, 7400, 1666, None, None]
    assert [row["applications"]["in_1"] for row in shown] == [1230, 7400, 1666, None, None]
    assert [row["currency_decimals"] for row in shown] == [2, 0, 3, 2, None]
