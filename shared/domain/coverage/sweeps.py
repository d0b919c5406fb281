"""Sweeps: the state of one paged reading and how an answer moves it on. Pure.

A sweep reads newest first from now back to `since_id`. X hands out a `next_token` for the page below; where X's paging
misbehaves (a token that repeats, page after page without an older post) the sweep goes on below the oldest post it
has, by `until_id`, instead of looping or giving up.

State: page 0 --answer with a token--> page 1 ... --answer without--> complete.
`page` only grows; an answer to a page that was already passed changes nothing (see `stores.sweeps`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from shared.domain import snowflake
from shared.domain.models import Page

# Pages in a row that brought nothing older before paging counts as stuck.
MAX_STALLS = 3
# No post is younger than the answer it is in, but for the lag of X's search and for clocks that differ. An id further
# ahead is none of X's clock; as a cursor it would hide all that is posted until its time has come.
AHEAD = timedelta(minutes=2)


class SweepKind(StrEnum):
    """What is being read. The first three are searches."""

    SEARCH = "search"  # of a stream, from now back to its cursor
    REREAD = "reread"  # a span of a stream once more, for what came late
    BACKFILL = "backfill"  # a gap
    QUOTES = "quotes"


class ReadBy(StrEnum):
    """Which search of X is asked."""

    RECENT = "recent"
    ALL = "all"  # the archive


class SweepStatus(StrEnum):
    """Where a sweep stands."""

    OPEN = "open"
    COMPLETE = "complete"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """One reading of a stream (`subject` is its id), a gap (its id), or the quotes of a post (the post's id).

    `page` is the number of the next page to read and `next_token` the token it is asked with. `newest_id` and
    `oldest_id` are over posts newer than `since_id`; `newest_id` comes from the first page that has some, because what
    appears above it later was not read down to it, and never from an id ahead of time. `through_at` is up to when X had
    searched at page 0. `from_at` and `to_at` bound the reading of a span. `known_id`: what is below it was read
    before, so a post there that is new came late. `run_id` names the request that pays for it, `credential` the only
    one that X is asked with, `share_of` the source whose share of the money pays; `has_rested`: the stream was not read
    for a while because that was spent. `posts` are those whose quotes one search finds; the first is its subject.
    """

    id: str
    kind: SweepKind
    subject: str
    queue: str
    query: str | None
    since_id: int
    started_at: datetime
    status: SweepStatus = SweepStatus.OPEN
    page: int = 0
    next_token: str | None = None
    until_id: int | None = None
    newest_id: int | None = None
    oldest_id: int | None = None
    stalls: int = 0
    posts_seen: int = 0
    posts_new: int = 0
    through_at: datetime | None = None
    stuck: bool = False
    run_id: str | None = None
    route: ReadBy = ReadBy.RECENT
    from_at: datetime | None = None
    to_at: datetime | None = None
    known_id: int = 0
    posts_late: int = 0
    credential: str | None = None
    share_of: str | None = None
    has_rested: bool = False
    posts: tuple[int, ...] = ()

    @property
    def ends_at(self) -> datetime:
        """Up to when the sweep has read, once it is complete."""
        return self.to_at or self.through_at or self.started_at

    @property
    def begins_at(self) -> datetime:
        """From when on it reads."""
        return self.from_at or snowflake.created_at(self.since_id)

    @property
    def is_complete(self) -> bool:
        """Whether everything down to `since_id` has been read."""
        return self.status is SweepStatus.COMPLETE


def after_page(
    sweep: Sweep, page: Page, *, new_ids: Collection[int], through_at: datetime, is_last: bool = False
) -> Sweep:
    """The sweep after the answer to its present page was stored.

    new_ids: those of the page's posts that were not known before. through_at: up to when X had searched; it counts on
    the first page only. is_last: nothing below this page is wanted, though X may have more. The result is complete, or
    names the next page.
    """
    wanted = [post.id for post in page.posts if post.id > sweep.since_id]
    oldest_id = _smallest(sweep.oldest_id, min(wanted, default=None))
    made_by_now = [id_ for id_ in wanted if id_ < snowflake.first_id_at(through_at + AHEAD)]
    moved = replace(
        sweep,
        page=sweep.page + 1,
        newest_id=max(made_by_now, default=None) if sweep.newest_id is None else sweep.newest_id,
        oldest_id=oldest_id,
        posts_seen=sweep.posts_seen + len(page.posts),
        posts_new=sweep.posts_new + len(new_ids),
        posts_late=sweep.posts_late + sum(id_ < sweep.known_id for id_ in new_ids),
        through_at=sweep.through_at or through_at,
        stalls=sweep.stalls + 1 if oldest_id == sweep.oldest_id else 0,
    )
    if page.next_token is None or is_last:
        return replace(moved, status=SweepStatus.COMPLETE, next_token=None)
    if page.next_token == sweep.next_token or moved.stalls >= MAX_STALLS:
        return _below_the_oldest(moved)
    return replace(moved, next_token=page.next_token)


def _below_the_oldest(sweep: Sweep) -> Sweep:
    """Leave X's token and ask for what is older than the oldest post seen; once per oldest post."""
    is_search = sweep.kind is not SweepKind.QUOTES or sweep.query is not None
    can_skip = is_search and sweep.oldest_id is not None and sweep.until_id != sweep.oldest_id
    if can_skip:
        return replace(sweep, next_token=None, until_id=sweep.oldest_id, stalls=0)
    return replace(sweep, status=SweepStatus.COMPLETE, next_token=None, stuck=True)


def _smallest(first: int | None, second: int | None) -> int | None:
    return min((value for value in (first, second) if value is not None), default=None)
