"""One Ctrl-C, or one SIGTERM, ends a command within about a second, whatever it waits for.

The main thread gets a KeyboardInterrupt and has `GRACE_SECONDS` to end in order. It does not always get it in time: a
long query of DuckDB looks for signals late, and pools join threads that wait for an answer. So a thread of its own
watches, and then ends the process. That is safe: every stage stands a kill at any moment, and the next run goes on.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import TextIO

from pipeline.console import say
from pipeline.exit_codes import FAILED, MEANING

GRACE_SECONDS = 1.0
SIGNALS = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}
LEFT_BEHIND = {
    "extract": "what was read so far is kept, and the next run goes on from there; nothing was written to NetSuite",
    "transform": "nothing was pushed; the next transform derives what this one did not",
    "push": "what NetSuite answered is in the journal. Next: run the same command again; it asks NetSuite for the "
    "writes under way before it sends anything",
}
"""What a stopped stage leaves behind."""
NOTHING = "nothing was written to NetSuite"


class StopSignal:
    """Whether the process was told to stop. stage: the stage under way, for the sentence that says what was done ·
    so_far: how far it is, for a stage that cannot say it itself in time · json_to: gets an object in place of words."""

    def __init__(self) -> None:
        self.stage = ""
        self.so_far: Callable[[], str] = str
        self.json_to: TextIO | None = None
        self._name = ""
        self._is_told = threading.Lock()  # the first thread that takes it says the last words

    def watch(self) -> None:
        """Takes SIGINT and SIGTERM from now on. Call it in the main thread."""
        # Python's own helper process would warn of the semaphores that dbt had when the process was ended.
        os.environ.setdefault("PYTHONWARNINGS", "ignore:resource_tracker")
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        for number in SIGNALS:
            signal.signal(number, self._interrupt)
        threading.Thread(target=self._end_late, args=(reader,), name="stop signal", daemon=True).start()

    def has_come(self, error: BaseException) -> bool:
        """Whether an error comes from the signal: libraries turn a KeyboardInterrupt into errors of their own."""
        return bool(self._name) or isinstance(error, KeyboardInterrupt)

    def leave(self, notes: list[str]) -> int:
        """Says what was done and ends the process, with all its threads. notes: what the stage itself has to say."""
        if self._is_told.acquire(blocking=False):
            try:
                during = f" during {self.stage}" if self.stage else ""
                left_behind = LEFT_BEHIND.get(self.stage, NOTHING)
                if sys.stderr.isatty():
                    print("\x1b[?25h", end="", file=sys.stderr, flush=True)  # a progress bar hides the cursor
                said = [part for part in (notes or [self.so_far()]) if part]
                failure = f"stopped by {self._name or 'Ctrl-C'}{during}: {'; '.join([*said, left_behind])}"
                # dbt's own output is held back; where JSON is alone on stdout, the log shows what is said
                with contextlib.nullcontext() if self.json_to else contextlib.redirect_stdout(sys.__stdout__):
                    say(failure)
                    say(f"exit code {FAILED}: {MEANING[FAILED]}")
                if self.json_to:
                    print(json.dumps({"exit_code": FAILED, "failure": failure}), file=self.json_to, flush=True)
            finally:
                os._exit(FAILED)  # threads that still wait for answers would hold a usual end
        threading.Event().wait()  # the other thread is ending the process
        return FAILED

    def _interrupt(self, number: int, _: FrameType | None) -> None:
        if not self._name:  # a second signal must not disturb the end
            self._name = SIGNALS[signal.Signals(number)]
            raise KeyboardInterrupt

    def _end_late(self, reader: int) -> None:
        number = os.read(reader, 1)[0]
        threading.Event().wait(GRACE_SECONDS)
        self._name = self._name or SIGNALS[signal.Signals(number)]
        self.leave([])
