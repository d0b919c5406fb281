"""The rates that estimates go by: of whole days, of what was covered so far, or assumed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.coverage.sweeps import SweepStatus
from shared.domain.models import Post
from shared.domain.money.estimate import ASSUMED_POSTS_A_DAY
from shared.services.bootstrap import Services
from shared.services.rates import LEAST_POSTS, rates_now
from tests.workers.world import open_sweep

HOURS = 6


def cover(services: Services, posts: int) -> None:
    """Two accounts were covered for six hours, and so many posts were new."""
    now = services.clock.now()
    sweep = open_sweep(services, names=("alice", "bob"), since=now - timedelta(hours=HOURS))
    done = replace(sweep, status=SweepStatus.COMPLETE, page=1, posts_new=posts)
    assert services.stores.sweeps.advance(sweep, done, now=now)
    services.stores.streams.sweep_completed(sweep.subject, sweep_id=sweep.id, newest_id=None, through_at=now)


def test_what_was_covered_is_a_measure_from_the_first_hours_on(services: Services) -> None:
    """Posts found in the time covered, before there is a whole day; of four posts one author wrote no other."""
    cover(services, posts=60)
    now = services.clock.now()
    posts = [Post(id=id_, text="", created_at=now, author_id=author) for id_, author in enumerate((1, 1, 1, 2), 1)]
    services.stores.posts.upsert([*posts, Post(id=9, text="", created_at=now)], source="search", now=now)

    rates = rates_now(services, services.treasury.books())

    assert rates.posts_a_day.value == pytest.approx(60 / 2 * 24 / HOURS)
    assert rates.posts_a_day.basis == "measured over 6.0 hours and 2 accounts"
    assert rates.new_authors.value == pytest.approx(0.25)
    assert rates.unseen == 0


def test_too_little_is_no_measure(services: Services) -> None:
    """A handful of posts tells nothing about a day."""
    cover(services, posts=LEAST_POSTS - 1)

    rates = rates_now(services, services.treasury.books())

    assert (rates.posts_a_day.value, rates.posts_a_day.basis[:7]) == (ASSUMED_POSTS_A_DAY, "assumed")
