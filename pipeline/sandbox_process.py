"""The process of the stand-ins, which runs as long as a command with TARGET=sandbox does."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pipeline.exit_codes import StageFailed
from pipeline.logs import LOGS
from settings import ROOT, Settings

log = logging.getLogger(__name__)

START_SECONDS = 60
SPOKEN_SECONDS = 3  # a wait of this length is said


@contextmanager
def connected(settings: Settings, wanted: bool) -> Iterator[Settings]:
    """The settings with addresses and credentials: their own in production, else those of the stand-ins while these
    run. wanted: the command talks to Stripe or NetSuite. Raises StageFailed."""
    if settings.target == "production" or not wanted:
        yield settings
        return
    LOGS.mkdir(mode=0o700, exist_ok=True)
    state = settings.warehouse_path.parent / "sandbox"
    with tempfile.TemporaryDirectory() as directory, (LOGS / "sandbox.log").open("w") as log:
        ports = Path(directory) / "ports.json"
        server = subprocess.Popen(
            [sys.executable, "-m", "sandbox", "serve", "--state", str(state), "--ports-file", str(ports)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            yield settings.with_connection(_wait_for(ports, server))
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()


def _wait_for(ports: Path, server: subprocess.Popen[bytes]) -> Mapping[str, str]:
    """Addresses and credentials of the sandbox, from the JSON file that it writes, under the names of the settings."""
    renamed = {"stripe": "stripe_api_base", "netsuite": "netsuite_base_url"}
    began = time.monotonic()
    is_said = False
    while (waited := time.monotonic() - began) < START_SECONDS and server.poll() is None:
        try:
            connection = json.loads(ports.read_text())
            return {renamed.get(name, name): str(value) for name, value in connection.items()}
        except (FileNotFoundError, json.JSONDecodeError):
            if waited > SPOKEN_SECONDS and not is_said:
                is_said = True
                log.warning("waiting for the sandbox to start, up to %s s", START_SECONDS)
            time.sleep(0.02)
    raise StageFailed(f"the sandbox did not start; the reason is in {LOGS.name}/sandbox.log")
