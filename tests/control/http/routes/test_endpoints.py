"""Webhook endpoints over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from control.endpoints import MOST
from shared.credentials.vault import new_key
from shared.domain.access import Scope
from shared.services.bootstrap import Services
from tests.control.http.conftest import Api, problem
from tests.shared.http.receiver import HUSH, Receiver, receiving
from tests.workers.handlers.test_deliveries import enter, look, told
from tests.workers.world import work_off

URL = f"https://hooks.example/{HUSH}"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Somebody who takes webhooks."""
    with receiving() as running:
        yield running


@pytest.fixture
def sending(serve: Callable[..., Api], make_services: Callable[..., Services]) -> Api:
    """An API whose endpoints may be on this machine."""
    return serve(make_services("http://127.0.0.1:9", webhook_private=True, credential_keys=new_key()))


@pytest.fixture
def strict(serve: Callable[..., Api], make_services: Callable[..., Services]) -> Api:
    """An API as it is when nobody set anything but the keys."""
    return serve(make_services("http://127.0.0.1:9", credential_keys=new_key()))


def create(api: Api, url: str = URL, **more: Any) -> dict[str, Any]:
    """A new endpoint."""
    answer = api.post("/v1/endpoints", {"url": url, **more})
    assert answer.status_code == 201, answer.text
    row: dict[str, Any] = answer.json()
    return row


def test_an_endpoint_shows_its_host_and_its_secret_once(strict: Api) -> None:
    """The path of its address is in no answer, nor in the audit trail; the secret in that to its making alone."""
    made = create(strict, types=["post.gone"], max_events=5)
    assert made["secret"].startswith("whsec_")
    assert (made["host"], made["types"], made["max_events"]) == ("hooks.example", ["post.gone"], 5)
    assert (made["state"], made["backlog"], made["cursor"]) == ("active", 0, "0")
    shown = "".join(
        strict.get(path).text
        for path in (
            "/v1/endpoints",
            f"/v1/endpoints/{made['id']}",
            "/v1/audit",
            f"/v1/endpoints/{made['id']}/deliveries",
        )
    )
    assert HUSH not in shown
    assert made["secret"] not in shown
    assert made["id"] in shown


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/latest",
        "https://localhost/",
        "https://user:secret@hooks.example/",
        "ftp://hooks.example/",
        "hooks.example",
        "https://hooks.example:port/",
    ],
)
def test_an_address_that_may_not_be_sent_to_is_refused(strict: Api, url: str) -> None:
    """Private ones, plain http, logins and what is no address; the answer does not say the address again."""
    told = problem(strict.post("/v1/endpoints", {"url": url}), 422, "invalid-input")
    assert url not in str(told)
    assert strict.get("/v1/endpoints").json()["data"] == []


def test_without_keys_none_is_made(api: Api) -> None:
    """What opens it could not be sealed: the setting is named."""
    told = problem(api.post("/v1/endpoints", {"url": URL}), 422, "invalid-input")
    assert "COVEY_CREDENTIAL_KEYS" in told["detail"]


def test_another_tenants_endpoint_is_not_found(strict: Api) -> None:
    """By any way; in the list it is not; and the scope is needed."""
    made, theirs = create(strict), strict.token([Scope.STREAM], tenant="acme")
    for method, path, body in (
        ("GET", "", None),
        ("PATCH", "", {"max_events": 1}),
        ("DELETE", "", None),
        ("POST", "/rotate", None),
        ("POST", "/ping", None),
        ("POST", "/replay", {"after": "0"}),
        ("POST", "/enable", None),
        ("POST", "/disable", None),
        ("GET", "/deliveries", None),
    ):
        answer = strict.ask(method, f"/v1/endpoints/{made['id']}{path}", token=theirs, json=body)
        problem(answer, 404, "not-found")
    assert strict.get("/v1/endpoints", token=theirs).json()["data"] == []
    problem(strict.get("/v1/endpoints", token=strict.token([Scope.READ])), 403, "forbidden")
    assert strict.get(f"/v1/endpoints/{made['id']}").json()["state"] == "active"


