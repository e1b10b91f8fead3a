"""The metadata catalog: the fields of each record in this account, as OpenAPI (facts 1.1 and 11, D8).

Only what a client needs to know whether a field exists, of what type it is, and which methods a record has.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandbox.netsuite.ledger import Ledger
from sandbox.netsuite.schema import LEVELS, custom_prefix

MEDIA_TYPE = "application/swagger+json"
_SHAPES: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "number": {"type": "number", "format": "double"},
    "date": {"type": "string", "format": "date"},
    "boolean": {"type": "boolean"},
    "reference": {"$ref": "#/components/schemas/nsResource"},
}


def catalog(books: Ledger, record_types: Iterable[str]) -> dict[str, Any]:
    """The OpenAPI document of these record types (`schema.BODY`)."""
    wanted = set(record_types)
    paths: dict[str, Any] = {}
    for name in wanted:
        paths |= {f"/{name}": {"get": {}, "post": {}}, f"/{name}/{{id}}": {"get": {}, "patch": {}, "delete": {}}}
    schemas: dict[str, Any] = {"nsResource": {"type": "object", "properties": {"id": _SHAPES["text"]}}}
    for level in LEVELS:
        record_type, _, sublist = level.partition(".")
        if record_type in wanted:
            name = f"{record_type}-{sublist}Element" if sublist else record_type
            schemas[name] = {"type": "object", "properties": _properties(books, level)}
            if sublist:
                rows = {"items": {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}}}
                schemas[f"{record_type}-{sublist}Collection"] = {"type": "object", "properties": rows}
    info = {"title": "NetSuite REST API"}
    return {"openapi": "3.0.1", "info": info, "paths": paths, "components": {"schemas": schemas}}


def _properties(books: Ledger, level: str) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for field in LEVELS[level].values():
        if field.kind == "sublist" and f"{level}.{field.name}" in LEVELS:
            shown[field.name] = {"$ref": f"#/components/schemas/{level}-{field.name}Collection"}
        else:
            shown[field.name] = _SHAPES.get(field.kind, {"type": "string"})
    prefix = custom_prefix(level)
    custom = books.custom_fields(prefix) if prefix else {}
    return shown | {name: _SHAPES[kind] for name, kind in custom.items()}
