"""Ids carry their time and rise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.snowflake import EPOCH_MS, Mint, created_at_ms, first_id_at

INSTANTS = st.integers(EPOCH_MS, EPOCH_MS + 2**40)


@given(st.lists(INSTANTS, min_size=1, max_size=50))
def test_minted_ids_rise_and_keep_their_millisecond(instants: list[int]) -> None:
    """Ids made in order of time rise strictly, and each gives back its own millisecond."""
    mint, instants = Mint(), sorted(instants)

    ids = [mint.next(at_ms) for at_ms in instants]

    assert ids == sorted(set(ids))
    assert [created_at_ms(found) for found in ids] == instants


@given(INSTANTS)
def test_the_first_id_of_a_millisecond_is_its_border(at_ms: int) -> None:
    """No id below `first_id_at(t)` is of `t` or later."""
    assert created_at_ms(first_id_at(at_ms)) == at_ms
    assert created_at_ms(first_id_at(at_ms + 1) - 1) == at_ms


def test_a_mint_refuses_time_that_goes_back() -> None:
    """A mint raises for an instant before the last one."""
    mint = Mint()
    mint.next(EPOCH_MS + 10)

    with pytest.raises(ValueError, match="went back"):
        mint.next(EPOCH_MS + 9)
