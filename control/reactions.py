"""Who reposted or liked a post, asked of X because a person wants to know. Prints nothing; money is in US dollars."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shared.domain.models import User, WorkClass
from shared.domain.money.prices import MICRO, PriceKind
from shared.domain.reactions import Reaction, to_expect
from shared.platforms.x.endpoints import RETWEETED_BY
from shared.platforms.x.reactions import who_reacted
from shared.services.bootstrap import Services
from shared.services.intake import store_users
from shared.spending.attribution import gathered

_COUNTS = {Reaction.REPOST: "retweet_count", Reaction.LIKE: "like_count"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for. counted: by X, None where that is not known; accounts: that may come; usd: their price."""

    post_id: int
    kind: Reaction
    limit: int
    counted: int | None
    accounts: int
    usd: float


def planned(services: Services, post_id: int, kind: Reaction, *, limit: int) -> Asked:
    """What it would cost at most. Asks X nothing. Raises StoreUnavailable."""
    post = services.stores.posts.get(post_id) or {}
    counted = post.get("public_metrics", {}).get(_COUNTS[kind])
    accounts = to_expect(kind, counted, limit)
    return Asked(
        post_id, kind, limit, counted, accounts, accounts * services.ledger.prices.micro[PriceKind.USER] / MICRO
    )


def read(services: Services, asked: Asked, *, told: Callable[[int], None] = lambda count: None) -> dict[str, Any]:
    """Ask page by page until the list ends or the limit is reached; each page is stored before the next is asked for.

    told: hears how many accounts have come. What was read stays when an error ends it, and is free to read again that
    UTC day. Raises NotFound for a post that is gone, and what X or the limiter answers.
    """
    users: list[User] = []
    new, token = 0, None
    with gathered() as calls:
        while len(users) < asked.limit:
            size = min(RETWEETED_BY.max_page, asked.limit - len(users))
            call = who_reacted(kind=asked.kind, post_id=asked.post_id, pagination_token=token, max_results=size)
            answer = services.x.read(WorkClass.INTERACTIVE, call)
            now = services.clock.now()
            store_users(services, answer, now=now)
            shown = services.stores.erasures.blocked(now=now).users(answer.users)
            new += services.stores.reactions.note(asked.post_id, asked.kind, [user.id for user in shown], now=now)
            users += shown
            told(len(users))
            token = answer.next_token
            if token is None:
                break
    return {
        "post": str(asked.post_id),
        "kind": asked.kind.value,
        "counted": asked.counted,
        "new": new,
        "is_whole": token is None,
        "usd": sum(call.micro_usd for call in calls) / MICRO,
        "accounts": [{"id": str(user.id), "username": user.username, "name": user.name} for user in users],
    }
