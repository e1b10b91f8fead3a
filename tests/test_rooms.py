"""Each room imports only the rooms below it: extract and the loader meet in tables, not in code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# room → the rooms that it may import
BELOW = {
    "bounded_http": set(),
    "file_access": set(),
    "progress": set(),
    "text_tables": set(),
    "settings": {"warehouse"},
    "warehouse": set(),
    "netsuite": {"bounded_http", "settings"},
    "mapping_files": {"file_access", "settings"},
    "extract": {"bounded_http", "mapping_files", "netsuite", "progress", "warehouse", "settings"},
    "load_netsuite": {"netsuite", "text_tables", "warehouse", "settings"},
    "history": {"warehouse"},
    "publish": {"file_access", "warehouse"},
    "report": {"settings", "text_tables", "warehouse"},
    "proposals": {"extract", "mapping_files", "netsuite", "settings", "text_tables", "warehouse"},
    "doctor": {"extract", "mapping_files", "netsuite", "proposals", "settings", "warehouse"},
    "pipeline": {
        *("doctor", "extract", "history", "load_netsuite", "mapping_files", "netsuite", "proposals", "publish"),
        *("progress", "report", "warehouse", "settings", "bounded_http", "text_tables"),
    },
    "sandbox": set(),
}


def imports(room: str) -> Iterator[tuple[str, str]]:
    """(file, room that it imports) of every import, those inside functions too."""
    for path in [ROOT / f"{room}.py"] if (ROOT / f"{room}.py").exists() else sorted((ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}: imports are absolute"
                names = [node.module or ""]
            else:
                continue
            yield from ((str(path.relative_to(ROOT)), name.partition(".")[0]) for name in names)


@pytest.mark.parametrize("room", BELOW)
def test_a_room_imports_only_rooms_below_it(room: str) -> None:
    found = list(imports(room))
    assert found, f"{room} has no imports: is it still there?"
    assert [(file, other) for file, other in found if other in BELOW.keys() - BELOW[room] - {room}] == []
