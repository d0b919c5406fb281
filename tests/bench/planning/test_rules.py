"""The money rule and the measures, in a world of three posts that is small enough to reckon by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from bench.planning.laws import Ints, Law
from bench.planning.rules import View, run
from bench.planning.world import TICKS, TICKS_PER_DAY, World


class Asks:
    """A policy that asks for what a function says."""

    def __init__(self, ids: Callable[[View], list[int]]) -> None:
        self.ids, self.left = ids, []

    def decide(self, view: View) -> Ints:
        """The ids, and a note of the money that was left before."""
        self.left.append(view.left)
        return np.array(self.ids(view), dtype=np.int64)


def small(gone: int = TICKS + 1) -> World:
    """Three posts, born as the week began; each gets one act a tick, the first of them ten."""
    ticks = np.arange(TICKS + 1, dtype=np.int32)
    counts = np.stack([10 * ticks, ticks, ticks], axis=1)
    born, found = np.full(3, 1e-9), np.zeros(3, np.int64)
    return World(
        Law.SMOOTH,
        0,
        np.zeros(3, np.int64),
        born,
        found,
        np.array([gone, TICKS + 1, TICKS + 1]),
        counts,
        np.full(3, 0.1),
    )


def test_a_post_costs_once_a_day() -> None:
    """On the first day the search has paid; then one of three posts is bought at each midnight and read for nothing."""
    policy = Asks(lambda _: [0])
    result = run(small(), policy, 1 / 3)
    assert result.bought == 6
    assert policy.left[TICKS_PER_DAY - 1 : TICKS_PER_DAY + 3] == [1, 1, 0, 0]


def test_without_money_only_what_was_bought_is_read() -> None:
    """In the order in which it is asked for."""
    seen: list[float] = []

    def ask(view: View) -> list[int]:
        seen.append(float(view.last_n[1]))
        return [0, 1]

    run(small(), Asks(ask), 1 / 3)
    assert seen[TICKS_PER_DAY + 3] == TICKS_PER_DAY - 1  # the first post took the money


def test_what_a_policy_leaves_buys_the_stalest() -> None:
    """One that asks for nothing spends as much as the others, at 23:50."""
    policy = Asks(lambda _: [])
    assert run(small(), policy, 1 / 3).bought == 6  # on the first day all three were paid for by search
    assert policy.left[2 * TICKS_PER_DAY - 1] == 1


def test_a_post_that_is_gone_costs_nothing() -> None:
    """The asking tells that it is gone, and is not charged."""
    assert run(small(gone=200), Asks(lambda view: [0] if view.k >= 288 else []), 0.5).bought == 2 * 6


def test_the_error_is_the_trapezoid() -> None:
    """Read at every tick, a post is right after the reads and a tick's growth short before the next: half of that."""
    result = run(small(), Asks(lambda _: [0, 1, 2]), 1.0)
    gaps, truth = 12 * TICKS / 2, 12 * TICKS * TICKS / 2
    assert result.weighted * 2 == pytest.approx(2 * gaps / truth, rel=0.01)
    assert result.late == 0


def test_calls_take_a_hundred_ids() -> None:
    """Three ids a tick are a call of three."""
    result = run(small(), Asks(lambda _: [0, 1, 2]), 1.0)
    assert (result.calls, result.ids_a_call) == (TICKS, 3)


def test_a_counts_request_costs_as_much_as_a_post() -> None:
    """It tells the reposts of the last day of all posts of an author, or of single posts, and the money is spent."""
    told: list[int] = []

    def ask(view: View) -> list[int]:
        if view.k == 2 * TICKS_PER_DAY:
            told.extend([view.count_reposts((0,), ()), view.count_reposts((), (0,))])
        return []

    assert run(small(), Asks(ask), 2 / 3).bought == 6 * 2
    assert told == pytest.approx([0.1 * 12 * TICKS_PER_DAY, 0.1 * 10 * TICKS_PER_DAY], abs=3)
