"""Reading a timeline of an account: its newest 3,200 posts, or the newest 800 that name it.

Pure: building a call sends nothing. Invariant: a read is told as owned only by who knows that the account is the one
that asks, and owns the app.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TypedDict

from shared.domain.models import Page
from shared.domain.money.prices import PriceKind
from shared.platforms.x import endpoints
from shared.platforms.x.call import Call, bounds, page_call
from shared.platforms.x.fields import Along


class TimelineSpan(TypedDict, total=False):
    """The span of a page of a timeline, and its size."""

    since_id: int | None
    until_id: int | None
    start_time: datetime | None
    end_time: datetime | None
    pagination_token: str | None
    max_results: int
    expand_authors: bool | None


def timeline(
    *,
    user_id: int,
    of_mentions: bool = False,
    is_owned: bool = False,
    since_id: int | None = None,
    until_id: int | None = None,
    start_time: datetime | None = None,
    end_time: datetime | None = None,
    pagination_token: str | None = None,
    max_results: int = 100,
    expand_authors: bool | None = True,
    along: Collection[Along] = (),
) -> Call[Page]:
    """One page, newest first, without reposts. is_owned: the account asks for its own, and owns the app.

    Raises InputError.
    """
    own = bounds(since_id, until_id, start_time, end_time) | {"pagination_token": pagination_token}
    return page_call(
        endpoints.USER_MENTIONS if of_mentions else endpoints.USER_POSTS,
        own if of_mentions else own | {"exclude": "retweets"},  # as the searches leave them out
        path_id=user_id,
        max_results=max_results,
        expand_authors=expand_authors,
        along=along,
        post_price=PriceKind.OWNED_POST if is_owned else PriceKind.POST,
    )
