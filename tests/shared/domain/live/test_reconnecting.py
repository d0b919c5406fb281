"""When a broken stream is connected to again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.live.reconnecting import Break, Reconnect


def _waits(kind: Break, times: int) -> list[float]:
    rule, waits = Reconnect(), []
    for _ in range(times):
        rule = rule.after(kind)
        waits.append(rule.wait_seconds)
    return waits


def test_the_network_is_tried_at_once_and_then_a_little_later_each_time() -> None:
    """Nothing, then 250 ms more each time, and never more than 16 s."""
    assert _waits(Break.NETWORK, 4) == [0.0, 0.25, 0.5, 0.75]
    assert _waits(Break.NETWORK, 100)[-1] == 16.0


def test_a_refusal_by_status_doubles() -> None:
    """5 s, then twice as long each time, and never more than 320 s."""
    assert _waits(Break.HTTP, 8) == [5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 320.0]


def test_a_429_begins_with_a_minute() -> None:
    """A minute, then twice as long each time, up to the window of 15 minutes."""
    assert _waits(Break.THROTTLED, 6) == [60.0, 120.0, 240.0, 480.0, 900.0, 900.0]


@given(st.lists(st.sampled_from(Break), max_size=40))
def test_a_row_of_one_kind_never_waits_less(kinds: list[Break]) -> None:
    """Whatever breaks, a second break of the same kind in a row waits at least as long as the first."""
    rule = Reconnect()
    for kind in kinds:
        after = rule.after(kind)
        assert after.kind is kind
        if rule.kind is kind:
            assert after.wait_seconds >= rule.wait_seconds
        else:
            assert after.times == 1
        rule = after
    assert Reconnect().wait_seconds == 0.0
