"""Reading who reposted or liked a post. Pure: building a call sends nothing."""

from __future__ import annotations

from shared.domain.models import UserLookup
from shared.domain.reactions import Reaction
from shared.platforms.x import endpoints, fields, parser
from shared.platforms.x.call import Call, objects

_ENDPOINTS = {Reaction.REPOST: endpoints.RETWEETED_BY, Reaction.LIKE: endpoints.LIKING_USERS}


def who_reacted(
    *, kind: Reaction, post_id: int, pagination_token: str | None = None, max_results: int = 100
) -> Call[UserLookup]:
    """One page of the accounts that did so, the newest first; its `next_token` leads to the next. Raises InputError."""
    endpoint = _ENDPOINTS[kind]
    size = endpoint.check_page_size(max_results)
    given = {"max_results": str(size)} | ({"pagination_token": pagination_token} if pagination_token else {})
    return Call(
        endpoint=endpoint,
        path=endpoint.path.format(id=post_id),
        parameters=lambda dialect: given | fields.user_parameters(),
        parse=lambda body, rate: parser.parse_people(endpoint.key, body, rate),
        objects=lambda dialect: objects(users=size),
    )
