"""Addresses of objects in Stripe's dashboard and of records in NetSuite's pages."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

NETSUITE_PAGES = {
    "creditMemo": "custcred",
    "invoice": "custinvc",
    "customerRefund": "custrfnd",
    "journalEntry": "journal",
}
"""NetSuite record type → its page under /app/accounting/transactions."""

STRIPE_PAGES = {"credit_note": "credit_notes", "invoice": "invoices", "customer": "customers"}
"""Type of a Stripe object → its page in the dashboard. Refunds and ledger rows have no page of their own."""


@dataclass(frozen=True)
class Links:
    """The accounts whose pages are linked. None: no page is known, as in the sandbox.

    netsuite_account: as `1234567_SB1` · stripe_is_live: the mode of the Stripe account.
    """

    netsuite_account: str | None = None
    stripe_is_live: bool | None = None

    def netsuite(self, record_type: str, internal_id: str | None) -> str | None:
        """The page of a NetSuite record; None where there is none."""
        page = NETSUITE_PAGES.get(record_type)
        if not (self.netsuite_account and internal_id and page):
            return None
        host = f"{self.netsuite_account.lower().replace('_', '-')}.app.netsuite.com"
        return f"https://{host}/app/accounting/transactions/{page}.nl?id={quote(internal_id, safe='')}"

    def stripe(self, object_type: str, stripe_id: str) -> str | None:
        """The page of a Stripe object; None where there is none."""
        page = STRIPE_PAGES.get(object_type)
        if self.stripe_is_live is None or page is None:
            return None
        mode = "" if self.stripe_is_live else "test/"
        return f"https://dashboard.stripe.com/{mode}{page}/{quote(stripe_id, safe='')}"
