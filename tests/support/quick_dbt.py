"""dbt without what nobody looks at: a build of a small world takes two thirds of its processor time."""

from __future__ import annotations

import functools
import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any
from unittest.mock import patch

from tests.support.dbt_macros import made_when_asked_for

_code_of_templates: dict[tuple[Any, ...], Any] = {}


@contextmanager
def quick_dbt(*, keep_parsed: bool = False) -> Iterator[None]:
    """What dbt says, and what it leaves in the warehouse and in target/compiled, stays as it is.

    keep_parsed: dbt parses again only files that changed, also under other vars.

    - No debug events: nobody listens.
    - The same text of a template is compiled once a process, the modules that templates may use are listed once.
    - Macros of a context are made when a template asks for them, also for native values. Tables of results share what
      judges types.
    - No files in target/run, which nobody reads.
    - Python looks for no cycles meanwhile.
    """
    import dbt.context.base
    from dbt.contracts.graph.nodes import ParsedNode
    from dbt.parser.manifest import ManifestLoader
    from dbt_common.clients import agate_helper
    from dbt_common.clients.jinja import MacroFuzzTemplate, NativeSandboxTemplate
    from dbt_common.events.base_types import DebugLevel
    from dbt_common.events.event_manager import EventManager
    from jinja2 import Environment

    fire, compile_template, write = EventManager.fire_event, Environment.compile, ParsedNode.write_node

    def fire_event(manager: EventManager, event: Any, *args: Any, **kwargs: Any) -> None:
        if not isinstance(event, DebugLevel):
            fire(manager, event, *args, **kwargs)

    def compile_once(environment: Environment, source: Any, *args: Any, **kwargs: Any) -> Any:
        key = (type(environment), source, args, *kwargs.items())
        if key not in _code_of_templates:
            _code_of_templates[key] = compile_template(environment, source, *args, **kwargs)
        return _code_of_templates[key]

    def write_node(node: ParsedNode, root: str, path: str, code: str) -> None:
        if path != node.build_path:
            write(node, root, path, code)

    modules = functools.cache(dbt.context.base.get_context_modules)
    testers = functools.cache(agate_helper.build_type_tester)

    def type_tester(text_columns: Iterable[str], string_null_values: Iterable[str] | None = ("null", "")) -> Any:
        return testers(tuple(text_columns), string_null_values and tuple(string_null_values))

    with (
        made_when_asked_for(),
        patch.object(DebugLevel, "__init__", lambda *_, **__: None),
        patch.object(EventManager, "fire_event", fire_event),
        patch.object(Environment, "compile", compile_once),
        patch.object(dbt.context.base, "get_context_modules", modules),
        patch.object(ParsedNode, "write_node", write_node),
        patch.object(NativeSandboxTemplate, "new_context", MacroFuzzTemplate.new_context),
        patch.object(agate_helper, "build_type_tester", type_tester),
        patch.object(agate_helper, "empty_table", functools.cache(agate_helper.empty_table)),
        patch.object(ManifestLoader, "is_partial_parsable", lambda *_: (True, None)) if keep_parsed else nullcontext(),
    ):
        gc.disable()
        try:
            yield
        finally:
            gc.enable()
