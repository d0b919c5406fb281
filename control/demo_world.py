"""The world of the demo: a simulated X in which minutes count as days, and the settings that keep up with it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from shared.domain.errors import InputError
from shared.runtime.embedded import die_with_parent
from shared.runtime.settings import blank_environment

SEARCH_INTERVAL_SECONDS = 5.0
SEARCH_LAG_SECONDS = 2.0
WINDOW_SECONDS = 30
# A world where in a minute as much is said, quoted, edited and deleted as elsewhere in an hour.
WORLD = (
    *("--search-lag-seconds", str(SEARCH_LAG_SECONDS), "--history-hours", "12", "--activity", "40"),
    *("--tempo", "60", "--reactions", "2", "--deleted-share", "0.06", "--edited-share", "0.06"),
)
# Calls a window, tight enough that the limiter has to hold work back.
LIMITS = ("search/recent=30", "quote_tweets=20", "tweets=40")
TOKEN = "sim-demo"  # noqa: S105  # the simulator opens to any token that begins with sim-


@contextmanager
def simulated_x(accounts: int, seed: int, logs: Path) -> Iterator[str]:
    """Run the simulator on a free port; answers its base URL."""
    command = [
        *(sys.executable, "-m", "simulator", "--port", "0", "--seed", str(seed)),
        *("--accounts", str(accounts), "--window-seconds", str(WINDOW_SECONDS), *WORLD),
        *(part for limit in LIMITS for part in ("--limit", limit)),
    ]
    logs.mkdir(parents=True, exist_ok=True)
    with (logs / "simulator.log").open("wb") as errors:
        process = subprocess.Popen(
            command,
            env=blank_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509  # one libc call; no lock is taken before exec
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise InputError(f"the simulator did not start; see {logs / 'simulator.log'}")
        yield str(json.loads(line)["url"])
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def rhythm_of(base_url: str, data_dir: Path) -> dict[str, Any]:
    """The settings of a world that lives minutes instead of days: everything sooner, nothing different."""
    return {
        "data_dir": data_dir,
        "x_bearer_token": TOKEN,
        "x_base_url": base_url,
        "x_search_lag_seconds": SEARCH_LAG_SECONDS,
        "rate_window_seconds": WINDOW_SECONDS,
        "media_hosts": (base_url,),
        "search_interval_seconds": SEARCH_INTERVAL_SECONDS,
        "quotes_interval_seconds": 10.0,
        "refresh_interval_seconds": 2.0,
        "refresh_time_scale": 0.05,
        "refresh_lease_seconds": 30.0,
        "gone_confirm_seconds": 5.0,
        "reconcile_interval_seconds": 5.0,
        "stalled_after_seconds": 10.0,
        "heartbeat_timeout_seconds": 5.0,
        "leader_lease_seconds": 5.0,
        "scheduler_tick_seconds": 0.25,
        "metrics_host": "127.0.0.1",
    }


def as_environment(rhythm: dict[str, Any]) -> dict[str, str]:
    """The same settings for the child processes."""
    names = {"x_bearer_token": "X_BEARER_TOKEN"}
    return {
        names.get(name, f"COVEY_{name.upper()}"): json.dumps(value) if isinstance(value, tuple) else str(value)
        for name, value in rhythm.items()
    }
