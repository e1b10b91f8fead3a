"""The documentation as the tests read it: pages, anchors, and the citations of rules and facts in the whole repository.

Two grammars of citation:

- a rule: a letter and a number ("rule O4", "(P5)"), or a range ("L1-L9", "G1 to G3" names the two ends). It leads to
  the anchor of that name in `docs/rules`.
- a fact: "facts" and numbers ("facts 1.4 and 7", "facts 11, D7"). They lead to the anchors of these names in
  `docs/facts`: of the page that is named ("facts, NetSuite section 4", "facts/stripe.md section 3"), else of the
  service whose name is in the path of the citing file.
"""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
RULES_FOLDER = ROOT / "docs" / "rules"
FACTS_FOLDER = ROOT / "docs" / "facts"
PLANNED = RULES_FOLDER / "planned.md"
WHERE = RULES_FOLDER / "where.md"

ANCHOR = re.compile(r'<a id="([^"]+)"></a>')
# The heading of a rule: its anchor, its id and its subject.
RULE = re.compile(r'^### <a id="([A-Z]\d{1,2})"></a>\1\. (.+)$', re.MULTILINE)
CITED_RULE = re.compile(r"(?<![\w-])([A-Z])([1-9]\d?)(?:-\1?(\d{1,2}))?\b")

_NUMBER = r"(?:\d{1,2}(?:\.\d{1,2})?|D\d{1,2})"
# Comment signs and quotes may stand between the parts of a citation that is broken over two lines.
_GAP = r"(?:\s|#|\*)+"
CITED_FACTS = re.compile(
    rf"\bfacts(?:/(?P<page>[a-z-]+)\.md)?,?{_GAP}(?:(?P<service>NetSuite|Stripe){_GAP})?(?:sections?{_GAP})?"
    rf"(?P<numbers>{_NUMBER}(?:(?:,|{_GAP}and|{_GAP}to|,{_GAP}and){_GAP}{_NUMBER}(?![\w-]))*)(?![\w-])"
)


FENCE = re.compile(
    r"^(?: *<!-- not run: (?P<reason>.+?) -->\n+)?(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^ *```$", re.M | re.S
)
WAREHOUSE = "data/sandbox.duckdb"
PUBLISHED = "data/sandbox-published.duckdb"


@dataclass(frozen=True)
class Block:
    """A fenced block of a page. `reason`: why it is not run, from the comment `<!-- not run: ... -->` above it."""

    page: str
    number: int
    language: str
    text: str
    reason: str

    def __str__(self) -> str:
        return f"{self.page}-{self.number}"

    @property
    def reads_the_warehouse(self) -> bool:
        return self.language == "sql" or any(file in self.text for file in (WAREHOUSE, PUBLISHED))


def tracked(*suffixes: str) -> list[Path]:
    """The files of the repository with one of these suffixes, new ones included, ignored ones left out."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=True).stdout.splitlines()
    return sorted({ROOT / name for name in names if name.endswith(suffixes) and (ROOT / name).is_file()})


def pages() -> list[Path]:
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks() -> list[Block]:
    """The shell and SQL blocks of all pages."""
    return [
        Block(
            page.relative_to(ROOT).as_posix(),
            number,
            match["language"],
            textwrap.dedent(match["text"]),
            (match["reason"] or ""),
        )
        for page in pages()
        for number, match in enumerate(FENCE.finditer(page.read_text()), 1)
        if match["language"] in ("sh", "sql")
    ]


def checkout(folder: Path) -> Path:
    """A folder in which a pasted command finds the files of the repository, with an environment and without data."""
    for entry in ROOT.iterdir():
        if entry.name not in ("data", "logs", ".git", ".env", ".venv"):
            (folder / entry.name).symlink_to(entry)
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / "data").mkdir()
    return folder


def ids(page: Path) -> list[str]:
    """The rules that stand on a page."""
    return [id for id, _ in RULE.findall(page.read_text())]


@cache
def rules() -> dict[str, str]:
    """Every built rule and its subject, in the order of the chapters of `docs/rules/README.md`."""
    index = (RULES_FOLDER / "README.md").read_text()
    chapters = [
        RULES_FOLDER / name for name in re.findall(r"^\| \[[^\]]+\]\(([\w-]+\.md)\) \| [A-Z]", index, re.MULTILINE)
    ]
    return {id: subject for page in chapters if page != PLANNED for id, subject in RULE.findall(page.read_text())}


@cache
def planned_rules() -> list[str]:
    return ids(PLANNED)


def anchors(page: Path) -> set[str]:
    """What `#...` can name on a page: its anchors, and its headings as GitHub names them."""
    text = page.read_text()
    found = set(ANCHOR.findall(text))
    for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE):
        words = re.sub(r"[^\w\- ]", "", ANCHOR.sub("", heading).strip().lower())
        found.add(words.replace(" ", "-"))
    return found


def cited_rules(text: str) -> Iterator[str]:
    """The ids in a text that look like rules of a chapter, ranges spelled out. Facts ("facts 11, D7") are none."""
    chapters = {id[0] for id in (*rules(), *planned_rules())}
    for letter, first, last in CITED_RULE.findall(CITED_FACTS.sub("", text)):
        if letter in chapters:
            yield from (f"{letter}{number}" for number in range(int(first), int(last or first) + 1))


def cited_facts(text: str, path: Path) -> Iterator[tuple[str, str]]:
    """(page, number) of the facts that a text in the file `path` cites; the page is "" if nothing names it."""
    names = path.relative_to(ROOT).as_posix()
    by_path = "netsuite" if "netsuite" in names else "stripe" if "stripe" in names else ""
    for match in CITED_FACTS.finditer(text):
        page = match["page"] or (match["service"] or by_path).lower()
        yield from ((page, number) for number in re.findall(_NUMBER, match["numbers"]))
