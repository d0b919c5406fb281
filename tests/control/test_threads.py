"""The conversation around a post, on real servers."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from control import sources, threads
from shared.domain.counts import PostMetrics
from shared.domain.errors import InputError
from shared.domain.models import Post, Reference, ReferenceType, User
from shared.domain.sources import SourceKind
from shared.runtime.embedded import free_port
from shared.services.bootstrap import Services
from tests.control.whole import Covey, covey
from tests.workers.world import post_id

__all__ = ["covey"]
FIRST, SECOND, THIRD, STRANGE = (post_id(600 - 60 * number) for number in range(4))
LOST = post_id(700)


@pytest.fixture
def said(services: Services) -> Services:
    """Three posts that reply to one another, and one that replies to a post that is not stored."""
    now = services.clock.now()

    def of(id_: int, parent: int | None, author: int) -> Post:
        refs = (Reference(ReferenceType.REPLIED_TO, parent),) if parent else ()
        return Post(id=id_, text=f"say {id_}", author_id=author, created_at=now, conversation_id=FIRST, references=refs)

    posts = [of(FIRST, None, 1), of(SECOND, FIRST, 2), of(THIRD, SECOND, 1), of(STRANGE, LOST, 3)]
    services.stores.posts.upsert(posts, source="search", now=now)
    services.stores.users.upsert([User(id=1, username="alice"), User(id=2, username="bob")], now=now)
    return services


def test_a_conversation_is_a_tree_from_any_of_its_posts(said: Services) -> None:
    """Authors by name where they are known; a post that is not stored has its place."""
    told = [(one.id, one.depth, one.reply.author if one.reply else None) for one in threads.thread(said.stores, THIRD)]

    assert told == [
        (LOST, 0, None),
        (STRANGE, 1, "3"),
        (FIRST, 0, "alice"),
        (SECOND, 1, "bob"),
        (THIRD, 2, "alice"),
    ]
    with pytest.raises(InputError, match="is not stored: covey trace"):
        threads.thread(said.stores, LOST)


def test_replies_that_x_counts_and_that_are_not_stored_are_told(said: Services, covey: Covey) -> None:
    """Beside the post that they are missing from; nothing is bought for it."""
    counted = Post(id=FIRST, text="say", created_at=said.clock.now(), metrics=PostMetrics(reply_count=41))
    said.stores.posts.upsert([counted], source="search", now=said.clock.now())

    told = covey("thread", str(THIRD)).stdout
    rows = {row["id"]: row for row in json.loads(covey("thread", str(THIRD), "--json").stdout)["posts"]}

    assert "[40 replies not stored]" in told
    assert told.count("not stored]") == 1
    assert (rows[str(FIRST)]["replies"], rows[str(FIRST)]["replies_missing"]) == (41, 40)
    assert (rows[str(SECOND)]["replies"], rows[str(SECOND)]["replies_missing"]) == (None, 0)


def test_listening_to_it_makes_a_source_with_a_search(said: Services) -> None:
    """Once, however often; its query asks for the conversation."""
    ids = {threads.listen(said, SECOND, look_back_seconds=3600) for _ in range(2)}

    (source,) = said.stores.sources.all()
    (stream,) = said.stores.streams.active()
    assert ids == {source.id}
    assert (source.kind, source.conversation_id) == (SourceKind.CONVERSATION, FIRST)
    assert f"conversation_id:{FIRST}" in stream.query
    assert said.stores.streams.active()[0].began_at <= said.clock.now() - timedelta(seconds=3590)
    sources.remove(said, source.id)
    assert threads.listen(said, SECOND, look_back_seconds=0) == source.id
    assert said.stores.sources.get(source.id) == sources.get(said, source.id)


def test_the_command_prints_a_tree_and_json(said: Services, covey: Covey) -> None:
    """Indented by depth; a post that is no id is one line of an error."""
    told = covey("thread", str(FIRST))
    document = json.loads(covey("thread", str(SECOND), "--follow", "--json").stdout)

    assert f"  @bob {said.clock.now():%Y-%m-%d}" in told.stdout
    assert f"{LOST}: not stored" in told.stdout
    assert [one["depth"] for one in document["posts"]] == [0, 1, 0, 1, 2]
    assert document["source"] == f"thread-{FIRST}"
    assert covey("thread", "nonsense").status == 2
    assert "--since 2h goes with --follow" in covey("thread", str(FIRST), "--since", "2h").line


def test_showing_it_asks_no_redis(said: Services, covey: Covey) -> None:
    """MongoDB is enough; listening to it takes both, and nothing is half done."""
    away = f"redis://127.0.0.1:{free_port()}/0"

    assert f"{LOST}: not stored" in covey("thread", str(FIRST), REDIS_URL=away).stdout
    assert covey("thread", str(FIRST), "--follow", REDIS_URL=away).status == 1
    assert said.stores.sources.all() == []
