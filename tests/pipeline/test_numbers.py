"""The document numbers of what a push posted are known when it ends; without them it ends just as well."""

from __future__ import annotations

import duckdb
import pytest

from extract.netsuite import record_names
from netsuite.errors import NoAnswer
from pipeline import stages
from pipeline.exit_codes import DONE
from pipeline.stages import StageResults
from tests.support.company import Company, company, no_long_pauses

__all__ = ["company", "no_long_pauses"]


def numbers(office: Company) -> list[tuple]:
    with office.warehouse() as warehouse:
        return warehouse.execute(
            "select record_kind, id, number, name from raw_netsuite.record_names order by id"
        ).fetchall()


def push(office: Company) -> int:
    office.release()
    settings = office.settings()
    settings.plan = None
    return stages.push(settings, StageResults(run_id="r1"))


def test_the_numbers_of_posted_records_are_known_at_once_and_asked_for_once(company: Company) -> None:
    company.want_memo("cn_1", "12.30", company.invoice)
    assert push(company) == DONE
    (memo,) = [found for found in company.books.transactions() if found.external_id == "cn_1"]
    assert numbers(company) == [("transaction", str(memo.id), f"CM{memo.id}", None)]
    with company.warehouse() as warehouse:
        assert record_names.posted_without_number(warehouse, "r1") == []


def test_a_role_that_is_shown_no_numbers_posts_all_the_same(company: Company) -> None:
    company.books.configure(hidden_columns=["transaction.tranid"])
    company.want_memo("cn_1", "12.30", company.invoice)
    assert push(company) == DONE
    assert numbers(company) == []


@pytest.mark.parametrize("error", [NoAnswer("no answer"), duckdb.IOException("the disk is full")])
def test_a_failure_changes_no_exit_code(
    company: Company, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(record_names, "store_numbers", fail)
    company.want_memo("cn_1", "12.30", company.invoice)
    assert push(company) == DONE
    assert "warning" not in caplog.text
