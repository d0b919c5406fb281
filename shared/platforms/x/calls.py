"""Every read of X as a value: which endpoint, which parameters in which dialect, how the answer is read.

Pure: building a call sends nothing. Arguments are checked here, so that what X would refuse costs no call; what a call
is, is in `call`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TypedDict

from shared.domain.errors import InputError
from shared.domain.models import Page, Usage, UserLookup
from shared.platforms.x import endpoints, fields, parser
from shared.platforms.x.addresses import username_of
from shared.platforms.x.call import Call, bounds, objects, page_call
from shared.platforms.x.endpoints import Endpoint
from shared.platforms.x.fields import Along


class SearchSpan(TypedDict, total=False):
    """The span of a page of a search, and its size."""

    since_id: int | None
    until_id: int | None
    start_time: datetime | None
    end_time: datetime | None
    next_token: str | None
    max_results: int | None
    expand_authors: bool | None


def search(
    *,
    query: str,
    of_archive: bool = False,
    since_id: int | None = None,
    until_id: int | None = None,
    start_time: datetime | None = None,
    end_time: datetime | None = None,
    next_token: str | None = None,
    max_results: int | None = None,
    expand_authors: bool | None = True,
    along: Collection[Along] = (),
) -> Call[Page]:
    """One page of a search over the last seven days, or of everything since 2006, newest first.

    Ids and times exclude each other. Every page of one search repeats all but `next_token`, and may be of another size;
    without one it is the greatest. A search of the archive must say where it begins: X would go back 30 days, and not
    say so. expand_authors: also where it is None, but then only in the dialect that does not tell who wrote a post in
    any other way. along: what else comes with the posts. Raises InputError.
    """
    endpoint = endpoints.SEARCH_ALL if of_archive else endpoints.SEARCH_RECENT
    if of_archive and since_id is None and start_time is None:
        raise InputError(f"{endpoint.key}: neither since_id nor start_time is given; X would read 30 days")
    own = {"query": query, "sort_order": "recency", "next_token": next_token}
    return page_call(
        endpoint,
        own | bounds(since_id, until_id, start_time, end_time),
        max_results=endpoint.max_page if max_results is None else max_results,
        expand_authors=expand_authors,
        along=along,
    )


def quote_tweets(
    *,
    post_id: int,
    pagination_token: str | None = None,
    max_results: int = 100,
    expand_authors: bool | None = True,
    along: Collection[Along] = (),
) -> Call[Page]:
    """One page of the quotes of a post, newest first. Raises InputError."""
    return page_call(
        endpoints.QUOTE_TWEETS,
        {"pagination_token": pagination_token},
        path_id=post_id,
        max_results=max_results,
        expand_authors=expand_authors,
        along=along,
    )


def lookup_posts(*, post_ids: Sequence[int], expand_authors: bool = False, along: Collection[Along] = ()) -> Call[Page]:
    """Up to 100 posts by id, with the state of each. References are known already and not asked for again."""
    also = set(along) - {Along.REFERENCED_POSTS}
    endpoint, asked = endpoints.TWEETS, tuple(dict.fromkeys(post_ids))
    endpoint.check_count(len(asked))
    wanted = ",".join(map(str, asked))
    return Call(
        endpoint=endpoint,
        path=endpoint.path,
        parameters=lambda dialect: (
            {"ids": wanted}
            | fields.post_parameters(dialect, expand_authors=expand_authors, references=False, along=also)
        ),
        parse=lambda body, rate: parser.parse_lookup(endpoint.key, body, asked, rate),
        is_dialectal=True,
        objects=lambda dialect: objects(posts=len(asked), users=len(asked) if expand_authors else 0),
    )


def users_by(*, usernames: Sequence[str]) -> Call[UserLookup]:
    """Up to 100 accounts by username. Raises InputError that names a bad one."""
    distinct = {name.lower(): name for name in map(username_of, usernames)}
    return _users(endpoints.USERS_BY, "usernames", tuple(distinct.values()))


def users(*, user_ids: Sequence[int]) -> Call[UserLookup]:
    """Up to 100 accounts by id. Raises InputError."""
    return _users(endpoints.USERS, "ids", tuple(str(user_id) for user_id in dict.fromkeys(user_ids)))


def me() -> Call[UserLookup]:
    """The account that the credential speaks for."""
    endpoint = endpoints.USERS_ME
    return Call(
        endpoint=endpoint,
        path=endpoint.path,
        parameters=lambda dialect: fields.user_parameters(),
        parse=lambda body, rate: parser.parse_user(endpoint.key, body, rate),
        objects=lambda dialect: objects(users=1),
    )


def lookup_media(*, keys: Sequence[str]) -> Call[Page]:
    """Up to 100 media by key, for their present addresses. Raises InputError."""
    endpoint, asked = endpoints.MEDIA, tuple(dict.fromkeys(keys))
    endpoint.check_count(len(asked))
    return Call(
        endpoint=endpoint,
        path=endpoint.path,
        parameters=lambda dialect: {"media_keys": ",".join(asked)} | fields.media_parameters(),
        parse=lambda body, rate: parser.parse_media(endpoint.key, body, rate),
    )


def usage(*, days: int = 7) -> Call[Usage]:
    """Posts that X counted for the project over the last 1 to 90 days. Raises InputError."""
    if not 1 <= days <= 90:
        raise InputError(f"usage/tweets: days is {days}, not 1..90")
    endpoint = endpoints.USAGE_TWEETS
    return Call(
        endpoint=endpoint,
        path=endpoint.path,
        parameters=lambda dialect: {"days": str(days)} | fields.usage_parameters(),
        parse=lambda body, rate: parser.parse_usage(endpoint.key, body, rate),
    )


def _users(endpoint: Endpoint, parameter: str, asked: tuple[str, ...]) -> Call[UserLookup]:
    endpoint.check_count(len(asked))
    return Call(
        endpoint=endpoint,
        path=endpoint.path,
        parameters=lambda dialect: {parameter: ",".join(asked)} | fields.user_parameters(),
        parse=lambda body, rate: parser.parse_users(endpoint.key, body, asked, rate),
        objects=lambda dialect: objects(users=len(asked)),
    )
