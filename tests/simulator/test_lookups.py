"""Looking up posts and users, and the lists under them."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from simulator.api import Api
from simulator.post import Post
from tests.simulator.conftest import TurnedClock
from tests.simulator.test_search import ask


def _of_state(api: Api, state: str) -> Post:
    return next(post for post in api.world.index.posts if post.state == state)


def test_each_lost_post_has_its_own_error(api: Api, clock: TurnedClock) -> None:
    """Deleted, suspended and protected posts are three different partial errors; a living one is data."""
    clock.turn(3_600)
    ask(api, "/2/tweets", ids="1")
    posts = {state: _of_state(api, state) for state in ("live", "deleted", "suspended", "protected")}

    _, body = ask(api, "/2/tweets", ids=",".join(str(post.id) for post in posts.values()))
    errors = {int(error["resource_id"]): error for error in body["errors"]}

    assert [int(post["id"]) for post in body["data"]] == [posts["live"].id]
    assert errors[posts["deleted"].id]["title"] == "Not Found Error"
    assert errors[posts["deleted"].id]["type"].endswith("/resource-not-found")
    assert errors[posts["suspended"].id]["title"] == "Forbidden"
    assert errors[posts["suspended"].id]["type"].endswith("/resource-not-found")
    assert errors[posts["protected"].id]["type"].endswith("/not-authorized-for-resource")
    assert {error["parameter"] for error in body["errors"]} == {"ids"}


def test_no_data_key_when_every_id_is_missing(still_api: Api) -> None:
    """A lookup of ids that never were has errors and no data, also past 2**63."""
    status, body = ask(still_api, "/2/tweets", ids="1,2,9999999999999999999")

    assert status == 200
    assert "data" not in body
    assert [error["value"] for error in body["errors"]] == ["1", "2", "9999999999999999999"]


def test_a_missing_reference_is_an_error_about_the_reference(api: Api, clock: TurnedClock) -> None:
    """A quote of a deleted post is data; the deleted one is an error of its own parameter."""
    clock.turn(7_200)
    ask(api, "/2/tweets", ids="1")
    quotes = (post for post in api.world.index.posts if post.live and post.quote_of is not None)
    quote = next(post for post in quotes if post.quote_of is not None and post.quote_of.live)
    assert quote.quote_of is not None
    api.world.delete(quote.quote_of)

    _, old = ask(api, "/2/tweets", ids=quote.id, expansions="referenced_tweets.id")
    _, new = ask(api, "/2/tweets", ids=quote.id, expansions="referenced_posts")

    assert old["errors"][0]["parameter"] == "referenced_tweets.id"
    assert old["data"][0]["referenced_tweets"][0]["type"] == "quoted"
    assert new["errors"][0]["parameter"] == "referenced_posts"
    assert "includes" not in old


def test_quotes_of_a_post_are_paged_newest_first_and_counted(api: Api, clock: TurnedClock) -> None:
    """All pages of quote_tweets are the living quotes, and their number is the quote_count of the post."""
    clock.turn(3_600)
    ask(api, "/2/tweets", ids="1")
    most = max(api.world.index.posts, key=lambda post: post.quote_count if post.searchable else 0)
    found: list[int] = []
    token: dict[str, Any] = {}

    while True:
        _, body = ask(api, f"/2/tweets/{most.id}/quote_tweets", max_results=10, **token)
        found += [int(post["id"]) for post in body["data"]]
        if "next_token" not in body["meta"]:
            break
        token = {"pagination_token": body["meta"]["next_token"]}

    assert most.quote_count > 10
    assert found == sorted(set(found), reverse=True)
    assert len(found) == most.quote_count == most.metrics_at(clock.now_ms)["quote_count"]
    assert len(ask(api, query=f"quotes_of_tweet_id:{most.id}", max_results=100)[1]["data"]) <= len(found)


def test_an_edited_post_is_found_in_its_newest_version_only(api: Api, clock: TurnedClock) -> None:
    """A search finds the newest version; each version can be looked up and names the whole chain."""
    clock.turn(7_200)
    ask(api, "/2/tweets", ids="1")
    old = next(p for p in api.world.index.posts if p.successor is not None and p.successor.searchable)
    new = old.successor
    assert new is not None

    _, found = ask(api, query=f"from:{old.author.username}", since_id=old.id - 1, max_results=100)
    _, both = ask(api, "/2/tweets", ids=f"{old.id},{new.id}")

    ids = {post["id"] for post in found["data"]}
    assert str(old.id) not in ids
    assert {tuple(post["edit_history_post_ids"]) for post in both["data"]} == {tuple(map(str, new.chain))}


def test_only_what_was_asked_for_is_returned(still_api: Api) -> None:
    """Without fields a post has its three defaults; with an expansion also the field that it names."""
    post_id = next(post.id for post in still_api.world.index.posts if post.searchable)

    _, plain = ask(still_api, "/2/tweets", ids=post_id)
    _, expanded = ask(still_api, "/2/tweets", ids=post_id, expansions="author_id", **{"post.fields": "lang"})

    assert set(plain["data"][0]) == {"id", "text", "edit_history_post_ids"}
    assert set(expanded["data"][0]) == {"id", "text", "edit_history_post_ids", "lang", "author_id"}
    assert set(expanded["includes"]["users"][0]) == {"id", "name", "username"}


def test_users_are_found_by_any_case_and_by_id(still_api: Api) -> None:
    """A name in upper case finds its user; the suspended and the unknown are errors."""
    account = still_api.world.accounts.tracked[0]
    suspended = next(a for a in still_api.world.accounts.crowd if a.suspended_at_ms is not None)

    _, by_name = ask(still_api, "/2/users/by", usernames=f"{account.username.upper()},{suspended.username},nobody")
    _, by_id = ask(still_api, "/2/users", ids=account.id)

    assert by_name["data"][0]["id"] == by_id["data"][0]["id"] == str(account.id)
    assert [error["title"] for error in by_name["errors"]] == ["Forbidden", "Not Found Error"]
    assert {error["parameter"] for error in by_name["errors"]} == {"usernames"}


def test_timelines_hold_the_posts_of_the_user(still_api: Api) -> None:
    """A user's posts are all by them; mentions all name them; replies and reposts can be left out."""
    account = max(still_api.world.accounts.tracked, key=lambda found: found.posts_made)
    asked: dict[str, object] = {"max_results": 100, "tweet.fields": "author_id,entities,referenced_tweets"}

    _, posts = ask(still_api, f"/2/users/{account.id}/tweets", **asked, exclude="replies,retweets")
    _, mentions = ask(still_api, f"/2/users/{account.id}/mentions", **asked)

    assert {post["author_id"] for post in posts["data"]} == {str(account.id)}
    kinds = {ref["type"] for post in posts["data"] for ref in post.get("referenced_tweets", [])}
    assert kinds <= {"quoted"}
    for post in mentions["data"]:
        assert account.username in {mention["username"] for mention in post["entities"]["mentions"]}


