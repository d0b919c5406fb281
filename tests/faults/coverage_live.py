"""The streams of a run of coverage: two listeners, all that ends their connections, and what was told of it.

The simulator says what it sent and when it ended what, the truth which posts were deleted and when; Covey is asked when
it heard nobody.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import cycle
from typing import Any, Final

import requests

from control.live import breaks
from listener.hearing import SOURCE
from shared.domain.live.spans import ROUTES, LiveSpan
from shared.stores.database import Db
from tests.faults.coverage_judge import Expected
from tests.faults.flock import Process, WholeFlock
from tests.faults.queue_fleet import wait_until

CONNECTED_WITHIN_SECONDS = 180.0
KEPT_SPANS = 4_000
STREAMS = {"activity/stream": "activity", "search/stream": "filtered"}
# X says so before it ends a stream; it just ends; it goes silent; the process that listens is killed.
ACTS: Sequence[dict[str, Any]] = (
    {"act": "disconnect"},
    {"act": "disconnect", "by_reset": True},
    {"act": "silence"},
    {},
)
# So long after its end a stream may still bring what was on its way, on a busy machine.
ON_ITS_WAY: Final = timedelta(seconds=10)
# What came so shortly before the end of a connection, the process that was killed may not have dealt with.
MARGIN: Final = timedelta(seconds=3)


@dataclass(frozen=True, slots=True)
class Ended:
    """A connection that X ended, or sent nothing any more."""

    route: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Live:
    """ended: connections that X ended or let go silent; untold: those of them at whose end no break is told.

    breaks: times that Covey says nobody heard; heard: events; unheard: lines that X sent, and billed, and nobody noted.
    deletions: of stored posts of followed accounts, while they were heard; deaf: those that Covey does not have from
    the stream. renames: of followed accounts; unfollowed: those whose new name is not followed. found: stored posts
    that a stream told first. in_breaks: posts of what is wanted live, made while nobody heard; closed: those stored.
    """

    ended: int
    untold: Sequence[Ended]
    breaks: int
    heard: int
    unheard: int
    deletions: int
    deaf: Sequence[str]
    renames: int
    unfollowed: Sequence[str]
    found: int
    in_breaks: int
    closed: int

    @property
    def passed(self) -> bool:
        """Whether streams were ended and that is told, what was heard is noted, and what was not was found."""
        wrong = self.untold or self.deaf or self.unfollowed or self.closed < self.in_breaks
        there = (self.ended, self.heard, self.found, self.deletions, self.renames, self.in_breaks)
        return not wrong and min(there) > 0

    def row(self) -> dict[str, Any]:
        """For a report."""
        return {
            "connections_ended_by_x": self.ended,
            "ends_without_a_break": [f"{one.route} {one.at:%H:%M:%S}" for one in self.untold],
            "breaks_told": self.breaks,
            "events_heard": self.heard,
            "lines_sent_to_nobody": self.unheard,
            "deletions_told": self.deletions,
            "deletions_not_noted": list(self.deaf)[:20],
            "renames": self.renames,
            "new_names_not_followed": list(self.unfollowed),
            "posts_heard_first": self.found,
            "posts_made_in_breaks": self.in_breaks,
            "of_these_stored": self.closed,
        }


@dataclass
class Listeners:
    """A listener and its standby. members: what is wanted live."""

    flock: WholeFlock
    rng: random.Random
    members: Collection[str]
    processes: list[Process] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    _acts: Iterator[dict[str, Any]] = field(default_factory=lambda: cycle(ACTS))
    _count: int = 0

    def begin(self) -> None:
        """Start both, and wait until both streams are heard."""
        self.processes += [self._start(), self._start()]
        self.wait()

    def wait(self) -> None:
        """Until both streams are heard."""
        wait_until(lambda: len(self._living()) == len(ROUTES), CONNECTED_WITHIN_SECONDS, "both streams are heard")

    def hurt(self) -> None:
        """The next thing that goes wrong with streams."""
        if act := next(self._acts):
            now = self.flock.services.clock.now()
            self.ended += [Ended(STREAMS[one["stream"]], now) for one in self._living()]
            requests.post(f"{self.flock.x_url}/_sim/streams", json=act, timeout=10).raise_for_status()
            return
        self.flock.kill(self.processes.pop(self.rng.randrange(len(self.processes))))
        self.processes.append(self._start())

    def told(self, expected: Expected, new_names: Collection[str], *, since: datetime, until: datetime) -> Live:
        """What came of it, once nobody listens any more. new_names: of accounts that took them."""
        services, posts = self.flock.services, self.flock.services.stores.db["X_tweets"]
        spans = {route: services.stores.live.recent(route, limit=KEPT_SPANS) for route in ROUTES}
        heard = sum(span.events for found in spans.values() for span in found)
        silent = breaks(services, since=since, until=until)
        deleted = deleted_while_heard(services.stores.db, expected, spans["activity"])
        noted = posts.find({"_id": {"$in": deleted}, "gone.by": "event"}, {"_id": 1})
        missed = made_in_breaks(expected, self.members, [one for one in silent if one["route"] == "filtered"])
        return Live(
            ended=len(self.ended),
            untold=untold(self.ended, silent),
            breaks=len(silent),
            heard=heard,
            unheard=max(0, sum(one["sent"] for one in self._connections()) - heard),
            deletions=len(deleted),
            deaf=sorted(set(deleted) - {one["_id"] for one in noted}),
            renames=len(new_names),
            unfollowed=[name for name in new_names if not services.stores.accounts.holders([name])],
            found=posts.count_documents({"found_by": SOURCE}),
            in_breaks=len(missed),
            closed=posts.count_documents({"_id": {"$in": missed}}),
        )

    def _start(self) -> Process:
        self._count += 1
        return self.flock.listener(instance=f"listener-{self._count}")

    def _living(self) -> list[dict[str, Any]]:
        return [one for one in self._connections() if one["ended_at"] is None]

    def _connections(self) -> list[dict[str, Any]]:
        answer = requests.get(f"{self.flock.x_url}/_sim/streams", timeout=10)
        answer.raise_for_status()
        return list(answer.json()["connections"])


def untold(ended: Sequence[Ended], silent: Sequence[Mapping[str, Any]]) -> list[Ended]:
    """The connections at whose end no break of their route is told. silent: rows of `covey coverage --live`."""
    return [
        one
        for one in ended
        if not any(
            row["route"] == one.route
            and row["from_at"] <= one.at + ON_ITS_WAY
            and (row["to_at"] is None or row["to_at"] >= one.at)
            for row in silent
        )
    ]


def deleted_while_heard(db: Db, expected: Expected, spans: Sequence[LiveSpan]) -> list[str]:
    """Of what accounts wrote the posts that were stored, and deleted while their stream was heard."""
    whole = [(span.from_at, (span.to_at or span.seen_at) - MARGIN) for span in spans]
    deleted = {
        id: datetime.fromisoformat(post["deleted_at"])
        for id, post in expected.records.items()
        if post["deleted_at"] and any(why == "author" for _, why in expected.concerns[id])
    }
    told = {id: at for id, at in deleted.items() if any(from_at <= at <= to_at for from_at, to_at in whole)}
    stored = db["X_tweets"].find({"_id": {"$in": list(told)}}, {"first_seen_at": 1})
    return [one["_id"] for one in stored if one["first_seen_at"] < told[one["_id"]]]


def made_in_breaks(expected: Expected, members: Collection[str], silent: Sequence[Mapping[str, Any]]) -> list[str]:
    """The posts that are demanded of what is wanted live, made while nobody heard."""
    spans = [(row["from_at"], row["to_at"]) for row in silent if row["to_at"] is not None]
    return [
        id
        for id in expected.demanded
        if any(member in members for member, _ in expected.concerns[id])
        and any(from_at <= _made_at(expected, id) <= to_at for from_at, to_at in spans)
    ]


def _made_at(expected: Expected, id: str) -> datetime:
    return datetime.fromisoformat(expected.records[id]["created_at"])
