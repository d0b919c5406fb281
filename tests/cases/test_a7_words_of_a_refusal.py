"""A refusal shows X's own words, wherever in the answer X puts them."""

from __future__ import annotations

import json

import pytest
from pydantic import SecretStr

from shared.domain import errors
from shared.domain.models import RateHeaders
from shared.platforms.x.auth import bearer_credential
from shared.platforms.x.calls import search
from shared.platforms.x.client import XClient
from shared.platforms.x.error_map import error_for
from tests.shared.platforms.x.local_server import always, serving
from tests.shared.platforms.x.token_server import TokenServer

TYPE = "https://api.x.com/2/problems/client-forbidden"
WORDS = {"title": "Client Forbidden", "detail": "This app is attached to no project.", "type": TYPE}
SHOWN = f"Client Forbidden: This app is attached to no project. ({TYPE})"


def _error(status: int, body: object) -> errors.CoveyError:
    return error_for("search/recent", status, RateHeaders(), json.dumps(body).encode())


@pytest.mark.parametrize(
    "body",
    [
        WORDS,
        {"errors": [WORDS]},
        {"errors": [WORDS, {"title": "Another"}]},
        {"errors": [None, "?", {"parameters": {}}, WORDS]},
        {"errors": [WORDS], "status": 403},
    ],
)
def test_a_403_shows_title_detail_and_type(body: object) -> None:
    """Of the first fault that has them; the reason that is shown in the status is its type."""
    error = _error(403, body)

    assert isinstance(error, errors.Forbidden)
    assert str(error) == f"search/recent: X answered 403 {SHOWN}"
    assert error.reason == "client-forbidden"


def test_they_are_shown_from_the_answer_on() -> None:
    """A call that is refused like that carries the words."""
    with serving(always(403, {"errors": [WORDS]})) as server:
        answer = XClient(server.url).perform(search(query="a"), bearer_credential(SecretStr("the-secret-token")))

    assert SHOWN in str(answer.error)


@pytest.mark.parametrize(
    ("body", "shown", "reason"),
    [
        ({"errors": [{"title": "Forbidden"}]}, "Forbidden", "forbidden"),
        ({"errors": [{"detail": "No."}]}, "No.", "forbidden"),
        ({"errors": [{"type": TYPE}]}, f"({TYPE})", "client-forbidden"),
        ({"errors": [{"message": "You are suspended.", "code": 64}]}, "You are suspended.", "forbidden"),
        ({"errors": [WORDS | {"reason": "client-not-enrolled"}]}, SHOWN, "client-not-enrolled"),
        ({"errors": [WORDS | {"type": "about:blank"}]}, SHOWN.removesuffix(f" ({TYPE})"), "client-forbidden"),
        ({"title": "Own", "errors": [WORDS]}, f"Own: This app is attached to no project. ({TYPE})", "client-forbidden"),
        ({"errors": []}, "", "forbidden"),
        ({"errors": [{"title": 5, "detail": ["x"]}]}, "", "forbidden"),
    ],
)
def test_whatever_part_of_them_there_is_is_shown(body: object, shown: str, reason: str) -> None:
    """A part that is missing or is no text is left out, and nothing breaks."""
    error = _error(403, body)

    assert isinstance(error, errors.Forbidden)
    assert str(error) == f"search/recent: X answered 403 {shown}".rstrip()
    assert error.reason == reason


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, errors.Unauthorized),
        (402, errors.CreditsDepleted),
        (404, errors.ServerFault),
        (400, errors.InvalidRequest),
        (503, errors.ServerFault),
    ],
)
def test_other_refusals_show_them_too(status: int, kind: type[errors.CoveyError]) -> None:
    """The same list under another status."""
    error = _error(status, {"errors": [WORDS]})

    assert type(error) is kind
    assert SHOWN in str(error)


def test_a_cap_is_known_inside_the_list() -> None:
    """What the words mean does not depend on where they stand."""
    problem = {"title": "UsageCapExceeded", "type": "https://api.x.com/2/problems/usage-capped", "period": "Monthly"}

    error = _error(429, {"errors": [problem]})

    assert isinstance(error, errors.UsageCapExceeded)
    assert error.period == "monthly"


def test_the_token_endpoint_shows_them_too() -> None:
    """A renewal that is refused says why."""
    server = TokenServer()
    try:
        with pytest.raises(errors.Unauthorized, match=r"X answered 403 Client Forbidden: This app is attached"):
            server.refresh({"errors": [WORDS]}, status=403)
    finally:
        server.stop()


def test_words_are_shown_up_to_a_length() -> None:
    """A page of text in a detail does not fill the log."""
    assert len(str(_error(403, {"errors": [{"detail": "x" * 10_000, "type": "y" * 10_000}]}))) < 700
