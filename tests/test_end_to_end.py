"""The whole job in the sandbox, as a newcomer does it: run, run again, a month later run again.

Every document that a story of the demo names ends as the story says, and NetSuite's books hold exactly what the marts
say.
"""

from __future__ import annotations

import io
import json
import os
import re
import stat
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path

import duckdb
import openpyxl
import pytest

from netsuite.lookup import SUITEQL_TYPES
from pipeline import stages
from pipeline.console import console
from pipeline.exit_codes import StageFailed
from report.find import Hit, find
from report.month import Month
from report.trace import traces
from report.trace_text import as_json, print_trace
from report.workbook import write_workbook
from sandbox import demo
from sandbox.demo.netsuite import CURRENCIES
from sandbox.demo.scenarios import SCENARIOS
from sandbox.netsuite import credentials
from sandbox.netsuite.records import Transaction
from sandbox.stripe.server import DEMO_KEY
from settings import Settings
from tests.report.formulas import Formulas
from tests.report.html_page import assert_well_formed
from tests.support import docs
from tests.support import warehouse as testing

ROOT = Path(__file__).parents[1]
QUICK = ("-m", "tests.support.quick_pipeline")


class Shop:
    """A checkout's data folder of its own, and what the commands in it said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.warehouse = folder / "sandbox.duckdb"
        self.published = folder / "sandbox-published.duckdb"
        self.said: list[str] = []

    def make(self, *arguments: str, plan: str = "") -> str:
        environment = {
            **os.environ,
            "WAREHOUSE_PATH": str(self.warehouse),
            "TARGET": "sandbox",
            "REPORT_DIR": str(self.folder / "reports"),
            "DBT_TARGET_PATH": str(self.folder / "target"),  # dbt parses anew what others have parsed with other vars
        }
        if plan:
            environment["PLAN"] = str(self.folder / plan)
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        self.said.append(done.stdout)
        return done.stdout

    def outcomes(self) -> dict[str, str]:
        return {
            row["document_id"]: f"{row['state']} {row['reason']}"
            for row in testing.rows(self.warehouse, "select document_id, state, reason from marts.credit_outcomes")
        }

    def amounts(self) -> dict[str, str]:
        """State, and `all` → amount of the documents in USD, as the picture of the README writes it."""
        rows = testing.rows(
            self.warehouse,
            "select coalesce(state, 'all') as state, sum(amount_minor) as amount_minor from marts.credit_outcomes "
            "where currency = 'usd' group by rollup (state)",
        )
        return {row["state"]: f"{Decimal(row['amount_minor']) / 100:,.2f}" for row in rows}

    def planned(self, plan: str) -> tuple[list[dict], list[dict]]:
        """The records of a plan file, and the rows of marts.posting_plan."""
        records = json.loads((self.folder / plan).read_text())["records"]
        return records, testing.rows(self.warehouse, "select * from marts.posting_plan")

    def posted(self) -> dict[tuple[str, str], Transaction]:
        """(SuiteQL type, external id) → transaction, as the books of NetSuite hold it now."""
        books = demo.open_state(self.folder / "sandbox")[1]
        try:
            return {(t.type, t.external_id): t for t in books.transactions() if t.external_id}
        finally:
            books.close()

    def log(self) -> list[dict]:
        return testing.rows(
            self.warehouse,
            "select record_type, external_id, status from marts.netsuite_load_log "
            "where status in ('created', 'adopted', 'applied') order by \"at\"",
        )


# A document, an id of it, and what that id is to it: one of each kind.
IDS = """
select distinct on (found_as) document_id, id, found_as from (
    select document_id, document_id as id, 'document' as found_as from marts.credit_outcomes
    union all
    select document_id, stripe_id, 'Stripe ' || replace(object_type, '_', ' ') from marts.credit_document_objects
    where stripe_id <> document_id
    union all
    select document_id, stripe_number, 'number of the Stripe ' || replace(object_type, '_', ' ')
    from marts.credit_document_objects where stripe_number is not null
    union all
    select document_id, netsuite_internal_id, 'creditMemo in NetSuite' from marts.credit_memos where state = 'posted'
    union all
    select document_id, target_netsuite_id, 'customerRefund in NetSuite' from marts.credit_memo_applications
    where state = 'posted' and application_type = 'customer_refund'
)
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Shop:
    """A plan that is pushed twice, a run, and a month later a plan and a push; what each left behind is kept for the
    tests below."""
    shop = Shop(tmp_path_factory.mktemp("shop"))
    shop.make("-m", "pipeline", "plan", plan="first.json")  # the others make dbt quick
    shop.plans = [shop.planned("first.json")]
    shop.make(*QUICK, "push", plan="first.json")
    shop.books = [shop.posted()]
    shop.first_outcomes, shop.first_log, shop.first_amounts = shop.outcomes(), shop.log(), shop.amounts()
    shop.said.clear()
    shop.make(*QUICK, "push", plan="first.json")
    shop.make(*QUICK, "run")
    shop.second_log = shop.log()
    shop.reports = {path.name: (path.stat().st_mode, path.read_bytes()) for path in (shop.folder / "reports").iterdir()}
    shop.second_outcomes = testing.rows(
        shop.warehouse, "select document_id, currency, state from marts.credit_outcomes"
    )
    shop.make("-m", "sandbox", "advance", "--state", str(shop.folder / "sandbox"))
    shop.make(*QUICK, "plan", plan="later.json")
    shop.plans.append(shop.planned("later.json"))
    shop.make(*QUICK, "push")
    shop.books.append(shop.posted())
    return shop


