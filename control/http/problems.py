"""Errors as RFC 9457 says them: `application/problem+json` with a type that stays, a title, and this case in words.

    raise Problem(Kind.NOT_FOUND, "there is no source floods")

Errors of the product are mapped here and nowhere else; nothing that was sent is said again but in `detail`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from shared.domain.errors import (
    BrokerUnavailable,
    CoveyError,
    InputError,
    LimiterUnavailable,
    PassingFault,
    StoreUnavailable,
)
from shared.domain.refusals import DoesNotFit, NotThere
from shared.runtime.log import get_logger

log = get_logger(__name__)

MEDIA_TYPE: Final = "application/problem+json"
# Where each type is explained; a constant, that need not answer.
BASE: Final = "https://covey.example/problems/"
RETRY_SECONDS: Final = 5.0


class Kind(Enum):
    """type, status and title of what can go wrong."""

    MALFORMED = ("malformed-request", 400, "The request cannot be read")
    UNAUTHENTICATED = ("unauthenticated", 401, "No token, or one that opens nothing")
    FORBIDDEN = ("forbidden", 403, "The token may not do this")
    NOT_FOUND = ("not-found", 404, "There is no such thing")
    METHOD = ("method-not-allowed", 405, "Not with this method")
    CONFLICT = ("conflict", 409, "It does not fit what is there")
    IN_FLIGHT = ("idempotency-in-flight", 409, "The first request with this key is still carried out")
    GONE = ("gone", 410, "It was there and is no longer")
    TOO_LARGE = ("too-large", 413, "The request is too large")
    INVALID = ("invalid-input", 422, "Something in the request is wrong")
    KEY_REUSED = ("idempotency-key-reused", 422, "This key was used for another request")
    TOO_MANY = ("quota-exceeded", 429, "Too many requests")
    BROKEN = ("internal-error", 500, "Something broke here")
    UNAVAILABLE = ("store-unavailable", 503, "A server that is needed does not answer")

    def __init__(self, word: str, status: int, title: str) -> None:
        self.word = word
        self.status = status
        self.title = title


class Fault(BaseModel):
    """One thing that is wrong. pointer: where in the request, as a JSON pointer or the name of a parameter."""

    detail: str
    pointer: str


class ProblemBody(BaseModel):
    """RFC 9457. More members are there where they say something."""

    model_config = {"extra": "allow"}

    type: str = Field(examples=[f"{BASE}not-found"])
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    errors: list[Fault] | None = None
    retry_after: int | None = None


class Problem(Exception):
    """What is answered instead of what was asked for."""

    def __init__(self, kind: Kind, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.headers = dict(headers or {})
        self.more = more


@dataclass(frozen=True, slots=True)
class Where:
    """What of a request a problem names."""

    path: str
    request_id: str


def answer(problem: Problem, where: Where) -> JSONResponse:
    """The problem as an answer."""
    body: dict[str, Any] = {
        "type": f"{BASE}{problem.kind.word}",
        "title": problem.kind.title,
        "status": problem.kind.status,
        "detail": problem.detail,
        "instance": where.path,
        "request_id": where.request_id,
        **problem.more,
    }
    return JSONResponse(body, problem.kind.status, problem.headers, MEDIA_TYPE)


def unavailable(error: CoveyError) -> Problem:
    """What a server that does not answer is to the caller: try again."""
    seconds = math.ceil(error.wait_seconds if isinstance(error, LimiterUnavailable) else RETRY_SECONDS)
    return Problem(Kind.UNAVAILABLE, str(error), headers={"Retry-After": str(seconds)}, retry_after=seconds)


def meaning(error: Exception) -> Problem:
    """The problem that an error is."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, NotThere):
        return Problem(Kind.NOT_FOUND, str(error))
    if isinstance(error, DoesNotFit):
        return Problem(Kind.CONFLICT, str(error))
    if isinstance(error, InputError):
        return Problem(Kind.INVALID, str(error))
    if isinstance(error, StoreUnavailable | BrokerUnavailable | LimiterUnavailable | PassingFault):
        return unavailable(error)
    if isinstance(error, RequestValidationError):
        return _misfit(error)
    if isinstance(error, HTTPException):
        return _of_status(error)
    if isinstance(error, CoveyError):
        return Problem(Kind.CONFLICT, str(error))
    return Problem(Kind.BROKEN, "this is a defect; the log has the request_id")


def install(app: FastAPI) -> None:
    """Let every error of a route be answered so."""

    async def told(request: Request, error: Exception) -> JSONResponse:
        problem = meaning(error)
        if problem.kind is Kind.BROKEN:
            log.error("a request broke", path=request.url.path, error=type(error).__name__, exc_info=error)
        return answer(problem, where(request.scope))

    for kind in (Problem, CoveyError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, told)


def where(scope: Mapping[str, Any]) -> Where:
    """What a problem names of the request of an ASGI scope."""
    return Where(scope["path"], scope.get("state", {}).get("request_id", "-"))


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems of these statuses, for the description of a route."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    titles = {kind.status: kind.title for kind in Kind}
    return {status: {"description": titles[status], "content": content} for status in statuses}


def _misfit(error: RequestValidationError) -> Problem:
    faults = [_fault(one) for one in error.errors()]
    first = faults[0] if faults else Fault(detail="it does not fit", pointer="#")
    more = f", and {len(faults) - 1} more" if len(faults) > 1 else ""
    return Problem(
        Kind.INVALID, f"{first.pointer}: {first.detail}{more}", errors=[fault.model_dump() for fault in faults]
    )


def _fault(one: Mapping[str, Any]) -> Fault:
    place, *rest = one.get("loc", ("body",)) or ("body",)
    steps = "/".join(str(step).replace("~", "~0").replace("/", "~1") for step in rest)
    pointer = (f"#/{steps}" if steps else "#") if place == "body" else ".".join(str(step) for step in (place, *rest))
    return Fault(detail=str(one.get("msg", "it does not fit")), pointer=pointer)


_BY_STATUS: Final = {
    400: Kind.MALFORMED,
    401: Kind.UNAUTHENTICATED,
    403: Kind.FORBIDDEN,
    404: Kind.NOT_FOUND,
    405: Kind.METHOD,
    413: Kind.TOO_LARGE,
}


def _of_status(error: HTTPException) -> Problem:
    kind = _BY_STATUS.get(error.status_code, Kind.MALFORMED)
    details = {Kind.NOT_FOUND: "no route has this path; /openapi.json lists them", Kind.METHOD: "see the Allow header"}
    return Problem(kind, details.get(kind, str(error.detail)), headers=error.headers)


def bad_places(faults: Sequence[tuple[str, str]]) -> Problem:
    """Several things that are wrong: (pointer, what)."""
    told = [Fault(detail=detail, pointer=pointer).model_dump() for pointer, detail in faults]
    pointer, detail = faults[0]
    return Problem(Kind.INVALID, f"{pointer}: {detail}", errors=told)
