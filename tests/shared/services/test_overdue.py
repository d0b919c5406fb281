"""What is not purged in time, on a real MongoDB."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from shared.domain.erasing import Erased, Subject
from shared.domain.models import Media, MediaType, Post, PostState
from shared.domain.states import By, Word
from shared.services.bootstrap import Services
from shared.services.overdue import overdue_purges
from tests.workers.world import post_id

HOUR, POST = timedelta(hours=1), post_id(600)


def test_a_day_after_it_was_told_what_is_gone_is_overdue(make_services: Callable[..., Services]) -> None:
    """A post, however soon it was to be purged; a file whose turn came then; an erasure that did not end."""
    services = make_services("http://127.0.0.1:9", purge_after_seconds=12 * 3600.0)
    stores, told_at = services.stores, services.clock.now()
    stores.posts.upsert([Post(id=POST, text="secret", created_at=told_at - HOUR)], source="search", now=told_at)
    stores.media.upsert([Media(key="3_1", type=MediaType.PHOTO)], at=told_at)
    word = Word(PostState.DELETED, services.clock.now(), By.COMPLIANCE)
    stores.fates.bury({POST: word}, now=told_at, purge_after=12 * HOUR)
    stores.removals.mark(["3_1"], now=told_at + 12 * HOUR)
    stores.removals.mark(["3_1"], now=told_at + 20 * HOUR)  # marked already
    stores.erasures.begin(Subject(Erased.USER, 7, ("a",)), now=told_at)

    def at(hours: float) -> dict[str, int]:
        return overdue_purges(services, told_at + hours * HOUR)

    assert at(23.9) == {"posts": 0, "accounts": 0, "files": 0, "erasures": 0}
    assert at(24.2) == {"posts": 1, "accounts": 0, "files": 1, "erasures": 1}
    stores.removals.forget("3_1")
    stores.fates.purge(stores.fates.to_purge(now=told_at + 25 * HOUR, limit=9), now=told_at + 25 * HOUR)
    assert at(99) == {"posts": 0, "accounts": 0, "files": 0, "erasures": 1}


def test_no_document_is_read_to_count_those_that_do_not_wait(services: Services) -> None:
    """Of 100 files, two of which are marked, only these are looked at."""
    now, media = services.clock.now(), services.stores.db["X_media"]
    services.stores.media.upsert([Media(key=f"3_{n}", type=MediaType.PHOTO) for n in range(100)], at=now)
    services.stores.removals.mark(["3_1", "3_2"], now=now)

    plan = media.find({"download.marked_at": {"$lte": now + HOUR}}).explain()

    assert plan["executionStats"]["totalDocsExamined"] == 2
