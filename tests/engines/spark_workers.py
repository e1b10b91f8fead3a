"""A Spark cluster on loopback: a master and workers, each processes of their own, by the programs of pyspark."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

#: Of the session that works on such a cluster: an executor a worker, and tasks for all of them.
OF_SESSION = {
    "spark.executor.cores": "1",
    "spark.executor.memory": "1g",
    "spark.sql.shuffle.partitions": "4",
    "spark.sql.adaptive.enabled": "true",
    "spark.sql.codegen.wholeStage": "true",
    "spark.sql.codegen.factoryMode": "FALLBACK",
}
SECONDS_TO_START = 120


@contextlib.contextmanager
def cluster(workers: int) -> Iterator[str]:
    """The address of a master with so many workers of one core each."""
    import pyspark

    start = str(Path(pyspark.__file__).parent / "bin" / "spark-class")
    folder = Path(tempfile.mkdtemp(prefix="spark-cluster-"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    master = f"spark://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_DAEMON_MEMORY": "512m",
        "SPARK_HOME": str(Path(pyspark.__file__).parent),
    }
    running: list[subprocess.Popen[bytes]] = []

    def run(name: str, ready: str, *arguments: str) -> None:
        log = folder / f"{name}.log"
        with log.open("wb") as output:
            running.append(
                subprocess.Popen([start, *arguments], env=environment, cwd=folder, stdout=output, stderr=output)
            )
        ends = time.monotonic() + SECONDS_TO_START
        while ready not in log.read_text():
            if running[-1].poll() is not None or time.monotonic() > ends:
                raise RuntimeError(f"the {name} of Spark did not start: {log.read_text()[-2000:]}")
            time.sleep(0.2)

    try:
        place = ("--host", "127.0.0.1", "--webui-port", "0")
        run("master", "New state: ALIVE", "org.apache.spark.deploy.master.Master", *place, "--port", str(port))
        for number in range(workers):
            run(
                f"worker {number + 1}",
                "Successfully registered with master",
                *("org.apache.spark.deploy.worker.Worker", *place, "--cores", "1", "--memory", "1g"),
                *("--work-dir", str(folder / f"work-{number + 1}"), master),
            )
        yield master
    finally:
        for process in reversed(running):
            process.terminate()
        for process in running:
            process.wait(timeout=60)
        shutil.rmtree(folder, ignore_errors=True)
