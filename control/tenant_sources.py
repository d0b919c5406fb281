"""What the sources of one tenant are changed to, on the record. Another tenant's are as if they were not there.

Money is in US dollars in what is answered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from control import budget, sources, sources_apply
from control.look_up import look_up
from control.sources import Done
from control.sources_apply import Act, Change
from control.sources_file import Entry
from control.sources_form import FIELDS, Reader, fields_of
from control.trail import Origin, recorded
from shared.domain.access import Scope
from shared.domain.errors import InputError
from shared.domain.money.prices import MICRO
from shared.domain.refusals import DoesNotFit, NotThere
from shared.domain.sources import Source, is_reserved, tracked_of
from shared.services.bootstrap import Services
from shared.stores.database import ServerClock

_SPANS = ("once", "day", "month")


def get(services: Services, tenant: str, source_id: str) -> Source:
    """A source of the tenant. Raises NotThere."""
    found = services.stores.sources.get(source_id)
    if found is None or found.removed_at is not None or found.tenant != tenant:
        raise NotThere(f"there is no source {source_id!r}")
    return found


def entry_of(services: Services, fields: Mapping[str, Any]) -> Entry:
    """The source that some fields say, whatever types their values have. Raises InputError."""
    reader = Reader(as_text(fields), services.clock.now(), lambda field: field or "source")
    source = reader.read()
    if source is None:
        raise InputError("; ".join(reader.faults))
    return Entry(source, 0, frozenset(FIELDS if "paused" in fields else set(FIELDS) - {"paused"}))


def changed(services: Services, before: Source, given: Mapping[str, Any]) -> Entry:
    """A source with some fields in the place of those that it has; None takes one away. Raises InputError."""
    fields = {**fields_of(before), **given, "id": before.id}
    return entry_of(services, {"paused": False, **{name: one for name, one in fields.items() if one is not None}})


def as_text(value: Any) -> Any:
    """A value as a file has it: every scalar is text."""
    if isinstance(value, Mapping):
        return {name: as_text(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [as_text(one) for one in value]
    if isinstance(value, bool):
        return str(value).lower()
    return value if value is None or isinstance(value, str) else str(value)


def wanted(services: Services, origin: Origin, entries: Sequence[Entry], *, prune: bool = False) -> list[Change]:
    """What entries would change of the actor's sources. prune: those that they do not name are removed.

    Raises DoesNotFit for an id that another tenant has, InputError for what cannot be; then nothing was done.
    """
    tenant = origin.actor.tenant
    owners = services.stores.sources.owners(entry.source.id for entry in entries)
    for entry in entries:
        _check(origin, entry.source)
        if owners.get(entry.source.id, tenant) != tenant:
            raise DoesNotFit(f"the id {entry.source.id} is taken; use another one")
    own = [replace(entry, source=replace(entry.source, tenant=tenant)) for entry in entries]
    return sources_apply.changes(services, own, prune=prune, tenant=tenant)


def _check(origin: Origin, source: Source) -> None:
    """What a tenant may not say of a source."""
    tenant = origin.actor.tenant
    if source.tenant not in ("default", tenant):
        raise InputError(f"source {source.id}: tenant: the sources that you change are those of {tenant}")
    if is_reserved(source.id) and source.id != tracked_of(tenant):
        raise InputError(f"source {source.id}: ids that begin with tracked- are reserved")
    if source.credential is not None and not origin.actor.may(Scope.OPERATE):
        raise InputError(f"source {source.id}: credential: to choose one takes the scope {Scope.OPERATE}")


def carry_out(services: Services, origin: Origin, changes: Sequence[Change], *, force: bool = False) -> list[Done]:
    """Do it, each change with its entry in the trail. force: follow names too that X does not know.

    Raises InputError for such names otherwise, and then nothing was done.
    """
    found = look_up(services, sources_apply.new_accounts(services, changes))
    if found.unknown and not force:
        names = ", ".join(f"@{name}" for name in found.unknown)
        raise InputError(f"X knows no {names}; nothing was done (force=true follows them all the same)")
    done = []
    for change in changes:
        if change.act is Act.SAME:
            continue
        before = None if change.before is None else fields_of(change.before)
        own = replace(origin, key=origin.key and f"{origin.key}|{change.source.id}")
        with recorded(services, origin, f"source.{change.act}", change.source.id, before=before) as entry:
            one = sources_apply.one(services, change, found=found, origin=own)
            assert one is not None
            entry.after = None if change.act is Act.REMOVE else fields_of(one.source)
            done.append(one)
    return done


def add(services: Services, origin: Origin, entry: Entry, *, force: bool = False) -> Done:
    """Add a source. One that is there already, as it is to be, is carried out again under a key: it was begun before.

    Raises DoesNotFit where there is one.
    """
    (change,) = wanted(services, origin, [entry])
    if change.act is not Act.ADD:
        if change.act is Act.SAME and origin.key is not None:
            return sources.carry_out(
                services, None, change.source, None, asked_at=ServerClock(services.stores.db).now(), origin=origin
            )
        raise DoesNotFit(f"the id {entry.source.id} is taken; use another one")
    return carry_out(services, origin, [change], force=force)[0]


def act(services: Services, origin: Origin, source_id: str, word: str) -> Done:
    """Pause, resume or remove a source. Raises NotThere."""
    before = get(services, origin.actor.tenant, source_id)
    doing = {"pause": sources.pause, "resume": sources.resume, "remove": sources.remove}[word]
    with recorded(services, origin, f"source.{word}", source_id, before=fields_of(before)) as entry:
        done = doing(services, source_id)
        entry.after = None if done.source.removed_at else fields_of(done.source)
    return done


def price(services: Services, changes: Sequence[Change], *, count: bool = False) -> dict[str, Any]:
    """What changes would cost, each and in all. count: ask X how many posts new queries find, which costs a little."""
    costs = [sources_apply.cost_of(services, change, count=count) for change in changes]
    rows = [
        {**row(change), **{f"{name}_usd": getattr(cost, name) / MICRO for name in _SPANS}, "basis": cost.basis}
        for change, cost in zip(changes, costs, strict=True)
    ]
    total = {f"{name}_usd": sum(getattr(cost, name) for cost in costs) / MICRO for name in _SPANS}
    return {"changes": rows, **total, **budget.room(services, sum(cost.once + cost.day for cost in costs))}


def row(change: Change) -> dict[str, Any]:
    """A change as plain values."""
    return {
        "source": change.source.id,
        "act": change.act.value,
        "fields": list(change.fields),
        "new_accounts": change.new_accounts,
        "lost_accounts": change.lost_accounts,
    }
