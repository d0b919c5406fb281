"""The short forms of the queue's fault programs; `make faults` runs the long ones.

They spend their time waiting, so three of them run at a time, each on a Redis and workers of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.faults.finding import Finding
from tests.faults.queue_crashes import kills_under_load, stopped_and_resumed, time_to_recovery
from tests.faults.queue_messages import unworkable
from tests.faults.queue_outages import bad_network, power_cut, redis_away, stalls
from tests.faults.queue_shutdown import terminated_under_load

pytestmark = pytest.mark.system

SHORT_FORMS: dict[str, Callable[[Path], Finding]] = {
    "R1: killed workers lose nothing": lambda at: kills_under_load(at, seed=1, jobs=100, kills=3, every_seconds=0.5),
    "R2: a killed worker's job runs again soon": lambda at: time_to_recovery(at, heartbeat_timeout_ms=1_000),
    "R2: a worker that resumes too late does no harm": lambda at: stopped_and_resumed(at, jobs=40, stop_seconds=4),
    "R3: an absence of Redis is waited out": lambda at: redis_away(at, seed=3, jobs=60, seconds=1.5),
    "R4: a power cut costs the last second": lambda at: power_cut(at, seconds_of_load=1.5, unsynced_seconds=0.5),
    "R5: stalls leave nothing held": lambda at: stalls(
        at, seed=5, jobs=60, count=2, stall_seconds=1.0, timeout_seconds=0.4
    ),
    "R6: a bad network loses nothing": lambda at: bad_network(
        at, seed=6, jobs=60, resets=15, one_way_seconds=1.0, timeout_seconds=0.4
    ),
    "R8: unworkable messages die with their reason": lambda at: unworkable(at, jobs=20),
    "R12: a terminated worker repeats nothing": lambda at: terminated_under_load(at, jobs=60, job_ms=150, rounds=2),
}


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Finding]]]:
    """All short forms, under way."""
    with ThreadPoolExecutor(3) as pool:
        yield {
            name: pool.submit(run, tmp_path_factory.mktemp(f"fault{number}"))
            for number, (name, run) in enumerate(SHORT_FORMS.items())
        }


@pytest.mark.parametrize("name", SHORT_FORMS)
def test_the_queue_survives(findings: dict[str, Future[Finding]], name: str) -> None:
    """What was measured under the fault is within its limit."""
    finding = findings[name].result(timeout=150)

    assert finding.passed, f"{finding.id}: {finding.figure}; limit: {finding.limit}"
