"""A process that ends in the middle of a change of sources: what is carried comes in step with what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from control import commands, sources
from shared.domain.sources import Source, SourceKind, Terms
from shared.services.bootstrap import Services
from shared.services.following import SEARCH, Following

MINUTE = timedelta(minutes=1)
STORES = ("sources", "handles", "streams", "schedules")
WRITES = frozenset(
    {
        *("add", "put", "add_accounts", "take_accounts", "rename", "activate", "deactivate", "asked_by"),
        *("replace", "retire", "ensure", "keep_only"),
    }
)
FLOODS = Source(id="floods", name="f", kind=SourceKind.TERMS, terms=Terms(keywords=("flood",)))
AGENCIES = Source(id="agencies", name="a", kind=SourceKind.ACCOUNTS, accounts=("nasa", "esa"), interval_seconds=300)
PRESS = replace(AGENCIES, id="press", accounts=("esa", "jaxa"), interval_seconds=600)


class Crash(BaseException):
    """The process ends here."""


class Dying:
    """A store whose process ends before its n-th write, counted over all stores that share `writes`."""

    def __init__(self, store: object, writes: Iterator[int], last: int) -> None:
        self._store, self._writes, self._last = store, writes, last

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            if name in WRITES and next(self._writes) >= self._last:
                raise Crash
            return method(*args, **kwargs)

        return call


def dying(services: Services, last: int) -> Services:
    """A process that ends before its write number `last`."""
    writes = iter(range(1000))
    wrapped: dict[str, Any] = {name: Dying(getattr(services.stores, name), writes, last) for name in STORES}
    stores = replace(services.stores, **wrapped)
    return replace(
        services, stores=stores, following=Following(stores, query_max_length=512, search_interval_seconds=60)
    )


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
            CHANGES[change](dying(services, last))
            survived = True
        except Crash:
            last += 1
        reconcile(services)
        assert_in_step(services)

    assert last >= 1
