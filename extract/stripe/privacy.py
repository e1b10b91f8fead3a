"""What is removed from Stripe's objects before they are stored anywhere.

No rule of the pipeline needs to know who a customer is: NetSuite's customer is found by id, mapping or
metadata. So names, addresses, e-mails, phone numbers, tax ids, payment-method details and the hosted pages
that show them never reach the warehouse, its history, or a report.

`metadata` stays whole: mapping rules read it (`field_map`, `netsuite_*`). What a company writes there is
its own choice.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

# Field names by the `object` that carries them; "*" = wherever they stand. A name such as `name` or
# `description` means a person on a customer, but a thing on a product, price, coupon or line: these keep it.
PRIVATE_FIELDS: dict[str, frozenset[str]] = {
    "*": frozenset(
        {
            # ---------- who and where
            "address",
            "billing_details",
            "email",
            "phone",
            "shipping",
            "shipping_details",
            "ip_address",
            "business_name",
            "individual_name",
            "preferred_locales",
            # ---------- the customer as copied onto invoices
            "customer_address",
            "customer_details",
            "customer_email",
            "customer_name",
            "customer_phone",
            "customer_shipping",
            "customer_tax_ids",
            "customer_tax_location",
            # ---------- tax registrations
            "tax_id",
            "tax_ids",
            "tax_id_data",
            # ---------- how they pay
            "bank_account",
            "card",
            "cards",
            "fingerprint",
            "last4",
            "destination_details",
            "payment_method_data",
            "payment_method_details",
            "payment_method_options",
            "sources",
            # ---------- where they are written to, and pages that show all of the above
            "instructions_email",
            "next_action",
            "receipt_email",
            "receipt_number",
            "receipt_url",
            "hosted_invoice_url",
            "invoice_pdf",
            "pdf",
            # ---------- free text printed for the customer
            "custom_fields",
            "footer",
        }
    ),
    "customer": frozenset({"name", "description", "invoice_settings", "tax"}),
}

_ANYWHERE = PRIVATE_FIELDS["*"]
_decoder = msgspec.json.Decoder(float_hook=Decimal)  # numbers keep their digits: 8.8750 stays 8.8750
_encoder = msgspec.json.Encoder(decimal_format="number")


def decode(body: bytes) -> Any:
    """JSON to plain Python; fractions as `Decimal`. Raises `msgspec.DecodeError` on broken JSON."""
    return _decoder.decode(body)


def encode(value: object) -> str:
    """Plain Python to JSON text, key order and numbers as they came."""
    return _encoder.encode(value).decode()


def strip(value: Any) -> Any:
    """Remove `PRIVATE_FIELDS` from `value` in place, at any depth outside `metadata`, and return it."""
    if type(value) is dict:
        if not _ANYWHERE.isdisjoint(value):
            for name in _ANYWHERE.intersection(value):
                del value[name]
        own = PRIVATE_FIELDS.get(value.get("object"), ())  # type: ignore[arg-type]
        for name in own:
            value.pop(name, None)
        for name, inner in value.items():
            if (type(inner) is dict or type(inner) is list) and name != "metadata":
                strip(inner)
    elif type(value) is list:
        for inner in value:
            if type(inner) is dict or type(inner) is list:
                strip(inner)
    return value
