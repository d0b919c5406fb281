"""Which way X is asked for something, and why that one. Pure.

    need, and what is known of it -> a candidate for each route that serves it -> the cheapest that keeps the promise

The promise: everything that is wanted, known within `within`. Invariant: the route that is taken is never dearer than
another one that keeps the promise; a route that nothing is known of counts as there, because its first use will tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from math import ceil

from shared.domain.coverage.route_facts import FACTS, WINDOW, Facts, Need, Route
from shared.domain.models import CredentialKind
from shared.domain.money.prices import Prices

_PLACES = {route: place for place, route in enumerate(FACTS)}


class Lack(StrEnum):
    """Why a route does not keep the promise. The values are stable: for scripts."""

    NOT_IN_PLAN = "not_in_plan"
    NO_CREDENTIAL = "no_credential"
    NOT_OWNER = "not_owner"
    QUERY_TOO_LONG = "query_too_long"
    TOO_OLD = "too_old"
    TOO_MANY = "too_many"  # posts further down than it shows
    TOO_LATE = "too_late"  # X shows it after the promise
    TOO_SLOW = "too_slow"  # the limits let too few calls through
    LOSES = "loses"  # it has no cursor: it runs beside another one


class Reason(StrEnum):
    """Why a route is taken. The values are stable: for scripts."""

    ONLY = "only"  # none else keeps the promise
    CHEAPEST = "cheapest"
    FEWEST_CALLS = "fewest_calls"  # of the cheapest
    SOONEST = "soonest"  # of the cheapest with the fewest calls
    USUAL = "usual"  # nothing sets it apart: it is known to be there, or stands first in the table


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is wanted, and what is known of it.

    posts: to expect; free_posts: of these, bought today; there: how many there are at all, where that is known.
    oldest: how long ago it begins; span: how long it is. within: how long after it was posted, or after now for what is
    past, all must be known. query_length: characters of the longest of `queries` searches. has: whether the plan has a
    route's endpoint; a route that is missing is one of which nothing is known. query_lengths: the longest query of a
    route. window_calls: calls in 15 minutes, where X told others than documented.
    """

    need: Need
    posts: float
    oldest: timedelta
    span: timedelta
    within: timedelta
    free_posts: float = 0
    there: float | None = None
    query_length: int = 0
    queries: int = 1
    is_owner: bool = False
    credentials: frozenset[CredentialKind] = frozenset({CredentialKind.BEARER})
    has: Mapping[Route, bool | None] = field(default_factory=dict)
    query_lengths: Mapping[Route, int] = field(default_factory=dict)
    window_calls: Mapping[Route, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One way to do it. delay: until all is known; lacks: why it does not keep the promise, nothing where it does."""

    route: Route
    endpoint: str
    micro_usd: int
    calls: int
    delay: timedelta
    is_tried: bool
    lacks: tuple[Lack, ...] = ()

    @property
    def keeps(self) -> bool:
        """Whether it keeps the promise."""
        return not self.lacks

    @property
    def rank(self) -> tuple[int, int, timedelta, bool, int]:
        """The better, the lower: money, calls, delay, whether it was never tried; its place in the table."""
        return self.micro_usd, self.calls, self.delay, not self.is_tried, _PLACES[self.route]


@dataclass(frozen=True, slots=True)
class Choice:
    """What can be done, the best first, and what is: None where nothing keeps the promise."""

    need: Need
    candidates: tuple[Candidate, ...]
    taken: Candidate | None = None
    reason: Reason | None = None


def choose(wanted: Wanted, prices: Prices) -> Choice:
    """The routes that serve the need, and the one that is taken."""
    serving = (route for route, facts in FACTS.items() if wanted.need in facts.serves)
    found = sorted((candidate(wanted, route, prices) for route in serving), key=lambda one: (not one.keeps, one.rank))
    keeping = [one for one in found if one.keeps]
    if not keeping:
        return Choice(wanted.need, tuple(found))
    return Choice(wanted.need, tuple(found), keeping[0], _reason(keeping))


def candidate(wanted: Wanted, route: Route, prices: Prices) -> Candidate:
    """What one route would cost, how long it takes, and what it lacks."""
    facts = FACTS[route]
    calls = _calls(wanted, facts)
    delay = facts.delay + _time_of(wanted, route, facts, calls)
    return Candidate(
        route=route,
        endpoint=facts.endpoint,
        micro_usd=_micro_usd(wanted, facts, calls, prices),
        calls=calls,
        delay=delay,
        is_tried=not facts.is_optional or wanted.has.get(route) is True,
        lacks=tuple(_lacks(wanted, route, facts, delay)),
    )


def _calls(wanted: Wanted, facts: Facts) -> int:
    searches = wanted.queries if facts.by_query else 1
    if facts.span_of_a_page is not None:
        return max(1, ceil(wanted.span / facts.span_of_a_page)) * searches
    return max(searches, ceil(wanted.posts / facts.page)) * facts.calls


def _micro_usd(wanted: Wanted, facts: Facts, calls: int, prices: Prices) -> int:
    if facts.price is None:
        return 0
    posts = calls * facts.page if facts.whole_pages else wanted.posts
    if facts.whole_pages and wanted.there is not None:
        posts = max(wanted.posts, min(posts, wanted.there))
    bought = calls if facts.by_request else max(0.0, posts - wanted.free_posts)
    return round(bought * prices.micro[facts.price])


def _time_of(wanted: Wanted, route: Route, facts: Facts, calls: int) -> timedelta:
    """How long the calls take: so many of a window at once, the others window by window, or at X's pace of seconds."""
    a_window = max(1, wanted.window_calls.get(route, facts.window_calls))
    return max((calls - 1) // a_window * WINDOW, (calls - 1) * facts.least_interval)


def _lacks(wanted: Wanted, route: Route, facts: Facts, delay: timedelta) -> list[Lack]:
    longest = wanted.query_lengths.get(route)
    found = {
        Lack.NOT_IN_PLAN: facts.is_optional and wanted.has.get(route) is False,
        Lack.NO_CREDENTIAL: not facts.credentials & wanted.credentials,
        Lack.NOT_OWNER: route is Route.OWNED and not wanted.is_owner,
        Lack.QUERY_TOO_LONG: facts.by_query and longest is not None and wanted.query_length > longest,
        Lack.TOO_OLD: facts.reach is not None and wanted.oldest > facts.reach,
        Lack.TOO_MANY: facts.depth is not None and wanted.posts > facts.depth,
        Lack.TOO_LATE: facts.delay > wanted.within,
        Lack.TOO_SLOW: facts.delay <= wanted.within < delay,
        Lack.LOSES: facts.loses,
    }
    return [lack for lack, holds in found.items() if holds]


def _reason(keeping: list[Candidate]) -> Reason:
    """What sets the first apart from the second."""
    if len(keeping) == 1:
        return Reason.ONLY
    first, second = keeping[:2]
    reasons = (Reason.CHEAPEST, Reason.FEWEST_CALLS, Reason.SOONEST)
    for reason, mine, other in zip(reasons, first.rank, second.rank, strict=False):
        if mine != other:
            return reason
    return Reason.USUAL
