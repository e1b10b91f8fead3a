"""What a snapshot asks of NetSuite, table by table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

from extract.errors import ExtractError
from extract.netsuite.snapshot import Record, Snapshot
from extract.netsuite.suiteql import SuiteqlTables, bulks, in_list
from extract.netsuite.wanted import Wanted
from extract.raw_tables import NETSUITE_COLUMNS
from netsuite.api import NetSuite
from netsuite.errors import LoginRefused, Refused
from netsuite.lookup import number
from settings import Settings

PAGE = 1000  # rows of one answer
LINK_COLUMNS = ("previousdoc", "previousline", "previoustype", "nextdoc", "nextline", "nexttype")


class SnapshotQueries:
    """The queries of one run. `refused`: optional tables and columns that this account does not show."""

    def __init__(self, netsuite: NetSuite, settings: Settings):
        self._netsuite = netsuite
        self._suiteql = SuiteqlTables(netsuite)
        self._customer_field: str | None = settings.vars["customer_id_field"]
        self._invoice_field: str | None = settings.vars["invoice_id_field"]
        self._concurrency = settings.netsuite_concurrency

    @property
    def refused(self) -> set[str]:
        """Columns as table.column, and tables by name."""
        return self._suiteql.refused

    def snapshot(self, wanted: Wanted) -> Snapshot:
        """All tables, each row with all columns of `NETSUITE_COLUMNS`. Raises ExtractError, NetSuiteError."""
        suiteql = self._suiteql
        queries: dict[str, Callable[[], list[Record]]] = {
            "customers": lambda: self.customers(wanted),
            "items": lambda: self.items(wanted),
            "transactions": lambda: self.transactions(wanted),
            "currencies": lambda: suiteql.whole_table("currency", "id symbol isinactive", "currencyprecision"),
            "accounting_periods": self.accounting_periods,
            "accounts": lambda: self._accounts("id isinactive", wanted.account_ids),
            "subsidiaries": self.subsidiaries,
        }
        with ThreadPoolExecutor(self._concurrency) as pool:
            answers = {table: pool.submit(query) for table, query in queries.items()}
            rows = {table: answer.result() for table, answer in answers.items()}
        rows["applications"] = self.applications(rows["transactions"])
        accounts = [*rows["accounts"], *self._receivables(rows, wanted.account_ids)]
        rows["record_names"] = [*_names_of_transactions(rows["transactions"]), *_names_of_accounts(accounts)]
        return {
            table: sorted(
                ({column: row.get(column) for column in columns} for row in rows[table]),
                key=lambda row: [value or "" for value in row.values()],
            )
            for table, columns in NETSUITE_COLUMNS.items()
        }

    def customers(self, wanted: Wanted) -> list[Record]:
        """Customers by internal id, external id and custom field (rule X1)."""
        by_field = {self._customer_field: wanted.customers} if self._customer_field else {}
        return self._suiteql.bulk_select(
            "customer",
            "id externalid isinactive",
            "currency subsidiary receivablesaccount",
            {"id": wanted.customer_ids, "externalid": wanted.customers, **by_field},
            stripe_id=self._customer_field,
            var="customer_id_field",
        )

    def items(self, wanted: Wanted) -> list[Record]:
        """Items by internal id and external id (rule L1)."""
        return self._suiteql.bulk_select(
            "item",
            "id externalid itemid isinactive",
            "itemtype subsidiary",
            {"id": wanted.item_ids, "externalid": wanted.items},
        )

    def transactions(self, wanted: Wanted) -> list[Record]:
        """Invoices by every way of rule X1, every transaction that has an external id of ours, and the
        records of the Stripe Connector (rule K1).

        The main line of each gives its subsidiary and A/R account.
        """
        by_field = {self._invoice_field: wanted.invoices} if self._invoice_field else {}
        rows = self._suiteql.bulk_select(
            "transaction",
            "id externalid type entity trandate currency foreigntotal foreignamountunpaid status voided "
            "posting postingperiod",
            "approvalstatus tranid",
            {"id": wanted.transaction_ids, "externalid": wanted.externals | wanted.invoices, **by_field},
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
        rows = self._suiteql.bulk_select(
            "transactionline",
            "transaction",
            f"subsidiary {account}",
            {"transaction": ids},
            condition="mainline = 'T' AND ",
            key="transaction",
        )
        return {str(row["transaction"]): row for row in rows}

    def _account_of_record(self, invoice_id: str) -> str | None:
        """The A/R account from the record itself, one request each, where no SuiteQL column shows it."""
        account = self._netsuite.get("invoice", invoice_id, expand=False).get("account")
        return str(account["id"]) if isinstance(account, dict) and account.get("id") else None

    def applications(self, transactions: Sequence[Record]) -> list[Record]:
        """The links between these transactions and any others: one row per pair of documents, amounts summed.

        NetSuite has one row per pair of lines. previousdoc is the invoice (or refund), nextdoc the memo (or payment).
        """
        memos = {str(row["id"]) for row in transactions if row["type"] == "CustCred"}
        others = {str(row["id"]) for row in transactions} - memos
        links: dict[tuple[str | None, ...], Record] = {}  # by `LINK_COLUMNS`: both sides may show the same link
        for side, ids in (("previousdoc", others), ("nextdoc", memos)):
            for row in self._links(side, ids):
                links[tuple(row.get(name) for name in LINK_COLUMNS)] = row
        *pair_columns, amount_column = NETSUITE_COLUMNS["applications"]
        sums: dict[tuple[str | None, ...], Decimal] = {}
        for row in links.values():
            pair = tuple(row.get(name) for name in pair_columns)
            sums[pair] = sums.get(pair, Decimal(0)) + number(row.get(amount_column))
        return [
            {**dict(zip(pair_columns, pair, strict=True)), amount_column: str(amount)} for pair, amount in sums.items()
        ]

    def _links(self, side: str, ids: set[str]) -> list[Record]:
        """Links of documents, paged by document: with an offset, a link that disappears between two pages would hide
        another one."""
        columns = (*LINK_COLUMNS, "linktype", "foreignamount")
        key = f"{side}, previousline, nextline, previousdoc, nextdoc"

        def ask(condition: str, first: int | None = None) -> list[Record]:
            where = f" WHERE linktype = 'Payment' AND {condition}"
            return self._suiteql.rows("nexttransactionlinelink", columns, where=where, key=key, first=first)

        rows: list[Record] = []
        for bulk in bulks([(side, each) for each in sorted(ids)]):
            rest = [each for _, each in bulk]
            while rest:
                page = ask(f"({in_list(side, rest)})", first=PAGE)
                if len(page) < PAGE:
                    rows += page
                    break
                last = page[-1][side]  # the page may have only some of its links
                complete = [row for row in page if row[side] != last] or ask(f"{side} = {last}")
                rows += complete
                rest = sorted(set(rest) - {str(row[side]) for row in complete})
        return rows

    def _accounts(self, needed: str, ids: set[str]) -> list[Record]:
        return self._suiteql.bulk_select("account", needed, "acctnumber accountsearchdisplayname", {"id": ids})

    def _receivables(self, rows: Mapping[str, Sequence[Record]], known: set[str]) -> list[Record]:
        """The receivables accounts of what was read, beside the known ones, for their names alone: no run needs them,
        so a role that is not shown the table gets none."""
        found = {row.get("account") for row in rows["transactions"]}
        found |= {row.get("receivablesaccount") for row in rows["customers"]}
        try:
            return self._accounts("id", {id for id in map(str, found) if id.isdigit()} - known)
        except LoginRefused:
            raise
        except (Refused, ExtractError):
            self.refused.add("account")
            return []

    def accounting_periods(self) -> list[Record]:
        """All periods, years and quarters included."""
        return self._suiteql.whole_table(
            "accountingperiod",
            "id periodname startdate enddate isyear isquarter isadjust closed",
            "arlocked alllocked isinactive",
        )

    def subsidiaries(self) -> list[Record]:
        """No rows in an account without OneWorld, where the table does not exist."""
        try:
            return [{**row} for row in self._netsuite.suiteql_rows("SELECT id FROM subsidiary ORDER BY id")]
        except Refused as refused:
            if refused.status not in (400, 404):
                raise
            self.refused.add("subsidiary")
            return []


def _names_of_transactions(rows: Sequence[Record]) -> Iterator[Record]:
    for row in rows:
        if row.get("tranid"):
            yield {"record_kind": "transaction", "id": row["id"], "number": row["tranid"]}


def _names_of_accounts(rows: Sequence[Record]) -> Iterator[Record]:
    for row in rows:
        number, name = row.get("acctnumber"), row.get("accountsearchdisplayname")
        if number or name:
            yield {"record_kind": "account", "id": row["id"], "number": number, "name": name}
