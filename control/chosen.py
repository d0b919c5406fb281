"""The stored posts that a person names by their author, their source or their tier. Prints nothing, asks X nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from control.inputs import MAX_POST_IDS, handles
from control.lists import Word
from shared.domain.engagement.tiers import Tier
from shared.domain.errors import InputError
from shared.domain.sources import Source
from shared.platforms.x.addresses import quoted
from shared.stores.bundle import Stores
from shared.stores.selected import SelectedStore
from shared.stores.shown import ShownStore

LIMIT: Final = 100  # one call of X; at most half a dollar


@dataclass(frozen=True, slots=True)
class Chosen:
    """Posts, the newest first. what: whose they are, in words. is_cut: there are more than the limit."""

    post_ids: list[int]
    what: str
    is_cut: bool


def chosen(
    stores: Stores,
    *,
    handle: str | None = None,
    source: str | None = None,
    tier: str | None = None,
    since: datetime | None = None,
    limit: int = LIMIT,
) -> Chosen:
    """The newest posts of an account, of a source (by id or name) or in a tier: one of the three is given.

    In at most three queries, however many posts there are. Raises InputError for what is not known, and where no post
    is left.
    """
    if sum(one is not None for one in (handle, source, tier)) != 1:
        raise InputError("give one of --handle, --source and --tier")
    if not 1 <= limit <= MAX_POST_IDS:
        raise InputError(f"--limit {limit} is not between 1 and {MAX_POST_IDS}")
    what, found = _found(stores, handle, source, tier, since, limit + 1)
    if not found:
        span = f" since {since:%Y-%m-%d %H:%M} UTC" if since else ""
        raise InputError(f"no post {what} that can be read is stored{span}; nothing was done")
    return Chosen(found[:limit], what, len(found) > limit)


def _found(
    stores: Stores, handle: str | None, source: str | None, tier: str | None, since: datetime | None, limit: int
) -> tuple[str, list[int]]:
    selected = SelectedStore(stores.db)
    if handle is not None:
        name, author_id = _account(stores, handle)
        return f"of @{name}", selected.of_author(author_id, since=since, limit=limit)
    if source is not None:
        one = _source(stores, source)
        return f"of the source {one.id}", selected.of_source(one.id, since=since, limit=limit)
    known = _tier(tier or "")
    return f"in the tier {known.value}", selected.in_tier(known, since=since, limit=limit)


def _account(stores: Stores, word: str) -> tuple[str, int]:
    """The name and the id of an account that is followed, or that X told of."""
    name = handles([Word(word)])[0]
    known = stores.handles.names([name]).get(name.lower())
    if known is not None and known.user_id:
        return name, known.user_id
    document = ShownStore(stores.db).user(username=name)
    if document is None:
        told = "X has not told its id yet" if known else f"it is not stored and not followed: covey track {name}"
        raise InputError(f"no posts of @{name}: {told}; nothing was done")
    return name, int(document["_id"])


def _source(stores: Stores, word: str) -> Source:
    """The source with the id, else the one with the name."""
    every = stores.sources.all()
    found = [one for one in every if one.id == word] or [one for one in every if one.name.lower() == word.lower()]
    if not found:
        raise InputError(f"{quoted(word)} is no source: covey sources list shows them; nothing was done")
    if len(found) > 1:
        raise InputError(f"{quoted(word)} is the name of several sources: {', '.join(one.id for one in found)}")
    return found[0]


def _tier(word: str) -> Tier:
    try:
        return Tier(word)
    except ValueError:
        raise InputError(f"{quoted(word)} is no tier: they are {', '.join(Tier)}; nothing was done") from None
