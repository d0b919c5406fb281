"""Every status has an error, and every kind of body its meaning."""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pytest

from shared.domain import errors
from shared.domain.models import RateHeaders
from shared.platforms.x.blocks import block_for
from shared.platforms.x.endpoints import ENDPOINTS
from shared.platforms.x.error_map import NOT_IN_PLAN, error_for

NONE = RateHeaders()
INVALID = {"title": "Invalid Request", "type": "https://api.x.com/2/problems/invalid-request"}


def _error(status: int, body: object = b"", rate: RateHeaders = NONE) -> errors.CoveyError:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return error_for("search/recent", status, rate, content)


def _invalid(*messages: str) -> dict[str, Any]:
    return INVALID | {"errors": [{"parameters": {"x": ["y"]}, "message": message} for message in messages]}


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, INVALID, errors.InvalidRequest),
        (401, {"title": "Unauthorized", "type": "about:blank", "status": 401}, errors.Unauthorized),
        (402, {"title": "CreditsDepleted"}, errors.CreditsDepleted),
        (403, {"title": "Client Forbidden", "reason": "client-not-enrolled"}, errors.Forbidden),
        (404, {"title": "Not Found Error"}, errors.ServerFault),
        (429, {"title": "Too Many Requests"}, errors.WindowExceeded),
        (500, {"title": "Internal Server Error"}, errors.ServerFault),
        (502, b"<html>Bad Gateway</html>", errors.ServerFault),
        (503, b"Service Unavailable", errors.ServerFault),
        (504, b"", errors.ServerFault),
        (520, b"<html>", errors.ServerFault),
        (301, b"", errors.NoAnswer),
        (204, b"", errors.NoAnswer),
        (410, b"", errors.NotFound),
        (408, b"", errors.ServerFault),
        (431, b"", errors.InvalidRequest),
        (599, b"", errors.ServerFault),
    ],
)
def test_each_status_has_its_error(status: int, body: object, expected: type[errors.CoveyError]) -> None:
    """What the caller must do follows from the class."""
    assert type(_error(status, body)) is expected


@pytest.mark.parametrize(
    "body", [b"", b"<html>", {}, {"errors": [5, None]}, {"errors": {}, "type": 5, "title": []}, []]
)
def test_no_status_and_no_body_breaks_the_map(body: object) -> None:
    """Every status from 1 to 599 gives an error of the tree that names the endpoint, whatever the body is."""
    for status in range(1, 600):
        error = _error(status, body)

        assert isinstance(error, errors.CoveyError)
        assert str(error).startswith("search/recent: ")


@pytest.mark.parametrize("status", [status for status in HTTPStatus if status >= 200 and status != 200])
def test_every_registered_status_is_mapped(status: HTTPStatus) -> None:
    """A status somebody has defined is never one that nobody has thought of."""
    assert not isinstance(_error(status.value), errors.UnmappedStatus)


@pytest.mark.parametrize("version", ["2.166", "2.167"])
def test_every_status_of_the_published_spec_is_mapped(version: str, spec: Callable[[str, str], dict[str, Any]]) -> None:
    """The spec names 200 and `default` for our endpoints; a new status there must get a meaning here."""
    published = {status for entry in ENDPOINTS.values() for status in spec(version, entry.path)["responses"]}

    for status in published - {"200", "default"}:
        assert not isinstance(_error(int(status)), errors.UnmappedStatus)


def test_recorded_errors_are_mapped(recorded: list[dict[str, Any]]) -> None:
    """Real refusals become the errors they are."""
    found = [type(_error(a["status"], a["body"])) for a in recorded if a["status"] != 200]

    assert found == [errors.Unauthorized, errors.InvalidRequest, errors.Unauthorized]


def test_a_stale_since_id_carries_the_id_that_x_proposes() -> None:
    """The caller records the gap and goes on from there."""
    message = (
        "'since_id' must be a tweet id created after [2026-11-15T12:00Z]. "
        "Please use a 'since_id' that is larger than 1856000000000000000"
    )

    error = _error(400, _invalid(message))

    assert isinstance(error, errors.StaleSinceId)
    assert error.oldest_since_id == 1856000000000000000
    assert error.messages == (message,)


def test_two_faults_are_not_read_as_one() -> None:
    """An id proposed for another parameter is not a since_id."""
    error = _error(400, _invalid("since_id is odd", "Please use a 'until_id' that is larger than 5"))

    assert type(error) is errors.InvalidRequest


