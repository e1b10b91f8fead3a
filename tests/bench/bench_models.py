"""How long the models take: a full build, a build after 1 % of the documents changed, and a floor, all in one run.

    python -m tests.bench.bench_models [--notes 1000000]

SQL makes the raw tables: credit notes with two lines (discount, tax, on some a part that stays in the balance), and
three invoices and two ledger rows for each note. The floor is one hand-written statement that only unnests the same
credit notes and sums their lines. Targets for a million notes on two cores: a full build takes at most 180 s and 8 GiB;
the second build takes at most a tenth of the first, both without dbt's own start-up.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from tests.support import warehouse as testing

ROLES = (
    "unallocated_invoice_item",
    "custom_credit_note_line",
    "credit_note",
    "customer_balance",
    "discount_posting",
    "discount_non_posting",
    "billing_credit",
    "shipping",
)
MAPPINGS = {
    "default_items": "\n".join(f"{role},50{number}" for number, role in enumerate(ROLES)),
    "tax_map": ",520,,",
    "account_map": "refund,,200",
}

# Of ten notes, six are on invoices that were open and then paid, three are refunded, and one is in part
# refunded and in part added to the balance.
_PLAN = """
create or replace temp table plan as
select
    i,
    1700000000 + i * 20 as moment,
    'cus_' || (i % 200000) as customer,
    case when i % 10 < 6 then 'pre' when i % 10 < 9 then 'refund' else 'mixed' end as kind
from range({first}, {last}) t(i)
"""

# `created`, `fetched_at` and `api_version` of a raw table.
_TIMES = "to_timestamp(moment), to_timestamp(1780000000 + {version}), '2026-10-28.endive'"

_NOTES = """
insert into raw_stripe.credit_notes
select
    'cn_' || i,
    null,
    {times},
    md5(i || '-{version}'),
    '{{"id":"cn_' || i || '","object":"credit_note","amount":10450,"total":10450,"pre_payment_amount":'
        || case kind when 'pre' then 10450 else 0 end
        || ',"post_payment_amount":' || case kind when 'pre' then 0 else 10450 end
        || ',"out_of_band_amount":null,"currency":"usd","customer":"' || customer
        || '","invoice":"in_' || i || '_a","created":' || moment
        || ',"effective_at":null,"status":"issued","memo":"version {version}","number":"A-' || i || '","metadata":{{}},'
        || '"customer_balance_transaction":'
        || case kind when 'mixed' then '"cbtxn_' || i || '_c"' else 'null' end
        || ',"refunds":['
        || case kind
            when 'pre' then ''
            when 'refund' then '{{"amount_refunded":10450,"refund":"re_' || i || '","type":"refund"}}'
            else '{{"amount_refunded":7000,"refund":"re_' || i || '","type":"refund"}}'
        end
        || '],"discount_amounts":[{{"amount":500,"discount":"di_1"}}],"shipping_cost":null,'
        || '"lines":{{"object":"list","has_more":false,"data":['
        || '{{"id":"cnli_' || i || '_1","object":"credit_note_line_item","type":"invoice_line_item","amount":6000,'
        || '"description":null,"quantity":1,"invoice_line_item":"il_' || i || '_a1",'
        || '"discount_amounts":[{{"amount":500,"discount":"di_1"}}],"pretax_credit_amounts":[],'
        || '"taxes":[{{"amount":550,"tax_behavior":"exclusive","taxable_amount":5500,'
        || '"tax_rate_details":{{"tax_rate":"txr_1"}},"taxability_reason":"standard_rated",'
        || '"type":"tax_rate_details"}}],"tax_rates":[],"metadata":{{}}}},'
        || '{{"id":"cnli_' || i || '_2","object":"credit_note_line_item","type":"invoice_line_item","amount":4400,'
        || '"description":"Seats","quantity":2,"invoice_line_item":"il_' || i || '_a2",'
        || '"discount_amounts":[],"pretax_credit_amounts":[],'
        || '"taxes":[{{"amount":400,"tax_behavior":"inclusive","taxable_amount":4000,'
        || '"tax_rate_details":{{"tax_rate":"txr_2"}},"taxability_reason":"standard_rated",'
        || '"type":"tax_rate_details"}}],"tax_rates":[],"metadata":{{}}}}]}}}}',
    null
