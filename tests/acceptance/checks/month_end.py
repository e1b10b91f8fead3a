"""The month's figures tie out: each identity that the description of month_end_tie_out promises."""

from __future__ import annotations

from tests.acceptance.checks.state import State

IN_NETSUITE = "('posted', 'posted_in_another_month', 'blocked_in_netsuite')"

#: What is promised -> the months or currencies in which it does not hold.
IDENTITIES = {
    "stripe = became, per month and document type": """
        select accounting_month, currency, document_type
        from marts.month_end_tie_out
        where line in ('stripe', 'became')
        group by all
        having sum(case line when 'stripe' then amount_minor else -amount_minor end) <> 0
    """,
    "became what is in NetSuite = dated, over all months": f"""
        select currency, document_type
        from marts.month_end_tie_out
        where line = 'dated' or line = 'became' and position in {IN_NETSUITE}
        group by all
        having sum(case line when 'dated' then amount_minor else -amount_minor end) <> 0
    """,
    "dated credit memos = netsuite, per month": """
        select accounting_month, currency
        from marts.month_end_tie_out
        where line in ('dated', 'netsuite') and record_type = 'creditMemo'
        group by all
        having sum(case line when 'dated' then amount_minor else -amount_minor end) <> 0
    """,
    "ledger = 0, per month and record type": """
        select accounting_month, currency, record_type
        from marts.month_end_tie_out
        where line = 'ledger'
        group by all
        having sum(amount_minor) <> 0
    """,
}


def check_month_end(state: State) -> None:
    for promised, question in IDENTITIES.items():
        for row in state.rows(question):
            state.note(f"month_end_tie_out: {promised}, but not of {row}")
