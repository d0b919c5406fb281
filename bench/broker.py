"""How fast the broker is, beside the stock one and two other queue systems, in one run on the same Redis.

`python -m bench.broker` starts a Redis of its own, configured as the product's, prints a table, writes
var/bench/broker.json, and exits 1 when a claim fails. A run enqueues no-op jobs from one thread and then works on them
in one process with eight threads; the systems take turns, so that a noisy moment of the machine hits all of them. The
shares are medians of the five runs' own ratios. Memory is that of a Covey worker that runs 50,000 jobs.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import redis
from rich.console import Console

from bench.report import Claim, Report
from shared.runtime.embedded import running

RUNS, JOBS = 5, 4_000
SYSTEMS = {"covey": "covey", "stock": "stock", "rq": "rq_worker", "celery": "celery_worker"}
LEAST_SHARE_OF_STOCK = 0.9
MEMORY_JOBS, MOST_MIB, MOST_GROWTH = 50_000, 120.0, 1.02
TURN_SECONDS = 300.0


def turn(system: str, what: str, url: str, count: int) -> dict[str, Any]:
    """One turn of one system in a process of its own; its figures."""
    command = [sys.executable, "-m", "bench.queues", SYSTEMS[system], what, url, str(count)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=TURN_SECONDS)
    if done.returncode != 0 or not done.stdout:
        raise SystemExit(f"{system} {what} failed:\n{done.stderr[-2000:]}")
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def measure(url: str) -> dict[str, float]:
    """One run of all systems: jobs a second by system and activity."""
    rates: dict[str, float] = {}
    for system in SYSTEMS:
        redis.Redis.from_url(url).flushall()
        rates[f"{system}, enqueue"] = turn(system, "enqueue", url, JOBS)["jobs_per_second"]
        rates[f"{system}, process"] = turn(system, "work", url, JOBS)["jobs_per_second"]
    return rates


def memory(url: str) -> dict[str, float]:
    """Resident MiB of a Covey worker after 10,000 and after 50,000 jobs."""
    redis.Redis.from_url(url).flushall()
    turn("covey", "enqueue", url, MEMORY_JOBS)
    mib: dict[str, float] = turn("covey", "work", url, MEMORY_JOBS)["mib"]
    return mib


def main() -> int:
    """Measure, print, write the report; 1 when a claim fails."""
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), mongo_needed=False) as servers:
        runs = []
        for number in range(1, RUNS + 1):
            console.print(f"run {number} of {RUNS}")
            runs.append(measure(servers.redis_url))
        console.print(f"memory over {MEMORY_JOBS} jobs")
        mib = memory(servers.redis_url)
    growth = mib["50000"] / mib["10000"]
    shares = {
        what: statistics.median(run[f"covey, {what}"] / run[f"stock, {what}"] for run in runs)
        for what in ("enqueue", "process")
    }
    report = Report(
        name="broker",
        claims=[
            Claim("enqueue, as a share of the stock broker", shares["enqueue"], LEAST_SHARE_OF_STOCK),
            Claim("process, as a share of the stock broker", shares["process"], LEAST_SHARE_OF_STOCK),
            Claim("MiB resident after 50,000 jobs", mib["50000"], MOST_MIB, is_ceiling=True),
            Claim("memory after 50,000 jobs, as a share of that after 10,000", growth, MOST_GROWTH, is_ceiling=True),
        ],
        medians={name: statistics.median(run[name] for run in runs) for name in runs[0]},
        runs={name: [run[name] for run in runs] for name in runs[0]},
    )
    report.write(Path("var/bench"))
    report.show("no-op jobs a second")
    return 0 if report.passed else 1


if __name__ == "__main__":
    sys.exit(main())
