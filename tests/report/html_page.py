"""What a browser and a screen reader find in a page: read with the parser of the standard library."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from itertools import pairwise

VOID = {"meta", "link", "input", "br", "img", "hr"}
LOADS = {"src", "srcset", "poster", "data", "background", "action", "formaction", "ping"}


class Page(HTMLParser):
    """Parses at once. elements: (tag, attributes) in order · text: everything that is read out."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.script = self.style = ""
        self.rows: dict[str, list[list[str]]] = {}
        self._open: list[str] = []
        self._table = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self._open.append(tag)
        if tag == "caption":
            self._table = dict(attributes).get("id") or ""
            self.rows[self._table] = []
        if tag == "tr" and self._table:
            self.rows[self._table].append([])
        if tag in ("td", "th") and self._table:
            self.rows[self._table][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass
        if tag == "table":
            self._table = ""

    def handle_data(self, data: str) -> None:
        inside = self._open[-1] if self._open else ""
        if inside in ("script", "style"):
            setattr(self, inside, getattr(self, inside) + data)
            return
        self.text += data
        if self._table and self.rows[self._table] and {"td", "th"} & set(self._open):
            self.rows[self._table][-1][-1] += data

    def tags(self, *names: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag in names]

    def ids(self) -> list[str]:
        return [attributes["id"] or "" for _, attributes in self.elements if "id" in attributes]

    def headings(self) -> list[int]:
        return [int(tag[1]) for tag, _ in self.elements if re.fullmatch("h[1-6]", tag)]

    def loaded(self) -> list[str]:
        """What a browser would ask for by itself. Links that a person follows are none."""
        found = [
            f"{tag} {name}={value}"
            for tag, attributes in self.elements
            for name, value in attributes.items()
            if name in LOADS
            or (tag != "a" and name in ("href", "xlink:href") and not (value or "").startswith("data:"))
        ]
        outside = re.compile(r"url\(|@import|https?:")
        styles = [self.style, *(attributes.get("style") or "" for _, attributes in self.elements)]
        return found + [style for style in styles if outside.search(style)]

    def handlers(self) -> list[str]:
        """Scripts in attributes."""
        return [
            f"{tag} {name}"
            for tag, attributes in self.elements
            for name, value in attributes.items()
            if name.startswith("on") or (value or "").strip().lower().startswith("javascript:")
        ]


def assert_well_formed(html: str) -> Page:
    """What holds for every page."""
    found = Page(html)
    assert html.startswith("<!DOCTYPE html>") and found.tags("html") == [{"lang": "en"}]
    assert len(found.ids()) == len(set(found.ids()))
    assert found.loaded() == [] and found.handlers() == []
    assert len(found.tags("script")) == len(found.tags("style")) == len(found.tags("h1")) == 1
    levels = found.headings()
    assert levels[0] == 1 and all(after <= before + 1 for before, after in pairwise(levels))
    assert all(head.get("scope") in ("col", "row") for head in found.tags("th"))
    assert len(found.tags("caption")) == len(found.tags("table"))
    labels = [attributes["aria-labelledby"] for _, attributes in found.elements if "aria-labelledby" in attributes]
    inside = [link["href"][1:] for link in found.tags("a") if (link["href"] or "").startswith("#")]
    assert set(labels) <= set(found.ids()) and {name.replace("%20", " ") for name in inside} <= set(found.ids())
    assert all("<title>" in drawing and "<desc>" in drawing for drawing in html.split("<svg ")[1:])
    (policy,) = (meta["content"] for meta in found.tags("meta") if meta.get("http-equiv"))
    digest = base64.b64encode(hashlib.sha256(found.script.encode()).digest()).decode()
    assert policy and f"script-src 'sha256-{digest}'" in policy and policy.startswith("default-src 'none'; ")
    return found
