"""Writing the audit trail: an entry before an act, its outcome after it, whoever acts and by which way."""

from __future__ import annotations

import getpass
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from shared.domain.access import Actor, ActorKind, Scope
from shared.domain.errors import CoveyError, InputError
from shared.domain.sources import DEFAULT_TENANT
from shared.services.bootstrap import Services

_RUNS = uuid.UUID("5f0c1c5e-7a4f-4a39-9a52-1f0f2a1f6a10")  # a namespace of our own, drawn once
DONE, REFUSED, FAILED = "done", "refused", "failed"


@dataclass(slots=True)
class Entry:
    """What the act may still say of itself: how the target was, and how it is now, as plain values."""

    before: Any = None
    after: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who acts, from where, and why: what every entry of one request or command has in common.

    key: under which the request is carried out once; None: it has none.
    """

    actor: Actor
    ip: str | None = None
    request_id: str | None = None
    note: str | None = None
    key: str | None = None

    @property
    def run_id(self) -> str:
        """The id of the run that this begins: the same each time for the same key, so that it begins once."""
        return uuid.uuid4().hex if self.key is None else uuid.uuid5(_RUNS, self.key).hex


def at_terminal(*, tenant: str = DEFAULT_TENANT, note: str | None = None) -> Origin:
    """The person who types a command: may do everything, for whoever reaches the servers can."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in containers
        name = "unknown"
    actor = Actor(kind=ActorKind.CLI, id=name, name=name, tenant=tenant, scopes=frozenset(Scope))
    return Origin(actor=actor, note=note)


@contextmanager
def recorded(services: Services, origin: Origin, action: str, target: str, *, before: Any = None) -> Iterator[Entry]:
    """Do something on the record. An error goes on to the caller; the entry then says refused (InputError) or failed.

    A process that dies in between leaves an entry that is `begun`.
    """
    trail, entry = services.stores.trail, Entry(before)
    entry_id = trail.begin(
        origin.actor,
        action,
        target,
        now=services.clock.now(),
        before=before,
        note=origin.note,
        ip=origin.ip,
        request_id=origin.request_id,
    )
    try:
        yield entry
    except InputError:
        trail.end(entry_id, REFUSED, before=entry.before)
        raise
    except CoveyError:
        trail.end(entry_id, FAILED, before=entry.before)
        raise
    trail.end(entry_id, DONE, before=entry.before, after=entry.after)


def entries(
    services: Services,
    *,
    tenant: str | None,
    action: str | None = None,
    start: tuple[Any, str] | None = None,
    limit: int,
) -> list[dict[str, Any]]:
    """The newest entries, of a tenant or of all, or those after a key (time and id of the last one that was seen)."""
    found = services.stores.trail.page(tenant=tenant, action=action, start=start, limit=limit)
    return [{"id": one.pop("_id"), **one} for one in found]
