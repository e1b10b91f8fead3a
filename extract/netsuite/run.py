"""NetSuite into `raw_netsuite`: a snapshot, by SuiteQL, of just what Stripe's credit documents refer to.

Which ids to ask for comes from the raw Stripe tables and the mapping seeds; each is asked for once, in bulks
of `BULK`, so a run takes about (ids / 900) + 10 requests. Columns that not every account has
(facts/netsuite.md, section 4) are optional: when NetSuite refuses the query, it is asked again without them,
they stay null, and the report says so.

Only what open documents need is asked for (`settled_customers`): rows of settled customers stay as they were last seen. What is asked for is replaced, and removed if NetSuite has it no longer, in one
transaction. A table that is as it was is not written again.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from extract.errors import ExtractError
from extract.netsuite.settled_customers import Settled, note_settled
from extract.progress import Progress
from extract.raw_tables import SNAPSHOT, current
from extract.stripe.run import invoice_facts
from settings import ROOT, Settings

if TYPE_CHECKING:
    from netsuite.api import NetSuite

BULK = 900  # values in one query: NetSuite takes 1,000 in a list
PAGE = 1000  # rows of one answer
SEEDS = ROOT / "dbt_project" / "seeds"

Record = dict[str, str | None]


@dataclass
class NetSuiteReport:
    """Rows read per table, and columns that this account does not show. `settled`: customers whose documents
    need nothing and were not asked for; `why_all`: why everything was."""

    requests: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    settled: int = 0
    why_all: str | None = None
    changed: list[str] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)

    def lines(self) -> list[str]:
        counts = ", ".join(f"{count:,} {table.replace('_', ' ')}" for table, count in self.rows.items() if count)
        said = [f"NetSuite: {self.requests} requests; {counts or 'nothing that is referred to'}"]
        if self.settled:
            said.append(
                f"NetSuite: {self.settled:,} customers with nothing open were not asked for: "
                "what was last seen of them stays"
            )
        elif self.why_all:
            said.append(f"NetSuite: asked for everything because {self.why_all}")
        if self.refused:
            said.append(f"NetSuite: this account does not show {', '.join(sorted(self.refused))}")
        return said


def read_netsuite(
    settings: Settings, connection: duckdb.DuckDBPyConnection, progress: Progress, *, whole: bool = False
) -> NetSuiteReport:
    """Bring the snapshot up to date; `whole`: as if no document was settled. Raises NetSuiteError when
    NetSuite refuses what is needed."""
    from netsuite.api import NetSuite

    settled = Settled.of(settings, connection)
    left_out = settled.for_good if not whole else frozenset()
    wanted = Wanted.of(settings, connection, left_out)
    with progress.stage("NetSuite") as stage, NetSuite(settings) as netsuite:
        questions = Questions(netsuite, settings)
        snapshot = questions.snapshot(wanted)
        report = NetSuiteReport(
            netsuite.requests_sent,
            settled=len(left_out),
            why_all="Stripe was compared in full" if whole else settled.why_none,
            refused=questions.refused,
        )
        for table, rows in snapshot.items():
            report.rows[table] = len(rows)
            stage(len(rows))
    report.changed = _store(connection, snapshot, wanted if left_out else None, settled.now)
    return report


# ---------- what to ask for


@dataclass(frozen=True)
class Wanted:
    """Ids by kind. `*_ids` are NetSuite internal ids, the others Stripe ids: external ids there."""

    customers: set[str]
    customer_ids: set[str]
    invoices: set[str]
    invoice_ids: set[str]
    externals: set[str]
    items: set[str]
    item_ids: set[str]
    account_ids: set[str]

    @classmethod
    def of(
        cls,
        settings: Settings,
        connection: duckdb.DuckDBPyConnection,
        settled: frozenset[str] = frozenset(),
    ) -> Wanted:
        """What the credit documents in `raw_stripe` and the mapping seeds refer to, without the documents of
        the customers in `settled`. Items stay whole: they are few, and many documents share one."""
        connection.execute(
            "create or replace temp table settled_customers as select unnest(?::varchar[]) as id",
            [sorted(settled)],
        )

        def ids(sql: str) -> set[str]:
            return {str(row[0]) for row in connection.execute(_DOCUMENTS + sql).fetchall() if row[0]}

        invoices = ids("select id from invoices")
        notes_and_refunds = ids("""
            select id from notes union all select unnest(refund_ids) from notes""")
        incomes = (
            set()
            if settings.vars["go_live_date"] is None
            else ids("""
            select refund || '_' || id || '_income'
            from (select id, unnest(refund_ids) as refund from notes)""")
        )
        return cls(
            customers=ids("select id from customers"),
            customer_ids=numbers(seed("customer_map", "netsuite_customer_id"))
            | numbers(ids("select netsuite_customer_id from customers")),
            invoices=invoices,
            invoice_ids=numbers(seed("invoice_map", "netsuite_invoice_id"))
            | numbers(ids("select netsuite_invoice_id from invoices")),
            externals=notes_and_refunds
            | incomes
            | {f"{invoice}_balance" for invoice in ids("select id from invoices where uses_balance")},
            items=ids("""
                select unnest(price_ids) from all_invoices
                union all
                select unnest(product_ids) from all_invoices"""),
            item_ids=numbers(
                seed("item_map", "netsuite_item_id")
                | seed("tax_map", "netsuite_item_id")
                | seed("default_items", "netsuite_item_id")
            ),
            account_ids=numbers(seed("account_map", "netsuite_account_id")),
        )


# Credit notes, the invoices that they or a use of balance concern, and the customers of both: all of them,
# and those that stay when settled customers are left out. No payload leaves the scan of its table, for DuckDB
# may keep in memory what is named twice.
_DOCUMENTS = f"""
with all_notes as (
    select
        id,
        (payload->>'customer') as customer_id,
        (payload->>'invoice') as invoice_id,
        (payload->>'$.refunds[*].refund') as refund_ids
    from {current("credit_notes")}
),
used as (
    select distinct (payload->>'invoice') as id from raw_stripe.customer_balance_transactions
),
all_invoices as (
    select
        id,
        customer_id,
        id in (select id from used) or ledger_moved as uses_balance,
        (payload->>'$.metadata.netsuite_invoice_id') as netsuite_invoice_id,
        (payload->>'$.lines.data[*].pricing.price_details.price') as price_ids,
        (payload->>'$.lines.data[*].pricing.price_details.product') as product_ids
    from {invoice_facts(relation=current("invoices"))}
    where
        ledger_moved
        or id in (select invoice_id from all_notes)
        or id in (select id from used)
),
open_invoices as (
    select * from all_invoices
    where coalesce(customer_id, '') not in (select id from settled_customers)
),
notes as (
    select * from all_notes
    where
        coalesce(customer_id, '') not in (select id from settled_customers)
        or invoice_id in (select id from open_invoices)
),
invoices as (
    select * from all_invoices
    where id in (select id from open_invoices) or id in (select invoice_id from notes)
),
customers as (
    select id, (payload->>'$.metadata.netsuite_customer_id') as netsuite_customer_id
    from {current("customers")}
    where
        id in (select customer_id from notes)
        or id in (select customer_id from invoices)
)
"""


def seed(name: str, column: str, directory: Path = SEEDS) -> set[str]:
    """The values of a seed's column. Of a broken file it takes what can be read: dbt reports the rest."""
    with (
        suppress(OSError, UnicodeDecodeError, csv.Error),
        (directory / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file,
    ):
        return {(row.get(column) or "").strip() for row in csv.DictReader(file)} - {""}
    return set()


def numbers(values: Iterable[str]) -> set[str]:
    """Those that can be internal ids; anything else is for dbt's tests to report."""
    return {value.strip() for value in values if re.fullmatch(r"[0-9]{1,18}", value.strip())}


# ---------- asking


class Questions:
    """The queries. `refused`: optional columns, as table.column, that this account does not show."""

    def __init__(self, netsuite: NetSuite, settings: Settings):
        self.refused: set[str] = set()
        self._netsuite = netsuite
        self._customer_field = settings.vars["customer_id_field"]
        self._invoice_field = settings.vars["invoice_id_field"]
        self._at_once = settings.netsuite_concurrency

    def snapshot(self, wanted: Wanted) -> dict[str, list[Record]]:
        """All tables, each row with all columns of `SNAPSHOT`."""
        asked: dict[str, Callable[[], list[Record]]] = {
            "customers": lambda: self.customers(wanted),
            "items": lambda: self.items(wanted),
            "transactions": lambda: self.transactions(wanted),
            "currencies": lambda: self._table("currency", "id symbol isinactive", "currencyprecision"),
            "accounting_periods": self.accounting_periods,
            "accounts": lambda: self._select("account", "id isinactive", "", {"id": wanted.account_ids}),
            "subsidiaries": self.subsidiaries,
        }
        with ThreadPoolExecutor(self._at_once) as pool:
            answers = {table: pool.submit(ask) for table, ask in asked.items()}
            snapshot = {table: answer.result() for table, answer in answers.items()}
        snapshot["applications"] = self.applications(snapshot["transactions"])
        return {
            table: sorted(
                ({column: row.get(column) for column in columns} for row in snapshot[table]),
                key=lambda row: [value or "" for value in row.values()],
            )
            for table, columns in SNAPSHOT.items()
        }

    def customers(self, wanted: Wanted) -> list[Record]:
        by_field = {self._customer_field: wanted.customers} if self._customer_field else {}
        return self._select(
            "customer",
            "id externalid isinactive",
            "currency subsidiary receivablesaccount",
            {"id": wanted.customer_ids, "externalid": wanted.customers, **by_field},
            stripe_id=self._customer_field,
            var="customer_id_field",
        )

    def items(self, wanted: Wanted) -> list[Record]:
        return self._select(
            "item",
            "id externalid itemid isinactive",
            "itemtype subsidiary",
            {"id": wanted.item_ids, "externalid": wanted.items},
        )

    def transactions(self, wanted: Wanted) -> list[Record]:
        """Invoices by all ways of rule X1, whatever stands under an external id of ours, and from the main
        line of each its subsidiary and A/R account."""
        by_field = {self._invoice_field: wanted.invoices} if self._invoice_field else {}
        rows = self._select(
            "transaction",
            "id externalid type entity trandate currency foreigntotal foreignamountunpaid status voided "
            "posting postingperiod",
            "",
            {"id": wanted.invoice_ids, "externalid": wanted.externals | wanted.invoices, **by_field},
            stripe_id=self._invoice_field,
            var="invoice_id_field",
        )
        ids = {str(row["id"]) for row in rows}
        lines = self._main_lines(ids, "expenseaccount")
        if ids and not any(line.get("expenseaccount") for line in lines.values()):
            lines = self._main_lines(ids, "account")
        for row in rows:
            line = lines.get(str(row["id"]), {})
            row["subsidiary"] = line.get("subsidiary")
            row["account"] = line.get("expenseaccount") or line.get("account")
            if row["account"] is None and row["type"] == "CustInvc":
                row["account"] = self._account_of_record(str(row["id"]))
        return rows

    def _main_lines(self, ids: set[str], account: str) -> dict[str, Record]:
        rows = self._select(
            "transactionline",
            "transaction",
            f"subsidiary {account}",
            {"transaction": ids},
            condition="mainline = 'T' AND ",
            key="transaction",
        )
        return {str(row["transaction"]): row for row in rows}

    def _account_of_record(self, invoice_id: str) -> str | None:
        """No SuiteQL column shows the A/R account: the record itself does, at one request each."""
        account = self._netsuite.get("invoice", invoice_id, expand=False).get("account")
        return str(account["id"]) if isinstance(account, dict) and account.get("id") else None

    def applications(self, transactions: Sequence[Record]) -> list[Record]:
        """What is applied between them and anything else: one row per pair of documents. NetSuite has one
        per pair of lines; previousdoc is the invoice (or refund), nextdoc the memo (or payment)."""
        memos = {str(row["id"]) for row in transactions if row["type"] == "CustCred"}
        others = {str(row["id"]) for row in transactions} - memos
        columns = "previousdoc previousline previoustype nextdoc nextline nexttype linktype foreignamount"
        pairs: dict[tuple[str | None, ...], Record] = {}
        for side, ids in (("previousdoc", others), ("nextdoc", memos)):
            for row in self._links(side, columns.split(), ids):
                pairs[tuple(row.get(name) for name in columns.split()[:6])] = row
        sums: dict[tuple[str | None, ...], Decimal] = {}
        for row in pairs.values():
            pair = tuple(row.get(name) for name in SNAPSHOT["applications"][:-1])
            sums[pair] = sums.get(pair, Decimal(0)) + Decimal(row.get("foreignamount") or 0)
        return [dict(zip(SNAPSHOT["applications"], (*pair, str(amount)), strict=True)) for pair, amount in sums.items()]

    def _links(self, side: str, columns: list[str], ids: set[str]) -> list[Record]:
        """Links of documents, paged by document: with an offset, a link that goes meanwhile would hide
        another."""
        key = f"{side}, previousline, nextline, previousdoc, nextdoc"
        rows: list[Record] = []
        for bulk in bulks([(side, each) for each in sorted(ids)]):
            rest = [each for _, each in bulk]
            while rest:
                where = f" WHERE linktype = 'Payment' AND ({_in(side, rest)})"
                page = self._ask("nexttransactionlinelink", columns, [], where, key, first=PAGE)
                if len(page) < PAGE:
                    rows += page
                    break
                last = page[-1][side]
                whole = [row for row in page if row[side] != last] or self._ask(
                    "nexttransactionlinelink",
                    columns,
                    [],
                    f" WHERE linktype = 'Payment' AND {side} = {last}",
                    key,
                )
                rows += whole
                rest = sorted(set(rest) - {str(row[side]) for row in whole})
        return rows

    def accounting_periods(self) -> list[Record]:
        return self._table(
            "accountingperiod",
            "id periodname startdate enddate isyear isquarter isadjust closed",
            "arlocked alllocked isinactive",
        )

    def subsidiaries(self) -> list[Record]:
        """None in an account without OneWorld, where the table does not exist."""
        from netsuite.errors import Refused

        try:
            return list(self._netsuite.suiteql_rows("SELECT id FROM subsidiary ORDER BY id"))
        except Refused as refused:
            if refused.status not in (400, 404):
                raise
            self.refused.add("subsidiary")
            return []

    # ---------- one query

    def _table(self, table: str, needed: str, optional: str) -> list[Record]:
        return self._ask(table, needed.split(), optional.split(), "", "id")

    def _select(
        self,
        table: str,
        needed: str,
        optional: str,
        having: dict[str, set[str]],
        *,
        condition: str = "",
        key: str = "id",
        stripe_id: str | None = None,
        var: str = "",
    ) -> list[Record]:
        """Rows for which one of the columns in `having` has one of its values, each row once. Values are
        shared out in bulks over all columns. `stripe_id`: a custom field, from var `var`, to be read too."""
        columns = needed.split() + ([f"{stripe_id} AS stripe_id"] if stripe_id else [])
        pairs = [(column, value) for column, values in having.items() for value in sorted(values)]
        rows: list[Record] = []
        for bulk in bulks(pairs):
            conditions = [
                _in(column, [value for name, value in bulk if name == column])
                for column in having
                if any(name == column for name, _ in bulk)
            ]
            where = f" WHERE {condition}({' OR '.join(conditions)})"
            rows += self._ask(table, columns, optional.split(), where, key, var if stripe_id else "")
        if key != "id":
            return rows
        return list({str(row["id"]): row for row in rows}.values())

    def _ask(
        self,
        table: str,
        needed: Sequence[str],
        optional: Sequence[str],
        where: str,
        key: str,
        var: str = "",
        *,
        first: int | None = None,
    ) -> list[Record]:
        """The rows of one query, all or the `first` so many."""
        from netsuite.errors import Refused

        while True:
            shown = [name for name in optional if f"{table}.{name}" not in self.refused]
            columns = ", ".join(_column(name) for name in (*needed, *shown))
            try:
                sql = f"SELECT {columns} FROM {table}{where} ORDER BY {key}"
                return list(islice(self._netsuite.suiteql_rows(sql), first))
            except Refused as refused:
                if refused.status != 400:
                    raise
                said = f"{refused.detail} {refused.body}".lower()
                unknown = [name for name in shown if re.search(rf"\b{name}\b", said)] or shown[-1:]
                if not unknown:
                    raise ExtractError(
                        f"NetSuite refuses to list {table}: {refused.detail}"
                        + (f" Check the field named in var {var}." if var else "")
                    ) from refused
                self.refused.update(f"{table}.{name}" for name in unknown)


def bulks(pairs: Sequence[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    rest = iter(pairs)
    while bulk := list(islice(rest, BULK)):
        yield bulk


def _in(column: str, values: Sequence[str]) -> str:
    if column in ("id", "transaction", "previousdoc", "nextdoc"):  # numbers() let only digits through
        return f"{column} IN ({', '.join(values)})"
    # External ids ignore case in NetSuite; which case is the right one is for the models (X1, X2).
    quoted = ", ".join("'" + value.lower().replace("'", "''") + "'" for value in values)
    return f"LOWER({column}) IN ({quoted})"


def _column(name: str) -> str:
    return f"TO_CHAR({name}, 'YYYY-MM-DD') AS {name}" if name in ("trandate", "startdate", "enddate") else name


# ---------- writing


def _store(
    connection: duckdb.DuckDBPyConnection,
    snapshot: dict[str, list[Record]],
    asked: Wanted | None,
    settled: frozenset[str],
) -> list[str]:
    """Put what was read in place of what was there; returns the tables that changed. `asked`: only rows that
    it asks for are replaced (None: all). `settled` is noted with it: one transaction, so that a crash leaves
    the snapshot before, whole."""
    import pyarrow as pa

    present = {
        table: [
            dict(zip(columns, row, strict=True))
            for row in connection.execute(f"select {', '.join(columns)} from raw_netsuite.{table}").fetchall()
        ]
        for table, columns in SNAPSHOT.items()
    }
    kept = _not_asked_for(present, snapshot, asked) if asked else {}
    changed: list[str] = []
    connection.execute("begin")
    try:
        for table, columns in SNAPSHOT.items():
            rows = [*kept.get(table, []), *snapshot[table]]
            if _in_order(rows, columns) == _in_order(present[table], columns):
                continue
            changed.append(table)
            connection.execute(f"delete from raw_netsuite.{table}")
            schema = pa.schema([(column, pa.string()) for column in columns])
            connection.register("read_rows", pa.Table.from_pylist(rows, schema))
            connection.execute(f"insert into raw_netsuite.{table} ({', '.join(columns)}) select * from read_rows")
            connection.unregister("read_rows")
        note_settled(connection, settled)
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise
    return sorted(changed)


def _not_asked_for(
    present: dict[str, list[Record]], snapshot: dict[str, list[Record]], asked: Wanted
) -> dict[str, list[Record]]:
    """The rows of documents that were left out, table by table; small tables are always read whole."""

    def kept(table: str, ids: set[str], stripe_ids: set[str], by_field: set[str]) -> list[Record]:
        answered = {row["id"] for row in snapshot[table]}
        lower, field_lower = ({each.lower() for each in values} for values in (stripe_ids, by_field))
        return [
            row
            for row in present[table]
            if row["id"] not in answered
            and row["id"] not in ids
            and (row["externalid"] or "").lower() not in lower
            and (row["stripe_id"] or "").lower() not in field_lower
        ]

    transactions = kept("transactions", asked.invoice_ids, asked.externals | asked.invoices, asked.invoices)
    memos = {row["id"] for row in snapshot["transactions"] if row["type"] == "CustCred"}
    others = {row["id"] for row in snapshot["transactions"]} - memos
    gone = {row["id"] for row in present["transactions"]} - {row["id"] for row in transactions} - memos - others
    return {
        "customers": kept("customers", asked.customer_ids, asked.customers, asked.customers),
        "transactions": transactions,
        "applications": [
            row
            for row in present["applications"]
            if row["previousdoc"] not in others | gone and row["nextdoc"] not in memos | gone
        ],
    }


def _in_order(rows: list[Record], columns: Sequence[str]) -> list[tuple[str | None, ...]]:
    return sorted((tuple(row[column] for column in columns) for row in rows), key=str)
