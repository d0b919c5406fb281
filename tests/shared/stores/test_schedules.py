"""`schedules`: when each recurring thing is due, and who carries it out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.stores.bundle import Stores
from shared.stores.schedules import Schedule, Slot, following
from tests.shared.stores.conftest import HOUR, NOW, CommandCount, at_once

MINUTE = timedelta(minutes=1)
moments = st.timedeltas(timedelta(0), timedelta(days=9000)).map(lambda span: datetime(2010, 1, 1, tzinfo=UTC) + span)
intervals = st.timedeltas(timedelta(milliseconds=1), timedelta(days=30))


def schedule_of(name: str, *, due_at: datetime = NOW, kind: str = "search") -> Schedule:
    """A thing that recurs every minute."""
    return Schedule(f"{kind}:{name}", kind, name, MINUTE, due_at, 0)


def due(stores: Stores, now: datetime = NOW, limit: int = 500) -> list[Schedule]:
    """What is due."""
    return stores.schedules.due(now=now, limit=limit)


@settings(deadline=None)
@given(due_at=moments, interval=intervals, now=moments)
def test_the_next_slot_is_the_first_of_the_plan_after_now(due_at: datetime, interval: timedelta, now: datetime) -> None:
    """Strictly after now and after the last one, a whole number of intervals away, and none in between is left out."""
    following_at = following(due_at, interval, now)

    assert following_at > max(due_at, now)
    assert (following_at - due_at) % interval == timedelta(0)
    assert following_at - interval <= max(due_at, now)


@settings(deadline=None)
@given(lateness=st.lists(st.timedeltas(timedelta(0), timedelta(seconds=59)), max_size=60))
def test_slots_do_not_drift(lateness: list[timedelta]) -> None:
    """However late each slot is carried out within its interval, the n-th is n intervals after the first."""
    due_at = NOW
    for late in lateness:
        due_at = following(due_at, MINUTE, due_at + late)

    assert due_at == NOW + len(lateness) * MINUTE


@settings(deadline=None)
@given(due_at=moments, apart_ms=st.integers(1, 1000))
def test_slots_a_millisecond_apart_have_different_names(due_at: datetime, apart_ms: int) -> None:
    """The name holds the planned time, to the millisecond."""
    due_at = due_at.replace(microsecond=due_at.microsecond // 1000 * 1000)
    later = due_at + timedelta(milliseconds=apart_ms)

    first, second = (int(Slot(schedule_of("a"), at).id.split("@")[1]) for at in (due_at, later))

    assert second - first == apart_ms


def test_many_schedules_are_one_command(counted: Stores, commands: CommandCount) -> None:
    """A hundred cost one round trip to ensure, and one to find due; a claim costs one."""
    schedules = [schedule_of(str(number)) for number in range(100)]

    assert commands.during(lambda: counted.schedules.ensure(schedules)) == ["update"]
    assert commands.during(lambda: counted.schedules.ensure([])) == []
    assert commands.during(lambda: due(counted)) == ["find"]
    assert commands.during(lambda: counted.schedules.claim(schedules[0], now=NOW, by="me")) == ["findAndModify"]


def test_ensuring_again_corrects_the_interval_and_nothing_else(stores: Stores) -> None:
    """A due time is touched by claims only: a restart does not make everything due."""
    stores.schedules.ensure([schedule_of("a")])

    stores.schedules.ensure([Schedule("search:a", "search", "a", HOUR, NOW + 9 * HOUR, 0)])

    assert stores.schedules.all() == [Schedule("search:a", "search", "a", HOUR, NOW, 0)]


def test_what_is_due_comes_the_most_overdue_first(stores: Stores) -> None:
    """Due now counts as due; the future does not."""
    moments = {"a": NOW, "b": NOW - HOUR, "c": NOW + timedelta(milliseconds=1)}
    stores.schedules.ensure([schedule_of(name, due_at=at) for name, at in moments.items()])

    assert [schedule.subject for schedule in due(stores)] == ["b", "a"]
    assert [schedule.subject for schedule in due(stores, limit=1)] == ["b"]


def test_a_claimed_slot_is_planned_anew(stores: Stores) -> None:
    """After an outage of an hour the thing runs once, and the next slot is of the old plan."""
    stores.schedules.ensure([schedule_of("a")])
    (schedule,) = due(stores)

    late = NOW + HOUR + timedelta(seconds=7)
    slot = stores.schedules.claim(schedule, now=late, by="me")

    assert slot is not None
    assert (slot.due_at, slot.id) == (NOW, f"search:a@{int(NOW.timestamp() * 1000)}")
    assert due(stores, late) == []
    assert stores.schedules.all()[0].next_due_at == NOW + HOUR + MINUTE


def test_a_slot_is_claimed_once(stores: Stores) -> None:
    """The second claim of what was read before fails; so does a claim of what is not due."""
    stores.schedules.ensure([schedule_of("a")])
    (schedule,) = due(stores)

    assert stores.schedules.claim(schedule, now=NOW - MINUTE, by="me") is None
    assert stores.schedules.claim(schedule, now=NOW, by="me") is not None
    assert stores.schedules.claim(schedule, now=NOW, by="other") is None
    assert stores.schedules.claim(schedule, now=NOW + 9 * HOUR, by="other") is None


def test_eight_schedulers_claim_each_slot_once(stores: Stores) -> None:
    """Over three rounds of forty schedules no slot is claimed twice and none is left out."""
    stores.schedules.ensure([schedule_of(str(number)) for number in range(40)])

    def claim_all(number: int) -> list[str]:
        claimed = []
        for step in range(3):
            now = NOW + step * MINUTE
            for schedule in due(stores, now):
                if slot := stores.schedules.claim(schedule, now=now, by=str(number)):
                    claimed.append(slot.id)
        return claimed

    claimed = [slot_id for slots in at_once(8, claim_all) for slot_id in slots]

    assert len(claimed) == len(set(claimed))
    assert {slot_id.split("@")[0] for slot_id in claimed} == {f"search:{number}" for number in range(40)}
    assert all(schedule.next_due_at > NOW + 2 * MINUTE for schedule in stores.schedules.all())


def test_a_slot_that_is_given_back_is_due_under_the_same_name(stores: Stores) -> None:
    """What failed before anything was written is carried out again, as the same run."""
    stores.schedules.ensure([schedule_of("a")])
    slot = stores.schedules.claim(due(stores)[0], now=NOW, by="me")
    assert slot is not None

    stores.schedules.give_back(slot)
    stores.schedules.give_back(slot)

    again = stores.schedules.claim(due(stores)[0], now=NOW, by="other")
    assert again is not None
    assert again.id == slot.id


def test_a_slot_is_not_given_back_once_a_later_one_was_claimed(stores: Stores) -> None:
    """The later run did the work; giving back would run it twice."""
    stores.schedules.ensure([schedule_of("a")])
    first = stores.schedules.claim(due(stores)[0], now=NOW, by="me")
    second = stores.schedules.claim(due(stores, NOW + MINUTE)[0], now=NOW + MINUTE, by="other")
    assert first is not None
    assert second is not None

    stores.schedules.give_back(first)

    assert due(stores, NOW + MINUTE) == []


def test_schedules_of_what_is_gone_are_removed(stores: Stores) -> None:
    """Of that kind only."""
    stores.schedules.ensure([schedule_of("a"), schedule_of("b"), schedule_of("", kind="canary")])

    stores.schedules.keep_only("search", ["b"])

    assert [schedule.id for schedule in stores.schedules.all()] == ["canary:", "search:b"]


@pytest.mark.parametrize(("late", "seconds"), [(timedelta(0), 0.0), (-HOUR, 0.0), (timedelta(seconds=90), 90.0)])
def test_the_lag_is_that_of_the_most_overdue(stores: Stores, late: timedelta, seconds: float) -> None:
    """By kind, and never negative."""
    stores.schedules.ensure([schedule_of("a", due_at=NOW - late), schedule_of("b", due_at=NOW + 9 * HOUR)])
    stores.schedules.ensure([schedule_of("", kind="canary", due_at=NOW + HOUR)])

    assert stores.schedules.most_overdue(now=NOW) == {"search": seconds, "canary": 0.0}
