"""Owns answers that take the place of the real one: X's refusals by name, and what gateways send.

It must not decide when. Invariant: a refusal is word for word the one that the simulator itself would send.
"""

from collections.abc import Callable
from dataclasses import replace
from email.utils import formatdate

from simulator import problems
from simulator.calls import JSON_TYPE, Answer, Call, Credential, json_bytes
from simulator.clock import iso_ms
from simulator.days import next_month
from simulator.dialect import Dialect
from simulator.faults.kinds import RATE_HEADERS, Html200, NamedProblem, ServerError, Status
from simulator.faults.oddities import MillisecondReset, StrayDate
from simulator.money import project_id
from simulator.params import not_one_of

DAY_SECONDS = 86_400
RESET = "x-rate-limit-reset"
_PAGE = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"


def with_status(fault: Status, real: Answer) -> Answer:
    """Return any answer, with the rate headers of the real one unless the fault names them."""
    text = isinstance(fault.body, str)
    body = fault.body.encode() if isinstance(fault.body, str) else json_bytes(fault.body)
    kind = "text/plain; charset=utf-8" if text else JSON_TYPE
    named = {name.lower(): value for name, value in fault.headers.items()}
    headers = {**_rate_headers(real), "content-type": kind, **named}
    return Answer(fault.status, body, {name: value for name, value in headers.items() if value is not None})


def server_error(fault: ServerError, real: Answer) -> Answer:
    """Return a 5xx in one of the three forms in which they come."""
    words = {500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}
    title = words.get(fault.status, "Server Error")
    if fault.form == "json":
        return _with_rates(problems.blank(fault.status, title), real)
    if fault.form == "plain":
        return Answer(fault.status, title.encode(), {"content-type": "text/plain"})
    return Answer(fault.status, _PAGE.format(title).encode(), {"content-type": "text/html"})


def html_page(_: Html200, __: Answer) -> Answer:
    """Return a page for people where JSON was asked for."""
    return Answer(200, _PAGE.format("One moment").encode(), {"content-type": "text/html"})


def stray_header(fault: MillisecondReset | StrayDate, call: Call, real: Answer) -> Answer | None:
    """Return the real answer with its reset in milliseconds, or its date some days off."""
    if isinstance(fault, StrayDate):
        at_seconds = call.at_ms / 1000 + fault.days * DAY_SECONDS
        return replace(real, headers={**real.headers, "date": formatdate(at_seconds, usegmt=True)})
    if RESET not in real.headers:
        return None
    return replace(real, headers={**real.headers, RESET: real.headers[RESET] + "000"})


def named_problem(fault: NamedProblem, call: Call, real: Answer, dialect: Dialect) -> Answer:
    """Return one of X's refusals; a 429 of the window or the day has no calls left, the others do."""
    now_seconds = call.at_ms // 1000
    if fault.problem in {"spend-cap-reached", "spend-cap-titled"}:
        return _with_rates(_spend_cap(fault, call, dialect), real)
    answer = _with_rates(_PROBLEMS[fault.problem](call, dialect), real)
    if fault.problem in {"too-many-requests", "legacy-rate-limit"}:
        changed = {"x-rate-limit-remaining": "0"}
        if fault.reset_in_seconds is not None:
            changed["x-rate-limit-reset"] = str(now_seconds + fault.reset_in_seconds)
    elif fault.problem == "day-limit":
        reset = now_seconds + (DAY_SECONDS if fault.reset_in_seconds is None else fault.reset_in_seconds)
        values = {"limit": "100", "remaining": "0", "reset": str(reset)}
        changed = {f"x-{call.credential.kind}-limit-24hour-{name}": value for name, value in values.items()}
    else:
        changed = {}
    return Answer(answer.status, answer.body, {**answer.headers, **changed})


def _rate_headers(real: Answer) -> dict[str, str]:
    return {name: real.headers[name] for name in RATE_HEADERS if name in real.headers}


def _with_rates(answer: Answer, real: Answer) -> Answer:
    return Answer(answer.status, answer.body, {**_rate_headers(real), **answer.headers})


def _account(credential: Credential) -> str:
    return project_id(credential.project)


def _invalid(call: Call, dialect: Dialect) -> Answer:
    values = {name: [value] for name, value in call.query[:1]}
    fault = problems.Invalid("The request could not be understood", values)
    return problems.invalid_request(problems.InvalidRequest(fault), dialect)


def _stale(call: Call, dialect: Dialect) -> Answer:
    since_id = dict(call.query).get("since_id", "1")
    return problems.invalid_request(problems.stale_id("since_id", since_id, call.at_ms), dialect)


def _unknown_field(call: Call, dialect: Dialect) -> Answer:
    """Refuse one of the post fields asked for, `source` if it is among them."""
    name = dialect.post_parameter
    whole = dict(call.query).get(name, "source")
    asked = whole.split(",")
    refused = "source" if "source" in asked else asked[0]
    fault = not_one_of(name, refused, dialect.post_fields - {refused}, whole)
    return problems.invalid_request(problems.InvalidRequest(fault), dialect)


def _spend_cap(fault: NamedProblem, call: Call, dialect: Dialect) -> Answer:
    """Refuse by the spend cap: until the month ends, of which the newer form says nothing, or the reset given."""
    seconds = fault.reset_in_seconds
    reset_date = None if seconds is None else iso_ms(call.at_ms + seconds * 1000)
    if fault.problem == "spend-cap-reached":
        return problems.spend_cap_reached(reset_date)
    return problems.spend_cap_titled(dialect, _account(call.credential), reset_date or next_month(call.at_ms))


_PROBLEMS: dict[str, Callable[[Call, Dialect], Answer]] = {
    "invalid-request": _invalid,
    "stale-since-id": _stale,
    "unauthorized": lambda call, dialect: problems.unauthorized(),
    "credits-depleted": lambda call, dialect: problems.credits_depleted(dialect, _account(call.credential)),
    "client-not-enrolled": lambda call, dialect: problems.client_not_enrolled(dialect),
    "unsupported-authentication": lambda call, dialect: problems.unsupported_authentication(
        dialect, ("oauth1", "oauth2"), call.credential.scheme
    ),
    "forbidden": lambda call, dialect: problems.forbidden(),
    "not-found": lambda call, dialect: problems.not_found(),
    "too-many-requests": lambda call, dialect: problems.too_many_requests(),
    "legacy-rate-limit": lambda call, dialect: problems.legacy_too_many_requests(),
    "per-second": lambda call, dialect: problems.too_many_requests(),
    "day-limit": lambda call, dialect: problems.too_many_requests(),
    "usage-capped-monthly": lambda call, dialect: problems.usage_capped(dialect, _account(call.credential), "Monthly"),
    "listed-forbidden": lambda call, dialect: problems.listed_forbidden(),
    "unknown-field": _unknown_field,
    "usage-capped-daily": lambda call, dialect: problems.usage_capped(dialect, _account(call.credential), "Daily"),
}
