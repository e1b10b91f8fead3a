"""The scenarios of the demo company, by chapter. The rules are those of docs/rules."""

from __future__ import annotations

from sandbox.demo.scenario import Scenario
from sandbox.demo.scenarios import (
    credit_note_lines,
    credit_note_settlement,
    customer_balance,
    invoice_states,
    negative_invoices,
    netsuite_records,
    refunds,
    text_and_decisions,
)

# A scenario's place in this order decides when it starts (`history.first_half_year`).
CHAPTERS = (
    credit_note_settlement,
    invoice_states,
    netsuite_records,
    text_and_decisions,
    refunds,
    credit_note_lines,
    customer_balance,
    negative_invoices,
)
SCENARIOS = {
    value.name: value for chapter in CHAPTERS for value in vars(chapter).values() if isinstance(value, Scenario)
}
