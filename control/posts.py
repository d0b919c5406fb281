"""A post of a tenant: as it is stored, how its counts grew, when it is read next, and what is around it. Reads only.

A post is a tenant's where a mention of that tenant exists for it; what others collected around it is not told. Money is
in US dollars.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from control import curves, showing, threads
from control.exporting_fields import KINDS, chosen, mapper
from control.planned import of_post
from shared.domain.engagement.refresh import tracked
from shared.domain.models import ReferenceType
from shared.domain.money.prices import MICRO, PriceKind
from shared.domain.planning.posts import hours
from shared.domain.states import stored_state
from shared.services.bootstrap import Services
from shared.stores.bundle import Stores
from shared.stores.curves import Span
from shared.stores.database import Document
from shared.stores.paging import Key
from shared.stores.shown import ShownStore

READINGS: Final = 2_000  # of a series, at most: thinning leaves far fewer
AROUND: Final = 1_000  # quotes and replies that are counted, at most
_MEDIA = mapper(chosen(KINDS["media"], None))
_COUNTS = mapper([field for field in KINDS["posts"].fields if field.path.startswith("public_metrics.")])


def is_of(stores: Stores, tenant: str, post_id: int) -> bool:
    """Whether a post is a tenant's."""
    return bool(stores.mentions.among(tenant, [str(post_id)]))


def shown(services: Services, tenant: str, post_id: int) -> dict[str, Any]:
    """A tenant's post with its series: what `covey show` tells, each reading whole, and when it is read next.

    quotes_stored, replies_stored: the tenant's own, up to `AROUND`; where that is reached nobody knows how many are
    missing. Raises InputError where it is not stored.
    """
    stores, now = services.stores, services.ledger.now()
    found = showing.described(stores, post_id, now=now)
    page = curves.readings(stores, curves.Subject((post_id,)), Span(), after=None, limit=READINGS)
    around = {
        name: _around(stores, tenant, post_id, kind, found["counts"].get(counted))
        for name, kind, counted in (
            ("quotes", ReferenceType.QUOTED, "quote_count"),
            ("replies", ReferenceType.REPLIED_TO, "reply_count"),
        )
    }
    return {
        **found,
        "counts": _COUNTS({"public_metrics": found["counts"]}),
        "curve": [curves.ROW(one) for one in page.snapshots],
        "is_curve_cut": page.after is not None,
        "around": around,
        "media": [_MEDIA(one) for one in found["media"]],
        "next": preview(services, post_id),
    }


def preview(services: Services, post_id: int) -> dict[str, Any]:
    """When and why a post is read next and what that costs, as `covey explain` tells it; refresh_usd: what it costs to
    read it now.
    """
    state = services.stores.engagement.get(post_id)
    if state is None:
        why = "its engagement is not followed; a refresh reads it once"
        return {"id": str(post_id), "is_followed": False, "why": why, "refresh_usd": _price(services)}
    is_free = tracked(state).is_owned(hours(services.ledger.now()))
    return {
        **of_post(services, post_id),
        "is_followed": True,
        "refresh_usd": 0.0 if is_free else _price(services),
    }


def thread(stores: Stores, tenant: str, post_id: int, *, limit: int) -> tuple[list[dict[str, Any]], bool]:
    """The tenant's posts of the conversation around one, as a tree in reading order, and whether there are more than
    that. Raises InputError where the post is not stored.
    """
    found = [threads.row(one) for one in threads.thread(stores, post_id, tenant=tenant)]
    return found[:limit], len(found) > limit


def quotes(
    stores: Stores, tenant: str, post_id: int, *, start: Key | None, limit: int
) -> tuple[list[dict[str, Any]], Key | None]:
    """The tenant's quotes of a post, the newest first, and the key that the next page begins after; None: the end.

    A page that has quotes of others in it has fewer rows.
    """
    found = ShownStore(stores.db).quoting(post_id, start=start, limit=limit + 1)
    page = found[:limit]
    own = stores.mentions.among(tenant, [one["_id"] for one in page])
    last = (page[-1]["created_at"], page[-1]["_id"]) if len(found) > limit else None
    return rows(stores, [one for one in page if one["_id"] in own]), last


def media(stores: Stores, post_id: int) -> list[dict[str, Any]]:
    """The photos, videos and gifs of a post, and what became of their files."""
    document = stores.posts.get(post_id) or {}
    keys = document.get("attachments", {}).get("media_keys", [])
    return [_MEDIA(one) for one in ShownStore(stores.db).media(keys)]


def rows(stores: Stores, documents: Sequence[Document]) -> list[dict[str, Any]]:
    """Posts as rows of a list."""
    names = stores.users.names({int(one["author_id"]) for one in documents if one.get("author_id")})
    return [_row(one, names) for one in documents]


def _row(document: Document, names: dict[int, str]) -> dict[str, Any]:
    author_id: str | None = document.get("author_id")
    return {
        "id": document["_id"],
        "author": names.get(int(author_id)) if author_id else None,
        "author_id": author_id,
        "created_at": document["created_at"],
        "text": document.get("text", ""),
        "language": document.get("lang"),
        "counts": _COUNTS(document),
        "state": stored_state(document).value,
    }


def _around(
    stores: Stores, tenant: str, post_id: int, kind: ReferenceType, counted: int | None
) -> dict[str, int | bool | None]:
    """How many of the tenant's posts refer to it in that way; missing: those that X counts and are not stored."""
    found = ShownStore(stores.db).referring_ids(post_id, kind, limit=AROUND + 1)
    stored, is_capped = len(stores.mentions.among(tenant, found[:AROUND])), len(found) > AROUND
    lacking = None if is_capped else showing.missing(counted, stored)
    return {"stored": stored, "is_capped": is_capped, "counted": counted, "missing": lacking}


def _price(services: Services) -> float:
    return services.ledger.prices.micro[PriceKind.POST] / MICRO
