"""Lines and tables on standard output."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

ROWS_SHOWN = 40
"""Rows of a list in the summary, of refused rows, or of one failed dbt test."""


def printable(text: str) -> str:
    """The text without what a terminal would obey: control characters but newline and tab are shown as U+FFFD, and so
    is half of a surrogate pair, which no output takes.

    Text of Stripe, NetSuite and mapping files may hold any.
    """
    return "".join(
        letter if letter in "\n\t" or unicodedata.category(letter) not in ("Cc", "Cs") else "\ufffd" for letter in text
    )


def printable_json(text: str) -> str:
    """JSON that means the same, without what a terminal would obey or a reader take for the end of a line: JSON itself
    escapes only the first 32 characters."""
    return re.sub("[\x7f-\x9f\u2028\u2029\ud800-\udfff]", lambda match: f"\\u{ord(match[0]):04x}", text)


_remember: Callable[[str], object] | None = None


def say(text: str) -> None:
    """Prints one line, or several, at once: what a command has to say. Progress, warnings and errors go to
    `pipeline.logs`."""
    print(printable(text), flush=True)
    if _remember:
        _remember(text)


def remember_with(log: Callable[[str], object]) -> None:
    """Gives what is said to the log, too."""
    global _remember
    _remember = log


def console(file: IO[str] | None = None) -> Console:
    """The console for tables. file: None is standard output."""
    from rich.console import Console
    from rich.text import Text

    class Printable(Console):
        def render_str(self, text: str, **options: Any) -> Text:
            return super().render_str(printable(text), **options)

    # A log has no width of its own. Ids and details are shown as they are, also one
    # that looks like rich's markup or the name of an emoji.
    return Printable(file=file, width=None if sys.stdout.isatty() else 80, highlight=False, markup=False, emoji=False)
