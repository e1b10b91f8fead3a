"""The demo company: every rule has a scenario, both systems agree where they should, time moves on, and the world is
the same every time.
"""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox import demo
from sandbox.demo import netsuite
from sandbox.demo.business import REGULARS
from sandbox.demo.scenarios import SCENARIOS
from sandbox.demo.world import World
from sandbox.netsuite.books import Books
from sandbox.stripe.billing import REVERSAL_OF, Billing
from tests.support import docs

SEEDS = Path(__file__).parents[2] / "dbt_project" / "seeds"

# Rules that the demo does not show: the push, records of the Stripe Connector and whose books these are (chapters P, K
# and I), what the default settings switch off, and what Stripe's objects show only when something is wrong.
CHAPTERS_WITHOUT_SCENARIO = ("P", "K", "I")
WITHOUT_SCENARIO = {"O4", "O5", "B8", "B9", "L5", "R6", "G1", "G2", "X6", "M2", "M3"}


@pytest.fixture(scope="module")
def state(tmp_path_factory) -> Path:
    directory = tmp_path_factory.mktemp("demo")
    demo.build(directory)
    return directory


@pytest.fixture(scope="module")
def billing(state) -> Billing:
    return Billing.load(state / "stripe.json")


@pytest.fixture(scope="module")
def books(state):
    opened = demo.open_state(state)[1]
    yield opened
    opened.close()


def test_every_rule_has_a_scenario():
    covered = {rule for scenario in SCENARIOS.values() for rule in scenario.rules}
    wanted = {rule for rule in docs.rules() if not rule.startswith(CHAPTERS_WITHOUT_SCENARIO)} - WITHOUT_SCENARIO
    assert wanted - covered == set(), (
        "give these rules a scenario in sandbox/demo/scenarios, or say in WITHOUT_SCENARIO that they have none"
    )
    assert covered <= docs.rules().keys(), "these rules have no heading in docs/rules"
    assert WITHOUT_SCENARIO & covered == set(), "these rules have a scenario now: take them out of WITHOUT_SCENARIO"


def test_the_company_has_its_documented_size(billing):
    assert len(billing.objects("customers")) == 60
    assert 300 <= len(billing.objects("invoices")) <= 340


def test_every_document_of_a_scenario_exists_once(billing):
    named = [document for scenario in SCENARIOS.values() for document in scenario.outcomes]
    assert len(named) == len(set(named))
    for document in named:
        kind = "credit_notes" if document.startswith("cn_") else "invoices"
        assert document.removesuffix("_balance") in billing.objects(kind), document


def test_documents_of_later_outcomes_exist_a_month_later(tmp_path):
    demo.build(tmp_path)
    demo.advance(tmp_path)
    after = Billing.load(tmp_path / "stripe.json")
    for document in {document for scenario in SCENARIOS.values() for document in scenario.later_outcomes}:
        kind = "credit_notes" if document.startswith("cn_") else "invoices"
        assert document.removesuffix("_balance") in after.objects(kind), document


def test_every_credit_document_of_a_scenarios_customer_is_named(billing):
    """A scenario has an outcome for each of its documents."""
    named = {document for scenario in SCENARIOS.values() for document in scenario.outcomes}
    regulars = {f"cus_{name}" for name in REGULARS}
    found = {id for id, note in billing.objects("credit_notes").items() if note["customer"] not in regulars}
    for row in billing.objects("customer_balance_transactions").values():
        used = row["type"] in REVERSAL_OF and row["invoice"] and row["customer"] not in regulars
        if used and billing.get("invoices", row["invoice"])["total"] >= 0:
            found.add(f"{row['invoice']}_balance")
    found |= {id for id, invoice in billing.objects("invoices").items() if invoice["total"] < 0}
    assert found - named == set()


def test_stripe_side_adds_up_except_for_tampered_objects(billing):
    billing.check()


def test_netsuite_has_the_invoices_that_it_should_have(billing, books):
    existing = {transaction.external_id for transaction in books.transactions("CustInvc")}
    for id, invoice in billing.objects("invoices").items():
        expected = invoice["status"] in ("open", "paid", "uncollectible") and invoice["total"] >= 0
        expected = expected and not netsuite.ABSENT & {id, invoice["customer"]}
        expected = (expected and id not in netsuite.WITHOUT_EXTERNAL_ID) or id in netsuite.ZERO_INVOICES_BY_HAND
        assert (id in existing) == expected, id


def test_netsuite_leaves_open_the_amount_that_memos_settle(billing, books):
    """Open on a paid invoice = pre-payment credit notes + balance used + the amount that Stripe carried over."""
    for transaction in books.transactions("CustInvc"):
        invoice = billing.objects("invoices").get(transaction.external_id or "in_MappedBySeed")
        special = {
            "in_UseOutside",
            "in_TooLow",
            *netsuite.ZERO_INVOICES_BY_HAND,
            *netsuite.IN_CURRENCY,
        }
        if invoice["status"] != "paid" or invoice["id"] in special:
            continue
        rows = billing.owned(invoice["id"], "customer_balance_transactions")
        use = sum(row["amount"] for row in rows if row["type"] not in ("credit_note", "invoice_overpaid"))
        expected = max(0, invoice["pre_payment_credit_notes_amount"] + use)
        assert books.open_amount(transaction) == netsuite.major_unit(expected, invoice["currency"]), invoice["id"]
        assert transaction.total == netsuite.major_unit(invoice["total"], invoice["currency"])


