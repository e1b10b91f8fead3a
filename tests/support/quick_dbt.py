"""dbt without what nobody looks at: a build of a small world takes two thirds of its processor time."""

from __future__ import annotations

import functools
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

_code_of_templates: dict[tuple[Any, ...], Any] = {}


@contextmanager
def quick_dbt() -> Iterator[None]:
    """What dbt says, and what it leaves in the warehouse and in target/compiled, stays as it is.

    - No debug events: nobody listens.
    - The same text of a template is compiled once a process, the modules that templates may use are listed once.
    - No files in target/run, which nobody reads.
    - What was parsed under other vars serves: dbt parses again the files that read one. It refuses a relation that it
      did not find then.
    - Python looks for no cycles meanwhile.
    """
    import dbt.context.base
    from dbt.contracts.graph.nodes import ParsedNode
    from dbt.parser.manifest import ManifestLoader
    from dbt.parser.partial import PartialParsing
    from dbt_common.events.base_types import DebugLevel
    from dbt_common.events.event_manager import EventManager
    from jinja2 import Environment

    fire, compile_template, write = EventManager.fire_event, Environment.compile, ParsedNode.write_node
    is_parsable, find_changes = ManifestLoader.is_partial_parsable, PartialParsing.build_file_diff

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

    other_vars = False

    def is_parsable_but_for_vars(loader: ManifestLoader, manifest: Any) -> Any:
        nonlocal other_vars
        state, saved = loader.manifest.state_check, manifest.state_check
        other_vars = saved.vars_hash != state.vars_hash
        saved.vars_hash = state.vars_hash
        return is_parsable(loader, manifest)

    def find_changes_and_vars(parsing: PartialParsing) -> None:
        for name in parsing.saved_files.keys() & parsing.new_files.keys() if other_vars else ():
            if "://macros/" not in name and "var(" in (parsing.new_files[name].contents or ""):
                parsing.saved_files[name].checksum = None
        find_changes(parsing)

    modules = functools.cache(dbt.context.base.get_context_modules)
    with (
        patch.object(DebugLevel, "__init__", lambda *_, **__: None),
        patch.object(EventManager, "fire_event", fire_event),
        patch.object(Environment, "compile", compile_once),
        patch.object(dbt.context.base, "get_context_modules", modules),
        patch.object(ParsedNode, "write_node", write_node),
        patch.object(ManifestLoader, "is_partial_parsable", is_parsable_but_for_vars),
        patch.object(PartialParsing, "build_file_diff", find_changes_and_vars),
    ):
        gc.disable()
        try:
            yield
        finally:
            gc.enable()