def test_entities_cover_what_they_name(still_api: Api) -> None:
    """Every span of every post cuts exactly its mention, hashtag or link out of the text."""
    for post in still_api.world.index.posts:
        text = post.note_text or post.text
        for mention in post.mentions:
            assert text[mention.start : mention.end] == "@" + mention.account.username
        for tag in post.hashtags:
            assert text[tag.start : tag.end] == "#" + tag.value
        for url in post.urls:
            assert text[url.start : url.end] == url.url


def test_the_kind_of_token_matters(still_api: Api) -> None:
    """Likers need a user's token and usage an app's; the other kind is a 403 that says so."""
    post_id = still_api.world.index.posts[-1].id

    status, body = ask(still_api, f"/2/tweets/{post_id}/liking_users")
    usage = still_api.answer("GET", "/2/usage/tweets", "", "Bearer sim-user-a", "http://sim")

    assert status == 403
    assert body["title"] == "Unsupported Authentication"
    assert usage.status == 403


def test_places_and_polls_are_in_the_includes(still_api: Api) -> None:
    """A post with a place or a poll names its id, and the expansion brings the object with the fields asked for."""
    visible = [post for post in still_api.world.index.posts if post.searchable]
    there = next(post for post in visible if post.place is not None)
    asking = next(post for post in visible if post.poll is not None)
    assert there.place is not None
    assert asking.poll is not None

    fields = {"expansions": "geo.place_id,attachments.poll_ids", "place.fields": "country_code"}
    _, body = ask(still_api, "/2/tweets", ids=f"{there.id},{asking.id}", **fields, **{"poll.fields": "voting_status"})

    place, poll = body["includes"]["places"][0], body["includes"]["polls"][0]
    assert body["data"][0]["geo"]["place_id"] == place["id"] == there.place.id
    assert body["data"][1]["attachments"] == {"poll_ids": [poll["id"]]}
    assert (set(place), set(poll)) == ({"id", "full_name", "country_code"}, {"id", "options", "voting_status"})
    assert sum(option["votes"] for option in poll["options"]) <= asking.voters_at(still_api.world.now_ms)


