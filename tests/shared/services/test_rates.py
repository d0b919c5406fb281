"""The rates that estimates go by: of whole days, of what was covered so far, or assumed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain import snowflake
from shared.domain.coverage import gaps
from shared.domain.coverage.streams import Stream, next_merge
from shared.domain.coverage.sweeps import SweepStatus
from shared.domain.models import Post
from shared.domain.money.estimate import ASSUMED_POSTS_A_DAY
from shared.services import coverage
from shared.services.bootstrap import Services
from shared.services.rates import LEAST_POSTS, rates_now
from tests.workers.world import open_sweep

HOURS = 6


def cover(services: Services, posts: int, *, names: tuple[str, ...] = ("alice", "bob")) -> Stream:
    """Accounts were covered for six hours, and so many posts were new."""
    now = services.clock.now()
    sweep = open_sweep(services, names=names, since=now - timedelta(hours=HOURS), id_=f"of-{names[0]}")
    done = replace(sweep, status=SweepStatus.COMPLETE, page=1, posts_new=posts, through_at=now)
    coverage.close(services.stores, done, now=now, settles=timedelta(minutes=31))
    assert services.stores.sweeps.advance(sweep, done, now=now)
    stream = services.stores.streams.get(sweep.subject)
    assert stream is not None
    return stream


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


def test_joined_streams_are_measured_by_what_their_parts_read(services: Services) -> None:
    """A joined stream begins where its parts ended: what these read counts for the time in which they read it."""
    parts = [cover(services, posts=60, names=(name,)) for name in ("alice", "bob")]
    merge = next_merge(parts, lambda members: True)
    assert merge is not None
    now = services.clock.now()
    joined = services.following.join(merge, now=now)
    assert joined is not None
    services.stores.streams.sweep_completed(joined.id, sweep_id="s", newest_id=None, through_at=now)

    rates = rates_now(services, services.treasury.books())

    assert rates.posts_a_day.value == pytest.approx(2 * 60 / 2 * 24 / HOURS, rel=0.01)


def test_what_a_sweep_left_to_a_gap_is_no_time_that_was_read(services: Services) -> None:
    """Of six hours the first page reached back two: its posts are those of two hours."""
    now = services.clock.now()
    sweep = open_sweep(services, names=("alice",), since=now - timedelta(hours=HOURS))
    oldest = snowflake.first_id_at(now - timedelta(hours=2))
    handed = gaps.hand_over(replace(sweep, page=1, posts_new=100, oldest_id=oldest, through_at=now))
    assert handed is not None
    coverage.close(services.stores, handed[0], now=now, settles=timedelta(minutes=31))

    rates = rates_now(services, services.treasury.books())

    assert rates.posts_a_day.value == pytest.approx(100 * 12, rel=0.01)
