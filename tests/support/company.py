"""A stand-in NetSuite on loopback, and a warehouse on disk with the marts of the simulation."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
from pydantic import SecretStr

from load_netsuite.tables import ensure_tables
from sandbox.netsuite import credentials
from sandbox.netsuite.books import Books
from sandbox.netsuite.server import Server, start
from sandbox.netsuite.service import Fault, Request

MARTS = (Path(__file__).parents[1] / "simulation" / "marts.sql").read_text()


class Company:
    """Books with one customer and one open invoice of 100.00, a server over them, and a warehouse to post
    from."""

    def __init__(self, folder: Path) -> None:
        self.books = books = Books(None)
        self.subsidiary = books.add("subsidiary", name="Parent")
        self.currency = books.add("currency", symbol="USD", name="US Dollar")
        self.receivables = books.add("account", acctnumber="1100", accttype="AcctRec")
        self.bank = books.add("account", acctnumber="1000", accttype="Bank")
        self.income = books.add("account", acctnumber="4000", accttype="Income")
        self.period = books.add("accountingperiod", periodname="Mar 2026", startdate="2026-03-01", enddate="2026-03-31")
        self.item = books.add("item", itemid="Service", itemtype="Service", incomeaccount=self.income)
        self.customer = books.add("customer", companyname="One", subsidiary=self.subsidiary, currency=self.currency)
        self.invoice = self.add_invoice("in_1")
        self.credentials = credentials.ensure(folder / "netsuite")
        self.fault: Callable[[Request], Fault | None] = lambda request: None
        self.server: Server = start(
            books, credentials=self.credentials, concurrency=50, faults=lambda request: self.fault(request)
        )
        self.warehouse_path = folder / "warehouse.duckdb"
        self._held: duckdb.DuckDBPyConnection | None = None
        with self.warehouse() as warehouse:
            ensure_tables(warehouse)
            warehouse.execute(MARTS)
            warehouse.execute("insert into wanted.world values (1, 0)")
        self.head = {
            "currency": "usd",
            "netsuite_currency_id": self.currency,
            "netsuite_subsidiary_id": self.subsidiary,
            "netsuite_posting_period_id": self.period,
            "tran_date": dt.date(2026, 3, 5),
            "from_round": 1,
        }

    def warehouse(self) -> duckdb.DuckDBPyConnection:
        return duckdb.connect(str(self.warehouse_path))

    def hold(self) -> None:
        """Keeps the file open between its uses: what opens it in this process then costs a tenth."""
        self._held = self.warehouse()

    def release(self) -> None:
        """All is in the file, and other processes can open it."""
        if self._held:
            self._held.close()
            self._held = None

    def settings(self, **changes: Any) -> SimpleNamespace:
        known = self.credentials
        return SimpleNamespace(
            **{
                "target": "sandbox",
                "vars": {},
                "warehouse_path": self.warehouse_path,
                "warehouse_url": None,
                "netsuite_base_url": self.server.url,
                "netsuite_account_id": known["account_id"],
                "netsuite_auth": "oauth2",
                "netsuite_client_id": SecretStr(known["client_id"]),
                "netsuite_certificate_id": SecretStr(known["certificate_id"]),
                "netsuite_private_key_file": Path(known["private_key_file"]),
                "netsuite_consumer_key": SecretStr(known["consumer_key"]),
                "netsuite_consumer_secret": SecretStr(known["consumer_secret"]),
                "netsuite_token_id": SecretStr(known["token_id"]),
                "netsuite_token_secret": SecretStr(known["token_secret"]),
                "netsuite_concurrency": 4,
                "netsuite_language": None,
            }
            | changes
        )

    # ------------------------------------------------------------ wanted rows

    def insert(self, table: str, **row: Any) -> None:
        with self.warehouse() as warehouse:
            warehouse.execute(
                f"insert into {table} ({', '.join(row)}) values ({', '.join('?' * len(row))})",
                list(row.values()),
            )

    def want_memo(self, name: str = "cn_1", amount: str = "10.00", invoice: str | None = None, **changes: Any) -> None:
        """A memo of one line. invoice: internal id of the invoice that all of it is applied to."""
        total = Decimal(amount)
        row = self.head | {
            "created_at": dt.datetime(2026, 3, 5, tzinfo=dt.UTC),
            "external_id": name,
            "netsuite_customer_id": self.customer,
            "netsuite_currency_precision": 2,
            "netsuite_account_id": self.receivables,
            "memo_text": f"Stripe: {name}.",
            "amount_minor": int(total * 100),
            "amount": total,
        }
        self.insert("wanted.memos", **row | changes)
        self.insert(
            "marts.credit_memo_lines",
            external_id=name,
            line_number=1,
            netsuite_item_id=self.item,
            description="Service",
            quantity=1,
            amount=total,
            is_gross=False,
            is_taxable=False,
        )
        if invoice:
            self.want_application(name, "invoice", "in_1", amount, invoice)

    def want_application(
        self,
        memo: str,
        kind: str,
        target: str,
        amount: str,
        target_id: str | None = None,
        from_round: int = 1,
    ) -> None:
        self.insert(
            "wanted.applications",
            from_round=from_round,
            external_id=memo,
            application_type=kind,
            target_external_id=target,
            target_netsuite_id=target_id,
            amount_minor=int(Decimal(amount) * 100),
            amount=Decimal(amount),
        )

    def want_refund(self, name: str, linked: str, **changes: Any) -> None:
        row = {key: value for key, value in self.head.items() if key != "from_round"}
        self.insert(
            "wanted.refunds",
            **row | changes,
            external_id=name,
            linked_amount_minor=int(Decimal(linked) * 100),
            netsuite_customer_id=self.customer,
            netsuite_currency_precision=2,
            netsuite_account_id=self.bank,
            netsuite_receivables_account_id=self.receivables,
            memo_text=f"Stripe: {name}.",
        )

    def next_round(self) -> None:
        with self.warehouse() as warehouse:
            warehouse.execute(
                "update wanted.world set round = round + 1, built_position = "
                "(select coalesce(max(position), 0) from load_netsuite.load_log)"
            )

    # ------------------------------------------------------------ NetSuite's records and the log

    def add_invoice(self, name: str, amount: int = 100) -> str:
        return self.books.create("invoice", self.sale(name, amount))

    def sale(self, name: str, amount: int | str, **changes: Any) -> dict[str, Any]:
        line = {
            "item": {"id": self.item},
            "quantity": 1,
            "rate": Decimal(amount),
            "amount": Decimal(amount),
            "isTaxable": False,
        }
        return {
            "entity": {"id": self.customer},
            "currency": {"id": self.currency},
            "account": {"id": self.receivables},
            "externalId": name,
            "tranDate": "2026-03-02",
            "item": {"items": [line]},
        } | changes

    def ours(self, type: str = "CustCred") -> dict[str, Any]:
        return {t.external_id: t for t in self.books.transactions(type)}

    def log(self, columns: str = "external_id, operation, status") -> list[tuple[Any, ...]]:
        with self.warehouse() as warehouse:
            return warehouse.execute(f"select {columns} from load_netsuite.load_log order by position").fetchall()

    def writes(self) -> int:
        return sum(entry.method in ("POST", "PATCH") and "/record/v1/" in entry.path for entry in self.server.log)


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    made = Company(tmp_path)
    made.hold()
    yield made
    made.release()
    made.server.stop()


@pytest.fixture(autouse=True)
def no_long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between tries last seconds in production, milliseconds here."""
    monkeypatch.setattr("load_netsuite.push.RESOLVE_PAUSES", (0.0, 0.05, 0.1, 0.2))
    monkeypatch.setattr("load_netsuite.readback.LAG_PAUSES", (0.01, 0.02, 0.02))
    monkeypatch.setattr(
        "netsuite.concurrency.Clock.back_off",
        lambda self, attempt, first=0.01, longest=0.05: min(longest, first * 2**attempt),
    )
