"""The Stripe stand-in over HTTP: paging, filters, expansion, errors, limits, faults."""

import pytest
import requests
import stripe

from sandbox.stripe import server as stand_in
from sandbox.stripe.billing import Billing, CreditLine, Line, RefundPart
from sandbox.stripe.server import Fault
from sandbox.stripe.shapes import API_VERSION


@pytest.fixture(scope="module")
def billing() -> Billing:
    """23 invoices, the last with 12 discounted lines and a credit note on all of them; one customer on a
    test clock.
    """
    billing = Billing(now=1_000_000_000, tick=10)
    customer = billing.create_customer(id="cus_A", currency="usd", email="a@example.com")
    billing.create_customer(id="cus_clock", test_clock="clock_1")
    billing.create_customer(id="cus_gone")
    billing.delete_customer("cus_gone")
    for _ in range(22):
        billing.pay(billing.invoice(customer, [Line(1000)]))
    half = billing.create_coupon(percent_off=50)
    big = billing.invoice(customer, [Line(100, discounts=[half]) for _ in range(12)], id="in_big")
    billing.pay(big)
    lines = [CreditLine(row["id"], amount=100) for row in billing.get("invoices", big)["lines"]["data"]]
    billing.credit_note(big, lines=lines, credit=100, refunds=[RefundPart(500)], id="cn_big")
    billing.payout("usd", id="po_1")
    return billing


@pytest.fixture(scope="module")
def shared(billing):
    running = stand_in.start(billing, endpoint_rate=None, total_rate=None)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def get(shared):
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {shared.api_key}"
    return lambda path, **params: session.get(shared.url + path, params=params)


def ids(answer) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json()["data"]]


def test_lists_are_newest_first_ten_at_a_time(billing, get):
    newest = list(billing.objects("invoices"))[::-1]
    seen, cursor = [], {}
    while True:
        answer = get("/v1/invoices", **cursor)
        seen += ids(answer)
        if not answer.json()["has_more"]:
            break
        cursor = {"starting_after": seen[-1]}
    assert seen == newest
    assert ids(get("/v1/invoices", ending_before=newest[5], limit=3)) == newest[2:5]


def test_the_stripe_package_pages_through(shared):
    client = stripe.StripeClient(shared.api_key, base_addresses={"api": shared.url})
    assert len(list(client.v1.invoices.list(params={"limit": 4}).auto_paging_iter())) == 23
    assert len(list(client.v1.credit_notes.retrieve("cn_big").lines.auto_paging_iter())) == 12
    with pytest.raises(stripe.InvalidRequestError) as missing:
        client.v1.refunds.retrieve("re_none")
    assert (missing.value.http_status, missing.value.code) == (404, "resource_missing")


def test_created_bounds_include_and_exclude(billing, get):
    moments = [row["created"] for row in billing.objects("invoices").values()]
    low, high = moments[3], moments[7]
    for name, expected in (("gte", 20), ("gt", 19), ("lte", 4), ("lt", 3)):
        assert len(ids(get("/v1/invoices", limit=100, **{f"created[{name}]": low}))) == expected, name
    assert len(ids(get("/v1/invoices", **{"created[gt]": low, "created[lte]": high}))) == 4
    assert len(ids(get("/v1/invoices", created=low))) == 1


FILTERS = [
    ("/v1/credit_notes", {"invoice": "in_big"}, 1),
    ("/v1/credit_notes", {"customer": "cus_B"}, 0),
    ("/v1/invoices", {"status": "paid", "limit": 100}, 23),
    ("/v1/invoices", {"status": "open"}, 0),
    ("/v1/invoice_payments", {"invoice": "in_big", "status": "paid"}, 1),
    ("/v1/invoice_payments", {"payment[type]": "payment_record"}, 0),
    ("/v1/events", {"types[]": ["credit_note.created", "customer.deleted"]}, 2),
    ("/v1/events", {"type": "credit_note.*"}, 1),
    ("/v1/balance_transactions", {"payout": "po_1", "limit": 100}, 25),
    ("/v1/balance_transactions", {"type": "refund"}, 1),
    ("/v1/customers", {}, 1),
    ("/v1/customers", {"test_clock": "clock_1"}, 1),
    ("/v1/customers/cus_A/balance_transactions", {}, 1),
    ("/v1/customers/cus_A/balance_transactions", {"invoice": "in_big"}, 0),
    ("/v1/credit_notes/cn_big/lines", {"limit": 100}, 12),
    ("/v1/refunds", {}, 1),
    ("/v1/payouts", {"arrival_date[gt]": "1"}, 1),
]


@pytest.mark.parametrize("path, params, count", FILTERS)
def test_filters(get, path, params, count):
    assert len(ids(get(path, **params))) == count


def test_nested_lines_show_ten_and_their_endpoint_the_rest(get):
    note = get("/v1/credit_notes").json()["data"][0]
    assert len(note["lines"]["data"]) == 10 and note["lines"]["has_more"] and note["lines"]["total_count"] == 12
    assert note["lines"]["url"] == "/v1/credit_notes/cn_big/lines"
    first = ids(get(note["lines"]["url"]))
    rest = ids(get(note["lines"]["url"], starting_after=first[-1]))
    assert len(first) == 10 and len(rest) == 2
    assert first == [line["id"] for line in note["lines"]["data"]]


