"""Which calls a rule acts on, that rules do not disturb each other, and what their acts cost."""

import json
from collections.abc import Callable
from typing import Any, get_args
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.api import Api
from simulator.calls import Answer, Call, Credential
from simulator.config import Config
from simulator.dialect import NEW
from simulator.faults.engine import Faults
from simulator.faults.script import AnyFault, Script
from simulator.limits import RateLimits
from tests.simulator.conftest import START_MS, TurnedClock

Ask = Callable[..., Answer]
SEARCH = "/2/tweets/search/recent"
KINDS = [get_args(kind.model_fields["kind"].annotation)[0] for kind in get_args(get_args(AnyFault)[0])]
MATCHES = st.fixed_dictionaries(
    {"endpoint": st.sampled_from(["*", "tweets", ["users", "tweets"]])},
    optional={
        "nth": st.lists(st.integers(1, 9), min_size=1, max_size=3),
        "every": st.integers(1, 4),
        "from_call": st.integers(1, 5),
        "to_call": st.integers(3, 9),
        "probability": st.sampled_from([0.3, 1.0]),
        "times": st.integers(1, 3),
    },
)


def _faults(rules: list[dict[str, Any]], seed: int = 1) -> Faults:
    return Faults(RateLimits(900, {}), Script.model_validate({"seed": seed, "rules": rules}))


def _sent(faults: Faults, endpoints: list[str]) -> list[int]:
    statuses = []
    for endpoint in endpoints:
        call = Call(endpoint, {}, (), Credential("sim-a", "app"), "", START_MS)
        statuses.append(faults.replace(call, Answer(200, b"{}"), NEW, lambda _: Answer(200, b"{}")).status)
    return statuses


@settings(max_examples=50, deadline=None)
@given(st.lists(MATCHES, min_size=1, max_size=4), st.lists(st.sampled_from(["users", "tweets", "media"]), max_size=20))
def test_each_rule_acts_as_if_it_were_alone_unless_one_before_it_acts(
    matches: list[dict[str, Any]], endpoints: list[str]
) -> None:
    """The first due rule acts on each call; which calls a rule is due on does not depend on the others."""
    endless = [{name: value for name, value in match.items() if name != "times"} for match in matches]
    rules = [{"match": match, "answer": {"kind": "status", "status": 500 + n}} for n, match in enumerate(endless)]

    together = _sent(_faults(rules), endpoints)
    # Alone, but at the same place of the script, from which a rule draws its chances.
    never = {"match": {"to_call": 1, "from_call": 2}, "answer": {"kind": "pass"}}
    alone = [_sent(_faults([never] * n + [rule]), endpoints) for n, rule in enumerate(rules)]

    assert together == [next((one for one in column if one != 200), 200) for column in zip(*alone, strict=True)]
    assert together == _sent(_faults(rules), endpoints)


@given(MATCHES, st.lists(st.sampled_from(["users", "tweets", "media"]), max_size=30))
def test_a_rule_acts_within_its_own_count(match: dict[str, Any], endpoints: list[str]) -> None:
    """Acts happen on the calls of its endpoints, at its numbers, and no more often than `times`."""
    faults = _faults([{"match": match, "answer": {"kind": "status", "status": 500}}])

    statuses = _sent(faults, endpoints)

    named = [match["endpoint"]] if isinstance(match["endpoint"], str) else match["endpoint"]
    own = [status for status, name in zip(statuses, endpoints, strict=True) if "*" in named or name in named]
    acted = [number for number, status in enumerate(own, 1) if status == 500]
    (report,) = faults.report()["rules"]
    assert (report["calls"], report["fired"]) == (len(own), len(acted)) == (len(own), statuses.count(500))
    assert len(acted) <= match.get("times", 99)
    for number in acted:
        assert number in match.get("nth", [number])
        assert number % match.get("every", 1) == 0
        assert match.get("from_call", 1) <= number <= match.get("to_call", 99)


def test_files_and_tokens_and_pages_are_told_apart() -> None:
    """`*` leaves files alone; a token, a status and a page narrow a rule down."""
    faults = _faults([{"match": {"token": "sim-b"}, "answer": {"kind": "status", "status": 500}}])
    assert _sent(faults, ["tweets", "files"]) == [200, 200]
    assert _sent(_faults([{"answer": {"kind": "status", "status": 500}}]), ["tweets", "files"]) == [500, 200]
    files = [{"match": {"endpoint": "files"}, "answer": {"kind": "status", "status": 404}}]
    assert _sent(_faults(files), ["tweets", "files"]) == [200, 404]
    later = [{"match": {"page": "later"}, "answer": {"kind": "status", "status": 500}}]
    assert _sent(_faults(later), ["search/recent"]) == [200]
    missing = [{"match": {"status": 404}, "answer": {"kind": "status", "status": 500}}]
    assert _sent(_faults(missing), ["tweets"]) == [200]


