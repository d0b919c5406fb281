"""The planner, driven by the interface of the bench."""

from __future__ import annotations

import numpy as np
import pytest

from bench.planner_adapter import PlannerPolicy, make_policy
from bench.planning.laws import Law
from bench.planning.peers import Tiers
from bench.planning.rules import View, run
from bench.planning.world import World, make_world


@pytest.fixture(scope="module")
def world() -> World:
    """A small one, of a seed that is neither judged nor tuned on."""
    return make_world(Law.CASCADES, 900, 1500)


class Checked(PlannerPolicy):
    """Compares, once a day, what the adapter publishes with the planner's own estimates."""

    compared = 0

    def estimate(self, view: View) -> np.ndarray:
        """As published, checked at noon."""
        made = super().estimate(view)
        if view.k % 144 == 72:
            for post in np.flatnonzero(view.known & ~view.bought & ~view.gone)[:200].tolist():
                own = self.planner.estimate(post, float(view.t))
                assert own.raw == view.last_n[post]
                assert made[post] == pytest.approx(own.value, abs=0.01 * max(1.0, own.value - own.raw))
                Checked.compared += 1
        return made


def test_it_keeps_counts_truer_than_tiers(world: World) -> None:
    """For the same money the planner's error is well below that of tiers, and it spends all of the money."""
    planned, tiers = run(world, make_policy(1), 0.05), run(world, Tiers("tier"), 0.05)
    assert planned.weighted < 0.7 * tiers.weighted
    assert planned.bought == tiers.bought == 7 * 75


def test_it_publishes_the_planners_estimates(world: World) -> None:
    """What the adapter reckons for all posts at once is what the planner says of each."""
    run(world, Checked(), 0.05)
    assert Checked.compared > 1000


def test_the_seed_changes_nothing(world: World) -> None:
    """The planner uses no chance."""
    assert run(world, make_policy(1), 0.015) == run(world, make_policy(2), 0.015)