def test_expansion(get):
    plain = get("/v1/credit_notes/cn_big").json()
    assert plain["customer_balance_transaction"].startswith("cbtxn_")
    assert plain["discount_amounts"][0]["discount"].startswith("di_")
    paths = [
        "customer_balance_transaction",
        "discount_amounts.discount",
        "invoice.customer",
        "refunds.refund",
    ]
    note = get("/v1/credit_notes/cn_big", **{"expand[]": paths}).json()
    assert note["customer_balance_transaction"]["amount"] == -100
    assert note["discount_amounts"][0]["discount"]["source"]["coupon"].startswith("coupon_")
    assert note["invoice"]["customer"]["id"] == "cus_A" and note["refunds"][0]["refund"]["amount"] == 500
    paths = [
        "data.total_discount_amounts.discount",
        "data.lines.data.discounts",
        "data.payments",
        "data.shipping_cost.taxes",
    ]
    invoice = get("/v1/invoices", **{"expand[]": paths}).json()["data"][0]
    assert invoice["total_discount_amounts"][0]["discount"]["object"] == "discount"
    assert invoice["lines"]["data"][0]["discounts"][0]["object"] == "discount"
    assert invoice["payments"]["data"][0]["object"] == "invoice_payment"
    assert "payments" not in get("/v1/invoices").json()["data"][0]
    assert get("/v1/invoices", **{"expand[]": "customer"}).status_code == 400
    assert get("/v1/invoices", **{"expand[]": "data.total"}).status_code == 400


def test_deleted_customer_is_a_stub(get):
    assert get("/v1/customers/cus_gone").json() == {"id": "cus_gone", "object": "customer", "deleted": True}


ERRORS = [
    ("/v1/credit_notes/cn_none", {}, {}, 404, "resource_missing"),
    ("/v1/credit_notes", {"starting_after": "cn_none"}, {}, 400, "resource_missing"),
    ("/v1/credit_notes", {"status": "issued"}, {}, 400, "parameter_unknown"),
    ("/v1/credit_notes", {"limit": "101"}, {}, 400, None),
    ("/v1/credit_notes", {"created[gte]": "now"}, {}, 400, "parameter_invalid_integer"),
    ("/v1/customer_balance_transactions", {}, {}, 404, None),
    ("/v1/unicorns", {}, {}, 404, None),
    ("/v1/refunds", {}, {"Authorization": ""}, 401, None),
    ("/v1/refunds", {}, {"Authorization": "Bearer wrong"}, 401, None),
    ("/v1/refunds", {}, {"Stripe-Version": "2999-01-01.unicorn"}, 400, None),
]


@pytest.mark.parametrize("path, params, headers, status, code", ERRORS)
def test_errors_have_stripes_body(shared, path, params, headers, status, code):
    headers = {"Authorization": f"Bearer {shared.api_key}"} | headers
    answer = requests.get(shared.url + path, params=params, headers=headers)
    assert (answer.status_code, answer.json()["error"].get("code")) == (status, code)
    assert answer.json()["error"]["type"] == "invalid_request_error" and answer.headers["Request-Id"]


def test_version_is_echoed_and_writes_are_not_possible(shared, get):
    assert get("/v1/refunds").headers["Stripe-Version"] == API_VERSION
    assert requests.post(shared.url + "/v1/refunds", data={"amount": 1}).status_code == 404


@pytest.mark.parametrize("rates, reason", [((3, None), "endpoint-rate"), ((None, 3), "global-rate")])
def test_too_many_requests(billing, rates, reason):
    running = stand_in.start(billing, endpoint_rate=rates[0], total_rate=rates[1])
    headers = {"Authorization": f"Bearer {running.api_key}"}
    answers = [requests.get(running.url + "/v1/refunds", headers=headers) for _ in range(5)]
    running.stop()
    assert answers[0].status_code == 200 and answers[-1].status_code == 429
    assert answers[-1].headers["Stripe-Rate-Limited-Reason"] == reason


def test_faults_happen_the_given_number_of_times(billing):
    faults = [
        Fault("/v1/refunds", 500, times=2),
        Fault("/v1/payouts", 403, times=None),
        Fault("/v1/prices", 200, cut=True),
        Fault("/v1/coupons", 0),
        Fault("/v1/events", 429, skip=1),
    ]
    running = stand_in.start(billing, faults=faults)
    headers = {"Authorization": f"Bearer {running.api_key}"}

    def status(path):
        return requests.get(running.url + path, headers=headers).status_code

    assert [status("/v1/refunds") for _ in range(3)] == [500, 500, 200]
    assert [status("/v1/payouts") for _ in range(2)] == [403, 403]
    assert [status("/v1/events") for _ in range(3)] == [200, 429, 200]
    with pytest.raises(requests.exceptions.RequestException):
        status("/v1/prices")
    with pytest.raises(requests.exceptions.ConnectionError):
        status("/v1/coupons")
    running.stop()


def test_operations_show_at_once_and_a_changed_file_is_loaded_again(tmp_path, billing):
    copy = tmp_path / "stripe.json"
    billing.save(copy)
    running = stand_in.start(copy)
    headers = {"Authorization": f"Bearer {running.api_key}"}
    other = Billing.load(copy)
    other.create_product("New", id="prod_new")
    assert requests.get(running.url + "/v1/products/prod_new", headers=headers).status_code == 404
    other.save(copy)
    assert requests.get(running.url + "/v1/products/prod_new", headers=headers).status_code == 200
    running.stop()


def test_events_older_than_thirty_days_are_not_listed():
    billing = Billing()
    billing.create_product("Old")
    billing.move_to(billing.now + 31 * 86_400)
    billing.create_product("New")
    running = stand_in.start(billing)
    headers = {"Authorization": f"Bearer {running.api_key}"}
    assert len(ids(requests.get(running.url + "/v1/events", headers=headers))) == 1
    running.stop()
