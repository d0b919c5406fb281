"""How far searches have read, and setting them back, as plain functions that print nothing.

    covered --set back (compare-and-set on what was read)--> the next sweep reads from there --> covered

A sweep that is under way when its stream is set back is closed, and cannot move the cursor any more. Nothing that was
stored is touched.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final

from control import inputs
from control.lists import Word
from shared.domain import snowflake
from shared.domain.coverage.streams import Stream
from shared.domain.coverage.sweeps import SweepStatus
from shared.domain.errors import InputError
from shared.domain.money.estimate import of_track
from shared.domain.money.prices import MICRO
from shared.services.bootstrap import Services
from shared.services.following import FURTHEST_SINCE
from shared.services.rates import rates_now
from shared.stores.bundle import Stores
from shared.stores.database import ServerClock

_STREAM_ID: Final = re.compile(r"s-[0-9a-f]{12}")
# Every try reads the stream anew; a stream moves once a sweep.
TRIES: Final = 5


def streams_of(stores: Stores, name: str) -> list[Stream]:
    """The active streams that are meant: one by its id, or those that carry a handle. Raises InputError for none."""
    if _STREAM_ID.fullmatch(name):
        stream = stores.streams.get_active(name)
        found = [stream] if stream else []
    else:
        found = stores.streams.with_members(inputs.handles([Word(name)]))
    if not found:
        raise InputError(f"no search carries {name}: covey handles lists what is followed")
    return found


def show(stores: Stores, name: str) -> list[dict[str, Any]]:
    """Each stream that is meant: handles, cursor, coverage, gaps, and its sweep that is under way."""
    return [_row(stores, stream) for stream in streams_of(stores, name)]


def moment(text: str, *, now: datetime) -> datetime:
    """A time such as 2026-05-01T12:00 (UTC where no zone is named), or how long ago: 2h, 3d.

    Raises InputError where it is neither, to come, or further back than X can search.
    """
    at = inputs.moment(text, now=now)
    if at < now - FURTHEST_SINCE:
        raise InputError(f"{text} reaches further back than the 7 days that X can search")
    return at


def plan(services: Services, name: str, to: datetime) -> dict[str, Any]:
    """What setting back would read again, and about what that costs; changes nothing.

    also: other handles of the same searches, which are read again too. Raises InputError where nothing would be.
    """
    streams = [stream for stream in streams_of(services.stores, name) if to < stream.covered_through]
    if not streams:
        raise InputError(f"{name} is not covered as far as {to:%Y-%m-%d %H:%M} yet: nothing was read from there on")
    rates, prices = rates_now(services, services.treasury.books()), services.ledger.prices
    costs = [
        of_track(len(one.members), len(one.members), one.covered_through - to, rates, prices).once for one in streams
    ]
    wanted = name.removeprefix("@").lower()
    names = sorted({handle for one in streams for handle in one.members})
    return {
        "to": to,
        "streams": [{"id": one.id, "covered_through": one.covered_through} for one in streams],
        "handles": names,
        "also": [handle for handle in names if handle != wanted] if wanted in names else [],
        "reads_seconds": max((one.covered_through - to).total_seconds() for one in streams),
        "usd": sum(costs) / MICRO,
    }


def reset(services: Services, name: str, to: datetime) -> list[dict[str, Any]]:
    """Set the streams that are meant back to `to`; answers them as they are then. Raises InputError."""
    stores = services.stores
    to = to.replace(microsecond=to.microsecond // 1000 * 1000)
    cursor, clock = max(0, snowflake.first_id_at(to) - 1), ServerClock(stores.db)
    for stream in streams_of(stores, name):
        present: Stream | None = stream
        for _ in range(TRIES):
            if present is None or present.covered_through <= to:
                break
            if stores.streams.set_back(present, to=to, cursor_id=cursor, now=clock.now()):
                stores.gaps.forget(stream.id, since=to)
                break
            present = stores.streams.get_active(stream.id)
        else:
            raise InputError(f"search {stream.id} moves all the time; try again")
        for sweep in stores.sweeps.newest_of(stream.id):
            if sweep.status is SweepStatus.OPEN and sweep.since_id > cursor:
                stores.sweeps.abandon(sweep, now=clock.now())
    return show(stores, name)


def _row(stores: Stores, stream: Stream) -> dict[str, Any]:
    open_sweeps = [one for one in stores.sweeps.newest_of(stream.id) if one.status is SweepStatus.OPEN]
    sweep = open_sweeps[0] if open_sweeps else None
    missing = stores.gaps.missing(streams=[stream.id])
    return {
        "stream": stream.id,
        "handles": list(stream.members),
        "cursor_id": str(stream.cursor_id),
        "began_at": stream.began_at,
        "covered_through": stream.covered_through,
        "sweeps": stream.sweeps_completed,
        "gaps": [{"from_at": gap.from_at, "to_at": gap.to_at, "reason": gap.reason} for gap in missing],
        "sweep": None
        if sweep is None
        else {"id": sweep.id, "page": sweep.page, "started_at": sweep.started_at, "posts_seen": sweep.posts_seen},
    }
