"""Bugs put into a copy of the dbt project; the property test must see each of them.

python -m tests.property.mutations            all of them, with what was seen
python -m tests.property.mutations <name>...  some
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.property.checks import (
    COMBINATIONS,
    Difference,
    compare,
    dice_for,
    is_open_question,
    make,
    mapping_texts,
    run_models,
)
from tests.support.warehouse import project_with_mappings


@dataclass(frozen=True)
class Mutation:
    name: str
    file: str  # in dbt_project/
    good: str
    bad: str
    combination: str = "default"
    histories: int = 300


LINES, BALANCE = "models/intermediate/lines", "models/intermediate/balance"

WHOLE = "document_type = 'credit_note' and memo_minor = document_minor and unit_minor = 1"

MUTATIONS = (
    Mutation(
        "S1: floor becomes truncation",
        "macros/arithmetic.sql",
        "- case when (({{ numerator }}) % ({{ denominator }})) < 0 then 1 else 0 end)",
        ")",
    ),
    Mutation(
        "S1: ties to the later component",
        "macros/split_amount.sql",
        "order by fraction desc, {{ order_by | join(', ') }})",
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
        "or use_positions.ending_balance_minor < 0 as is_leftover",
        "as is_leftover",
    ),
    Mutation(
        "B4: leftover ignores what was given back",
        f"{BALANCE}/int_balance_leftovers.sql",
        "_canceled') and ledger.amount_minor < 0 then ledger.amount_minor",
        "_canceled') and ledger.amount_minor < 0 then 0",
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
        "models/intermediate/findings/int_findings_amounts.sql",
        "where credited_minor > invoice_total_minor",
        "where credited_minor >= invoice_total_minor",
    ),
    Mutation(
        "C6: a document that is not posted takes its part too",
        "models/intermediate/documents/int_invoice_remaining.sql",
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
        "macros/dates.sql",
        "({{ local_date }} < cast(",
        "({{ local_date }} <= cast(",
        combination="override",
        histories=600,
    ),
    Mutation(
        "X4: locked months count as open",
        "models/staging/netsuite/stg_netsuite__accounting_periods.sql",
        "arlocked",
        "isinactive",
        combination="sparse",
    ),
)


def seen(mutation: Mutation, folder: Path, seed: int = 7) -> list[Difference]:
    """Differences the property test finds in a project with this bug.

    Raises:
        ValueError: the project no longer holds the text that the bug replaces.
    """
    combination = next(c for c in COMBINATIONS if c.name == mutation.combination)
    world = make(
        combination, ((number, dice_for(seed, combination, number)) for number in range(mutation.histories))
    )
    project = project_with_mappings(folder, mapping_texts(world))
    file = project / mutation.file
    text = file.read_text()
    pattern = r"\s+".join(re.escape(word) for word in mutation.good.split())  # however it is wrapped
    if not re.search(pattern, text):
        raise ValueError(
            f"{mutation.file} no longer holds {mutation.good!r}: put the bug '{mutation.name}' in anew"
        )
    file.write_text(re.sub(pattern, lambda _: mutation.bad, text))
    marts = run_models(world, folder, combination, project=project, tests=False)
    return [d for d in compare(world, combination, marts) if not is_open_question(d)]


def main(names: list[str]) -> int:
    missed = 0
    for mutation in MUTATIONS:
        if names and not any(name in mutation.name for name in names):
            continue
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            differences = seen(mutation, Path(folder))
        missed += not differences
        kinds = sorted({d.what for d in differences})
        verdict = (
            f"caught: {len(differences)} differences in {', '.join(kinds)}" if differences else "NOT CAUGHT"
        )
        print(
            f"{mutation.name} [{mutation.combination}, {mutation.histories}]: {verdict}"
            f" ({time.monotonic() - started:.0f} s)",
            flush=True,
        )
    return missed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
