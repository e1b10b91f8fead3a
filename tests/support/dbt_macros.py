"""A dbt context whose macros and values are made when a template asks for them.

dbt makes an object for each of its thousand macros, twice a node, and a node calls some twenty of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch


class Lazy(dict[str, Any]):
    """A dictionary that lacks some values until somebody asks for them."""

    def __init__(self, known: Mapping[str, Any] = {}) -> None:
        super().__init__(known)
        self.lacking: Mapping[str, Any] = {}
        self.make: Callable[[str], Any] = self.lacking.__getitem__

    def wait_for(self, lacking: Mapping[str, Any], make: Callable[[str], Any]) -> None:
        """lacking: the names that can be asked for. make: gives the value of a name."""
        self.lacking, self.make = lacking, make

    def __missing__(self, name: str) -> Any:
        if name not in self.lacking:
            raise KeyError(name)
        value = self[name] = self.make(name)
        return value

    def __bool__(self) -> bool:
        return bool(self.lacking) or super().__len__() > 0

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or name in self.lacking

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name in self else default  # noqa: SIM401  that would be this function

    def keys(self) -> Any:
        return super().keys() | self.lacking.keys()

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self.keys())

    def values(self) -> Any:
        return [self[name] for name in self]

    def items(self) -> Any:
        return [(name, self[name]) for name in self]


@contextmanager
def made_when_asked_for() -> Iterator[None]:
    """Inside, contexts of nodes hold the same macros under the same names as ever."""
    from dbt.clients.jinja import MacroGenerator, get_rendered
    from dbt.context.base import Var
    from dbt.context.macros import MacroNamespace, MacroNamespaceBuilder
    from dbt.context.manifest import ManifestContext

    build, to_dict, known = MacroNamespaceBuilder.build_namespace, ManifestContext.to_dict, {}

    def build_namespace(builder: Any, macros: Any, context: Any) -> Any:
        # a manifest has one dictionary of its macros, which grows while dbt loads them; known holds it, and so its id
        size = sum(map(len, macros.values()))
        key = (id(macros), size, builder.root_package, builder.search_package, *builder.internal_package_names_order)
        if key not in known:
            whole = build(builder, macros, {})
            parts = (whole.global_namespace, whole.local_namespace, whole.global_project_namespace)
            known[key] = (macros, whole, parts, frozenset(whole))
        _, whole, parts, names = known[key]
        made: dict[int, Any] = {}

        def generator(there: Any) -> Any:
            """One for a macro, wherever it is looked up."""
            if id(there) not in made:
                made[id(there)] = MacroGenerator(there.macro, context, builder.node, builder.thread_ctx)
            return made[id(there)]

        def lazily(flat: Mapping[str, Any]) -> Lazy:
            lazy = Lazy()
            lazy.wait_for(flat, lambda name: generator(flat[name]))
            return lazy

        packages = {name: lazily(flat) for name, flat in whole.packages.items()}
        namespace = MacroNamespace(*map(lazily, parts), packages)
        namespace.names = names
        return namespace

    def _build_namespace(context: Any) -> Any:
        context._ctx = Lazy(context._ctx)
        return context._get_namespace_builder().build_namespace(context.manifest.get_macros_by_package(), context._ctx)

    def lazy_dict(context: Any) -> Any:
        macros = getattr(context.namespace, "names", None)
        if macros is None:
            return to_dict(context)

        def own(name: str) -> Any:
            value = members[name]
            return value.__get__(context) if hasattr(value, "__get__") else value

        members, found = context._context_members_, context._ctx
        builtins = Lazy()
        builtins.wait_for(members, own)
        found.update(context=found, builtins=builtins)
        # a macro hides what dbt has under its name
        found.wait_for(
            dict.fromkeys([*members, *macros]),
            lambda name: context.namespace[name] if name in macros else builtins[name],
        )
        return found

    def rendered_var(var: Any, name: str) -> Any:
        """Without a copy of the whole context for a text that has nothing to render."""
        value = var._merged[name]
        return get_rendered(value, var._context) if isinstance(value, str) else value

    with ExitStack() as stack:
        stack.enter_context(patch.object(MacroNamespaceBuilder, "build_namespace", build_namespace))
        stack.enter_context(patch.object(ManifestContext, "_build_namespace", _build_namespace))
        stack.enter_context(patch.object(ManifestContext, "to_dict", lazy_dict))
        stack.enter_context(patch.object(Var, "get_rendered_var", rendered_var))
        yield
