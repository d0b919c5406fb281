"""Owns the one table of endpoints: path, limit, parameters, handler.

It must not answer. Invariant: the name of each endpoint is a key of `simulator.limits.LIMITS`, and the
parameters are those of the published specs.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simulator.calls import Answer, Scheme
from simulator.dialect import OLD, Dialect
from simulator.endpoints import compliance, media, posts, rules, search, streams, usage, users
from simulator.endpoints.context import Context


@dataclass(frozen=True)
class Endpoint:
    """One endpoint: `name` is its rate window, `kind` says which field parameters it has.

    `schemes` are the kinds of credentials it takes; a user's OAuth 2.0 token needs the `scopes`. `archive`: a plan may
    lack it. `methods`: those of HTTP. `dialect`: the only one that it speaks.
    """

    name: str
    path: re.Pattern[str]
    kind: str
    parameters: tuple[str, ...]
    handler: Callable[[Context], Answer]
    schemes: tuple[Scheme, ...] = ("oauth1", "oauth2", "bearer")
    scopes: frozenset[str] = frozenset({"tweet.read", "users.read"})
    archive: bool = False
    methods: frozenset[str] = frozenset({"GET", "HEAD"})
    dialect: Dialect | None = None


_APP: tuple[Scheme, ...] = ("bearer",)
_GET = frozenset({"GET"})
_USERS_ONLY: tuple[Scheme, ...] = ("oauth1", "oauth2")
_LIKES = frozenset({"tweet.read", "users.read", "like.read"})
_TIMES = ("start_time", "end_time", "since_id", "until_id")
_SEARCH = ("query", *_TIMES, "max_results", "next_token", "pagination_token", "sort_order")
_PAGE = ("max_results", "pagination_token")
_RECOVERY = ("backfill_minutes", "start_time", "end_time")
_ID = r"(?P<id>[^/]+)"


def _endpoint(
    name: str,
    path: str,
    kind: str,
    parameters: tuple[str, ...],
    handler: Callable[[Context], Answer],
    **more: Any,
) -> Endpoint:
    return Endpoint(name, re.compile(f"/2/{path}\\Z"), kind, parameters, handler, **more)


ENDPOINTS = (
    _endpoint("search/recent", "tweets/search/recent", "posts", _SEARCH, search.search_recent),
    _endpoint(
        "search/all",
        "tweets/search/all",
        "posts",
        _SEARCH,
        search.search_all,
        schemes=("bearer",),
        archive=True,
    ),
    _endpoint(
        "counts/recent",
        "tweets/counts/recent",
        "counts",
        ("query", *_TIMES, "next_token", "pagination_token", "granularity"),
        search.counts_recent,
        schemes=("oauth2", "bearer"),
        scopes=frozenset(),
    ),
    _endpoint(
        "counts/all",
        "tweets/counts/all",
        "counts",
        ("query", *_TIMES, "next_token", "pagination_token", "granularity"),
        search.counts_all,
        schemes=("bearer",),
        archive=True,
    ),
    _endpoint("tweets", "tweets", "posts", ("ids",), posts.posts_by_ids),
    _endpoint("quote_tweets", f"tweets/{_ID}/quote_tweets", "posts", (*_PAGE, "exclude"), posts.quote_posts),
    _endpoint("retweets", f"tweets/{_ID}/retweets", "posts", _PAGE, posts.repost_posts),
    _endpoint("retweeted_by", f"tweets/{_ID}/retweeted_by", "users", _PAGE, posts.reposted_by),
    _endpoint(
        "liking_users",
        f"tweets/{_ID}/liking_users",
        "users",
        _PAGE,
        posts.liking_users,
        schemes=_USERS_ONLY,
        scopes=_LIKES,
    ),
    _endpoint("tweets", f"tweets/{_ID}", "posts", (), posts.post_by_id),
    _endpoint("users", "users", "users", ("ids",), users.users_by_ids),
    _endpoint("users/me", "users/me", "users", (), users.user_me, schemes=_USERS_ONLY),
    _endpoint("users/by", "users/by", "users", ("usernames",), users.users_by_usernames),
    _endpoint("users/by", "users/by/username/(?P<username>[^/]+)", "users", (), users.user_by_username),
    _endpoint("users/tweets", f"users/{_ID}/tweets", "posts", (*_TIMES, *_PAGE, "exclude"), users.user_posts),
    _endpoint("users/mentions", f"users/{_ID}/mentions", "posts", (*_TIMES, *_PAGE), users.user_mentions),
    _endpoint("users", f"users/{_ID}", "users", (), users.user_by_id),
    _endpoint(
        "compliance/jobs",
        "compliance/jobs",
        "compliance",
        ("type", "status"),
        compliance.compliance_jobs,
        schemes=("bearer",),
        methods=frozenset({"GET", "POST"}),
    ),
    _endpoint("compliance/job", f"compliance/jobs/{_ID}", "compliance", (), compliance.job_by_id, schemes=("bearer",)),
    _endpoint(
        "activity/stream", "activity/stream", "streams", _RECOVERY, streams.activity_stream, schemes=_APP, methods=_GET
    ),
    _endpoint(
        "activity/subscriptions",
        "activity/subscriptions",
        "streams",
        (*_PAGE, "ids"),
        streams.subscriptions,
        scopes=frozenset(),
        methods=frozenset({"GET", "POST", "DELETE"}),
    ),
    _endpoint(
        "activity/subscriptions",
        f"activity/subscriptions/{_ID}",
        "streams",
        (),
        streams.subscription_by_id,
        schemes=_APP,
        methods=frozenset({"DELETE"}),
    ),
    _endpoint(
        "search/stream",
        "tweets/search/stream",
        "posts",
        _RECOVERY,
        streams.filtered_stream,
        schemes=_APP,
        methods=_GET,
        dialect=OLD,  # the newer spec too gives it `tweet.fields`
    ),
    _endpoint(
        "search/stream/rules",
        "tweets/search/stream/rules",
        "streams",
        (*_PAGE, "ids", "dry_run"),
        rules.rules,
        schemes=_APP,
        methods=frozenset({"GET", "POST"}),
    ),
    _endpoint(
        "connections",
        "connections",
        "connections",
        (*_PAGE, "status", "endpoints"),
        streams.connections,
        schemes=_APP,
        methods=frozenset({"GET", "DELETE"}),
    ),
    _endpoint("usage/tweets", "usage/tweets", "usage", ("days",), usage.usage_posts, schemes=("bearer",)),
    _endpoint("media", "media", "media", ("media_keys",), media.media_by_keys, scopes=frozenset({"tweet.read"})),
)


def find_endpoint(path: str) -> tuple[Endpoint, dict[str, str]] | None:
    """Return the endpoint of a path and the values in the path, or None."""
    for endpoint in ENDPOINTS:
        found = endpoint.path.match(path)
        if found is not None:
            return endpoint, found.groupdict()
    return None
