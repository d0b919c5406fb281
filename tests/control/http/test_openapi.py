"""The API as it is described, and as it answers to what the description allows and what it does not."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from openapi_schema_validator import OAS31Validator
from schemathesis.checks import CHECKS

from control.http.app import described
from shared.domain.access import Scope
from shared.services.bootstrap import Services
from tests.control.http.conftest import Api, problem
from tests.control.http.openapi import FILE, text

METHODS = ("get", "post", "put", "patch", "delete")
DESCRIPTION = described().openapi()
SCHEMA = schemathesis.openapi.from_dict(DESCRIPTION)
ROUTES = [
    (path, method, operation)
    for path, operations in DESCRIPTION["paths"].items()
    for method, operation in operations.items()
    if method in METHODS
]
GUARDED = [(path, method, operation) for path, method, operation in ROUTES if path.startswith("/v1/")]
# Two ask for calls that build on one another. That all data of the right form are accepted is not so: no schema tells
# which cursor was given, or which query fits X.
NOT_HERE = {"use_after_free", "ensure_resource_availability", "positive_data_acceptance"}
EXAMPLES = 6  # of each route; `make faults ARGS=control` has thousands


def test_the_description_is_the_committed_one() -> None:
    """A change of the API is seen: `python -m tests.control.http.openapi` writes it, and it is looked at as a diff."""
    assert FILE.read_text(encoding="utf-8") == text()


def test_every_route_says_what_a_program_needs() -> None:
    """A name that stays, a line of words, a scope, its problems, and a schema of what it answers."""
    ids = [operation["operationId"] for _, _, operation in ROUTES]
    assert len(set(ids)) == len(ids)
    for path, method, operation in GUARDED:
        where = f"{method} {path}"
        assert operation.get("description"), where
        assert operation["x-covey-scope"] in tuple(Scope), where
        assert operation["security"] == [{"bearer": []}], where
        assert {"401", "403", "422", "429", "503"} <= operation["responses"].keys(), where
        good = [answer for status, answer in operation["responses"].items() if status < "300" and status != "204"]
        assert all(answer["content"] for answer in good), where


def test_every_schema_is_one() -> None:
    """Each is valid JSON Schema as OpenAPI 3.1 has it."""
    for schema in DESCRIPTION["components"]["schemas"].values():
        OAS31Validator.check_schema(schema)


def path_of(path: str) -> str:
    """The path with something in the place of each parameter."""
    return "/".join("1" if step.startswith("{") else step for step in path.split("/"))


def test_every_route_asks_for_its_scope(api: Api) -> None:
    """Without a token 401; with every scope but its own 403, and nothing is done; with its own neither."""
    lacking = {scope: api.token(set(Scope) - {scope, Scope.ADMIN}) for scope in Scope}
    having = {scope: api.token({scope}) for scope in Scope}
    for path, method, operation in GUARDED:
        scope, url = Scope(operation["x-covey-scope"]), path_of(path)
        body: dict[str, Any] = {"json": {}} if "requestBody" in operation else {}
        problem(api.ask(method.upper(), url, token=None, **body), 401, "unauthenticated")
        problem(api.ask(method.upper(), url, token=lacking[scope], **body), 403, "forbidden")
        answer = api.ask(method.upper(), url, token=having[scope], **body)
        assert answer.status_code != 401, url
        assert "WWW-Authenticate" not in answer.headers, url  # what is for development alone is 403 whatever the scope


@pytest.fixture
def boundless(serve: Callable[..., Api], make_services: Callable[..., Services]) -> Api:
    """An API that counts no requests."""
    return serve(make_services("http://127.0.0.1:9", control_requests_a_minute=1_000_000))


@pytest.mark.parametrize(("method", "path"), [(method, path) for path, method, _ in ROUTES], ids=str)
def test_whatever_is_sent_is_answered_as_described(boundless: Api, method: str, path: str) -> None:
    """No 5xx, every answer in its schema, every status declared, nothing without a token."""
    operation = SCHEMA[path][method.upper()]
    good, bad = (
        operation.as_strategy(generation_mode=mode)
        for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
    )
    checks = [check for check in chain(CHECKS.get_all()) if check.__name__ not in NOT_HERE]

    @given(st.one_of(good, bad))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def one(case: Any) -> None:
        shown = {"Authorization": f"Bearer {boundless.admin}"}
        case.call_and_validate(base_url=boundless.url, headers=shown, checks=checks)

    one()
