"""Which streams are joined, and what the joined one starts from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.coverage.members import Group
from shared.domain.coverage.streams import MERGE_DISTANCE, QUIET_MARGIN, Merge, Stream, next_merge
from shared.domain.snowflake import created_at, first_id_at

NOW = datetime(2024, 5, 1, tzinfo=UTC)
HANDLES = [f"h{number}" for number in range(8)]


def stream_of(name: str, *handles: str, minutes_behind: int = 0, cursor_id: int = 100, sweeps: int = 1) -> Stream:
    """A stream that is covered until some minutes before NOW."""
    return Stream(
        id=name,
        members=handles or (f"only_{name}",),
        query=" OR ".join(handles or (f"only_{name}",)),
        began_at=NOW - timedelta(days=1),
        covered_through=NOW - timedelta(minutes=minutes_behind),
        cursor_id=cursor_id,
        sweeps_completed=sweeps,
    )


def at_most(number: int) -> Callable[[Sequence[str]], bool]:
    """A query that holds so many handles."""
    return lambda handles: len(handles) <= number


@st.composite
def flocks(draw: st.DrawFn) -> list[Stream]:
    """Streams of any state; two may carry the same handle, as a crash can leave them."""
    count = draw(st.integers(0, 7))
    streams = []
    for number in range(count):
        handles = draw(st.lists(st.sampled_from(HANDLES), min_size=1, max_size=4, unique=True))
        stream = stream_of(
            f"s{number}",
            *handles,
            minutes_behind=draw(st.integers(0, 30)),
            sweeps=draw(st.integers(0, 2)),
        )
        quiet_for = timedelta(minutes=draw(st.one_of(st.integers(0, 40), st.integers(0, 5_000))))
        stream = replace(stream, cursor_id=first_id_at(NOW - quiet_for))
        streams.append(stream)
    return streams


@settings(deadline=None)
@given(streams=flocks(), busy=st.sets(st.integers(0, 6)), room=st.integers(1, 8))
def test_a_merge_joins_idle_streams_and_loses_nothing(streams: list[Stream], busy: set[int], room: int) -> None:
    """Only idle, close streams are joined; no post of either is passed over, and none read whole is read again but for
    the last minutes; no handle is lost or doubled.
    """
    occupied = {f"s{number}" for number in busy}

    merge = next_merge(streams, at_most(room), busy=occupied)

    if merge is None:
        return
    first, second = merge.of
    assert first.id != second.id
    assert occupied.isdisjoint({first.id, second.id})
    assert first.sweeps_completed
    assert second.sweeps_completed
    assert abs(first.covered_through - second.covered_through) <= MERGE_DISTANCE
    assert sorted(merge.members) == sorted({*first.members, *second.members})
    assert len(merge.members) <= room
    for stream in merge.of:
        assert merge.cursor_id < first_id_at(stream.covered_through) or merge.cursor_id <= stream.cursor_id
    assert merge.cursor_id >= first_id_at(merge.covered_through - MERGE_DISTANCE) - 1
    assert merge.covered_through <= min(first.covered_through, second.covered_through)


@settings(deadline=None)
@given(streams=flocks(), room=st.integers(1, 8))
def test_joining_goes_on_until_no_pair_is_left_and_keeps_every_handle(streams: list[Stream], room: int) -> None:
    """Each merge leaves one stream less, so it ends; the flock still follows whom it followed."""
    followed = {handle for stream in streams for handle in stream.members}

    for number in range(len(streams)):
        merge = next_merge(streams, at_most(room))
        if merge is None:
            break
        streams = [*(stream for stream in streams if stream not in merge.of), joined(merge, f"j{number}")]

    assert next_merge(streams, at_most(room)) is None
    assert {handle for stream in streams for handle in stream.members} == followed


def joined(merge: Merge, name: str) -> Stream:
    """The stream that a merge asks for, after its first sweep."""
    return Stream(
        id=name,
        members=merge.members,
        query="q",
        began_at=merge.covered_through,
        covered_through=merge.covered_through,
        cursor_id=merge.cursor_id,
        sweeps_completed=1,
    )


def test_the_joined_stream_starts_at_the_older_cursor_as_a_number() -> None:
    """Eighteen digits are fewer than nineteen: the joined stream reads from the smaller number."""
    covered = created_at(10**18)
    streams = [
        replace(stream_of(name, cursor_id=cursor_id), covered_through=covered)
        for name, cursor_id in (("a", 10**18 - 1), ("b", 10**18))
    ]

    merge = next_merge(streams, at_most(2))

    assert merge is not None
    assert merge.cursor_id == 10**18 - 1


@pytest.mark.parametrize("quiet_for", [timedelta(hours=1), timedelta(days=3), timedelta(days=30)])
def test_a_quiet_stream_does_not_make_a_lively_one_be_bought_again(quiet_for: timedelta) -> None:
    """The joined stream begins minutes before the coverage of the quiet one ends, not at its last post or a day ago."""
    quiet = stream_of("quiet", minutes_behind=3, cursor_id=first_id_at(NOW - quiet_for))
    lively = stream_of("lively", minutes_behind=1, cursor_id=first_id_at(NOW - timedelta(minutes=1)))

    merge = next_merge([quiet, lively], at_most(2))

    assert merge is not None
    begins = first_id_at(NOW - timedelta(minutes=3) - MERGE_DISTANCE) - 1
    assert merge.cursor_id == begins
    assert joined(merge, "j").since_id == begins


def test_two_lively_streams_are_read_on_from_the_older_cursor() -> None:
    """Where both posted just now nothing but what lies between their cursors is read again."""
    older, newer = (first_id_at(NOW - timedelta(seconds=seconds)) for seconds in (90, 30))

    merge = next_merge([stream_of("a", cursor_id=newer), stream_of("b", cursor_id=older)], at_most(2))

    assert merge is not None
    assert merge.cursor_id == older


def test_streams_that_carry_one_handle_both_are_joined_into_one_that_names_it_once() -> None:
    """After a crash between following the joined stream and retiring its parts the copies find together again."""
    merge = next_merge([stream_of("a", "nasa", "esa"), stream_of("b", "esa", "nasa", "jaxa")], at_most(3))

    assert merge is not None
    assert sorted(merge.members) == ["esa", "jaxa", "nasa"]


def test_two_small_streams_are_joined_before_a_large_one() -> None:
    """The smallest pair comes first, so that queries fill up."""
    streams = [stream_of("a", "1", "2", "3"), stream_of("b", "4"), stream_of("c", "5")]

    merge = next_merge(streams, at_most(4))

    assert merge is not None
    assert {stream.id for stream in merge.of} == {"b", "c"}


def test_a_quiet_stream_reaches_back_to_its_coverage_and_not_to_its_last_post() -> None:
    """A stream whose last post is weeks old asks from a day before its coverage ends; a lively one from its cursor."""
    covered = datetime(2026, 11, 20, tzinfo=UTC)
    weeks_ago, just_now = (first_id_at(covered - span) for span in (timedelta(days=21), timedelta(minutes=1)))
    quiet = replace(stream_of("quiet", "a", cursor_id=weeks_ago), covered_through=covered)
    lively = replace(stream_of("lively", "b", cursor_id=just_now), covered_through=covered)

    assert quiet.since_id == first_id_at(covered - QUIET_MARGIN) - 1
    assert lively.since_id == just_now


def all_fit(_handles: Sequence[str]) -> bool:
    """A query without a limit."""
    return True


def test_full_streams_are_looked_at_once_each() -> None:
    """Whether a query fits costs time to find out: it is asked about once a stream, not once a pair."""
    asked = []

    def none_fits(handles: Sequence[str]) -> bool:
        asked.append(handles)
        return False

    assert next_merge([stream_of(f"s{number}") for number in range(50)], none_fits) is None
    assert len(asked) < 50


def test_what_keeps_streams_apart() -> None:
    """An open sweep, a first sweep to come, coverage too far apart, a query too long: no merge."""
    one, other = stream_of("a"), stream_of("b")

    assert next_merge([one, other], all_fit) is not None
    assert next_merge([one, other], all_fit, busy=["b"]) is None
    assert next_merge([one, replace(other, sweeps_completed=0)], all_fit) is None
    assert next_merge([one, stream_of("b", minutes_behind=11)], all_fit) is None
    assert next_merge([one, other], lambda handles: len(handles) < 2) is None
    assert next_merge([], all_fit) is None


@pytest.mark.parametrize(
    ("interval_seconds", "minutes", "are_joined"),
    [
        (None, 11, False),
        (300, 11, False),
        (3_600, 59, True),
        (3_600, 61, False),
        (86_400, 359, True),
        (86_400, 361, False),
    ],
)
def test_streams_that_are_asked_for_rarely_join_an_interval_apart(
    interval_seconds: int | None, minutes: int, are_joined: bool
) -> None:
    """Their sweeps never end within ten minutes of each other; six hours at most are read again."""
    group = Group(interval_seconds=interval_seconds)
    streams = [
        replace(stream_of(name, name, minutes_behind=behind), group=group)
        for name, behind in (("a", 0), ("b", minutes))
    ]

    merge = next_merge(streams, at_most(9))

    assert (merge is not None) == are_joined


def test_a_stream_that_rests_is_not_behind() -> None:
    """What was left unread on purpose is no delay, until it is read again."""
    stream = stream_of("s", "nasa")
    rested = replace(stream, rested_at=stream.covered_through + timedelta(hours=5))
    read = replace(rested, covered_through=stream.covered_through + timedelta(hours=6))

    assert (stream.has_rested, rested.has_rested, read.has_rested) == (False, True, False)
    assert [one.attended_until - stream.covered_through for one in (stream, rested, read)] == [
        timedelta(hours=hours) for hours in (0, 5, 6)
    ]


def test_a_joined_stream_rested_when_either_did() -> None:
    """What is behind because it rested stays so."""
    one, other = (stream_of(name, name) for name in ("a", "b"))
    later = one.covered_through + timedelta(minutes=1)

    assert Merge(of=(one, other), members=("a", "b")).rested_at is None
    assert Merge(of=(replace(one, rested_at=later), other), members=("a", "b")).rested_at == later
