"""How far requests to read streams at once are. Reads only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shared.services.bootstrap import Services
from shared.stores.database import Document
from shared.stores.searched import SearchedStore


def streams_read(services: Services, runs: Sequence[Document]) -> Mapping[str, dict[str, Any]]:
    """Of each run how many of its streams there are and were read, or not read because their share is spent, since it
    was asked for: `total`, `answered`, `updated_at`, `began_at`. A stream that is followed no longer counts as read.
    """
    if not runs:
        return {}
    wanted = {stream for run in runs for stream in run.get("streams", ())}
    since = min(run["started_at"] for run in runs)
    searched = SearchedStore(services.stores.db)
    ended = searched.ended(wanted, since=since)
    rested = services.stores.streams.standing(wanted)
    under_way = searched.under_way(wanted)
    found = {}
    for run in runs:
        of, asked_at = set(run.get("streams", ())), run["started_at"]
        read = {stream: at for stream, at in ended if stream in of and at >= asked_at}
        passed = {one for one in of if one not in rested or ((at := rested[one]) is not None and at >= asked_at)}
        begun = [*read.values(), *(at for stream, at in under_way if stream in of)]
        found[run["_id"]] = {
            "total": len(of),
            "answered": len(passed | read.keys()),
            "updated_at": max(read.values(), default=asked_at),
            "began_at": max(min(begun), asked_at) if begun else None,
        }
    return found
