"""Who asks, and whether they may.

A route says what it needs with `needs(Scope.READ)`; the token itself was looked up before any route ran (`caller`).
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from control.http.problems import Kind, Problem, bad_places, documented
from control.trail import Origin
from shared.domain.access import Actor, Scope
from shared.services.bootstrap import Services

NOTE_LENGTH: Final = 500  # of X-Covey-Note: why something is done, for the audit trail
REALM: Final = 'Bearer realm="covey"'
_bearer = HTTPBearer(auto_error=False, scheme_name="bearer", description="A token of `covey tokens create`.")
Shown = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]


class _Needs:
    """Lets those pass who have the scope."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    def __call__(self, request: Request, shown: Shown) -> None:
        actor: Actor | None = request.state.actor
        if actor is None:
            raise unauthenticated(is_shown="authorization" in request.headers)
        if not actor.may(self.scope):
            challenge = f'{REALM}, error="insufficient_scope", scope="{self.scope}"'
            detail = f"this needs the scope {self.scope}; the token has {', '.join(sorted(actor.scopes))}"
            raise Problem(Kind.FORBIDDEN, detail, headers={"WWW-Authenticate": challenge}, scope=self.scope.value)
        _check_query(request)


def _check_query(request: Request) -> None:
    """A parameter that nobody reads is a typing error: `?sorce=` would give everything. Raises Problem."""
    operation = request.app.openapi()["paths"][request.scope["route"].path][request.method.lower()]
    known = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]
    unknown = dict.fromkeys(name for name in request.query_params if name not in known)
    if unknown:
        there = f"there are {', '.join(known)}" if known else "there are none"
        raise bad_places([(f"query.{name[:100]}", f"no such parameter; {there}") for name in unknown])


def needs(scope: Scope, *problems: int) -> dict[str, Any]:
    """What a route says of who may ask: its dependency, and its lines in the description. problems: statuses that are
    answered beside 401, 403, 422, 429 and 503.
    """
    return {
        "dependencies": [Depends(_Needs(scope))],
        "openapi_extra": {"x-covey-scope": scope.value},
        "responses": documented(*sorted({401, 403, 422, 429, 503, *problems})),
    }


def unauthenticated(*, is_shown: bool) -> Problem:
    """No token, or one that opens nothing."""
    detail = "the token is unknown, expired or revoked" if is_shown else "send Authorization: Bearer cvy_..."
    challenge = f'{REALM}, error="invalid_token"' if is_shown else REALM
    return Problem(Kind.UNAUTHENTICATED, detail, headers={"WWW-Authenticate": challenge})


def _services(request: Request) -> Services:
    found: Services = request.app.state.services
    return found


def _actor(request: Request) -> Actor:
    """Who asks. A route without `needs` has nobody."""
    found: Actor | None = request.state.actor
    if found is None:
        raise unauthenticated(is_shown=False)
    return found


def _origin(request: Request) -> Origin:
    host = request.client.host if request.client else None
    return Origin(
        actor=_actor(request),
        ip=host,
        request_id=request.state.request_id,
        note=(request.headers.get("x-covey-note") or "")[:NOTE_LENGTH] or None,
        key=getattr(request.state, "key", None),
    )


The = Annotated[Services, Depends(_services)]
Caller = Annotated[Actor, Depends(_actor)]
From = Annotated[Origin, Depends(_origin)]
