"""How the counts of posts grew between two times: of posts by id, of an account, of a source. Reads the store only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from control.exporting_fields import KINDS, chosen, mapper
from control.exporting_scope import authored, ways_of
from control.inputs import post_ids
from control.lists import Word
from shared.domain.errors import InputError
from shared.stores.bundle import Stores
from shared.stores.curves import CurveStore, Mark, Page, Span

_FIELDS = chosen(KINDS["engagement"], None)
ROW = mapper(_FIELDS)


@dataclass(frozen=True, slots=True)
class Subject:
    """Posts that are named, or else the ways in which they are found."""

    post_ids: tuple[int, ...] = ()
    ways: tuple[dict[str, Any], ...] = ()


def subject_of(stores: Stores, words: Sequence[str], *, now: datetime) -> Subject:
    """What is meant: posts by id or address, or one source by id, or one account. Raises InputError."""
    try:
        return Subject(tuple(post_ids([Word(word) for word in words], now=now, old_ids=True)))
    except InputError:
        if len(words) != 1 or words[0].isdecimal():
            raise
    (word,) = words
    source = None if word.startswith("@") else stores.sources.get(word)
    try:
        return Subject(ways=tuple(ways_of(stores, source)) if source else (authored(stores, word),))
    except InputError as error:
        raise InputError(f"{word!r} is no post and no source: {error}") from None


def readings(stores: Stores, subject: Subject, span: Span, *, after: Mark | None, limit: int) -> Page:
    """The next readings of the span, no more than `limit`. Pages of posts that were not read in it are passed."""
    store, posts = CurveStore(stores.db, [field.path for field in _FIELDS]), 0
    found: list[dict[str, Any]] = []
    while len(found) < limit:
        left = limit - len(found)
        page = (
            store.of_subject(subject.ways, span, after=after, size=left)
            if subject.ways
            else store.of_posts(subject.post_ids, span, after=after, size=left)
        )
        found, posts, after = [*found, *page.snapshots], posts + page.posts, page.after
        if after is None:
            break
    return Page(found, posts, after)


def ends(stores: Stores, subject: Subject, span: Span, *, after: Mark | None, limit: int) -> Page:
    """The first and the newest reading of each of the next posts, two at most for each of `limit` posts or so.

    span: when the posts were made.
    """
    store, then = CurveStore(stores.db, [field.path for field in _FIELDS]), None
    ids = sorted(str(one) for one in subject.post_ids)
    if subject.ways:
        part = store.part(subject.ways, after.made_at if after else span.since, span.until, limit=limit)
        ids, then = part.post_ids, part.then
    once = {one["_id"]: one for some in (store.first(ids), store.newest(ids)) for one in some.values()}
    found = sorted(once.values(), key=lambda one: (one["post_id"], one["at"]))
    return Page(found, len(ids), Mark(then) if then else None)