from plan
"""

_INVOICES = """
insert into raw_stripe.invoices
select
    'in_' || i || '_' || which,
    null,
    {times},
    md5(i || which || '-{version}'),
    '{{"id":"in_' || i || '_' || which || '","object":"invoice","status":"paid","currency":"usd","customer":"'
        || customer || '","created":' || moment || ',"total":20000,"amount_due":'
        || case
            when which = 'a' and kind = 'pre' then 20000 - 10450
            when which = 'b' and kind = 'mixed' then 20000 - 3450
            else 20000
        end
        || ',"number":"N-' || i || which || '","metadata":{{"version":"{version}"}},'
        || '"status_transitions":{{"finalized_at":' || moment || ',"paid_at":' || (moment + 3600)
        || '}},"total_discount_amounts":[],"shipping_cost":null,"description":"' || repeat('x', 300)
        || '","lines":{{"object":"list","has_more":false,"data":['
        || '{{"id":"il_' || i || '_' || which || '1","object":"line_item","amount":12000,"description":"Plan",'
        || '"quantity":1,"period":{{"start":' || moment || ',"end":' || (moment + 2592000)
        || '}},"pricing":{{"type":"price_details","price_details":{{"price":"price_1","product":"prod_1"}}}},'
        || '"discount_amounts":[],"pretax_credit_amounts":[],"taxes":[]}},'
        || '{{"id":"il_' || i || '_' || which || '2","object":"line_item","amount":8000,"description":"Seats",'
        || '"quantity":2,"period":{{"start":' || moment || ',"end":' || (moment + 2592000)
        || '}},"pricing":{{"type":"price_details","price_details":{{"price":"price_2","product":"prod_1"}}}},'
        || '"discount_amounts":[],"pretax_credit_amounts":[],"taxes":[]}}]}}}}',
    null
from plan, (values ('a'), ('b'), ('c')) t(which)
"""

_LEDGER = """
insert into raw_stripe.customer_balance_transactions
with movements as (
    select
        i,
        customer,
        moment + 10 as moment,
        'c' as which,
        case kind when 'mixed' then -3450 else -100 end as amount,
        case kind when 'mixed' then 'credit_note' else 'adjustment' end as type,
        kind
    from plan
    union all
    select
        i,
        customer,
        moment + 20,
        'u',
        case kind when 'mixed' then 3450 else 100 end,
        case kind when 'mixed' then 'applied_to_invoice' else 'adjustment' end,
        kind
    from plan
)
select
    'cbtxn_' || i || '_' || which,
    customer,
    {times},
    md5(i || which || '-{version}'),
    '{{"id":"cbtxn_' || i || '_' || which || '","object":"customer_balance_transaction","amount":' || amount
        || ',"ending_balance":' || case when which = 'u' then 0 else amount end
        || ',"currency":"usd","customer":"' || customer
        || '","invoice":' || case when type = 'applied_to_invoice' then '"in_' || i || '_b"' else 'null' end
        || ',"credit_note":' || case when type = 'credit_note' then '"cn_' || i || '"' else 'null' end
        || ',"type":"' || type || '","created":' || moment || ',"description":"version {version}"}}',
    null
from movements
"""

_REFUNDS = """
insert into raw_stripe.refunds
select
    're_' || i,
    null,
    {times},
    md5(i || '-{version}'),
    '{{"id":"re_' || i || '","amount":' || case kind when 'refund' then 10450 else 7000 end
        || ',"currency":"usd","status":"succeeded","created":' || moment || '}}',
    null
from plan
where kind <> 'pre'
"""

_PAYMENTS = """
insert into raw_stripe.invoice_payments
select
    'inpay_' || i,
    null,
    {times},
    md5(i || '-{version}'),
    '{{"id":"inpay_' || i || '","invoice":"in_' || i || '_b","status":"paid","currency":"usd",'
        || '"amount_paid":16550,"payment":{{"type":"payment_intent"}}}}',
    null
from plan
where kind = 'mixed'
"""

NETSUITE = """
insert into raw_stripe.customers
select
    'cus_' || i, null, null, to_timestamp(1780000000), '2026-10-28.endive', md5('' || i),
    '{"id":"cus_' || i || '","balance":0,"currency":"usd","metadata":{}}', null
from range(200000) t(i);

insert into raw_stripe.tax_rates
select
    'txr_' || i, null, null, to_timestamp(1780000000), '2026-10-28.endive', md5('' || i),
    '{"id":"txr_' || i || '","percentage":10.0}', null
from range(1, 3) t(i);

insert into raw_netsuite.customers
select 'N' || i, 'cus_' || i, 'F', '1', '1', '100', null from range(200000) t(i);

insert into raw_netsuite.transactions
select
    'I' || i || which, 'in_' || i || '_' || which, 'CustInvc', 'N' || (i % 200000), '2026-01-01', '1', '200.00',
    '200.00', 'A', 'F', 'T', '1', '1', '100', null, '2'