@pytest.fixture
def ask() -> Ask:
    """Ask a simulator whose script the test gives: `ask(answer, **query)`; the bill is `ask.api.ledger`."""

    def one(api: Api, path: str, **params: Any) -> Answer:
        return api.answer("GET", path, urlencode(params), "Bearer sim-a", "http://sim")

    return one


def _api(answer: dict[str, Any], **match: Any) -> Api:
    script = Script.model_validate({"rules": [{"match": match, "answer": answer}]})
    return Api(Config(accounts=2, history_hours=30, faults=script), TurnedClock())


@pytest.mark.parametrize(
    ("answer", "micro_usd"),
    [
        ({"kind": "server_error"}, 0),
        ({"kind": "html_200"}, 0),
        ({"kind": "invalid_json"}, 0),
        ({"kind": "empty_page_with_token"}, 0),
        ({"kind": "cut_body"}, 50_000),
        ({"kind": "reset"}, 50_000),
        ({"kind": "no_answer", "billed": False}, 0),
        ({"kind": "server_error", "billed": True}, 50_000),
        ({"kind": "duplicate_post"}, 50_000),
        ({"kind": "lose_posts", "count": 4}, 30_000),
    ],
)
def test_what_x_answered_is_billed_though_it_never_arrived(ask: Ask, answer: dict[str, Any], micro_usd: int) -> None:
    """A lost answer costs what was in it, a failed one nothing, unless the script says otherwise."""
    api = _api(answer)

    ask(api, SEARCH, query="team", max_results=10)

    assert api.faults.report()["rules"][0]["fired"] == 1
    assert api.ledger.bill()["micro_usd"] == micro_usd


def test_a_window_is_cut_and_a_stranger_spends_behind_an_answer(ask: Ask) -> None:
    """The answer itself shows the old state, the next one the new."""
    cut, stranger = _api({"kind": "cut_window", "limit": 2}, nth=2), _api({"kind": "stranger", "calls": 100}, nth=1)

    for api, seen in ((cut, ["3499", "3498", "0"]), (stranger, ["3499", "3398", "3397"])):
        answers = [ask(api, "/2/tweets", ids=1) for _ in range(3)]
        assert [answer.headers["x-rate-limit-remaining"] for answer in answers] == seen
    assert json.loads(ask(cut, "/2/tweets", ids=1).body)["title"] == "Too Many Requests"


def _every_path(api: Api) -> list[str]:
    post = next(post for post in reversed(api.world.index.posts) if post.searchable and post.quote_count)
    user = post.author
    media = next(iter(api.world.media))
    fields = "tweet.fields=public_metrics&expansions=author_id"
    lists = [f"/2/tweets/{post.id}/{name}" for name in ("quote_tweets", "retweets", "retweeted_by", "liking_users")]
    timelines = [f"/2/users/{user.id}/{name}" for name in ("tweets", "mentions")]
    return [
        f"{SEARCH}?query=team&{fields}",
        f"/2/tweets?ids={post.id},1&{fields}",
        f"/2/tweets/{post.id}?{fields}",
        f"/2/users?ids={user.id},1",
        f"/2/users/by/username/{user.username}",
        "/2/users/me",
        "/2/tweets/counts/recent?query=team",
        "/2/usage/tweets",
        f"/2/media?media_keys={media},3_1",
        *lists,
        *timelines,
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_no_kind_breaks_the_simulator_at_any_endpoint(still_api: Api, kind: str) -> None:
    """Each kind acts on the answer of each endpoint, or does not fit and leaves it as it is, twice in a row."""
    needed = {"status": {"status": 418}, "problem": {"problem": "not-found"}, "cut_window": {"limit": 5_000}}
    rule = {"answer": {"kind": kind, **needed.get(kind, {})}}
    try:
        for url in _every_path(still_api):
            path, _, query = url.partition("?")
            token = f"sim-user-{kind}" if path.endswith(("/me", "/liking_users")) else f"sim-{kind}"
            still_api.faults.load(Script())
            real = still_api.answer("GET", path, query, f"Bearer {token}", "http://sim")
            assert real.status == 200
            still_api.faults.load(Script.model_validate({"rules": [rule]}))
            for _ in range(2):
                sent = still_api.answer("GET", path, query, f"Bearer {token}", "http://sim")

            (report,) = still_api.faults.report()["rules"]
            assert (report["calls"], report["fired"] + report["unfit"]) == (2, 2)
            assert report["fired"] or sent.body == real.body
    finally:
        still_api.faults.load(Script())
