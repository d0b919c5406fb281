"""Owns who is connected to a stream, since when, and how it ended.

It must not write to a socket: what is to be sent waits in `waiting`, and whoever holds the socket takes it from there.
Invariant: a project has at most `MOST` connections to a stream at a time.

    open --the client leaves, X or an order ends it--> ended (kept, the newest `KEPT`, for GET /2/connections)
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from simulator.calls import Call, Returned
from simulator.dialect import Dialect
from simulator.params import Fields

Stream = Literal["activity/stream", "search/stream"]
# As X documents them for self-serve plans.
MOST: dict[Stream, int] = {"activity/stream": 2, "search/stream": 1}
SHOWN: dict[Stream, str] = {"activity/stream": "activity_stream", "search/stream": "filtered_stream"}
KEPT = 200
NOTHING = Returned()


@dataclass(frozen=True)
class Piece:
    """One line to send, and what X bills for it."""

    line: bytes
    returned: Returned = NOTHING


@dataclass(eq=False)
class Connection:
    """One connection; times in ms. `silent`: it stays open and is sent nothing any more."""

    id: str
    stream: Stream
    call: Call
    dialect: Dialect
    fields: Fields | None
    opened_ms: int
    last_sent_ms: int
    number: int = 0
    waiting: deque[Piece] = field(default_factory=deque)
    sent: int = 0
    silent: bool = False
    ended_ms: int | None = None
    reason: str = ""
    by_reset: bool = False

    @property
    def project(self) -> str:
        """Who pays."""
        return self.call.credential.project

    def end(self, now_ms: int, reason: str, *, by_reset: bool = False) -> None:
        """End it, unless it has ended; what waits is sent first, unless it is reset."""
        if self.ended_ms is None:
            self.ended_ms, self.reason, self.by_reset = now_ms, reason, by_reset


class Connections:
    """All connections of one simulator."""

    def __init__(self) -> None:
        self._count = 0
        self._all: deque[Connection] = deque(maxlen=KEPT)

    def open(self, stream: Stream, call: Call, dialect: Dialect, fields: Fields | None) -> Connection | None:
        """Let somebody in; None when the project has as many as it may."""
        mine = [one for one in self.living(stream) if one.project == call.credential.project]
        if len(mine) >= MOST[stream]:
            return None
        self._count += 1
        one = Connection(str(UUID(int=self._count)), stream, call, dialect, fields, call.at_ms, call.at_ms)
        self._all.append(one)
        return one

    def living(self, stream: Stream | None = None) -> list[Connection]:
        """Those that are open, to one stream or to all."""
        return [one for one in self._all if one.ended_ms is None and stream in {None, one.stream}]

    def listed(self, project: str) -> list[Connection]:
        """All that are known of a project, the newest first."""
        return [one for one in reversed(self._all) if one.project == project]

    def all(self) -> list[Connection]:
        """All that are known, the oldest first."""
        return list(self._all)
