"""What the changed answers look like, and that the real posts can still be had by who reads on."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from simulator.api import Api
from simulator.calls import Answer
from simulator.faults.script import Script

SEARCH = "/2/tweets/search/recent"


def _script(api: Api, *answers: dict[str, Any], **match: Any) -> None:
    api.faults.load(Script.model_validate({"rules": [{"match": match, "answer": answer} for answer in answers]}))


def _ask(api: Api, path: str = SEARCH, **params: Any) -> Answer:
    params = params or {"query": "team", "max_results": 10}
    return api.answer("GET", path, urlencode(params), "Bearer sim-a", "http://sim")


def _body(answer: Answer) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(answer.body)
    return body


@pytest.fixture
def faulty(still_api: Api) -> Any:
    """The shared simulator, with no script again at the end."""
    yield still_api
    still_api.faults.load(Script())


def _ids(api: Api, **params: Any) -> list[str]:
    return [post["id"] for post in _body(_ask(api, **params)).get("data", [])]


def test_a_page_leads_to_itself_for_ever(faulty: Api) -> None:
    """Every page has the token that led to it, so who follows it reads the same page again and again."""
    _script(faulty, {"kind": "repeat_next_token"})
    token = _body(_ask(faulty))["meta"]["next_token"]

    pages = [_body(_ask(faulty, query="team", max_results=10, next_token=token)) for _ in range(3)]

    assert {page["meta"]["next_token"] for page in pages} == {token}
    assert pages[0]["data"] == pages[2]["data"]


@pytest.mark.parametrize("page", ["first", "later"])
def test_an_empty_page_has_a_token_that_gives_the_page(faulty: Api, page: str) -> None:
    """Nothing is lost to a reader who follows the token of a page without posts."""
    whole = _ids(faulty, query="team", max_results=50)
    _script(faulty, {"kind": "empty_page_with_token"}, page=page, times=1)

    found: list[str] = []
    token: dict[str, str] = {}
    empty = 0
    while len(found) < 30:
        body = _body(_ask(faulty, query="team", max_results=10, **token))
        empty += "data" not in body
        found += [post["id"] for post in body.get("data", [])]
        token = {"next_token": body["meta"]["next_token"]}

    assert empty == 1
    assert found == whole[:30]


def test_the_same_post_comes_on_two_pages(faulty: Api) -> None:
    """The last post of a page is the first of the next, and the counts of the page include it."""
    _script(faulty, {"kind": "duplicate_post"}, nth=2)
    first = _body(_ask(faulty))

    second = _body(_ask(faulty, query="team", max_results=10, next_token=first["meta"]["next_token"]))

    assert second["data"][0] == first["data"][-1]
    assert second["meta"]["result_count"] == len(second["data"]) == 11
    assert second["meta"]["newest_id"] == first["data"][-1]["id"]


@pytest.mark.parametrize("bound", ["since_id", "start_time"])
def test_a_post_from_before_the_cursor_comes_last(faulty: Api, bound: str) -> None:
    """It is a real post that matches, older than the cursor, with its author in the includes."""
    fields = {"tweet.fields": "created_at", "expansions": "author_id"}
    posts = _body(_ask(faulty, query="team", max_results=10, **fields))["data"]
    cursor = {"since_id": posts[4]["id"], "start_time": posts[4]["created_at"]}[bound]
    _script(faulty, {"kind": "older_than_cursor"})

    body = _body(_ask(faulty, query="team", max_results=10, **fields, **{bound: cursor}))

    older = posts[5]
    assert body["data"][-1]["id"] == older["id"]
    assert older["author_id"] in {user["id"] for user in body["includes"]["users"]}
    assert body["meta"]["oldest_id"] == older["id"]


def test_ids_past_two_to_the_sixty_third_appear(faulty: Api) -> None:
    """A made-up post carries huge ids, and the ends in `meta` stay those of real posts."""
    _script(faulty, {"kind": "huge_ids", "fields": ["id", "author_id"]})

    body = _body(_ask(faulty, query="team", max_results=10, **{"tweet.fields": "author_id"}))

    made_up = body["data"].pop()
    assert min(int(made_up["id"]), int(made_up["author_id"])) >= 2**63
    assert made_up["edit_history_tweet_ids"] == [made_up["id"]]
    assert int(body["meta"]["newest_id"]) < 2**63
    assert len(body["data"]) == 10


@pytest.mark.parametrize("error", ["none", "not-found", "internal-error", "resource-unavailable"])
def test_posts_are_lost_with_and_without_a_word(faulty: Api, error: str) -> None:
    """Lost posts are not in `data`; each has its error as often as the script says, or none."""
    ids = ",".join(_ids(faulty))
    _script(faulty, {"kind": "lose_posts", "count": 3, "error": error, "repeat": 2})

    body = _body(_ask(faulty, "/2/tweets", ids=ids))

    lost = set(ids.split(",")) - {post["id"] for post in body["data"]}
    assert len(lost) == 3
    said = [item["resource_id"] for item in body.get("errors", [])]
    assert sorted(said) == sorted([*lost, *lost] if error != "none" else [])


def test_a_field_can_be_lost_alone(faulty: Api) -> None:
    """A hydration failure keeps the post, without metrics, and says so; of all posts none is left without data."""
    ids = _ids(faulty)
    _script(faulty, {"kind": "lose_posts", "count": 99, "error": "field-hydration-failure"})

    body = _body(_ask(faulty, "/2/tweets", ids=",".join(ids), **{"tweet.fields": "public_metrics"}))
    _script(faulty, {"kind": "lose_posts", "count": 99})
    gone = _body(_ask(faulty, "/2/tweets", ids=",".join(ids)))

    assert [set(post) for post in body["data"]] == [{"id", "text", "edit_history_tweet_ids"}] * 10
    assert {error["field"] for error in body["errors"]} == {"public_metrics"}
    assert gone == {}


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("list", []),
        ("text", "ok"),
        ("null", None),
        ("data_is_object", {"data": {"id": "1"}}),
        ("data_is_text", {"data": "none"}),
        ("items_are_numbers", {"data": [1, 2, 3]}),
        ("meta_is_list", {"meta": []}),
    ],
)
def test_valid_json_can_have_the_wrong_shape(faulty: Api, shape: str, expected: object) -> None:
    """Status 200 and JSON, but not what was promised."""
    _script(faulty, {"kind": "wrong_shape", "shape": shape})

    answer = _ask(faulty)

    body = json.loads(answer.body)
    assert answer.status == 200
    assert body.items() >= expected.items() if isinstance(expected, dict) else body == expected


def test_bodies_that_are_no_json(faulty: Api) -> None:
    """A page with status 200, a body that breaks off, and a 5xx in three forms; gateways send no rate headers."""
    errors: list[dict[str, Any]] = [
        {"kind": "server_error", "status": 502, "form": form} for form in ("json", "plain", "html")
    ]
    answers = []
    for fault in [{"kind": "html_200"}, {"kind": "invalid_json"}, *errors]:
        _script(faulty, fault)
        answers.append(_ask(faulty))

    page, broken, *failed = answers
    assert (page.status, page.headers["content-type"]) == (200, "text/html")
    with pytest.raises(json.JSONDecodeError):
        json.loads(broken.body)
    assert [answer.status for answer in failed] == [502, 502, 502]
    assert json.loads(failed[0].body)["title"] == "Bad Gateway"
    assert ["x-rate-limit-reset" in answer.headers for answer in answers] == [False, True, True, False, False]


def test_a_fault_that_does_not_fit_leaves_the_answer_alone(faulty: Api) -> None:
    """A page fault on a lookup and a post fault on an empty answer change nothing, and the report says so."""
    pages = ("repeat_next_token", "empty_page_with_token", "older_than_cursor", "duplicate_post")
    kinds = (*pages, "huge_ids", "lose_posts")
    _script(faulty, *({"kind": kind} for kind in kinds))

    answer = _ask(faulty, "/2/tweets", ids=1)

    assert list(_body(answer)) == ["errors"]
    assert [rule["unfit"] for rule in faulty.faults.report()["rules"]] == [1] * len(kinds)
