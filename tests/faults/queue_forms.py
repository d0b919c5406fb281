"""The queue's fault programs in two sizes: short ones for the tests, long ones with the figures of the requirement.

A form is a function of an empty folder.
"""

from __future__ import annotations

from functools import partial

from tests.faults.form import Form
from tests.faults.queue_backlog import all_due_at_once, scheduler_away
from tests.faults.queue_crashes import kills_under_load, poison, stopped_and_resumed, time_to_recovery
from tests.faults.queue_dead_letters import replayed_and_purged
from tests.faults.queue_delay import short_behind_long
from tests.faults.queue_fleet import StockFleet
from tests.faults.queue_messages import unworkable
from tests.faults.queue_mongodb import one_way
from tests.faults.queue_outages import bad_network, power_cut, redis_away, stalls
from tests.faults.queue_real_work import kills_under_real_work
from tests.faults.queue_rebuild import redis_forgets
from tests.faults.queue_schedulers import two_schedulers
from tests.faults.queue_shutdown import terminated_beside_an_idle_one, terminated_under_load
from tests.faults.queue_states import any_order

SHORT_FORMS: dict[str, Form] = {
    "R1: killed workers lose nothing": partial(
        kills_under_load, seed=1, jobs=100, kills=3, every_seconds=0.5, last_chance_delay_ms=2_000
    ),
    "R2: a killed worker's job runs again soon": partial(time_to_recovery, heartbeat_timeout_ms=1_000),
    "R2: a worker that resumes too late does no harm": partial(stopped_and_resumed, jobs=40, stop_seconds=4),
    "R3: an absence of Redis is waited out": partial(redis_away, seed=3, jobs=60, seconds=1.5),
    "R4: a power cut costs the last second": partial(power_cut, seconds_of_load=1.5, unsynced_seconds=0.5),
    "R4: what a power cut costs is done in the end": partial(redis_forgets, loss="the last second", least=20),
    "R4: an emptied Redis is filled again": partial(redis_forgets, loss="everything", least=20),
    "R4: a restart of Redis sends nothing twice": partial(redis_forgets, loss="nothing", least=20),
    "R5: stalls leave nothing held": partial(stalls, seed=5, jobs=60, count=2, stall_seconds=1.0, timeout_seconds=0.4),
    "R6: a bad network loses nothing": partial(
        bad_network, seed=6, jobs=60, resets=15, one_way_seconds=1.0, timeout_seconds=0.4
    ),
    "R6: a MongoDB that is not heard loses nothing": partial(one_way, cut_seconds=0.7, rounds=1, reset=True),
    "R7: a poisonous job takes nobody along": partial(poison, jobs=60, poisons=1, job_ms=100, speed=None),
    "R7: a poisonous job that defers itself in between takes nobody along": partial(
        poison, jobs=20, poisons=1, job_ms=100, speed=None, defers=True
    ),
    "R8: unworkable messages die with their reason": partial(unworkable, jobs=20),
    "R9: a leader that stops or dies is replaced": partial(
        two_schedulers, lease_seconds=2.0, stop_seconds=4.0, calm_seconds=1.0, limit_seconds=7.0
    ),
    "R12: a terminated worker repeats nothing": partial(terminated_under_load, jobs=60, job_ms=150, rounds=2),
    "R12: an ending worker leaves work to an idle one": partial(
        terminated_beside_an_idle_one, jobs=8, every_seconds=0.5, long_ms=9_000, limit_seconds=3.0
    ),
    "R13: dead letters are dealt with": partial(replayed_and_purged, pages=100, crash=False, limit_seconds=60.0),
    "F6: a short delay passes long ones": partial(short_behind_long, jobs=20_000),
}

TIMEOUT_MS = 15_000  # the default of a worker
# They wait for timeouts, for servers that are away, or for a clock. R1 and R7 use the machine.
MOSTLY_WAITING = frozenset(
    {"R2", "R2 stopped and resumed", "R3 2 s", "R3 25 s", "R3 120 s", "R4", "R5", "R6", "R6 MongoDB", "R9"}
)


def long_forms(seed: int) -> dict[str, Form]:
    """Every program at the size of its requirement."""
    away = partial(redis_away, seed=seed, jobs=100, heartbeat_timeout_ms=TIMEOUT_MS)
    return {
        "R1": partial(kills_under_load, seed=seed, jobs=500, kills=20, every_seconds=3, last_chance_delay_ms=180_000),
        "R1 real work": partial(kills_under_real_work, seed=seed, kills=20, every_seconds=3),
        "R2": partial(time_to_recovery, heartbeat_timeout_ms=TIMEOUT_MS),
        "R2 stopped and resumed": partial(stopped_and_resumed, jobs=200, stop_seconds=20),
        "R3 2 s": partial(away, seconds=2),
        "R3 25 s": partial(away, seconds=25),
        "R3 120 s": partial(away, seconds=120),
        "R4": partial(power_cut, seconds_of_load=10),
        "R4 everything lost": partial(redis_forgets, loss="everything", least=100),
        "R4 the last second lost": partial(redis_forgets, loss="the last second", least=100),
        "R4 nothing lost": partial(redis_forgets, loss="nothing", least=100),
        "R5": partial(stalls, seed=seed, jobs=200, count=3, stall_seconds=8, timeout_seconds=5.0),
        "R6": partial(bad_network, seed=seed, jobs=300, resets=60, one_way_seconds=8, timeout_seconds=5.0),
        "R6 MongoDB": partial(one_way, cut_seconds=25, rounds=1, reset=False),
        "R6 MongoDB and resets": partial(one_way, cut_seconds=3, rounds=3, reset=True),
        "R7": partial(poison, jobs=2_400, poisons=1, job_ms=200, speed=0.9),
        "R7 deferred between crashes": partial(poison, jobs=200, poisons=1, job_ms=200, speed=None, defers=True),
        "R8": partial(unworkable, jobs=200),
        "R9": partial(two_schedulers, lease_seconds=15.0, stop_seconds=30.0, calm_seconds=5.0, limit_seconds=20.0),
        "R10": partial(scheduler_away, streams=1_000),
        "R11": partial(all_due_at_once, jobs=10_000, seconds=120),
        "R12": partial(terminated_under_load, jobs=300, job_ms=300, rounds=6),
        "R12 beside an idle worker": partial(
            terminated_beside_an_idle_one, jobs=14, every_seconds=0.5, long_ms=9_500, limit_seconds=1.0
        ),
        "R13": partial(replayed_and_purged, pages=1_000, crash=True, limit_seconds=5.0),
        "R14": partial(any_order, runs=500, steps=50),
        "F6": partial(short_behind_long, jobs=20_000),
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
