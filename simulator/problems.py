"""Owns every error body: the 4xx answers, and the partial errors inside a 200.

It must not decide when something is wrong. Invariant: bodies have the shapes that X was recorded to
send; the type URIs follow the dialect of the request.
"""

from dataclasses import dataclass, field

from simulator.accounts import Account
from simulator.calls import Answer, JsonObject, Scheme, json_answer
from simulator.clock import iso_minute
from simulator.dialect import NEW, Dialect
from simulator.post import Post
from simulator.snowflake import first_id_at

# How far back the recent search reaches.
WINDOW_MS = 7 * 24 * 3_600_000
# The id that X offers for a stale since_id must still be good when the client comes back with it.
STALE_SLACK_MS = 60_000


@dataclass
class Invalid:
    """One thing that is wrong with a request: a message and the parameters it is about."""

    message: str
    parameters: dict[str, list[str]] = field(default_factory=dict)


class InvalidRequest(Exception):
    """The request cannot be answered: 400 with one entry for each fault."""

    def __init__(self, *faults: Invalid) -> None:
        super().__init__("; ".join(fault.message for fault in faults))
        self.faults = faults


# How X calls the kinds of credentials.
_SCHEMES: dict[Scheme, str] = {
    "bearer": "OAuth 2.0 Application-Only",
    "oauth1": "OAuth 1.0a User Context",
    "oauth2": "OAuth 2.0 User Context",
}


def invalid_request(problem: InvalidRequest, dialect: Dialect) -> Answer:
    """400 with `errors`, as X answers a request that it does not understand."""
    body: JsonObject = {
        "errors": [{"parameters": fault.parameters, "message": fault.message} for fault in problem.faults],
        "title": "Invalid Request",
        "detail": "One or more parameters to your request was invalid.",
        "type": dialect.problem_base + "invalid-request",
    }
    return json_answer(400, body)


def stale_id(name: str, value: str, now_ms: int) -> InvalidRequest:
    """Return the 400 of an id older than seven days, which offers one that is not."""
    fresh_ms = now_ms - WINDOW_MS + STALE_SLACK_MS
    message = (
        f"'{name}' must be a tweet id created after {iso_minute(fresh_ms)}. "
        f"Please use a '{name}' that is larger than {first_id_at(fresh_ms)}"
    )
    return InvalidRequest(Invalid(message, {name: [value]}))


def blank(status: int, title: str) -> Answer:
    """Return a problem that has nothing but its status."""
    return json_answer(status, {"title": title, "type": "about:blank", "status": status, "detail": title})


def unauthorized() -> Answer:
    """401: no token, or one that is not accepted."""
    return blank(401, "Unauthorized")


def too_many_requests() -> Answer:
    """429 of the rate window."""
    return blank(429, "Too Many Requests")


def legacy_too_many_requests() -> Answer:
    """429 of the rate window, with the body of the API before this one."""
    return json_answer(429, {"errors": [{"code": 88, "message": "Rate limit exceeded"}]})


def too_many_connections(dialect: Dialect) -> Answer:
    """429 of a stream to which the app is connected as often as it may be."""
    body = {
        "title": "ConnectionException",
        "detail": "This stream is currently at the maximum allowed connection limit.",
        "connection_issue": "TooManyConnections",
        "type": dialect.problem_base + "streaming-connection",
    }
    return json_answer(429, body)


def credits_depleted(dialect: Dialect, account_id: str) -> Answer:
    """402: the project has no credits left."""
    body = {
        "title": "CreditsDepleted",
        "detail": f"Your enrolled account [{account_id}] does not have any credits to fulfill this request.",
        "type": dialect.problem_base + "credits",
    }
    return json_answer(402, body)


def usage_capped(dialect: Dialect, account_id: str, period: str) -> Answer:
    """429 of the posts of a month or a day (`period` is Monthly or Daily), whatever is left in the window."""
    body = {
        "account_id": account_id,
        "product_name": "standard-basic",
        "title": "UsageCapExceeded",
        "period": period,
        "scope": "Product",
        "detail": f"Usage cap exceeded: {period} product cap",
        "type": dialect.problem_base + "usage-capped",
    }
    return json_answer(429, body)


def spend_cap_reached(reset_date: str | None) -> Answer:
    """403: the project spent what it may in a month; `reset_date` where X says when that ends."""
    body = {
        "title": "Spend Cap Reached",
        "detail": "Your monthly spend cap has been reached.",
        "type": NEW.problem_base + "spend-cap-reached",
        "status": 403,
    }
    return json_answer(403, body if reset_date is None else {**body, "reset_date": reset_date})


