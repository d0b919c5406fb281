"""Which accounts the sources ask for, as the handles say it: brought in step, whatever a crash left behind.

Sources are written first. An account that is followed and that no source asks for, as it was followed before there were
sources, is one of `covey track`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from shared.domain.coverage.accounts import Name, carried
from shared.domain.coverage.members import Wanted
from shared.domain.sources import TRACKED, Source
from shared.runtime.log import get_logger
from shared.stores.bundle import Stores

log = get_logger(__name__)


def asked_for(stores: Stores, keys: Sequence[str], wanted: Wanted, *, before: datetime) -> dict[datetime, list[str]]:
    """Those of the members that somebody asked for before then, by since when they are wanted.

    Raises StoreUnavailable.
    """
    followed = stores.handles.all(active_only=True) if keys else []
    asked = {one["_id"]: (one.get("since") or one["updated_at"], one["updated_at"]) for one in followed}
    for one in wanted.sources.values():
        if one.key is not None and one.changed_at is not None:
            asked[one.key] = (one.changed_at - one.look_back, one.changed_at)
    by_since: dict[datetime, list[str]] = {}
    for key in keys:
        if key in asked and asked[key][1] < before:
            by_since.setdefault(asked[key][0], []).append(key)
    return by_since


def bring_in_step(stores: Stores, *, now: datetime) -> None:
    """Let the handles say what the sources ask for. Raises StoreUnavailable.

    The handles are read before the sources: whoever follows an account writes the source first, so a handle that is
    read is explained by the sources that are read after it.
    """
    names = stores.handles.names()
    sources = stores.sources.asking()
    if alone := sorted(one.name for one in names.values() if one.is_active and not one.sources):
        log.info("accounts without a source", accounts=alone[:10], count=len(alone), source=TRACKED)
        stores.sources.add_accounts(TRACKED, alone, now=now)
        stores.handles.asked_by(TRACKED, alone)
    for source in sources.values():
        _ask(stores, source, names, now=now)
    for source_id in sorted({asker for one in names.values() for asker in one.sources}):
        asked = set(sources[source_id].accounts) if source_id in sources else set()
        gone = sorted(one.name for one in names.values() if source_id in one.sources and one.name not in asked)
        if gone:
            stores.handles.deactivate(gone, now=now, source=source_id)


def _ask(stores: Stores, source: Source, names: Mapping[str, Name], *, now: datetime) -> None:
    """Follow what a source asks for, and its accounts that are called otherwise by now under their new names."""
    moved = {old: new for old in source.accounts for new in carried([old], names) if new != old}
    if moved:
        stores.sources.rename(moved, now=now)
    missing = [
        name
        for name in source.accounts
        if name not in moved and (name not in names or source.id not in names[name].sources)
    ]
    if missing:
        already = [name for name in missing if name in names and names[name].is_active]
        stores.handles.asked_by(source.id, already)
        since = (source.changed_at or now) - source.look_back
        new = [name for name in missing if name not in already]
        stores.handles.activate(new, now=now, since=since, source=source.id)
