"""What a person does about sources. The source is written first, then the handles and streams that carry it out.

A crash in between leaves handles and streams behind the source; the scheduler brings them in step within a minute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from control import commands
from control.look_up import LookedUp
from control.sources_form import fields_of
from control.trail import Origin
from shared.domain.coverage.streams import Stream
from shared.domain.errors import CoveyError, InputError
from shared.domain.jobs import Reselect
from shared.domain.money.prices import MICRO
from shared.domain.money.source_shares import ShareStanding
from shared.domain.sources import Source, check, is_reserved
from shared.services.bootstrap import Services
from shared.services.following import FURTHEST_SINCE
from shared.services.source_shares import standings
from shared.services.sources import earliest_now
from shared.stores.database import ServerClock

NO_LIMIT = "its quota_share limits nothing, there is no daily budget"
# So often a change is tried on what somebody else changed meanwhile.
TRIES = 5


@dataclass(frozen=True, slots=True)
class Done:
    """What a change led to. still: accounts that it asks for no longer and other sources do, with these. run_id: of
    what was begun for accounts that nobody followed.
    """

    source: Source
    added: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    still: dict[str, list[str]] = field(default_factory=dict)
    streams: int = 0
    run_id: str | None = None


def add(services: Services, source: Source, *, found: LookedUp | None = None, origin: Origin | None = None) -> Done:
    """Listen to a source. found: what X said of its accounts. Raises InputError, and then nothing was done."""
    check_all(services, source)
    now = ServerClock(services.stores.db).now()
    if not services.stores.sources.add(source, now=now):
        raise InputError(f"there is a source {source.id} already: covey sources edit changes it")
    return carry_out(services, None, source, found, asked_at=now, origin=origin)


def edit(
    services: Services,
    source_id: str,
    change: Callable[[Source], Source],
    *,
    found: LookedUp | None = None,
    origin: Origin | None = None,
) -> Done:
    """Change a source. Raises InputError for one that is not there, or a change that cannot be."""
    for _ in range(TRIES):
        before, now = get(services, source_id), ServerClock(services.stores.db).now()
        after = change(before)
        check_all(services, after)
        if after == before:
            return Done(before)
        if _asks_more(before, after):
            after = replace(after, changed_at=now)
        if services.stores.sources.put(before, after, now=now):
            if before.refresh != after.refresh:
                services.sender.send(Reselect())
            return carry_out(services, before, after, found, asked_at=now, origin=origin)
    raise CoveyError(f"source {source_id} is being changed by somebody else; try again")


def pause(services: Services, source_id: str) -> Done:
    """Read nothing for a source until it is resumed; what was collected stays."""
    return edit(services, source_id, lambda before: replace(before, paused=True))


def resume(services: Services, source_id: str) -> Done:
    """Read for it again, from now on."""
    return edit(services, source_id, lambda before: replace(before, paused=False))


def remove(services: Services, source_id: str) -> Done:
    """Listen to a source no longer; what was collected stays. That of `covey track` is emptied instead."""
    if is_reserved(source_id) and get(services, source_id).is_tracked:
        return edit(services, source_id, lambda before: replace(before, accounts=()))
    now = ServerClock(services.stores.db).now()
    return edit(services, source_id, lambda before: replace(before, removed_at=now))


def get(services: Services, source_id: str) -> Source:
    """The source. Raises InputError for one that is not there."""
    found = services.stores.sources.get(source_id)
    if found is None or found.removed_at is not None:
        known = ", ".join(one.id for one in services.stores.sources.all()[:10]) or "none"
        raise InputError(f"there is no source {source_id!r}; there are: {known}")
    return found


def check_all(services: Services, source: Source) -> None:
    """Raises InputError that names the part of a source that cannot be: a value, a clause too long, a credential."""
    check(source)
    services.following.check(source)
    if source.credential is not None:
        known = [one.id for one in services.credentials.states()]
        if source.credential not in known:
            there = ", ".join(known) or "none"
            raise InputError(f"source {source.id}: credential {source.credential!r} is not known; there are: {there}")


def rows(services: Services, found: Sequence[Source] | None = None) -> list[dict[str, Any]]:
    """Every source, or those that are given, with the streams that carry it and how far it is covered.

    Of many it takes as many round trips as of one.
    """
    found = services.stores.sources.all() if found is None else found
    shares = standings(services, found)
    wanted = {member for source in found if source.asks for member in _members(source)}
    streams = services.stores.streams.with_members(wanted) if wanted else []
    return [_row(source, shares.get(source.id), streams) for source in found]


def row(services: Services, source: Source) -> dict[str, Any]:
    """One source, as people write it, with where it stands."""
    return rows(services, [source])[0]


def notes_on_shares(services: Services, sources: Iterable[Source]) -> list[str]:
    """What is to be said of the shares of sources that were changed: where they limit nothing."""
    found = standings(services, [source for source in sources if source.asks])
    without = [one.source for one in found.values() if one.limit_micro_usd is None]
    return [f"source {one}: {NO_LIMIT}; covey budget set --day sets one" for one in without]


def share_row(share: ShareStanding) -> dict[str, Any]:
    """How a share stands, in US dollars of the present UTC day, as of the last copy of what was counted."""
    left = share.left_micro_usd
    return {
        "share_usd": None if share.limit_micro_usd is None else share.limit_micro_usd / MICRO,
        "share_spent_usd": share.spent_micro_usd / MICRO,
        "share_left_usd": None if left is None else left / MICRO,
        "share_rests_until": share.rests_until,
        "share_note": NO_LIMIT if left is None else None,
    }


def _of_share(source: Source, streams: Sequence[Stream]) -> dict[str, int]:
    """How many of its members are read with its share; the others are asked for by a source without one as well."""
    return {"members_of_share": sum(len(one.members) for one in streams if one.group.share_of == source.id)}


def _members(source: Source) -> Sequence[str]:
    return source.accounts if source.key is None else [source.key]


def _row(source: Source, share: ShareStanding | None, all_streams: Sequence[Stream]) -> dict[str, Any]:
    members = set(_members(source))
    streams = [one for one in all_streams if not members.isdisjoint(one.members)] if source.asks else []
    carried = {member for stream in streams for member in stream.members}
    return {
        **fields_of(source),
        "name": source.name,
        "kind": source.kind.value,
        "members": len(members),
        "members_without_search": len([one for one in members if one not in carried]) if source.asks else 0,
        "streams": [stream.id for stream in streams],
        "queries": [stream.query for stream in streams],
        **(share_row(share) | _of_share(source, streams) if share else {}),
        "covered_through": min((stream.covered_through for stream in streams), default=None),
        "paused": source.paused,
        "created_at": source.created_at,
        "updated_at": source.updated_at,
    }


def _asks_more(before: Source, after: Source) -> bool:
    """Whether it begins to ask for something that it did not."""
    what = [(one.accounts, one.terms, one.conversation_id, one.quotes_of) for one in (before, after)]
    return after.asks and (not before.asks or what[0] != what[1])


def carry_out(
    services: Services,
    before: Source | None,
    after: Source,
    found: LookedUp | None,
    *,
    asked_at: datetime,
    origin: Origin | None = None,
) -> Done:
    """What a source that is written leads to; once more where it was done already changes nothing."""
    now = ServerClock(services.stores.db).now()
    old, new = (_accounts(source) for source in (before, after))
    added, dropped = [name for name in new if name not in old], [name for name in old if name not in new]
    streams, run_id = 0, None
    is_resumed = before is not None and not before.asks
    look_back = timedelta(0) if is_resumed else min(after.look_back, FURTHEST_SINCE)
    if added:
        done = commands.track(services, added, since=look_back, found=found, source=after.id, origin=origin)
        streams, run_id = done.streams, done.run_id
    if dropped:
        services.following.unfollow(dropped, now=now, source=after.id)
    if after.key is not None and after.asks:
        since = min(asked_at, earliest_now(services)) - look_back
        new_keys = services.following.uncarried([after.key])
        streams = len(services.following.carry(new_keys, since=since, now=now))
    services.following.regroup([*new, *([after.key] if after.key else [])], now=now)
    return Done(after, list(added), list(dropped), _still(services, dropped), streams, run_id)


def _accounts(source: Source | None) -> Sequence[str]:
    return source.accounts if source is not None and source.asks else ()


def _still(services: Services, names: Sequence[str]) -> dict[str, list[str]]:
    known = services.stores.handles.names(names) if names else {}
    return {name: list(one.sources) for name in names if (one := known.get(name)) and one.is_active}
