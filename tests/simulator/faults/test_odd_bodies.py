"""Odd objects and short pages: what is in them, that the rest is untouched, and that nothing is lost."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from simulator.api import Api
from simulator.calls import Answer
from simulator.config import Config
from simulator.faults.script import Script
from tests.simulator.conftest import TurnedClock

SEARCH = "/2/tweets/search/recent"
FIELDS = {
    "query": "team",
    "max_results": 20,
    "tweet.fields": "public_metrics,edit_controls,lang",
    "expansions": "author_id,attachments.media_keys",
}


@pytest.fixture
def faulty(still_api: Api) -> Any:
    """The shared simulator, with no script again at the end."""
    yield still_api
    still_api.faults.load(Script())


def _script(api: Api, answer: dict[str, Any], **match: Any) -> None:
    api.faults.load(Script.model_validate({"seed": 3, "rules": [{"match": match, "answer": answer}]}))


def _ask(api: Api, path: str = SEARCH, **params: Any) -> dict[str, Any]:
    answer: Answer = api.answer("GET", path, urlencode(params or FIELDS), "Bearer sim-a", "http://sim")
    body: dict[str, Any] = json.loads(answer.body)
    return body


def _pairs(api: Api, answer: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    """The real answer, the odd one, and the ids that the listing of deeds names."""
    real = _ask(api)
    _script(api, answer)
    odd = _ask(api)
    (rule,) = api.faults.fired()["rules"]
    (deed,) = rule["deeds"]
    return real, odd, deed["ids"]


@pytest.mark.parametrize(
    ("answer", "field", "value"),
    [
        ({"kind": "absurd_number"}, "edit_controls", {"n": 18_446_744_073_709_551_616}),
        ({"kind": "absurd_number", "field": "lang", "number": 1.5}, "lang", {"n": 1.5}),
        ({"kind": "odd_key", "field": "odd", "keys": ["a\x00b"]}, "odd", {"a\x00b": 1}),
        ({"kind": "odd_key", "field": "odd", "keys": ["$set"]}, "odd", {"$set": 1}),
        ({"kind": "odd_key", "field": "odd", "keys": ["a.b"]}, "odd", {"a.b": 1}),
    ],
)
def test_one_object_is_odd_and_named(faulty: Api, answer: dict[str, Any], field: str, value: object) -> None:
    """One object of the page has the odd value, the listing names it, and all others are as they were."""
    real, odd, ids = _pairs(faulty, answer)

    differing = [(old, new) for old, new in zip(real["data"], odd["data"], strict=True) if old != new]
    ((old, new),) = differing
    assert new == {**old, field: value}
    assert ids == [new["id"]]
    assert odd["includes"] == real["includes"]


@pytest.mark.parametrize("form", ["absent", "null", "float"])
def test_counts_are_absent_null_or_floats(faulty: Api, form: str) -> None:
    """As many objects as the script says have an odd count of that name, and their other counts."""
    real, odd, ids = _pairs(faulty, {"kind": "odd_count", "form": form, "count": 3})

    pairs = zip(real["data"], odd["data"], strict=True)
    changed = {new["id"]: (old, new) for old, new in pairs if json.dumps(old) != json.dumps(new)}
    assert sorted(changed) == ids
    assert len(ids) == 3
    for old, new in changed.values():
        before, after = old["public_metrics"], new["public_metrics"]
        expected = {"absent": "gone", "null": None, "float": float(before["impression_count"])}[form]
        assert after.get("impression_count", "gone") == expected
        assert isinstance(after.get("impression_count"), float) == (form == "float")
        assert after["like_count"] == before["like_count"]


def test_an_object_has_fewer_fields(faulty: Api) -> None:
    """The named fields are missing from some objects, though they were asked for."""
    real, odd, ids = _pairs(faulty, {"kind": "fewer_fields", "fields": ["public_metrics", "lang"], "count": 2})

    shorter = [post for post in odd["data"] if "public_metrics" not in post]
    assert sorted(post["id"] for post in shorter) == ids
    assert [set(post) for post in shorter] == [set(real["data"][0]) - {"public_metrics", "lang"}] * 2


def test_an_object_comes_as_it_was_earlier(api: Api, clock: TurnedClock) -> None:
    """After its counts grew a post comes with those that the rule saw first, and the listing says which."""
    params = {"ids": api.world.index.posts[-1].id, "tweet.fields": "public_metrics"}
    _script(api, {"kind": "older_object"})
    first = _ask(api, "/2/tweets", **params)
    clock.turn(3_600)

    second = _ask(api, "/2/tweets", **params)
    api.faults.load(Script())
    real = _ask(api, "/2/tweets", **params)

    assert second["data"] == first["data"]
    assert real["data"][0]["public_metrics"] != first["data"][0]["public_metrics"]


def test_includes_and_data_have_broken_objects(faulty: Api) -> None:
    """A medium without key, a user without name, a null: one each, and the rest stands."""
    forms = ("medium_without_key", "user_without_username", "null_in_includes", "null_in_data")
    bodies = {form: _pairs(faulty, {"kind": "broken_object", "form": form}) for form in forms}

    media, users = (bodies[form] for form in forms[:2])
    assert [sorted({item["media_key"] for item in media[0]["includes"]["media"]} - _keys(media[1], "media_key"))] == [
        media[2]
    ]
    assert [user["id"] for user in users[1]["includes"]["users"] if "username" not in user] == users[2]
    assert next(iter(bodies["null_in_includes"][1]["includes"].values())).count(None) == 1
    data = bodies["null_in_data"][1]["data"]
    assert data.count(None) == 1
    assert [post for post in data if post is not None] == bodies["null_in_data"][0]["data"]


def _keys(body: dict[str, Any], name: str) -> set[str]:
    return {item[name] for item in body["includes"]["media"] if name in item}


def test_a_deletion_may_name_its_id_only(faulty: Api) -> None:
    """The error of a post that is gone has `resource_id` and no `parameter`; nothing else is touched."""
    _script(faulty, {"kind": "bare_deletion"})

    body = _ask(faulty, "/2/tweets", ids="1,2")

    assert [error["resource_id"] for error in body["errors"]] == ["1", "2"]
    assert all({"parameter", "value"}.isdisjoint(error) for error in body["errors"])


@pytest.mark.parametrize("announced", ["shown", "asked"])
def test_a_short_page_leads_to_the_rest(faulty: Api, announced: str) -> None:
    """A page shows part of what was asked for and its token leads on: all pages join to the whole."""
    whole = [post["id"] for post in _ask(faulty, query="team", max_results=100)["data"]]
    _script(faulty, {"kind": "short_page", "share": 0.3, "announced": announced}, every=2)

    found: list[str] = []
    sizes, counts = list[int](), list[int]()
    token: dict[str, str] = {}
    while len(found) < 60:
        body = _ask(faulty, query="team", max_results=20, **token)
        sizes.append(len(body["data"]))
        counts.append(body["meta"]["result_count"])
        found += [post["id"] for post in body["data"]]
        token = {"next_token": body["meta"]["next_token"]}

    assert found == whole[: len(found)]
    assert sizes == [20, 6] * (len(sizes) // 2) + [20] * (len(sizes) % 2)
    assert counts == (sizes if announced == "shown" else [20] * len(sizes))


def test_what_a_short_page_held_back_is_not_billed() -> None:
    """Of ten posts three are shown and three are paid."""
    api = Api(Config(accounts=2, history_hours=30), TurnedClock())
    _script(api, {"kind": "short_page", "share": 0.3})

    body = _ask(api, query="team", max_results=10)

    assert len(body["data"]) == 3
    assert api.ledger.bill()["posts_bought"] == 3


def test_a_post_twice_within_its_page_is_counted_twice(faulty: Api) -> None:
    """Every page has its own last post twice, though an earlier page had another."""
    _script(faulty, {"kind": "duplicate_post", "within_page": True})
    first = _ask(faulty, query="team", max_results=10)

    second = _ask(faulty, query="team", max_results=10, next_token=first["meta"]["next_token"])

    for body in (first, second):
        assert body["meta"]["result_count"] == len(body["data"]) == 11
        assert body["data"][-1] == body["data"][-2]
    (rule,) = faulty.faults.fired()["rules"]
    assert [deed["ids"] for deed in rule["deeds"]] == [[body["data"][-1]["id"]] for body in (first, second)]


def test_a_lost_answer_names_all_its_posts(faulty: Api) -> None:
    """The listing of a server error in place of a page names every post that the page had, and its users."""
    real = _ask(faulty)
    _script(faulty, {"kind": "server_error"})
    _ask(faulty)

    (rule,) = faulty.faults.fired()["rules"]

    assert {post["id"] for post in real["data"]} <= set(rule["deeds"][0]["ids"])
    assert (rule["deeds"][0]["call"], rule["deeds"][0]["endpoint"]) == (1, "search/recent")


def test_an_odd_object_that_does_not_fit_changes_nothing(faulty: Api) -> None:
    """On an answer without posts no oddity of objects acts, and the report says so."""
    kinds = ("absurd_number", "odd_key", "odd_count", "fewer_fields", "older_object", "broken_object", "short_page")
    script = {"rules": [{"answer": {"kind": kind}} for kind in kinds]}
    faulty.faults.load(Script.model_validate(script))

    body = _ask(faulty, "/2/tweets", ids=1)

    assert list(body) == ["errors"]
    assert [rule["unfit"] for rule in faulty.faults.report()["rules"]] == [1] * len(kinds)
