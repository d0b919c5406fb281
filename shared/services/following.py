"""What is followed: handles, the streams that carry them, and the schedule of each stream, kept in step.

The one place that creates, changes, joins and retires streams; used by the commands of a person and by the scheduler.
The handles say what is followed; they are written first, and every stream is brought in step with them by
compare-and-set on what was read of it. What is followed anew is added first, what is retired comes last. So a crash, or
two at once, read something twice for a moment and miss nothing, and `keep_in_step` mends what is left.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from shared.domain import snowflake
from shared.domain.coverage.accounts import Name, carried
from shared.domain.coverage.streams import Merge, Stream
from shared.platforms.x.query import PackedQuery, pack
from shared.runtime.log import get_logger
from shared.services import coverage
from shared.stores.bundle import Stores
from shared.stores.schedules import Schedule

log = get_logger(__name__)

SEARCH = "search"
# X searches the last seven days from when it is asked, and a first page may wait for a whole window of 15 minutes: what
# begins further back is out of X's reach when it is read.
FURTHEST_SINCE = timedelta(days=7) - timedelta(minutes=15)


class Following:
    """Changes what is followed. `query_max_length` is the plan's, in characters."""

    def __init__(self, stores: Stores, *, query_max_length: int, search_interval_seconds: float) -> None:
        self._stores = stores
        self._query_max_length = query_max_length
        self._interval = timedelta(seconds=search_interval_seconds)

    def follow(
        self, handles: Sequence[str], *, since: datetime, now: datetime, run_id: str | None = None
    ) -> list[Stream]:
        """Follow handles, from `since` on, in as few new streams as their queries allow. run_id: who pays for that.

        A handle that a stream carries already, as a crash can leave it, gets no second one. Raises InputError for a
        handle that fits no query; nothing is done.
        """
        pack(handles, self._query_max_length)
        self._stores.handles.activate(handles, since=since, now=now)
        streams = self._begin(self.uncarried(handles), since=since, now=now, run_id=run_id)
        self.schedule(streams, now=now)
        return streams

    def uncarried(self, handles: Sequence[str]) -> list[str]:
        """Those of the handles that no stream carries."""
        there = {name for stream in self._stores.streams.with_members(handles) for name in stream.members}
        return [name for name in handles if name.lower() not in there]

    def queries(self, handles: Sequence[str]) -> list[str]:
        """The searches that would find what handles post and what is said to them."""
        return [
            one.text for one in self._packed([name.lower() for name in handles], self._stores.handles.names(handles))
        ]

    def searches(self, members: Sequence[str]) -> list[PackedQuery]:
        """The searches for what those of the members have that are still followed, under their present names."""
        known = self._stores.handles.names(members)
        return self._packed(carried(members, known), known)

    def not_read_since(self, handles: Sequence[str], *, since: datetime) -> list[str]:
        """Those of the handles that streams carry of whose time since then some was not read, nor is to be."""
        return [name for names in self._not_read_since(handles, since) for name in names]

    def read_back(
        self, handles: Sequence[str], *, since: datetime, now: datetime, run_id: str | None = None
    ) -> list[str]:
        """Read what followed handles have had since then, where that was not read; answers those that it is for.

        Each stream that carries some of them gets one beside it that begins then. Once both have come as far they are
        joined. What is under way already is not begun again. run_id: who pays for that.
        """
        groups = self._not_read_since(handles, since)
        for names in groups:
            self.schedule(self._begin(names, since=since, now=now, run_id=run_id), now=now)
        return [name for names in groups for name in names]

    def unfollow(self, handles: Sequence[str], *, now: datetime) -> None:
        """Follow handles no longer. What was collected stays."""
        self._stores.handles.deactivate(handles, now=now)
        self._bring_in_step(self._stores.streams.with_members(handles), now=now)
        self.drop_schedules()

    def keep_in_step(self, *, before: datetime, now: datetime) -> None:
        """Let every stream carry what is followed, in a query that fits, and give those a stream that have none.

        before: handles that were followed later are being given one.
        """
        names = self._stores.handles.names()
        streams = self._stores.streams.active()
        changed = [stream for stream in streams if not self._is_in_step(stream, names)]
        self._bring_in_step(changed, now=now)
        there = set(carried([name for stream in streams for name in stream.members], names))
        without = {one.name for one in names.values() if one.is_active} - there
        followed = self._stores.handles.all(active_only=True) if without else []
        for document in followed:
            if document["_id"] in without and document["updated_at"] < before:
                since = max(document.get("since") or document["updated_at"], now - FURTHEST_SINCE)
                log.warning("followed without a search", account=document["username"], since=str(since))
                self.schedule(self._begin([document["_id"]], since=since, now=now), now=now)

    def fitting(self) -> Callable[[Sequence[str]], bool]:
        """Tells whether one query holds all the handles it is given, by the ids that are known now."""
        known = self._stores.handles.names()
        return lambda handles: len(self._packed(handles, known)) == 1

    def join(self, merge: Merge, *, now: datetime) -> Stream | None:
        """Follow the joined stream, then retire its parts; None where nothing of it is followed any more.

        A handle may be followed no longer since the parts were read: the joined stream is brought in step last.
        """
        known = self._stores.handles.names(merge.members)
        joined = Stream(
            id=_new_id(),
            members=merge.members,
            query=self._packed(merge.members, known)[0].text,
            began_at=merge.covered_through,  # what lies before is in the ledger of its parts
            covered_through=merge.covered_through,
            cursor_id=merge.cursor_id,
        )
        self._stores.streams.add(joined, now=now)
        self.schedule([joined], now=now)
        self._stores.streams.retire([stream.id for stream in merge.of], now=now)
        self._bring_in_step([joined], now=now)
        self.drop_schedules()
        return self._stores.streams.get_active(joined.id)

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

    def _not_read_since(self, handles: Sequence[str], since: datetime) -> list[list[str]]:
        """The handles that no stream has read from `since` on, by the stream that carries them; each once."""
        streams = self._stores.streams.with_members(handles)
        left = coverage.not_accounted(self._stores, list(dict.fromkeys(map(str.lower, handles))), since=since)
        groups = []
        for stream in streams:
            groups.append([name for name in left if name in stream.members])
            left = [name for name in left if name not in stream.members]
        return [names for names in groups if names]

    def _begin(
        self, handles: Sequence[str], *, since: datetime, now: datetime, run_id: str | None = None
    ) -> list[Stream]:
        """New streams for handles that no stream carries."""
        streams = [
            Stream(
                id=_new_id(),
                members=_lower(packed),
                query=packed.text,
                began_at=since,
                covered_through=since,
                cursor_id=max(0, snowflake.first_id_at(since) - 1),
                run_id=run_id,
            )
            for packed in self._packed([name.lower() for name in handles], self._stores.handles.names(handles))
        ]
        for stream in streams:
            self._stores.streams.add(stream, now=now)
        return streams

    def _bring_in_step(self, streams: Sequence[Stream], *, now: datetime) -> None:
        for stream in streams:
            present: Stream | None = stream
            while present is not None and not self._change(present, now=now):
                present = self._stores.streams.get_active(stream.id)

    def _change(self, stream: Stream, *, now: datetime) -> bool:
        """Let a stream carry what it should, and what does not fit its query another one from the same cursor.

        False where somebody changed the stream since it was read.
        """
        known = self._stores.handles.names(stream.members)
        if self._is_in_step(stream, known):
            return True
        queries = self._packed(carried(stream.members, known), known)
        others = [
            replace(stream, id=_new_id(), members=_lower(one), query=one.text, began_at=stream.covered_through)
            for one in queries[1:]
        ]
        for other in others:
            self._stores.streams.add(other, now=now)
        members, text = (_lower(queries[0]), queries[0].text) if queries else ((), "")
        if self._stores.streams.replace(stream, members=members, query=text, now=now):
            if others:
                self.schedule(others, now=now)
            return True
        if others:
            self._stores.streams.retire([other.id for other in others], now=now)
        return False

    def _is_in_step(self, stream: Stream, known: Mapping[str, Name]) -> bool:
        queries = self._packed(carried(stream.members, known), known)
        return len(queries) == 1 and queries[0].text == stream.query and set(_lower(queries[0])) == set(stream.members)

    def _packed(self, handles: Sequence[str], known: Mapping[str, Name]) -> list[PackedQuery]:
        ids = {name: one.user_id for name, one in known.items() if one.user_id is not None}
        return pack(handles, self._query_max_length, ids)


def _lower(packed: PackedQuery) -> tuple[str, ...]:
    return tuple(name.lower() for name in packed.members)


def _new_id() -> str:
    return f"s-{uuid.uuid4().hex[:12]}"
