"""What one read of X is as a value, and what pages and bounds of time have in common.

Pure: building a call sends nothing. Invariant: one Call is one HTTP request; a token of a page is passed on exactly as
X gave it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from shared.domain.errors import InputError
from shared.domain.models import CredentialKind, JsonObject, Page, RateHeaders
from shared.domain.money.prices import Amounts, PriceKind
from shared.platforms.x import fields, parser
from shared.platforms.x.endpoints import APP_ONLY, Endpoint
from shared.platforms.x.fields import Along, Dialect

T_co = TypeVar("T_co", covariant=True)

# A post refers to at most one post it answers and one it quotes, and a repost to one.
MAX_REFERENCES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[T_co]):
    """One read.

    objects: the most it may return in a dialect, included ones too. fee: what X bills for the answer itself. least: the
    same page of the smallest size; None where this is it, or where the call has no pages. post_price: what the posts
    asked for are bought as; included ones have the price of any post. body: what is posted; None for what is read.
    deletes: it is a DELETE. as_app: it is about the app, also where a user may ask.
    """

    endpoint: Endpoint
    path: str
    parameters: Callable[[Dialect], dict[str, str]]
    parse: Callable[[Any, RateHeaders], T_co]
    is_dialectal: bool = False
    objects: Callable[[Dialect], Amounts] = lambda dialect: Amounts()
    fee: Amounts = field(default_factory=Amounts)
    least: Call[T_co] | None = None
    post_price: PriceKind = PriceKind.POST
    body: JsonObject | None = None
    deletes: bool = False
    as_app: bool = False

    @property
    def credentials(self) -> frozenset[CredentialKind]:
        """The kinds it may be made with."""
        return self.endpoint.credentials & APP_ONLY if self.as_app else self.endpoint.credentials

    def most(self, dialect: Dialect) -> Amounts:
        """The most that the call may buy."""
        return self.objects(dialect) + self.fee


def page_call(
    endpoint: Endpoint,
    own: dict[str, str | None],
    *,
    max_results: int,
    expand_authors: bool | None,
    along: Collection[Along],
    path_id: int | None = None,
    post_price: PriceKind = PriceKind.POST,
) -> Call[Page]:
    """A call for one page of posts; `own` are its parameters beside size and fields. Raises InputError."""
    sized = own | {"max_results": str(endpoint.check_page_size(max_results))}
    given = {name: value for name, value in sized.items() if value is not None}
    least = None
    if max_results > endpoint.min_page:
        smallest = endpoint.min_page
        least = page_call(
            endpoint,
            own,
            max_results=smallest,
            expand_authors=expand_authors,
            along=along,
            path_id=path_id,
            post_price=post_price,
        )

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
        objects=lambda dialect: (
            Amounts({post_price: max_results})
            + objects(
                posts=max_results * MAX_REFERENCES if brings_references(dialect) else 0,
                users=max_results if expands(dialect) else 0,
            )
        ),
        least=least,
        post_price=post_price,
    )


def objects(*, posts: int = 0, users: int = 0) -> Amounts:
    """Amounts of what has an id."""
    return Amounts({PriceKind.POST: posts, PriceKind.USER: users})


def bounds(
    since_id: int | None, until_id: int | None, start_time: datetime | None, end_time: datetime | None
) -> dict[str, str | None]:
    """The parameters of a span; ids and times exclude each other. Raises InputError."""
    if (since_id is not None or until_id is not None) and (start_time is not None or end_time is not None):
        raise InputError("since_id and until_id cannot be combined with start_time and end_time")
    return {
        "since_id": None if since_id is None else str(since_id),
        "until_id": None if until_id is None else str(until_id),
        "start_time": timestamp(start_time),
        "end_time": timestamp(end_time),
    }


def timestamp(moment: datetime | None) -> str | None:
    """The time as X takes it: RFC 3339, whole seconds, UTC. Raises InputError for a time without a zone."""
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise InputError(f"{moment.isoformat()} has no time zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
