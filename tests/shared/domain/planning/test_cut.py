"""Who stands where in the order of buying."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.planning.cut import acts_within, cut
from shared.domain.planning.tally import Cell, Tally

cells = st.builds(Cell, st.integers(0, 3), st.integers(-3, 3))
flocks = st.lists(cells, max_size=80)


def tally_of(flock: list[Cell]) -> Tally:
    """One post in each, with as many acts as its level is above the lowest."""
    tally = Tally()
    for cell in flock:
        tally.add(cell, cell.level + 3)
    return tally


@given(flocks, st.integers(0, 90))
def test_every_post_has_a_place_and_better_ones_come_before(flock: list[Cell], must: int) -> None:
    """First those that must be read first, of these the most worth, about as many as the guard wants; then by worth."""
    order = cut(tally_of(flock), min(must, len(flock)))
    places = [order.place(post_id, cell) for post_id, cell in enumerate(flock)]
    assert all(place is not None and 0 <= place < len(flock) for place in places)
    ranked = sorted((place or 0.0, cell) for place, cell in zip(places, flock, strict=True))
    guarded = sum(one.posts for one in order.guarded.values())
    first = [cell for place, cell in ranked if place < guarded]
    others = [cell for place, cell in ranked if place >= guarded]
    assert guarded >= min(must, len(flock))
    assert first == sorted(first, key=lambda one: (one.days, -one.level))
    assert [cell.level for cell in others] == sorted((cell.level for cell in others), reverse=True)


def test_the_guard_takes_a_part_of_a_cell() -> None:
    """Of a thousand equal posts it wants a quarter: so many come first and some more, and the others behind them."""
    order = cut(tally_of([Cell(0, 1)] * 1_000 + [Cell(9, 3)] * 1_000), 250)
    places = [order.place(post_id, Cell(0, 1)) or 0.0 for post_id in range(1_000)]
    others = [order.place(post_id, Cell(9, 3)) or 0.0 for post_id in range(1_000, 2_000)]
    assert 250 <= sum(place < min(others) for place in places) <= 320
    assert all(place < min(others) or place > max(others) for place in places)


@given(flocks, st.integers(0, 90))
def test_the_acts_of_all_places_are_those_of_all_posts(flock: list[Cell], must: int) -> None:
    """And those of a part are no more, nor less than none."""
    tally = tally_of(flock)
    order = cut(tally, min(must, len(flock)))
    whole, half = acts_within(tally, order, 0, len(flock)), acts_within(tally, order, 0, len(flock) / 2)
    assert abs(whole - sum(cell.level + 3 for cell in flock)) < 1e-6
    assert -1e-9 <= half <= whole + 1e-6


def test_what_nobody_counted_has_no_place() -> None:
    """As a post that came meanwhile."""
    assert cut(tally_of([Cell(0, 1)]), 0).place(7, Cell(0, 2)) is None
    assert cut(tally_of([Cell(0, 1)]), 0).level_at(1) is None
