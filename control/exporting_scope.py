"""Which documents an export is about: of a source or an account, and of a span of time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from control.exporting_fields import Field, Kind
from control.inputs import handles
from control.lists import Word
from shared.domain.errors import InputError
from shared.domain.snowflake import first_id_at
from shared.domain.sources import Source, SourceKind
from shared.stores.batches import ByPosts, Curves, Wanted
from shared.stores.bundle import Stores
from shared.stores.curves import Span
from shared.stores.shown import ShownStore

# Since then ids have 19 digits, and are in the order of time as text too.
LONG_IDS_SINCE: Final = datetime(2018, 6, 1, tzinfo=UTC)
# X tells when a post was made to the second, its id to the millisecond.
ROUNDED: Final = timedelta(seconds=1)


def wanted(
    stores: Stores,
    kind: Kind,
    fields: Sequence[Field],
    *,
    source: str | None = None,
    account: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Wanted:
    """What is to be read. source: the id of a source, or the name of an account. account: whose own posts it is about.

    Raises InputError.
    """
    if source is not None and account is not None:
        raise InputError("--source and --account are two subjects: give one of them")
    if since and until and until <= since:
        raise InputError(f"--to {until:%Y-%m-%dT%H:%MZ} is not after --from {since:%Y-%m-%dT%H:%MZ}")
    query: dict[str, Any] = _within(kind.time, since, until)
    if kind.name == "engagement" and (ways := _ways(stores, source, account, dated=bool(query))) is not None:
        span = Span(**{name: at for name, at in (("since", since), ("until", until)) if at})
        return Wanted(
            collection=kind.collection, curves=Curves(tuple(ways), span), fields=tuple(field.path for field in fields)
        )
    concerned = None if account is None else authored(stores, account)
    if source is not None:
        concerned = concerning(stores, source)
    by_posts = None
    if concerned and kind.name == "mentions" and source and stores.sources.get(source):
        concerned = {"sources": source}  # of its tenant alone: another's mention of the same post is not its own
        query = {"$and": [query, concerned]} if query else concerned
    elif concerned and kind.name == "posts":
        query = {"$and": [query, concerned]} if query else concerned
    elif concerned:
        by_posts = ByPosts(kind.key, kind.post_key, concerned)
    by_time = kind.name == "posts" and since is not None and since >= LONG_IDS_SINCE
    return Wanted(
        collection=kind.collection,
        query=query,
        by_posts=by_posts,
        from_id=str(first_id_at(since - ROUNDED)) if since and by_time else None,
        end_id=str(first_id_at(until + ROUNDED)) if until and by_time else None,
        fields=tuple(dict.fromkeys([field.path for field in fields] + ([kind.key] if by_posts else []))),
    )


def concerning(stores: Stores, word: str) -> dict[str, Any]:
    """The posts that concern a source, by its id, or an account, by its name. Raises InputError for neither."""
    source = None if word.startswith("@") else stores.sources.get(word)
    return _of_account(stores, word) if source is None else {"$or": ways_of(stores, source)}


def ways_of(stores: Stores, source: Source) -> list[dict[str, Any]]:
    """How posts that concern a source are found: each way is answered, in the order of time, by an index."""
    ids = [str(name.user_id) for name in stores.handles.names(source.accounts).values() if name.user_id]
    ways: list[dict[str, Any]] = [{"concerns.source": source.id}]
    if source.kind is SourceKind.ACCOUNTS and ids:
        ways.append({"author_id": {"$in": ids}})
    if source.conversation_id:
        ways.append({"conversation_id": str(source.conversation_id)})
    return ways


def authored(stores: Stores, word: str) -> dict[str, Any]:
    """How the posts of an account are found, by its name. Raises InputError for no name, and for an unknown one."""
    name = handles([Word(word)])[0]
    known = stores.handles.names([name]).get(name.lower())
    if known and known.user_id:
        return {"author_id": str(known.user_id)}
    document = ShownStore(stores.db).user(username=name)
    if document is None:
        raise InputError(f"no account {word!r} is stored")
    return {"author_id": document["_id"]}


def _ways(stores: Stores, source: str | None, account: str | None, *, dated: bool) -> Sequence[dict[str, Any]] | None:
    """The ways to posts whose readings are found by index; None where they are not, or all are wanted."""
    if account is not None:
        return [authored(stores, account)]
    found = stores.sources.get(source) if source and not source.startswith("@") else None
    if found:
        return ways_of(stores, found)
    return [{}] if dated and source is None else None


def _of_account(stores: Stores, word: str) -> dict[str, Any]:
    try:
        name = handles([Word(word)])[0].lower()
    except InputError:
        raise InputError(f"{word!r} is no source and no account: covey sources lists those that there are") from None
    known = stores.handles.names([name]).get(name)
    if known is None:
        raise InputError(f"{word!r} is no source, and no account of that name is followed")
    ways: list[dict[str, Any]] = [{"concerns.member": name}]
    return {"$or": ways + ([{"author_id": str(known.user_id)}] if known.user_id else [])}


def _within(field: str, since: datetime | None, until: datetime | None) -> dict[str, Any]:
    bounds = {operator: at for operator, at in (("$gte", since), ("$lt", until)) if at is not None}
    return {field: bounds} if bounds else {}
