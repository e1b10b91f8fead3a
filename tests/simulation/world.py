"""One small world: a company's books at NetSuite, the records it must get, and the warehouse between them.

Everything random comes from one seed. Time is virtual: it moves when the loader sleeps or a request takes time.
"""

from __future__ import annotations

import atexit
import datetime as dt
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb

from load_netsuite.tables import ensure_tables
from sandbox.netsuite.books import Books
from warehouse.query import Warehouse

START = dt.datetime(2026, 3, 10, 9, tzinfo=dt.UTC).timestamp()
ROUNDS = 3
TABLES = ("memos", "applications", "refunds", "zero_invoices", "journals")  # schema wanted
FIXED = (  # schema marts
    "items_to_create",
    "credit_memo_lines",
    "zero_amount_invoice_lines",
    "credit_memo_tax_details",
    "netsuite_field_values",
)


class Time:
    """Virtual seconds, and what happens at a later moment, such as a write that NetSuite commits late."""

    def __init__(self) -> None:
        self.now = START
        self._later: list[tuple[float, int, Callable[[], Any]]] = []

    def advance(self, seconds: float) -> None:
        """Move on, and run what becomes due on the way."""
        end = self.now + seconds
        while self._later and min(self._later)[0] <= end:
            due = min(self._later)
            self._later.remove(due)
            self.now = max(self.now, due[0])
            due[2]()
        self.now = max(self.now, end)

    def later(self, delay: float, act: Callable[[], Any]) -> None:
        self._later.append((self.now + delay, len(self._later), act))


@dataclass(frozen=True)
class WantedRecord:
    """A record as it must be in the end: SuiteQL type, total, external id of each target -> amount."""

    type: str
    total: Decimal
    applied: dict[str, Decimal] = field(default_factory=dict)


@dataclass
class Wanted:
    """What must be in NetSuite in the end, and the rows of the tables that ask for it."""

    records: dict[str, WantedRecord] = field(default_factory=dict)  # by external id
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # by table
    skippable: set[str] = field(default_factory=set)  # memos that a person skips in a later round
    adopted: dict[str, str] = field(default_factory=dict)  # internal id of a memo of the Stripe Connector -> ours (K2)

    def add(self, table: str, **row: Any) -> None:
        self.rows.setdefault(table, []).append(row)

    def add_application(
        self, from_round: int, memo: str, kind: str, target: str | None, target_id: str | None, amount: Decimal
    ) -> None:
        self.add(
            "applications",
            from_round=from_round,
            external_id=memo,
            application_type=kind,
            target_external_id=target,
            target_netsuite_id=target_id,
            amount_minor=int(amount * 100),
            amount=amount,
        )


class Company:
    """The books, and the internal ids that marts refer to."""

    def __init__(self, chance: random.Random, time: Time) -> None:
        self.books = books = Books(None, clock=lambda: dt.datetime.fromtimestamp(time.now, dt.UTC))
        self.subsidiary = books.add("subsidiary", name="Parent")
        self.currency = books.add("currency", symbol="USD", name="US Dollar")
        self.receivables = books.add("account", acctnumber="1100", accttype="AcctRec")
        self.bank = books.add("account", acctnumber="1000", accttype="Bank")
        self.income = books.add("account", acctnumber="4000", accttype="Income")
        self.period = books.add("accountingperiod", periodname="Mar 2026", startdate="2026-03-01", enddate="2026-03-31")
        self.item = books.add("item", itemid="Service", itemtype="Service", incomeaccount=self.income)
        self.customers = [
            books.add("customer", companyname=f"Customer {n}", subsidiary=self.subsidiary, currency=self.currency)
            for n in range(chance.randint(1, 2))
        ]
        self.invoices = [self._invoice(n, customer) for n, customer in enumerate(self.customers * 2)]

    def close_period(self) -> None:
        self.books.set_period(self.period, closed=True)

    def open_period(self) -> None:
        self.books.set_period(self.period, closed=False)

    def _invoice(self, number: int, customer: str) -> tuple[str, str, str]:
        """(internal id, external id, customer) of an open invoice over 1,000.00."""
        name = f"in_{number}"
        line = {"item": {"id": self.item}, "quantity": 1, "rate": 1000, "amount": 1000, "isTaxable": False}
        body = {
            "entity": {"id": customer},
            "currency": {"id": self.currency},
            "account": {"id": self.receivables},
            "externalId": name,
            "tranDate": "2026-03-02",
            "item": {"items": [line]},
        }
        return self.books.create("invoice", body), name, customer


