"""The queue's fault programs in two sizes: short ones for the tests, long ones with the figures of the requirement.

A form is a function of an empty folder.
"""

from __future__ import annotations

from functools import partial

from tests.faults.form import Form
from tests.faults.queue_crashes import kills_under_load, poison, stopped_and_resumed, time_to_recovery
from tests.faults.queue_fleet import StockFleet
from tests.faults.queue_messages import unworkable
from tests.faults.queue_outages import bad_network, power_cut, redis_away, stalls
from tests.faults.queue_shutdown import terminated_under_load

SHORT_FORMS: dict[str, Form] = {
    "R1: killed workers lose nothing": partial(
        kills_under_load, seed=1, jobs=100, kills=3, every_seconds=0.5, last_chance_delay_ms=2_000
    ),
    "R2: a killed worker's job runs again soon": partial(time_to_recovery, heartbeat_timeout_ms=1_000),
    "R2: a worker that resumes too late does no harm": partial(stopped_and_resumed, jobs=40, stop_seconds=4),
    "R3: an absence of Redis is waited out": partial(redis_away, seed=3, jobs=60, seconds=1.5),
    "R4: a power cut costs the last second": partial(power_cut, seconds_of_load=1.5, unsynced_seconds=0.5),
    "R5: stalls leave nothing held": partial(stalls, seed=5, jobs=60, count=2, stall_seconds=1.0, timeout_seconds=0.4),
    "R6: a bad network loses nothing": partial(
        bad_network, seed=6, jobs=60, resets=15, one_way_seconds=1.0, timeout_seconds=0.4
    ),
    "R7: a poisonous job takes nobody along": partial(poison, jobs=60, poisons=1, job_ms=100, speed=None),
    "R8: unworkable messages die with their reason": partial(unworkable, jobs=20),
    "R12: a terminated worker repeats nothing": partial(terminated_under_load, jobs=60, job_ms=150, rounds=2),
}

TIMEOUT_MS = 15_000  # the default of a worker
# They wait for timeouts, for servers that are away, or for a clock. R1 and R7 use the machine.
MOSTLY_WAITING = frozenset({"R2", "R2 stopped and resumed", "R3 2 s", "R3 25 s", "R3 120 s", "R4", "R5", "R6"})


def long_forms(seed: int) -> dict[str, Form]:
    """Every program at the size of its requirement."""
    away = partial(redis_away, seed=seed, jobs=100, heartbeat_timeout_ms=TIMEOUT_MS)
    return {
        "R1": partial(kills_under_load, seed=seed, jobs=500, kills=20, every_seconds=3),
        "R2": partial(time_to_recovery, heartbeat_timeout_ms=TIMEOUT_MS),
        "R2 stopped and resumed": partial(stopped_and_resumed, jobs=200, stop_seconds=20),
        "R3 2 s": partial(away, seconds=2),
        "R3 25 s": partial(away, seconds=25),
        "R3 120 s": partial(away, seconds=120),
        "R4": partial(power_cut, seconds_of_load=10),
        "R5": partial(stalls, seed=seed, jobs=200, count=3, stall_seconds=8, timeout_seconds=5.0),
        "R6": partial(bad_network, seed=seed, jobs=300, resets=60, one_way_seconds=8, timeout_seconds=5.0),
        "R7": partial(poison, jobs=2_400, poisons=1, job_ms=200, speed=0.9),
        "R8": partial(unworkable, jobs=200),
        "R12": partial(terminated_under_load, jobs=300, job_ms=300, rounds=6),
    }


def stock_forms(seed: int) -> dict[str, Form]:
    """The same faults on Dramatiq's own Redis broker, watched until nothing has happened for a while."""
    away = partial(redis_away, seed=seed, jobs=100, heartbeat_timeout_ms=TIMEOUT_MS, fleet_type=StockFleet)
    return {
        "R2": partial(time_to_recovery, heartbeat_timeout_ms=TIMEOUT_MS, fleet_type=StockFleet),
        "R3 2 s": partial(away, seconds=2),
        "R3 25 s": partial(away, seconds=25),
        "R3 120 s": partial(away, seconds=120),
        "R5": partial(
            stalls, seed=seed, jobs=200, count=3, stall_seconds=8, timeout_seconds=5.0, fleet_type=StockFleet
        ),
    }
