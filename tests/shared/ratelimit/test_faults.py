"""The limiter under load and faults, in simulated time, against an X that counts."""

from __future__ import annotations

import pytest
import redis

from shared.domain.models import WorkClass
from shared.domain.money.classes import floor
from shared.runtime.clock import ManualClock
from tests.shared.ratelimit.conftest import MakeLimiter
from tests.shared.ratelimit.counting_x import CountingX
from tests.shared.ratelimit.simulation import Simulation

WORKERS = 32


@pytest.mark.parametrize("offset", [-2.0, 0.0, 2.0])
@pytest.mark.parametrize(("lost_percent", "cuts_resets"), [(0, False), (5, True)])
def test_no_429_and_all_of_every_window(
    make_limiter: MakeLimiter, clock: ManualClock, offset: float, lost_percent: int, cuts_resets: bool
) -> None:
    """32 workers, X's clock 2 s off, 5 % of grants never settled: no 429, and at least 97 % of every window used."""
    x = CountingX(75, offset_seconds=offset, cuts_resets=cuts_resets)
    simulation = Simulation(make_limiter(), clock, x, lost_percent=lost_percent)
    simulation.start_workers(WORKERS, WorkClass.INTERACTIVE)

    simulation.run(hours=2)

    assert x.refused == []
    assert len(x.used_up) >= 7
    assert min(x.used_up) >= 0.97


def test_background_work_alone_uses_the_window_too(make_limiter: MakeLimiter, clock: ManualClock) -> None:
    """Floors and pace spread the work of one background class, and cost less than 3 % of the window."""
    x = CountingX(450)
    simulation = Simulation(make_limiter(), clock, x)
    simulation.start_workers(8, WorkClass.ENGAGEMENT)

    simulation.run(hours=1)

    assert x.refused == []
    assert min(x.used_up) >= 0.97


def test_a_limit_cut_in_the_middle_costs_at_most_one_429(make_limiter: MakeLimiter, clock: ManualClock) -> None:
    """When X lowers the limit below what was used, one call finds out, and then the window is closed."""
    x = CountingX(450)
    simulation = Simulation(make_limiter(), clock, x)
    simulation.start_workers(1, WorkClass.INTERACTIVE)
    simulation.after(60, lambda: x.cut(100))

    simulation.run(hours=0.5)

    assert len(x.refused) <= 1


@pytest.mark.parametrize("seed", range(3))
def test_a_stranger_costs_no_more_429_than_calls_in_flight(
    make_limiter: MakeLimiter, clock: ManualClock, seed: int
) -> None:
    """When somebody else spends the same token, only calls already in flight can be refused, and then none."""
    x = CountingX(300)
    simulation = Simulation(make_limiter(), clock, x, seed=seed)
    simulation.start_workers(WORKERS, WorkClass.INTERACTIVE)

    def spend() -> None:
        for _ in range(simulation.rng.randrange(40)):
            x.arrive("app", simulation.now, is_probe=False)
        simulation.after(simulation.rng.uniform(0.2, 3), spend)

    simulation.after(5, spend)
    simulation.run(hours=1)

    for in_flight in simulation.in_flight_at_429.values():
        assert len(in_flight) <= in_flight[0]
    assert min(x.used_up) >= 0.97


def test_interactive_work_never_waits_while_its_floor_is_unspent(make_limiter: MakeLimiter, clock: ManualClock) -> None:
    """Background work that saturates every window leaves the interactive floor, all through the window."""
    limit = 100
    x = CountingX(limit)
    simulation = Simulation(make_limiter(), clock, x)
    for work_class in (WorkClass.SEARCH, WorkClass.QUOTES, WorkClass.ENGAGEMENT, WorkClass.BACKFILL):
        simulation.start_workers(4, work_class)

    def come() -> None:
        simulation.ask(WorkClass.INTERACTIVE, again=False)
        simulation.after(901 / floor(limit, WorkClass.INTERACTIVE), come)

    simulation.after(1, come)
    simulation.run(hours=2)

    waits = [one.blocked_by for work_class, one in simulation.refusals if work_class is WorkClass.INTERACTIVE]
    assert set(waits) <= {"probe"}
    assert x.refused == []
    assert min(x.used_up) >= 0.97


@pytest.mark.parametrize("seconds", [20, 500])
def test_a_flushed_redis_costs_one_probe(
    make_limiter: MakeLimiter, clock: ManualClock, redis_client: redis.Redis, seconds: int
) -> None:
    """When Redis loses everything, in a window in use or one used up, at most one call a window is too many."""
    x = CountingX(1000)
    simulation = Simulation(make_limiter(), clock, x)
    simulation.start_workers(WORKERS, WorkClass.INTERACTIVE)

    def flush() -> None:
        redis_client.flushall()
        simulation.after(901, flush)

    simulation.after(seconds, flush)
    simulation.run(hours=0.9)

    windows = [one.window for one in x.refused]
    assert len(windows) == len(set(windows))
    assert all(one.is_probe for one in x.refused)
