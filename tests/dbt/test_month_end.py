"""The identities of the month hold in odd worlds that are legal, and a wrong mart stops the build."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dbt.company import NOW, VARIABLES, Company
from tests.support import warehouse as testing


def with_posted_memos(*names: str) -> Company:
    """A note of each name, whose memo is posted and in NetSuite as it was meant, under the internal id 900, 901, ..."""
    company = Company()
    for table, ids in (("items", (200, 201, 202, 203, 301)), ("accounts", (21, 41, 42))):
        company.netsuite[table] = {str(id): {"id": str(id), "isinactive": "F"} for id in ids}
    for number, name in enumerate(names, start=900):
        company.full(name)
        company.journal.append(("creditMemo", f"cn_{name}", "created", str(number)))
        company.transaction(str(number), type="CustCred", externalid=f"cn_{name}", entity=f"N{name}",
                            trandate="2026-02-26", foreigntotal="-1.00", foreignamountunpaid="0")  # fmt: skip
    return company


def test_no_identity_breaks_over_what_others_did(tmp_path: Path) -> None:
    """Beside a memo as it was meant: one that a person changed in NetSuite, one that is gone there, ones that a person
    made of notes that contradict themselves, one whose note contradicts itself since, one in another month."""
    company = with_posted_memos("Plain", "Edited", "Gone", "Lines", "Parts", "Since", "Dated")
    company.netsuite["transactions"]["901"] |= {"foreigntotal": "-0.70"}
    del company.netsuite["transactions"]["902"]
    company.netsuite["transactions"]["906"] |= {"trandate": "2026-04-01"}
    company.stripe["credit_notes"]["cn_Lines"]["lines"]["data"][0]["amount"] = 99
    company.stripe["credit_notes"]["cn_Parts"]["pre_payment_amount"] = 70
    warehouse, project = tmp_path / "w.duckdb", tmp_path / "dbt_project"
    for _ in range(2):
        company.land(warehouse, project)
        testing.build(project, warehouse, variables=VARIABLES)
        company.stripe["credit_notes"]["cn_Since"] |= {"total": 120, "created": NOW + 1}
    lines = "select line, sum(amount_minor) as amount from marts.month_end_tie_out where {} group by line"
    amounts = {
        row["line"]: row["amount"] for row in testing.rows(warehouse, lines.format("record_type = 'creditMemo'"))
    }
    assert amounts["dated"] == amounts["netsuite"] and amounts["ledger"] != 0, "or the odd notes are not odd"
    all_lines = {row["line"]: row["amount"] for row in testing.rows(warehouse, lines.format("true"))}
    assert all_lines["stripe"] == all_lines["became"]


# What the macro says → what a slip makes of it, and what the build then says.
SLIPS = (
    (
        "'became' as line, position, accounting_month,",
        "'became' as line, position, cast('2026-01-01' as date) as accounting_month,",
        "in 2026-02-01 USD credit_note is 200 minor units in Stripe and became 0",
    ),
    (
        "memos.netsuite_account_id, null as netsuite_item_id, memos.amount_minor\n",
        "memos.netsuite_account_id, null as netsuite_item_id, memos.amount_minor - 1 as amount_minor\n",
        "in all months USD credit_note became 200 minor units in NetSuite, the dated records come to 198",
    ),
    (
        "where amount_minor <> found_minor",
        "where amount_minor < found_minor",
        "those found in NetSuite and what differs to 170",
    ),
    (
        "netsuite_account_id, null as netsuite_item_id, -amount_minor as amount_minor\n    from posted_memos",
        "netsuite_account_id, null as netsuite_item_id, amount_minor\n    from posted_memos",
        "in 2026-02-01 USD the ledger rows of record type creditMemo come to 400 minor units",
    ),
)


def test_a_wrong_mart_stops_the_build(tmp_path: Path) -> None:
    company = with_posted_memos("Plain", "Edited")
    company.netsuite["transactions"]["901"] |= {"foreigntotal": "-0.70"}
    warehouse, project = tmp_path / "w.duckdb", tmp_path / "dbt_project"
    company.land(warehouse, project)
    macro = project / "macros" / "month_end" / "month_end_tie_out.sql"
    text = macro.read_text()
    for right, wrong, _ in SLIPS:
        assert text.count(right) == 1
        text = text.replace(right, wrong)
    macro.write_text(text)
    with pytest.raises(testing.BuildFailed) as stopped:
        testing.build(project, warehouse, variables=VARIABLES)
    assert [message for *_, message in SLIPS if message not in str(stopped.value)] == []
