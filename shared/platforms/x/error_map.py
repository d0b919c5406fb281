"""Every answer of X that is not a page, into one error of the tree.

Pure: status, headers and body in, error out; nothing is raised here. Only X's own words out of a JSON body are quoted
in a message, never the body of a gateway's page.
Invariant: every status from 1 to 599 has an error; the ones nobody has thought of are UnmappedStatus.
"""

from __future__ import annotations

import json
import re
from typing import Any

from shared.domain.errors import (
    CoveyError,
    CreditsDepleted,
    Forbidden,
    InvalidRequest,
    NoAnswer,
    NotFound,
    ServerFault,
    StaleSinceId,
    Unauthorized,
    UnknownParameter,
    UnmappedStatus,
)
from shared.domain.models import JsonObject, RateHeaders
from shared.platforms.x.body import text
from shared.platforms.x.endpoints import ENDPOINTS
from shared.platforms.x.problems import problem_type
from shared.platforms.x.spend_cap import is_spend_cap, spend_cap
from shared.platforms.x.throttles import throttled

MAX_DETAIL_CHARACTERS = 300

# Answers of a proxy or of a server that was not ready: nothing is wrong with the request.
_PASSING_STATUSES = frozenset({407, 408, 425})
# The request is wrong for HTTP itself (RFC 9110 and the registry of status codes).
_REQUEST_STATUSES = frozenset(
    {405, 406, 409, 411, 412, 413, 414, 415, 416, 417, 418, 421, 422, 423, 424, 426, 428, 431}
)
_GONE_STATUSES = frozenset({410, 451})
# 420 is how Twitter said 429 before that status was registered.
_THROTTLED_STATUSES = frozenset({420, 429})
# A spend cap comes as 403; it is the same under the others that mean "not now, not for this money".
_REFUSED_STATUSES = _THROTTLED_STATUSES | {402, 403}

# The reason of a 403 that means: the plan of the app does not have this endpoint. No block: another route is taken.
NOT_IN_PLAN = "not-in-plan"
# "You currently have access to a subset of X API V2 endpoints": seen since the plans of 2023.
_ACCESS_LEVEL = 453
_OWN_WORDS = frozenset({"title", "detail", "type"})
_STALE_SINCE_ID = re.compile(r"since_id.{0,200}?larger than\D{0,5}(\d{1,25})", re.DOTALL)
_UNKNOWN_PARAMETER = re.compile(r"query parameter \[([^\]]{1,60})\] is not one of")
_UNKNOWN_VALUE = re.compile(
    r"`(expansions|[a-z_]{1,30}\.fields)` query parameter value \[([^\]]{0,600})\] is not one of"
)


def error_for(endpoint: str, status: int, rate: RateHeaders, body: bytes) -> CoveyError:
    """The error that an answer with a status other than 200 means."""
    problem = problem_of(body)
    if status in _REFUSED_STATUSES and is_spend_cap(problem or {}):
        return spend_cap(endpoint, f"X answered {status} {_detail(problem)}".rstrip(), problem or {}, rate)
    if status in _THROTTLED_STATUSES and "connection_issue" in (problem or {}):
        return ServerFault(endpoint, status, _detail(problem))  # a stream has its connections; no window is used up
    if status in _THROTTLED_STATUSES:
        return throttled(endpoint, problem or {}, rate)
    if status == 400 or status in _REQUEST_STATUSES:
        return _invalid_request(endpoint, status, problem or {})
    if status == 401:
        return Unauthorized(endpoint, f"X answered 401 {_detail(problem)}".rstrip(), reason="unauthorized")
    if status == 402:
        return CreditsDepleted(endpoint, f"X answered 402 {_detail(problem)}".rstrip(), reason="credits-depleted")
    if status == 403:
        reason = NOT_IN_PLAN if _is_not_in_plan(endpoint, problem) else _reason(problem)
        return Forbidden(endpoint, f"X answered 403 {_detail(problem)}".rstrip(), reason=reason)
    if status == 404:
        # A body that is not X's JSON came from a gateway that did not find X, not from X that did not find the object;
        # and where the path names no object, none can be gone.
        is_gone = problem is not None and _names_an_object(endpoint)
        return NotFound(endpoint, _detail(problem)) if is_gone else ServerFault(endpoint, status, _detail(problem))
    if status in _GONE_STATUSES:
        return NotFound(endpoint, _detail(problem))
    if status >= 500 or status in _PASSING_STATUSES:
        return ServerFault(endpoint, status, _detail(problem))
    if 200 <= status < 400:
        kind = "a redirect, which is not followed" if status >= 300 else "where 200 is expected"
        return NoAnswer(endpoint, f"status {status}: {kind}")
    return UnmappedStatus(endpoint, status)


