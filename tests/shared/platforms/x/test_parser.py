"""Whole answers: the recorded ones, both dialects, odd shapes, and anything that JSON can hold."""

from __future__ import annotations

import json
from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import NoAnswer, NotFound
from shared.domain.models import Page, PostState, RateHeaders
from shared.platforms.x.parser import (
    ShortPage,
    holds_asked_fields,
    parse_lookup,
    parse_media,
    parse_page,
    parse_usage,
    parse_user,
    parse_users,
)
from tests.shared.platforms.x.local_server import page, post

RATE = RateHeaders(limit=1)
_KEYS = st.sampled_from(
    [
        *("data", "meta", "errors", "includes", "users", "tweets", "media", "id", "type", "title", "value", "usage"),
        *("parameter", "result_count", "next_token", "public_metrics", "attachments", "media_keys", "note_tweet"),
        "created_at",
    ]
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS | st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


def test_every_recorded_answer_is_read(recorded: list[dict[str, Any]]) -> None:
    """Real look-ups give every post, account and a state for each id; nothing in them is lost."""
    read = 0
    for answer in recorded:
        path, query = urlsplit(answer["url"]).path, parse_qs(urlsplit(answer["url"]).query)
        if answer["status"] != 200 or path not in {"/2/tweets", "/2/users"}:
            continue
        body, asked = answer["body"], query["ids"][0].split(",")
        read += 1
        if path == "/2/users":
            accounts = parse_users("users", body, asked, RATE)
            assert len(accounts.users) == len(body["data"])
            assert not accounts.missing
            continue
        found = parse_lookup("tweets", body, [int(post_id) for post_id in asked], RATE)
        assert [str(p.id) for p in found.posts] == [raw["id"] for raw in body.get("data", [])]
        assert [p.raw for p in found.included_posts] == body.get("includes", {}).get("tweets", [])
        assert len(found.users) == len(body.get("includes", {}).get("users", []))
        assert set(found.states) == {int(post_id) for post_id in asked}
        gone = {int(e["value"]) for e in body.get("errors", []) if e["parameter"] == "ids"}
        assert {i for i, state in found.states.items() if state is PostState.DELETED} == gone
    assert read == 12


def test_recorded_pages_of_accounts_are_read(recorded: list[dict[str, Any]]) -> None:
    """A page of accounts, and an empty one, have the shape of a look-up or of a page."""
    bodies = [a["body"] for a in recorded if "retweeted_by" in a["url"]]

    assert [len(parse_users("retweeted_by", body, [], RATE).users) for body in bodies[:1]] == [2]
    assert parse_page("retweeted_by", bodies[1], RATE).next_token is None


def test_a_page_holds_everything_it_brought() -> None:
    """Posts, included posts, accounts, media, the token as it is, and what the headers said."""
    body = page(post(9), post(10), next_token="b26v+/= %25")
    body["includes"] = {
        "tweets": [post(1)],
        "posts": [post(2)],
        "users": [{"id": "7", "username": "a"}],
        "media": [{"media_key": "3_1", "type": "photo"}],
    }

    found = parse_page("search/recent", body, RATE)

    assert [p.id for p in found.posts] == [9, 10]
    assert [p.id for p in found.included_posts] == [1, 2]
    assert ([u.id for u in found.users], [m.key for m in found.media]) == ([7], ["3_1"])
    assert (found.next_token, found.rate) == ("b26v+/= %25", RATE)


def test_newest_and_oldest_are_numbers_not_texts() -> None:
    """As texts "9" would be above "10"."""
    found = parse_page("search/recent", page(post(9), post(10), post(2**63 + 1)), RATE)

    assert (found.newest_id, found.oldest_id) == (2**63 + 1, 9)


def test_no_hits_have_no_data() -> None:
    """X leaves the key out; that is an empty page, also with a token for the next one."""
    assert parse_page("search/recent", {"meta": {"result_count": 0}}, RATE).posts == ()
    assert parse_page("search/recent", {"meta": {"result_count": 0, "next_token": "t"}}, RATE).next_token == "t"


def test_all_ids_missing_have_no_data() -> None:
    """A look-up with nothing but problems is an answer."""
    problem = {
        "value": "5",
        "parameter": "ids",
        "title": "Not Found Error",
        "type": "https://api.x.com/2/problems/resource-not-found",
    }

    assert parse_lookup("tweets", {"errors": [problem]}, [5, 6], RATE).states == {
        5: PostState.DELETED,
        6: PostState.UNKNOWN,
    }


@pytest.mark.parametrize(
    "body",
    [
        *([], None, "text", 5, {}, {"title": "Something"}, {"errors": []}, {"data": {}}, {"data": "x"}),
        *({"meta": []}, {"data": [], "meta": None}, {"meta": {}, "errors": {}}),
    ],
)
def test_a_wrong_shape_is_no_answer(body: Any) -> None:
    """What is not a page is asked for again, and never taken for an empty one."""
    with pytest.raises(NoAnswer):
        parse_page("search/recent", body, RATE)


def test_a_page_whose_posts_are_all_gone_is_empty() -> None:
    """X announces them and says of each why it cannot be shown: there is nothing to ask for again."""
    problem = {"title": "Forbidden", "type": "https://api.x.com/2/problems/resource-not-found"}

    assert parse_page("quote_tweets", {"meta": {"result_count": 1}, "errors": [problem]}, RATE).posts == ()


PASSING = {"type": "https://api.x.com/2/problems/internal-error", "parameter": "ids", "resource_id": "3"}
FOR_GOOD = {"title": "Not Found Error", "type": "https://api.x.com/2/problems/resource-not-found"}
ABOUT_4 = {**FOR_GOOD, "parameter": "ids", "resource_id": "4"}


@pytest.mark.parametrize(
    ("announced", "posts", "errors", "withheld"),
    [
        (100, 3, [PASSING], 97),
        (100, 3, [], 97),
        (5, 0, [], 5),
        (5, 0, [PASSING], 5),
        (5, 4, [PASSING], 1),
        (5, 3, [ABOUT_4, ABOUT_4], 1),
        (5, 4, [{**FOR_GOOD, "parameter": "referenced_tweets.id", "resource_id": "9"}], 1),
        (5, 4, [{**ABOUT_4, "section": "includes"}], 1),
    ],
)
def test_a_page_shorter_than_announced_says_so(
    announced: int, posts: int, errors: list[dict[str, Any]], withheld: int
) -> None:
    """What X does not settle for good, about that very post and once, is withheld; what came is there."""
    body = page(*(post(number) for number in range(1, posts + 1))) | {"errors": errors}
    body["meta"]["result_count"] = announced

    found = parse_page("search/recent", body, RATE)

    assert isinstance(found, ShortPage)
    assert (len(found.posts), found.withheld, found.rate) == (posts, withheld, RATE)


@pytest.mark.parametrize(
    ("announced", "posts", "errors"),
    [
        (5, 5, [PASSING]),
        (5, 4, [ABOUT_4]),
        (5, 3, [FOR_GOOD, ABOUT_4]),
        (5, 6, []),
        (None, 3, [PASSING]),
        (0, 0, [PASSING]),
    ],
)
def test_a_page_that_holds_what_was_announced_or_says_why_not_is_whole(
    announced: int | None, posts: int, errors: list[dict[str, Any]]
) -> None:
    """What is gone or not to be seen counts as said; more than announced, or nothing announced, is no loss."""
    body = page(*(post(number) for number in range(1, posts + 1))) | {"errors": errors}
    body["meta"] = {} if announced is None else {"result_count": announced}

    assert type(parse_page("quote_tweets", body, RATE)) is Page


def test_quotes_of_a_gone_post_are_not_found() -> None:
    """Nothing but X's word on the post that the path names is an end; a passing fault in its place is not."""
    gone = {
        "parameter": "id",
        "title": "Not Found Error",
        "detail": "Could not find tweet with id: [5].",
        "type": "https://api.x.com/2/problems/resource-not-found",
    }
    passing = {"parameter": "id", "type": "https://api.x.com/2/problems/internal-error"}

    with pytest.raises(NotFound, match="Could not find"):
        parse_page("quote_tweets", {"errors": [gone]}, RATE)
    for body in ({"errors": [passing]}, {"errors": [gone, passing]}, {"errors": [{**gone, "parameter": "ids"}]}):
        with pytest.raises(NoAnswer):
            parse_page("quote_tweets", body, RATE)


@pytest.mark.parametrize("body", [{}, {"meta": {}}, {"errors": 1}])
def test_a_lookup_needs_data_or_errors(body: Any) -> None:
    """Otherwise every id would look unknown although X did not answer about any."""
    with pytest.raises(NoAnswer):
        parse_lookup("tweets", body, [1], RATE)


@given(json_values)
def test_any_json_is_an_answer_or_none(body: Any) -> None:
    """No shape whatever raises anything but NoAnswer, or NotFound where it says so."""
    readers = (
        lambda: parse_page("e", body, RATE),
        lambda: parse_lookup("e", body, [1], RATE),
        lambda: parse_users("e", body, ["a"], RATE),
        lambda: parse_media("e", body, RATE),
        lambda: parse_usage("e", body, RATE),
    )
    for read in readers:
        try:
            read()
        except (NoAnswer, NotFound):
            continue


@given(
    st.lists(st.integers(1, 2**64), unique=True, max_size=20),
    st.dictionaries(st.sampled_from(["text", "author_id", "entities", "attachments", "lang"]), json_values, max_size=4),
)
def test_no_odd_field_loses_a_post(ids: list[int], odd: dict[str, Any]) -> None:
    """Every post with an id comes out, whatever else is wrong with it, and all that X sent is kept."""
    raws = [post(post_id) | odd for post_id in ids]

    found = parse_page("search/recent", page(*raws), RATE)

    assert [p.id for p in found.posts] == ids
    assert [repr(p.raw if p.raw_text is None else json.loads(p.raw_text)) for p in found.posts] == list(map(repr, raws))


def test_media_are_read_by_key() -> None:
    """A key X does not know is not in the page."""
    body = {"data": [{"media_key": "3_1", "type": "photo", "url": "u"}], "errors": [{"value": "3_2"}]}

    assert [m.key for m in parse_media("media", body, RATE).media] == ["3_1"]


def test_usage_reads_numbers_that_are_texts() -> None:
    """X writes counts of its usage call as texts; older versions as numbers."""
    days = [{"date": "2026-11-21T00:00:00.000Z", "usage": "40"}, {"date": "2026-11-22T00:00:00.000Z", "usage": 2}]
    body = {
        "data": {
            "project_id": "9",
            "daily_project_usage": {"project_id": "9", "usage": days},
        }
    }

    usage = parse_usage("usage/tweets", body, RATE)

    assert usage.posts_by_day == {date(2026, 11, 21): 40, date(2026, 11, 22): 2}


def test_an_answer_without_any_field_asked_for_is_noticed() -> None:
    """X ignores a field parameter it does not know: then every post has its default fields only."""
    bare = parse_page("search/recent", page({"id": "1", "text": "a"}, {"id": "2", "text": "b"}), RATE).posts

    assert not holds_asked_fields(bare)
    assert holds_asked_fields(())
    assert holds_asked_fields(parse_page("search/recent", page(post(1)), RATE).posts)


@pytest.mark.parametrize("body", [{}, {"data": []}, {"data": {}}, {"data": None}, {"data": [{"id": "1"}]}, [], "me"])
def test_an_account_that_is_none_is_no_answer(body: Any) -> None:
    """Whose token it is must be said by one object."""
    with pytest.raises(NoAnswer):
        parse_user("users/me", body, RATE)


def test_one_account_is_read() -> None:
    """The account that a token speaks for."""
    found = parse_user("users/me", {"data": {"id": "7", "username": "a", "name": "A"}}, RATE)

    assert [(user.id, user.username) for user in found.users] == [(7, "a")]
