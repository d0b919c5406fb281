"""Compliance jobs: begun, uploaded, worked on, downloaded; and what their lines say."""

import json
from typing import Any

import pytest
import requests

from simulator.api import Api
from simulator.config import Config
from tests.simulator.conftest import Server, TurnedClock
from tests.simulator.openapi import faults

PATH = "/2/compliance/jobs"


def _ask(api: Api, method: str, path: str, body: object = None, query: str = "") -> tuple[int, dict[str, Any]]:
    content = b"" if body is None else json.dumps(body).encode()
    answer = api.answer(method, path, query, "Bearer sim-a", "http://sim", content)
    return answer.status, json.loads(answer.body)


def _path(url: str) -> str:
    return url.removeprefix("http://sim")


def _lines(content: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content.splitlines()]


def _result(api: Api, clock: TurnedClock, kind: str, ids: list[int]) -> list[dict[str, Any]]:
    _, body = _ask(api, "POST", PATH, {"type": kind})
    api.compliance_file("PUT", _path(body["data"]["upload_url"]), "\n".join(map(str, ids)).encode())
    clock.turn(3)
    answer = api.compliance_file("GET", _path(body["data"]["download_url"]), b"")
    assert answer.status == 200
    return _lines(answer.body)


def test_a_job_goes_from_created_to_complete(api: Api, clock: TurnedClock) -> None:
    """It is created, in progress once ids were uploaded, and complete a while after."""
    status, created = _ask(api, "POST", PATH, {"type": "tweets", "name": "one"})
    uploaded = api.compliance_file("PUT", _path(created["data"]["upload_url"]), b"12\n13\n")
    _, working = _ask(api, "GET", f"{PATH}/{created['data']['id']}")
    early = api.compliance_file("GET", _path(created["data"]["download_url"]), b"")
    clock.turn(2)
    _, done = _ask(api, "GET", f"{PATH}/{created['data']['id']}")

    assert (status, created["data"]["status"], created["data"]["name"]) == (200, "created", "one")
    assert (uploaded.status, working["data"]["status"], early.status) == (200, "in_progress", 404)
    assert done["data"]["status"] == "complete"


def test_one_job_of_a_type_runs_at_a_time(api: Api, clock: TurnedClock) -> None:
    """A second one of the type is refused until the first has ended or nobody uploaded in time; users are apart."""
    first, busy, other = (_ask(api, "POST", PATH, {"type": kind})[0] for kind in ("tweets", "tweets", "users"))
    clock.turn(15 * 60)
    again = _ask(api, "POST", PATH, {"type": "tweets"})[0]
    _, listed = _ask(api, "GET", PATH, query="type=tweets")

    assert (first, busy, other, again) == (200, 409, 200, 200)
    assert [job["status"] for job in listed["data"]] == ["created", "expired"]


def test_posts_that_are_gone_have_a_line_with_the_reason(clock: TurnedClock) -> None:
    """Deleted posts and those of suspended and protected accounts are told with when; what can be seen is not."""
    api = Api(Config(accounts=8, activity=8, history_hours=24, deleted_share=0.2), clock)
    states = {str(post.id): post.state for post in api.world.index.posts}
    told = {line["id"]: line for line in _result(api, clock, "tweets", [post.id for post in api.world.index.posts])}

    assert {"deleted", "suspended", "protected", "superseded", "live"} <= set(states.values())
    assert {one: line["reason"] for one, line in told.items()} == {
        one: state for one, state in states.items() if state not in {"live", "superseded"}
    }
    assert {line["action"] for line in told.values()} == {"delete"}
    assert all(line["redacted_at"] >= line["created_at"] for line in told.values())


def test_accounts_that_are_gone_have_a_line_with_the_reason(api: Api, clock: TurnedClock) -> None:
    """Suspended and protected accounts are told, and so is an id that never was."""
    ids = [account.id for account in api.world.accounts.by_id.values()]
    hidden = {str(one.id): one.state for one in api.world.accounts.by_id.values() if one.hidden}

    told = {line["id"]: line["reason"] for line in _result(api, clock, "users", [*ids, 12])}

    assert told == {**hidden, "12": "deleted"}
    assert len(hidden) >= 2


def test_a_file_needs_the_address_that_was_shown(api: Api) -> None:
    """Another address takes and gives nothing, and what was uploaded is not taken twice."""
    _, body = _ask(api, "POST", PATH, {"type": "tweets"})
    url = _path(body["data"]["upload_url"])

    wrong = api.compliance_file("PUT", url[:-1] + ("0" if url[-1] != "0" else "1"), b"12")
    first, second = (api.compliance_file("PUT", url, b"12").status for _ in range(2))

    assert (wrong.status, first, second) == (403, 200, 404)


def test_ids_that_are_none_fail_the_job(api: Api) -> None:
    """A file with a word in it ends as failed, as X says it."""
    _, body = _ask(api, "POST", PATH, {"type": "tweets"})
    api.compliance_file("PUT", _path(body["data"]["upload_url"]), b"12\nnobody\n")

    assert _ask(api, "GET", f"{PATH}/{body['data']['id']}")[1]["data"]["status"] == "failed"


@pytest.mark.parametrize(
    "body", [None, {}, {"type": "posts"}, {"type": "tweets", "name": "n" * 65}, {"type": "users", "x": 1}]
)
def test_a_wrong_order_is_refused(api: Api, body: object) -> None:
    """A body without a type that exists, with a long name or with unknown fields is 400."""
    assert _ask(api, "POST", PATH, body)[0] == 400


@pytest.mark.parametrize("dialect", ["old", "new"])
def test_answers_validate(small_server: Server, dialect: str) -> None:
    """Over HTTP a job, the list of jobs and a created one fit the published specs, in both dialects."""
    headers = {"Authorization": "Bearer sim-compliance"}
    created = requests.post(small_server.url + PATH, json={"type": "tweets"}, headers=headers, timeout=10)
    if created.status_code == 409:  # of the other dialect's run
        created = small_server.get(PATH, type="tweets", status="created")
    job = created.json()["data"] if isinstance(created.json()["data"], dict) else created.json()["data"][0]
    one = small_server.get(f"{PATH}/{job['id']}")
    listed = small_server.get(PATH, type="tweets")

    assert one.json()["data"] == job
    assert faults(dialect, f"{PATH}/{{id}}", one.json()) == []
    assert faults(dialect, PATH, listed.json()) == []
    assert small_server.get(PATH).status_code == 400
    assert small_server.get(PATH, "sim-user-a", type="tweets").status_code == 403
