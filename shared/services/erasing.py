"""Erasing a person or a post on request: blocked, followed no longer, deleted everywhere, with a receipt.

Idempotent: what a crash leaves is deleted when it is asked for again, and by the worker that deletes once more what a
page brought back meanwhile. Text of others stays, reposts excepted: they are the same words.
"""

from __future__ import annotations

from collections import Counter

from shared.domain.erasing import Erased, Subject
from shared.services.bootstrap import Services
from shared.stores.database import Document, ServerClock

_BATCH = 500


def erase(services: Services, subject: Subject) -> Document:
    """Do it; answers the receipt: `_id`, `kind`, `at`, `ended_at`, `deleted` (documents by collection)."""
    now = ServerClock(services.stores.db).now()
    receipt_id = services.stores.erasures.begin(subject, now=now)
    _unfollow(services, subject)
    deleted = _delete(services, subject)
    return services.stores.erasures.note(receipt_id, deleted, now=now)


def erase_again(services: Services) -> None:
    """Delete what came back while processes did not know of a block yet; the receipt forgets whom it is about."""
    now = ServerClock(services.stores.db).now()
    for receipt_id, subject in services.stores.erasures.due(now=now).items():
        _unfollow(services, subject)
        services.stores.erasures.note(receipt_id, _delete(services, subject), now=now, is_last=True)


def _unfollow(services: Services, subject: Subject) -> None:
    """No source asks for the account any more."""
    if subject.kind is not Erased.USER or not subject.usernames:
        return
    now, stores = ServerClock(services.stores.db).now(), services.stores
    for name in stores.handles.names(subject.usernames).values():
        for source in name.sources:
            stores.sources.take_accounts(source, subject.usernames, now=now)
    services.following.unfollow(subject.usernames, now=now)


def _delete(services: Services, subject: Subject) -> Counter[str]:
    erasures, deleted = services.stores.erasures, Counter[str]()
    while posts := erasures.posts_of(subject, limit=_BATCH):
        posts += erasures.reposts_of([one["_id"] for one in posts])
        media = services.stores.fates.media_only_of(posts)
        services.stores.removals.mark(media, now=services.clock.now())
        deleted["X_media"] += len(media)
        deleted += erasures.delete_posts([one["_id"] for one in posts])
    return deleted + erasures.delete_person(subject) if subject.kind is Erased.USER else deleted
