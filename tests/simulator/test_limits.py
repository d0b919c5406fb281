"""Rate windows: what is let through, what the headers say, what a refusal looks like."""

import json
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.api import Api
from simulator.calls import Answer, Credential
from simulator.config import Config
from simulator.endpoints.table import ENDPOINTS
from simulator.limits import LIMITS, RateLimits
from tests.simulator.conftest import START_MS, Server, TurnedClock

APP = Credential("sim-a", "app")


def _ask(api: Api, token: str = "sim-a", path: str = "/2/tweets", query: str = "ids=1") -> Answer:
    return api.answer("GET", path, query, f"Bearer {token}", "http://sim")


@given(
    st.integers(1, 5),
    st.integers(1, 20),
    st.lists(st.integers(0, 4_000), min_size=1, max_size=60),
)
def test_no_window_lets_through_more_than_its_limit(limit: int, seconds: int, steps_ms: list[int]) -> None:
    """Between the reset that a call is told and its predecessor's, at most `limit` calls pass."""
    limits, now_ms = RateLimits(seconds, {"tweets": limit}), START_MS
    passed: dict[int, int] = {}

    for step_ms in steps_ms:
        now_ms += step_ms
        taken = limits.take(APP, "tweets", now_ms)
        reset_seconds = taken.window.reset_seconds
        passed[reset_seconds] = passed.get(reset_seconds, 0) + (taken.refused_by is None)
        assert now_ms < reset_seconds * 1000 <= now_ms + seconds * 1000 + 999

    assert max(passed.values()) <= limit


