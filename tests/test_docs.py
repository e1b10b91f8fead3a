"""Every citation of a rule or a fact leads to its text, every link of the documentation to a page and an anchor of it,
and docs/interfaces.md marks as planned just what is not built."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest

from settings import VARS, Settings
from tests.support import docs

LINK = re.compile(r"\]\(([^)\s]+)\)")
REFERENCE = re.compile(r"^\[[^\]]+\]: (\S+)$", re.MULTILINE)
CITING = (".py", ".sql", ".yml", ".md", ".toml", "Makefile")

# The files that explain the grammar of citations.
EXPLAINING = {docs.ROOT / "CONTRIBUTING.md", Path(docs.__file__)}
# The examples of ids that lead nowhere.
EXAMPLES = {docs.ROOT / "tests" / "dbt" / "test_rules_table.py", Path(__file__)}


def name(path: Path) -> str:
    return path.relative_to(docs.ROOT).as_posix()


def test_every_cited_rule_has_a_text() -> None:
    known = {*docs.rules(), *docs.planned_rules()}
    files = [path for path in docs.tracked(*CITING) if path.parent != docs.FACTS_FOLDER and path not in EXAMPLES]
    lost = {f"{name(path)}: {id}" for path in files for id in docs.cited_rules(path.read_text()) if id not in known}
    assert not lost, "these ids have no heading in docs/rules"


def test_every_built_rule_is_cited() -> None:
    files = [path for path in docs.tracked(*CITING) if not path.is_relative_to(docs.ROOT / "docs")]
    cited = {id for path in files for id in docs.cited_rules(path.read_text())}
    assert docs.rules().keys() <= cited


def test_every_rule_has_one_text() -> None:
    ids = [id for page in docs.RULES_FOLDER.glob("*.md") for id in docs.ids(page)]
    assert [id for id, count in Counter(ids).items() if count > 1] == []
    assert sorted(ids) == sorted([*docs.rules(), *docs.planned_rules()]), "a page is missing in docs/rules/README.md"


def test_the_table_of_chapters_names_their_rules() -> None:
    """The second column of docs/rules/README.md: "C1-C7", "N1, N2"."""
    rows = re.findall(
        r"^\| \[[^\]]+\]\(([\w-]+\.md)\) \| ([A-Z]\d[^|]*) \|$", (docs.RULES_FOLDER / "README.md").read_text(), re.M
    )
    assert len(rows) > 10
    named = {page: list(docs.cited_rules(cell)) for page, cell in rows}
    ids = {page: docs.ids(docs.RULES_FOLDER / page) for page, _ in rows}
    assert named == ids, "write the ids into the table of docs/rules/README.md"


def test_every_cited_fact_has_a_text() -> None:
    anchors = {page.stem: docs.anchors(page) for page in docs.FACTS_FOLDER.glob("*.md")}
    lost, found = set(), 0
    for path in docs.tracked(*CITING):
        if path in EXPLAINING or path in EXAMPLES or path.parent == docs.FACTS_FOLDER:
            continue
        for page, number in docs.cited_facts(path.read_text(), path):
            found += 1
            if number not in anchors.get(page, ()):
                lost.add(f"{name(path)}: facts {page or '(Stripe or NetSuite?)'} {number}")
    assert not lost, "these numbers have no anchor in docs/facts"
    assert found > 100


@pytest.mark.parametrize(
    ("text", "path", "facts"),
    [
        ("(facts 1.4)", "netsuite/api.py", [("netsuite", "1.4")]),
        (
            "facts, NetSuite sections 1.6, 2.2, 3\n#  and 7.",
            "x.py",
            [("netsuite", n) for n in ("1.6", "2.2", "3", "7")],
        ),
        ("(facts 4.1 to 4.3)", "sandbox/stripe/api.py", [("stripe", "4.1"), ("stripe", "4.3")]),
        ("seen: facts 11, D3 and D4: 2 of 3", "netsuite/api.py", [("netsuite", n) for n in ("11", "D3", "D4")]),
        ("facts/stripe.md section 3.4 and 100 rows", "x.py", [("stripe", "3.4")]),
        ("two facts, 900 ids", "netsuite/api.py", []),
    ],
)
def test_cited_facts(text: str, path: str, facts: list[tuple[str, str]]) -> None:
    assert list(docs.cited_facts(text, docs.ROOT / path)) == facts


@pytest.mark.parametrize("page", docs.pages(), ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for link in [*LINK.findall(page.read_text()), *REFERENCE.findall(page.read_text())]:
        if link.startswith(("https://", "http://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in docs.anchors(target)):
            broken.append(link)
    assert broken == []


def test_no_page_names_a_place_outside_the_repository() -> None:
    """What is cited has to be here: a path that leaves the repository is unknown to a stranger."""
    outside = [
        f"{name(path)}: {match}"
        for path in docs.tracked(*CITING)
        if path != Path(__file__)
        for match in re.findall(r"\.\./(?:shared|spec|mission)\b|\bspec/\w+\.md|\brules-more\.md", path.read_text())
    ]
    assert outside == []


def test_every_page_is_linked_from_the_readme() -> None:
    """A newcomer reaches every page of docs/ from README.md."""
    reached, open_pages = set(), [docs.ROOT / "README.md"]
    while open_pages:
        page = open_pages.pop()
        reached.add(page)
        targets = {(page.parent / link.partition("#")[0]).resolve() for link in LINK.findall(page.read_text())}
        open_pages += [
            target for target in targets if target.suffix == ".md" and target.exists() and target not in reached
        ]
    assert set(docs.pages()) <= reached


def test_the_picture_of_the_readme_stands_on_any_ground() -> None:
    """It brings its own light background for dark pages, says in words what it shows, and loads nothing."""
    assert re.search(r"!\[[^\]]{40,}\]\(docs/flow\.svg\)", (docs.ROOT / "README.md").read_text())
    picture = ElementTree.parse(docs.ROOT / "docs" / "flow.svg").getroot()
    elements = [element.tag.rpartition("}")[2] for element in picture.iter()]
    assert elements[1:3] == ["title", "desc"] and picture.get("role") == "img"
    ground = next(element for element in picture if element.tag.endswith("rect"))
    width, height = (float(size) for size in (picture.get("viewBox") or "").split()[2:])
    assert float(ground.get("width") or 0) >= width - 2 and float(ground.get("height") or 0) >= height - 2
    assert ground.get("fill") == "#ffffff"
    assert {"script", "image", "style", "a", "use"} & set(elements) == set()


# ---------------------------------------------------------------------------------------------------------------------
# docs/interfaces.md


def test_every_cited_section_of_the_interfaces_exists() -> None:
    cited = [
        (name(path), number)
        for path in docs.tracked(*CITING)
        for number in re.findall(r"\binterfaces\b,? \(?sections? (\d+)", path.read_text())
    ]
    sections = re.findall(r"^## .*?(\d+)\.", (docs.ROOT / "docs" / "interfaces.md").read_text(), re.MULTILINE)
    assert cited
    assert [(path, number) for path, number in cited if number not in sections] == []


PLANNED = "*(planned)*"


def chapter(anchor: str) -> str:
    text = (docs.ROOT / "docs" / "interfaces.md").read_text()
    return text.split(f'<a id="{anchor}"></a>')[1].split("\n## ")[0]


def cells(anchor: str) -> list[str]:
    """The first cells of a chapter's table, or the beginnings of its list."""
    return re.findall(r"^(?:\| |- )(`.*?)(?: \||(?<!\*) \((?!planned)|$)", chapter(anchor), re.MULTILINE)


