"""The command line of the sandbox: serve, advance, scenarios."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from sandbox.__main__ import main


def _serve(state: Path, ports_file: Path, **options) -> subprocess.Popen:
    command = [
        sys.executable,
        "-m",
        "sandbox",
        "serve",
        "--state",
        str(state),
        "--ports-file",
        str(ports_file),
    ]
    return subprocess.Popen(command, cwd=Path(__file__).parents[2], **options)


def _ports(ports_file: Path) -> dict[str, str]:
    deadline = time.monotonic() + 20
    while not ports_file.exists():
        assert time.monotonic() < deadline, "the sandbox did not start"
        time.sleep(0.02)
    return json.loads(ports_file.read_text())


def test_serve_writes_its_addresses_and_survives_a_kill(tmp_path):
    process = _serve(tmp_path / "state", tmp_path / "ports.json")
    addresses = _ports(tmp_path / "ports.json")
    assert set(addresses) == {"stripe", "netsuite", "stripe_api_key", "netsuite_account_id", "netsuite_client_id",
                          "netsuite_certificate_id", "netsuite_private_key_file"}  # fmt: skip
    assert Path(addresses["netsuite_private_key_file"]).is_file()
    made = [tmp_path / "state", *(tmp_path / "state").iterdir()]
    assert [path.name for path in made if path.stat().st_mode & 0o077] == [], "of their owner alone"
    notes = requests.get(
        f"{addresses['stripe']}/v1/credit_notes", headers={"Authorization": f"Bearer {addresses['stripe_api_key']}"}
    )
    assert notes.json()["has_more"]
    assert (
        requests.post(
            f"{addresses['netsuite']}/services/rest/query/v1/suiteql", json={"q": "SELECT id FROM currency"}
        ).status_code
        == 401
    )
    process.kill()
    process.wait()
    (tmp_path / "ports.json").unlink()
    again = _serve(tmp_path / "state", tmp_path / "ports.json")
    assert _ports(tmp_path / "ports.json")["netsuite_client_id"] == addresses["netsuite_client_id"]
    again.send_signal(signal.SIGTERM)
    assert again.wait(10) == 0


PARENT = """
import pathlib, subprocess, sys, time
state, ports = sys.argv[1:]
command = [sys.executable, "-m", "sandbox", "serve", "--state", state, "--ports-file", ports]
print(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).pid, flush=True)
while not pathlib.Path(ports).exists():
    time.sleep(0.02)
"""


def test_serve_ends_with_its_parent(tmp_path):
    command = [sys.executable, "-c", PARENT, str(tmp_path / "state"), str(tmp_path / "ports.json")]
    parent = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=30)
    child = int(parent.stdout)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            return
        if Path(f"/proc/{child}/stat").exists() and ") Z " in Path(f"/proc/{child}/stat").read_text():
            return  # ended, but its exit status is not read yet
        time.sleep(0.05)
    pytest.fail("the sandbox outlived its parent")


def test_scenarios_and_advance_without_a_world(tmp_path, capsys):
    assert main(["scenarios"]) == 0
    assert "cn_RefundNew: posted created" in capsys.readouterr().out
    assert main(["advance", "--state", str(tmp_path)]) == 1
