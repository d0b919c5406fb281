"""By which calls the quotes of several posts are read: together by search, or each by the endpoint of quotes. Pure.

    candidates --the cheapest route of each--> those of one search that adds nothing to be bought --> readings

The endpoint knows one post and no begin, so it shows whole pages, newest first; a search knows many posts and one
begin, so it shows again what some of them had since the begin of the others. Invariant: the readings buy no more than
the cheapest route of each of the posts would by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from shared.domain import snowflake
from shared.domain.coverage.quotes import QuoteCandidate, QuoteRule, below
from shared.domain.coverage.route_facts import Need, Route
from shared.domain.coverage.routes import Candidate, Wanted, choose
from shared.domain.coverage.sweeps import ReadBy, Sweep, SweepKind
from shared.domain.jobs import Queue
from shared.domain.models import CredentialKind
from shared.domain.money.prices import Prices

# A reading may wait so long for its turn and still be within reach of the search.
SLACK: Final = timedelta(hours=1)
WITHIN: Final = timedelta(days=1)
READ_BY: Final[Mapping[Route, ReadBy]] = {Route.RECENT: ReadBy.RECENT, Route.ALL: ReadBy.ALL}


@dataclass(frozen=True, slots=True)
class Reading:
    """One paged reading of the quotes of posts, down to `since_id` (0: all). by: the search; None: the endpoint."""

    posts: tuple[QuoteCandidate, ...]
    since_id: int
    by: ReadBy | None = None

    @property
    def posts_about(self) -> int:
        """How many quotes are expected to be bought by a search."""
        return sum(one.missing + again(one, self.since_id) for one in self.posts)


def route_of(one: QuoteCandidate, *, now: datetime, rule: QuoteRule, prices: Prices, has_archive: bool) -> Candidate:
    """The way to read the quotes of one post: of the cheapest a search, because others may share its calls.

    The archive is asked for what the search of seven days does not reach: a plan may lack it.
    """
    keeping = [way for way in routes_of(one, now=now, rule=rule, prices=prices, has_archive=has_archive) if way.keeps]
    return min(keeping, key=lambda way: (way.micro_usd, way.route not in READ_BY, not way.is_tried, way.rank))


def routes_of(
    one: QuoteCandidate, *, now: datetime, rule: QuoteRule, prices: Prices, has_archive: bool
) -> Sequence[Candidate]:
    """All ways to read the quotes of one post; the endpoint for them is always one that keeps the promise."""
    since = snowflake.created_at(since_of(one, rule))
    wanted = Wanted(
        need=Need.QUOTES,
        posts=one.missing,
        there=one.quote_count,
        oldest=now - since + SLACK,
        span=now - since,
        within=WITHIN,
        credentials=frozenset(CredentialKind),
        has={Route.ALL: None if has_archive else False},
    )
    return choose(wanted, prices).candidates


def readings(
    candidates: Iterable[QuoteCandidate],
    *,
    now: datetime,
    rule: QuoteRule,
    prices: Prices,
    has_archive: bool,
    fits: Callable[[ReadBy, Sequence[int]], bool],
) -> list[Reading]:
    """The readings of these posts. fits: whether one query of that search holds so many posts."""
    alone: list[Reading] = []
    joined: dict[ReadBy, list[Reading]] = {}
    for one in sorted(candidates, key=lambda one: (since_of(one, rule), one.post_id)):
        by = READ_BY.get(route_of(one, now=now, rule=rule, prices=prices, has_archive=has_archive).route)
        if by is None or not fits(by, [one.post_id]):
            alone.append(Reading((one,), below(one.cursor_id, rule.margin)))
        else:
            _join(joined.setdefault(by, []), one, Reading((one,), since_of(one, rule), by), fits)
    return [*(one for some in joined.values() for one in some), *alone]


def since_of(one: QuoteCandidate, rule: QuoteRule) -> int:
    """Above which id a search finds what may be missing: nobody quotes a post before it is there."""
    return max(one.post_id, below(one.cursor_id, rule.margin))


def again(one: QuoteCandidate, since_id: int) -> int:
    """How many quotes that were read before lie between an earlier begin and the post's own, if they came evenly."""
    made, own, since = (snowflake.created_at(id_) for id_ in (one.post_id, one.cursor_id or one.post_id, since_id))
    if own <= made or since >= own:
        return 0
    return ceil(one.counted * ((own - max(since, made)) / (own - made)))


def sweep_of(reading: Reading, *, slot: str, query: str | None, now: datetime) -> Sweep:
    """The sweep of a reading; its subject is the first of its posts."""
    first, *others = (one.post_id for one in reading.posts)
    return Sweep(
        id=f"{slot}:{first}" + (f"+{len(others)}" if others else ""),
        kind=SweepKind.QUOTES,
        subject=str(first),
        queue=Queue.QUOTES,
        query=query,
        since_id=reading.since_id,
        started_at=now,
        route=reading.by or ReadBy.RECENT,
        posts=(first, *others) if query else (),
    )


def _join(
    found: list[Reading], one: QuoteCandidate, own: Reading, fits: Callable[[ReadBy, Sequence[int]], bool]
) -> None:
    """Put a post into the first reading that has room and whose begin buys nothing more of it; else into its own."""
    for place, reading in enumerate(found):
        ids = [*(other.post_id for other in reading.posts), one.post_id]
        buys_more = again(one, reading.since_id) > again(one, own.since_id)
        if reading.by is not None and not buys_more and fits(reading.by, ids):
            found[place] = Reading((*reading.posts, one), reading.since_id, reading.by)
            return
    found.append(own)
