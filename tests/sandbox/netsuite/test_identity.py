"""Ids and references: external ids, record types in URLs, unknown and inactive references, unknown fields."""

import pytest

from sandbox.netsuite.errors import Refused
from tests.sandbox.netsuite.company import applied, apply, company, credit, line, refund, sale


def refusal(act, *arguments) -> Refused:
    with pytest.raises(Refused) as caught:
        act(*arguments)
    return caught.value


@pytest.mark.parametrize("second", [("creditMemo", credit(externalId="CN_a")), ("invoice", sale(externalId="cn_A"))])
def test_one_external_id_space_over_all_transactions_that_ignores_case(second):
    books = company()
    books.create("creditMemo", credit(externalId="cn_a"))
    refused = refusal(books.create, *second)
    assert (refused.status, refused.code) == (400, "USER_ERROR")
    assert refused.detail == "Error while accessing a resource. This record already exists."
    assert len(books.transactions()) == 1


def test_items_have_an_external_id_space_of_their_own():
    books = company()
    body = {
        "itemId": "New",
        "incomeAccount": "30",
        "subsidiary": {"items": [{"id": "1"}]},
        "externalId": "cn_a",
    }
    books.create("creditMemo", credit(externalId="cn_a"))
    id = books.create("serviceSaleItem", body)
    assert books.get("servicesaleitem", "eid:cn_a")["id"] == id
    refused = refusal(books.create, "serviceSaleItem", body | {"itemId": "Newer"})
    assert refused.detail == "Error while accessing a resource. This entity already exists."
    assert "already used" in refusal(books.create, "serviceSaleItem", body | {"externalId": "cn_b"}).detail


@pytest.mark.parametrize("missing", ["itemId", "incomeAccount", "subsidiary"])
def test_a_service_item_needs(missing):
    body = {"itemId": "New", "incomeAccount": "30", "subsidiary": {"items": [{"id": "1"}]}}
    del body[missing]
    assert "Please enter value(s) for" in refusal(company().create, "serviceSaleItem", body).detail


def test_a_deleted_record_frees_its_external_id_but_not_its_internal_id():
    books = company()
    first = books.create("creditMemo", credit(externalId="cn_a"))
    books.delete(first)
    assert int(books.create("creditMemo", credit(externalId="cn_a"))) > int(first)


@pytest.mark.parametrize(
    ("record_type", "id", "status", "code"),
    [
        ("invoice", "1", 400, "USER_ERROR"),  # a memo
        ("creditMemo", "99", 400, "USER_ERROR"),  # nothing
        ("invoice", "eid:cn_a", 400, "USER_ERROR"),  # a memo's external id
        ("creditMemo", "eid:cn_b", 404, "NONEXISTENT_ID"),
        ("creditMemo", "abc", 400, "INVALID_ID"),
        ("customer", "99", 404, "NONEXISTENT_ID"),
        ("serviceSaleItem", "99", 404, "NONEXISTENT_ID"),
        ("serviceSaleItem", "51", 404, "NONEXISTENT_ID"),  # a discount item
        ("vendorBill", "1", 404, "NONEXISTENT_RECORD_TYPE"),
    ],
)
def test_a_wrong_address_is_refused(record_type, id, status, code):
    books = company()
    books.create("creditMemo", credit(externalId="cn_a"))
    refused = refusal(books.get, record_type, id)
    assert (refused.status, refused.code) == (status, code)


