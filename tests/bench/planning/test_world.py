"""Worlds as they were described."""

from __future__ import annotations

import numpy as np
import pytest

from bench.planning.laws import Law
from bench.planning.world import TICKS, TICKS_PER_DAY, make_world


@pytest.mark.parametrize("law", list(Law))
def test_most_growth_comes_early(law: Law) -> None:
    """Of what posts of the first day get, about half comes within an hour and nine tenths within a day."""
    world = make_world(law, 901, 4000)
    early = np.flatnonzero((world.born > 0) & (world.born < 24))

    def total(hours: float) -> int:
        ticks = np.round((world.born[early] + hours) * 6).astype(int)
        return int(world.counts[np.minimum(ticks, TICKS), early].sum())

    assert 0.35 < total(1) / total(143) < 0.7
    assert 0.75 < total(24) / total(143) < 0.99


def test_a_world_is_the_same_for_its_seed() -> None:
    """And another one for another."""
    first, again, other = (make_world(Law.CASCADES, seed, 500) for seed in (7, 7, 8))
    assert np.array_equal(first.counts, again.counts)
    assert not np.array_equal(first.counts, other.counts)


def test_where_searches_rest_posts_are_found_at_midnight() -> None:
    """What is born after 22:00 is found at 00:00, all else as without."""
    world = make_world(Law.SMOOTH, 902, 2000)
    rested, late = world.found_with_rest(), (world.found % TICKS_PER_DAY >= 132) & (world.found > 0)
    assert late.any()
    assert (rested[late] % TICKS_PER_DAY == 0).all()
    assert np.array_equal(rested[~late], world.found[~late])