def spend_cap_titled(dialect: Dialect, account_id: str, reset_date: str) -> Answer:
    """403 of the spend cap in its older form."""
    detail = (
        f"Your enrolled account [{account_id}] has reached its billing cycle spend cap. API requests will be blocked "
        f"until the next cycle begins on {reset_date}."
    )
    body = {"account_id": account_id, "reset_date": reset_date, "title": "SpendCapReached", "detail": detail}
    return json_answer(403, {**body, "type": dialect.problem_base + "credits"})


def spend_capped(dialect: Dialect, account_id: str, reset_date: str) -> Answer:
    """403 of a spend cap that stands: the older form in the old dialect, the newer one in the new."""
    return spend_cap_reached(reset_date) if dialect is NEW else spend_cap_titled(dialect, account_id, reset_date)


def listed_forbidden() -> Answer:
    """403 whose title, detail and type are inside `errors`."""
    error = {
        "title": "Forbidden",
        "detail": "You are not permitted to perform this action.",
        "type": "about:blank",
    }
    return json_answer(403, {"errors": [error]})


def client_not_enrolled(dialect: Dialect) -> Answer:
    """403 of an app that belongs to no project, or of an endpoint that its plan does not have."""
    body = {
        "client_id": "1",
        "detail": "This endpoint wants keys and tokens of an App that is attached to a Project.",
        "registration_url": "https://developer.x.com/en/docs/projects/overview",
        "title": "Client Forbidden",
        "required_enrollment": "Appropriate Level of API Access",
        "reason": "client-not-enrolled",
        "type": dialect.problem_base + "client-forbidden",
    }
    return json_answer(403, body)


def forbidden() -> Answer:
    """403 of a user's token without the scopes of the endpoint."""
    return blank(403, "Forbidden")


def not_found() -> Answer:
    """404 of a path that is no endpoint."""
    return blank(404, "Not Found")


def method_not_allowed() -> Answer:
    """405: the endpoint exists, but not for this method."""
    return blank(405, "Method Not Allowed")


def unsupported_authentication(dialect: Dialect, supported: tuple[Scheme, ...], used: Scheme) -> Answer:
    """403 of a credential of the wrong kind; it lists the kinds that the endpoint takes."""
    detail = (
        f"Authenticating with {_SCHEMES[used]} is forbidden for this endpoint.  "
        f"Supported authentication types are [{', '.join(_SCHEMES[scheme] for scheme in supported)}]."
    )
    kind = dialect.problem_base + "unsupported-authentication"
    return json_answer(403, {"title": "Unsupported Authentication", "detail": detail, "type": kind, "status": 403})


def post_error(dialect: Dialect, parameter: str, value: int, post: Post | None, section: str = "data") -> JsonObject:
    """The partial error of one post: deleted or unknown, of a suspended author, or protected."""
    word = dialect.post_word
    state = "deleted" if post is None else post.state
    if state == "protected":
        detail = f"Sorry, you are not authorized to see the {word.capitalize()} with {parameter}: [{value}]."
        return _not_authorized(dialect, word, parameter, str(value), detail, section)
    if state == "suspended" and post is not None:
        detail = f"User has been suspended: [{post.author.username}]."
        return _resource(dialect, "Forbidden", word, parameter, str(value), detail)
    detail = f"Could not find {word} with {parameter}: [{value}]."
    return _resource(dialect, "Not Found Error", word, parameter, str(value), detail)


def user_error(dialect: Dialect, parameter: str, value: str, account: Account | None) -> JsonObject:
    """The partial error of one user: unknown, or suspended."""
    if account is not None and account.suspended_at_ms is not None:
        return _resource(dialect, "Forbidden", "user", parameter, value, f"User has been suspended: [{value}].")
    detail = f"Could not find user with {parameter}: [{value}]."
    return _resource(dialect, "Not Found Error", "user", parameter, value, detail)


def protected_user_error(dialect: Dialect, parameter: str, account: Account) -> JsonObject:
    """The partial error of a timeline whose owner is protected."""
    detail = f"Sorry, you are not authorized to see the user with {parameter}: [{account.id}]."
    return _not_authorized(dialect, "user", parameter, str(account.id), detail, "data")


def media_error(dialect: Dialect, key: str) -> JsonObject:
    """The partial error of an unknown media key."""
    detail = f"Could not find media with media_keys: [{key}]."
    return _resource(dialect, "Not Found Error", "media", "media_keys", key, detail)


def _resource(dialect: Dialect, title: str, resource_type: str, parameter: str, value: str, detail: str) -> JsonObject:
    return {
        "value": value,
        "detail": detail,
        "title": title,
        "resource_type": resource_type,
        "parameter": parameter,
        "resource_id": value,
        "type": dialect.problem_base + "resource-not-found",
    }


def _not_authorized(
    dialect: Dialect, resource_type: str, parameter: str, value: str, detail: str, section: str
) -> JsonObject:
    body = _resource(dialect, "Authorization Error", resource_type, parameter, value, detail)
    return body | {"section": section, "type": dialect.problem_base + "not-authorized-for-resource"}
