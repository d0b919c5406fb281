"""The jobs that were given up: found, counted by reason, replayed and forgotten. Prints nothing.

    seen by a person: n letters --expected=n--> exactly those are acted on
                                --fewer or more by now--> CountDiffers, nothing is done

Invariant: where a count is expected, no letter is acted on that was not among those counted.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any, Final

from control.trail import Origin, recorded
from shared.domain.errors import InputError
from shared.services.bootstrap import Services
from shared.stores.database import ServerClock
from shared.stores.dead_letters import DeadFilter
from shared.stores.paging import Key

MOST_AT_ONCE: Final = 5_000  # replayed within the time that an answer may take
MOST_GROUPED: Final = 100_000


class CountDiffers(InputError):
    """There are more or fewer letters than whoever asks has seen. there: how many fit now."""

    def __init__(self, expected: int, there: int) -> None:
        super().__init__(f"{there} dead letters fit, and {expected} were expected; nothing was done")
        self.there = there


def page(services: Services, which: DeadFilter, *, start: Key | None = None, limit: int) -> list[dict[str, Any]]:
    """Letters that fit, the newest first, whole; after the one with that key."""
    return [_letter(one) for one in services.stores.dead_letters.page(which, start=start, limit=limit)]


def one(services: Services, dead_id: str) -> dict[str, Any]:
    """One letter by its whole id. Raises InputError where there is none."""
    found = services.stores.dead_letters.page(DeadFilter(exactly=[dead_id]), limit=1)
    if not found:
        raise InputError(f"there is no dead letter {dead_id!r}")
    return _letter(found[0])


def groups(services: Services, which: DeadFilter, *, limit: int) -> dict[str, Any]:
    """groups (job, reason, count, first, last), the most frequent first; counted: letters that they were made of;
    has_more: there are older letters, or other groups.
    """
    found = services.stores.dead_letters.groups(which, most=MOST_GROUPED)
    counted = sum(one.count for one in found)
    return {
        "groups": [asdict(one) for one in found[:limit]],
        "counted": counted,
        "has_more": len(found) > limit or counted == MOST_GROUPED,
    }


def count(services: Services, which: DeadFilter) -> int:
    """How many letters fit."""
    return services.stores.dead_letters.count(which)


def replay(services: Services, origin: Origin, which: DeadFilter, *, expected: int | None = None) -> dict[str, int]:
    """Enqueue the jobs of the letters that fit and were not replayed. Repeating it enqueues nothing twice.

    replayed: jobs that are outstanding because of it. outstanding: the same work was already. unreadable: letters
    without a job. busy: in the hands of another replay. expected: how many letters whoever asks has seen; None: all
    that fit. Raises CountDiffers, InputError, BrokerUnavailable, StoreUnavailable.
    """
    which = replace(which, replayed=False)
    with recorded(services, origin, "dead.replay", _words(which)) as entry:
        chosen = _counted(services, which, expected)
        done = asdict(services.dead_letters.replay(chosen, clock=ServerClock(services.stores.db)))
        entry.after = done
    return done


def purge(services: Services, origin: Origin, which: DeadFilter, *, expected: int | None = None) -> int:
    """Forget the letters that fit for good; answers how many. expected: as for `replay`."""
    with recorded(services, origin, "dead.purge", _words(which)) as entry:
        purged = services.stores.dead_letters.purge(_counted(services, which, expected))
        entry.after = {"purged": purged}
    return purged


def _counted(services: Services, which: DeadFilter, expected: int | None) -> DeadFilter:
    """The very letters that fit now, where a count is expected."""
    if expected is None:
        return which
    if expected > MOST_AT_ONCE:
        raise InputError(f"{expected} at once: {MOST_AT_ONCE} at most; choose fewer by job, reason or time")
    ids = services.stores.dead_letters.ids(which, limit=MOST_AT_ONCE + 1)
    if len(ids) != expected:
        raise CountDiffers(expected, services.stores.dead_letters.count(which))
    return replace(which, exactly=ids)


def _words(which: DeadFilter) -> str:
    """A filter for the audit trail."""
    parts = {
        "ids": ", ".join(which.ids),
        "job": which.job,
        "reason": which.reason,
        "before": which.died_before and which.died_before.isoformat(),
        "replayed": None if which.replayed is None else str(which.replayed).lower(),
    }
    return "; ".join(f"{name}: {value}" for name, value in parts.items() if value) or "all"


def _letter(document: dict[str, Any]) -> dict[str, Any]:
    """A letter as it is told."""
    sent = document.get("replay") or {}
    return {
        "id": document["_id"],
        "died_at": document["died_at"],
        "queue": document["queue"],
        "job": document["job"],
        "reason": document["reason"],
        "args": document["actor_args"],
        "attempts": document.get("attempts"),
        "deferrals": document.get("deferrals"),
        "enqueued_at": document.get("enqueued_at"),
        "correlation_id": document.get("correlation_id"),
        "traceback": document.get("traceback"),
        "payload": document.get("payload"),
        "replayed": bool(sent.get("sent")),
        "replayed_at": sent.get("at") if sent.get("sent") else None,
    }
