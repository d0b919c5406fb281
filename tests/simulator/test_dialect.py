"""Two dialects: chosen by the request, or forced."""

from simulator.api import Api
from simulator.config import Config
from simulator.dialect import choose_dialect
from tests.simulator.conftest import TurnedClock
from tests.simulator.test_search import ask

PATH = "/2/tweets/search/recent"
HOUR = Config(accounts=3, history_hours=5)


def test_each_request_is_answered_in_its_own_dialect(still_api: Api) -> None:
    """`tweet.fields` gets old names and the old problem URIs, `post.fields` the new ones."""
    _, old = ask(
        still_api, query="is:quote team", expansions="referenced_tweets.id", **{"tweet.fields": "public_metrics"}
    )
    _, new = ask(still_api, query="is:quote team", expansions="referenced_posts", **{"post.fields": "public_metrics"})
    _, refused = ask(still_api, query="team", max_results=1, **{"tweet.fields": "public_metrics"})

    assert "retweet_count" in old["data"][0]["public_metrics"]
    assert "edit_history_tweet_ids" in old["data"][0]
    assert "tweets" in old["includes"]
    assert "repost_count" in new["data"][0]["public_metrics"]
    assert "edit_history_post_ids" in new["data"][0]
    assert "posts" in new["includes"]
    assert refused["type"].startswith("https://api.twitter.com/2/problems/")


def test_a_forced_dialect_refuses_the_names_of_the_other() -> None:
    """`--dialect old` answers `post.fields` with the 400 of an unknown parameter, and the reverse."""
    for mode, foreign in (("old", "post.fields"), ("new", "tweet.fields")):
        api = Api(Config(accounts=3, history_hours=5, dialect=mode), TurnedClock())  # type: ignore[arg-type]

        status, body = ask(api, query="team", **{foreign: "lang"})

        assert status == 400
        assert body["errors"][0]["message"].startswith(f"The query parameter [{foreign}] is not one of [query,")
        assert body["errors"][0]["parameters"] == {foreign: ["lang"]}


def test_the_names_decide() -> None:
    """Parameters, expansions and user fields of one dialect alone choose it; without any it is the new one."""
    assert choose_dialect([("expansions", "author_id,referenced_tweets.id")], "both").name == "old"
    assert choose_dialect([("expansions", "author_id,referenced_posts")], "both").name == "new"
    assert choose_dialect([("user.fields", "name,pinned_tweet_id")], "both").name == "old"
    assert choose_dialect([("query", "team")], "both").name == "new"
    assert choose_dialect([("post.fields", "lang")], "old").name == "old"
