"""The first page of `make docs` leads to every mart and every exposure, and the site shows these first."""

from __future__ import annotations

import re

import yaml

from tests.support import warehouse as testing

MODELS = testing.PROJECT / "models"
OVERVIEW = (MODELS / "__overview.md").read_text()


def linked(kind: str) -> list[str]:
    return re.findall(rf"\(#!/{kind}/{kind}\.stripe_credit_to_netsuite\.(\w+)\)", OVERVIEW)


def test_the_overview_leads_to_every_mart() -> None:
    assert sorted(linked("model")) == sorted(path.stem for path in (MODELS / "marts").glob("*.sql"))


def test_the_overview_leads_to_every_exposure() -> None:
    exposures = yaml.safe_load((MODELS / "marts" / "__exposures.yml").read_text())["exposures"]
    assert sorted(linked("exposure")) == sorted(exposure["name"] for exposure in exposures)


def test_only_what_others_may_rely_on_is_unfolded(manifest) -> None:
    models = [node for node in manifest.nodes.values() if node.resource_type == "model"]
    assert {node.fqn[1] for node in models if node.config.docs.show} == {"marts", "reference"}
    assert {node.fqn[1] for node in models} == {path.name for path in MODELS.iterdir() if path.is_dir()}
