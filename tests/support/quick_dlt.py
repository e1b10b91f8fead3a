"""dlt that judges each type hint of its configuration once: it does so thousands of times in each load, and a load of a
few rows takes two thirds of its processor time."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any


def quicken_dlt() -> None:
    """For this process, to its end."""
    import dlt  # noqa: F401  the modules below
    from dlt.common.configuration.specs import base_configuration

    for name in ("is_secret_hint", "extract_inner_hint", "is_valid_hint"):
        judge = getattr(base_configuration, name)
        once = _once(judge)
        for module in [module for key, module in sys.modules.items() if key.startswith("dlt.")]:
            if vars(module).get(name) is judge:
                setattr(module, name, once)


def _once(judge: Callable[..., Any]) -> Callable[..., Any]:
    remembered = functools.cache(judge)

    def once(hint: Any, **options: bool) -> Any:
        try:
            return remembered(hint, **options)
        except TypeError:  # a hint without a hash
            return judge(hint, **options)

    return once
