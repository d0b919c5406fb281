"""What the planner learns from its own readings."""

from __future__ import annotations

import random

import pytest

from shared.domain.planning.fitting import LEAST_GAP_HOURS, LEAST_SAMPLES, Learned, learn
from shared.domain.planning.growth import left
from shared.domain.planning.posts import Tracked, read
from shared.domain.planning.sizes import UNTRAINED, Model


def taught(factor: float, samples: int) -> Learned:
    """By posts of many sizes, read at 12 and at 36 hours, which grow in between by `factor` times what is usual."""
    chance, learned = random.Random(5), Learned()
    for number in range(samples):
        size, post = chance.lognormvariate(5, 1), Tracked(number, born_at=0.0)
        for hour in range(1, 13):
            post = read(post, size * (1 - left(hour)), float(hour))
        learned = learn(learned, Model(), post, post.acts + factor * size * (left(12) - left(36)), 36.0)
    return learned


def test_it_learns_by_how_much_more_posts_grow_here() -> None:
    """Where posts grow twice as much after a gap, the forecast for such a post doubles."""
    model, post = taught(2.0, 3000).model(), Tracked(1, born_at=0.0)
    for hour in range(1, 13):
        post = read(post, 1000 * (1 - left(hour)), float(hour))
    assert model.size(post) == pytest.approx(2 * Model().size(post), rel=0.1)
    assert model.source == "fitted to 3000 own readings"


def test_few_samples_change_nothing() -> None:
    """Below the least number of samples the model stays untrained, and says so."""
    assert taught(2.0, LEAST_SAMPLES - 1).model() == Model()
    assert Model().source == "untrained"


def test_classes_that_were_not_seen_keep_their_weights() -> None:
    """Samples of posts of 12 hours say nothing of posts of an hour."""
    assert taught(2.0, 3000).model().weights[0] == pytest.approx(UNTRAINED)


def test_readings_without_a_gap_are_no_samples() -> None:
    """What is read again within the hours of a day that was paid for says nothing of a gap."""
    post = read(Tracked(1, born_at=0.0), 10, 1.0)
    assert learn(Learned(), Model(), post, 20, 1.0 + LEAST_GAP_HOURS / 2) == Learned()


def test_old_weeks_count_half() -> None:
    """Faded once, as many new samples outweigh the old ones two to one."""
    learned = taught(1.0, 400)
    assert learned.faded().samples == 200
    assert learned.faded().model().weights[2] == pytest.approx(learned.model().weights[2], rel=0.1)
