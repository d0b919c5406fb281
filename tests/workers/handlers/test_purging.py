"""Purging on real servers and a real folder: texts within a day, files that no living post has, what a crash leaves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.domain.errors import StoreUnavailable
from shared.domain.jobs import PurgeGone, RefreshEngagement, RemoveMedia
from shared.domain.models import Media, MediaType, Page, Post, PostState
from shared.domain.snowflake import created_at
from shared.domain.states import By, Word
from shared.services.bootstrap import Services
from shared.services.storing import store_page
from tests.workers.world import ScriptedX, post, post_id, refusing
from workers.handlers.engagement import refresh_engagement
from workers.handlers.purging import purge_gone, remove_media

A, B, C = (post_id(seconds) for seconds in (600, 700, 800))
PATH = "ab/abc.jpg"


def _know(services: Services, id_: int, *keys: str) -> None:
    attachments = {"media_keys": list(keys)} if keys else {}
    made = Post(id=id_, text="secret", created_at=created_at(id_), author_id=7, attachments=attachments, raw={"a": 1})
    now = services.clock.now() - timedelta(minutes=1)
    services.stores.posts.upsert([made], source="search", now=now)
    services.stores.engagement.begin([made], now=now)
    services.stores.media.upsert([Media(key=key, type=MediaType.PHOTO) for key in keys], at=now)


def _file(services: Services, key: str, path: str = PATH) -> Path:
    """The medium has a file."""
    services.stores.media.mark_ok(key, path=path, byte_size=1, checksum="c", now=services.clock.now())
    file = Path(services.settings.media_path) / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"x")
    return file


def _bury(services: Services, *ids: int) -> None:
    now = services.clock.now()
    word = Word(PostState.DELETED, now, By.COMPLIANCE)
    services.stores.fates.bury(dict.fromkeys(ids, word), now=now, purge_after=timedelta(0))


def _posts(services: Services) -> dict[int, dict[str, Any]]:
    return {int(one["_id"]): one for one in services.stores.db["X_tweets"].find()}


def test_texts_and_files_go_and_counts_stay(services: Services) -> None:
    """The post keeps its id, author, time and fate; its mention its counts; its medium and file are no more."""
    _know(services, A, "3_1")
    file = _file(services, "3_1")
    mention = {"external_id": str(A), "platform": "x", "tenant_id": "default"}
    services.stores.db["mentions"].insert_one({**mention, "content": "secret", "author_handle": "a", "likes_count": 5})
    _bury(services, A)

    purge_gone(services, PurgeGone())
    waiting = services.stores.removals.waiting(limit=10)
    remove_media(services, RemoveMedia(media=tuple(waiting)))

    kept = _posts(services)[A]
    assert (kept["author_id"], kept["gone"]["reason"], "text" in kept, "raw" in kept) == ("7", "deleted", False, False)
    assert kept["gone"]["purged_at"] <= services.clock.now()
    left = services.stores.db["mentions"].find_one() or {}
    assert (left["content"], left["author_handle"], left["likes_count"]) == (None, None, 5)
    assert (waiting, file.exists(), services.stores.media.get("3_1")) == (["3_1"], False, None)


def test_a_file_that_another_medium_has_stays(services: Services) -> None:
    """The same content is stored once: it goes with the last medium that has it."""
    _know(services, A, "3_1")
    _know(services, B, "3_2")
    file = _file(services, "3_1")
    _file(services, "3_2")
    _bury(services, A)

    purge_gone(services, PurgeGone())
    remove_media(services, RemoveMedia(media=("3_1", "3_2")))

    assert file.exists()
    assert services.stores.media.get("3_1") is None
    assert services.stores.media.get("3_2") is not None


def test_a_crash_between_media_and_text_is_made_good(services: Services) -> None:
    """The post was not purged: the next job does both again, and the media are still marked."""
    _know(services, A, "3_1")
    _bury(services, A)

    with refusing(services, "X_tweets"), pytest.raises(StoreUnavailable):
        purge_gone(services, PurgeGone())
    assert "text" in _posts(services)[A]
    purge_gone(services, PurgeGone())

    assert "text" not in _posts(services)[A]
    assert services.stores.removals.waiting(limit=10) == ["3_1"]


def test_a_job_does_no_more_than_its_batches(services: Services) -> None:
    """What does not fit waits for the next job."""
    for one in (A, B, C):
        _know(services, one)
    _bury(services, A, B, C)

    left = []
    for _ in range(2):
        purge_gone(services, PurgeGone(), batch=1, batches=2)
        left.append(sum("text" in one for one in _posts(services).values()))

    assert left == [1, 0]


def test_a_look_up_purges_too_and_a_restored_post_is_whole_again(
    make_services: Callable[..., Services], x: ScriptedX
) -> None:
    """Gone by two words it is purged in its time; shown again, all that X says is there, and it is read on."""
    services = make_services(x.url, gone_confirm_seconds=1e-9, purge_after_seconds=0)
    _know(services, A)
    told = {"value": str(A), "resource_id": str(A), "parameter": "ids", "title": "Not Found Error"}
    x.script = lambda asked: (200, {"errors": [{**told, "type": "https://api.x.com/2/problems/resource-not-found"}]})
    for claim in ("c1", "c2"):
        _read(services, claim)
    purge_gone(services, PurgeGone())
    gone = _posts(services)[A]
    x.script = lambda asked: (200, {"data": [post(A, text="again")]})
    _read(services, "c3")

    assert (gone["gone"]["by"], "text" in gone) == ("lookup", False)
    back = _posts(services)[A]
    assert (back["text"], "gone" in back) == ("again", False)
    state = services.stores.engagement.get(A)
    assert state is not None
    assert (state.state, state.next_refresh_at is None) == (PostState.ALIVE, False)


def _read(services: Services, claim: str) -> None:
    services.stores.db["X_engagement"].update_one({"_id": str(A)}, {"$set": {"claim_id": claim}})
    refresh_engagement(services, RefreshEngagement(claim_id=claim, post_ids=(str(A),)))


def test_a_search_that_shows_a_post_again_has_it_followed_again(services: Services, x: ScriptedX) -> None:
    """It counts as alive and is due at once; one that X called gone only after that answer stays gone."""
    _know(services, A)
    _know(services, B)
    _bury(services, A)
    now = services.clock.now()
    word = Word(PostState.DELETED, now + timedelta(hours=1), By.EVENT)
    services.stores.fates.bury({B: word}, now=now, purge_after=timedelta(0))
    shown = tuple(Post(id=one, text="back", created_at=created_at(one)) for one in (A, B))

    store_page(services, Page(posts=shown), source="search", now=now + timedelta(seconds=1))

    states = {one: services.stores.engagement.get(one) for one in (A, B)}
    assert {one: state.state for one, state in states.items() if state} == {A: PostState.ALIVE, B: PostState.DELETED}
    assert [one for one, state in states.items() if state and state.next_refresh_at] == [A]