def _is_not_in_plan(endpoint: str, problem: JsonObject | None) -> bool:
    """Whether X says that the plan lacks an endpoint; of one that every plan has the same words mean the app."""
    known = ENDPOINTS.get(endpoint)
    if problem is None or known is None or not known.is_optional:
        return False
    codes = [fault.get("code") for fault in _faults(problem)]
    return _reason(problem) == "client-not-enrolled" or _ACCESS_LEVEL in codes


def _names_an_object(endpoint: str) -> bool:
    """Whether a 404 can speak of an object: a search and a look-up by many ids name none in their path."""
    known = ENDPOINTS.get(endpoint)
    return known is None or "{id}" in known.path


def problem_of(body: bytes) -> JsonObject | None:
    """The JSON object of the body, with what it says of its first fault; None where it is none."""
    try:
        value: Any = json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    # X also puts the problem itself into a list, beside nothing.
    says = next((fault for fault in _faults(value) if not _OWN_WORDS.isdisjoint(fault)), {})
    return says | value


def _faults(problem: JsonObject) -> list[JsonObject]:
    faults = problem.get("errors")
    return [fault for fault in faults if isinstance(fault, dict)] if isinstance(faults, list) else []


def _invalid_request(endpoint: str, status: int, problem: JsonObject) -> InvalidRequest:
    messages = _messages(problem) or ((_detail(problem),) if _detail(problem) else (f"status {status}",))
    stale = next(filter(None, map(_STALE_SINCE_ID.search, messages)), None)
    if stale:
        return StaleSinceId(endpoint, messages, oldest_since_id=int(stale[1]))
    joined = "\n".join(messages)
    values = [(name, value.strip()) for name, many in _UNKNOWN_VALUE.findall(joined) for value in many.split(",")]
    unknown = [*_UNKNOWN_PARAMETER.findall(joined), *(f"{name}={value}" for name, value in values)]
    if unknown:
        return UnknownParameter(endpoint, messages, parameters=tuple(dict.fromkeys(unknown)))
    return InvalidRequest(endpoint, messages)


def _messages(problem: JsonObject) -> tuple[str, ...]:
    """X's words about each fault of a request, without what it repeats of the parameters."""
    found = [text(fault.get("message")) for fault in _faults(problem)]
    return tuple(_clean(message) for message in found if message is not None)


def _detail(problem: JsonObject | None) -> str:
    """X's title, detail and type, or what an OAuth answer says instead."""
    if problem is None:
        return ""
    words = [text(problem.get(key)) for key in ("title", "detail", "error", "error_description")]
    found = list(dict.fromkeys(word for word in words if word)) or list(_messages(problem))
    kind = _clean(text(problem.get("type")) or "")
    shown = "" if kind in {"", "about:blank"} else f" ({kind})"
    return f"{_clean(': '.join(found))}{shown}".strip()


def _reason(problem: JsonObject | None) -> str:
    """X's word for a 403: its `reason`, such as client-not-enrolled, else its type or title in the same form."""
    if problem is None:
        return "no-json"
    kind = problem_type(problem)
    word = text(problem.get("reason")) or (kind if kind not in {"", "about:blank"} else None)
    return word or (text(problem.get("title")) or "forbidden").lower().replace(" ", "-")


def _clean(message: str) -> str:
    """One line of bounded length."""
    return " ".join(message.split())[:MAX_DETAIL_CHARACTERS]
