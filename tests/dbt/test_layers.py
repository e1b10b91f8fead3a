"""The layers of the dbt project: what a model may read, how it is named, and that it is described."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.support import warehouse as testing

#: Layers in the order of a build: folder of models/ -> prefixes of its models.
LAYERS: dict[str, tuple[str, ...]] = {
    "parsed": ("parsed_",),
    "reference": ("reference_",),
    "scope": ("scope_",),
    "build": ("stg_", "int_"),
    "books": ("books_",),
    "outcomes": ("outcomes_",),
    "marts": (),
    "checked": ("checked_",),
}
#: Layers whose models describe each of their columns.
DESCRIBED = ("parsed", "reference", "build")
#: Folders of macros/ with one macro a file.
MACROS = ("dates", "documents", "external_ids", "journal", "json", "mapping", "money", "stripe")


def models(manifest: Any) -> list[Any]:
    return [node for node in manifest.nodes.values() if node.resource_type == "model"]


def layer(node: Any) -> str:
    return node.fqn[1]


def is_named(manifest: Any, unique_id: str) -> bool:
    """Whether rows of an input concern single customers (macros/scope/build_inputs.sql), also seen through a view."""
    node = manifest.nodes.get(unique_id) or manifest.sources[unique_id]
    meta = node.config.meta
    if meta.get("names") or meta.get("customer_key") or meta.get("parsed_by"):
        return True
    is_view = node.resource_type == "model" and layer(node) in ("parsed", "reference")
    return is_view and any(is_named(manifest, parent) for parent in node.depends_on.nodes)


def test_every_model_is_in_a_layer_and_has_its_prefix(manifest):
    every_prefix = tuple(prefix for prefixes in LAYERS.values() for prefix in prefixes)
    wrong = [
        node.name
        for node in models(manifest)
        if not (node.name.startswith(LAYERS[layer(node)]) if LAYERS[layer(node)] else True)
        or (not LAYERS[layer(node)] and node.name.startswith(every_prefix))
    ]
    assert wrong == []


def test_no_edge_runs_back(manifest):
    order = list(LAYERS)
    back = [
        (node.name, manifest.nodes[parent].name)
        for node in models(manifest)
        for parent in node.depends_on.nodes
        if parent.startswith("model.") and order.index(layer(manifest.nodes[parent])) > order.index(layer(node))
    ]
    assert back == []


def test_only_the_scope_reads_the_last_build(manifest):
    readers = {
        layer(node)
        for node in models(manifest)
        if any(parent.startswith("source.") and ".last_build." in parent for parent in node.depends_on.nodes)
    }
    assert readers == {"scope"}


def test_rules_read_inputs_of_customers_through_staging_only(manifest):
    """A rule that read such an input itself would see rows of customers out of scope, and go stale unseen."""
    readers = {
        node.name
        for node in models(manifest)
        if layer(node) == "build"
        for parent in node.depends_on.nodes
        if not (parent.startswith("model.") and layer(manifest.nodes[parent]) in ("scope", "build"))
        and is_named(manifest, parent)
    }
    assert {name for name in readers if not name.startswith("stg_")} == set()
    assert {"stg_netsuite__items", "stg_stripe__credit_note_structs", "stg_mapping__customer_map"} <= readers


@pytest.mark.parametrize("layer_name", DESCRIBED)
def test_every_model_and_column_is_described(layer_name, manifest, empty_world):
    query = f"select table_name, column_name from information_schema.columns where table_schema = '{layer_name}'"
    columns: dict[str, set[str]] = {}
    for row in testing.rows(empty_world.warehouse, query):
        columns.setdefault(row["table_name"], set()).add(row["column_name"])
    for node in models(manifest):
        if layer(node) == layer_name:
            assert node.description, node.name
            described = {name for name, column in node.columns.items() if column.description}
            assert described == columns[node.alias], node.name


def own_macros(manifest: Any) -> dict[str, str]:
    """Name -> text, of the project's macros."""
    macros = [macro for macro in manifest.macros.values() if macro.package_name == "stripe_credit_to_netsuite"]
    return {macro.name: macro.macro_sql for macro in macros}


def dispatched(manifest: Any) -> set[str]:
    """The macros of which each engine has its own."""
    return {
        name for text in own_macros(manifest).values() for name in re.findall(r"adapter\.dispatch\('(\w+)'\)", text)
    }


def test_each_engine_has_every_macro_in_its_file(manifest):
    """dbt's own macros that an engine replaces are in its file too."""
    replaced = {
        "duckdb": {"load_csv_rows", "alter_column_comment"},
        "postgres": set(),
        "spark": {"create_csv_table", "load_csv_rows", "persist_docs"},
    }
    helpers = {
        "duckdb": {"or_replace"},
        "postgres": {"array", "has_columns_of", "keys"},
        "spark": {"require_types_of_contract", "sum_of", "text_literal", "type_of"},
    }
    # an engine that rebuilds all goes on from nothing
    lacks = {"spark": {"replace_rows", "view_texts", "columns_of_schemas"}}
    for engine, more in replaced.items():
        text = (testing.PROJECT / "macros" / "engines" / f"{engine}.sql").read_text()
        there = set(re.findall(rf"macro {engine}__(\w+)", text))
        assert there - helpers[engine] == dispatched(manifest) - lacks.get(engine, set()) | more, engine
    prefixes = tuple(f"{engine}__" for engine in replaced)
    elsewhere = [
        path.name
        for path in (testing.PROJECT / "macros").rglob("*.sql")
        if path.parent.name != "engines" and any(prefix in path.read_text() for prefix in prefixes)
    ]
    assert elsewhere == []


def test_no_macro_has_a_default_for_other_engines(manifest):
    """A default is never executed here, so it is wrong unseen: it only says that the engine has no macro of its own."""
    defaults = {name: text for name, text in own_macros(manifest).items() if name.startswith("default__")}
    assert {name.removeprefix("default__") for name in defaults} == dispatched(manifest)
    for name, text in defaults.items():
        (body,) = re.findall(r"%}(.*){%", text)
        assert body == "{{ of_engine('" + name.removeprefix("default__") + "', varargs) }}"
    # an engine that dbt builds on another one would take that one's macros
    assert "of_engine('text')" in own_macros(manifest)["text"]


@pytest.mark.parametrize("lacks", ["", "text", "floor_divide", "unnest_rows"])
def test_an_engine_without_its_file_or_a_macro_fails_with_a_sentence(tmp_path, lacks):
    project = testing.project_with_mappings(tmp_path, {})
    engine = project / "macros" / "engines" / "duckdb.sql"
    text = engine.read_text()
    if lacks:
        engine.write_text(text.replace(f"macro duckdb__{lacks}(", "macro elsewhere("))
    else:
        engine.unlink()
    sentence = (
        rf"not run on duckdb yet: macros/engines/duckdb.sql has no macro duckdb__{lacks or '.*'}. docs/engines.md"
    )
    with pytest.raises(testing.BuildFailed, match=sentence):
        testing.run_dbt(["parse"], project, tmp_path / "none.duckdb")


@pytest.mark.parametrize("folder", MACROS)
def test_a_macro_file_holds_one_macro_with_its_contract(folder):
    paths = sorted((testing.PROJECT / "macros" / folder).glob("*.sql"))
    assert paths
    for path in paths:
        text = path.read_text()
        names = set(re.findall(r"{%-? *macro (\w+)", text))
        assert names == {path.stem}
        assert text.startswith("{#-"), f"{path.name} says nothing of its contract"
