"""What is followed, as people name it: each account, and each source of words. Reads only."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime

from shared.domain.coverage.subjects import Subject
from shared.domain.errors import InputError
from shared.domain.sources import DEFAULT_PRIORITY, Source
from shared.services.bootstrap import Services

DAWN = datetime.fromtimestamp(0, UTC)


def subjects(services: Services, words: Sequence[str], *, tenant: str | None = None) -> list[Subject]:
    """What the words name: handles, ids or names of sources, of which one of accounts stands for these; without words
    all that is followed. tenant: for whom; None: for anybody. Raises InputError for what is not followed, and a name
    that several sources have.
    """
    known = services.stores.sources
    sources = {one.id: one for one in (known.all() if tenant is None else known.of_tenant(tenant))}
    asked = None if tenant is None else {name for one in sources.values() for name in one.accounts if one.asks}
    accounts = _accounts(services, sources, asked)
    of_words = {
        one.id: Subject(
            one.key, one.id, (one.changed_at or one.created_at or DAWN) - one.look_back, priority=one.priority
        )
        for one in sources.values()
        if one.key is not None and one.asks
    }
    if not words:
        return [*accounts.values(), *of_words.values()]
    wanted: dict[str, Subject] = {}
    for word in words:
        source = _source(word, accounts, sources)
        if source is not None and source.key is not None:
            some = [of_words[source.id]] if source.id in of_words else []
        else:
            names = source.accounts if source is not None else (word.lower().removeprefix("@"),)
            some = [accounts[name] for name in names if name in accounts]
        if not some:
            raise InputError(f"{word} is not followed: covey handles lists accounts, covey sources list sources")
        wanted |= {one.member: one for one in some}
    return list(wanted.values())


def _accounts(services: Services, sources: Mapping[str, Source], names: Collection[str] | None) -> dict[str, Subject]:
    handles = services.stores.handles
    found = handles.all(active_only=True) if names is None else handles.documents(names)
    return {
        row["_id"]: Subject(
            row["_id"],
            f"@{row['username']}",
            row.get("since") or row["created_at"],
            int(row["user_id"]) if row.get("user_id") else None,
            max((sources[one].priority for one in row.get("sources", ()) if one in sources), default=DEFAULT_PRIORITY),
        )
        for row in found
        if row["active"]
    }


def _source(word: str, accounts: Mapping[str, Subject], sources: Mapping[str, Source]) -> Source | None:
    """The source with the id, else, where no account is called so, the one with the name."""
    if word.startswith("@") or word.lower() in sources or word.lower() in accounts:
        return sources.get(word.lower())
    found = [one for one in sources.values() if one.name.lower() == word.lower()]
    if len(found) > 1:
        raise InputError(f"{word} is the name of several sources: give an id of {', '.join(one.id for one in found)}")
    return found[0] if found else None
