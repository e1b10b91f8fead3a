"""A stage shows its progress on a terminal, and a line from time to time in a log."""

from __future__ import annotations

import threading

import pytest

import progress as room
from progress import Progress


def test_a_terminal_shows_count_and_estimated_end(caplog: pytest.LogCaptureFixture) -> None:
    progress = Progress()
    progress._is_terminal = True
    with caplog.at_level("INFO"), progress.stage("Stripe") as stage:
        stage(100)
        assert stage._bars
        (task,) = stage._bars.tasks
        assert (task.completed, task.total) == (100, None)
        stage.expect(1000)
        stage(100)
        (task,) = stage._bars.tasks
        assert (task.completed, task.total) == (200, 1000)
        stage._began -= 100  # 200 in 100 seconds
        stage(0)
        assert stage._bars.tasks[0].fields["left"] == "about 0:06:40 left"
        stage.expect(800)
        assert stage._bars.tasks[0].total == 800
    assert "Stripe: 200 objects in" in caplog.text


def test_a_log_gets_one_line_for_a_quick_stage(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        with Progress().stage("Stripe") as stage:
            stage.expect(1000)
            stage(100)
            stage.detail = ", 3 requests"
        with Progress().stage("push", has_summary=False):
            pass
    (line,) = caplog.messages
    assert line.startswith("Stripe: 100 objects in ") and line.endswith(" s, 3 requests")


def test_a_log_gets_lines_of_a_long_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    lines: list[str] = []

    class Over(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout or 0)
            return len(waits) == 3

    monkeypatch.setattr(room.log, "info", lines.append)
    stage = room.Stage("push", 1000, None, "records")
    stage._began -= 30
    stage(120)
    stage.tell_until(Over())
    assert waits == [10, 60, 60]
    assert lines == ["push: 120 of 1,000 records, 4/s, about 0:03:40 left"] * 2


def test_a_stage_says_how_far_it_is_without_knowing_the_end() -> None:
    stage = room.Stage("transform", None, None, "models and tests")
    assert stage.so_far() == "transform: under way"
    stage._began -= 100
    stage(300)
    assert stage.so_far() == "transform: 300 models and tests, 3/s"


def test_the_lines_stop_with_the_stage() -> None:
    with Progress().stage("push") as stage:
        assert stage.count == 0
        (thread,) = [thread for thread in threading.enumerate() if thread.name == "progress"]
    thread.join(5)
    assert not thread.is_alive()
