"""Checks JSON objects against the type declarations of the `stripe` package, i.e. the shapes of its pinned
API version.
"""

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
    """Names that declarations refer to; what the package imports under an alias for typing only stands for
    `Any`.
    """

    def __missing__(self, name: str) -> Any:
        return Any


@functools.cache
def _scope() -> _Scope:
    builtins = {kind.__name__: kind for kind in (int, str, bool, float, dict, list)}
    return _Scope(vars(typing) | builtins | {"Decimal": Decimal} | vars(stripe))


@functools.cache
def declared(cls: type) -> dict[str, Any]:
    """Field name -> resolved type, of one declaration class (without what it inherits from the client
    library).
    """
    own = {base for base in cls.__mro__ if base.__module__.startswith("stripe.") and "annotations" in dir(base)}
    hints = typing.get_type_hints(cls, localns=_scope())
    names = [name for base in own or {cls} for name in vars(base).get("__annotations__", {})]
    return {name: hints[name] for name in names if not name.startswith("_") and name != "OBJECT_NAME"}


def faults(value: Any, hint: Any, path: str) -> Iterator[str]:
    """Yield one sentence per place where the JSON `value` is not what the declaration `hint` allows."""
    origin, args = get_origin(hint), get_args(hint)
    if hint is Any:
        return
    if origin in (Union, types.UnionType):
        yield from _union_faults(value, args, path)
    elif origin is Literal:
        if value not in args:
            yield f"{path}: {value!r} is none of {args}"
    elif origin is list:
        if not isinstance(value, list):
            yield f"{path}: {value!r} is no list"
        else:
            for index, item in enumerate(value):
                yield from faults(item, args[0], f"{path}[{index}]")
    elif origin is UntypedStripeObject:
        if not isinstance(value, dict):
            yield f"{path}: {value!r} is no map"
        else:
            for key, item in value.items():
                yield from faults(item, args[0], f"{path}.{key}")
    elif origin is ListObject:
        yield from _list_faults(value, args[0], path)
    elif isinstance(hint, type) and issubclass(hint, StripeObject):
        yield from object_faults(value, hint, path)
    elif hint is Decimal:
        if not isinstance(value, str):
            yield f"{path}: a decimal travels as text, not as {value!r}"
    elif hint is float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            yield f"{path}: {value!r} is no number"
    elif hint is int:
        if isinstance(value, bool) or not isinstance(value, int):
            yield f"{path}: {value!r} is no integer"
    elif not isinstance(value, hint):
        yield f"{path}: {value!r} is no {hint.__name__}"


def object_faults(value: Any, cls: type, path: str = "") -> Iterator[str]:
    """Unknown fields, missing fields that are not Optional, wrong types; all the way down."""
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


def _union_faults(value: Any, args: tuple[Any, ...], path: str) -> Iterator[str]:
    """The best of the alternatives; an open enum (`Literal[...] | str`) is held to its literals."""
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
