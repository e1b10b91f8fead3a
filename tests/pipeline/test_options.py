"""make and `python -m pipeline` have one set of options."""

from __future__ import annotations

import os
import re

import pytest
import typer.main
from typer.testing import CliRunner

from pipeline import __main__ as commands
from settings import ROOT

CLI = typer.main.get_command(commands.app)


def of_make() -> dict[str, set[str]]:
    """Target → the variables that `make help` names for it, of those that start a command."""
    found = {}
    for target, text, recipe in re.findall(r"^([a-z]+):.*?## (.*)\n\t(.*)$", (ROOT / "Makefile").read_text(), re.M):
        if "$(RUN)" in recipe:
            found[target] = set(re.findall(r"\b([A-Z][A-Z_]*)=", text))
    return found


def of_command(name: str) -> set[str]:
    """The options of a command, as make's variables."""
    parameters = [p for p in CLI.commands[name].params if p.name != "help"]  # type: ignore[attr-defined]
    return {parameter.opts[0].removeprefix("--").replace("-", "_").upper() for parameter in parameters}


def test_every_command_is_a_target_with_the_same_options() -> None:
    assert of_make() == {name: of_command(name) for name in CLI.commands}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("arguments", "variable", "value"),
    [
        (["push", "--plan", "p.json"], "PLAN", "p.json"),
        (["extract", "--full-ledger"], "FULL_LEDGER", "1"),
        (["transform", "--full-refresh"], "FULL_REFRESH", "1"),
        (["report", "--month", "2026-03"], "MONTH", "2026-03"),
        (["mappings", "--write"], "WRITE", "1"),
        (["mappings", "--apply", "a.xlsx"], "APPLY", "a.xlsx"),
    ],
)
def test_an_option_is_the_variable_of_its_name(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, "")  # so that it is as before after the test
    seen = []
    monkeypatch.setattr(commands, "run_command", lambda *_, **__: seen.append(os.environ[variable]))
    CliRunner().invoke(commands.app, arguments, catch_exceptions=False)
    assert seen == [value]


@pytest.mark.parametrize("name", ["plan", "doctor", "reconcile", "trace"])
@pytest.mark.parametrize("variables", [{}, {"JSON": "1"}], ids=["option", "variable"])
def test_json_is_asked_for_in_two_ways(monkeypatch: pytest.MonkeyPatch, name: str, variables: dict[str, str]) -> None:
    seen = []
    monkeypatch.setattr(commands, "run_command", lambda *_, as_json, **__: seen.append(as_json))
    arguments = [name, *(["cn_1"] if name == "trace" else []), *([] if variables else ["--json"])]
    CliRunner().invoke(commands.app, arguments, catch_exceptions=False, env=variables)
    assert seen == [True]


def test_the_help_of_make_fits_80_columns() -> None:
    import subprocess

    shown = subprocess.run(["make", "help"], cwd=ROOT, text=True, capture_output=True, check=True).stdout
    assert [line for line in shown.splitlines() if len(line) > 80] == []


def test_the_help_is_whole_and_fits_80_columns() -> None:
    shown = CliRunner().invoke(commands.app, ["--help"], env={"COLUMNS": "80"}).stdout
    assert "..." not in shown.replace("[ARGS]...", "") and "run        Extract, transform, push, report." in shown
    assert [line for line in shown.splitlines() if len(line) > 80] == []
