"""Orders to a running simulator: strangers, cuts, credits; and what it says of its windows."""

from typing import Any

import pytest

from tests.simulator.conftest import Server, start_server, stop_server


@pytest.fixture(scope="module")
def server() -> Any:
    """A small simulator with short windows."""
    options = ("--limit", "search/recent=50", "--token", "very-secret", "--window-seconds", "60")
    running = start_server("--accounts", "2", "--history-hours", "2", *options)
    yield running
    stop_server(running)


def _order(server: Server, name: str, **body: Any) -> tuple[int, dict[str, Any]]:
    answer = server.session.post(f"{server.url}/_sim/{name}", json=body, timeout=5)
    return answer.status_code, answer.json()


def _left(server: Server, token: str, endpoint: str = "/2/tweets", **params: Any) -> tuple[int, int, int]:
    answer = server.get(endpoint, token, **(params or {"ids": 1}))
    headers = answer.headers
    return answer.status_code, int(headers["x-rate-limit-limit"]), int(headers["x-rate-limit-remaining"])


def test_a_stranger_spends_the_same_token(server: Server) -> None:
    """What a stranger spends is gone for the holder of the token, and for nobody else."""
    before = _left(server, "sim-shared")
    spent = _order(server, "spend", token="sim-shared", endpoint="tweets", calls=3400)
    after, other = _left(server, "sim-shared"), _left(server, "sim-alone")
    more = _order(server, "spend", token="sim-shared", endpoint="tweets", calls=500)

    assert (before, after, other) == ((200, 3500, 3499), (200, 3500, 98), (200, 3500, 3499))
    assert spent[1].items() >= {"spent": 3400, "limit": 3500, "remaining": 99}.items()
    assert more[1]["spent"] == 98
    assert _left(server, "sim-shared")[0] == 429


def test_a_limit_is_cut_in_the_middle_of_a_window(server: Server) -> None:
    """After a cut the next answer shows the new limit less what was spent; the one after the last is 429."""
    search: dict[str, Any] = {"endpoint": "/2/tweets/search/recent", "query": "team"}
    before = [_left(server, "sim-cut", **search) for _ in range(3)]
    _order(server, "limits", endpoint="search/recent", limit=4, token="sim-cut", lasting=False)
    after = [_left(server, "sim-cut", **search) for _ in range(2)]

    assert before[-1] == (200, 50, 47)
    assert after == [(200, 4, 0), (429, 4, 0)]
    assert _left(server, "sim-uncut", **search) == (200, 50, 49)


def test_the_windows_say_how_much_was_used(server: Server) -> None:
    """Every window is listed with its limit, its calls and its refusals, and no real token is."""
    _order(server, "limits", endpoint="users", limit=4)
    for _ in range(5):
        server.get("/2/users", "very-secret", ids=1)

    (window,) = server.truth("windows", endpoint="users")["windows"]
    everything = server.get("/_sim/windows", None).text + server.get("/_sim/bill", None).text

    assert {name: window[name] for name in ("limit", "granted", "strangers", "refused", "share", "past")} == {
        "limit": 4,
        "granted": 4,
        "strangers": 0,
        "refused": 1,
        "share": 1.0,
        "past": False,
    }
    assert window["token"].startswith("token-")
    assert "very-secret" not in everything


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("spend", {"token": "sim-a", "endpoint": "nowhere", "calls": 1}, "nowhere"),
        ("spend", {"token": "sim-a", "endpoint": "tweets", "calls": 0}, "calls: Input should be greater than"),
        ("spend", {"token": "unknown", "endpoint": "tweets"}, "token: it opens nothing here"),
        ("limits", {"endpoint": "tweets"}, "limit: Field required"),
        ("limits", {"endpoint": "tweets", "limit": 5, "colour": 1}, "colour: Extra inputs"),
        ("credits", {"usd": -1}, "not '-1'"),
    ],
)
def test_bad_orders_are_told_so(server: Server, name: str, body: dict[str, Any], said: str) -> None:
    """An order that cannot be followed is a 400 whose sentence names the place and the value, never a token."""
    status, answer = _order(server, name, **body)

    assert status == 400
    assert said in answer["error"]
    assert "unknown" not in answer["error"]