def test_mapping_files_name_existing_records(billing, books):
    def rows(name):
        with (SEEDS / f"{name}.csv").open() as file:
            return list(csv.DictReader(file))

    items = {row["id"] for row in books.rows("item") if row["isinactive"] == "F"}
    roles = {row["role"]: row["netsuite_item_id"] for row in rows("default_items")}
    assert len(roles) == 8 and set(roles.values()) <= items
    assert {row["netsuite_item_id"] for row in (*rows("item_map"), *rows("tax_map"))} <= items
    stripe_ids = {id for kind in ("products", "prices", "coupons") for id in billing.objects(kind)}
    assert {row["stripe_id"] for row in rows("item_map")} <= stripe_ids
    assert {row["stripe_tax_rate_id"] for row in rows("tax_map")} <= set(billing.objects("tax_rates"))
    assert {row["netsuite_account_id"] for row in rows("account_map")} <= {row["id"] for row in books.rows("account")}
    assert all(books.row("customer", row["netsuite_customer_id"]) for row in rows("customer_map"))
    [mapped] = rows("invoice_map")
    transaction = books.transaction(mapped["netsuite_invoice_id"])
    assert transaction.memo == f"Stripe: {mapped['stripe_invoice_id']}." and transaction.external_id is None
    assert {row["document_id"] for row in rows("manual_decisions")} <= set(billing.objects("credit_notes"))
    custom = {row["netsuite_field"] for row in rows("field_map") if row["netsuite_field"].startswith("cust")}
    assert custom <= set(netsuite.CUSTOM_FIELDS)


@pytest.mark.parametrize("hash_seed", ["0", "3"])  # two orders of a set of two refund ids
def test_the_world_is_the_same_in_every_process_and_replaces_an_incomplete_one(state, tmp_path, hash_seed):
    (tmp_path / "netsuite.sqlite").write_bytes(b"half a file")
    build = "import pathlib, sys; from sandbox import demo; demo.build(pathlib.Path(sys.argv[1]))"
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", build, str(tmp_path)], cwd=root, env=environment, check=True)
    assert (tmp_path / "stripe.json").read_bytes() == (state / "stripe.json").read_bytes()
    first, second = demo.open_state(state)[1], demo.open_state(tmp_path)[1]
    assert _summary(first) == _summary(second)


def _summary(books: Books) -> list[tuple]:
    return [(t.id, t.type, t.external_id, t.total, t.tran_date, dict(t.applications)) for t in books.transactions()]


def test_a_month_later(tmp_path):
    demo.build(tmp_path)
    before = Billing.load(tmp_path / "stripe.json")
    assert demo.advance(tmp_path).date().isoformat() == "2026-08-01"
    after, books = Billing.load(tmp_path / "stripe.json"), demo.open_state(tmp_path)[1]
    after.check()
    assert not [id for id in before.objects("invoices") if after.get("invoices", id)["status"] in ("draft", "open")]
    assert after.get("refunds", "re_RefundPending")["status"] == "succeeded"
    assert after.get("refunds", "re_FailsLater")["status"] == "failed"
    new_notes = [note for id, note in after.objects("credit_notes").items() if id not in before.objects("credit_notes")]
    assert len(new_notes) >= 2
    used = [
        row
        for id, row in after.objects("customer_balance_transactions").items()
        if id not in before.objects("customer_balance_transactions") and row["type"] == "applied_to_invoice"
    ]
    assert len(used) >= 3
    existing = {transaction.external_id for transaction in books.transactions()}
    assert {id for id in after.objects("invoices") if id not in before.objects("invoices")} <= existing
    for _ in range(3):
        demo.advance(tmp_path)
    Billing.load(tmp_path / "stripe.json").check()


def test_advance_runs_again_after_a_kill_before_the_last_write(tmp_path, monkeypatch):
    demo.build(tmp_path)
    with monkeypatch.context() as killed:
        killed.setattr(Billing, "save", lambda self, path: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            demo.advance(tmp_path)
    demo.advance(tmp_path)
    billing, books = Billing.load(tmp_path / "stripe.json"), demo.open_state(tmp_path)[1]
    external_ids = [transaction.external_id for transaction in books.transactions() if transaction.external_id]
    assert len(external_ids) == len(set(external_ids))
    assert {id for id, invoice in billing.objects("invoices").items() if id.endswith("202607")} <= set(external_ids)


def test_the_world_has_personal_data_so_that_tests_can_check_their_removal(billing):
    assert all(
        "@" in customer["email"] and customer["address"]["line1"] for customer in billing.objects("customers").values()
    )
    assert all(charge["billing_details"]["name"] for charge in billing.objects("charges").values())


def test_world_uses_stripe_ids():
    world = World(Billing())
    assert world.customer("Ann") == "cus_Ann" == world.customer("Ann")
