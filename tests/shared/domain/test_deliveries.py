"""What a webhook endpoint is sent next, and when it is tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.deliveries import (
    JITTER,
    LONGEST_WAIT,
    MOST_EVENTS,
    TRIES,
    WAITS,
    Endpoint,
    Pending,
    State,
    cut,
    message_id,
    next_try,
)
from shared.domain.feed import EventType

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
KINDS = list(EventType)
pieces = st.lists(st.tuples(st.integers(1, 3), st.sampled_from(KINDS)), max_size=200).map(
    lambda steps: [(sum(step for step, _ in steps[: place + 1]), kind) for place, (_, kind) in enumerate(steps)]
)
draws = st.floats(0, 1, exclude_max=True)


@given(pieces, st.sets(st.sampled_from(KINDS)), st.integers(1, MOST_EVENTS), st.integers(1, 60))
def test_cut_after_cut_everything_wanted_is_told_once_and_in_order(
    feed: list[tuple[int, EventType]], types: set[EventType], most: int, window: int
) -> None:
    """However much of the feed is looked at at a time; no message has more than it may, and each goes on."""
    cursor, told = 0, []
    while found := cut([one for one in feed if one[0] > cursor][:window], types=types, most=most):
        piece = [one for one in feed if one[0] > cursor][:window]
        assert len(found.chosen) <= most
        assert found.through > cursor
        told += [piece[place] for place in found.chosen]
        assert all(cursor < piece[place][0] <= found.through for place in found.chosen)
        cursor = found.through
    assert told == [one for one in feed if one[1] in types]


@given(st.integers(1, TRIES + 3), draws, st.none() | st.floats(0, 10**7))
def test_each_wait_is_that_of_the_convention_or_as_long_as_was_asked(
    tries: int, draw: float, asked: float | None
) -> None:
    """At least the wait of the table, at most a tenth more, or what Retry-After says up to a day; then no more."""
    at = next_try(tries, now=NOW, draw=draw, retry_after_seconds=asked)
    if tries >= TRIES:
        assert at is None
        return
    assert at is not None
    wait, wanted = at - NOW, timedelta(seconds=min(asked or 0, LONGEST_WAIT.total_seconds()))
    assert max(WAITS[tries - 1], wanted) <= wait <= max(WAITS[tries - 1] * (1 + JITTER), wanted)


def test_a_message_is_tried_for_three_days() -> None:
    """Ten times in 75.6 hours and the jitter."""
    at, times = NOW, 1
    while (following := next_try(times, now=at, draw=0.0)) is not None:
        at, times = following, times + 1
    assert times == 10
    assert at - NOW == timedelta(hours=75, minutes=35, seconds=5)


@given(st.integers(1, 10**18), st.integers(0, 1_000), st.integers(0, 99))
def test_the_id_of_a_message_is_that_of_its_range(first: int, more: int, round_: int) -> None:
    """Whoever tries it, however often; it has no dot, for the signature is over `id.timestamp.body`."""
    one = endpoint(round_)
    pending = Pending(first, first + more)
    assert message_id(one, pending) == message_id(one, Pending(first, first + more, tries=7))
    assert message_id(one, pending) != message_id(endpoint(round_ + 1), pending)
    assert message_id(one, pending) != message_id(one, Pending(first, first + more + 1))
    assert "." not in message_id(one, pending)


def endpoint(round_: int) -> Endpoint:
    """One, after so many replays."""
    return Endpoint(
        id="e" * 32,
        tenant="default",
        host="hooks.example",
        types=None,
        max_events=MOST_EVENTS,
        state=State.ACTIVE,
        why=None,
        state_since=NOW,
        cursor=0,
        head=0,
        pending=None,
        replay=None,
        round=round_,
        due_at=None,
        waiting_since=None,
        previous_until=None,
        last_ms=0,
        created_at=NOW,
        created_by="ann",
    )
