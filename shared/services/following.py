"""What is followed: members, the streams that carry them, and the schedule of each stream, kept in step.

The one place that creates, changes, joins and retires streams; used by the commands of a person and by the scheduler.
The sources and the handles say what is followed; they are written first, and every stream is brought in step with them
by compare-and-set on what was read of it. What is followed anew is added first, what is retired comes last. So a crash,
or two at once, read something twice for a moment and miss nothing, and `keep_in_step` mends what is left.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from shared.domain import snowflake
from shared.domain.coverage.streams import Merge, Stream
from shared.domain.sources import Source
from shared.platforms.x.query import PackedQuery
from shared.runtime.log import get_logger
from shared.services import asking, coverage
from shared.services.packing import Packing
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
        self._packing = Packing(stores, query_max_length=query_max_length, interval_seconds=search_interval_seconds)

    def follow(
        self,
        handles: Sequence[str],
        *,
        since: datetime,
        now: datetime,
        run_id: str | None = None,
        source: str | None = None,
    ) -> list[Stream]:
        """Follow handles, from `since` on, in as few new streams as their queries allow. run_id: who pays for that.

        source: the one that asks for them. A handle that a stream carries already, as a crash can leave it, gets no
        second one. Raises InputError for a handle that fits no query; nothing is done.
        """
        self.queries(handles)
        self._stores.handles.activate(handles, since=since, now=now, source=source)
        return self.carry(self.uncarried(handles), since=since, now=now, run_id=run_id)

    def carry(self, keys: Sequence[str], *, since: datetime, now: datetime, run_id: str | None = None) -> list[Stream]:
        """Begin new streams with a schedule for members that no stream carries."""
        streams = self._begin(keys, since=since, now=now, run_id=run_id)
        self.schedule(streams, now=now)
        return streams

    def uncarried(self, handles: Sequence[str]) -> list[str]:
        """Those of the members that no stream carries."""
        there = {name for stream in self._stores.streams.with_members(handles) for name in stream.members}
        return [name for name in handles if name.lower() not in there]

    def queries(self, handles: Sequence[str]) -> list[str]:
        """The searches that would find what handles post and what is said to them."""
        keys = [name.lower() for name in handles]
        return [one.text for one in self._packing.packed(keys, self._packing.wanted(keys))]

    def check(self, source: Source) -> list[PackedQuery]:
        """What a source asks X, by itself. Raises InputError for what no query of the plan holds."""
        return self._packing.queries_of(source)

    def searches(self, members: Sequence[str]) -> list[PackedQuery]:
        """The searches for what those of the members have that are still followed, under their present names."""
        wanted = self._packing.wanted(members)
        return self._packing.packed(wanted.present(members), wanted)

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
            self.carry(names, since=since, now=now, run_id=run_id)
        return [name for names in groups for name in names]

    def unfollow(self, handles: Sequence[str], *, now: datetime, source: str | None = None) -> None:
        """Follow handles no longer, or those that no other source asks for. What was collected stays."""
        self._stores.handles.deactivate(handles, now=now, source=source)
        self.regroup(handles, now=now)

    def regroup(self, keys: Sequence[str], *, now: datetime) -> None:
        """Let the streams that carry these members carry what is wanted of them now, as often as it is wanted."""
        self._bring_in_step(self._stores.streams.with_members(keys), now=now)
        self.drop_schedules()

    def keep_in_step(self, *, before: datetime, now: datetime) -> None:
        """Let every stream carry what is followed, in a query that fits, and give those a stream that have none.

        before: members that were followed later are being given one.
        """
        asking.bring_in_step(self._stores, now=now)
        wanted = self._packing.wanted()
        streams = self._stores.streams.active()
        changed = [stream for stream in streams if not self._packing.is_in_step(stream, wanted)]
        self._bring_in_step(changed, now=now)
        there = set(wanted.present([key for stream in streams for key in stream.members]))
        without = [key for key in wanted.everything() if key not in there]
        for since, keys in asking.asked_for(self._stores, without, wanted, before=before).items():
            log.warning("followed without a search", members=keys, since=str(since))
            self.carry(keys, since=max(since, now - FURTHEST_SINCE), now=now)

    def fitting(self) -> Callable[[Sequence[str]], bool]:
        """Tells whether one query holds all the members it is given, by the ids that are known now."""
        wanted = self._packing.wanted()
        return lambda members: len(self._packing.packed(members, wanted)) == 1

    def join(self, merge: Merge, *, now: datetime) -> Stream | None:
        """Follow the joined stream, then retire its parts; None where nothing of it is followed any more.

        A member may be followed no longer since the parts were read: the joined stream is brought in step last.
        """
        wanted = self._packing.wanted(merge.members)
        queries = self._packing.packed(merge.members, wanted)
        joined = Stream(
            id=_new_id(),
            members=merge.members,
            query=queries[0].text if queries else "",
            began_at=merge.covered_through,  # what lies before is in the ledger of its parts
            covered_through=merge.covered_through,
            cursor_id=merge.cursor_id,
            group=merge.of[0].group,
            parts=tuple(stream.id for stream in merge.of),
            rested_at=merge.rested_at,
        )
        self._stores.streams.add(joined, now=now)
        self.schedule([joined], now=now)
        self._stores.streams.retire([stream.id for stream in merge.of], now=now)
        self._bring_in_step([joined], now=now)
        self.drop_schedules()
        return self._stores.streams.get_active(joined.id)

    def schedule(self, streams: Sequence[Stream], *, now: datetime) -> None:
        """Give each stream its schedule; first runs are spread over one interval, to avoid bursts."""
        self._stores.schedules.ensure(
            Schedule(
                f"{SEARCH}:{stream.id}",
                SEARCH,
                stream.id,
                timedelta(seconds=(seconds := self._packing.interval_seconds(stream.group))),
                now + timedelta(seconds=seconds * index / len(streams)),
                0,
            )
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
        """New streams for members that no stream carries."""
        keys = [key.lower() for key in handles]
        streams = [
            Stream(
                id=_new_id(),
                members=packed.members,
                query=packed.text,
                began_at=since,
                covered_through=since,
                cursor_id=max(0, snowflake.first_id_at(since) - 1),
                run_id=run_id,
                group=packed.group,
            )
            for packed in (self._packing.packed(keys, self._packing.wanted(keys)) if keys else ())
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
        """Let a stream carry what it should, and what does not fit another one, with the same cursor and ledger: what
        is yet to be read again is so by both. False where somebody changed the stream since it was read.
        """
        wanted = self._packing.wanted(stream.members)
        if self._packing.is_in_step(stream, wanted):
            return True
        queries = self._packing.packed(wanted.present(stream.members), wanted)
        queries.sort(key=lambda one: one.group != stream.group)  # what belongs elsewhere leaves
        others = [
            replace(
                stream,
                id=_new_id(),
                members=one.members,
                query=one.text,
                began_at=stream.covered_through,
                group=one.group,
                left=(),
                parts=(),
            )
            for one in queries[1:]
        ]
        for other in others:
            self._stores.streams.add(other, now=now)
            self._stores.intervals.copy(stream.id, to=other.id, members=other.members)
        kept = queries[0] if queries else PackedQuery("", ())
        if self._stores.streams.replace(stream, members=kept.members, query=kept.text, group=kept.group, now=now):
            moved = [replace(stream, group=kept.group)] if queries and kept.group != stream.group else []
            if others or moved:
                self.schedule([*moved, *others], now=now)
            return True
        if others:
            self._stores.streams.retire([other.id for other in others], now=now)
        return False


def _new_id() -> str:
    return f"s-{uuid.uuid4().hex[:12]}"
