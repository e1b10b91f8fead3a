"""The stage that runs dbt counts what is done, from dbt's events."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from pipeline.transform import count_nodes
from progress import Stage


def event(name: str, **data: Any) -> Any:
    return SimpleNamespace(info=SimpleNamespace(name=name), data=SimpleNamespace(**data))


def test_models_and_tests_are_counted() -> None:
    stage = Stage("transform", None, None, "models and tests")
    take = count_nodes(stage)
    for index in (1, 2, 3):
        take(event("LogStartLine", index=index, total=276))
    take(event("NodeFinished"))
    take(event("LogModelResult", index=1, total=276))
    take(event("NodeFinished"))
    assert stage.so_far().startswith("transform: 2 of 276 models and tests")
