"""The bill by call: every call once, with what became of it, adding up to the bill."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from simulator.api import Api
from simulator.config import Config
from simulator.faults.script import Script
from tests.simulator.conftest import Server, TurnedClock


@pytest.fixture(autouse=True)
def no_script_after(small_server: Server) -> Iterator[None]:
    """Leave the shared simulator without faults."""
    yield
    small_server.session.post(f"{small_server.url}/_sim/faults", json={}, timeout=5)


def _script(server: Server, **answer: Any) -> None:
    answer_to = server.session.post(f"{server.url}/_sim/faults", json={"rules": [{"answer": answer}]}, timeout=5)
    assert answer_to.status_code == 200


def _search(api: Api, query: str, size: int) -> None:
    api.answer("GET", "/2/tweets/search/recent", f"query={query}&max_results={size}", "Bearer sim-a", "http://sim")


def test_the_calls_add_up_to_the_bill() -> None:
    """Each call is listed with its status, outcome and cost; the sums by outcome are those of the bill."""
    api = Api(Config(accounts=2, history_hours=24, limits={"media": 1}), TurnedClock())
    rules = [
        {"match": {"nth": 2}, "answer": {"kind": "reset"}},
        {"match": {"nth": 2}, "answer": {"kind": "server_error"}},
        {"match": {"nth": 2}, "answer": {"kind": "html_200"}},
    ]
    api.faults.load(Script.model_validate({"rules": rules[:1]}))
    for size in (10, 20):
        _search(api, "team", size)
    for rule in rules[1:]:
        api.faults.load(Script.model_validate({"rules": [rule]}))
        for query in ("team", "plan"):
            _search(api, query, 20)
    _search(api, "team", 3)

    report, bill = api.journal.report(0), api.ledger.bill()

    outcomes = [(call["status"], call["outcome"]) for call in report["calls"]]
    assert outcomes == [
        (200, "answered"),
        (200, "unanswered"),
        (200, "answered"),
        (503, "failed"),
        (200, "answered"),
        (200, "failed"),
        (400, "failed"),
    ]
    assert [call["micro_usd"] for call in report["calls"]] == [50_000, 50_000, 0, 0, 0, 0, 0]
    assert sum(line["micro_usd"] for line in report["totals"].values()) == bill["micro_usd"] == 100_000
    assert report["totals"]["answered"]["posts_reread"] == 40
    assert {call["number"] for call in report["calls"]} == set(range(1, 8))


def test_a_client_that_hung_up_was_not_answered(small_server: Server) -> None:
    """A late answer to a closed connection is unanswered; one to a client that stays, or asks to close, is answered."""
    _script(small_server, kind="pass", delay_ms=300)
    host, port = small_server.url.removeprefix("http://").split(":")
    for token in ("hasty", "patient"):
        with socket.create_connection((host, int(port)), 5) as connection:
            lines = ["GET /2/tweets?ids=1 HTTP/1.1", f"Host: {host}", f"Authorization: Bearer sim-{token}"]
            connection.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode())
            while token == "patient" and connection.recv(65_536):
                pass

    def outcome(token: str) -> str:
        (call,) = small_server.truth(f"bill/calls?token=sim-{token}")["calls"]
        return str(call["outcome"])

    # Its answer was due before that of the patient one.
    assert (outcome("hasty"), outcome("patient")) == ("unanswered", "answered")


def test_a_drip_that_was_given_up_was_not_answered(small_server: Server) -> None:
    """The journal tells a client that read to the end from one that stopped in the middle."""
    _script(small_server, kind="drip", byte_ms=1)
    whole = small_server.get("/2/tweets", "sim-reader", ids=1)
    _script(small_server, kind="drip", byte_ms=100)
    with pytest.raises(requests.RequestException):
        requests.get(
            f"{small_server.url}/2/tweets?ids=1", headers={"Authorization": "Bearer sim-quitter"}, timeout=0.05
        ).raise_for_status()
    small_server.session.post(f"{small_server.url}/_sim/faults", json={}, timeout=5)

    calls: dict[str, str] = {}
    for _ in range(200):
        listed = small_server.truth("bill/calls", endpoint="tweets")["calls"]
        calls = {call["token"]: call["outcome"] for call in listed}
        if calls["sim-quitter"] == "unanswered":
            break

    assert whole.json()["errors"]
    assert (calls["sim-reader"], calls["sim-quitter"]) == ("answered", "unanswered")


def test_calls_are_picked_by_number_and_parts(small_server: Server) -> None:
    """`after` and the parts narrow the list down; what is neither is a 400 with its name."""
    for _ in range(2):
        small_server.get("/2/tweets", "sim-picked", ids="none")
    first, second = small_server.truth("bill/calls?token=sim-picked")["calls"]

    after = small_server.truth("bill/calls?token=sim-picked", after=first["number"], outcome="failed")
    bad = small_server.get("/_sim/bill/calls", None, colour="red")

    assert after["calls"] == [second]
    assert (bad.status_code, bad.json()["error"]) == (400, "colour: no such part")