from plan, (values ('a'), ('b')) t(which);

insert into raw_netsuite.items
select '50' || i, null, 'item', 'Service', 'F', '1' from range(8) t(i)
union all
select '520', null, 'tax', 'OthCharge', 'F', '1';

insert into raw_netsuite.currencies values ('1', 'USD', '2', 'F');

insert into raw_netsuite.accounting_periods
select
    cast(i as varchar),
    'month',
    cast(cast('2023-01-01' as date) + to_months(cast(i as integer)) as varchar),
    cast(last_day(cast('2023-01-01' as date) + to_months(cast(i as integer))) as varchar),
    'F', 'F', 'F', 'F', 'F', 'F', 'F'
from range(60) t(i);

insert into raw_netsuite.accounts values ('100', 'F'), ('200', 'F');
insert into raw_netsuite.subsidiaries values ('1');
"""

_FLOOR = """
select count(*), sum(amount)
from (
    select unnest(
        from_json(
            payload,
            '{"lines":{"data":[{"id":"VARCHAR","amount":"BIGINT","taxes":[{"amount":"BIGINT"}]}]}}'
        ).lines.data,
        recursive := true
    )
    from raw_stripe.credit_notes
)
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--notes", type=int, default=1_000_000)
    notes = options.parse_args().notes
    folder = Path(tempfile.mkdtemp(prefix="bench-models-"))
    try:
        _run(folder, notes)
    finally:
        shutil.rmtree(folder)


def _run(folder: Path, notes: int) -> None:
    project = testing.project_with_mappings(folder, MAPPINGS)
    warehouse = folder / "bench.duckdb"
    startup = _startup(project, folder / "empty.duckdb")
    with testing.opened(warehouse) as connection:
        _set_storage(connection)
        testing.create_raw_tables(connection)
        fill(connection, 0, notes, version=0)
        connection.execute(NETSUITE)
    floor = _floor(warehouse)
    full = _timed(lambda: testing.build(project, warehouse, is_measured=True))
    states = testing.rows(
        warehouse, "select state, reason, count(*) as documents from marts.credit_outcomes group by all order by 3 desc"
    )
    with testing.opened(warehouse) as connection:
        fill(connection, 0, notes // 200, version=1)
        fill(connection, notes, notes + notes // 200, version=1)
    delta = _timed(lambda: testing.build(project, warehouse, is_measured=True))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    share = (delta - startup) / (full - startup)
    print(f"{notes:,} credit notes, {2 * notes:,} lines, {3 * notes:,} invoices, {2 * notes:,} ledger rows")
    print(f"outcomes: {states}")
    _print("build of an empty world (dbt itself)", startup, "s")
    _print("floor: one statement, unnest and sum", floor, "s")
    _print("full build", full, "s", f"{full / floor:6.1f} x floor   target <= 180 s for a million")
    _print("build after 1 % new or changed", delta, "s", f"{share:6.2f} of the full build   target <= 0.10")
    _print("peak memory of this process", memory, "GiB", "target <= 8")


def _print(measure: str, value: float, unit: str, comment: str = "") -> None:
    print(f"{measure:45}{value:8.1f} {unit}   {comment}".rstrip())


def _startup(project: Path, warehouse: Path) -> float:
    """Seconds of a build without rows: the faster of two."""
    with testing.opened(warehouse) as connection:
        testing.create_raw_tables(connection)
        connection.execute(_PLAN.format(first=0, last=0))
        connection.execute(NETSUITE.replace("range(200000)", "range(1)"))
    return min(_timed(lambda: testing.build(project, warehouse, is_measured=True)) for _ in range(2))


def _set_storage(connection: duckdb.DuckDBPyConnection) -> None:
    """As the pipeline stores texts."""
    connection.execute("set disabled_compression_methods = 'dict_fsst'")
    connection.execute("set zstd_min_string_length = 256")


def fill(connection: duckdb.DuckDBPyConnection, first: int, last: int, *, version: int) -> None:
    """Inserts the Stripe objects of the notes from `first` to `last`, without it, as `version` shows them."""
    _set_storage(connection)
    connection.execute(_PLAN.format(first=first, last=last))
    for statement in (_NOTES, _INVOICES, _LEDGER, _REFUNDS, _PAYMENTS):
        connection.execute(statement.format(version=version, times=_TIMES.format(version=version)))


def _floor(warehouse: Path) -> float:
    with testing.opened(warehouse) as connection:
        return _timed(lambda: connection.execute(_FLOOR).fetchall())


def _timed(work: Callable[[], object]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


if __name__ == "__main__":
    main()