def draw_wanted(chance: random.Random, company: Company) -> Wanted:
    """A few memos with invoice applications, refunds (some of several memos, some late), perhaps a zero-amount invoice
    and a journal entry.
    """
    wanted = Wanted()
    head = {
        "currency": "usd",
        "netsuite_currency_id": company.currency,
        "netsuite_subsidiary_id": company.subsidiary,
        "netsuite_posting_period_id": company.period,
        "tran_date": dt.date(2026, 3, 5),
    }
    refunds: dict[str, dict[str, Decimal]] = {}  # refund -> memo -> amount
    for number in range(chance.randint(1, 4)):
        _draw_memo(chance, company, wanted, head, refunds, number)
    for name, parts in refunds.items():
        _add_refund(company, wanted, head, name, parts)
    if chance.random() < 0.4:
        _draw_zero_invoice(chance, company, wanted, head)
    if chance.random() < 0.4:
        _draw_journal_entry(chance, company, wanted, head)
    return wanted


def _draw_memo(
    chance: random.Random,
    company: Company,
    wanted: Wanted,
    head: dict[str, Any],
    refunds: dict[str, dict[str, Decimal]],
    number: int,
) -> None:
    """A memo of one to three parts. Its refunds are collected, since a refund can settle several memos."""
    invoice, invoice_name, customer = chance.choice(company.invoices)
    name = f"cn_{number}"
    amounts = {kind: Decimal(chance.randint(100, 9999)) / 100 for kind in ("invoice", "refund", "by_hand")}
    kinds = chance.sample(sorted(amounts), chance.randint(1, 3))
    total = sum((amounts[kind] for kind in kinds), Decimal(0))
    from_round = chance.choice((1, 1, 1, 2))
    connector = _connector_memo(chance, company, wanted, name, customer, total) if chance.random() < 0.2 else {}
    until_round = None if connector else chance.choice((None, None, None, 2, 3))
    if until_round:
        wanted.skippable.add(name)
    wanted.add(
        "memos",
        from_round=from_round,
        until_round=until_round,
        created_at=dt.datetime(2026, 3, 5, 0, number, tzinfo=dt.UTC),
        external_id=name,
        netsuite_customer_id=customer,
        netsuite_currency_precision=2,
        netsuite_account_id=company.receivables,
        memo_text=f"Stripe: {name}.",
        amount_minor=int(total * 100),
        amount=total,
        **connector,
        **head,
    )
    _draw_memo_line(chance, company, wanted, name, number, total)
    applied = {}
    for kind in kinds:
        late_round = chance.choice((from_round, from_round, 2, 3))
        if kind == "invoice":
            applied[invoice_name] = amounts[kind]
            wanted.add_application(late_round, name, "invoice", invoice_name, invoice, amounts[kind])
        elif kind == "refund":
            # A refund can settle several memos of one customer: then a late part is added by PATCH.
            refund = f"re_{customer}_{chance.randint(0, 1)}"
            refunds.setdefault(refund, {})[name] = amounts[kind]
            wanted.add_application(late_round, name, "customer_refund", refund, None, amounts[kind])
        else:
            wanted.add_application(from_round, name, "out_of_band", None, None, amounts[kind])
    wanted.records[name] = WantedRecord("CustCred", total, applied)


def _connector_memo(
    chance: random.Random, company: Company, wanted: Wanted, name: str, customer: str, total: Decimal
) -> dict[str, Any]:
    """K2: the Stripe Connector made the memo, under a name of its own or none, and applied it to nothing."""
    external_id = chance.choice((f"ns_memo:{name}", None))
    line = {"item": {"id": company.item}, "quantity": 1, "amount": total, "isTaxable": False}
    body = {
        "entity": {"id": customer},
        "currency": {"id": company.currency},
        "account": {"id": company.receivables},
        "autoApply": False,
        "tranDate": "2026-03-05",
        "item": {"items": [line]},
    }
    id = company.books.create("creditMemo", body | ({"externalId": external_id} if external_id else {}))
    wanted.adopted[id] = name
    return {"existing_netsuite_id": id, "is_connector": True, "netsuite_external_id": external_id or name}


