"""The world of the demo: a simulated X in which minutes count as days, and the settings that keep up with it."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from shared.domain.errors import InputError
from shared.platforms.x.query import pack
from shared.runtime.embedded import die_with_parent
from shared.runtime.settings import Settings, blank_environment

SEARCH_INTERVAL_SECONDS = 5.0
SEARCH_LAG_SECONDS = 2.0
WINDOW_SECONDS = 30
# A world where in a minute as much is said, quoted, edited and deleted as elsewhere in an hour.
WORLD = (
    *("--search-lag-seconds", str(SEARCH_LAG_SECONDS), "--history-hours", "12"),
    *("--tempo", "60", "--reactions", "2", "--deleted-share", "0.06", "--edited-share", "0.06"),
)
# How busy each account is, for as many as are busy at once; of more each is less busy. The simulator's past is bounded:
# were its present many times as dense, the seconds until the first searches would hold more than all that was counted
# before, and no estimate could come true.
ACTIVITY, BUSY_ACCOUNTS = 40.0, 24
# Calls a window beside those of searches, tight enough that the limiter has to hold work back.
LIMITS = ("quote_tweets=20", "tweets=40")
# Searches in a window beside one a stream and interval, as a part of these: pages that are turned, what is read again.
BESIDE_SEARCHES = 0.25
# The longest that X lets a name be, and ids of today.
LONGEST_NAME, LONG_ID = 15, 10**18
TOKEN = "sim-demo"  # noqa: S105  # the simulator opens to any token that begins with sim-


@contextmanager
def simulated_x(accounts: int, seed: int, logs: Path) -> Iterator[str]:
    """Run the simulator on a free port; answers its base URL."""
    command = [
        *(sys.executable, "-m", "simulator", "--port", "0", "--seed", str(seed)),
        *("--accounts", str(accounts), "--window-seconds", str(WINDOW_SECONDS), *WORLD),
        *("--activity", str(activity_of(accounts))),
        *(part for limit in (*LIMITS, searches_limit(accounts)) for part in ("--limit", limit)),
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


def activity_of(accounts: int) -> float:
    """How busy each of so many accounts is, so that all together are no busier than one machine follows."""
    return round(ACTIVITY * min(1.0, BUSY_ACCOUNTS / accounts), 3)


def searches_limit(accounts: int) -> str:
    """The limit of searches: what following so many accounts takes at most, and a little.

    With less, a sweep waits for the next window, and what X deletes until then cannot be found by anybody.
    """
    names = {f"{number:0{LONGEST_NAME}}": LONG_ID + number for number in range(accounts)}
    streams = len(pack(list(names), Settings.model_fields["x_query_max_length"].default, names))
    calls = streams * WINDOW_SECONDS / SEARCH_INTERVAL_SECONDS
    return f"search/recent={math.ceil(calls * (1 + BESIDE_SEARCHES))}"


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
