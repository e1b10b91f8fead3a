"""A stage shows its progress on a terminal and one line in a log."""

from __future__ import annotations

import pytest

from extract.progress import Progress


def test_a_terminal_shows_count_and_estimated_end(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress()
    progress._is_terminal = True
    with progress.stage("Stripe") as stage:
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
    assert "Stripe: 200 objects in" in capsys.readouterr().err


def test_a_log_gets_one_line_per_stage(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress().stage("Stripe") as stage:
        stage.expect(1000)
        stage(100)
        stage.detail = ", 3 requests"
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("Stripe: 100 objects in ") and line.endswith(" s, 3 requests")
