"""A few posts that are made up and say so, for whoever develops against the API. Never read again, never paid for."""

from __future__ import annotations

from typing import Final

from control.trail import Origin, recorded
from shared.domain import snowflake
from shared.domain.attribution import Concern, Why
from shared.domain.counts import PostMetrics
from shared.domain.mentions import Author, mentions_of
from shared.domain.models import Page, Post
from shared.services.bootstrap import Services
from shared.stores.database import ServerClock

MARK: Final = "[mock data]"
SOURCE: Final = "mock"
AUTHOR: Final = 1  # no account of X has this id
TEXTS: Final = ("Hello from nowhere.", "Water levels are rising.", "What a launch!", "Is this thing on?", "Good night.")


def store(services: Services, origin: Origin) -> list[str]:
    """Store them for the actor's tenant, as made now; answers their ids."""
    tenant, now = origin.actor.tenant, ServerClock(services.stores.db).now()
    first = snowflake.first_id_at(now)
    posts = tuple(
        Post(
            id=first + number,
            text=f"{MARK} {text}",
            created_at=now,
            author_id=AUTHOR,
            lang="en",
            metrics=PostMetrics(like_count=number, reply_count=0, repost_count=0, quote_count=0),
        )
        for number, text in enumerate(TEXTS)
    )
    concerns = {post.id: [Concern(SOURCE, SOURCE, Why.TERM)] for post in posts}
    author = Author(handle="mock", name="Mock data", followers=0, is_verified=False, location=None)
    found = mentions_of(Page(posts=posts), concerns, tenants={SOURCE: tenant}, known={}, authors={AUTHOR: author})
    with recorded(services, origin, "sync.mock-data", SOURCE) as entry:
        services.stores.posts.upsert(posts, source=SOURCE, now=now)
        services.stores.mentions.put(found, now=now, at=now)
        entry.after = {"posts": len(posts)}
    return [str(post.id) for post in posts]
