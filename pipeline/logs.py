"""Log lines: on stderr, for people or as JSON (LOG_FORMAT), and in one file a run. None holds a secret.

    begin(settings, "run", run_id)
    tell("transform: done in 43 s")                                # a line on stderr, and in the file
    logging.getLogger("load_netsuite").warning("...", extra={"external_id": "cn_1"})

Each line has `at`, `level`, `stage`, `message`, `run_id` and the ids that the caller gave. The file is of its owner
alone; of each command the newest `FILES_KEPT` stay.
"""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO
from urllib.parse import quote

from pipeline.console import printable, printable_json, remember_with
from settings import ROOT, Settings, secrets_of, shown_path

if TYPE_CHECKING:
    from structlog.typing import EventDict, WrappedLogger

LOGS = ROOT / "logs"
FILES_KEPT = 50
OURS = ("pipeline", "progress", "extract", "netsuite", "load_netsuite")
PLAIN = ("pipeline", "progress")
"""Loggers whose messages are whole sentences for people."""
SAID = "pipeline.said"
"""What stdout shows: stderr repeats it as JSON, or if stdout is for JSON."""
HIDDEN = "***"
SHORTEST_SECRET = 4
IDS = ("record_type", "external_id", "document_id", "status")

log = logging.getLogger("pipeline")


class _Context:
    """What every line of this process says."""

    stage = ""
    run_id = ""
    secrets: tuple[str, ...] = ()
    file: Path | None = None
    repeats_said = False


def begin(settings: Settings | None, command: str, run_id: str, folder: Path | None = None) -> None:
    """Sends all log lines of this process to stderr and to a file. settings: None where none could be read · folder:
    of the files, `logs` by default."""
    import structlog

    hide_secrets_of(settings)
    is_json = settings is not None and settings.log_format == "json"
    _Context.run_id = run_id
    chain: list[Any] = [structlog.stdlib.add_log_level, structlog.stdlib.ExtraAdder(IDS), _add_context]
    ends: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, _hide_all]
    render = structlog.processors.JSONRenderer(sort_keys=False, ensure_ascii=False, default=str)

    def as_json(*event: Any) -> str:
        return printable_json(str(render(*event)))

    def formatter(*last: Any) -> logging.Formatter:
        return structlog.stdlib.ProcessorFormatter(foreign_pre_chain=chain, processors=[*ends, *last])

    screen = _Screen()
    screen.setFormatter(formatter(_without_traceback, as_json if is_json else _for_people))
    screen.addFilter(lambda record: _is_shown(record, is_json))
    handlers: list[logging.Handler] = [screen]
    try:
        handlers.append(_file(folder or LOGS, command, run_id))
        handlers[-1].setFormatter(
            formatter(structlog.processors.format_exc_info, _hide_all, as_json if is_json else _for_the_file)
        )
        handlers[-1].addFilter(lambda record: record.levelno >= logging.WARNING or _is_ours(record.name))
    except OSError:
        _Context.file = None  # a run goes on without
    root = logging.getLogger()
    for old in list(root.handlers):
        if isinstance(old, _Screen | _RunFile):
            root.removeHandler(old)
            old.close()
    for handler in handlers:
        root.addHandler(handler)
    for name in OURS:
        logging.getLogger(name).setLevel(logging.INFO)
    logging.captureWarnings(True)
    remember_with(logging.getLogger(SAID).info)


def tell(text: str, level: int = logging.INFO, **ids: str | None) -> None:
    """Logs a sentence for people. ids: of what it is about, under names of `IDS`."""
    log.log(level, "%s", text, extra={name: value for name, value in ids.items() if value})


def warn(text: str) -> None:
    """Logs a warning, a sentence for people."""
    tell(f"warning: {text}", logging.WARNING)


def note_stage(name: str) -> None:
    """Names the stage that the lines from now on belong to."""
    _Context.stage = name


def hide_secrets_of(settings: Settings | None) -> None:
    """Lets no line show a secret of these settings from now on."""
    if settings is None:
        return
    found = {secret for secret in secrets_of(settings) if len(secret) >= SHORTEST_SECRET}
    forms = {form for secret in found for form in (secret, quote(secret), quote(secret, safe=""), repr(secret)[1:-1])}
    _Context.secrets = tuple(sorted(forms | set(_Context.secrets), key=len, reverse=True))


def hidden(text: str) -> str:
    """The text without the secrets of the settings."""
    for secret in _Context.secrets:
        text = text.replace(secret, HIDDEN)
    return text


def repeat_what_is_said() -> None:
    """Shows on stderr what `say` prints, because stdout is for a JSON object."""
    _Context.repeats_said = True


def file_shown() -> str:
    """Where the log of this run is, for a message; empty if it has none."""
    if _Context.file is None:
        return ""
    return str(shown_path(_Context.file))


# ---------- where lines go


class _Screen(logging.StreamHandler[TextIO]):
    """Writes to stderr as it is now: a progress bar puts its own in its place."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr


class _RunFile(logging.FileHandler):
    pass


def _file(folder: Path, command: str, run_id: str) -> logging.Handler:
    """The file of this run. The oldest ones of the same command make room. Raises OSError."""
    folder.mkdir(mode=0o700, exist_ok=True)
    for old in sorted(folder.glob(f"*-{command}.log"))[: -(FILES_KEPT - 1)]:
        old.unlink(missing_ok=True)
    path = folder / f"{run_id}-{command}.log"
    path.touch(mode=0o600, exist_ok=True)
    _Context.file = path
    return _RunFile(path, encoding="utf-8", errors="backslashreplace")


def _is_ours(name: str) -> bool:
    return name.partition(".")[0] in OURS


def _is_shown(record: logging.LogRecord, is_json: bool) -> bool:
    if record.name == SAID:
        return is_json or _Context.repeats_said
    return record.levelno >= logging.WARNING or record.name.partition(".")[0] in PLAIN


# ---------- what a line says


def _add_context(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    record: logging.LogRecord = event["_record"]
    about = {
        "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": event.pop("level"),
        "stage": _Context.stage or None,
        "message": event.pop("event"),
        "run_id": _Context.run_id,
        "logger": record.name,
    }
    return {**about, **event}


def _hide_all(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return {key: hidden(value) if isinstance(value, str) else value for key, value in event.items()}


def _without_traceback(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    event.pop("exc_info", None)
    return event


def _for_people(_: WrappedLogger, __: str, event: EventDict) -> str:
    """A sentence as it is. Others' messages on one line, with level and logger. Words of Stripe and NetSuite stand in
    them: no control character of theirs reaches a terminal."""
    if event["logger"].partition(".")[0] in PLAIN:
        return printable(event["message"])
    return printable(" ".join(f"{event['level'].upper()} {event['logger']}: {event['message']}".split()))


def _for_the_file(_: WrappedLogger, __: str, event: EventDict) -> str:
    traceback = f"\n{event['exception']}" if event.get("exception") else ""
    stage = f" {event['stage']}" if event["stage"] else ""
    return printable(f"{event['at']} {event['level'].upper()}{stage} {event['message']}{traceback}")
