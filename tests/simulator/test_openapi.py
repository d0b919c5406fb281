"""Every endpoint, both dialects: real answers over HTTP against the published specs."""

from typing import Any

import pytest

from simulator.api import Api
from simulator.config import Config, DialectMode
from tests.simulator.conftest import Server, TurnedClock
from tests.simulator.openapi import faults, problem_faults
from tests.simulator.test_search import ask

POST_OLD = (
    "attachments,author_id,conversation_id,created_at,display_text_range,edit_controls,edit_history_tweet_ids,entities,"
    "geo,withheld,id,in_reply_to_user_id,lang,note_tweet,possibly_sensitive,public_metrics,referenced_tweets,reply_settings,source,text"
)
POST_NEW = (
    "attachments,conversation_id,created_at,display_text_range,edit_controls,entities,geo,id,lang,note_post,withheld,"
    "possibly_sensitive,public_metrics,reply_settings,source,text"
)
USER = (
    "created_at,description,entities,location,name,profile_image_url,protected,public_metrics,url,verified,"
    "verified_type"
)
MEDIA = "alt_text,duration_ms,height,media_key,preview_image_url,public_metrics,type,url,variants,width"
EXPAND_OLD = (
    "author_id,attachments.media_keys,attachments.poll_ids,geo.place_id,edit_history_tweet_ids,entities.mentions.username,in_reply_to_user_id,"
    "referenced_tweets.id,referenced_tweets.id.author_id,referenced_tweets.id.attachments.media_keys"
)
EXPAND_NEW = (
    "author_id,attachments.media_keys,attachments.poll_ids,geo.place_id,edit_history_post_ids,entities.mentions.username,in_reply_to_user_id,"
    "referenced_posts,username"
)
OBJECTS = {
    "user__fields": USER,
    "media__fields": MEDIA,
    "poll__fields": "duration_minutes,end_datetime,id,options,voting_status",
    "place__fields": "contained_within,country,country_code,full_name,geo,id,name,place_type",
}
POSTS = {
    "old": {"tweet__fields": POST_OLD, "expansions": EXPAND_OLD, **OBJECTS},
    "new": {"post__fields": POST_NEW, "expansions": EXPAND_NEW, **OBJECTS},
}
USERS = {
    "old": {"user__fields": USER, "expansions": "most_recent_tweet_id", "tweet__fields": POST_OLD},
    "new": {"user__fields": USER, "expansions": "most_recent_post_id", "post__fields": POST_NEW},
}
DIALECTS = ("old", "new")


