"""The one table of the endpoints of the X API that Covey uses, with their sizes and what is billed.

Pure data: no I/O. How many calls fit into a window is not here: the headers of the first answer tell it. No header
tells of a rule of seconds, so that is here. Invariant: a path or a page size is written here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from shared.domain.errors import InputError
from shared.domain.models import CredentialKind

APP_ONLY = frozenset({CredentialKind.BEARER})
USER_ONLY = frozenset({CredentialKind.OAUTH2_USER, CredentialKind.OAUTH1_USER})
ANY_KIND = APP_ONLY | USER_ONLY


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One endpoint of X.

    `key` names it in grants, ledgers, logs and metrics. `max_ids` is the most ids, names or keys of one call (0: it
    takes none); `min_page` and `max_page` bound `max_results` (0: it has no pages). `credentials` are the kinds X
    accepts. `interval_seconds` is the least time between two calls by a credential (0: none).
    `is_optional`: a plan may lack it, and X then answers 403.
    """

    key: str
    path: str
    max_ids: int = 0
    min_page: int = 0
    max_page: int = 0
    credentials: frozenset[CredentialKind] = ANY_KIND
    interval_seconds: float = 0.0
    is_optional: bool = False

    def check_page_size(self, max_results: int) -> int:
        """The page size, if X takes it. Raises InputError that names it."""
        if not self.min_page <= max_results <= self.max_page:
            raise InputError(f"{self.key}: max_results is {max_results}, not {self.min_page}..{self.max_page}")
        return max_results

    def check_count(self, count: int) -> None:
        """Raise InputError unless one call may ask for `count` things by name."""
        if not 1 <= count <= self.max_ids:
            raise InputError(f"{self.key}: {count} asked for in one call, not 1..{self.max_ids}")


SEARCH_RECENT = Endpoint(
    key="search/recent",
    path="/2/tweets/search/recent",
    min_page=10,
    max_page=100,
)
# X: one call a second. A tenth more, because two calls may come to X closer to each other than they were granted.
SEARCH_ALL = Endpoint(
    key="search/all",
    path="/2/tweets/search/all",
    min_page=10,
    max_page=500,
    credentials=APP_ONLY,
    interval_seconds=1.1,
    is_optional=True,
)
QUOTE_TWEETS = Endpoint(
    key="quote_tweets",
    path="/2/tweets/{id}/quote_tweets",
    min_page=10,
    max_page=100,
)
RETWEETED_BY = Endpoint(key="retweeted_by", path="/2/tweets/{id}/retweeted_by", min_page=1, max_page=100)
LIKING_USERS = Endpoint(
    key="liking_users", path="/2/tweets/{id}/liking_users", min_page=1, max_page=100, credentials=USER_ONLY
)
TWEETS = Endpoint(key="tweets", path="/2/tweets", max_ids=100)
USERS_BY = Endpoint(key="users/by", path="/2/users/by", max_ids=100)
USERS = Endpoint(key="users", path="/2/users", max_ids=100)
USERS_ME = Endpoint(key="users/me", path="/2/users/me", credentials=USER_ONLY)
COUNTS_RECENT = Endpoint(
    key="counts/recent",
    path="/2/tweets/counts/recent",
    # Only the newer spec lets a user ask.
    credentials=frozenset({CredentialKind.BEARER, CredentialKind.OAUTH2_USER}),
)
COUNTS_ALL = Endpoint(key="counts/all", path="/2/tweets/counts/all", credentials=APP_ONLY, is_optional=True)
USER_POSTS = Endpoint(key="users/tweets", path="/2/users/{id}/tweets", min_page=5, max_page=100)
USER_MENTIONS = Endpoint(key="users/mentions", path="/2/users/{id}/mentions", min_page=5, max_page=100)
USAGE_TWEETS = Endpoint(key="usage/tweets", path="/2/usage/tweets", credentials=APP_ONLY)
# No price is published for these, nor for media.
COMPLIANCE_JOBS = Endpoint(key="compliance/jobs", path="/2/compliance/jobs", credentials=APP_ONLY, is_optional=True)
COMPLIANCE_JOB = Endpoint(key="compliance/job", path="/2/compliance/jobs/{id}", credentials=APP_ONLY, is_optional=True)
MEDIA = Endpoint(key="media", path="/2/media", max_ids=100)

# The streams: to connect costs nothing, what comes does.
ACTIVITY_STREAM = Endpoint(key="activity/stream", path="/2/activity/stream", credentials=APP_ONLY, is_optional=True)
SUBSCRIPTIONS = Endpoint(
    key="activity/subscriptions",
    path="/2/activity/subscriptions",
    min_page=1,
    max_page=1000,
    is_optional=True,
)
FILTERED_STREAM = Endpoint(key="search/stream", path="/2/tweets/search/stream", credentials=APP_ONLY, is_optional=True)
STREAM_RULES = Endpoint(
    key="search/stream/rules",
    path="/2/tweets/search/stream/rules",
    max_ids=1000,
    min_page=1,
    max_page=1000,
    credentials=APP_ONLY,
    is_optional=True,
)

ENDPOINTS: dict[str, Endpoint] = {
    endpoint.key: endpoint
    for endpoint in (
        SEARCH_RECENT,
        SEARCH_ALL,
        QUOTE_TWEETS,
        RETWEETED_BY,
        LIKING_USERS,
        TWEETS,
        USERS_BY,
        USERS,
        USERS_ME,
        COUNTS_RECENT,
        COUNTS_ALL,
        USER_POSTS,
        USER_MENTIONS,
        USAGE_TWEETS,
        COMPLIANCE_JOBS,
        COMPLIANCE_JOB,
        MEDIA,
        ACTIVITY_STREAM,
        SUBSCRIPTIONS,
        FILTERED_STREAM,
        STREAM_RULES,
    )
}


def least_intervals_seconds() -> dict[str, float]:
    """The least time between two calls of an endpoint by a credential, for the endpoints that have one."""
    return {key: endpoint.interval_seconds for key, endpoint in ENDPOINTS.items() if endpoint.interval_seconds}


def check_keys(names: Iterable[str], setting: str) -> None:
    """Raise InputError, which names the setting and the endpoints there are, for a name of no endpoint."""
    for name in names:
        if name not in ENDPOINTS:
            raise InputError(f"{setting}: no endpoint is called {name!r}; there are {', '.join(ENDPOINTS)}")