def _draw_memo_line(
    chance: random.Random, company: Company, wanted: Wanted, memo: str, number: int, total: Decimal
) -> None:
    """One line over the total, sometimes of an item that the run creates."""
    price = f"price_{number}" if chance.random() < 0.2 else None
    if price:
        wanted.add(
            "items_to_create",
            external_id=price,
            item_name=price,
            netsuite_income_account_id=company.income,
            netsuite_subsidiary_ids=company.subsidiary,
        )
        wanted.records[price] = WantedRecord("Service", Decimal(0))
    wanted.add(
        "credit_memo_lines",
        external_id=memo,
        line_number=1,
        netsuite_item_id=None if price else company.item,
        item_external_id=price,
        description="A service",
        quantity=1,
        amount=total,
        is_gross=False,
        is_taxable=False,
    )


def _add_refund(company: Company, wanted: Wanted, head: dict[str, Any], name: str, parts: dict[str, Decimal]) -> None:
    total = sum(parts.values(), Decimal(0))
    wanted.records[name] = WantedRecord("CustRfnd", total, parts)
    wanted.add(
        "refunds",
        external_id=name,
        linked_amount_minor=int(total * 100),
        netsuite_customer_id=name.split("_")[1],
        netsuite_currency_precision=2,
        netsuite_account_id=company.bank,
        netsuite_receivables_account_id=company.receivables,
        memo_text=f"Stripe: {name}.",
        **head,
    )


def _draw_zero_invoice(chance: random.Random, company: Company, wanted: Wanted, head: dict[str, Any]) -> None:
    wanted.records["in_zero"] = WantedRecord("CustInvc", Decimal(0))
    wanted.add(
        "zero_invoices",
        from_round=chance.choice((1, 2)),
        external_id="in_zero",
        netsuite_customer_id=company.customers[0],
        netsuite_account_id=company.receivables,
        memo_text="Stripe: in_zero.",
        tax_details_override=False,
        **head,
    )
    wanted.add(
        "zero_amount_invoice_lines",
        external_id="in_zero",
        line_number=1,
        netsuite_item_id=company.item,
        quantity=1,
        is_taxable=False,
    )


def _draw_journal_entry(chance: random.Random, company: Company, wanted: Wanted, head: dict[str, Any]) -> None:
    amount = Decimal(chance.randint(100, 9999)) / 100
    wanted.records["re_9_cn_9_income"] = WantedRecord("Journal", amount)
    wanted.add(
        "journals",
        from_round=1,
        external_id="re_9_cn_9_income",
        netsuite_currency_precision=2,
        memo_text="Stripe: re_9.",
        debit_netsuite_account_id=company.income,
        credit_netsuite_account_id=company.bank,
        amount_minor=int(amount * 100),
        amount=amount,
        **head,
    )


# -------------------------------------------------------------------- the warehouse


@lru_cache(maxsize=1)
def engine() -> duckdb.DuckDBPyConnection:
    """One warehouse for all histories of a process; `fill` empties it."""
    warehouse = duckdb.connect(":memory:")
    warehouse.execute("set threads = 1")
    ensure_tables(warehouse)
    warehouse.execute((Path(__file__).parent / "marts.sql").read_text())
    atexit.register(engine.cache_clear)  # DuckDB complains about a connection that outlives it
    return warehouse


def fill(wanted: Wanted, warehouse: Warehouse | None = None) -> Warehouse:
    """The warehouse of a new world: nothing posted yet, round 0. warehouse: it has the tables of `engine`."""
    warehouse = warehouse or engine()
    warehouse.execute("truncate load_netsuite.load_log")
    warehouse.execute("delete from wanted.world")
    for table in (*TABLES, *FIXED):
        name = f"wanted.{table}" if table in TABLES else f"marts.{table}"
        warehouse.execute(f"delete from {name}")
        for row in wanted.rows.get(table, ()):
            columns = ", ".join(row)
            warehouse.execute(
                f"insert into {name} ({columns}) values ({', '.join('?' * len(row))})", list(row.values())
            )
    return warehouse


def transform(warehouse: Warehouse, number: int) -> None:
    """A new round: what was refused is ready again; what belongs to this round takes part."""
    warehouse.execute("delete from wanted.world")
    latest = "coalesce((select max(position) from load_netsuite.load_log), 0)"
    warehouse.execute(f"insert into wanted.world values (?, {latest})", [number])
