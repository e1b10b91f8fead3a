"""Log lines: JSON where it is asked for, a file a run, and no secret in either."""

from __future__ import annotations

import json
import logging
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from _pytest.logging import LogCaptureHandler
from pydantic import SecretStr

from pipeline import logs
from pipeline.console import printable_json, say
from settings import Settings

SECRETS = [name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)]


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """What `begin` changes in this process is as before afterwards."""
    root = logging.getLogger()
    handlers, before = list(root.handlers), dict(vars(logs._Context))
    yield
    root.handlers[:] = handlers
    logging.captureWarnings(False)
    for name in ("stage", "run_id", "secrets", "file", "repeats_said"):
        setattr(logs._Context, name, before[name])
    logs.remember_with(lambda _: None)


def begin(folder: Path, log_format: str = "json", command: str = "run", **values: Any) -> Path:
    """Begins the logs of a run; the path of its file."""
    logs.begin(Settings(_env_file=None, log_format=log_format, **values), command, "r1", folder)
    return folder / f"r1-{command}.log"


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_each_line_on_stderr_is_an_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Interfaces, section 2: LOG_FORMAT."""
    file = begin(tmp_path)
    logs.note_stage("push")
    logs.tell("a\nsentence \x1b[31m")
    logs.warn("careful")
    ids = {"record_type": "creditMemo", "external_id": "cn_1", "private": 7}
    logging.getLogger("load_netsuite").warning("refused %s", "cn_1", extra=ids)
    logging.getLogger("somebody.else").info("too much")
    logging.getLogger("somebody.else").error("odd")
    say("the summary")
    printed = capsys.readouterr()
    lines = objects(printed.err)
    assert [line["message"] for line in lines] == [
        "a\nsentence \x1b[31m",
        "warning: careful",
        "refused cn_1",
        "odd",
        "the summary",
    ]
    assert all(list(line)[:4] == ["at", "level", "stage", "message"] for line in lines)
    assert "\x1b" not in printed.err, "JSON escapes it"
    assert {line["stage"] for line in lines} == {"push"} and {line["run_id"] for line in lines} == {"r1"}
    assert [line["level"] for line in lines] == ["info", "warning", "warning", "error", "info"]
    assert (lines[2]["record_type"], lines[2]["external_id"]) == ("creditMemo", "cn_1")
    assert printed.out == "the summary\n"
    assert "private" not in lines[2]
    assert objects(file.read_text()) == lines


@pytest.mark.parametrize("letter", ["\x1b", "\x7f", "\x85", "\x9b", "\u2028", "\ud800"], ids=ascii)
def test_no_character_of_an_object_moves_a_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], letter: str
) -> None:
    file = begin(tmp_path)
    logs.warn(f"NetSuite says: {letter}31m")
    for handler in logging.getLogger().handlers:
        if isinstance(handler, LogCaptureHandler):
            handler.reset()  # else pytest's workers try to send half a surrogate pair to each other
    for text in (capsys.readouterr().err, file.read_text()):
        assert letter not in text
        assert [line["message"] for line in objects(text)] == [f"warning: NetSuite says: {letter}31m"]
    assert printable_json(json.dumps({"a": letter}, ensure_ascii=False)).isascii()


def test_people_read_sentences(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = begin(tmp_path, "text")
    logs.note_stage("push")
    logs.tell("push: done")
    logging.getLogger("load_netsuite").warning("odd\nwords \x1b[31m")
    logging.getLogger("load_netsuite").info("a detail")
    say("the summary")
    printed = capsys.readouterr()
    assert printed.err.splitlines() == ["push: done", "WARNING load_netsuite: odd words \ufffd[31m"]
    assert printed.out == "the summary\n"
    kept = file.read_text()
    assert [line.split(" ", 1)[1] for line in kept.splitlines() if line.startswith("20")] == [
        "INFO push push: done",
        "WARNING push odd",
        "INFO push a detail",
        "INFO push the summary",
    ]


@pytest.mark.parametrize("log_format", ["text", "json"])
@pytest.mark.parametrize("name", SECRETS)
def test_no_secret_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, log_format: str) -> None:
    secret = 'https://h.example/hush"\\ü/+ 7' if name == "alert_urls" else 'hush"\\ü/+ 7'
    file = begin(tmp_path, log_format, **{name: (SecretStr(secret),) if name == "alert_urls" else SecretStr(secret)})
    logs.tell(f"in words {secret} and {quote(secret)} and {quote(secret, safe='')} and {secret!r}")
    logging.getLogger("load_netsuite").warning("%s", secret, extra={"external_id": f"x{secret}"})
    try:
        raise ValueError(secret)
    except ValueError:
        logging.getLogger("pipeline").exception("failed with %s", secret)
    say("end")
    shown = capsys.readouterr().err + file.read_text()
    assert "hush" not in shown and logs.HIDDEN in shown and "ValueError" in shown


def test_every_secret_setting_is_known() -> None:
    assert set(SECRETS) >= {"stripe_api_key", "netsuite_consumer_secret", "netsuite_token_secret", "alert_urls"}
    assert len(SECRETS) == 8


def test_the_private_key_is_a_secret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = tmp_path / "key.pem"
    key.write_text("-----BEGIN PRIVATE KEY-----\nMIIhushhushhush\n-----END PRIVATE KEY-----\n")
    begin(tmp_path / "logs", netsuite_private_key_file=key)
    logs.tell("it holds MIIhushhushhush")
    assert "hush" not in capsys.readouterr().err


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_traceback_is_in_the_file_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str], log_format: str) -> None:
    file = begin(tmp_path, log_format)
    try:
        raise ZeroDivisionError
    except ZeroDivisionError:
        logging.getLogger("pipeline").exception("unexpected")
    assert "Traceback" not in capsys.readouterr().err
    assert "Traceback" in file.read_text()


def test_files_are_of_their_owner_and_the_newest_stay(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    for day in range(1, 61):
        (folder / f"202601{day:02}T000000Z-x-run.log").touch()
    (folder / "20250101T000000Z-x-push.log").touch()
    (folder / "dbt.log").touch()
    settings = Settings(_env_file=None)
    logs.begin(settings, "run", "20270101T000000Z-y", folder)
    kept = sorted(path.name for path in folder.glob("*-run.log"))
    assert len(kept) == logs.FILES_KEPT
    assert kept[0] == "20260112T000000Z-x-run.log" and kept[-1] == "20270101T000000Z-y-run.log"
    assert stat.S_IMODE((folder / kept[-1]).stat().st_mode) == 0o600
    assert (folder / "dbt.log").exists() and (folder / "20250101T000000Z-x-push.log").exists()


def test_a_new_folder_is_of_its_owner(tmp_path: Path) -> None:
    begin(tmp_path / "logs")
    assert stat.S_IMODE((tmp_path / "logs").stat().st_mode) == 0o700


def test_a_run_goes_on_where_no_file_can_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "logs").write_text("in the way")
    logs.begin(Settings(_env_file=None), "run", "r1", tmp_path / "logs")
    logs.tell("push: done")
    assert capsys.readouterr().err == "push: done\n"
    assert logs.file_shown() == ""
