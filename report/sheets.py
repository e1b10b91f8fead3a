"""The sheets of the month-end workbook: their columns, and the questions to the marts that fill them.

Each question answers with the decimals of the row's currency first, then one value a column. Amounts are minor units.
{start} is the first day of the month, {end} the first day of the next one; {numbers} and {accounts} join the numbers
and names behind the internal ids.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from report.month import Month
from report.trace import named

Kind = Literal["text", "money", "date", "integer"]


@dataclass(frozen=True)
class Column:
    """A column of a sheet. is_key: totals ask for its values, which are few · has_total: an amount that is summed."""

    heading: str
    kind: Kind = "text"
    width: int = 18
    is_key: bool = False
    has_total: bool = True


CURRENCY = Column("currency", width=10, is_key=True)


# The mart is asked once: where nothing was published, it is a view over the books and the whole journal.
ALL_ROWS = "create or replace temp table report_rows as select * from marts.month_end_tie_out"
MONTH_ROWS = """
create or replace temp table report_month_rows as
select * from report_rows where accounting_month = date '{start}'
"""
LAST_READ = """
select max(as_of_date) from (
    select as_of_date from report_rows union all select as_of_date from marts.open_documents_aging
)
"""

DECIMALS = "(select currency, any_value(currency_decimals) as decimals from report_month_rows group by currency)"


@dataclass(frozen=True)
class Sheet:
    """A sheet that is a list of rows.

    totals_by: the key that the totals stand apart by, besides the currency · summed: the column whose cells are the sum
    of the amounts before them.
    """

    name: str
    columns: tuple[Column, ...]
    sql: str
    totals_by: str | None = None
    summed: str | None = None

    def question(self, month: Month) -> str:
        """The SQL for a month."""
        return self.sql.format(
            start=month.first,
            end=month.next_first,
            decimals=DECIMALS,
            numbers=named("transaction", "numbers", "netsuite_internal_id"),
            accounts=named("account", "accounts", "netsuite_account_id"),
        )

    def letter(self, heading: str) -> str:
        """The letter of a column. Raises StopIteration for one that is not there."""
        return "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[self.index(heading)]

    def index(self, heading: str) -> int:
        """The position of a column, from 0."""
        return next(number for number, column in enumerate(self.columns) if column.heading == heading)

    @property
    def money(self) -> tuple[str, ...]:
        """The headings of the amounts."""
        return tuple(column.heading for column in self.columns if column.kind == "money")


# The words before the ids keep a formula from asking for numbers.
LINES = Sheet(
    "summary",
    (
        Column("line", is_key=True),
        Column("position", is_key=True),
        Column("document type", is_key=True),
        Column("record type", is_key=True),
        Column("NetSuite account", is_key=True),
        Column("NetSuite item", is_key=True),
        CURRENCY,
        Column("amount", "money"),
        Column("documents", "integer"),
        Column("name of account or item", width=40),
    ),
    f"""
    select
        currency_decimals, line, position, document_type, record_type, 'account ' || netsuite_account_id,
        'item ' || netsuite_item_id, upper(currency), amount_minor, documents,
        coalesce(accounts.shown_as, items.item_name)
    from report_month_rows
    left join marts.netsuite_items as items using (netsuite_item_id)
    {named("account", "accounts", "netsuite_account_id")}
    order by list_position(
        ['stripe', 'became', 'dated', 'netsuite', 'not_ours', 'ledger', 'tax'], line
    ), position, document_type, record_type, netsuite_account_id, netsuite_item_id, currency
    """,
)

POSTED = Sheet(
    "posted",
    (
        Column("record type", is_key=True),
        Column("external id", width=28),
        Column("document", width=28),
        Column("NetSuite id", width=12),
        Column("number", width=14),
        Column("date", "date", 12),
        CURRENCY,
        Column("amount", "money", 16),
        Column("Stripe customer", width=24),
        Column("NetSuite customer"),
        Column("Stripe invoice", width=28),
        Column("account"),
        Column("name of the account", width=30),
        Column("state", width=10),
        Column("detail", width=80),
    ),
    """
    with refunded as (
        select target_external_id as stripe_refund_id, sum(amount_minor)::bigint as amount_minor
        from marts.credit_memo_applications
        where application_type = 'customer_refund' and state = 'posted' and reason <> 'adopted'
        group by target_external_id
    ),
    records as (
        select
            1 as turn, 'creditMemo' as record_type, external_id, document_id, netsuite_internal_id, tran_date, currency,
            amount_minor, stripe_customer_id, netsuite_customer_id, stripe_invoice_id, netsuite_account_id, state,
            detail
        from marts.credit_memos
        union all
        select
            2, 'customerRefund', refunds.external_id, null, refunds.netsuite_internal_id, refunds.tran_date,
            refunds.currency, refunded.amount_minor, null, refunds.netsuite_customer_id, null,
            refunds.netsuite_account_id, refunds.state, refunds.detail
        from marts.customer_refunds as refunds
        inner join refunded using (stripe_refund_id)
        union all
        select
            3, 'journalEntry', external_id, document_id, netsuite_internal_id, tran_date, currency, amount_minor, null,
            null, null, debit_netsuite_account_id, state, detail
        from marts.journal_entries
        union all
        select
            4, 'invoice', external_id, document_id, netsuite_internal_id, tran_date, currency, 0, stripe_customer_id,
            netsuite_customer_id, null, netsuite_account_id, state, detail
        from marts.zero_amount_invoices
    )
    select
        decimals, record_type, external_id, document_id, netsuite_internal_id, numbers.record_number, tran_date,
        upper(currency), amount_minor, stripe_customer_id, netsuite_customer_id, stripe_invoice_id, netsuite_account_id,
        accounts.shown_as, state, detail
    from records
    left join {decimals} using (currency)
    {numbers}
    {accounts}
    where netsuite_internal_id is not null and tran_date >= date '{start}' and tran_date < date '{end}'
    order by turn, tran_date, external_id
    """,
    totals_by="record type",
)

OPEN = Sheet(
    "open",
    (
        Column("document", width=28),
        Column("document type", width=16, is_key=True),
        Column("state", width=10, is_key=True),
        Column("who acts", width=11, is_key=True),
        Column("reason", width=28),
        CURRENCY,
        Column("amount", "money", 16),
        Column("created", "date", 12),
        Column("age in days", "integer", 12),
        Column("age", width=10, is_key=True),
        Column("Stripe customer", width=24),
        Column("Stripe invoice", width=28),
        Column("what to do", width=100),
    ),
    """
    select
        currency_decimals, document_id, document_type, state, who_acts, reason, upper(currency), amount_minor,
        as_of_date - age_days, age_days, age_bucket, stripe_customer_id, stripe_invoice_id, detail
    from marts.open_documents_aging
    order by state, age_days desc, document_id
    """,
    totals_by="state",
)

REFUNDS = Sheet(
    "refunds",
    (
        Column("refund", width=28),
        Column("credit note", width=28),
        Column("date", "date", 12),
        CURRENCY,
        Column("amount", "money", 16),
        Column("representation", width=18, is_key=True),
        Column("payout", width=28),
        Column("account"),
        Column("name of the account", width=30),
        Column("NetSuite id", width=12),
        Column("number", width=14),
    ),
    """
    select
        currency_decimals, stripe_refund_id, stripe_credit_note_id, refund_date, upper(currency), amount_minor,
        representation, stripe_payout_id, netsuite_account_id, accounts.shown_as, netsuite_internal_id,
        numbers.record_number
    from marts.refund_reconciliation
    {numbers}
    {accounts}
    where refund_date >= date '{start}' and refund_date < date '{end}'
    order by refund_date, stripe_refund_id, stripe_credit_note_id
    """,
    totals_by="representation",
)

BALANCE_MOVEMENTS = (
    "opening",
    "from credit notes",
    "from negative invoices",
    "paid in",
    "adjusted",
    "carried",
    "used",
)

# Customers without ledger rows in the month still have a balance: the closing of their last month before it.
BALANCES = Sheet(
    "balances",
    (
        Column("Stripe customer", width=24),
        CURRENCY,
        *(Column(heading, "money", 16) for heading in BALANCE_MOVEMENTS),
        Column("closing", "money", 16),
        # only where the month is the last one with ledger rows
        Column("balance in Stripe", "money", 16, has_total=False),
        Column("ledger", width=12, is_key=True),
    ),
    """
    with months as (
        select *, accounting_month = date '{start}' as is_of_the_month
        from marts.customer_credit_roll_forward
        where accounting_month <= date '{start}'
        qualify row_number() over (partition by stripe_customer_id, currency order by accounting_month desc) = 1
    )
    select
        currency_decimals, stripe_customer_id, upper(currency),
        case when is_of_the_month then opening_minor else closing_minor end,
        case when is_of_the_month then granted_by_credit_notes_minor else 0 end,
        case when is_of_the_month then granted_by_negative_invoices_minor else 0 end,
        case when is_of_the_month then paid_in_minor else 0 end,
        case when is_of_the_month then adjusted_minor else 0 end,
        case when is_of_the_month then carried_minor else 0 end,
        case when is_of_the_month then used_minor else 0 end,
        closing_minor,
        stripe_balance_minor,
        case when is_complete then 'complete' else 'not complete' end
    from months
    where is_of_the_month or closing_minor <> 0
    order by stripe_customer_id, currency
    """,
    summed="closing",
)

TAX = Sheet(
    "tax",
    (
        Column("tax", width=14, is_key=True),
        Column("memo", width=28),
        Column("document", width=28),
        Column("tax rate", width=28),
        Column("NetSuite item"),
        Column("NetSuite tax code"),
        CURRENCY,
        Column("amount", "money", 16),
    ),
    """
    with memos as (
        select document_id, external_id, currency, tran_date from marts.credit_memos
        where netsuite_internal_id is not null and tran_date >= date '{start}' and tran_date < date '{end}'
    ),
    taxes as (
        select
            'reversed' as tax, memos.external_id, memos.document_id, lines.stripe_tax_rate_id, lines.netsuite_item_id,
            lines.netsuite_tax_code_id, memos.currency, lines.amount_minor, lines.line_number as number
        from memos
        inner join marts.credit_memo_lines as lines using (document_id)
        where lines.line_kind = 'tax'
        union all
        select
            'reversed', memos.external_id, memos.document_id, details.stripe_tax_rate_id, null,
            details.netsuite_tax_code_id, memos.currency, details.amount_minor, details.detail_number
        from memos
        inner join marts.credit_memo_tax_details as details using (document_id)
        union all
        select 'not reversed', null, null, null, null, null, currency, sum(amount_minor)::bigint, null
        from report_month_rows
        where line = 'tax' and position = 'not_reversed'
        group by currency
    )
    select
        decimals, tax, external_id, document_id, stripe_tax_rate_id, netsuite_item_id, netsuite_tax_code_id,
        upper(currency), amount_minor
    from taxes
    left join {decimals} using (currency)
    order by tax desc, external_id, number, currency
    """,
    totals_by="tax",
)

LISTS = (POSTED, OPEN, REFUNDS, BALANCES, TAX)
