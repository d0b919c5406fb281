"""How are quotes found: whose are read next, down to where, and when a post counts as read. Pure.

    candidates --newest or indebted--> quote_routes --pages, newest first--> a margin below the cursor, or the last page
                                                                  --cursor_after--> the post's cursor

The endpoint of quotes has no `since_id`, so a reading goes down to the cursor of the one before, and a margin further:
X shows some quotes late, and what was read on the same UTC day costs nothing once more.
Invariant: all quotes below the cursor are stored but for those that X showed late, and a post counts as read when its
reading has ended, so one that never begins, or fails, costs it nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shared.domain import snowflake
from shared.domain.coverage import sweeps
from shared.domain.coverage.sweeps import Sweep
from shared.domain.models import Page


class Preset(StrEnum):
    """Whose quotes are read. The values are stable: a setting has them."""

    NEWEST = "newest"  # of the newest posts those that are quoted or liked most, again and again
    EVIDENCE = "evidence"  # of all posts those of which X counts more quotes than were found


@dataclass(frozen=True, slots=True)
class QuoteRule:
    """The numbers of the rule. debts_per_round: posts, by evidence. margin: how late X may show a quote."""

    preset: Preset = Preset.NEWEST
    posts_per_round: int = 5
    debts_per_round: int = 50
    min_likes: int = 10
    recheck: timedelta = timedelta(hours=4)
    margin: timedelta = timedelta(minutes=35)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteCandidate:
    """A post whose quotes may be read.

    quotes_read_at: when they were last read, None for never. counted: how many of X's count are accounted for.
    cursor_id: below which id all were read, 0 for none.
    """

    post_id: int
    quote_count: int
    like_count: int
    quotes_read_at: datetime | None = None
    counted: int = 0
    cursor_id: int = 0

    @property
    def missing(self) -> int:
        """How many quotes X counts that are not accounted for."""
        return max(0, self.quote_count - self.counted)

    def has_rested(self, *, now: datetime, rule: QuoteRule) -> bool:
        """Whether it was not read within the recheck."""
        return self.quotes_read_at is None or now - self.quotes_read_at >= rule.recheck


def newest(candidates: Iterable[QuoteCandidate], *, now: datetime, rule: QuoteRule) -> list[QuoteCandidate]:
    """The posts whose quotes are read in this round, most quoted first.

    A post competes when it has a quote, or more than `min_likes` likes, and was not read within `recheck`. Ties go to
    the newer post.
    """
    eligible = [
        candidate
        for candidate in candidates
        if (candidate.quote_count > 0 or candidate.like_count > rule.min_likes)
        and candidate.has_rested(now=now, rule=rule)
    ]
    eligible.sort(key=lambda c: (c.quote_count, c.like_count, c.post_id), reverse=True)
    return eligible[: rule.posts_per_round]


def indebted(candidates: Iterable[QuoteCandidate], *, now: datetime, rule: QuoteRule) -> list[QuoteCandidate]:
    """The posts of which most quotes are missing, of those with as many the older first: their time runs out sooner."""
    owing = [one for one in candidates if one.missing > 0 and one.has_rested(now=now, rule=rule)]
    owing.sort(key=lambda one: (-one.missing, one.post_id))
    return owing[: rule.debts_per_round]


def accounted_for(quote_count: int, *, stored: int, stored_before: int | None, is_told_before: bool) -> int:
    """How many of X's count are accounted for after a reading.

    What X shows late is looked for once more: only a reading that finds nothing new proves that the rest cannot be had
    (deleted, or of protected accounts). stored: living quotes that are stored now; stored_before: after the last
    reading, None for none. is_told_before: X told the count before the reading began.
    """
    is_proved = is_told_before and stored == stored_before
    return quote_count if is_proved else min(stored, quote_count)


def below(cursor_id: int, margin: timedelta) -> int:
    """Down to which id a reading goes that begins anew at a cursor (0: none was read)."""
    return max(0, snowflake.first_id_at(snowflake.created_at(cursor_id) - margin) - 1) if cursor_id else 0


def posts_of(sweep: Sweep) -> tuple[int, ...]:
    """The posts whose quotes a sweep reads."""
    return sweep.posts or (int(sweep.subject),)


def after_page(sweep: Sweep, page: Page, *, new_ids: Collection[int], through_at: datetime) -> Sweep:
    """The sweep after the answer to its present page was stored; see `sweeps.after_page`."""
    is_last = reaches_the_known(sweep, page)
    return sweeps.after_page(sweep, page, new_ids=new_ids, through_at=through_at, is_last=is_last)


def reaches_the_known(sweep: Sweep, page: Page) -> bool:
    """Whether a page ends below all that is read. The last post decides: an older one among newer is a slip of X."""
    return bool(page.posts) and page.posts[-1].id <= sweep.since_id


def cursor_after(sweep: Sweep) -> int | None:
    """Where the cursor of the post moves after a complete reading: to its begin; None: it stays.

    What X's paging withheld is below the new cursor: after such a reading the next one begins where this one did.
    """
    return None if sweep.stuck else snowflake.first_id_at(sweep.started_at)
