"""A process that ends in the middle of a change of sources: what is carried comes in step with what they say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from control import commands, sources
from shared.domain.sources import Source, SourceKind, Terms
from shared.services.bootstrap import Services
from shared.services.following import SEARCH, Following
from tests.shared.stores.dying import Crash, dying

MINUTE = timedelta(minutes=1)
FLOODS = Source(id="floods", name="f", kind=SourceKind.TERMS, terms=Terms(keywords=("flood",)))
AGENCIES = Source(id="agencies", name="a", kind=SourceKind.ACCOUNTS, accounts=("nasa", "esa"), interval_seconds=300)
PRESS = replace(AGENCIES, id="press", accounts=("esa", "jaxa"), interval_seconds=600)


def ending(services: Services, last: int) -> Services:
    """A process that ends before its write number `last`."""
    stores = dying(services.stores, last)
    following = Following(stores, query_max_length=512, search_interval_seconds=60)
    return replace(services, stores=stores, following=following)


def reconcile(services: Services) -> None:
    """What the scheduler does, often enough."""
    for round_number in range(1, 4):
        now = services.clock.now() + round_number * MINUTE
        services.following.keep_in_step(before=now, now=now)
        services.following.schedule(services.stores.streams.active(), now=now)
        services.following.drop_schedules()


def assert_in_step(services: Services) -> None:
    """Handles, streams, queries and schedules are what the sources that are stored ask for."""
    asking = services.stores.sources.asking()
    accounts = {name for source in asking.values() for name in source.accounts}
    keys = {key for source in asking.values() if (key := source.key) is not None}
    streams = services.stores.streams.active()
    followed = {row["_id"]: set(row["sources"]) for row in services.stores.handles.all(active_only=True)}
    assert followed == {name: {one.id for one in asking.values() if name in one.accounts} for name in accounts}
    assert {member for stream in streams for member in stream.members} == accounts | keys
    shortest = {
        name: min(one.interval_seconds or 60 for one in asking.values() if name in one.accounts) for name in accounts
    }
    due = {one.subject: one.interval.total_seconds() for one in services.stores.schedules.all() if one.kind == SEARCH}
    assert {(m, due[stream.id]) for stream in streams for m in stream.members if m in shortest} == set(shortest.items())


def changed_to(**fields: Any) -> Callable[[Source], Source]:
    """A change of some fields."""
    return lambda before: replace(before, **fields)


CHANGES: dict[str, Callable[[Services], object]] = {
    "add terms": lambda s: sources.add(s, replace(FLOODS, id="storms")),
    "add accounts": lambda s: sources.add(s, PRESS),
    "track": lambda s: commands.track(s, ["esa", "cnes"], since=MINUTE),
    "untrack": lambda s: commands.untrack(s, ["isro", "nasa"]),
    "swap accounts": lambda s: sources.edit(s, "agencies", changed_to(accounts=("esa", "jaxa"))),
    "other terms": lambda s: sources.edit(s, "floods", changed_to(terms=Terms(keywords=("storm",)))),
    "another interval": lambda s: sources.edit(s, "agencies", changed_to(interval_seconds=3600)),
    "pause": lambda s: sources.pause(s, "agencies"),
    "remove": lambda s: sources.remove(s, "floods"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_crash_between_any_two_writes_is_made_good(services: Services, change: str) -> None:
    """One test for every write: the change is made, or it is not; then all that carries it out is in step with it."""
    last, survived = 0, False
    while not survived:
        for name in ("sources", "X_tracked_handles", "X_streams", "schedules"):
            services.stores.db[name].delete_many({})
        commands.track(services, ["nasa", "isro"], since=MINUTE)
        for source in (AGENCIES, FLOODS):
            sources.add(services, source)
        reconcile(services)
        assert_in_step(services)
        try:
            CHANGES[change](ending(services, last))
            survived = True
        except Crash:
            last += 1
        reconcile(services)
        assert_in_step(services)

    assert last >= 1