def test_every_story_ends_as_it_says(shop):
    expected = {document: outcome for scenario in SCENARIOS.values() for document, outcome in scenario.outcomes.items()}
    assert {document: shop.first_outcomes.get(document) for document in expected} == expected


@pytest.mark.parametrize("block", [block for block in docs.blocks() if block.reads_the_warehouse], ids=str)
def test_a_block_of_the_documentation_reads_the_warehouse_as_pasted(shop, tmp_path, block):
    folder = docs.checkout(tmp_path)
    (folder / docs.WAREHOUSE).symlink_to(shop.warehouse)
    (folder / docs.PUBLISHED).symlink_to(shop.published)
    if block.language == "sql":
        assert testing.rows(folder / docs.PUBLISHED, block.text)
        return
    before = set(folder.rglob("*"))
    command = [sys.executable, "-c"] if block.language == "python" else ["bash", "-euc"]
    done = subprocess.run([*command, block.text], cwd=folder, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout or set(folder.rglob("*")) > before, "it neither says nor leaves anything"


def test_the_picture_of_the_readme_shows_the_demo(shop):
    """The states after the first push, and what becomes of one credit note."""
    picture = (ROOT / "docs" / "flow.svg").read_text()
    shown_amounts = dict(re.findall(r'id="usd-(\w+)">([\d,.]+)<', picture))
    assert shown_amounts == shop.first_amounts, "write the new amounts into docs/flow.svg"
    memos = testing.rows(
        shop.warehouse,
        "select memos.amount as memo, outcomes.amount_minor / 100.0 - memos.amount as kept, "
        "outcomes.amount_minor / 100.0 as note from marts.credit_memos as memos "
        "inner join marts.credit_outcomes as outcomes using (document_id) where document_id = 'cn_Mixed'",
    )
    shown = [f">{memos[0]['note']:.2f} USD<", f">{memos[0]['memo']:.2f}<", f">{memos[0]['kept']:.2f}<"]
    assert [text for text in shown if text not in picture] == []


def test_a_second_run_posts_nothing(shop):
    assert shop.second_log == shop.first_log
    assert "nothing to post" in shop.said[1]


def test_a_month_later_just_the_new_is_posted(shop):
    later = {
        document: outcome for scenario in SCENARIOS.values() for document, outcome in scenario.later_outcomes.items()
    }
    now = shop.outcomes()
    assert {document: now.get(document) for document in later} == later
    written = [
        (row["record_type"], row["external_id"]) for row in shop.log() if row["status"] in ("created", "adopted")
    ]
    assert len(written) == len(set(written)) > len(shop.first_log)
    # What was posted stays posted (X5), unless a later fact contradicts it.
    posted_before = {document for document, outcome in shop.first_outcomes.items() if outcome.startswith("posted")}
    assert {now[document] for document in posted_before} <= {
        "posted created",
        "posted adopted",
        "blocked refund_failed",
    }


def id_of(shown: str | None) -> str | None:
    """The internal id of `Feb 2026 (16)`."""
    return shown and shown.rpartition("(")[2].rstrip(")")


@pytest.mark.parametrize("number", [0, 1])
def test_a_plan_is_what_the_push_then_posts(shop, number):
    """Record by record: kind, external id, customer, currency, amount, date, period and account."""
    (records, _), after = shop.plans[number], shop.books[number]
    before = shop.books[number - 1] if number else {}
    planned = {(SUITEQL_TYPES[r["record_type"]], r["external_id"]): r for r in records if r["action"] == "create"}
    assert {type for type, _ in planned} >= {"CustCred", "CustRfnd"}
    own = {row["external_id"] for row in shop.log()}
    new = {key: t for key, t in after.items() if key not in before and key[1] in own}
    adopted = {(SUITEQL_TYPES[r["record_type"]], r["external_id"]) for r in records if r["action"] == "adopt"}
    currencies = {id: currency for currency, (id, _) in CURRENCIES.items()}
    found = {
        key: (
            currencies[t.currency],
            t.entity,
            t.total,
            t.tran_date.isoformat(),
            t.period,
            t.account if t.type == "CustRfnd" else t.receivable,
        )
        for key, t in new.items()
        if key not in adopted
    }
    assert found == {
        key: (
            record["currency"],
            id_of(record["customer"]),
            Decimal(record["total"]),
            record["tran_date"],
            id_of(record["period"]),
            id_of(record["account"]),
        )
        for key, record in planned.items()
    }
    grown = {
        key[1]: sum(t.applications.values()) - sum(before[key].applications.values())
        for key, t in after.items()
        if key in before and t.applications != before[key].applications and key[0] in ("CustCred", "CustRfnd")
    }
    assert grown == {r["external_id"]: Decimal(r["total"]) for r in records if r["action"] == "apply"}


@pytest.mark.parametrize("number", [0, 1])
def test_the_mart_is_the_plan(shop, number):
    records, rows = shop.plans[number]
    in_mart = {
        (row["operation"], row["record_type"], row["external_id"]): (
            row["amount"],
            row["netsuite_customer_id"],
            row["tran_date"] and row["tran_date"].isoformat(),
            row["netsuite_posting_period_id"],
        )
        for row in rows
    }
    in_plan = {
        (r["action"], r["record_type"], r["external_id"]): (
            Decimal(r["total"]),
            id_of(r["customer"]),
            r["tran_date"],
            id_of(r["period"]),
        )
        for r in records
    }
    assert in_mart == in_plan and len(rows) == len(records)
    assert all(
        id_of(r["account"]) == row["credit_netsuite_account_id"]
        for row in rows
        for r in records
        if r["external_id"] == row["external_id"] and r["record_type"] == row["record_type"] != "invoice"
    )


def test_a_plan_that_was_pushed_says_so(shop):
    assert f"first.json was posted already: {len(shop.plans[0][0])} of its records are in NetSuite" in shop.said[0]


def test_readers_have_every_mart_as_it_is(shop):
    """The published file holds what the views of the warehouse say, with the same columns and comments."""
    with duckdb.connect(str(shop.warehouse)) as warehouse:
        warehouse.execute(f"attach '{shop.published}' as published (read_only)")
        marts = [name for (name,) in warehouse.execute(
            "select view_name from duckdb_views() where schema_name = 'marts' and database_name = current_database()"
        ).fetchall()]  # fmt: skip
        assert {"credit_outcomes", "posting_plan", "netsuite_load_log", "credit_outcome_history"} < set(marts)
        for mart in marts:
            # DuckDB takes a second to plan a view over views: each is asked once.
            warehouse.execute(f"create or replace temp table here as from sandbox.marts.{mart}")
            for one, other in (("here", f"published.marts.{mart}"), (f"published.marts.{mart}", "here")):
                differing = f"from {one} except all from {other}"
                assert warehouse.execute(differing).fetchall() == [], f"{mart}: only in {one}"
        columns = "select table_name, column_name, data_type, comment from duckdb_columns() where schema_name = 'marts'"
        here, there = (
            warehouse.execute(f"{columns} and database_name = '{database}' order by all").fetchall()
            for database in ("sandbox", "published")
        )
        assert here == there and all(comment for *_, comment in here)


def test_every_command_is_among_the_runs(shop):
    """Also those that posted nothing; the rows of the log have the id of their run."""
    books = (
        "select * from marts.runs where command in ('run', 'plan', 'extract', 'transform', 'push') order by position"
    )
    runs = testing.rows(shop.published, books)
    assert [run["command"] for run in runs[:6]] == ["plan", "push", "push", "run", "plan", "push"]
    assert {run["exit_code"] for run in runs[:6]} == {0}
    assert all(run["ended_at"] >= run["started_at"] for run in runs[:6])
    posted = [run["rows_posted"] for run in runs[:6]]
    assert [count > 0 for count in posted] == [False, True, False, False, False, True]
    assert [run["objects_read"] is not None for run in runs[:6]] == [True, False, False, True, True, False]
    logged = testing.rows(shop.published, "select distinct run_id from marts.netsuite_load_log")
    assert {row["run_id"] for row in logged} == {runs[1]["run_id"], runs[5]["run_id"]}
    blocked = testing.rows(shop.published, "select 1 from marts.credit_outcomes where state = 'blocked'")
    assert runs[5]["documents_blocked"] == len(blocked) > 0


def test_the_history_says_since_when(shop):
    """Its last rows are the outcomes of now; of what a push posted, the row before says ready."""
    now = """
        select document_id, state, reason from marts.credit_outcome_history where "to" is null and state is not null
        except select document_id, state, reason from marts.credit_outcomes
    """
    assert testing.rows(shop.published, now) == []
    counts = """
        select (select count(*) from marts.credit_outcomes) as outcomes,
        (select count(*) from marts.credit_outcome_history where "to" is null and state is not null) as last_rows
    """
    (count,) = testing.rows(shop.published, counts)
    assert count["outcomes"] == count["last_rows"]
    before = """
        select distinct state from (
            select lag(state) over (partition by document_id order by position) as state, state as next_state
            from marts.credit_outcome_history
        ) where next_state = 'posted'
    """
    assert {row["state"] for row in testing.rows(shop.published, before)} == {"ready"}
    back = 'select 1 from marts.credit_outcome_history where "to" < "from"'
    assert testing.rows(shop.published, back) == []


def test_the_marts_as_parquet_files(shop):
    folder = shop.folder / "export"
    shop.make("-m", "pipeline", "export", "--dir", str(folder))
    marts = {path.stem for path in (ROOT / "dbt_project" / "models" / "marts").glob("*.sql")}
    assert {path.name for path in folder.iterdir()} == {f"{mart}.parquet" for mart in marts}
    for mart in sorted(marts):
        (counted,) = testing.rows(shop.published, f"select count(*) as n from marts.{mart}")
        assert duckdb.sql(f"select count(*) from '{folder}/{mart}.parquet'").fetchall() == [(counted["n"],)], mart


def test_doctor_tells_what_the_mapping_files_leave_out(shop):
    """The one unmapped tax rate of the demo, with the documents that it holds up; and what could not be checked."""
    said = " ".join(shop.make("-m", "pipeline", "doctor").split())
    (held_up,) = testing.rows(
        shop.warehouse,
        "select count(*) as documents, sum(amount_minor) / 100.0 as amount from marts.credit_outcomes "
        "where reason = 'tax_rate_unmapped'",
    )
    words = f"tax rates unmapped: {held_up['documents']} document, {held_up['amount']:.2f} USD; they are blocked"
    assert held_up["documents"] == 1 and f"tax_map.csv, coverage 1 of 4 {words}, tax_rate_unmapped:" in said
    unchecked = said.partition("doctor: not checked, for the reasons above: ")[2]
    assert "NetSuite certificate;" in unchecked and "tax_map.csv, tax codes and types;" in unchecked
    assert "exit code 0" in said
    guide = (ROOT / "docs" / "production.md").read_text()
    quoted = re.findall(r"`(Stripe /[^`]+|SuiteQL[^`]+|NetSuite [^`]+|\w+\.csv, [^`]+|\.\.\., [^`]+)`", guide)
    assert len(quoted) > 5
    assert [line for line in quoted if line.strip("., ") not in said] == [], "lines that docs/production.md promises"


def test_netsuite_holds_what_the_marts_say(shop):
    """Totals, applications and the case-insensitive uniqueness of external ids, read from the books themselves."""
    books = demo.open_state(shop.folder / "sandbox")[1]
    try:
        by_name = {t.external_id: t for t in books.transactions() if t.external_id}
        assert len({name.lower() for name in by_name}) == len(by_name)
        memos = testing.rows(shop.warehouse, "select * from marts.credit_memos where state = 'posted'")
        assert len(memos) > 80
        for memo in memos:
            body = books.get("creditMemo", memo["netsuite_internal_id"])
            assert Decimal(str(body["total"])) == memo["amount"], memo["external_id"]
            assert body["externalId"] == memo["external_id"]
            assert body["memo"] == memo["memo_text"] or memo["reason"] == "adopted"
            assert body["tranDate"] == memo["tran_date"].isoformat()
        applied = testing.rows(
            shop.warehouse,
            "select external_id, sum(amount) as amount from marts.credit_memo_applications where state = 'posted' "
            "and application_type <> 'out_of_band' group by external_id",
        )
        for row in applied:
            memo = by_name[row["external_id"]]
            assert Decimal(str(books.get("creditMemo", str(memo.id)).get("applied", 0))) == row["amount"], row[
                "external_id"
            ]
    finally:
        books.close()


def test_the_lines_in_netsuite_are_the_marts_lines(shop):
    books = demo.open_state(shop.folder / "sandbox")[1]
    try:
        lines = testing.rows(
            shop.warehouse,
            "select lines.*, memos.netsuite_internal_id from marts.credit_memo_lines as lines "
            "inner join marts.credit_memos as memos using (external_id) "
            "where memos.reason = 'created' order by external_id, line_number",
        )
        shown: dict[str, list] = {}
        for line in lines:
            shown.setdefault(line["netsuite_internal_id"], []).append(line)
        for memo_id, expected in shown.items():
            found = books.get("creditMemo", memo_id)["item"]["items"]
            assert [(row["item"]["id"], Decimal(str(row.get("amount", 0)))) for row in found] == [
                (row["netsuite_item_id"], row["amount"]) for row in expected
            ], memo_id
    finally:
        books.close()


def test_every_document_can_be_traced(shop):
    """Parts come to the document and to its memo, lines name their item and its mapping row, requests are there."""
    with duckdb.connect(str(shop.published), read_only=True) as warehouse:  # as `make trace` does
        ids = [id for (id,) in warehouse.execute("select document_id from marts.credit_outcomes").fetchall()]
        found = traces(warehouse, ids)
        as_found = {found_as: (document, id) for document, id, found_as in warehouse.execute(IDS).fetchall()}
        for found_as, (document, id) in as_found.items():
            assert Hit(document, found_as) in find(warehouse, id), (found_as, id)
    assert len(as_found) == 8
    assert [trace.document["document_id"] for trace in found] == ids
    page = console(io.StringIO())
    page.width = 80
    for trace in found:
        document, became = trace.document, Counter()
        for part in trace.parts:
            became[part["becomes"]] += part["amount_minor"]
        assert sum(became.values()) == document["amount_minor"], document
        memos = [record for record in trace.records if record["record_type"] == "creditMemo"]
        if document["state"] in ("ready", "posted") and memos:
            in_memo = sum(amount for becomes, amount in became.items() if becomes.startswith("memo_"))
            assert [in_memo] == [memo["amount_minor"] for memo in memos], document
            assert all(line["item_found_by"] for line in trace.lines), document
        if document["state"] == "posted":
            assert {"created", "adopted"} & {row["status"] for row in trace.log}, document
        assert trace.objects, document
        print_trace(page, trace)
        json.loads(as_json(document["document_id"], [], [trace]))
    assert max(len(line) for line in page.file.getvalue().splitlines()) <= 80


def test_documents_equal_the_sum_over_states(shop):
    unequal = testing.rows(
        shop.warehouse,
        """
        with documents as (
            select currency, sum(total_minor) as amount_minor from parsed.stripe__credit_notes group by currency
        ), outcomes as (
            select currency, sum(amount_minor) as amount_minor from marts.credit_outcomes
            where document_type = 'credit_note' group by currency
        )
        select * from documents full join outcomes using (currency)
        where documents.amount_minor is distinct from outcomes.amount_minor
        """,
    )
    assert unequal == []


def test_a_run_writes_the_page_and_the_workbook_of_the_last_whole_month(shop):
    workbook, page = sorted(shop.reports)
    assert (workbook, page) == (f"sandbox-{Month.last_whole('UTC')}.xlsx", "sandbox.html")
    for name, (mode, _) in shop.reports.items():
        assert name in shop.said[1] and stat.S_IMODE(mode) == 0o600
    found = assert_well_formed(shop.reports[page][1].decode())
    counted = Counter((row["currency"].upper(), row["state"]) for row in shop.second_outcomes)
    expected = [(*of, str(count)) for of, count in counted.items()]
    assert sorted(tuple(row[:3]) for row in found.rows["page-states-table"][1:]) == sorted(expected)
    assert {row["document_id"] for row in shop.second_outcomes} <= set(found.ids())


def test_a_file_that_cannot_be_written_fails_the_report(shop, tmp_path):
    (tmp_path / "reports").write_text("a file")
    settings = Settings(_env_file=None, warehouse_path=shop.warehouse, report_dir=tmp_path / "reports")
    with pytest.raises(StageFailed, match=r"report: the workbook .*\.xlsx cannot be written .* set REPORT_DIR"):
        stages.report(settings, stages.StageResults())


@pytest.mark.parametrize("month", [Month.named("2026-03"), Month.named("2026-04")], ids=str)
def test_the_workbook_of_a_month_ties_out_with_netsuites_books(shop, tmp_path, month):
    """No check shows a difference, every formula comes to its stored value, and the memos are those of the books."""
    with duckdb.connect(shop.published, read_only=True) as marts:
        write_workbook(marts, tmp_path / "month.xlsx", month, "sandbox")
    workbook = openpyxl.load_workbook(tmp_path / "month.xlsx")
    formulas, page = Formulas(workbook), workbook["summary"]
    shown = openpyxl.load_workbook(tmp_path / "month.xlsx", data_only=True)
    columns = [cell for cell in page[6][1:] if cell.value]
    rows = [cell.row for cell in page["A"] if cell.value and page.cell(cell.row, 2).data_type == "f"]
    assert len(rows) > 70
    for column in columns:
        for row in rows:
            cell = page.cell(row, column.column).coordinate
            assert (formulas.value("summary", cell) or 0) == Decimal(str(shown["summary"][cell].value or 0)), cell
        assert shown["summary"].cell(4, column.column).value == 0, column.value
    currencies = {id: currency for currency, (id, _) in CURRENCIES.items()}
    own = {row["external_id"] for row in shop.log()}
    expected: Counter[str] = Counter()
    for (type, name), transaction in shop.books[-1].items():
        if type == "CustCred" and name in own and month.first <= transaction.tran_date < month.next_first:
            expected[currencies[transaction.currency].upper()] += abs(transaction.total)
    (memos,) = (cell.row for cell in page["A"] if cell.value == "credit memos (sheet posted)")
    found = {column.value: formulas.value("summary", page.cell(memos, column.column).coordinate) for column in columns}
    assert {currency: amount for currency, amount in found.items() if amount} == expected


def test_nothing_that_runs_leave_behind_holds_a_secret(shop):
    """Said, logs, dbt's target, the plan, the warehouse, the stand-ins' books: all but the credentials themselves.

    (Bearer tokens, TARGET=production and failing runs: tests/acceptance, tests/load_netsuite.)
    """
    places = [shop.folder, ROOT / "logs"]
    own = {"netsuite_credentials.json", "netsuite_private_key.pem"}
    files = [path for place in places for path in place.rglob("*") if path.is_file() and path.name not in own]
    left = {str(path): path.read_bytes() for path in files} | {
        f"said {n}": text.encode() for n, text in enumerate(shop.said)
    }
    for needed in ("first.json", "sandbox.duckdb", "dbt.log", "sandbox.log", "partial_parse.msgpack"):
        assert any(name.endswith(needed) for name in left), f"{needed} was not looked at"
    keys = credentials.ensure(shop.folder / "sandbox")
    secrets = [
        keys[name]
        for name in ("client_id", "certificate_id", "consumer_key", "consumer_secret", "token_id", "token_secret")
    ]
    secrets += [*keys["private_key"].splitlines()[1:-1], DEMO_KEY]
    found = [name for name, content in left.items() for secret in secrets if secret.encode() in content]
    assert not found
