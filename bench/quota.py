"""How much of X's windows each client uses, and how often X has to refuse it: 4 processes of 8 threads, endless demand.

`python -m bench.quota` starts the simulator, which counts as X does and is the judge, and a Redis as the product's. The
clients take turns, each with a token of its own, until five windows are over; a figure is the median of these five. It
prints a table, writes var/bench/quota.json, and exits 1 when a claim fails. How each client is used, and why so, stands
at the top of its module in `bench.quota_clients`.

Scale: windows of 10 s stand for X's 900 s, with X's own limit for searches. What does not scale is a wait after the
reset, up to two seconds by Covey and by tweepy: it costs no share, since X's window opens at its first call, but time,
and stands in the report as the time from one opening to the next.

Nothing happens in this bench but demand. A limiter that is told X's limit can do well then; strangers, cuts, clocks
that are off and an emptied Redis are in `make faults`.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import requests
from rich.console import Console

from bench.quota_clients import Load
from bench.report import Claim, Report
from shared.runtime.embedded import running

CLIENTS = {
    "no limiter": "no_limiter",
    "dramatiq Window": "dramatiq_window",
    "dramatiq Window, 1 s wider": "dramatiq_wider",
    "tweepy, wait_on_rate_limit": "tweepy_client",
    "covey": "covey",
}
PROCESSES, THREADS = 4, 8
WINDOWS, WINDOW_SECONDS, LIMIT = 5, 10, 450
ENDPOINT = "search/recent"
LEAST_PERCENT = 97.0
LONGEST_TURN_SECONDS = WINDOWS * (WINDOW_SECONDS + 8.0)


@contextmanager
def simulator() -> Iterator[str]:
    """The simulator with short windows; its address."""
    command = [sys.executable, "-m", "simulator", "--port", "0", "--accounts", "1", "--activity", "0"]
    options = ["--window-seconds", str(WINDOW_SECONDS), "--limit", f"{ENDPOINT}={LIMIT}", "--history-hours", "1"]
    process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield str(json.loads(process.stdout.readline())["url"])
    finally:
        process.terminate()
        process.wait()


@contextmanager
def calling(client: str, load: Load) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The processes of one client, at work until the block ends."""
    command = [sys.executable, "-m", "bench.quota_clients", client, str(THREADS), json.dumps(asdict(load))]
    processes = [subprocess.Popen(command) for _ in range(PROCESSES)]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


def turn(client: str, x_url: str, redis_url: str) -> list[dict[str, Any]]:
    """Let a client call for WINDOWS windows; these, as X counted them."""
    load = Load(x_url, redis_url, f"sim-{client.replace('_', '-')}", WINDOW_SECONDS, LIMIT)
    deadline = time.monotonic() + LONGEST_TURN_SECONDS
    with calling(client, load) as processes:
        while True:
            rows = requests.get(f"{x_url}/_sim/windows", params={"endpoint": ENDPOINT}, timeout=10).json()["windows"]
            whole = [row for row in rows if row["past"] and row["token"] == load.token]
            if len(whole) >= WINDOWS:
                return whole[:WINDOWS]
            if time.monotonic() > deadline or any(process.poll() is not None for process in processes):
                raise SystemExit(f"{client} has failed, or took longer than {LONGEST_TURN_SECONDS:.0f} s")
            threading.Event().wait(0.25)


def milliseconds_between(windows: list[dict[str, Any]]) -> list[float]:
    """From the opening of one window to that of the next."""
    opened = [datetime.fromisoformat(row["opened_at"]) for row in windows]
    return [(after - before).total_seconds() * 1000 for before, after in pairwise(opened)]


def main() -> int:
    """Measure, print, write the report; 1 when a claim fails."""
    console = Console(stderr=True)
    runs: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), mongo_needed=False) as servers:
        for name, client in CLIENTS.items():
            console.print(f"{name}: {WINDOWS} windows of {WINDOW_SECONDS} s")
            with simulator() as x_url:
                windows = turn(client, x_url, servers.redis_url)
            runs[f"{name}: % used"] = [100 * row["share"] for row in windows]
            runs[f"{name}: 429"] = [float(row["refused"]) for row in windows]
            runs[f"{name}: ms to the next window"] = milliseconds_between(windows)
    report = Report(
        name="quota",
        claims=[
            Claim("answers of 429 to Covey, in all windows", sum(runs["covey: 429"]), 0, is_ceiling=True),
            Claim("% of the window that Covey used least", min(runs["covey: % used"]), LEAST_PERCENT),
        ],
        medians={name: statistics.median(values) for name, values in runs.items()},
        runs=runs,
    )
    report.write(Path("var/bench"))
    report.show(f"in a window of {LIMIT} calls, {PROCESSES} processes of {THREADS} threads")
    return 0 if report.passed else 1


if __name__ == "__main__":
    sys.exit(main())
