"""Reads the JSON of a request against the known fields: names, references, dates, decimals."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.netsuite import errors
from sandbox.netsuite.schema import Field, Fields

Resolve = Callable[[str, str], str | None]  # (table, external id) -> internal id
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
CUSTOM_KINDS = ("text", "number", "date", "reference", "boolean")


def parse_json(body: bytes) -> dict[str, Any]:
    """The request body, with exact decimals. Raises `Refused` if it is not one JSON object."""
    try:
        parsed = json.loads(body or b"{}", parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError) as problem:
        raise errors.malformed_body(str(problem)) from None
    if not isinstance(parsed, dict):
        raise errors.malformed_body("an object is expected")
    return parsed


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")


class Reader:
    """Reads the objects of one request. `dropped` collects the names of fields that this account does not have.

    `strict` is `X-NetSuite-PropertyNameValidation: Error`: it refuses an unknown name instead of dropping it. With
    `exact_names`, a name in other letters than the schema's is unknown.
    """

    def __init__(self, resolve: Resolve, strict: bool, exact_names: bool = False) -> None:
        self._resolve, self._strict, self._exact_names = resolve, strict, exact_names
        self.dropped: list[str] = []

    def read(self, given: object, fields: Fields, custom: Mapping[str, str], path: str = "") -> dict[str, Any]:
        """The known fields of an object by schema name, as typed values. Raises `Refused`.

        References become internal ids, sublists stay as they are, computed fields are left out, a `null` is None.
        `custom` maps the custom fields of this level to their kind.
        """
        if not isinstance(given, Mapping):
            raise errors.malformed_body(f"{path or 'body'} is not an object")
        values: dict[str, Any] = {}
        for key, value in given.items():
            at = f"{path}.{key}" if path else key
            field = fields.get(key.lower()) or _custom_field(key, custom)
            if field is None or (self._exact_names and field.name != key):
                self._unknown(key, at)
            elif field.kind == "display":
                raise errors.not_in_static_sublist()
            elif field.kind != "computed":  # NetSuite ignores computed fields on input (guessed)
                values[field.name] = None if value is None else self._convert(value, field, at)
        return values

    def rows(self, given: object, fields: Fields, custom: Mapping[str, str], path: str) -> list[dict[str, Any]]:
        """The rows of a sublist `{"items": [...]}`, each as by `read`. A bare list is refused."""
        if given is None:
            return []
        items = given.get("items") if isinstance(given, Mapping) else None
        if not isinstance(items, list):
            raise errors.malformed_body(f"{path} is not a sublist")
        return [self.read(row, fields, custom, f"{path}.items[{i}]") for i, row in enumerate(items)]

    def _unknown(self, key: str, path: str) -> None:
        if self._strict:
            raise errors.unknown_field(key, path)
        self.dropped.append(key)

    def _convert(self, value: Any, field: Field, path: str) -> Any:
        if field.kind == "reference":
            return self._reference(value, field, path)
        if field.kind == "sublist":
            return value
        if isinstance(value, Mapping) and field.kind == "text" and "id" in value:
            value = value["id"]  # an enum is {id, refName} or a bare id
        try:
            return _CONVERT[field.kind](value, field)
        except (ValueError, TypeError, InvalidOperation):
            raise errors.invalid_value(value, field.name, path) from None

    def _reference(self, value: Any, field: Field, path: str) -> str:
        if isinstance(value, Mapping):
            if value.get("id") is not None:
                return self._reference(str(value["id"]), field, path)
            external_id = value.get("externalId")
            if external_id is not None:
                found = self._resolve(field.table or "any", str(external_id))
                if found is None:
                    raise errors.invalid_value(external_id, field.name, path)
                return found
            raise errors.invalid_value("", field.name, path)
        is_id = isinstance(value, str | int) and not isinstance(value, bool)
        if is_id and (field.table != "list" or str(value).lstrip("-").isdigit()):
            return str(value)
        raise errors.invalid_value(value, field.name, path)


def _custom_field(key: str, custom: Mapping[str, str]) -> Field | None:
    kind = custom.get(key.lower())
    return Field(key.lower(), kind, table="list" if kind == "reference" else None) if kind else None


def _text(value: Any, field: Field) -> str:
    if not isinstance(value, str | int | Decimal) or isinstance(value, bool):
        raise TypeError
    text = str(value)
    if field.limit and len(text) > field.limit:
        raise errors.too_long(field.name, field.limit)
    return text


def _number(value: Any, _: Field) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise TypeError
    number = Decimal(value)
    if not number.is_finite():
        raise ValueError
    return number


def _date(value: Any, _: Field) -> date:
    """A date from `YYYY-MM-DD`, or from a date-time without its time (seen)."""
    match = _ISO_DATE.match(value)
    return date.fromisoformat(match[0] if match else value)


def _boolean(value: Any, _: Field) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("T", "true", "F", "false"):
        return value in ("T", "true")
    raise ValueError


_CONVERT: dict[str, Callable[[Any, Field], Any]] = {
    "text": _text,
    "number": _number,
    "date": _date,
    "boolean": _boolean,
}
