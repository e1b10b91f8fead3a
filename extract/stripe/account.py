"""Which Stripe account a key belongs to (rule I1)."""

from __future__ import annotations

import logging
from typing import Any

from extract.errors import Inconsistent, StripeRefused
from extract.stripe.api import StripeClient
from settings import Settings
from warehouse.connection import WarehouseLocked, open_warehouse
from warehouse.ownership import Books, require_books

log = logging.getLogger(__name__)

ACCOUNT = "/v1/account"
NOT_READABLE = (403, 404)  # the key lacks the permission; a stand-in does not know the path


def ask_account(client: StripeClient) -> str | None:
    """The id of the key's account, such as `acct_1`; None if the key may not read it.

    The first request of an extract, so a wrong key or clock stops it here. Raises StripeError, ClockWrong, WrongBooks.
    """
    try:
        return str(client.get(ACCOUNT, {}, _check_account).body["id"])
    except StripeRefused as refused:
        if refused.status not in NOT_READABLE:
            raise
        log.info("the key may not read its account: %s", refused)
        return None


def _check_account(body: Any) -> None:
    if not isinstance(body, dict) or body.get("object") != "account" or not isinstance(body.get("id"), str):
        raise Inconsistent("the answer is not an account with an id")


def require_own_account(settings: Settings) -> None:
    """Raise WrongBooks if the warehouse belongs to another Stripe account than the key. For `make doctor`, which runs
    beside other commands: a warehouse in use is not asked, and an error of Stripe is left to its checks."""
    if settings.stripe_api_key is None or not settings.warehouse_path.exists():
        return
    client = StripeClient(settings.stripe_api_base, settings.stripe_api_key.get_secret_value(), attempts=1)
    try:
        account = ask_account(client)
        with open_warehouse(settings.warehouse_path) as connection:
            require_books(connection, settings.warehouse_path, Books(stripe_account=account))
    except (StripeRefused, WarehouseLocked) as error:
        log.warning("to which Stripe account the warehouse belongs was not checked: %s", error)