@pytest.mark.parametrize(
    ("message", "parameters"),
    [
        ("The query parameter [post.fields] is not one of [query,tweet.fields]", "post.fields"),
        (
            "The `expansions` query parameter value [referenced_posts] is not one of [author_id]",
            "expansions=referenced_posts",
        ),
        ("The `tweet.fields` query parameter value [note_post] is not one of [id,text]", "tweet.fields=note_post"),
        ("The `post.fields` query parameter value [a, b] is not one of [id]", "post.fields=a post.fields=b"),
    ],
)
def test_an_unknown_name_is_told_apart(message: str, parameters: str) -> None:
    """The caller may speak the other dialect."""
    error = _error(400, _invalid(message, message))

    assert isinstance(error, errors.UnknownParameter)
    assert error.parameters == tuple(parameters.split())


def test_an_unknown_value_of_an_ordinary_parameter_is_our_fault() -> None:
    """Only names of fields and expansions belong to a dialect."""
    error = _error(400, _invalid("The `sort_order` query parameter value [x] is not one of [recency,relevancy]"))

    assert type(error) is errors.InvalidRequest


def test_an_oauth_refusal_says_why() -> None:
    """The token endpoint speaks another form."""
    error = _error(400, {"error": "invalid_request", "error_description": "Value passed for the token was invalid."})

    assert "Value passed for the token was invalid." in str(error)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            {"title": "Client Forbidden", "reason": "client-not-enrolled", "type": "x/client-forbidden"},
            "client-not-enrolled",
        ),
        (
            {"title": "Unsupported Authentication", "type": "https://x/problems/unsupported-authentication"},
            "unsupported-authentication",
        ),
        ({"title": "Forbidden", "type": "about:blank"}, "forbidden"),
        ({}, "forbidden"),
        (b"<html>", "no-json"),
    ],
)
def test_a_403_has_a_reason(body: object, reason: str) -> None:
    """A person reads it in an alert."""
    error = _error(403, body)

    assert isinstance(error, errors.Forbidden)
    assert error.reason == reason


@pytest.mark.parametrize("body", [b"", b"404 page not found", b"<html>", b"[]", b'{"cut": '])
def test_a_404_of_the_gateway_is_noise(body: bytes) -> None:
    """Only X's own JSON says that an object is gone."""
    assert type(_error(404, body)) is errors.ServerFault


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ("quote_tweets", errors.NotFound),
        ("users/tweets", errors.NotFound),
        ("search/recent", errors.ServerFault),
        ("tweets", errors.ServerFault),
        ("users/by", errors.ServerFault),
    ],
)
def test_a_404_means_gone_only_where_the_path_names_an_object(endpoint: str, expected: type[errors.CoveyError]) -> None:
    """A search or a look-up by many ids cannot be gone: there X's 404 is a fault that passes."""
    error = error_for(endpoint, 404, NONE, json.dumps({"title": "Not Found Error", "detail": "gone"}).encode())

    assert type(error) is expected
    assert "gone" in str(error)


def test_a_page_of_a_gateway_is_not_quoted() -> None:
    """Its words are not X's, and may be long."""
    assert "secret" not in str(_error(502, b"<html>secret" * 1000))


def test_a_long_detail_is_cut_to_one_line() -> None:
    """A log line stays one line."""
    error = _error(500, {"title": "Oops", "detail": "a\n" * 5000})

    assert "\n" not in str(error)
    assert len(str(error)) < 400


@pytest.mark.parametrize(
    ("endpoint", "body", "reason"),
    [
        ("search/all", {"title": "Client Forbidden", "reason": "client-not-enrolled"}, NOT_IN_PLAN),
        ("counts/all", {"errors": [{"message": "You currently have access to a subset", "code": 453}]}, NOT_IN_PLAN),
        ("search/recent", {"title": "Client Forbidden", "reason": "client-not-enrolled"}, "client-not-enrolled"),
        ("search/all", {"title": "Unsupported Authentication"}, "unsupported-authentication"),
        ("search/all", {"title": "Forbidden", "type": "about:blank"}, "forbidden"),
    ],
)
def test_a_403_that_is_about_the_plan_is_told_apart(endpoint: str, body: object, reason: str) -> None:
    """Only of an endpoint that a plan may lack, and it blocks nothing; the others block the credential there."""
    error = error_for(endpoint, 403, RateHeaders(), json.dumps(body).encode())

    assert isinstance(error, errors.Forbidden)
    assert error.reason == reason
    assert (block_for(error) is None) == (reason == NOT_IN_PLAN)