def test_a_spent_window_is_429_until_its_reset() -> None:
    """The call after the last is 429 with X's body and headers; at the reset calls pass again."""
    clock = TurnedClock()
    api = Api(Config(accounts=2, history_hours=1, limits={"tweets": 2}, window_seconds=60), clock)

    first, second, third = (_ask(api) for _ in range(3))
    other_token, other_endpoint = _ask(api, "sim-b"), _ask(api, path="/2/users", query="ids=1")
    clock.turn(60)
    after = _ask(api)

    assert [a.status for a in (first, second, third, after)] == [200, 200, 429, 200]
    assert [a.headers["x-rate-limit-remaining"] for a in (first, second, third)] == ["1", "0", "0"]
    assert json.loads(third.body) == {
        "title": "Too Many Requests",
        "type": "about:blank",
        "status": 429,
        "detail": "Too Many Requests",
    }
    assert third.headers["x-rate-limit-reset"] == str(START_MS // 1000 + 60)
    assert other_token.status == other_endpoint.status == 200


def test_every_endpoint_has_a_limit_and_refusals_carry_headers() -> None:
    """The table of endpoints and the table of limits agree, and a 400 spends and shows its window."""
    api = Api(Config(accounts=2, history_hours=1), TurnedClock())

    refused = _ask(api, query="ids=none")

    assert {endpoint.name for endpoint in ENDPOINTS} == set(LIMITS)
    assert refused.status == 400
    assert refused.headers["x-rate-limit-remaining"] == "3499"


def test_a_users_token_has_its_own_limits() -> None:
    """A `sim-user-*` token is counted by the user column."""
    api = Api(Config(accounts=2, history_hours=1), TurnedClock())

    answer = _ask(api, "sim-user-a", "/2/tweets/search/recent", "query=team")

    assert answer.headers["x-rate-limit-limit"] == "300"


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer x", "Basic sim-a", "Bearer sim-"])
def test_without_a_good_token_it_is_401(authorization: str | None) -> None:
    """A missing, malformed or unknown token is 401 with X's body and no window."""
    api = Api(Config(accounts=2, history_hours=1), TurnedClock())

    answer = api.answer("GET", "/2/tweets", "ids=1", authorization, "http://sim")

    assert answer.status == 401
    assert json.loads(answer.body)["title"] == "Unauthorized"
    assert "x-rate-limit-limit" not in answer.headers


def test_a_configured_token_is_accepted_and_never_shown() -> None:
    """A token of the settings opens the API and is in no representation of a credential."""
    api = Api(Config(accounts=2, history_hours=1, tokens=("secret",)), TurnedClock())

    assert _ask(api, "secret").status == 200
    assert "secret" not in repr(Credential("secret", "app"))


def test_the_date_header_follows_the_offset_clock(small_server: Server, busy_server: Server) -> None:
    """A server that runs an hour ahead says so in Date and places its resets there."""
    ahead, now = (server.get("/2/tweets", "sim-date", ids=1).headers for server in (small_server, busy_server))
    gap = parsedate_to_datetime(ahead["Date"]) - parsedate_to_datetime(now["Date"])

    assert abs(gap.total_seconds() - 3600) <= 2
    # Their windows are of 600 and of 900 seconds.
    assert abs(int(ahead["x-rate-limit-reset"]) - int(now["x-rate-limit-reset"]) - 3600 + 300) <= 2


def test_the_rule_of_a_second_refuses_with_calls_left() -> None:
    """Within any second only N calls pass; the others are 429 with calls left, and spend nothing."""
    clock = TurnedClock()
    api = Api(Config(accounts=2, history_hours=1, per_second={"tweets": 2}), clock)

    answers = [_ask(api) for _ in range(3)]
    clock.turn(0.999)
    early = _ask(api)
    clock.turn(0.001)
    late = _ask(api)

    assert [answer.status for answer in (*answers, early, late)] == [200, 200, 429, 429, 200]
    assert early.headers["x-rate-limit-remaining"] == "3498"
    assert late.headers["x-rate-limit-remaining"] == "3497"


def test_a_cap_of_a_day_has_headers_of_its_own() -> None:
    """After N calls in 24 hours it is 429 in every window until the reset that the header names."""
    clock = TurnedClock()
    api = Api(Config(accounts=2, history_hours=1, day_limits={"tweets": 2}), clock)

    first, _, third = (_ask(api) for _ in range(3))
    users = _ask(api, "sim-user-a")
    clock.turn(3_600)
    later = _ask(api)
    clock.turn(int(first.headers["x-app-limit-24hour-reset"]) - clock.now_ms / 1000)
    next_day = _ask(api)

    assert [answer.status for answer in (first, third, users, later, next_day)] == [200, 429, 200, 429, 200]
    assert [third.headers[f"x-app-limit-24hour-{name}"] for name in ("limit", "remaining")] == ["2", "0"]
    assert int(first.headers["x-app-limit-24hour-reset"]) == START_MS // 1000 + 86_400
    assert third.headers["x-rate-limit-remaining"] == "3498"
    assert users.headers["x-user-limit-24hour-remaining"] == "1"


def test_the_old_body_of_a_429_can_be_had() -> None:
    """With `legacy_429` a refusal is code 88, with the same headers."""
    api = Api(Config(accounts=2, history_hours=1, limits={"tweets": 1}, legacy_429=True), TurnedClock())

    _, refused = _ask(api), _ask(api)

    assert json.loads(refused.body) == {"errors": [{"code": 88, "message": "Rate limit exceeded"}]}
    assert refused.headers["x-rate-limit-remaining"] == "0"


@given(st.lists(st.tuples(st.sampled_from(["call", "spend", "cut"]), st.integers(1, 30), st.integers(0, 3_000))))
def test_strangers_and_cuts_never_let_more_through(steps: list[tuple[str, int, int]]) -> None:
    """Whatever strangers spend and cuts leave, calls pass exactly while the limit in force is not reached."""
    limits, now_ms, seen = RateLimits(10, {"tweets": 20}), START_MS, []

    for kind, number, step_ms in steps:
        now_ms += step_ms
        if kind == "spend":
            limits.spend(APP, "tweets", number, now_ms)
        elif kind == "cut":
            limits.cut("tweets", number, None, now_ms, lasting=False)
        else:
            taken = limits.take(APP, "tweets", now_ms)
            window = taken.window
            seen.append(window)
            used = window.granted + window.strangers
            assert (taken.refused_by is None) == (window.remaining + (taken.refused_by is None) > 0)
            assert window.remaining == max(0, window.limit - used)

    for track in limits.tracks():
        assert {id(window) for window in seen} <= {id(window) for window in (*track.past, track.window)}
        assert sum(w.granted + w.refused for w in (*track.past, track.window)) == len(seen)
