"""CONTRIBUTING.md names only files, folders and make targets that exist, and what its recipes ask for is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from extract.stripe.endpoints import ENDPOINTS, TABLES
from settings import VARS
from tests.bench.bench_extract import KINDS
from tests.property.combinations import COMBINATIONS
from tests.property.oracle.facts import DEFAULTS as ORACLE_DEFAULTS
from tests.support import docs

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text()

CODE = re.compile(r"```\w*\n(.*?)```|`([^`\n]+)`", re.DOTALL)
TYPE_OF_DOCUMENT = re.compile(r"\b(?:balance_use|negative_invoice)\b")
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
    steps = re.findall(r"^(\d+)\. `([^`]+)`|^(\d+)\. ", recipe, re.MULTILINE)
    assert [int(first or other) for first, _, other in steps] == list(range(1, len(steps) + 1))
    assert len(steps) >= 5


def test_a_var_is_declared_checked_and_described() -> None:
    declared = yaml.safe_load((ROOT / "dbt_project" / "dbt_project.yml").read_text())["vars"]
    table = (ROOT / "docs" / "settings.md").read_text().split("## dbt vars")[1].split("\n## ")[0]
    described = re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| (`[^|]*) \|", table, re.MULTILINE)))
    interfaces = (ROOT / "docs" / "interfaces.md").read_text().split('<a id="vars"></a>')[1].split("\n## ")[0]
    places = {
        "dbt_project/dbt_project.yml": set(declared),
        "VARS in settings.py": set(VARS),
        "the table of docs/settings.md": set(described),
        "section 3 of docs/interfaces.md": set(VARS) & set(re.findall(r"`(\w+)`", interfaces)),
    }
    everywhere = set().union(*places.values())
    assert {place: missing for place, names in places.items() if (missing := everywhere - names)} == {}
    assert len(described) == len(set(described))


def test_random_histories_run_under_more_than_the_default_of_a_var() -> None:
    varied = {name for combination in COMBINATIONS for name in combination.variables}
    assert set(ORACLE_DEFAULTS) - varied == set(), "give these vars another value in tests/property/combinations.py"
    assert varied - set(ORACLE_DEFAULTS) == set(), "give these vars a default in tests/property/oracle/facts.py"


def test_a_raw_table_of_stripe_is_declared_and_described() -> None:
    sources = yaml.safe_load((ROOT / "dbt_project/models/parsed/stripe/__sources.yml").read_text())["sources"]
    tables = (ROOT / "docs" / "architecture.md").read_text().split("## Raw tables")[1].split("\n\n")[1]
    asked = (ROOT / "docs" / "interfaces.md").read_text().split('<a id="requests"></a>')[1].split("\n\nNetSuite: ")[0]
    places = {
        "dbt_project/models/parsed/stripe/__sources.yml": {table["name"] for table in sources[0]["tables"]},
        "the raw tables of docs/architecture.md": set(re.findall(r"`(\w+)`", tables)),
    }
    assert {place: missing for place, names in places.items() if (missing := set(TABLES) - names)} == {}
    # The benchmark's server starts without the project on its path, so it has its own list.
    assert {table: endpoint.object for table, endpoint in ENDPOINTS.items()} == KINDS, "tests/bench/bench_extract.py"
    unnamed = {table for table in ENDPOINTS if not re.search(rf"\b{table}\b", asked)}
    assert unnamed == set(), "section 6 of docs/interfaces.md does not say that the pipeline may ask for these"


def test_the_recipe_for_a_document_type_names_every_file_that_names_one() -> None:
    recipe = TEXT.split("## Add a document type\n")[1].split("\n## ")[0]
    paths = [path.rstrip("/") for path in re.findall(r"`([\w./]+)`", recipe) if "/" in path]
    files = [path for path in docs.tracked(".py", ".sql", ".yml", ".md") if TYPE_OF_DOCUMENT.search(path.read_text())]
    names = [path.relative_to(ROOT).as_posix() for path in files]
    judged = [name for name in names if not name.startswith(("tests/", "docs/", "CONTRIBUTING.md", "CHANGELOG.md"))]
    assert len(judged) > 20
    lost = [name for name in judged if not any(name == path or name.startswith(f"{path}/") for path in paths)]
    assert lost == [], "name these files in the recipe"
