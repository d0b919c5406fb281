"""Every refusal of X by name: status, words and headers."""

import json
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from simulator.api import Api
from simulator.calls import Answer
from simulator.clock import iso_ms
from simulator.faults.script import Script
from tests.simulator.conftest import START_MS

NOW = START_MS // 1000


def _refused(api: Api, token: str = "sim-a", **answer: Any) -> Answer:
    api.faults.load(Script.model_validate({"rules": [{"answer": answer}]}))
    try:
        return api.answer("GET", "/2/tweets", "ids=1&tweet.fields=lang", f"Bearer {token}", "http://sim")
    finally:
        api.faults.load(Script())


@pytest.mark.parametrize(
    ("problem", "status", "part"),
    [
        ("invalid-request", 400, {"title": "Invalid Request"}),
        ("stale-since-id", 400, {"title": "Invalid Request"}),
        (
            "unauthorized",
            401,
            {"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized"},
        ),
        ("credits-depleted", 402, {"title": "CreditsDepleted", "type": "https://api.twitter.com/2/problems/credits"}),
        ("client-not-enrolled", 403, {"title": "Client Forbidden", "reason": "client-not-enrolled"}),
        ("unsupported-authentication", 403, {"title": "Unsupported Authentication"}),
        ("forbidden", 403, {"title": "Forbidden", "type": "about:blank"}),
        ("not-found", 404, {"title": "Not Found"}),
        ("too-many-requests", 429, {"title": "Too Many Requests", "detail": "Too Many Requests"}),
        ("legacy-rate-limit", 429, {"errors": [{"code": 88, "message": "Rate limit exceeded"}]}),
        ("per-second", 429, {"title": "Too Many Requests"}),
        ("day-limit", 429, {"title": "Too Many Requests"}),
        ("usage-capped-monthly", 429, {"title": "UsageCapExceeded", "period": "Monthly", "scope": "Product"}),
        ("usage-capped-daily", 429, {"title": "UsageCapExceeded", "period": "Daily"}),
        (
            "spend-cap-reached",
            403,
            {
                "type": "https://api.x.com/2/problems/spend-cap-reached",
                "detail": "Your monthly spend cap has been reached.",
            },
        ),
        ("spend-cap-titled", 403, {"title": "SpendCapReached", "reset_date": "2026-10-01"}),
        (
            "listed-forbidden",
            403,
            {
                "errors": [
                    {
                        "title": "Forbidden",
                        "detail": "You are not permitted to perform this action.",
                        "type": "about:blank",
                    }
                ]
            },
        ),
        ("unknown-field", 400, {"title": "Invalid Request"}),
    ],
)
def test_each_refusal_has_the_words_of_x(still_api: Api, problem: str, status: int, part: dict[str, Any]) -> None:
    """Status and body are X's, and the rate headers are there."""
    answer = _refused(still_api, kind="problem", problem=problem)

    assert answer.status == status
    assert json.loads(answer.body).items() >= part.items()
    assert {"x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-reset"} <= set(answer.headers)


def test_only_the_429_of_the_window_has_no_calls_left(still_api: Api) -> None:
    """The headers tell the kinds of 429 apart, and a reset can be placed."""
    window = _refused(still_api, kind="problem", problem="too-many-requests", reset_in_seconds=7).headers
    second = _refused(still_api, kind="problem", problem="per-second").headers
    capped = _refused(still_api, kind="problem", problem="usage-capped-monthly").headers
    day = _refused(still_api, kind="problem", problem="day-limit", reset_in_seconds=60).headers
    users = _refused(still_api, "sim-user-a", kind="problem", problem="day-limit").headers

    assert (window["x-rate-limit-remaining"], window["x-rate-limit-reset"]) == ("0", str(NOW + 7))
    assert int(second["x-rate-limit-remaining"]) > 0
    assert int(capped["x-rate-limit-remaining"]) > 0
    assert (day["x-app-limit-24hour-remaining"], day["x-app-limit-24hour-reset"]) == ("0", str(NOW + 60))
    assert users["x-user-limit-24hour-reset"] == str(NOW + 86_400)


def test_any_answer_can_be_written(still_api: Api) -> None:
    """Status, body and headers as given; a header of null is left out; text is sent as text."""
    headers = {"X-Rate-Limit-Reset": None, "Retry-After": "3"}
    answer = _refused(still_api, kind="status", status=404, body="no such host", headers=headers)

    assert (answer.status, answer.body) == (404, b"no such host")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["retry-after"] == "3"
    assert "x-rate-limit-reset" not in answer.headers
    assert "x-rate-limit-limit" in answer.headers


def test_a_spend_cap_says_when_it_ends(still_api: Api) -> None:
    """The newer form names a reset only when one is given; the older one always, else the next month."""
    bodies = [
        json.loads(_refused(still_api, kind="problem", problem=problem, **reset).body)
        for problem in ("spend-cap-reached", "spend-cap-titled")
        for reset in ({}, {"reset_in_seconds": 20})
    ]

    assert [body.get("reset_date") for body in bodies] == [
        None,
        iso_ms(START_MS + 20_000),
        "2026-10-01",
        iso_ms(START_MS + 20_000),
    ]


def test_a_field_that_was_asked_for_is_refused(still_api: Api) -> None:
    """The 400 names the parameter and the value, and lists the others, in the words of X; `source` first of all."""
    said = []
    for fields in ("tweet.fields=lang,source", "tweet.fields=lang", "post.fields=text"):
        rules = [{"match": {"times": 1}, "answer": {"kind": "problem", "problem": "unknown-field"}}]
        still_api.faults.load(Script.model_validate({"rules": rules}))
        refused, served = (
            still_api.answer("GET", "/2/tweets", f"ids=1&{fields}", "Bearer sim-a", "http://sim") for _ in range(2)
        )
        assert (refused.status, served.status) == (400, 200)
        said.append(json.loads(refused.body)["errors"][0]["message"])
    still_api.faults.load(Script())

    assert said[0].startswith("The `tweet.fields` query parameter value [source] is not one of [article,")
    assert said[1].startswith("The `tweet.fields` query parameter value [lang] is not one of [")
    assert said[2].startswith("The `post.fields` query parameter value [text] is not one of [")
    assert ",source" not in said[0]


def test_headers_that_stray(still_api: Api) -> None:
    """The reset comes in milliseconds, or the date is a week off; the body is the real one."""
    late = _refused(still_api, kind="millisecond_reset")
    off = _refused(still_api, kind="stray_date", days=-7)

    assert int(late.headers["x-rate-limit-reset"]) // 1000 > NOW
    assert len(late.headers["x-rate-limit-reset"]) == 13
    assert parsedate_to_datetime(off.headers["date"]).timestamp() == NOW - 7 * 86_400
    assert late.body == off.body