def test_a_long_post_has_its_whole_text_with_entities(still_api: Api) -> None:
    """`note_tweet` is the whole text, its spans cut what they name out of it, and `text` is its beginning."""
    long = next(post for post in still_api.world.index.posts if post.note_text and post.mentions and post.live)

    _, body = ask(still_api, "/2/tweets", ids=long.id, **{"tweet.fields": "note_tweet"})

    (post,) = body["data"]
    whole = post["note_tweet"]["text"]
    assert len(whole) > 280 > len(post["text"]) - 1
    assert whole.startswith(post["text"].removesuffix("…"))
    for mention in post["note_tweet"]["entities"]["mentions"]:
        assert whole[mention["start"] : mention["end"]] == "@" + mention["username"]


def test_withheld_posts_say_where(still_api: Api) -> None:
    """A restricted post names the countries, and its scope in the word of the dialect."""
    held = next(post for post in still_api.world.index.posts if post.withheld_in and post.live)

    scopes = []
    for name in ("tweet.fields", "post.fields"):
        _, body = ask(still_api, "/2/tweets", ids=held.id, **{name: "withheld"})
        assert body["data"][0]["withheld"]["country_codes"] == list(held.withheld_in)
        scopes.append(body["data"][0]["withheld"]["scope"])

    assert scopes == ["tweet", "post"]


def _pages(api: Api, path: str, token: str, **params: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    page: dict[str, Any] = {}
    while True:
        answer = api.answer("GET", path, urlencode({**params, **page}), f"Bearer {token}", "http://sim")
        body = json.loads(answer.body)
        assert body["meta"]["result_count"] == len(body.get("data", []))
        found += body.get("data", [])
        if "next_token" not in body["meta"]:
            return found
        page = {"pagination_token": body["meta"]["next_token"]}


def test_who_reposted_and_the_reposts_fit_the_count(api: Api, clock: TurnedClock) -> None:
    """All pages of both lists are as long as the repost count, with the same people, each once, newest first."""
    clock.turn(3_600)
    ask(api, "/2/tweets", ids="1")
    most = max(api.world.index.posts, key=lambda post: post.retweet_count if post.searchable else 0)

    people = _pages(api, f"/2/tweets/{most.id}/retweeted_by", "sim-a", max_results=2)
    reposts = _pages(
        api, f"/2/tweets/{most.id}/retweets", "sim-a", max_results=2, **{"tweet.fields": "author_id,referenced_tweets"}
    )

    assert len(people) == len(reposts) == most.metrics_at(clock.now_ms)["retweet_count"] > 4
    assert [post["author_id"] for post in reposts] == [user["id"] for user in people]
    assert len({user["id"] for user in people}) == len(people)
    assert all(post["referenced_tweets"] == [{"type": "retweeted", "id": str(most.id)}] for post in reposts)
    ids = [int(post["id"]) for post in reposts]
    assert ids == sorted(ids, reverse=True)


@pytest.mark.parametrize("popular", [True, False])
def test_the_likers_fit_the_count_up_to_a_hundred(api: Api, clock: TurnedClock, popular: bool) -> None:
    """The list is as long as the like count, a hundred at most, and who was on it stays while the count grows."""
    clock.turn(600)
    ask(api, "/2/tweets", ids="1")
    young = [post for post in api.world.index.posts if post.searchable and post.retweet_of is None][-200:]
    post = next(post for post in young if (post.engagement.likes > 300) == popular and post.engagement.likes > 10)
    path = f"/2/tweets/{post.id}/liking_users"

    early = _pages(api, path, "sim-user-a", max_results=40)
    clock.turn(40_000)
    late = _pages(api, path, "sim-user-a", max_results=40)

    likes = post.metrics_at(clock.now_ms)["like_count"]
    assert len(late) == min(likes, 100)
    assert {user["id"] for user in early} <= {user["id"] for user in late}
    assert (likes > 100) == popular
