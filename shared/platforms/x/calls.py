"""Every read of X as a value: which endpoint, which parameters in which dialect, how the answer is read.

Pure: building a call sends nothing. Arguments are checked here, so that what X would refuse costs no call.
Invariant: one Call is one HTTP request; a token of a page is passed on exactly as X gave it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from shared.domain.errors import InputError
from shared.domain.models import Page, RateHeaders, Usage, UserLookup
from shared.domain.money.prices import Amounts, PriceKind
from shared.platforms.x import endpoints, fields, parser
from shared.platforms.x.addresses import username_of
from shared.platforms.x.endpoints import Endpoint
from shared.platforms.x.fields import Along, Dialect

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

# A post refers to at most one post it answers and one it quotes, and a repost to one.
MAX_REFERENCES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[T_co]):
    """One read.

    objects: the most it may return in a dialect, included ones too. fee: what X bills for the answer itself. least: the
    same page of the smallest size; None where this is it, or where the call has no pages.
    """

    endpoint: Endpoint
    path: str
    parameters: Callable[[Dialect], dict[str, str]]
    parse: Callable[[Any, RateHeaders], T_co]
    is_dialectal: bool = False
    objects: Callable[[Dialect], Amounts] = lambda dialect: Amounts()
    fee: Amounts = field(default_factory=Amounts)
    least: Call[T_co] | None = None

    def most(self, dialect: Dialect) -> Amounts:
        """The most that the call may buy."""
        return self.objects(dialect) + self.fee


def search_recent(
    *,
    query: str,
    since_id: int | None = None,
    until_id: int | None = None,
    start_time: datetime | None = None,
    end_time: datetime | None = None,
    next_token: str | None = None,
    max_results: int = 100,
    expand_authors: bool | None = True,
    along: Collection[Along] = (),
) -> Call[Page]:
    """One page of a search over the last seven days, newest first.

    Ids and times exclude each other. Every page of one search repeats all but `next_token`, and may be of another size.
    expand_authors: also where it is None, but then only in the dialect that does not tell who wrote a post in any other
    way. along: what else comes with the posts. Raises InputError.
    """
    own = {"query": query, "sort_order": "recency", "next_token": next_token}
    bounds = _bounds(since_id, until_id, start_time, end_time)
    given = own | bounds
    return _page(endpoints.SEARCH_RECENT, given, max_results=max_results, expand_authors=expand_authors, along=along)


def quote_tweets(
    *,
    post_id: int,
    pagination_token: str | None = None,
    max_results: int = 100,
    expand_authors: bool | None = True,
    along: Collection[Along] = (),
) -> Call[Page]:
    """One page of the quotes of a post, newest first. Raises InputError."""
    return _page(
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
        objects=lambda dialect: _objects(posts=len(asked), users=len(asked) if expand_authors else 0),
    )


def count_recent(*, query: str, start_time: datetime) -> Call[int]:
    """How many posts match a search from `start_time`, at most seven days ago, on. The answer has a price, posts none.

    Raises InputError.
    """
    endpoint = endpoints.COUNTS_RECENT
    given = {"query": query, "granularity": "day", "start_time": _timestamp(start_time) or ""}
    return Call(
        endpoint=endpoint,
        path=endpoint.path,
        parameters=lambda dialect: given,
        parse=lambda body, rate: parser.parse_count(endpoint.key, body, rate),
        fee=Amounts({PriceKind.COUNTS_REQUEST: 1}),
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
        objects=lambda dialect: _objects(users=1),
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


def _page(
    endpoint: Endpoint,
    own: dict[str, str | None],
    *,
    max_results: int,
    expand_authors: bool | None,
    along: Collection[Along],
    path_id: int | None = None,
) -> Call[Page]:
    sized = own | {"max_results": str(endpoint.check_page_size(max_results))}
    given = {name: value for name, value in sized.items() if value is not None}
    least = None
    if max_results > endpoint.min_page:
        smallest = endpoint.min_page
        least = _page(endpoint, own, max_results=smallest, expand_authors=expand_authors, along=along, path_id=path_id)

    def expands(dialect: Dialect) -> bool:
        return not fields.tells_author_ids(dialect) if expand_authors is None else expand_authors

    def brings_references(dialect: Dialect) -> bool:
        return dialect is Dialect.NEW or Along.REFERENCED_POSTS in along

    return Call(
        endpoint=endpoint,
        path=endpoint.path.format(id=path_id),
        parameters=lambda dialect: (
            given | fields.post_parameters(dialect, expand_authors=expands(dialect), references=True, along=along)
        ),
        parse=lambda body, rate: parser.parse_page(endpoint.key, body, rate),
        is_dialectal=True,
        objects=lambda dialect: _objects(
            posts=max_results * (1 + MAX_REFERENCES if brings_references(dialect) else 1),
            users=max_results if expands(dialect) else 0,
        ),
        least=least,
    )


def _users(endpoint: Endpoint, parameter: str, asked: tuple[str, ...]) -> Call[UserLookup]:
    endpoint.check_count(len(asked))
    return Call(
        endpoint=endpoint,
        path=endpoint.path,
        parameters=lambda dialect: {parameter: ",".join(asked)} | fields.user_parameters(),
        parse=lambda body, rate: parser.parse_users(endpoint.key, body, asked, rate),
        objects=lambda dialect: _objects(users=len(asked)),
    )


def _objects(*, posts: int = 0, users: int = 0) -> Amounts:
    return Amounts({PriceKind.POST: posts, PriceKind.USER: users})


def _bounds(
    since_id: int | None, until_id: int | None, start_time: datetime | None, end_time: datetime | None
) -> dict[str, str | None]:
    if (since_id is not None or until_id is not None) and (start_time is not None or end_time is not None):
        raise InputError("since_id and until_id cannot be combined with start_time and end_time")
    return {
        "since_id": None if since_id is None else str(since_id),
        "until_id": None if until_id is None else str(until_id),
        "start_time": _timestamp(start_time),
        "end_time": _timestamp(end_time),
    }


def _timestamp(moment: datetime | None) -> str | None:
    """The time as X takes it: RFC 3339, whole seconds, UTC. Raises InputError for a time without a zone."""
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise InputError(f"{moment.isoformat()} has no time zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
