"""What every request passes, on a real socket."""

from __future__ import annotations

import socket
from collections.abc import Callable

import requests

from control.http.entrance import GREATEST_BODY
from shared.domain.access import Scope, new_token
from shared.services.bootstrap import Services
from tests.control.http.conftest import Api, problem


def test_nobody_gets_in_without_a_token(api: Api) -> None:
    """No token, a token that was never given and one with a typing error open nothing; the answer says how to ask."""
    body = problem(api.get("/v1/me", token=None), 401, "unauthenticated")
    assert "Bearer" in body["detail"]
    for wrong in (new_token(), api.admin[:-1] + ("0" if api.admin[-1] != "0" else "1"), "nonsense"):
        answer = api.get("/v1/me", token=wrong)
        problem(answer, 401, "unauthenticated")
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
        assert wrong not in answer.text
    answer = api.get("/v1/me", token=None, headers={"Authorization": f"Basic {api.admin}"})
    problem(answer, 401, "unauthenticated")


def test_a_request_keeps_its_id_and_a_bad_one_is_replaced(api: Api) -> None:
    """An id that can be logged is echoed; another one is not."""
    assert api.get("/v1/me", headers={"X-Request-ID": "abc-1"}).headers["X-Request-ID"] == "abc-1"
    made = api.get("/v1/me", headers={"X-Request-ID": "a b\tc"}).headers["X-Request-ID"]
    assert len(made) == 32


def test_no_answer_is_stored_on_its_way(api: Api) -> None:
    """What was collected for a tenant lies in no cache."""
    headers = api.get("/v1/me").headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_path_that_is_none_and_a_wrong_method_say_so(api: Api) -> None:
    """404 with a hint, 405 with what is allowed."""
    problem(api.get("/v1/nothing"), 404, "not-found")
    problem(api.get("/nothing", token=None), 404, "not-found")
    answer = api.ask("DELETE", "/v1/me")
    problem(answer, 405, "method-not-allowed")
    assert answer.headers["Allow"] == "GET"


def test_a_parameter_that_nobody_reads_is_refused(api: Api) -> None:
    """A typing error in a filter would give everything; what there is, is said."""
    body = problem(api.get("/v1/audit?tennant=acme"), 422, "invalid-input")
    assert body["errors"][0]["pointer"] == "query.tennant"
    assert "tenant, action" in body["detail"]
    assert "none" in problem(api.get("/v1/me?a=1&a=2"), 422, "invalid-input")["detail"]


def test_a_request_that_is_too_large_is_refused(api: Api) -> None:
    """Declared or not, a body of more than a megabyte is not read to its end."""
    problem(api.post("/v1/tokens", data=b"x" * (GREATEST_BODY + 1)), 413, "too-large")
    pieces = (b"x" * 100_000 for _ in range(12))
    problem(api.post("/v1/tokens", data=pieces), 413, "too-large")


def test_a_client_that_leaves_in_the_middle_harms_nobody(api: Api) -> None:
    """A body that never comes is no request, and the next one is answered."""
    port = int(api.url.rpartition(":")[2])
    head = "POST /v1/tokens HTTP/1.1\r\nHost: covey\r\nContent-Length: 50\r\n\r\n{"
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(head.encode())
    assert api.get("/v1/me").status_code == 200


def test_a_token_has_so_many_requests_a_minute(
    serve: Callable[..., Api], make_services: Callable[..., Services]
) -> None:
    """What is left is told with each answer; beyond it 429 says when to come again, and another token goes on."""
    api = serve(make_services("http://127.0.0.1:9", control_requests_a_minute=3))
    answers: list[requests.Response] = []
    while not answers or answers[-1].status_code == 200:  # a minute may begin in between: at most twice as many
        answers.append(api.get("/v1/me"))
        assert len(answers) <= 7
    body = problem(answers[-1], 429, "quota-exceeded")
    assert body["violated-policies"] == ["default"]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert answers[0].headers["RateLimit-Policy"] == '"default";q=3;w=60'
    assert answers[0].headers["RateLimit"].startswith('"default";r=2;t=')
    assert api.get("/v1/me", token=api.token([Scope.READ])).status_code == 200


def test_without_redis_what_is_stored_can_be_read(
    serve: Callable[..., Api], make_services: Callable[..., Services]
) -> None:
    """Requests are not counted then, and nobody is turned away."""
    services = make_services("http://127.0.0.1:9", redis_url="redis://127.0.0.1:9")
    answer = serve(services).get("/v1/me")
    assert answer.status_code == 200
    assert "RateLimit" not in answer.headers


def test_without_mongodb_it_is_said_when_to_come_again(
    serve: Callable[..., Api], make_services: Callable[..., Services]
) -> None:
    """503 as a problem, with Retry-After; the process goes on living, and is not ready."""
    api = serve(make_services("http://127.0.0.1:9"))
    away = make_services("http://127.0.0.1:9", mongo_uri="mongodb://127.0.0.1:9")
    dark = serve(away, admin=api.admin, answer_seconds=1.0)
    answer = dark.get("/v1/me")
    problem(answer, 503, "store-unavailable")
    assert int(answer.headers["Retry-After"]) >= 1
    assert dark.get("/healthz").json() == {"status": "ok"}
    problem(dark.get("/readyz"), 503, "store-unavailable")


def test_health_and_metrics_need_no_token(api: Api) -> None:
    """Whoever starts the process and Prometheus look without one; the routes, not the paths, are counted."""
    assert api.get("/healthz", token=None).json() == {"status": "ok"}
    assert api.get("/readyz", token=None).json() == {"status": "ok"}
    api.get("/v1/me")
    told = api.get("/metrics", token=None).text
    assert 'covey_control_requests_total{method="GET",route="/v1/me",status="200"}' in told
