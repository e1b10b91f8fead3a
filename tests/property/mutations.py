"""Bugs planted in a copy of the dbt project; the property test must see each of them.

python -m tests.property.mutations            all of them: which tests fail for each, as a table
python -m tests.property.mutations <name>...  some

The unit tests are all of the project's, not only those of the model with the bug; the data tests run over the
histories of the property test.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.property.combinations import combination_named
from tests.property.comparison.compare import compare
from tests.property.comparison.differences import Difference, is_open_question
from tests.property.histories.world import seeded_world
from tests.property.run_models import mapping_texts, run_models
from tests.support.warehouse import ANY_DECISIONS, BuildFailed, EmptyWorld, project_with_mappings, run_dbt

SEED = 7


@dataclass(frozen=True)
class Mutation:
    """A bug: the text `good` of one file becomes `bad`. White space in `good` stands for any white space."""

    name: str
    file: str  # one of the paths below
    good: str
    bad: str
    combination: str = "default"
    histories: int = 300


# Files of dbt_project/ that are mutated. Only these lines name paths.
DUCKDB = "macros/engines/duckdb.sql"
SPLIT_AMOUNT = "macros/money/split_amount.sql"
IS_BEFORE_GO_LIVE = "macros/dates/is_before_go_live.sql"
DOCUMENT_AMOUNTS = "macros/stripe/stripe_document_amounts.sql"
ACCOUNTING_PERIODS = "models/parsed/netsuite/parsed_netsuite__accounting_periods.sql"
BALANCE_LEDGER = "models/build/balance/int_balance_ledger.sql"
BALANCE_USES = "models/build/balance/int_balance_uses.sql"
BALANCE_LEFTOVERS = "models/build/balance/int_balance_leftovers.sql"
BALANCE_CREDIT_SOURCES = "models/build/balance/int_balance_credit_sources.sql"
REFUND_STATE = "macros/stripe/refund_state.sql"
NET_COMPONENTS = "models/build/lines/int_credit_note_net_components.sql"
MEMO_COMPONENTS = "models/build/lines/int_memo_components.sql"
MEMO_LINES = "models/build/lines/int_memo_lines.sql"
FINDINGS_AMOUNTS = "models/build/findings/int_findings_amounts.sql"
INVOICE_REMAINING = "models/build/documents/int_invoice_remaining.sql"
CONNECTOR_RECORDS = "models/build/identity/int_connector_records.sql"
CONTRADICTING_REFUND_LINKS = "models/build/credit_notes/int_contradicting_refund_links.sql"
NETSUITE_RECORD_OF = "macros/identity/netsuite_record_of.sql"
FINDINGS_NETSUITE_RECORDS = "models/build/findings/int_findings_netsuite_records.sql"
FINDINGS_POSTING = "models/build/findings/int_findings_posting.sql"
FINDINGS_UNKNOWN_OBJECTS = "models/build/findings/int_findings_unknown_objects.sql"
FINDINGS_CONNECTOR_RECORDS = "models/build/findings/int_findings_connector_records.sql"
MEMOS_WITHOUT_ROOM = "models/build/documents/int_memos_without_room.sql"
PRICE_ITEMS = "models/build/identity/int_price_items.sql"
DOCUMENT_PARTS = "models/build/documents/int_credit_document_parts.sql"

UNSCALED = "document_type = 'credit_note' and memo_minor = document_minor and unit_minor = 1"

MUTATIONS = (
    Mutation(
        "S1: floor becomes truncation",
        DUCKDB,
        "- case when (({{ numerator }}) % ({{ denominator }})) < 0 then 1 else 0 end)",
        ")",
    ),
    Mutation(
        "S1: ties to the later component",
        SPLIT_AMOUNT,
        "order by fraction desc, {{ order }})",
        "order by fraction desc, {{ order_by | join(' desc, ') }} desc)",
        histories=600,
    ),
    Mutation(
        "R2: a failed refund is part of the memo",
        DOCUMENT_PARTS,
        "when links.is_failed or links.is_before_go_live then 'by_hand'",
        "when links.is_before_go_live then 'by_hand'",
    ),
    Mutation(
        "C1: what is kept is left out",
        DOCUMENT_PARTS,
        "where adds_up and (kept_minor <> 0 or memo_minor = 0)",
        "where adds_up and memo_minor = 0",
    ),
    Mutation(
        "B1: sign of the use",
        BALANCE_USES,
        "sum(amount_minor) as used_minor",
        "sum(-amount_minor) as used_minor",
    ),
    Mutation(
        "B4: leftover ignores the ending balance",
        BALANCE_LEFTOVERS,
        "or ending_balance_minor < 0 as is_leftover",
        "as is_leftover",
    ),
    Mutation(
        "B4: leftover ignores what was given back",
        BALANCE_LEFTOVERS,
        "ledger.movement = 'give_back' and ledger.amount_minor < 0 then ledger.amount_minor",
        "ledger.movement = 'give_back' and ledger.amount_minor < 0 then 0",
        histories=1200,
    ),
    Mutation(
        "C1: taxes are not scaled",
        MEMO_COMPONENTS,
        f"from with_totals where {UNSCALED}",
        f"from with_totals where ({UNSCALED}) or component_kind = 'tax'",
    ),
    Mutation(
        "L7: inclusive tax taken from the item only",
        NET_COMPONENTS,
        "components.amount_minor - coalesce(inclusive_shares.share_minor, 0)",
        "components.amount_minor - case when components.component_kind in ('item', 'custom')"
        " then coalesce(inclusive_shares.line_inclusive_minor, 0) else 0 end",
    ),
    Mutation(
        "L5: gross shares leave the discounts out",
        NET_COMPONENTS,
        "+ coalesce(gross_shares.share_minor, 0)",
        "+ case when components.component_kind in ('item', 'custom', 'shipping')"
        " then coalesce(gross_shares.line_tax_minor, 0) else 0 end",
        combination="gross",
    ),
    Mutation(
        "X3: NetSuite's coarser unit forgotten",
        MEMO_COMPONENTS,
        "then documents.unit_minor else 1 end as unit_minor",
        "then 1 else 1 end as unit_minor",
    ),
    Mutation(
        "L2: period end before its start",
        MEMO_LINES,
        "when {{ accounting_date('roles.period_end_at') }} > {{ accounting_date('roles.period_start_at') }}",
        "when true",
    ),
    Mutation(
        "C5: equal counts as more",
        FINDINGS_AMOUNTS,
        "where credited_minor > invoice_total_minor",
        "where credited_minor >= invoice_total_minor",
    ),
    Mutation(
        "C6: a document that is not posted takes its part too",
        INVOICE_REMAINING,
        "findings.document_id is null or coalesce(records.is_posted, false) as is_otherwise_ready",
        "true as is_otherwise_ready",
        histories=2000,
    ),
    Mutation(
        "B7: newest credit first",
        BALANCE_CREDIT_SOURCES,
        "order by holdings.credit_position, holdings.taken_at rows",
        "order by holdings.credit_position desc, holdings.taken_at rows",
    ),
    Mutation(
        "B6: rows of one second by id",
        BALANCE_LEDGER,
        "when chosen_paths.path is null then 0",
        "when true then 0",
    ),
    Mutation(
        "G1: the go-live day itself is before",
        IS_BEFORE_GO_LIVE,
        "({{ local_date }} < cast(",
        "({{ local_date }} <= cast(",
        combination="override",
        histories=600,
    ),
    Mutation(
        "X4: locked months count as open",
        ACCOUNTING_PERIODS,
        "arlocked",
        "isinactive",
        combination="sparse",
    ),
    # The unit tests miss these.
    Mutation(
        "S1: units that are missing are ranked over the whole document",
        SPLIT_AMOUNT,
        "partition by {{ whole }} order by fraction desc",
        "partition by {{ group_by[0] }} order by fraction desc",
    ),
    Mutation(
        "S1: a negative whole keeps its signs",
        SPLIT_AMOUNT,
        "* case when raw_weight_sum < 0 then -1 else 1 end as signed_weight",
        "as signed_weight",
        combination="gross",
        histories=1500,
    ),
    Mutation(
        "S1: ties go by kind before line",
        MEMO_COMPONENTS,
        "'memo_minor', 'net_minor', ['line_position', 'kind_order',",
        "'memo_minor', 'net_minor', ['kind_order', 'line_position',",
        histories=3000,
    ),
    Mutation(
        "B4: uses in another currency make a leftover",
        BALANCE_LEFTOVERS,
        "partition by stripe_customer_id, currency order by chain_position"
        " rows between unbounded preceding and current row ) as used_so_far_minor",
        "partition by stripe_customer_id order by chain_position"
        " rows between unbounded preceding and current row) as used_so_far_minor",
        histories=3000,
    ),
    Mutation(
        "L6: a pretax credit that repeats a discount is taken off again",
        DOCUMENT_AMOUNTS,
        "{{ field('entry.type') }} = 'credit_balance_transaction' and",
        "",
    ),
    Mutation(
        "R2: a canceled refund is pending",
        REFUND_STATE,
        "in ('failed', 'canceled')",
        "in ('failed')",
        histories=1200,
    ),
    Mutation(
        "K1: the name before the metadata of the note",
        CONNECTOR_RECORDS,
        "order by places.turn",
        "order by case places.turn when 1 then 9 else places.turn end",
        histories=600,
    ),
    Mutation(
        "K1: the refund of a note with several",
        CONNECTOR_RECORDS,
        "having count(distinct stripe_refund_id) = 1",
        "having count(distinct stripe_refund_id) >= 1",
        histories=1500,
    ),
    Mutation(
        "K3: an id in metadata that NetSuite lacks ends nothing",
        FINDINGS_CONNECTOR_RECORDS,
        "where netsuite_transaction_id is null {%- if",
        "where netsuite_transaction_id is null and record_type = 'customerRefund' {%- if",
        histories=1500,
    ),
    Mutation(
        "K2: another total is adopted",
        FINDINGS_CONNECTOR_RECORDS,
        "or coalesce(abs(total_amount) <> {{ major_units('memo_minor', 'stripe_exponent') }}, false)",
        "",
        combination="override",
        histories=600,
    ),
    Mutation(
        "K2: what the memo is applied to elsewhere is not counted",
        MEMOS_WITHOUT_ROOM,
        "where lacking_sums.amount > memos.total_amount - coalesce(applied.amount, 0)",
        "where lacking_sums.amount > memos.total_amount",
        combination="override",
        histories=600,
    ),
    Mutation(
        "K5: the external id before the connector's link",
        PRICE_ITEMS,
        "{%- if var('connector_records') == 'adopt' %} linked.netsuite_item_id, {%- endif %} "
        "price_external.netsuite_item_id, product_external.netsuite_item_id",
        "price_external.netsuite_item_id, product_external.netsuite_item_id "
        "{%- if var('connector_records') == 'adopt' %}, linked.netsuite_item_id {%- endif %}",
        combination="override",
    ),
    Mutation(
        "R2: no status with a balance transaction waits",
        REFUND_STATE,
        "or ({{ refunds }}.refund_status is null and {{ refunds }}.stripe_balance_transaction_id is not null)",
        "",
        histories=1200,
    ),
    Mutation(
        "R2: an expired capture counts as succeeded",
        REFUND_STATE,
        "or {{ refunds }}.refund_reason = 'expired_uncaptured_charge'",
        "",
        histories=1200,
    ),
    Mutation(
        "R6: only the first link that exceeds is blocked",
        CONTRADICTING_REFUND_LINKS,
        "where running_minor > refund_minor",
        "where running_minor > refund_minor and running_minor - linked_minor <= refund_minor",
        histories=1500,
    ),
    Mutation(
        "R6: currency is not compared",
        CONTRADICTING_REFUND_LINKS,
        "from links where is_other_currency",
        "from links where false",
        histories=1200,
    ),
    Mutation(
        "X1: the inactive customer wins",
        NETSUITE_RECORD_OF,
        "case when is_out_of_use then 3 else 1 end",
        "case when is_out_of_use then 1 else 3 end",
        histories=1200,
    ),
    Mutation(
        "C4: a voided invoice is taken",
        FINDINGS_NETSUITE_RECORDS,
        "and (is_invoice_voided or coalesce(",
        "and (false or coalesce(",
        histories=1200,
    ),
    Mutation(
        "L6: the item row of zero is dropped",
        MEMO_LINES,
        "(share_minor <> 0 or (is_row_needed and component_kind in ('item', 'custom', 'shipping')))",
        "share_minor <> 0",
        histories=1500,
    ),
    Mutation(
        "K4: `guard` posts",
        FINDINGS_CONNECTOR_RECORDS,
        "as held where turn = 1",
        "as held where false",
        histories=600,
    ),
    Mutation(
        "I3: a gone refund is posted",
        FINDINGS_UNKNOWN_OBJECTS,
        "on rests_on.stripe_id = gone_objects.stripe_id",
        "on rests_on.stripe_id = gone_objects.stripe_id and rests_on.object_name <> 'Refund '",
        histories=1500,
    ),
    Mutation(
        "X2: skipped documents collide",
        FINDINGS_POSTING,
        "where skipped.document_id is null",
        "",
        histories=1500,
    ),
)

# Bugs that are not planted yet. The oracle's own cases (test_oracle_values.py) see each of them in the oracle.
#
# O5: an unknown status counts as issued or paid · B2: a payment record covers the remainder · B2: what is uncollected
# does not count · B3: an uncollectible invoice is dated by paid_at · B5: each use is rounded by itself · B6: the chain
# starts anywhere · B8: rows that give back are counted · B8: an invoice without a customer blocks others · B9: sessions
# are paired by id · B9: a session of zero is a document · B9: the session's own invoice is ignored · C1: nothing left
# for a memo hides parts that do not add up · C3, X6: a text is cut inside a grapheme · C4: a pending invoice is taken ·
# G3: a link shows more than the refund has · G3: skipped notes come first · L1: the cut quantity is sent · L1: an
# inactive item is found · L5, L8: a zero tax takes the row for any rate · L6: a tax row keeps an item row of zero · L8:
# a zero tax beside another one gets a detail · M2: memo_row misses discount rows · M2: memo_row wins over memo_line ·
# R3: the bound ignores what is missing · X1: the smaller of two ids is taken · X2: refund ids do not take part.


def plant(mutation: Mutation, project: Path) -> None:
    """Put the bug into a copy of the project.

    Raises:
        ValueError: the project no longer holds the text that the bug replaces.
    """
    file = project / mutation.file
    text = file.read_text()
    pattern = r"\s+".join(re.escape(word) for word in mutation.good.split())
    changed = re.sub(pattern, lambda _: mutation.bad, text)
    if changed == text:
        raise ValueError(f"{mutation.file} no longer holds {mutation.good!r}: update the mutation '{mutation.name}'")
    file.write_text(changed)


def differences_of(mutation: Mutation, folder: Path, seed: int = SEED) -> list[Difference]:
    """Differences that the property test finds in a project with this bug."""
    combination = combination_named(mutation.combination)
    world = seeded_world(seed, combination, range(mutation.histories))
    project = project_with_mappings(folder, mapping_texts(world.mappings))
    plant(mutation, project)
    marts = run_models(world, folder, combination, project=project, tests=False)
    return [difference for difference in compare(world, combination, marts).found if not is_open_question(difference)]


def failed_tests(kind: str, project: Path, warehouse: Path, variables: Mapping[str, Any] | None = None) -> list[str]:
    """The report of each failed dbt test of a kind (`unit` or `data`).

    The histories decide about documents that never come to be, so the data test of these decisions fails without a bug.
    """
    excluded = ANY_DECISIONS if kind == "data" else []
    command = ["test", "--select", f"test_type:{kind}", *excluded, "--log-level", "none"]
    try:
        run_dbt(command, project, warehouse, variables=variables)
    except BuildFailed as failure:
        return re.findall(r"^(?:unit_)?test\..*", str(failure), re.MULTILINE) or [str(failure)]
    return []


def evidence(mutation: Mutation, empty: EmptyWorld, folder: Path) -> tuple[bool, str]:
    """(whether the property test sees the bug, its row of the table)."""
    project = shutil.copytree(empty.project, folder / "unit_tests", ignore=shutil.ignore_patterns("target", "logs"))
    plant(mutation, project)
    unit = failed_tests("unit", project, empty.warehouse)
    differences = differences_of(mutation, folder)
    variables = combination_named(mutation.combination).variables
    data = failed_tests("data", folder / "dbt_project", folder / "warehouse.duckdb", variables)
    verdicts = [f"caught by {len(failed)}" if failed else "missed" for failed in (unit, data)]
    found = f"caught, {len(differences)} differences" if differences else "missed"
    histories = f"{mutation.histories} histories of {mutation.combination}, seed {SEED}"
    return bool(differences), " | ".join([mutation.name, *verdicts, f"{found} ({histories})"])


def main(names: list[str]) -> int:
    missed = 0
    print("| mutation | dbt unit tests | dbt data tests of the build | property test (seed) |")
    print("|---|---|---|---|")
    with tempfile.TemporaryDirectory() as shared:
        empty = EmptyWorld(Path(shared))
        for mutation in MUTATIONS:
            if names and not any(name in mutation.name for name in names):
                continue
            with tempfile.TemporaryDirectory() as folder:
                is_caught, row = evidence(mutation, empty, Path(folder))
            missed += not is_caught
            print(f"| {row} |", flush=True)
    return missed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
