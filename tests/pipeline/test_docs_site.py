"""`make docs`: the site is made of what is published, also while another program has the warehouse open."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from pipeline import docs_site
from pipeline.docs_site import docs
from pipeline.exit_codes import DONE
from pipeline.stages import StageResults
from publish.reading import published_path
from settings import Settings
from tests.report.marts import with_marts
from tests.warehouse.test_waiting import reader


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where dbt writes, instead of the project's folder."""
    monkeypatch.setenv("DBT_TARGET_PATH", str(tmp_path / "target"))
    return tmp_path / "target"


def test_the_site_is_made_beside_a_run_and_disturbs_no_reader(
    site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(_env_file=None, warehouse_path=tmp_path / "w.duckdb")
    published = published_path(settings.warehouse_path)
    with duckdb.connect(published) as marts:
        with_marts(marts)
    before = published.read_bytes()
    with reader(settings.warehouse_path), reader(published):
        assert docs(settings, StageResults()) == DONE
    assert published.read_bytes() == before
    assert "docs: open dbt_project/target/static_index.html" in capsys.readouterr().out
    shown = json.loads((site / "catalog.json").read_text())["nodes"]["model.stripe_credit_to_netsuite.credit_outcomes"]
    assert shown["columns"]["amount_minor"]["type"] == "BIGINT"
    assert (site / "static_index.html").stat().st_size > 1_000_000


def test_without_a_warehouse_there_is_a_site_and_no_warehouse_is_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(docs_site, "run_dbt", lambda *_: [])
    path = tmp_path / "data" / "w.duckdb"
    assert docs(Settings(_env_file=None, warehouse_path=path), StageResults()) == DONE
    assert "no types of columns" in capsys.readouterr().out and not path.parent.exists()
