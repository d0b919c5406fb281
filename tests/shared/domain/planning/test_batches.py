"""Full calls."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.planning.batches import IDS_A_CALL, full_calls

sizes = st.integers(0, 350)


@given(fixed=sizes, due=sizes, soon=sizes)
def test_calls_are_full_unless_they_must_be_made(fixed: int, due: int, soon: int) -> None:
    """What must be read is; no call is begun that is not filled, unless for that; nothing comes twice."""
    ids = range(fixed + due + soon)
    made = full_calls(ids[:fixed], ids[fixed : fixed + due], ids[fixed + due :])
    assert made[:fixed] == tuple(range(fixed))
    assert len(set(made)) == len(made)
    over = len(made) % IDS_A_CALL
    assert over == 0 or (len(made) == len(ids) and fixed > len(made) - over)


def test_what_is_due_soon_fills_a_call() -> None:
    """130 that are due and 100 that will be: 200."""
    assert len(full_calls((), range(130), range(200, 300))) == 200


def test_what_does_not_fill_a_call_waits() -> None:
    """130 that are due and nothing else: one call, the other 30 wait for the next."""
    assert full_calls((), range(130), ()) == tuple(range(100))
