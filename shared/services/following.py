"""What is followed: handles, the streams that carry them, and the schedule of each stream, kept in step.

The one place that creates, narrows, joins and retires streams; used by the commands of a person and by the scheduler.
Order of writes: what is followed anew comes first, what is retired last. A crash in between reads something twice and
misses nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from shared.domain import snowflake
from shared.domain.coverage.streams import Merge, Stream
from shared.platforms.x.query import pack
from shared.stores.bundle import Stores
from shared.stores.schedules import Schedule

SEARCH = "search"


class Following:
    """Changes what is followed. `query_max_length` is the plan's, in characters."""

    def __init__(self, stores: Stores, *, query_max_length: int, search_interval_seconds: float) -> None:
        self._stores = stores
        self._query_max_length = query_max_length
        self._interval = timedelta(seconds=search_interval_seconds)

    def follow(self, handles: Sequence[str], *, since: datetime, now: datetime) -> list[Stream]:
        """Follow handles that are not followed yet, from `since` on, in as few new streams as their queries allow.

        A handle that a stream carries already, as a crash can leave it, gets no second one. Handles count as followed
        last: who is said to be followed is read. Raises InputError for a handle that fits no query; nothing is done.
        """
        carried = {name for stream in self._stores.streams.with_handles(handles) for name in stream.handles}
        strangers = [name for name in handles if name.lower() not in carried]
        streams = [
            Stream(
                id=_new_id(),
                handles=tuple(name.lower() for name in packed.handles),
                query=packed.text,
                began_at=since,
                covered_through=since,
                cursor_id=max(0, snowflake.first_id_at(since) - 1),
            )
            for packed in pack(strangers, self._query_max_length)
        ]
        for stream in streams:
            self._stores.streams.add(stream, now=now)
        self.schedule(streams, now=now)
        self._stores.handles.activate(handles, now=now)
        return streams

    def unfollow(self, handles: Sequence[str], *, now: datetime) -> None:
        """Follow handles no longer. What was collected stays."""
        gone = {name.lower() for name in handles}
        for stream in self._stores.streams.with_handles(gone):
            rest = tuple(name for name in stream.handles if name not in gone)
            if rest:
                query = pack(rest, self._query_max_length)[0].text
                self._stores.streams.narrow(stream.id, handles=rest, query=query, now=now)
            else:
                self._stores.streams.retire([stream.id], now=now)
        self._stores.handles.deactivate(handles, now=now)
        self.drop_schedules()

    def fits(self, handles: Sequence[str]) -> bool:
        """Whether one query holds all the handles."""
        return len(pack(handles, self._query_max_length)) == 1

    def join(self, merge: Merge, *, now: datetime) -> Stream:
        """Follow the joined stream, then retire its parts."""
        joined = Stream(
            id=_new_id(),
            handles=merge.handles,
            query=pack(merge.handles, self._query_max_length)[0].text,
            began_at=merge.began_at,
            covered_through=merge.covered_through,
            cursor_id=merge.cursor_id,
            gaps=merge.gaps,
        )
        self._stores.streams.add(joined, now=now)
        self.schedule([joined], now=now)
        self._stores.streams.retire([stream.id for stream in merge.of], now=now)
        self.drop_schedules()
        return joined

    def schedule(self, streams: Sequence[Stream], *, now: datetime) -> None:
        """Give each stream its schedule; first runs are spread over one interval, to avoid bursts."""
        step = self._interval / max(1, len(streams))
        self._stores.schedules.ensure(
            Schedule(f"{SEARCH}:{stream.id}", SEARCH, stream.id, self._interval, now + step * index, 0)
            for index, stream in enumerate(streams)
        )

    def drop_schedules(self) -> None:
        """Remove the schedules of streams that are not followed."""
        self._stores.schedules.keep_only(SEARCH, [stream.id for stream in self._stores.streams.active()])


def _new_id() -> str:
    return f"s-{uuid.uuid4().hex[:12]}"
