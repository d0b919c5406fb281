"""The ways there are to ask X: what each finds, how late, how much of it in a call, at which price. Pure data.

Invariant: a fact about a route is written here and nowhere else. What no source confirms is marked [U].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from shared.domain.models import CredentialKind
from shared.domain.money.prices import PriceKind

DAY: Final = timedelta(days=1)
WINDOW: Final = timedelta(minutes=15)
_APP = frozenset({CredentialKind.BEARER})
_ANY = frozenset(CredentialKind)
_USER = _ANY - _APP


class Route(StrEnum):
    """A way to ask X. The values are stable: for scripts."""

    RECENT = "recent"
    ALL = "all"
    OWNED = "owned"  # the timelines of the account that owns the app, asked as that account
    LOOKUP = "lookup"
    COUNTS = "counts"
    COUNTS_ALL = "counts_all"
    COMPLIANCE = "compliance"
    ACTIVITY = "activity"
    STREAM = "stream"
    QUOTES = "quotes"  # the endpoint of the quotes of one post


class Need(StrEnum):
    """What is wanted of X. The values are stable: for scripts."""

    FOLLOW = "follow"  # what comes from now on
    FILL = "fill"  # a span of the past
    REREAD = "reread"  # a span that was read, for what came late
    STATE = "state"  # which of known posts are gone
    COUNT = "count"  # how many there are, to prove that all was read
    OWN = "own"  # the posts and mentions of the account that owns the app
    QUOTES = "quotes"  # the quotes of a post


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One route.

    serves: the needs it can meet. page: posts, ids or steps of one call; calls: how many it takes of them at a time
    (timelines: two). window_calls: that X lets through in 15 minutes. delay: until X shows a post. reach: how far back;
    depth: how many posts back; None: no end. whole_pages: it has no begin, so a page is bought to its end. price: of a
    post, or of a request where `by_request`; None: free.
    """

    endpoint: str
    serves: frozenset[Need]
    page: int
    window_calls: int
    delay: timedelta
    price: PriceKind | None = PriceKind.POST
    by_request: bool = False
    calls: int = 1
    reach: timedelta | None = None
    depth: int | None = None
    span_of_a_page: timedelta | None = None
    least_interval: timedelta = timedelta(0)
    credentials: frozenset[CredentialKind] = _ANY
    by_query: bool = False
    is_optional: bool = False
    loses: bool = False
    whole_pages: bool = False


_LAG = timedelta(seconds=30)
_SPANS = frozenset({Need.FOLLOW, Need.FILL, Need.REREAD, Need.COUNT})

FACTS: Final[Mapping[Route, Facts]] = MappingProxyType(
    {
        Route.RECENT: Facts(
            endpoint="search/recent",
            serves=_SPANS | {Need.OWN, Need.QUOTES},
            page=100,
            window_calls=450,
            delay=_LAG,
            reach=7 * DAY,
            by_query=True,
        ),
        Route.ALL: Facts(
            endpoint="search/all",
            serves=_SPANS | {Need.OWN, Need.QUOTES},
            page=500,
            window_calls=300,
            delay=_LAG,  # [U]
            least_interval=timedelta(seconds=1),
            credentials=_APP,
            by_query=True,
            is_optional=True,
        ),
        Route.OWNED: Facts(
            endpoint="users/tweets",
            serves=frozenset({Need.OWN}),
            page=100,
            calls=2,
            window_calls=300,
            delay=_LAG,  # [U] seconds
            price=PriceKind.OWNED_POST,
            depth=800,
            credentials=_USER,
        ),
        Route.LOOKUP: Facts(
            endpoint="tweets",
            serves=frozenset({Need.STATE}),
            page=100,
            window_calls=3_500,
            delay=timedelta(0),
        ),
        Route.COUNTS: Facts(
            endpoint="counts/recent",
            serves=frozenset({Need.COUNT}),
            page=1,
            window_calls=300,
            delay=_LAG,
            price=PriceKind.COUNTS_REQUEST,
            by_request=True,
            reach=7 * DAY,
            span_of_a_page=7 * DAY,
            credentials=frozenset({CredentialKind.BEARER, CredentialKind.OAUTH2_USER}),
            by_query=True,
        ),
        Route.COUNTS_ALL: Facts(
            endpoint="counts/all",
            serves=frozenset({Need.COUNT}),
            page=1,
            window_calls=300,
            delay=_LAG,
            price=PriceKind.COUNTS_ALL_REQUEST,
            by_request=True,
            span_of_a_page=31 * DAY,
            credentials=_APP,
            by_query=True,
            is_optional=True,
        ),
        Route.COMPLIANCE: Facts(
            endpoint="compliance/jobs",
            serves=frozenset({Need.STATE}),
            page=1_000_000,
            window_calls=150,
            delay=timedelta(hours=6),  # [U] minutes to hours
            price=None,  # [U] in no price list
            credentials=_APP,
            is_optional=True,
        ),
        Route.ACTIVITY: Facts(
            endpoint="activity/stream",
            serves=frozenset({Need.FOLLOW}),
            page=250,
            window_calls=450,
            delay=timedelta(seconds=1),
            credentials=_APP,
            is_optional=True,
            loses=True,
        ),
        Route.STREAM: Facts(
            endpoint="tweets/search/stream",
            serves=frozenset({Need.FOLLOW}),
            page=250,
            window_calls=50,
            delay=timedelta(seconds=7),
            credentials=_APP,
            is_optional=True,
            loses=True,
        ),
        Route.QUOTES: Facts(
            endpoint="quote_tweets",
            serves=frozenset({Need.QUOTES}),
            page=100,
            window_calls=75,
            delay=timedelta(0),  # [U] without the lag of the search
            whole_pages=True,
        ),
    }
)
