"""Queues that a person has paused: nothing of theirs is begun until they are resumed, and nothing is lost meanwhile.

The decision is kept in MongoDB, so that it outlives Redis and every process. Workers stop fetching, and schedulers
stop planning, within a few seconds. What runs is finished. A setting pauses everything beside it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

from shared.domain.errors import InputError
from shared.domain.jobs import ALL_QUEUES
from shared.stores.state import StateStore

_KEY: Final = "paused_queues"
ALL: Final = "all"


class Pausing:
    """everything: COVEY_COLLECT is off, which pauses all queues whatever else was decided."""

    def __init__(self, state: StateStore, *, everything: bool = False) -> None:
        self._state = state
        self._everything = everything

    def paused(self) -> dict[str, datetime | None]:
        """The queues that are paused, and since when; None: by the setting. Raises StoreUnavailable."""
        decided = self._decided()
        if self._everything:
            return {queue: decided.get(queue) for queue in ALL_QUEUES}
        return {queue: decided[queue] for queue in ALL_QUEUES if queue in decided}

    def pause(self, names: Iterable[str], *, now: datetime) -> list[str]:
        """Pause queues; answers those that were not paused before. Raises InputError for a name that is no queue."""
        wanted = _queues(names)
        before = self._state.merge(_KEY, {queue: now for queue in wanted if queue not in self._decided()})
        return [queue for queue in wanted if queue not in before]

    def resume(self, names: Iterable[str]) -> list[str]:
        """Resume queues; answers those that were paused. Raises InputError for a name that is no queue."""
        wanted = _queues(names)
        before = self._state.drop(_KEY, wanted)
        return [queue for queue in wanted if queue in before]

    def _decided(self) -> dict[str, datetime | None]:
        return dict(self._state.get(_KEY) or {})


def _queues(names: Iterable[str]) -> Collection[str]:
    """The queues that are meant, in their order; `all` means all of them."""
    wanted = set(names)
    for name in sorted(wanted - {ALL}):
        if name not in ALL_QUEUES:
            raise InputError(f"unknown queue {name!r}; the queues are {', '.join(ALL_QUEUES)}, or {ALL}")
    return [queue for queue in ALL_QUEUES if queue in wanted or ALL in wanted]
