"""Posts that come late into the search: where they are not yet, when they come, and what the truth says of it."""

import json
from typing import Any

import pytest

from simulator.api import Api
from simulator.clock import parse_iso_ms
from simulator.config import Config
from simulator.post import Post
from simulator.truth import Truth
from simulator.world import World
from tests.simulator.conftest import START_MS, TurnedClock
from tests.simulator.test_search import COUNTS, ask

LATE: dict[str, Any] = {"late_share": 0.2, "late_min_seconds": 60, "late_max_seconds": 600}


def _late_post(api: Api) -> Post:
    return next(post for post in reversed(api.world.index.posts) if post.late_ms > 100_000 and post.mentions)


def _seen(api: Api, post: Post) -> dict[str, bool]:
    """Where a post is to be seen: by search, by both timelines, among the quotes of another, by its id."""
    named, author = post.mentions[0].account, post.author
    asked: dict[str, tuple[str, dict[str, Any]]] = {
        "search": ("/2/tweets/search/recent", {"query": f"from:{author.id}", "max_results": 100}),
        "archive": ("/2/tweets/search/all", {"query": f"from:{author.id}", "max_results": 500}),
        "posts": (f"/2/users/{author.id}/tweets", {"max_results": 100}),
        "mentions": (f"/2/users/{named.id}/mentions", {"max_results": 100}),
        "id": ("/2/tweets", {"ids": post.id}),
    }
    bodies = {name: ask(api, path, **params)[1] for name, (path, params) in asked.items()}
    return {name: str(post.id) in {one["id"] for one in body.get("data", [])} for name, body in bodies.items()}


def _count(api: Api, post: Post) -> int:
    return int(ask(api, COUNTS, query=f"from:{post.author.id}", granularity="day")[1]["meta"]["total_post_count"])


def test_a_late_post_is_seen_by_its_id_alone_until_its_time() -> None:
    """Search, counts and timelines do not have it; a look-up has it at once; then all have it."""
    clock = TurnedClock()
    config = Config(accounts=4, activity=8, history_hours=2, deleted_share=0, edited_share=0, **LATE)
    api = Api(config, clock)
    clock.turn(1_800)
    api.world.advance(clock.now_ms)
    post = _late_post(api)
    comes_ms = post.created_at_ms + 30_000 + post.late_ms
    api = Api(config, (clock := TurnedClock()))
    clock.now_ms = comes_ms - 1_000
    api.world.advance(clock.now_ms)
    post = api.world.index.by_id[post.id]

    before, counted = _seen(api, post), _count(api, post)
    clock.now_ms = comes_ms + 1_000
    after = _seen(api, post)

    assert before == {"search": False, "archive": False, "posts": False, "mentions": False, "id": True}
    assert set(after.values()) == {True}
    assert _count(api, post) > counted


def test_lateness_is_drawn_as_it_is_asked_for_and_leaves_the_posts_alone() -> None:
    """The share of late posts is the one asked for, log-uniform between the bounds; the posts are the same ones."""
    worlds = [World(Config(accounts=10, activity=8, history_hours=24, **late), START_MS) for late in ({}, LATE)]
    for world in worlds:
        world.advance(START_MS)
    plain, late = (world.index.posts for world in worlds)
    delays_ms = sorted(post.late_ms for post in late if post.late_ms)

    assert [(post.id, post.text) for post in plain] == [(post.id, post.text) for post in late]
    assert not any(post.late_ms for post in plain)
    assert len(late) > 2_000
    assert 0.17 < len(delays_ms) / len(late) < 0.23
    assert 60_000 <= delays_ms[0] <= delays_ms[-1] <= 600_000
    # Half of a log-uniform draw lies below the geometric mean of the bounds.
    assert 150_000 < delays_ms[len(delays_ms) // 2] < 240_000


def test_the_truth_says_when_each_came() -> None:
    """`searchable_at` is the creation, the lag of the search and how late it is; `late_seconds` that last part."""
    api = Api(Config(accounts=4, activity=4, history_hours=4, **LATE), TurnedClock())

    records = json.loads(Truth(api).answer("GET", "/_sim/posts", "", b"", "http://sim").body)["posts"]

    assert len({record["late_seconds"] > 0 for record in records}) == 2
    for record in records:
        gone_by_ms = parse_iso_ms(record["searchable_at"]) - parse_iso_ms(record["created_at"])
        assert gone_by_ms == 30_000 + round(record["late_seconds"] * 1000)


@pytest.mark.parametrize(
    "changes",
    [{"late_share": 1.5}, {"late_min_seconds": 0}, {"late_min_seconds": 60, "late_max_seconds": 59}],
)
def test_a_lateness_that_cannot_be_is_refused(changes: dict[str, float]) -> None:
    """The message names the value."""
    with pytest.raises(ValueError, match="late_"):
        Config(**changes)  # type: ignore[arg-type]