def var_cells() -> list[str]:
    """The dbt vars: what is planned stands in the second paragraph; values stand in brackets."""
    built, planned = chapter("vars").split("\n\n")[1:3]
    marked = [f"{name} {PLANNED}" for name in re.sub(r"\([^)]*\)", "", planned).split(",")]
    return [*re.sub(r"\((?!planned)[^)]*\)", "", built).split(","), *marked]


PROMISES = {
    "command": (r"`make (\w+)", lambda: cells("commands")),
    "variable": (r"`([A-Z_]+)`", lambda: cells("environment")),
    "dbt var": (r"`([a-z_]+)`", var_cells),
    "mapping file": (r"`(\w+)\.csv`", lambda: cells("mapping-files")),
    "table": (r"`(\w+)`", lambda: cells("tables")),
}


def built(kind: str) -> set[str]:
    if kind == "command":
        return set(re.findall(r"^([a-z]+):", (docs.ROOT / "Makefile").read_text(), re.MULTILINE))
    if kind == "variable":
        return {field.upper() for field in Settings.model_fields}
    if kind == "dbt var":
        return set(VARS)
    folder = {"mapping file": "seeds", "table": "models/marts"}[kind]
    return {path.stem for path in (docs.ROOT / "dbt_project" / folder).iterdir()}


@pytest.mark.parametrize("kind", PROMISES)
def test_the_interfaces_mark_what_is_planned(kind: str) -> None:
    pattern, cells_of = PROMISES[kind]
    named = {name: PLANNED in cell for cell in reversed(cells_of()) for name in re.findall(pattern, cell)}
    assert len(named) > 7
    assert {name for name, planned in named.items() if planned} & built(kind) == set(), f"take the mark {PLANNED} away"
    assert {name for name, planned in named.items() if not planned} <= built(kind), f"add the mark {PLANNED}"