def test_record_types_and_external_ids_in_addresses_ignore_case():
    books = company()
    id = books.create("CREDITMEMO", credit(externalId="cn_a"))
    assert books.get("creditmemo", "eid:CN_A")["id"] == id


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"entity": {"id": "9"}}, "entity"),
        ({"entity": "3"}, "entity"),  # inactive
        ({"account": "20"}, "account"),  # no A/R account
        ({"account": "99"}, "account"),
        ({"currency": "9"}, "currency"),
        ({"subsidiary": "9"}, "subsidiary"),
        ({"postingPeriod": "100"}, "postingPeriod"),  # a year
        ({"department": "9"}, "department"),
        ({"item": {"items": [line(item="99")]}}, "item.items[0].item"),
        ({"item": {"items": [line(), line(item="52")]}}, "item.items[1].item"),  # inactive
        ({"item": {"items": [line(item="53")]}}, "item.items[0].item"),  # other subsidiary
        ({"item": {"items": [line(taxCode="9")]}}, "item.items[0].taxCode"),
        ({"item": {"items": [line(amount=True)]}}, "item.items[0].amount"),
        ({"tranDate": "15/01/2026"}, "tranDate"),
        ({"autoApply": "maybe"}, "autoApply"),
        ({"custbody_class": {"id": "blue"}}, "custbody_class"),
    ],
)
def test_an_invalid_value_names_its_field(change, path):
    refused = refusal(company().create, "creditMemo", credit() | change)
    assert refused.path == path
    assert "You have entered an Invalid Field Value" in refused.detail


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (credit(subsidiary="2"), "Invalid subsidiary reference key 2 for entity 1."),
        (credit(entity="2", currency="2"), "Invalid currency reference key 2 for entity 2."),
        ({"tranDate": "2026-01-15"}, "Please enter value(s) for: Customer"),
        (credit({"quantity": 1, "amount": 1}), "Please enter value(s) for: Item"),
        (credit({"item": "50"}), "Please enter value(s) for: Amount"),
        (credit(memo="x" * 1000), "more than the maximum number ( 999 )"),
        (refund(account="31"), "Invalid Field Value 31"),
        (refund(account="32"), "The Foreign bank account cannot be used with the 1 subsidiary."),
        (refund(account=None), "Please enter value(s) for: Account"),
    ],
)
def test_other_refused_references(body, text):
    record_type = "customerRefund" if "customer" in body else "creditMemo"
    assert text in refusal(company().create, record_type, body).detail


@pytest.mark.parametrize("customer", [{"id": "1"}, {"id": 1}, "1", {"externalId": "CUS_1"}])
def test_a_reference_may_be_an_object_or_a_string(customer):
    books = company()
    assert books.get("creditMemo", books.create("creditMemo", credit(entity=customer)))["entity"]["id"] == "1"


def test_a_target_may_be_named_by_its_external_id():
    books = company()
    invoice = books.create("invoice", sale(externalId="in_1"))
    row = {"doc": {"externalId": "in_1"}, "apply": True, "amount": 1}
    memo = books.create("creditMemo", credit(**applied(row)))
    assert books.transaction(memo).applications == {int(invoice): 1}


def test_field_names_ignore_case():
    books = company()
    body = {"Entity": "1", "trandate": "2026-01-15", "AUTOAPPLY": False, "item": {"items": [line()]}}
    assert books.create("creditMemo", body)


def test_unknown_fields_are_dropped_or_refused():
    books = company()
    body = credit(line(custcol_unknown="x"), internalId="5", custbody_note="kept")
    written = books.write("creditMemo", body)
    assert written.dropped == ["internalId", "custcol_unknown"]
    assert books.get("creditMemo", written.id)["custbody_note"] == "kept"
    refused = refusal(books.write, "creditMemo", body, None, True)
    assert refused.path in ("internalId", "item.items[0].custcol_unknown")
    assert "Unknown field name" in refused.detail
    assert books.write("creditMemo", credit(line(custcol_from="2026-01-01"), custbody_class={"id": "7"}), None, True)


def test_custom_values_are_checked_by_kind():
    refused = refusal(company().create, "creditMemo", credit(line(custcol_from="soon")))
    assert refused.path == "item.items[0].custcol_from"


def test_a_refused_write_leaves_no_trace():
    books = company()
    before = books.create("invoice", sale())
    refusal(books.create, "creditMemo", credit(externalId="cn_a", **applied(apply(before, 1), apply("99", 1))))
    assert [t.id for t in books.transactions()] == [int(before)]
    assert books.create("creditMemo", credit(externalId="cn_a"))
