"""No value about a person is stored, and nothing that a rule needs is lost."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from extract.stripe.cleaning import clean
from extract.stripe.json_codec import decode, encode
from extract.stripe.privacy import PRIVATE_FIELDS
from tests.extract.fake_stripe import FakeStripe, credit_note, customer, invoice, refund

ADDRESS = {"line1": "1 Hush Street", "city": "Hush", "postal_code": "HU5 H00"}
PERSONAL = {
    "name": "Hush Person",
    "email": "hush@example.org",
    "phone": "+1 HUSH",
    "address": ADDRESS,
    "shipping": {"name": "Hush", "address": ADDRESS, "phone": "HUSH"},
    "description": "Hush, met in Hush",
    "tax_ids": {"data": [{"id": "txi_1", "type": "eu_vat", "value": "HUSH123"}]},
    "tax": {"ip_address": "10.0.0.HUSH"},
    "invoice_settings": {"custom_fields": [{"name": "x", "value": "HUSH"}]},
    "sources": {"data": [{"last4": "HUSH"}]},
    "preferred_locales": ["HUSH"],
    "individual_name": "Hush",
    "business_name": "Hush GmbH",
}
INVOICED = {
    "customer_name": "Hush",
    "customer_email": "hush@example.org",
    "customer_phone": "HUSH",
    "footer": "HUSH",
    "customer_address": ADDRESS,
    "customer_shipping": {"address": ADDRESS},
    "custom_fields": [{"value": "HUSH"}],
    "customer_tax_ids": [{"value": "HUSH"}],
    "hosted_invoice_url": "https://i.example/HUSH",
    "invoice_pdf": "https://i.example/HUSH",
    "shipping_details": {"name": "Hush", "address": ADDRESS},
}
PAID = {
    "receipt_email": "hush@example.org",
    "receipt_url": "HUSH",
    "billing_details": {"name": "Hush"},
    "payment_method_details": {"card": {"last4": "HUSH"}},
    "card": {"fingerprint": "HUSH"},
    "destination_details": {"card": {"reference": "HUSH"}},
    "instructions_email": "hush@example.org",
    "next_action": {"display_details": {"email_sent": {"email_sent_to": "hush@example.org"}}},
}


def values(item: Any) -> Iterator[str]:
    if isinstance(item, dict):
        for inner in item.values():
            yield from values(inner)
    elif isinstance(item, list):
        for inner in item:
            yield from values(inner)
    else:
        yield str(item)


@pytest.mark.parametrize(
    "nested",
    [
        lambda item: item,
        lambda item: {"object": "invoice", "customer": item},
        lambda item: {"object": "list", "data": [{"object": "credit_note", "refunds": [{"refund": item}]}]},
        lambda item: {
            "object": "invoice",
            "lines": {"data": [{"object": "line_item", "deep": {"er": [[item]]}}]},
        },
    ],
)
@pytest.mark.parametrize(
    "item",
    [
        {"id": "cus_1", "object": "customer", **PERSONAL},
        {"id": "in_1", "object": "invoice", **INVOICED},
        {"id": "re_1", "object": "refund", **PAID},
        {"id": "cn_1", "object": "credit_note", "pdf": "https://i.example/HUSH"},
    ],
    ids=lambda item: item["object"],
)
def test_no_personal_value_survives_at_any_depth(item: dict[str, Any], nested: Callable[[Any], Any]) -> None:
    whole = nested(json.loads(json.dumps(item)))
    assert not [value for value in values(clean(whole)) if "hush" in value.lower()]
    assert item["id"] in list(values(whole))


def test_fields_that_rules_need_stay() -> None:
    kept = {
        "object": "invoice",
        "id": "in_1",
        "number": "A-1",
        "description": "as agreed",
        "account_name": "We",
        "metadata": {
            "email": "kept@company.example",
            "netsuite_invoice_id": "7",
            "name": "n",
            "address": "a",
        },
        "shipping_cost": {"amount_total": 5, "taxes": []},
        "amount_shipping": 5,
        "lines": {
            "data": [
                {
                    "object": "line_item",
                    "description": "Seat",
                    "period": {"start": 1, "end": 2},
                    "metadata": {"class": "9"},
                }
            ]
        },
        "total_discount_amounts": [
            {
                "amount": 1,
                "discount": {
                    "object": "discount",
                    "source": {
                        "type": "coupon",
                        "coupon": {"object": "coupon", "id": "co_1", "name": "Ten off"},
                    },
                },
            }
        ],
        "product": {"object": "product", "name": "Seat", "description": "A seat"},
        "price": {"object": "price", "nickname": "monthly"},
        "tax": {"object": "tax_rate", "display_name": "VAT", "description": "VAT", "country": "DE"},
        "payment": {"type": "charge", "charge": "ch_1"},
    }
    assert clean(json.loads(json.dumps(kept))) == kept


def test_json_keeps_numbers_and_texts() -> None:
    text = (
        b'{"percentage":8.8750,"tenth":1e-1,"big":123456789012345678901234567890,"amount":-5,'
        b'"at":"2026-01-02T03:04:05.000Z","uuid":"0B0F6C7E-0000-0000-0000-000000000001",'
        b'"decimal":"0010.50","none":null,"empty":"","words":"\xc3\xa9\\"\\\\ \\u0000"}'
    )
    out = encode(decode(text))
    assert out.replace(b"1E-1", b"1e-1").replace(b"0.1", b"1e-1") == text


def test_metadata_is_never_private() -> None:
    assert [name for name, fields in PRIVATE_FIELDS.items() if "metadata" in fields] == []


def test_nothing_personal_reaches_the_file(
    stripe: FakeStripe, read: Callable[..., Any], query: Callable[..., Any], settings: Any
) -> None:
    stripe.add("customers", customer("cus_1", **PERSONAL))
    stripe.add("invoices", invoice("in_1", **INVOICED))
    stripe.add("credit_notes", credit_note("cn_1", pdf="HUSH", refunds=[{"refund": "re_1"}]))
    stripe.add("refunds", refund("re_1", **PAID))
    read()
    for table in ("customers", "invoices", "credit_notes", "refunds"):
        ((payload,),) = query(f"select payload from raw_stripe.{table}")
        assert "hush" not in payload.lower() and "Ada" not in payload
    stored = b"".join(path.read_bytes() for path in settings.warehouse_path.parent.rglob("*") if path.is_file())
    assert b"hush@example.org" not in stored and settings.stripe_api_key.get_secret_value().encode() not in stored
