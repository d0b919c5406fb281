"""How are quotes found: whose are read next, down to where, and when a post counts as read. Pure.

    candidates --choose--> reading_of --pages, newest first--> the greatest quote known before, or the last page
                                                                  --cursor_after--> the post's cursor

The endpoint of quotes has no `since_id`, so a reading goes down to the cursor of the one before.
Invariant: the cursor stands at a quote that is stored with all before it, and a post counts as read when its reading
has ended, so one that never begins, or fails, costs it nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.domain.coverage import sweeps
from shared.domain.coverage.sweeps import Sweep, SweepKind
from shared.domain.jobs import Queue
from shared.domain.models import Page


@dataclass(frozen=True, slots=True)
class QuoteRule:
    """The numbers of the rule."""

    posts_per_round: int = 5
    min_likes: int = 10
    recheck: timedelta = timedelta(hours=4)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteCandidate:
    """A recent post of a tracked account. `quotes_read_at` is when its quotes were last read, None for never."""

    post_id: int
    quote_count: int
    like_count: int
    quotes_read_at: datetime | None = None


def choose(candidates: Iterable[QuoteCandidate], *, now: datetime, rule: QuoteRule) -> list[QuoteCandidate]:
    """The posts whose quotes are read in this round, most quoted first.

    A post competes when it has a quote, or more than `min_likes` likes, and was not read within `recheck`. Ties go to
    the newer post.
    """
    eligible = [
        candidate
        for candidate in candidates
        if (candidate.quote_count > 0 or candidate.like_count > rule.min_likes)
        and (candidate.quotes_read_at is None or now - candidate.quotes_read_at >= rule.recheck)
    ]
    eligible.sort(key=lambda c: (c.quote_count, c.like_count, c.post_id), reverse=True)
    return eligible[: rule.posts_per_round]


def reading_of(chosen: QuoteCandidate, *, id: str, cursor_id: int, now: datetime) -> Sweep:
    """The sweep that reads the quotes of a post down to `cursor_id`, the greatest quote known (0 for none)."""
    return Sweep(
        id=id,
        kind=SweepKind.QUOTES,
        subject=str(chosen.post_id),
        queue=Queue.QUOTES,
        query=None,
        since_id=cursor_id,
        started_at=now,
    )


def after_page(sweep: Sweep, page: Page, *, new_ids: Collection[int], through_at: datetime) -> Sweep:
    """The sweep after the answer to its present page was stored; see `sweeps.after_page`."""
    is_last = reaches_the_known(sweep, page)
    return sweeps.after_page(sweep, page, new_ids=new_ids, through_at=through_at, is_last=is_last)


def reaches_the_known(sweep: Sweep, page: Page) -> bool:
    """Whether a page ends below the cursor. The last post decides: one older post among newer ones is a slip of X."""
    return bool(page.posts) and page.posts[-1].id <= sweep.since_id


def cursor_after(sweep: Sweep) -> int | None:
    """Where the cursor of the post moves after a complete reading; None: it stays.

    What X's paging withheld is below the new cursor: after such a reading the next one begins where this one did.
    """
    return None if sweep.stuck else sweep.newest_id
