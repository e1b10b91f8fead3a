"""The first page of `make docs` leads to every mart and every exposure, and the site shows these first."""

from __future__ import annotations

import re

import pytest
import yaml

from tests.support import warehouse as testing

ROOT = testing.PROJECT.parent
MODELS = testing.PROJECT / "models"
OVERVIEW = (MODELS / "__overview.md").read_text()


READERS = {
    "report": [*sorted((ROOT / "report").glob("*.py")), ROOT / "pipeline" / "summary.py"],
    "trace": [ROOT / "report" / name for name in ("find.py", "trace.py")],
    "analysts": sorted((ROOT / "docs").glob("*.md")),
}
"""Exposure → the files that read marts for it."""


def linked(kind: str) -> list[str]:
    return re.findall(rf"\(#!/{kind}/{kind}\.stripe_credit_to_netsuite\.(\w+)\)", OVERVIEW)


def test_the_overview_leads_to_every_mart() -> None:
    assert sorted(linked("model")) == sorted(path.stem for path in (MODELS / "marts").glob("*.sql"))


def test_the_overview_leads_to_every_exposure() -> None:
    exposures = yaml.safe_load((MODELS / "marts" / "__exposures.yml").read_text())["exposures"]
    assert sorted(linked("exposure")) == sorted(exposure["name"] for exposure in exposures)


@pytest.mark.parametrize("name", READERS)
def test_an_exposure_depends_on_every_mart_that_is_read_for_it(name: str) -> None:
    exposures = yaml.safe_load((MODELS / "marts" / "__exposures.yml").read_text())["exposures"]
    (depends_on,) = (exposure["depends_on"] for exposure in exposures if exposure["name"] == name)
    named = {mart for file in READERS[name] for mart in re.findall(r"\bmarts\.([a-z_]+)", file.read_text())}
    read = named & {path.stem for path in (MODELS / "marts").glob("*.sql")}
    assert len(read) > 9 and {f"ref('{mart}')" for mart in read} <= set(depends_on)


def test_only_what_others_may_rely_on_is_unfolded(manifest) -> None:
    models = [node for node in manifest.nodes.values() if node.resource_type == "model"]
    assert {node.fqn[1] for node in models if node.config.docs.show} == {"marts", "reference"}
    assert {node.fqn[1] for node in models} == {path.name for path in MODELS.iterdir() if path.is_dir()}
