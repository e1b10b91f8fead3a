"""Puts a file of the report in its place by one rename."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


class ReportError(Exception):
    """A file of the report cannot be written. The message says why, and what to do."""


@contextmanager
def new_file(path: Path, what: str, errors: tuple[type[Exception], ...] = ()) -> Iterator[Path]:
    """An empty file for its owner alone, to be written; it takes the place of `path` at the end of the block.

    what: its name in a sentence, e.g. "the workbook" · errors: those of a library that writes it. Raises ReportError
    for these and every OSError, also of the block.
    """
    caught: tuple[type[Exception], ...] = (OSError, *errors)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with TemporaryDirectory(prefix=f".{path.stem}-", dir=path.parent) as folder:
            part = Path(folder, path.name)
            part.touch(mode=0o600)
            yield part
            part.replace(path)
    except caught as error:
        why = getattr(error, "strerror", None) or error
        raise ReportError(
            f"{what} {path} cannot be written ({why}); make room, or set REPORT_DIR to a folder of yours"
        ) from None
