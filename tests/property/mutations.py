"""Bugs put into a copy of the dbt project; the property test must see each of them.

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

from tests.property.checks import (
    COMBINATIONS,
    Combination,
    Difference,
    compare,
    dice_for,
    is_open_question,
    make,
    mapping_texts,
    run_models,
)
from tests.support.warehouse import BuildFailed, EmptyWorld, project_with_mappings, run_dbt

SEED = 7


@dataclass(frozen=True)
class Mutation:
    name: str
    file: str  # in dbt_project/
    good: str
    bad: str
    combination: str = "default"
    histories: int = 300


LINES, BALANCE = "models/build/lines", "models/build/balance"

WHOLE = "document_type = 'credit_note' and memo_minor = document_minor and unit_minor = 1"

MUTATIONS = (
    Mutation(
        "S1: floor becomes truncation",
        "macros/money/floor_divide.sql",
        "- case when (({{ numerator }}) % ({{ denominator }})) < 0 then 1 else 0 end)",
        ")",
    ),
    Mutation(
        "S1: ties to the later component",
        "macros/money/split_amount.sql",
        "order by fraction desc, {{ order }})",
        "order by fraction desc, {{ order_by | join(' desc, ') }} desc)",
        histories=600,
    ),
    Mutation(
        "B1: sign of the use",
        f"{BALANCE}/int_balance_uses.sql",
        "sum(amount_minor) as used_minor",
        "sum(-amount_minor) as used_minor",
    ),
    Mutation(
        "B4: leftover ignores the ending balance",
        f"{BALANCE}/int_balance_leftovers.sql",
        "or ending_balance_minor < 0 as is_leftover",
        "as is_leftover",
    ),
    Mutation(
        "B4: leftover ignores what was given back",
        f"{BALANCE}/int_balance_leftovers.sql",
        "ledger.movement = 'give_back' and ledger.amount_minor < 0 then ledger.amount_minor",
        "ledger.movement = 'give_back' and ledger.amount_minor < 0 then 0",
        histories=1200,
    ),
    Mutation(
        "C1: kept part not scaled for taxes",
        f"{LINES}/int_memo_components.sql",
        f"from with_totals where {WHOLE}",
        f"from with_totals where ({WHOLE}) or component_kind = 'tax'",
    ),
    Mutation(
        "L7: inclusive tax taken from the item only",
        f"{LINES}/int_credit_note_net_components.sql",
        "components.amount_minor - coalesce(inclusive_shares.share_minor, 0)",
        "components.amount_minor - case when components.component_kind in ('item', 'custom')"
        " then coalesce(inclusive_shares.line_inclusive_minor, 0) else 0 end",
    ),
    Mutation(
        "L5: gross shares leave the discounts out",
        f"{LINES}/int_credit_note_net_components.sql",
        "+ coalesce(gross_shares.share_minor, 0)",
        "+ case when components.component_kind in ('item', 'custom', 'shipping')"
        " then coalesce(gross_shares.line_tax_minor, 0) else 0 end",
        combination="gross",
    ),
    Mutation(
        "X3: NetSuite's coarser unit forgotten",
        f"{LINES}/int_memo_components.sql",
        "then documents.unit_minor else 1 end as unit_minor",
        "then 1 else 1 end as unit_minor",
    ),
    Mutation(
        "L2: period end before its start",
        f"{LINES}/int_memo_lines.sql",
        "when {{ accounting_date('roles.period_end_at') }} > {{ accounting_date('roles.period_start_at') }}",
        "when true",
    ),
    Mutation(
        "C5: equal counts as more",
        "models/build/findings/int_findings_amounts.sql",
        "where credited_minor > invoice_total_minor",
        "where credited_minor >= invoice_total_minor",
    ),
    Mutation(
        "C6: a document that is not posted takes its part too",
        "models/build/documents/int_invoice_remaining.sql",
        "findings.document_id is null or coalesce(records.is_posted, false) as is_otherwise_ready",
        "true as is_otherwise_ready",
        histories=2000,
    ),
    Mutation(
        "B7: newest credit first",
        f"{BALANCE}/int_balance_credit_sources.sql",
        "case when amount_minor < 0 then 1 else 0 end order by chain_position rows",
        "case when amount_minor < 0 then 1 else 0 end order by chain_position desc rows",
    ),
    Mutation(
        "B6: rows of one second by id",
        f"{BALANCE}/int_balance_ledger.sql",
        "when chosen_paths.path is null then 0",
        "when true then 0",
    ),
    Mutation(
        "G1: the go-live day itself is before",
        "macros/dates/is_before_go_live.sql",
        "({{ local_date }} < cast(",
        "({{ local_date }} <= cast(",
        combination="override",
        histories=600,
    ),
    Mutation(
        "X4: locked months count as open",
        "models/parsed/netsuite/parsed_netsuite__accounting_periods.sql",
        "arlocked",
        "isinactive",
        combination="sparse",
    ),
    # The unit tests let these pass.
    Mutation(
        "S1: units that are missing are ranked over the whole document",
        "macros/money/split_amount.sql",
        "partition by {{ whole }} order by fraction desc",
        "partition by {{ group_by[0] }} order by fraction desc",
    ),
    Mutation(
        "S1: a negative whole keeps its signs",
        "macros/money/split_amount.sql",
        "* case when raw_weight_sum < 0 then -1 else 1 end as signed_weight",
        "as signed_weight",
        combination="gross",
        histories=1500,
    ),
    Mutation(
        "S1: ties go by kind before line",
        f"{LINES}/int_memo_components.sql",
        "'memo_minor', 'net_minor', ['line_position', 'kind_order',",
        "'memo_minor', 'net_minor', ['kind_order', 'line_position',",
        histories=3000,
    ),
    Mutation(
        "B4: uses in another currency make a leftover",
        f"{BALANCE}/int_balance_leftovers.sql",
        "partition by stripe_customer_id, currency order by chain_position"
        " rows between unbounded preceding and current row ) as used_so_far_minor",
        "partition by stripe_customer_id order by chain_position"
        " rows between unbounded preceding and current row) as used_so_far_minor",
        histories=3000,
    ),
    Mutation(
        "L6: a pretax credit that repeats a discount is taken off again",
        "macros/stripe/stripe_document_amounts.sql",
        "entry.type = 'credit_balance_transaction' and",
        "",
    ),
    Mutation(
        "R4: a canceled refund settled by hand is refunded too",
        "models/build/credit_notes/int_refund_links.sql",
        "in ('failed', 'canceled')",
        "in ('failed')",
        histories=1200,
    ),
)


def plant(mutation: Mutation, project: Path) -> None:
    """Put the bug into a copy of the project.

    Raises:
        ValueError: the project no longer holds the text that the bug replaces.
    """
    file = project / mutation.file
    text = file.read_text()
    pattern = r"\s+".join(re.escape(word) for word in mutation.good.split())  # however it is wrapped
    changed = re.sub(pattern, lambda _: mutation.bad, text)
    if changed == text:
        raise ValueError(f"{mutation.file} no longer holds {mutation.good!r}: put the bug '{mutation.name}' in anew")
    file.write_text(changed)


def combination_of(mutation: Mutation) -> Combination:
    return next(c for c in COMBINATIONS if c.name == mutation.combination)


def seen(mutation: Mutation, folder: Path, seed: int = SEED) -> list[Difference]:
    """Differences the property test finds in a project with this bug."""
    combination = combination_of(mutation)
    world = make(combination, ((number, dice_for(seed, combination, number)) for number in range(mutation.histories)))
    project = project_with_mappings(folder, mapping_texts(world))
    plant(mutation, project)
    marts = run_models(world, folder, combination, project=project, tests=False)
    return [d for d in compare(world, combination, marts) if not is_open_question(d)]


def failed_tests(kind: str, project: Path, warehouse: Path, variables: Mapping[str, Any] | None = None) -> list[str]:
    """What dbt says of each failed test; empty when all pass."""
    command = ["test", "--select", f"test_type:{kind}", "--log-level", "none"]
    try:
        run_dbt(command, project, warehouse, variables=variables)
    except BuildFailed as failure:
        return re.findall(r"^(?:unit_)?test\..*", str(failure), re.MULTILINE) or [str(failure)]
    return []


def evidence(mutation: Mutation, empty: EmptyWorld, folder: Path) -> tuple[bool, str]:
    """Whether the property test sees the bug, and its row of the table."""
    project = shutil.copytree(empty.project, folder / "unit_tests", ignore=shutil.ignore_patterns("target", "logs"))
    plant(mutation, project)
    unit = failed_tests("unit", project, empty.warehouse)
    differences = seen(mutation, folder)
    data = failed_tests("data", folder / "dbt_project", folder / "warehouse.duckdb", combination_of(mutation).variables)
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
