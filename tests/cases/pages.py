"""One search whose page is given, read by the real handler on real servers."""

from __future__ import annotations

import json
from typing import Any

from shared.domain.coverage.sweeps import Sweep, SweepStatus
from shared.services.bootstrap import Services
from tests.workers.world import ScriptedX, open_sweep, post_id, read_to_end, state_of, stored_ids

FIRST, ODD, LAST = (post_id(seconds) for seconds in (60, 120, 180))


def body(*objects: Any, count: int | None = None, **more: Any) -> dict[str, Any]:
    """A page of search with these objects; X announces as many as it sends."""
    return {"data": list(objects), "meta": {"result_count": len(objects) if count is None else count}, **more}


def searched(services: Services, x: ScriptedX, answer: Any) -> Sweep:
    """Follow an account and read the only page of its search; a text is sent as it is."""
    content = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
    x.script = lambda asked: (200, content)
    sweep = open_sweep(services)
    read_to_end(services, sweep.id)
    return state_of(services, sweep.id)


def went_on(services: Services, sweep: Sweep, *ids: int) -> bool:
    """Whether the posts are stored, the stream is covered without a gap, and X was asked once."""
    stream = services.stores.streams.active()[0]
    is_covered = stream.covered_through == sweep.through_at and not services.stores.gaps.missing()
    return sweep.status is SweepStatus.COMPLETE and is_covered and stored_ids(services) >= set(ids)


def set_aside(services: Services) -> list[tuple[str, str, str | None]]:
    """What was set aside: kind, reason, id."""
    found = services.stores.db["set_aside"].find().sort("_id")
    return sorted((one["kind"], one["reason"], one["object_id"]) for one in found)


def document(services: Services, collection: str, key: object) -> dict[str, Any]:
    """One stored document."""
    found: dict[str, Any] | None = services.stores.db[collection].find_one({"_id": str(key)})
    assert found is not None, f"{collection} has no {key}"
    return found
