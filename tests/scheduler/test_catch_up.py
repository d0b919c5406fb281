"""Spreading what is late after an outage, on a simulated clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from scheduler.catch_up import CatchUp
from shared.stores.schedules import Schedule, following

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def stream(number: int, *, late: timedelta, interval: timedelta = MINUTE) -> Schedule:
    """The schedule of a stream that was due `late` ago."""
    return Schedule(f"search:{number}", "search", str(number), interval, NOW - late, 0)


def simulate(schedules: list[Schedule], *, seconds: int, tick: float = 1.0) -> dict[str, list[float]]:
    """The claims of each schedule in a scheduler that starts now, as seconds from now."""
    catch_up = CatchUp()
    pending = {schedule.id: schedule for schedule in schedules}
    claims: dict[str, list[float]] = {schedule.id: [] for schedule in schedules}
    for step in range(int(seconds / tick)):
        now = NOW + timedelta(seconds=step * tick)
        due = sorted((s for s in pending.values() if s.next_due_at <= now), key=lambda s: s.next_due_at)
        for schedule in catch_up.choose(due, now):
            claims[schedule.id].append(step * tick)
            next_at = following(schedule.next_due_at, schedule.interval, now)
            pending[schedule.id] = Schedule(
                schedule.id, schedule.kind, schedule.subject, schedule.interval, next_at, schedule.version + 1
            )
    return claims


def test_a_thousand_late_streams_are_spread_over_five_minutes() -> None:
    """After an hour away each runs once to catch up, no second sees a burst, and the last begins after five minutes."""
    hourly = timedelta(hours=1)
    late = [stream(n, late=timedelta(hours=1, seconds=1 + n % 60), interval=hourly) for n in range(1000)]

    claims = simulate(late, seconds=420)

    assert {len(times) for times in claims.values()} == {1}
    first = [times[0] for times in claims.values()]
    assert 299 <= max(first) <= 310
    assert max(first.count(second) for second in set(first)) <= 5


def test_what_is_on_time_does_not_wait_for_what_is_late() -> None:
    """A stream that is due now, and everything that is no stream, is claimed in the first round."""
    late = [stream(number, late=timedelta(hours=1)) for number in range(1000)]
    on_time = stream(1001, late=timedelta(seconds=1))
    refresh = Schedule("refresh", "refresh", "", MINUTE, NOW - timedelta(hours=1), 0)

    claims = simulate([*late, on_time, refresh], seconds=1)

    assert (claims[on_time.id], claims["refresh"]) == ([0], [0])


def test_a_few_late_streams_are_caught_up_with_in_seconds() -> None:
    """Ten streams after a night away have all run within ten seconds."""
    claims = simulate([stream(number, late=timedelta(hours=9)) for number in range(10)], seconds=60)

    assert all(times and times[0] <= 10 for times in claims.values())


def test_a_restart_is_no_outage() -> None:
    """Streams that missed a few short turns while the scheduler was restarted run at once."""
    missed = [stream(n, late=timedelta(seconds=30), interval=timedelta(seconds=5)) for n in range(1000)]

    claims = simulate(missed, seconds=1)

    assert all(times == [0] for times in claims.values())


def test_a_coarse_tick_lets_as_many_through() -> None:
    """With a look every 10 seconds the same thousand are through in five minutes and a little."""
    late = [stream(number, late=timedelta(hours=2), interval=timedelta(hours=1)) for number in range(1000)]

    claims = simulate(late, seconds=400, tick=10.0)

    assert all(times and times[0] <= 320 for times in claims.values())
