"""Which way X is asked: what is known of the plan, the credentials and the limits, and the choice that follows.

The planner and `covey explain` choose here, so that what is explained is what is done. Nothing is asked of X.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.domain.coverage.intervals import Interval
from shared.domain.coverage.route_facts import FACTS, Need, Route
from shared.domain.coverage.routes import Choice, Wanted, choose
from shared.domain.coverage.sweeps import ReadBy
from shared.domain.models import CredentialKind
from shared.domain.money.estimate import ASSUMED_POSTS_A_DAY, DAY
from shared.domain.money.prices import Prices
from shared.platforms.x.endpoints import SEARCH_ALL
from shared.services.bootstrap import Services

_SEARCHES: Final = {Route.RECENT: ReadBy.RECENT, Route.ALL: ReadBy.ALL}
# A gap is filled however long it takes: to give it up because it is long would be to lose it.
WHENEVER: Final = timedelta(days=3650)
# So much before and after a span tells how much was posted in it.
NEAR: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Ways:
    """What is known of how X may be asked now. has: of what a plan may lack, what X said; None: nothing."""

    prices: Prices
    credentials: frozenset[CredentialKind]
    has: Mapping[Route, bool | None]
    query_lengths: Mapping[Route, int]
    window_calls: Mapping[Route, int]

    def wants(
        self,
        need: Need,
        *,
        posts: float,
        span: timedelta,
        oldest: timedelta,
        within: timedelta,
        queries: Sequence[str] = (),
        is_free: bool = False,
        is_owner: bool = False,
    ) -> Wanted:
        """What is wanted, with what is known. is_free: what was read was bought today."""
        return Wanted(
            need=need,
            posts=posts,
            free_posts=posts if is_free else 0,
            oldest=oldest,
            span=span,
            within=within,
            query_length=max(map(len, queries), default=0),
            queries=max(1, len(queries)),
            is_owner=is_owner,
            credentials=self.credentials,
            has=self.has,
            query_lengths=self.query_lengths,
            window_calls=self.window_calls,
        )

    def choose(self, wanted: Wanted) -> Choice:
        """The ways to meet it, and the one that is taken."""
        return choose(wanted, self.prices)


def ways(services: Services) -> Ways:
    """What is known now. Raises StoreUnavailable, LimiterUnavailable."""
    settings = services.settings
    longest = {False: settings.x_query_max_length, True: settings.x_archive_query_max_length}
    return Ways(
        prices=services.ledger.prices,
        credentials=frozenset(one.kind for one in services.credentials.states() if one.state.ends_by_itself),
        has=_has(services),
        query_lengths={route: longest[facts.is_optional] for route, facts in FACTS.items() if facts.by_query},
        window_calls=_window_calls(services),
    )


def may_ask_archive(services: Services, credential: str | None) -> bool:
    """Whether X's archive may be asked as this credential only; None: as any. It takes the app itself.

    Raises StoreUnavailable.
    """
    if credential is None:
        return services.has_archive
    kinds = {one.id: one.kind for one in services.credentials.states()}
    return kinds.get(credential) in SEARCH_ALL.credentials and services.plan.may_have(SEARCH_ALL.key)


def search_by(
    services: Services,
    need: Need,
    *,
    credential: str | None = None,
    stream: str,
    members: int,
    query: str,
    span: tuple[datetime, datetime],
    now: datetime,
    is_free: bool = False,
) -> ReadBy:
    """Which search reads a span that the recent one reaches: the archive's where it takes fewer calls.

    credential: the only one that X is asked with. Raises StoreUnavailable, LimiterUnavailable.
    """
    if not may_ask_archive(services, credential):
        return ReadBy.RECENT
    from_at, to_at = span
    near = services.stores.intervals.of([stream], from_at=from_at - NEAR, to_at=to_at + NEAR)
    known = ways(services)
    wanted = known.wants(
        need,
        posts=expected(near, members=members, length=to_at - from_at),
        span=to_at - from_at,
        oldest=now - from_at,
        within=WHENEVER,
        queries=[query],
        is_free=is_free,
    )
    taken = known.choose(wanted).taken
    return _SEARCHES.get(taken.route, ReadBy.RECENT) if taken else ReadBy.RECENT


def expected(near: Sequence[Interval], *, members: int, length: timedelta) -> float:
    """How many posts a span is likely to hold: as many in its time as what was read beside it, else what is assumed."""
    read = sum((one.to_at - one.from_at for one in near), start=timedelta(0))
    if read:
        return sum(one.posts for one in near) * (length / read)
    return members * ASSUMED_POSTS_A_DAY * (length / DAY)


def _has(services: Services) -> dict[Route, bool | None]:
    """What X told of the routes that a plan may lack."""
    known, now = services.plan.capabilities(), services.clock.now()
    return {route: known.has(facts.endpoint, now) for route, facts in FACTS.items() if facts.is_optional}


def _window_calls(services: Services) -> dict[Route, int]:
    """The calls in a window as X told them, of all credentials together."""
    told: dict[str, int] = {}
    for window in services.limiter.state().windows:
        if window.limit:
            told[window.endpoint] = told.get(window.endpoint, 0) + window.limit
    return {route: told[facts.endpoint] for route, facts in FACTS.items() if facts.endpoint in told}