def _ids(server: Server) -> list[str]:
    """Ids of the living and the ended, and one that never was."""
    records: list[dict[str, Any]] = server.truth("posts")["posts"]
    ended = [record["id"] for record in records if record["state"] != "live"][:30]
    return [record["id"] for record in records[:60]] + ended + ["1"]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_search_answers_validate(busy_server: Server, dialect: str) -> None:
    """A full page of search with every field and expansion validates, and so does an empty one."""
    path = "/2/tweets/search/recent"
    params: dict[str, Any] = POSTS[dialect] | {"max_results": 100}

    for query in ("football OR market", "has:media plan", "is:quote team", "from:nobody_at_all"):
        answer = busy_server.get(path, query=query, **params)

        assert answer.status_code == 200, answer.text
        assert faults(dialect, path, answer.json()) == []
    assert answer.json() == {"meta": {"result_count": 0}}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_rare_posts_validate(dialect: DialectMode) -> None:
    """Posts with a place, a poll, restrictions or a long text validate, and so do their places and polls."""
    api = Api(Config(accounts=8, activity=8, history_hours=24, dialect=dialect), TurnedClock())
    visible = [post for post in api.world.index.posts if post.live]
    rare = [post for post in visible if post.place or post.poll or post.withheld_in or post.note_text][-100:]
    params = {name.replace("__", "."): value for name, value in POSTS[dialect].items()}

    _, body = ask(api, "/2/tweets", ids=",".join(str(post.id) for post in rare), **params)

    assert len(body["data"]) == len(rare) > 40
    assert {"places", "polls"} <= set(body["includes"])
    shown = {name for post in body["data"] for name in post}
    assert {"geo", "withheld", {"old": "note_tweet", "new": "note_post"}[dialect]} <= shown
    assert faults(dialect, "/2/tweets", body) == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_archive_answers_validate(busy_server: Server, dialect: str) -> None:
    """A page of 500 posts of the archive with every field and expansion validates, and so does an empty one."""
    path = "/2/tweets/search/all"
    bodies = [
        busy_server.get(path, f"sim-archive-{number}-{dialect}", query=query, max_results=500, **POSTS[dialect]).json()
        for number, query in enumerate(("team OR plan OR new", "from:nobody"))
    ]

    assert [len(body.get("data", [])) for body in bodies] == [500, 0]
    assert [faults(dialect, path, body) for body in bodies] == [[], []]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_lookup_answers_validate_with_partial_errors(busy_server: Server, dialect: str) -> None:
    """A lookup of living and ended posts validates, errors included."""
    answer = busy_server.get("/2/tweets", ids=",".join(_ids(busy_server)), **POSTS[dialect])

    assert answer.json()["errors"]
    assert faults(dialect, "/2/tweets", answer.json()) == []


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", ["tweets", "mentions"])
def test_timeline_answers_validate(busy_server: Server, dialect: str, name: str) -> None:
    """A user's posts and mentions validate."""
    user_id = busy_server.truth("accounts")["accounts"][0]["id"]

    answer = busy_server.get(f"/2/users/{user_id}/{name}", max_results=100, **POSTS[dialect])

    assert answer.json()["data"]
    assert faults(dialect, f"/2/users/{{id}}/{name}", answer.json()) == []


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", ["quote_tweets", "retweets", "retweeted_by", "liking_users"])
def test_lists_under_a_post_validate(busy_server: Server, dialect: str, name: str) -> None:
    """Quotes, reposts, reposters and likers of a post validate, and so does the error for a lost one."""
    quotes = busy_server.truth("posts", query="is:quote")["posts"]
    fields = POSTS if name in {"quote_tweets", "retweets"} else USERS
    found = busy_server.get("/2/tweets", ids=quotes[-1]["id"], tweet__fields="referenced_tweets").json()
    quoted = found["data"][0]["referenced_tweets"][0]["id"] if "data" in found else "1"

    for post_id in (quoted, "1"):
        answer = busy_server.get(f"/2/tweets/{post_id}/{name}", "sim-user-a", **fields[dialect])

        assert answer.status_code == 200, answer.text
        assert faults(dialect, f"/2/tweets/{{id}}/{name}", answer.json()) == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_user_answers_validate(busy_server: Server, dialect: str) -> None:
    """Users by name and by id validate, with errors for the unknown and the suspended."""
    accounts = busy_server.truth("accounts", all=1)["accounts"]
    asked = accounts[:40] + [account for account in accounts if account["suspended"]]
    names = ",".join([account["username"] for account in asked] + ["nobody_at_all"])
    ids = ",".join([account["id"] for account in asked] + ["12"])

    by_name = busy_server.get("/2/users/by", usernames=names, **USERS[dialect])
    by_id = busy_server.get("/2/users", ids=ids, **USERS[dialect])

    assert {error["title"] for error in by_name.json()["errors"]} == {"Not Found Error", "Forbidden"}
    assert faults(dialect, "/2/users/by", by_name.json()) == []
    assert faults(dialect, "/2/users", by_id.json()) == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_counts_usage_and_media_validate(dialect: DialectMode) -> None:
    """Counts, usage and media, which do not show their dialect in the request, validate in each mode."""
    api = Api(Config(accounts=4, history_hours=12, dialect=dialect), TurnedClock())
    keys = list(api.world.media)[:50]
    asked: dict[str, dict[str, Any]] = {
        "/2/tweets/counts/recent": {"query": "football", "granularity": "day"},
        "/2/usage/tweets": {"days": 3, "usage__fields": "daily_client_app_usage,daily_project_usage,project_usage"},
        "/2/media": {"media_keys": ",".join([*keys, "3_1"]), "media__fields": MEDIA},
    }

    for path, params in asked.items():
        query = {name.replace("__", "."): value for name, value in params.items()}
        status, body = ask(api, path, **query)

        assert status == 200, body
        assert faults(dialect, path, body) == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_schemas_do_refuse(busy_server: Server, dialect: str) -> None:
    """A body with a number for an id is refused, so an empty list of faults means something."""
    path = "/2/tweets/search/recent"
    body = busy_server.get(path, query="football", **POSTS[dialect]).json()

    body["data"][0]["id"] = 5
    body["includes"]["users"][0]["username"] = 7

    assert len(faults(dialect, path, body)) == 2


@pytest.mark.parametrize("dialect", DIALECTS)
def test_problems_validate(busy_server: Server, dialect: str) -> None:
    """The 400 of a bad parameter is a problem of the dialect."""
    answer = busy_server.get("/2/tweets/search/recent", query="football", max_results=5, **POSTS[dialect])

    assert answer.status_code == 400
    assert problem_faults(dialect, answer.json()) == []
