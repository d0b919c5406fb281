"""Whoever is followed no longer is in no stream, also where streams are joined at that very moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from shared.domain.coverage.streams import Merge, next_merge
from shared.services.bootstrap import Services
from shared.services.following import Following
from tests.cases.flock_of_accounts import keep
from tests.workers.world import NOW

Step = Callable[[], Any]


class Interrupted:
    """A store before whose n-th call something else happens, as from another process."""

    def __init__(self, store: object, calls: list[int], at: int, meanwhile: Step) -> None:
        self._store, self._calls, self._at, self._meanwhile = store, calls, at, meanwhile

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            self._calls.append(1)
            if len(self._calls) == self._at:
                self._meanwhile()
            return method(*args, **kwargs)

        return call


def interrupted(services: Services, act: Callable[[Following], object], *, at: int, meanwhile: Step) -> None:
    """Change what is followed; `meanwhile` happens before the call number `at` of a store, or after the last."""
    calls: list[int] = []
    names = ("handles", "streams", "schedules")
    stores: dict[str, Any] = {name: Interrupted(getattr(services.stores, name), calls, at, meanwhile) for name in names}
    act(Following(replace(services.stores, **stores), query_max_length=512, search_interval_seconds=60))
    if len(calls) < at:
        meanwhile()


def two_streams(services: Services) -> Merge:
    """@alice and @bob in one stream, @carol and @dave in another: both were swept, and are to be joined."""
    for names in (["alice", "bob"], ["carol", "dave"]):
        services.following.follow(names, since=NOW - timedelta(hours=1), now=NOW)
    for number, stream in enumerate(services.stores.streams.active()):
        services.stores.streams.sweep_completed(stream.id, sweep_id=f"w{number}", newest_id=1, through_at=NOW)
    merge = next_merge(services.stores.streams.active(), services.following.fitting())
    assert merge is not None
    return merge


def carried(services: Services) -> list[str]:
    """Every handle that a stream carries."""
    return sorted(name for stream in services.stores.streams.active() for name in stream.members)


GONE = [("alice",), ("alice", "carol"), ("alice", "bob"), ("alice", "bob", "carol", "dave")]


@pytest.mark.parametrize("gone", GONE)
@pytest.mark.parametrize("at", range(1, 10))
def test_untracked_while_streams_are_joined(services: Services, gone: tuple[str, ...], at: int) -> None:
    """At every step of the joining: who stays is in one stream, who goes in none."""
    merge = two_streams(services)

    untrack = partial(services.following.unfollow, gone, now=NOW)
    interrupted(services, lambda f: f.join(merge, now=NOW), at=at, meanwhile=untrack)

    assert set(carried(services)) == {"alice", "bob", "carol", "dave"} - set(gone)


@pytest.mark.parametrize("gone", GONE)
@pytest.mark.parametrize("at", range(1, 10))
def test_joined_while_somebody_is_untracked(services: Services, gone: tuple[str, ...], at: int) -> None:
    """At every step of the untracking; a stream too many, which both leave for a moment, is joined away later."""
    merge = two_streams(services)

    join = partial(services.following.join, merge, now=NOW)
    interrupted(services, lambda f: f.unfollow(gone, now=NOW), at=at, meanwhile=join)

    assert set(carried(services)) == {"alice", "bob", "carol", "dave"} - set(gone)
    keep(services)
    assert set(carried(services)) == {"alice", "bob", "carol", "dave"} - set(gone)


@pytest.mark.parametrize("at", range(1, 8))
def test_two_that_untrack_at_once(services: Services, at: int) -> None:
    """Neither puts back what the other took out."""
    two_streams(services)

    untrack = partial(services.following.unfollow, ["alice"], now=NOW)
    interrupted(services, lambda f: f.unfollow(["bob"], now=NOW), at=at, meanwhile=untrack)

    assert carried(services) == ["carol", "dave"]


@pytest.mark.parametrize("at", range(1, 9))
def test_two_that_join_the_same_streams_at_once(services: Services, at: int) -> None:
    """Two schedulers that both lead for a moment: everybody is read, once or twice, from the older cursor."""
    merge = two_streams(services)

    join = partial(services.following.join, merge, now=NOW)
    interrupted(services, lambda f: f.join(merge, now=NOW), at=at, meanwhile=join)

    assert set(carried(services)) == {"alice", "bob", "carol", "dave"}
    assert all(stream.cursor_id <= merge.cursor_id for stream in services.stores.streams.active())
