"""A post that X sends twice is a post: no wait, no gap, no second reading."""

from __future__ import annotations

from typing import Any

import pytest

from shared.domain.errors import PostsWithheld
from shared.domain.jobs import RefreshEngagement
from shared.services.bootstrap import Services
from tests.cases.pages import FIRST, LAST, ODD, body, searched, set_aside, went_on
from tests.workers.world import ScriptedX, open_sweep, post, read_to_end, state_of
from workers.handlers.engagement import refresh_engagement


@pytest.mark.parametrize(
    ("ids", "count"),
    [
        ((FIRST, FIRST, LAST), 3),
        ((FIRST, LAST, FIRST), 3),
        ((FIRST, FIRST, FIRST, FIRST), 4),
        ((FIRST, LAST, FIRST, LAST), 4),
        ((FIRST, FIRST, LAST), 2),
    ],
    ids=["next to each other", "apart", "four times", "two of them", "X counts posts"],
)
def test_a_page_with_a_post_twice_is_whole(services: Services, x: ScriptedX, ids: tuple[int, ...], count: int) -> None:
    """However X counts them, everything it announced came: the sweep ends at once."""
    sweep = searched(services, x, body(*map(post, ids), count=count))

    assert went_on(services, sweep, *ids)
    assert (len(x.asked), sweep.posts_new, set_aside(services)) == (1, len(set(ids)), [])


def test_a_post_on_two_pages_is_stored_once(services: Services, x: ScriptedX) -> None:
    """A new post shifts the pages while they are read: the last of one is the first of the next."""
    first = body(post(FIRST), post(ODD)) | {"meta": {"result_count": 2, "next_token": "t"}}
    x.script = lambda asked: (200, body(post(ODD), post(LAST)) if "next_token" in asked.params else first)
    sweep = open_sweep(services)
    read_to_end(services, sweep.id)

    assert went_on(services, state_of(services, sweep.id), FIRST, ODD, LAST)
    assert services.stores.db["X_engagement_history"].count_documents({}) == 3


def test_what_came_along_may_be_there_twice_too(services: Services, x: ScriptedX) -> None:
    """Accounts, media and included posts are kept once each."""
    user: dict[str, Any] = {"id": "7", "username": "alice", "name": "A"}
    medium = {"media_key": "3_1", "type": "photo"}
    includes = {"users": [user, user], "media": [medium, medium], "tweets": [post(ODD), post(ODD)]}
    sweep = searched(services, x, body(post(FIRST), includes=includes))

    assert went_on(services, sweep, FIRST, ODD)
    assert [services.stores.db[name].count_documents({}) for name in ("X_users", "X_media", "X_tweets")] == [1, 1, 2]


def test_a_look_up_with_a_post_twice_is_one_reading(services: Services, x: ScriptedX) -> None:
    """Its counts make one snapshot of the claim."""
    searched(services, x, body(post(FIRST)))
    x.script = lambda asked: (200, {"data": [post(FIRST, public_metrics={"like_count": n}) for n in (9, 9)]})
    services.stores.db["X_engagement"].update_many({}, {"$set": {"claim_id": "c"}})

    refresh_engagement(services, RefreshEngagement(claim_id="c", post_ids=(str(FIRST),)))

    assert services.stores.db["X_engagement_history"].count_documents({"_id": f"{FIRST}:c"}) == 1


def test_a_post_that_is_held_back_behind_a_double_is_still_missed(services: Services, x: ScriptedX) -> None:
    """Four announced, three sent, one of them twice: one is missing, and the page is worth asking for again."""
    with pytest.raises(PostsWithheld, match="kept back 1 posts"):
        searched(services, x, body(post(FIRST), post(FIRST), post(LAST), count=4))
