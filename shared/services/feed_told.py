"""Events of the feed as consumers are told them: each with what it is about as that stands now.

What is told of a post is read where it stands: of one that is gone and purged there is no text any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from shared.domain.feed import EventType, Numbered
from shared.domain.mentions import mention_id
from shared.domain.sources import X
from shared.stores.bundle import Stores

_OF_POSTS: Final = frozenset({EventType.POST_CREATED, EventType.POST_EDITED})
# Of a mention, what a consumer is told.
SHOWN: Final = (
    *("tenant_id", "source_id", "sources", "platform", "external_id", "url", "content", "author_id", "author_name"),
    *("author_handle", "author_followers", "author_verified", "published_at", "likes_count", "comments_count"),
    *("shares_count", "media_type", "media_urls", "location", "language", "status", "created_at", "updated_at"),
)


def told(stores: Stores, tenant: str, found: Sequence[Numbered]) -> list[dict[str, Any]]:
    """Events with id, cursor, type, timestamp and data, as plain values. One round trip at most."""
    wanted = [mention_id(tenant, X, one.event.subject) for one in found if one.event.type in _OF_POSTS]
    mentions = stores.mentions.by_id(wanted) if wanted else {}
    return [_row(tenant, one, mentions) for one in found]


def _row(tenant: str, one: Numbered, mentions: dict[str, dict[str, Any]]) -> dict[str, Any]:
    event = one.event
    data: dict[str, Any] = {"id": event.subject, **event.data}
    if event.type in _OF_POSTS:
        mention = mentions.get(mention_id(tenant, X, event.subject))
        data["mention"] = None if mention is None else {"id": mention["_id"], **_shown(mention)}
    return {"id": event.id, "cursor": str(one.number), "type": event.type.value, "timestamp": event.at, "data": data}


def _shown(mention: dict[str, Any]) -> dict[str, Any]:
    return {name: mention.get(name) for name in SHOWN}
