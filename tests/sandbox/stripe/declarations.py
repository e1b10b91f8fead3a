"""Check JSON objects against the type declarations of the `stripe` package, in its pinned API version."""

import functools
import types
import typing
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Literal, Union, get_args, get_origin

import stripe
from stripe import ListObject, StripeObject
from stripe._stripe_object import UntypedStripeObject

NONE = type(None)


class _Scope(dict[str, Any]):
    """Names in declarations. A name that the package imports only for typing stands for `Any`."""

    def __missing__(self, name: str) -> Any:
        return Any


@functools.cache
def _scope() -> _Scope:
    builtins = {kind.__name__: kind for kind in (int, str, bool, float, dict, list)}
    return _Scope(vars(typing) | builtins | {"Decimal": Decimal} | vars(stripe))


@functools.cache
def declared(cls: type) -> dict[str, Any]:
    """Field name -> resolved type of one declaration class, without fields of the client library."""
    own = {base for base in cls.__mro__ if base.__module__.startswith("stripe.") and "annotations" in dir(base)}
    hints = typing.get_type_hints(cls, localns=_scope())
    names = [name for base in own or {cls} for name in vars(base).get("__annotations__", {})]
    return {name: hints[name] for name in names if not name.startswith("_") and name != "OBJECT_NAME"}


def faults(value: Any, hint: Any, path: str) -> Iterator[str]:
    """Yield one sentence for each place where the JSON `value` does not fit the declaration `hint`."""
    origin, args = get_origin(hint), get_args(hint)
    if hint is Any:
        return
    if origin in (Union, types.UnionType):
        yield from _union_faults(value, args, path)
    elif origin is Literal:
        if value not in args:
            yield f"{path}: {value!r} is none of {args}"
    elif origin is list:
        yield from _item_faults(value, list, args[0], path)
    elif origin is UntypedStripeObject:
        yield from _item_faults(value, dict, args[0], path)
    elif origin is ListObject:
        yield from _list_faults(value, args[0], path)
    elif isinstance(hint, type) and issubclass(hint, StripeObject):
        yield from object_faults(value, hint, path)
    else:
        # A decimal travels as text; a bool is no number.
        allowed = {Decimal: str, float: (int, float)}.get(hint, hint)
        if not isinstance(value, allowed) or (isinstance(value, bool) and hint is not bool):
            yield f"{path}: {value!r} is no {hint.__name__}"


def object_faults(value: Any, cls: type, path: str = "") -> Iterator[str]:
    """Yield unknown fields, missing fields that are not Optional, and wrong types, at every level."""
    path = path or cls.__name__
    if not isinstance(value, dict):
        yield f"{path}: {value!r} is no object"
        return
    fields = declared(cls)
    yield from (f"{path}.{name}: not a field of {cls.__qualname__}" for name in value.keys() - fields.keys())
    for name, hint in fields.items():
        if name in value:
            yield from faults(value[name], hint, f"{path}.{name}")
        elif NONE not in get_args(hint):
            yield f"{path}.{name}: missing"


def _item_faults(value: Any, container: type, hint: Any, path: str) -> Iterator[str]:
    """Faults of the items of a list or a map."""
    if not isinstance(value, container):
        yield f"{path}: {value!r} is no {container.__name__}"
        return
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        yield from faults(item, hint, f"{path}[{key!r}]")


def _union_faults(value: Any, args: tuple[Any, ...], path: str) -> Iterator[str]:
    """The faults of the best alternative. An open enum (`Literal[...] | str`) allows only its literals."""
    literals = [arg for arg in args if get_origin(arg) is Literal]
    if literals:
        args = tuple(arg for arg in args if arg is not str)
    attempts = [list(faults(value, arg, path)) for arg in args]
    yield from min(attempts, key=len)


def _list_faults(value: Any, item_hint: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict) or value.keys() - {"object", "data", "has_more", "url", "total_count"}:
        yield f"{path}: {value!r} is no list object"
        return
    yield from faults(value.get("object"), Literal["list"], f"{path}.object")
    yield from faults(value.get("has_more"), bool, f"{path}.has_more")
    yield from faults(value.get("url"), str, f"{path}.url")
    yield from faults(value.get("data"), list[item_hint], f"{path}.data")
