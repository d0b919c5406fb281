"""Thinning on a real MongoDB: old series grow thin, a part at a time, and each walk goes on where it stopped."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from shared.domain import snowflake
from shared.domain.counts import PostMetrics
from shared.domain.engagement.refresh import Engagement, Reading, Snapshot
from shared.domain.engagement.tiers import Tier
from shared.domain.jobs import ThinSeries
from shared.services.bootstrap import Services
from tests.workers.world import ScriptedX, refusing
from workers.handlers.thinning import thin_series

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def _series(services: Services, days_ago: float, snapshots: int, *, every: timedelta = 5 * MINUTE) -> str:
    """A post with so many snapshots, each with one like more."""
    made = services.clock.now() - timedelta(days=days_ago)
    post_id = snowflake.first_id_at(made)
    state = Engagement(post_id=post_id, created_at=made)
    for number in range(snapshots):
        counts, at = PostMetrics(like_count=number), made + number * every
        deltas = PostMetrics(like_count=1) if number else PostMetrics()
        shown = Snapshot(post_id=post_id, at=at, metrics=counts, deltas=deltas, velocity=0.0, tier=Tier.HOT)
        services.stores.engagement.answer(f"c{number}", [Reading(at, state, shown)])
    return str(post_id)


def _likes(services: Services, post_id: str) -> list[tuple[int, int | None]]:
    """Likes and their differences, in the order of time."""
    found = services.stores.db["X_engagement_history"].find({"post_id": post_id}, sort=[("at", 1)])
    return [(one["metrics"]["like_count"], one["deltas"].get("like_count")) for one in found]


def test_old_series_are_thinned_and_young_ones_left(services: Services) -> None:
    """Of 48 readings in four hours six stay at most, and what grew is told by them; a young post keeps all."""
    old, young = _series(services, 12, 48), _series(services, 5, 30)

    thin_series(services, ThinSeries())

    found = _likes(services, old)
    assert 5 <= len(found) <= 6
    assert (found[0][0], found[-1][0]) == (0, 47)
    assert sum(delta or 0 for _, delta in found) == 47
    assert [likes for likes, _ in _likes(services, young)] == list(range(30))


def test_a_part_at_a_time_comes_to_the_same(services: Services) -> None:
    """Parts smaller than a series take it whole; a walk goes on where it stopped, and ends."""
    posts = [_series(services, 12 + number, 20) for number in range(4)]

    for _ in range(2):
        thin_series(services, ThinSeries(), snapshots=7, parts=2)

    assert all(len(_likes(services, one)) <= 4 for one in posts)
    newest = max(posts)
    assert services.stores.series.cursor("hourly") == newest
    thin_series(services, ThinSeries(), snapshots=7, parts=2)
    assert services.stores.series.cursor("hourly") == newest


def test_a_crash_leaves_a_part_whose_turn_comes_again(services: Services) -> None:
    """MongoDB refuses to note how far it came: done again it changes nothing more."""
    old = _series(services, 12, 30)
    with refusing(services, "X_state"), pytest.raises(Exception, match="Document failed validation"):
        thin_series(services, ThinSeries())
    once = _likes(services, old)

    thin_series(services, ThinSeries())

    assert len(once) < 30
    assert _likes(services, old) == once


def test_the_days_are_settings(make_services: Callable[..., Services], x: ScriptedX) -> None:
    """With two full days a post of five days is thin."""
    services = make_services(x.url, series_full_days=2)
    post = _series(services, 5, 30)

    thin_series(services, ThinSeries())

    assert len(_likes(services, post)) < 6
