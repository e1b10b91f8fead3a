"""The page in a real browser, where there is one: nothing goes wrong, and nothing is asked for from outside."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import duckdb
import pytest

from report.figures import figures
from report.links import Links
from report.month import Month
from report.page import write_page

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OF_THE_BROWSER = (".google.com", ".googleapis.com", ".gvt1.com")
"""Hosts that a browser asks for by itself, whatever it shows."""

OPTIONS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND"),
    *("--enable-logging=stderr", "--virtual-time-budget=2000", "--dump-dom"),
)


def opened(path: Path, place: str = "") -> tuple[str, list[str], list[str]]:
    """The page as it is after its script ran, what the browser has to complain of, and the hosts that it asked for."""
    log = path.with_suffix(".net")
    done = subprocess.run(
        [str(BROWSER), *OPTIONS, f"--user-data-dir={path}.user", f"--log-net-log={log}", f"{path.as_uri()}{place}"],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    hosts = {urlsplit(url).hostname or "" for url in re.findall(r'"url":"(https?:[^"]*)"', log.read_text())}
    asked = [host for host in hosts if not f".{host}".endswith(OF_THE_BROWSER)]
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line], asked


@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium on this machine")
def test_the_page_opens_at_a_document_without_errors_or_requests(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = tmp_path / "sandbox.html"
    links = Links("1234567", stripe_is_live=True)
    write_page(warehouse, path, figures(warehouse, Month.named("2026-03"), "sandbox"), links)
    page, complaints, asked = opened(path, "#cn_1")
    assert (complaints, asked) == ([], [])
    assert re.search(r'<details class="doc" id="cn_1" open="">', page) and '<div id="page-search">' in page

    path.write_text("<img src=https://x.example/a><script>throw new Error('as it should')</script>")
    _, complaints, asked = opened(path)
    assert len(complaints) >= 1 and asked == ["x.example"], "so the browser would have told"
