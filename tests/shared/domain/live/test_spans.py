"""When a route was not heard."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.live.spans import LiveSpan, Silence, silences

START = datetime(2026, 11, 1, tzinfo=UTC)


def _at(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


def _span(from_: int, to: int | None, why: str | None = None) -> LiveSpan:
    ends = None if to is None else _at(to)
    return LiveSpan(
        id=f"{from_:04}", route="activity", by="a", from_at=_at(from_), seen_at=ends or _at(from_), to_at=ends, why=why
    )


def test_what_lies_between_two_connections_is_a_break() -> None:
    """Each break has its times and how the connection before it ended; one that lasts has no end."""
    spans = [_span(10, 20, "network"), _span(0, 9, "lost"), _span(20, 30)]

    assert silences(spans) == [Silence(_at(9), _at(10), "lost"), Silence(_at(30), None, None)]


def test_a_connection_that_lasts_is_no_break() -> None:
    """Nothing is silent after the beginning of a connection that has not ended; without any nothing is told."""
    assert silences([_span(0, 5), _span(6, None)]) == [Silence(_at(5), _at(6), None)]
    assert silences([]) == []


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20)), min_size=1, max_size=8))
def test_breaks_and_connections_are_the_whole_time(found: list[tuple[int, int]]) -> None:
    """Every minute between the first beginning and the last end is heard or in one break, never both."""
    spans = [_span(begin, begin + length) for begin, length in found]
    breaks = silences(spans)
    last = max(begin + length for begin, length in found)

    for minute in range(min(begin for begin, _ in found), last):
        moment = _at(minute) + timedelta(seconds=30)
        heard = any(one.from_at <= moment < (one.to_at or moment) for one in spans)
        silent = [one for one in breaks if one.from_at <= moment < (one.to_at or _at(10_000))]
        assert heard == (not silent)
        assert len(silent) <= 1
    assert breaks[-1].to_at is None
