"""Blank objects in the shape of API 2026-10-28.endive: every field that Stripe sends, with its default value.

An operation copies a blank and fills in fields. The values here are shared: never change one in place.
"""

from typing import Any

Obj = dict[str, Any]

API_VERSION = "2026-10-28.endive"


def _blank(kind: str, nulls: str, **fields: Any) -> Obj:
    return {"object": kind} | dict.fromkeys(nulls.split()) | fields


CUSTOMER = _blank(
    "customer",
    "address business_name currency customer_account default_source description discount email "
    "individual_name name phone shipping test_clock",
    balance=0,
    delinquent=False,
    invoice_settings={
        "custom_fields": None,
        "default_payment_method": None,
        "footer": None,
        "rendering_options": None,
    },
    livemode=False,
    metadata={},
    next_invoice_sequence=1,
    preferred_locales=[],
    tax_exempt="none",
)

PRODUCT = _blank(
    "product",
    "default_price description package_dimensions shippable statement_descriptor tax_code tax_details unit_label url",
    active=True,
    images=[],
    livemode=False,
    marketing_features=[],
    metadata={},
    type="service",
)

PRICE = _blank(
    "price",
    "custom_unit_amount lookup_key nickname recurring tiers_mode transform_quantity",
    active=True,
    billing_scheme="per_unit",
    livemode=False,
    metadata={},
    tax_behavior="unspecified",
    type="one_time",
)

COUPON = _blank(
    "coupon",
    "amount_off currency duration_in_months max_redemptions name percent_off redeem_by",
    duration="once",
    livemode=False,
    metadata={},
    times_redeemed=0,
    valid=True,
)

TAX_RATE = _blank(
    "tax_rate",
    "country description flat_amount jurisdiction jurisdiction_level state tax_type",
    active=True,
    livemode=False,
    metadata={},
    rate_type="percentage",
)

DISCOUNT = _blank(
    "discount",
    "checkout_session customer customer_account end invoice invoice_item promotion_code subscription subscription_item",
)

INVOICE = _blank(
    "invoice",
    "account_tax_ids application automatically_finalizes_at custom_fields customer_account "
    "customer_address customer_email customer_name customer_phone customer_shipping "
    "default_payment_method default_source description due_date effective_at ending_balance footer "
    "from_invoice hosted_invoice_url invoice_pdf last_finalization_error latest_revision "
    "next_payment_attempt number on_behalf_of parent receipt_number rendering shipping_cost "
    "shipping_details statement_descriptor status_details test_clock threshold_reason "
    "webhooks_delivered_at",
    account_country="US",
    account_name="Demo Company",
    amount_overpaid=0,
    amount_paid=0,
    amount_paid_off_stripe=0,
    attempt_count=0,
    attempted=False,
    auto_advance=False,
    automatic_tax={
        "disabled_reason": None,
        "enabled": False,
        "liability": None,
        "provider": None,
        "status": None,
    },
    billing_reason="manual",
    collection_method="charge_automatically",
    customer_tax_exempt="none",
    customer_tax_ids=[],
    default_tax_rates=[],
    discounts=[],
    issuer={"type": "self"},
    livemode=False,
    metadata={},
    payment_settings={"default_mandate": None, "payment_method_options": None, "payment_method_types": None},
    post_payment_credit_notes_amount=0,
    pre_payment_credit_notes_amount=0,
    starting_balance=0,
    status="draft",
    status_transitions={
        "finalized_at": None,
        "marked_uncollectible_at": None,
        "paid_at": None,
        "voided_at": None,
    },
)

INVOICE_LINE = _blank("line_item", "pricing quantity subscription", discountable=True, livemode=False)

CREDIT_NOTE = _blank(
    "credit_note",
    "customer_account customer_balance_transaction memo out_of_band_amount reason shipping_cost voided_at",
    livemode=False,
    status="issued",
)

CREDIT_NOTE_LINE = _blank(
    "credit_note_line_item", "description quantity unit_amount unit_amount_decimal", livemode=False
)

CHECKOUT_SESSION = _blank(
    "checkout.session",
    "client_reference_id customer_account customer_details customer_email payment_intent recovered_from setup_intent "
    "subscription url",
    livemode=False,
    metadata={},
    mode="subscription",
    payment_status="paid",
    status="complete",
)

ACCOUNT = _blank(
    "account",
    "business_type",
    charges_enabled=True,
    country="US",
    default_currency="usd",
    details_submitted=True,
    metadata={},
    payouts_enabled=True,
    type="standard",
)  # it has no livemode

BALANCE_ROW = _blank(
    "customer_balance_transaction",
    "checkout_session credit_note customer_account description invoice",
    livemode=False,
    metadata={},
)

INVOICE_PAYMENT = _blank("invoice_payment", "amount_paid", livemode=False)

PAYMENT_INTENT = _blank(
    "payment_intent",
    "application application_fee_amount automatic_payment_methods canceled_at cancellation_reason "
    "customer_account description last_payment_error latest_charge next_action on_behalf_of "
    "payment_method payment_method_configuration_details processing receipt_email review "
    "setup_future_usage shipping source statement_descriptor statement_descriptor_suffix transfer_data "
    "transfer_group",
    amount_capturable=0,
    amount_received=0,
    capture_method="automatic",
    confirmation_method="automatic",
    livemode=False,
    metadata={},
    payment_method_options={},
    payment_method_types=["card"],
    status="requires_payment_method",
)

CHARGE = _blank(
    "charge",
    "application application_fee application_fee_amount calculated_statement_descriptor description "
    "failure_balance_transaction failure_code failure_message on_behalf_of receipt_email receipt_number "
    "receipt_url review shipping source_transfer statement_descriptor statement_descriptor_suffix "
    "transfer_data transfer_group",
    amount_refunded=0,
    captured=True,
    disputed=False,
    fraud_details={},
    livemode=False,
    metadata={},
    outcome={
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "approved_by_network",
        "reason": None,
        "risk_level": "normal",
        "seller_message": "Payment complete.",
        "type": "authorized",
    },
    paid=True,
    refunded=False,
    status="succeeded",
)

REFUND = _blank(
    "refund",
    "charge customer_account description failure_balance_transaction failure_reason instructions_email "
    "next_action payment_method pending_reason reason receipt_number source_transfer_reversal "
    "transfer_reversal",
    metadata={},
    destination_details={"type": "card", "card": {"reference_status": "pending", "type": "refund"}},
)

BALANCE_TRANSACTION = _blank(
    "balance_transaction", "description exchange_rate source", balance_type="payments", status="available"
)

PAYOUT = _blank(
    "payout",
    "application_fee application_fee_amount description failure_balance_transaction failure_code "
    "original_payout payout_method reversed_by statement_descriptor trace_id",
    automatic=True,
    destination="ba_demo",
    livemode=False,
    metadata={},
    method="standard",
    reconciliation_status="completed",
    source_type="card",
    status="paid",
    type="bank_account",
)

EVENT = _blank("event", "account context", api_version=API_VERSION, livemode=False, pending_webhooks=0)
