"""CONTRIBUTING.md names only files, folders and make targets that exist, and its recipe for a var is followed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from settings import VARS

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text()

CODE = re.compile(r"```\w*\n(.*?)```|`([^`\n]+)`", re.DOTALL)
LINK = re.compile(r"\]\(([^):#]+)\)")
PATH = re.compile(r"[\w.<>-]+/[\w.<>/-]*|[\w.-]+\.(?:py|sql|yml|md|toml|lock)|\.sqlfluff")
# `make` creates these two.
ENVIRONMENTS = (".venv/", ".venv-dev/")


def code() -> list[str]:
    """Words of code spans and code blocks, comments left out."""
    texts = (block or span for block, span in CODE.findall(TEXT))
    return [word for text in texts for line in text.splitlines() for word in line.split("#")[0].split()]


def paths() -> list[str]:
    """Paths named as code or linked to, relative to the root; `<...>` stands for any text."""
    named = {word for word in code() if PATH.fullmatch(word) and not word.startswith(ENVIRONMENTS)}
    return sorted(named | set(LINK.findall(TEXT)))


def make_targets() -> list[str]:
    return sorted(set(re.findall(r"\bmake ([a-z]+)", " ".join(code()))))


@pytest.mark.parametrize("path", paths())
def test_a_path_exists(path: str) -> None:
    pattern = re.sub(r"<[^>]*>", "*", path).rstrip("/")
    assert any(ROOT.glob(pattern)), f"CONTRIBUTING.md names {path}"


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(make_targets()) <= targets


@pytest.mark.parametrize("heading", ["Add a rule", "Add a var", "Add a document type", "Add an endpoint"])
def test_a_recipe_names_files_in_order(heading: str) -> None:
    recipe = TEXT.split(f"## {heading}\n")[1].split("\n## ")[0]
    steps = re.findall(r"^(\d)\. `([^`]+)`|^(\d)\. ", recipe, re.MULTILINE)
    assert [int(first or other) for first, _, other in steps] == list(range(1, len(steps) + 1))
    assert len(steps) >= 5


def test_a_var_is_declared_checked_and_described() -> None:
    declared = yaml.safe_load((ROOT / "dbt_project" / "dbt_project.yml").read_text())["vars"]
    table = (ROOT / "docs" / "settings.md").read_text().split("## dbt vars")[1].split("\n## ")[0]
    described = re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| (`[^|]*) \|", table, re.MULTILINE)))
    assert sorted(described) == sorted(declared) == sorted(VARS)
