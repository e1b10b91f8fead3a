"""Every shell block of README.md, CONTRIBUTING.md and docs/ does what it says, as far as it can without a network.

A block is judged command by command:

- `make <target>`: make finds the target, and every setting given exists. It is not executed: a target takes minutes,
  and `tests/pipeline` and `tests/test_end_to_end.py` run what stands behind it.
- `python -m pytest ...`: the tests are collected.
- any other command is executed.

Blocks that read the demo's warehouse are executed in `tests/test_end_to_end.py`, which has one. A block that cannot be
run has a comment `<!-- not run: the reason -->` above it, and `NOT_RUN` lists it.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from settings import Settings
from tests.support import docs

NOT_RUN = {"README.md-4": "the lines of a .env file, with the values of your accounts"}

SHELL = [block for block in docs.blocks() if block.language == "sh" and not block.reads_the_warehouse]
COMMANDS = [
    (block, line)
    for block in SHELL
    if not block.reason
    for line in block.text.splitlines()
    if line.strip() and not line.startswith("#")
]
# What a target reads that is no setting of the pipeline.
MAKE_VARIABLES = {"PYTHON", "UPGRADE", "FULL_REFRESH", "ID", "JSON"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return docs.checkout(tmp_path_factory.mktemp("checkout"))


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-euc", command], cwd=folder, text=True, capture_output=True, timeout=120, check=False
    )


def test_blocks_that_are_not_run_are_listed_with_their_reason() -> None:
    assert {str(block): block.reason for block in docs.blocks() if block.reason} == NOT_RUN


def test_no_block_is_without_a_language_it_needs() -> None:
    """A block without a language is a drawing or a quotation; a command in it would escape these tests."""
    bare = [
        match["text"]
        for page in docs.pages()
        for match in docs.FENCE.finditer(page.read_text())
        if not match["language"]
    ]
    assert not [text for text in bare if re.search(r"^\s*(?:make|select|\S*python) ", text, re.MULTILINE)]


@pytest.mark.parametrize(("block", "line"), COMMANDS, ids=lambda value: str(value)[:50])
def test_a_command_runs(block: docs.Block, line: str, folder: Path) -> None:
    words = shlex.split(line, comments=True)
    if words[0] == "make":
        given = {word.partition("=")[0] for word in words[1:] if "=" in word}
        assert given <= MAKE_VARIABLES | {field.upper() for field in Settings.model_fields}, block
        done = run(shlex.join(["make", "-n", *words[1:]]), folder)
    elif words[1:3] == ["-m", "pytest"]:
        done = run(shlex.join([*words, "--collect-only", "-q", "-p", "no:cacheprovider"]), folder)
    else:
        done = run(line, folder)
    assert done.returncode == 0 and done.stdout, f"{block}: {line}\n{done.stderr}"


def test_the_env_file_of_the_readme_names_settings() -> None:
    (block,) = [block for block in docs.blocks() if str(block) == "README.md-4"]
    names = re.findall(r"^(\w+)=", block.text, re.MULTILINE)
    assert len(names) > 5
    assert {name.lower() for name in names} <= Settings.model_fields.keys()


def test_every_make_target_that_a_page_names_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (docs.ROOT / "Makefile").read_text(), re.MULTILINE))
    planned = {"writeback", "mappings"}  # docs/interfaces.md and docs/rules/planned.md
    named = {name for page in docs.pages() for name in re.findall(r"`make ([a-z]+)", page.read_text())}
    assert len(named) > 10
    assert named <= targets | planned
