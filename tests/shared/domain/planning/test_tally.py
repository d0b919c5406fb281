"""What is there to buy, in a bounded number of cells."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.planning.tally import LEAST_WORTH, Cell, Tally, level_of, mixed, summed, worth_of


@given(st.floats(min_value=LEAST_WORTH, max_value=1e12))
def test_a_level_holds_a_worth_to_two_parts_in_a_hundred(worth: float) -> None:
    """32 levels to a doubling; what is worth nothing has the lowest."""
    assert worth_of(level_of(worth)) <= worth * 1.000001
    assert worth < worth_of(level_of(worth) + 1) * 1.000001
    assert level_of(0.0) == level_of(LEAST_WORTH)


cells = st.builds(Cell, st.integers(0, 3), st.integers(-5, 5))


@given(st.lists(st.tuples(cells, st.integers(0, 100)), max_size=60), st.integers(1, 5))
def test_parts_that_are_counted_apart_add_up(posts: list[tuple[Cell, int]], parts: int) -> None:
    """However the posts are divided, the whole is what one process counts."""
    whole, divided = Tally(), [Tally() for _ in range(parts)]
    for number, (cell, acts) in enumerate(posts):
        whole.add(cell, acts)
        divided[number % parts].add(cell, acts)

    assert summed(divided) == whole
    assert whole.total == len(posts) == sum(whole.due().values())


def test_ids_that_follow_one_another_are_spread() -> None:
    """Of a thousand ids in a row a tenth falls into each tenth."""
    tenths = [int(mixed(1_900_000_000_000_000_000 + number) * 10) for number in range(1_000)]
    assert all(95 <= tenths.count(tenth) <= 105 for tenth in range(10))
