"""The truth: complete, by any query, and quick."""

import json
import time

from simulator.api import Api
from simulator.config import Config
from simulator.truth import Truth
from tests.simulator.conftest import Server, TurnedClock


def test_the_truth_keeps_what_was_deleted(busy_server: Server) -> None:
    """Posts of every state are in the truth of a query, with the times at which they came and went."""
    records = busy_server.truth("posts", query="-from:nobody")["posts"]

    gone = [record for record in records if record["deleted_at"] is not None]
    assert gone
    for record in gone:
        assert record["created_at"] <= record["unsearchable_at"] <= record["deleted_at"]
        assert record["state"] == "deleted"
    assert {"id", "author_id", "created_at", "deleted_at", "searchable_at"} <= set(records[0])


def test_intervals_and_single_posts_agree(busy_server: Server) -> None:
    """An interval holds exactly the posts created in it; a post's own page agrees with the lookup."""
    everything = busy_server.truth("posts")["posts"]
    since, until = everything[200]["created_at"], everything[100]["created_at"]

    part = busy_server.truth("posts", since=since, until=until)["posts"]
    wanted = [record["id"] for record in everything if since <= record["created_at"] < until]
    one = busy_server.truth(f"posts/{part[0]['id']}")
    quotes = busy_server.truth(f"quotes/{part[0]['id']}")

    assert [record["id"] for record in part] == wanted
    assert one["metrics"]["quote_count"] == len(one["quotes"])
    assert quotes["count"] >= len(one["quotes"])


def test_counts_are_told_for_many_posts_at_once(busy_server: Server) -> None:
    """As each post's own page has them; an id that nobody wrote is left out."""
    ids = [record["id"] for record in busy_server.truth("posts")["posts"][-20:]]

    told = busy_server.truth("metrics", post_ids=",".join([*ids, "5"]))["metrics"]

    assert set(told) == set(ids)
    assert told[ids[0]]["like_count"] <= busy_server.truth(f"posts/{ids[0]}")["metrics"]["like_count"]
    assert set(told[ids[0]]) == set(busy_server.truth(f"posts/{ids[0]}")["metrics"])


def test_the_truth_is_quick(busy_server: Server) -> None:
    """A query over ten thousand posts is answered well within a second."""
    began = time.monotonic()

    body = busy_server.truth("posts", query="has:media OR lang:en")

    assert body["count"] > 1_000
    assert time.monotonic() - began < 2.0


def test_a_post_of_the_truth_has_its_place_and_poll(still_api: Api) -> None:
    """The page of a post names its place, its poll with the voters so far, and where it is withheld."""
    posts, now_ms = still_api.world.index.posts, still_api.world.now_ms
    asking = next(post for post in posts if post.poll is not None and post.poll.ends_ms < now_ms)
    there = next(post for post in posts if post.place is not None)
    held = next(post for post in posts if post.withheld_in)

    truth = Truth(still_api)
    pages = [
        json.loads(truth.answer("GET", f"/_sim/posts/{post.id}", "", b"", "http://sim").body)
        for post in (asking, there, held)
    ]

    assert (pages[0]["poll_id"], pages[0]["voters"]) == (str(asking.poll.id), asking.voters_at(asking.poll.ends_ms))
    assert pages[1]["place_id"] == there.place.id
    assert pages[2]["withheld_in"] == list(held.withheld_in)


def test_calls_are_counted_by_endpoint_and_status() -> None:
    """Every call to the API is in the record, refused ones too, and no token is."""
    api = Api(Config(accounts=2, history_hours=1, limits={"media": 1}), TurnedClock())
    asked = [("/2/media", "sim-a"), ("/2/media", "sim-a"), ("/2/tweets", "wrong"), ("/2/nothing", "sim-a")]
    for path, token in asked:
        api.answer("GET", path, "media_keys=3_1", f"Bearer {token}", "http://sim")

    calls = json.loads(Truth(api).answer("GET", "/_sim/calls", "", b"", "http://sim").body)

    assert calls == {
        "endpoints": {"media": {"200": 1, "429": 1}, "none": {"404": 1}, "tweets": {"401": 1}},
        "total": 4,
    }


def test_bad_questions_are_told_so(busy_server: Server) -> None:
    """A truth query that cannot be read is a 400 with one sentence; an unknown path a 404."""
    bad = busy_server.get("/_sim/posts", None, since="yesterday")

    assert bad.status_code == 400
    assert "yesterday" in bad.json()["error"]
    assert busy_server.get("/_sim/posts/1", None).status_code == 404
