"""Webhooks over HTTP, on real servers: who is believed, what is heeded once, and what is refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis
import requests
from pydantic import SecretStr

from listener.__main__ import answer_webhooks, streams_of
from listener.webhook import MAX_BODY_BYTES, PATH, Webhook
from shared.domain.money.prices import PriceKind
from shared.redis.connection import connect
from shared.runtime.embedded import free_port
from shared.services.bootstrap import Services
from tests.listener.live_world import follow
from tests.workers.world import ScriptedX, post, post_id, refusing, stored_ids

SECRET = "consumer-secret"


@pytest.fixture
def hooked(make_services: Callable[..., Services], x: ScriptedX) -> tuple[Services, str]:
    """Services whose webhooks are answered, and where."""
    services = make_services(x.url, x_consumer_secret=SECRET)
    port = answer_webhooks(services, streams_of(services), "127.0.0.1", 0)
    return services, f"http://127.0.0.1:{port}{PATH}"


def _signature(body: bytes) -> str:
    return "sha256=" + base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()


def _push(url: str, event: object, signature: str | None = None) -> requests.Response:
    body = json.dumps(event).encode()
    headers = {"x-twitter-webhooks-signature": _signature(body) if signature is None else signature}
    return requests.post(url, data=body, headers=headers, timeout=10)


def _event(event_type: str, payload: Any, uuid: str = "12") -> dict[str, Any]:
    about = {"event_uuid": uuid, "filter": {"user_id": "7"}, "event_type": event_type, "payload": payload}
    return {"data": about}


def test_x_s_challenge_is_answered(hooked: tuple[Services, str]) -> None:
    """The answer is the token, signed; without a token it is refused."""
    _, url = hooked

    answer = requests.get(url, params={"crc_token": "challenge"}, timeout=10)

    assert (answer.status_code, answer.json()) == (200, {"response_token": _signature(b"challenge")})
    assert requests.get(url, timeout=10).status_code == 400


def test_a_push_does_what_a_stream_does_and_once(hooked: tuple[Services, str]) -> None:
    """A post is stored and booked, a deletion marks it gone, a rename is followed; sent again each is known."""
    services, url = hooked
    follow(services, {"Bob": 7}, live=True)
    events = [
        _event("post.create", post(post_id(5)), "1"),
        _event("post.delete", {"id": str(post_id(5)), "author_id": "7"}, "2"),
        _event("profile.update.handle", {"before": "Bob", "after": "Robert"}, "3"),
    ]

    said = [[_push(url, event).json()["status"] for event in events] for _ in range(2)]

    assert said == [["heeded"] * 3, ["known"] * 3]
    document = services.stores.posts.get(post_id(5)) or {}
    assert (document["gone"]["by"], document["concerns"][0]["why"]) == ("event", "author")
    assert services.stores.handles.names(["bob"])["bob"].renamed_to == "robert"
    assert services.ledger.bought(PriceKind.POST, [post_id(5)]) == {post_id(5)}
    services.ledger.copy()
    assert sum(row["micro_usd"] for row in services.stores.db["ledger"].find({})) == 10_000


def test_who_is_not_x_is_not_heeded(hooked: tuple[Services, str]) -> None:
    """A wrong or missing signature is 401 and changes nothing."""
    services, url = hooked
    event = _event("post.create", post(post_id(5)))

    assert [_push(url, event, signature).status_code for signature in ("sha256=AAAA", "")] == [401, 401]
    assert requests.post(url, data=b"{}", timeout=10).status_code == 401
    assert stored_ids(services) == set()


def test_what_could_not_be_stored_is_not_remembered(hooked: tuple[Services, str]) -> None:
    """While MongoDB refuses, X is told to send it again; then it is heeded."""
    services, url = hooked
    event = _event("post.create", post(post_id(5)))

    with refusing(services, "X_tweets"):
        assert _push(url, event).status_code == 503
    assert _push(url, event).json() == {"status": "heeded"}
    assert stored_ids(services) == {post_id(5)}


def test_without_redis_x_sends_it_again(services: Services) -> None:
    """Where nobody knows what was seen, nothing is heeded."""
    away = connect(f"redis://127.0.0.1:{free_port()}/0")
    webhook = Webhook(services, streams_of(services), SecretStr(SECRET), away)
    body = json.dumps(_event("post.delete", {"id": "5", "author_id": "7"})).encode()

    assert webhook.push(body, _signature(body))[0] == 503


def test_bad_lines_are_taken_and_counted(hooked: tuple[Services, str]) -> None:
    """A signed body that nobody can read is 200: X would send it for ever."""
    _, url = hooked

    assert _push(url, ["odd"]).json() == {"status": "heeded"}


def test_other_places_methods_and_sizes_are_refused(hooked: tuple[Services, str], redis_client: redis.Redis) -> None:
    """Each by its status, before anything is read or remembered."""
    _, url = hooked
    large = {"Content-Length": str(MAX_BODY_BYTES + 1)}

    assert requests.get(url + "/more", timeout=10).status_code == 404
    assert requests.put(url, timeout=10).status_code == 405
    assert _raw(url, large) == 413
    assert _raw(url, {}) == 411
    assert _raw(url, {"Content-Length": "-1"}) == 411
    assert list(redis_client.scan_iter("covey:live:seen:*")) == []


def _raw(url: str, headers: dict[str, str]) -> int:
    """The status of a POST whose body never comes."""
    host, _, path = url.removeprefix("http://").partition("/")
    name, _, port = host.partition(":")
    lines = "".join(f"{key}: {value}\r\n" for key, value in headers.items())
    with socket.create_connection((name, int(port)), 10) as connection:
        connection.sendall(f"POST /{path} HTTP/1.1\r\nHost: {host}\r\n{lines}\r\n".encode())
        return int(connection.recv(100).split()[1])


def test_without_the_secret_no_port_is_opened(tmp_path: Path) -> None:
    """The command says which setting is missing, and ends with 2."""
    command = [sys.executable, "-m", "listener", "--webhook-port", "0"]
    environment = {"PYTHONPATH": str(Path(__file__).parents[2]), "X_BEARER_TOKEN": "sim-test"}
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=30)

    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "covey listener: COVEY_X_CONSUMER_SECRET is not set: X signs webhooks with the API key secret of your app"
    ]
