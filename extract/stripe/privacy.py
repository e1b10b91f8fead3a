"""The fields that are removed from Stripe's objects before they are stored anywhere.

No rule of the pipeline needs to know who a customer is: an id, a mapping or metadata finds the NetSuite customer. So
names, addresses, e-mails, phone numbers, tax ids, payment-method details and the hosted pages that show them never
reach the warehouse, its history, or a report.

`metadata` stays complete, because mapping rules read it (`field_map`, `netsuite_*`). A company decides what it writes
there.
"""

from __future__ import annotations

# Field names by the `object` that has them; "*" = any object. `name` or `description` tells about a person on a
# customer, but about a thing on a product, price, coupon or line, which keep it.
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
            # ---------- payment methods
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
            # ---------- where messages go, and pages that show all of the above
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
