"""The agenda: everything happens once, in the order of its time."""

from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from simulator.agenda import Agenda


@given(st.lists(st.integers(0, 1_000), max_size=30), st.lists(st.integers(0, 1_200), min_size=1, max_size=8))
def test_events_happen_in_order_and_only_when_due(times_ms: list[int], stops_ms: list[int]) -> None:
    """After each `advance` exactly the events due by then have happened, by time and then by when they were set."""
    agenda, happened = Agenda(0), list[tuple[int, int]]()
    for number, at_ms in enumerate(times_ms):
        agenda.at(at_ms, partial(happened.append, (at_ms, number)))

    for count, stop_ms in enumerate(stops_ms, 1):
        agenda.advance(stop_ms)

        latest_ms = max(stops_ms[:count])
        due = sorted((at_ms, number) for number, at_ms in enumerate(times_ms) if at_ms <= latest_ms)
        assert happened == due
        assert agenda.now_ms == latest_ms
