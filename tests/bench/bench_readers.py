"""What readers cost: publishing the marts, and the report of many documents.

    python -m tests.bench.bench_readers [notes]     # 1,000 and 100,000 unless you name other numbers

Publishing: at most 2 s for the demo, and at most a tenth of the build that it follows. The report (page and workbook,
`python -m pipeline report` in a process of its own): at most 20 s and 500 MB for 100,000 documents. Nine of ten memos
that are ready count as posted, so the journal is as long as after a year.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from publish.marts import new_publication
from publish.reading import published_path
from settings import ROOT
from tests.bench.bench_models import MAPPINGS, NETSUITE, fill
from tests.support import warehouse as testing
from warehouse.connection import open_warehouse

POSTED = """
insert into load_netsuite.load_log (
    run_id, attempt_id, "at", record_type, external_id, operation, status, internal_id, payload, position
)
select
    'bench', external_id, now(), 'creditMemo', external_id, 'create', status,
    case when status <> 'attempted' then '7' || number end,
    case when status = 'attempted' then '{"tranDate":"2026-03-05","memo":"Stripe","apply":{"items":[]}}' end,
    row_number() over (order by number, status)
from (
    select external_id, row_number() over (order by external_id) as number
    from marts.credit_memos where state = 'ready'
)
cross join (values ('attempted'), ('created'), ('verified')) as answers (status)
where number % 10 <> 0
"""

# A process begins with the peak of the one that started it, as getrusage tells it. The kernel's own word does not.
MEASURED = """
import sys
from pathlib import Path
from pipeline.__main__ import app
try:
    app(["report"])
finally:
    Path(sys.argv[1]).write_text(Path("/proc/self/status").read_text())
"""

REPORT_SECONDS, REPORT_MB, PUBLISH_SECONDS, PUBLISH_SHARE = 20, 500, 2, 0.1


@dataclass
class Report:
    """Of one report: seconds, the peak memory of its process, bytes of the page."""

    seconds: float
    megabytes: float
    page: int


def publish(warehouse: Path) -> float:
    """Seconds."""
    began = time.monotonic()
    with (
        open_warehouse(warehouse) as connection,
        new_publication(connection, published_path(warehouse)) as publication,
    ):
        publication.copy_marts()
        publication.put_in_place()
    return time.monotonic() - began


def report(warehouse: Path) -> Report:
    """One report of what is published. Raises CalledProcessError."""
    folder = warehouse.parent / "reports"
    status = warehouse.parent / "status"
    began = time.monotonic()
    subprocess.run(
        [sys.executable, "-c", MEASURED, str(status)],
        cwd=ROOT,
        env=_environment(warehouse, REPORT_DIR=str(folder)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    seconds = time.monotonic() - began
    (kilobytes,) = re.findall(r"VmHWM:\s*(\d+) kB", status.read_text())
    return Report(seconds, int(kilobytes) / 1024, (folder / "sandbox.html").stat().st_size)


def many(folder: Path, notes: int) -> tuple[Path, int, float]:
    """A warehouse with this many credit notes; its path, its documents, and the seconds of its build."""
    project = testing.project_with_mappings(folder, MAPPINGS)
    warehouse = folder / f"bench{notes}.duckdb"  # dbt keeps what it parsed under the name
    with testing.opened(warehouse) as connection:
        testing.create_raw_tables(connection)
        fill(connection, 0, notes, version=0)
        connection.execute(NETSUITE)
    began = time.monotonic()
    testing.build(project, warehouse, is_measured=True)
    seconds = time.monotonic() - began
    with testing.opened(warehouse) as connection:
        connection.execute(POSTED)
        ((documents,),) = connection.execute("select count(*) from marts.credit_outcomes").fetchall()
    return warehouse, documents, seconds


def demo(folder: Path) -> tuple[Path, float]:
    """The warehouse of the demo after a run, and the seconds of a build of all of it."""
    warehouse = folder / "sandbox.duckdb"
    for command in (["run"], ["transform", "--full-refresh"]):
        began = time.monotonic()
        subprocess.run(
            [sys.executable, "-m", "pipeline", *command],
            cwd=ROOT,
            env=_environment(warehouse, REPORT_DIR=str(folder / "reports")),
            stdout=subprocess.DEVNULL,
            check=True,
        )
    return warehouse, time.monotonic() - began


def _environment(warehouse: Path, **variables: str) -> dict[str, str]:
    return {**os.environ, "TARGET": "sandbox", "WAREHOUSE_PATH": str(warehouse), **variables}


def _print(measure: str, value: float, unit: str, target: str, is_met: bool = True) -> None:
    print(f"{measure:52}{value:8.1f} {unit:4}{target}{'' if is_met else ': MISSED'}", flush=True)


def main() -> int:
    sizes = [int(argument) for argument in sys.argv[1:]] or [1_000, 100_000]
    is_met = True
    folder = Path(tempfile.mkdtemp(prefix="bench-readers-"))
    try:
        warehouse, build = demo(folder)
        seconds = min(publish(warehouse) for _ in range(3))
        is_met &= seconds <= PUBLISH_SECONDS
        _print("demo: publishing", seconds, "s", f"target <= {PUBLISH_SECONDS}", seconds <= PUBLISH_SECONDS)
        _print("demo: share of a build with its publishing", 100 * seconds / build, "%", f"{build:.1f} s")
        for notes in sizes:
            own = folder / str(notes)
            own.mkdir()
            warehouse, documents, build = many(own, notes)
            name = f"{documents:,} documents"
            seconds = publish(warehouse)
            is_small = seconds <= max(PUBLISH_SECONDS, PUBLISH_SHARE * build)
            _print(f"{name}: publishing", seconds, "s", f"{seconds / build:.1%} of the build ({build:.1f} s)", is_small)
            found = report(warehouse)
            is_quick, is_lean = found.seconds <= REPORT_SECONDS, found.megabytes <= REPORT_MB
            _print(f"{name}: report", found.seconds, "s", f"target <= {REPORT_SECONDS}", is_quick)
            _print(f"{name}: peak memory of the report", found.megabytes, "MB", f"target <= {REPORT_MB}", is_lean)
            _print(f"{name}: page", found.page / 1000, "kB", "target < 1,000", found.page < 1_000_000)
            is_met &= is_small and is_quick and is_lean and found.page < 1_000_000
            shutil.rmtree(own)
    finally:
        shutil.rmtree(folder)
    return int(not is_met)


if __name__ == "__main__":
    sys.exit(main())