def test_what_waits_and_how_it_went_is_shown(sending: Api, receiver: Receiver) -> None:
    """Backlog, since when the oldest waits, the last day, the last failure, and each try page by page."""
    made = create(sending, receiver.url)
    path = f"/v1/endpoints/{made['id']}"
    enter(sending.services, *range(1, 31))
    before = sending.get(path).json()
    assert before["backlog"] == 30
    assert before["oldest_waiting_at"] is not None
    receiver.answer = lambda taken: 204 if len(receiver.taken) == 1 else 500
    look(sending.services)
    after = sending.get(path).json()
    assert (after["backlog"], after["cursor"]) == (5, "25")
    assert after["last_24h"] == {"tries": 2, "delivered": 1}
    assert (after["last_error"]["error"], after["last_error"]["status"]) == ("answered 500", 500)
    assert after["next_try_at"] is not None
    seen, cursor = [], ""
    for _ in range(2):
        page = sending.get(f"{path}/deliveries?limit=1{cursor}").json()
        seen += [(one["outcome"], one["first"], one["through"], one["events"]) for one in page["data"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == [("retry", 26, 30, 5), ("delivered", 1, 25, 25)]
    assert page["next_cursor"] is None


def test_a_change_is_made_and_what_waits_is_tried_at_once(sending: Api, receiver: Receiver) -> None:
    """Another address, fewer events; the rest stays; the trail has how it was and is, without the address."""
    with receiving() as dead:
        dead.answer = lambda taken: 500
        made = create(sending, dead.url)
        enter(sending.services, 1, 2, 3)
        look(sending.services)
    changed = sending.ask("PATCH", f"/v1/endpoints/{made['id']}", json={"url": receiver.url, "max_events": 2})
    assert (changed.status_code, changed.json()["max_events"], changed.json()["types"]) == (200, 2, made["types"])
    look(sending.services)
    assert told(*receiver.taken) == ["1", "2", "3"]
    (entry,) = sending.get("/v1/audit?action=endpoint.edit").json()["data"]
    assert (entry["before"]["max_events"], entry["after"]["max_events"]) == (25, 2)
    assert HUSH not in str(entry)


def test_a_rotation_shows_the_new_secret_once(strict: Api) -> None:
    """And until when the one before signs too."""
    made = create(strict)
    rotated = strict.post(f"/v1/endpoints/{made['id']}/rotate").json()
    assert rotated["secret"] not in ("", made["secret"])
    assert rotated["previous_secret_until"] is not None
    assert "secret" not in strict.get(f"/v1/endpoints/{made['id']}").json()


def test_a_ping_is_sent_by_a_worker_and_found_in_the_log(sending: Api, receiver: Receiver) -> None:
    """202 with the id of the message; asked again under one key it is sent once."""
    made = create(sending, receiver.url)
    for _ in range(2):
        asked = sending.post(f"/v1/endpoints/{made['id']}/ping", headers={"Idempotency-Key": "p1"})
        assert asked.status_code == 202
    work_off(sending.services)
    assert [one.headers["webhook-id"] for one in receiver.taken] == [asked.json()["message"]]
    (row,) = sending.get(f"/v1/endpoints/{made['id']}/deliveries").json()["data"]
    assert (row["message"], row["outcome"], row["first"]) == (asked.json()["message"], "delivered", None)


def test_a_replay_tells_a_range_again(sending: Api, receiver: Receiver) -> None:
    """By cursor and by time; what is not there, or no range, is refused; what is kept no longer is gone."""
    made = create(sending, receiver.url)
    path = f"/v1/endpoints/{made['id']}/replay"
    enter(sending.services, *range(1, 11))
    look(sending.services)
    answer = sending.post(path, {"after": "3", "through": "5"})
    assert (answer.status_code, answer.json()["cursor"], answer.json()["replaying_through"]) == (200, "3", "5")
    look(sending.services)
    assert told(*receiver.taken) == [*map(str, range(1, 11)), "4", "5"]
    soon = sending.services.clock.now() + timedelta(hours=1)
    for body in (
        {},
        {"after": "1", "since": soon.isoformat()},
        {"after": "10"},
        {"since": soon.isoformat()},
        {"after": "99"},
    ):
        problem(sending.post(path, body), 422, "invalid-input")
    sending.services.stores.db["feed"].delete_many({"number": {"$lte": 3}})
    assert problem(sending.post(path, {"after": "1"}), 410, "gone")["oldest_cursor"] == "3"
    assert sending.get(f"/v1/endpoints/{made['id']}").json()["cursor"] == "10"


def test_disabled_it_is_sent_nothing_until_it_is_enabled(sending: Api, receiver: Receiver) -> None:
    """Its place is kept; and forgotten it is sent nothing any more."""
    made = create(sending, receiver.url)
    path = f"/v1/endpoints/{made['id']}"
    for _ in range(2):
        assert sending.post(f"{path}/disable").json()["why"] == "asked"
    enter(sending.services, 1)
    look(sending.services)
    assert receiver.taken == []
    for _ in range(2):
        assert sending.post(f"{path}/enable").json()["state"] == "active"
    look(sending.services)
    assert told(*receiver.taken) == ["1"]
    assert sending.ask("DELETE", path).json()["id"] == made["id"]
    problem(sending.get(path), 404, "not-found")
    enter(sending.services, 2)
    look(sending.services)
    assert told(*receiver.taken) == ["1"]
    done = [one["action"] for one in sending.get("/v1/audit").json()["data"]]
    assert done[:3] == ["endpoint.remove", "endpoint.enable", "endpoint.disable"]


def test_a_tenant_has_so_many_at_most(strict: Api) -> None:
    """The list of them has a bound, page by page; another tenant has its own."""
    one = strict.services.stores.db["endpoints"]
    create(strict)
    kept = one.find_one() or {}
    one.insert_many([{**kept, "_id": f"e{number}"} for number in range(MOST - 1)])
    assert "the most" in problem(strict.post("/v1/endpoints", {"url": URL}), 422, "invalid-input")["detail"]
    page = strict.get("/v1/endpoints?limit=60").json()
    rest = strict.get(f"/v1/endpoints?limit=60&cursor={page['next_cursor']}").json()
    assert len({row["id"] for row in page["data"] + rest["data"]}) == MOST
    theirs = strict.token([Scope.STREAM], tenant="acme")
    assert strict.post("/v1/endpoints", {"url": URL}, token=theirs).status_code == 201
