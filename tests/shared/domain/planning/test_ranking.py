"""What buying a post is worth."""

from __future__ import annotations

from shared.domain.planning.posts import Tracked, read
from shared.domain.planning.ranking import Worth
from shared.domain.planning.sizes import Model

PLAIN = Worth(Model(), fairness=0.0, typical_count=20.0)


def test_a_young_post_is_worth_more_than_an_old_one() -> None:
    """Of two posts with the same count the one that reached it sooner has more before it."""
    young, old = read(Tracked(1, born_at=20.0), 100, 23.8), read(Tracked(2, born_at=-40.0), 100, 23.8)
    assert PLAIN(young, 24.0) > PLAIN(old, 24.0)


def test_what_was_not_read_for_long_is_worth_more() -> None:
    """Of two posts alike the one whose last reading is older lacks more."""
    fresh, stale = read(Tracked(1, born_at=0.0), 100, 23.8), read(Tracked(2, born_at=0.0), 100, 5.0)
    assert PLAIN(stale, 48.0) > PLAIN(fresh, 48.0)


def test_fairness_helps_the_small() -> None:
    """Without it the larger of two posts wins; with enough of it the smaller one does, by parts of its count."""
    large, small = read(Tracked(1, born_at=0.0), 1000, 20.0), read(Tracked(2, born_at=0.0), 2, 15.0)
    fair = Worth(Model(), fairness=100.0, typical_count=20.0)
    assert PLAIN(large, 24.0) > PLAIN(small, 24.0)
    assert fair(small, 24.0) > fair(large, 24.0)
