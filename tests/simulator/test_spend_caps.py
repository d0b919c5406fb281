"""Spend caps: when they stand, what is refused meanwhile, and that nothing of it is billed."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.api import Api
from simulator.clock import iso_ms
from simulator.config import Config
from simulator.control import Control
from simulator.money import Plan
from simulator.spend_caps import SpendCap
from tests.simulator.conftest import START_MS, Server, TurnedClock
from tests.simulator.test_search import ask

SEARCH = "/2/tweets/search/recent"


@given(
    st.integers(0, 100),
    st.floats(0.001, 50),
    st.lists(st.tuples(st.integers(0, 30_000), st.integers(0, 60)), max_size=30),
)
def test_a_cap_stands_from_the_charge_that_reaches_it_to_its_reset(
    cap_micro: int, seconds: float, charges: list[tuple[int, int]]
) -> None:
    """It stands exactly from the charge with which the sum since the last reset reaches it, to a whole second after."""
    cap, now_ms, spent, until_ms = SpendCap(cap_micro, seconds), START_MS, 0, None

    for step_ms, micro in charges:
        now_ms += step_ms
        if until_ms is not None and now_ms >= until_ms:
            spent, until_ms = 0, None
        cap.add(micro, now_ms)
        spent += micro
        if until_ms is None and spent >= cap_micro:
            until_ms = cap.standing_until_ms(now_ms)
            assert until_ms is not None
            assert -0.5 <= until_ms - now_ms - seconds * 1000 <= 1_000.5
            assert until_ms % 1000 == 0

        assert cap.standing_until_ms(now_ms) == until_ms


def _api(clock: TurnedClock, **plan: Any) -> Api:
    return Api(Config(accounts=3, history_hours=24, plan=Plan(**plan)), clock)


@pytest.mark.parametrize(("field", "dialect"), [("tweet.fields", "old"), ("post.fields", "new")])
def test_every_paid_call_is_refused_while_it_stands(field: str, dialect: str) -> None:
    """The call that reaches the cap is answered; then posts, users and counts are 403 with the reset, for nothing."""
    clock = TurnedClock()
    api = _api(clock, spend_cap_usd=0.05, spend_cap_seconds=20)
    fields = {field: "lang"}

    first, _ = ask(api, SEARCH, query="team", max_results=10, **fields)
    bill = api.ledger.bill()["micro_usd"]
    paths = (
        (SEARCH, {"query": "team", **fields}),
        ("/2/users", {"ids": 1, **fields}),
        ("/2/tweets", {"ids": 1, **fields}),
    )
    refused = [ask(api, path, **params) for path, params in paths]
    counts, _ = ask(api, "/2/tweets/counts/recent", query="team")
    free, _ = ask(api, "/2/usage/tweets")
    other = api.answer("GET", "/2/tweets", "ids=1", "Bearer sim-a~other", "http://sim").status
    clock.turn(20)
    later, _ = ask(api, "/2/users", ids=1)

    assert (first, counts, free, other, later) == (200, 403, 200, 200, 200)
    assert [status for status, _ in refused] == [403, 403, 403]
    for _, body in refused:
        assert body["reset_date"] == iso_ms(START_MS + 20_000)
        if dialect == "old":
            assert (body["title"], body["type"]) == ("SpendCapReached", "https://api.twitter.com/2/problems/credits")
        else:
            assert body["detail"] == "Your monthly spend cap has been reached."
            assert body["type"] == "https://api.x.com/2/problems/spend-cap-reached"
    assert api.ledger.bill()["micro_usd"] == bill == 50_000


def test_a_cap_is_set_moved_and_lifted_while_it_runs() -> None:
    """An order sets a cap over what was spent so far, so it may stand at once; null lifts it."""
    clock = TurnedClock()
    api = _api(clock)
    ask(api, SEARCH, query="team", max_results=10)

    def order(**body: Any) -> dict[str, Any]:
        answer = Control(api).answer("POST", "/_sim/spend-cap", "", json.dumps(body).encode())
        assert answer is not None
        found: dict[str, Any] = json.loads(answer.body)
        return found

    high, before = order(usd=1.0, reset_in_seconds=5), ask(api, "/2/users", ids=1)[0]
    low, during = order(usd=0.05, reset_in_seconds=5), ask(api, "/2/users", ids=1)[0]
    none, after = order(usd=None), ask(api, "/2/users", ids=1)[0]

    assert (before, during, after) == (200, 403, 200)
    assert (high["until_ms"], low["until_ms"], none["until_ms"]) == (None, START_MS + 5_000, None)
    assert low["spent_micro"] == api.ledger.bill()["spend_caps"]["default"]["spent_micro"] == 50_000
    assert "usd" in order(usd=-1)["error"]


def test_the_options_set_a_cap(serve: Any) -> None:
    """`--spend-cap` and `--spend-cap-seconds` are in force from the first call."""
    server: Server = serve(
        "--accounts", "2", "--history-hours", "24", "--spend-cap", "0.01", "--spend-cap-seconds", "900"
    )

    statuses = [server.get(SEARCH, query="team").status_code for _ in range(2)]

    assert statuses == [200, 403]
