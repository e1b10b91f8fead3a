"""A command of the pipeline in a process of its own, whose dbt is as quick as that of the other tests.

python -m tests.support.quick_pipeline run
"""

from __future__ import annotations

import runpy
from typing import Any
from unittest.mock import patch

from pipeline import transform
from tests.support.quick_dbt import quick_dbt

run_dbt = transform.run_dbt


def quickly(*arguments: Any, **options: Any) -> Any:
    with quick_dbt():
        return run_dbt(*arguments, **options)


if __name__ == "__main__":
    with patch.object(transform, "run_dbt", quickly):
        runpy.run_module("pipeline", run_name="__main__", alter_sys=True)
