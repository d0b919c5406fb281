"""Webhook endpoints: where the events of the feed are sent, by the Standard Webhooks convention."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request, Response, status

from control import endpoint_rows, endpoints, feed
from control.http.access import Caller, From, The, needs
from control.http.paging import Cursor, Limit, Paged, key_of, paged
from control.http.problems import Kind, Problem
from control.http.shapes.endpoints import (
    Delivery,
    EndpointChanges,
    EndpointDetails,
    EndpointRow,
    EndpointWithSecret,
    NewEndpoint,
    Ping,
    Replay,
)
from shared.domain.access import Scope

router = APIRouter(prefix="/v1", tags=["endpoints"])

EndpointId = Annotated[str, Path(max_length=64)]


@contextmanager
def _kept() -> Iterator[None]:
    """What is kept no longer is gone."""
    try:
        yield
    except feed.TooOldError as error:
        raise Problem(Kind.GONE, str(error), oldest_cursor=error.oldest) from None


def _hush(request: Request) -> None:
    request.state.holds_secret = True


_STREAM: Final[dict[str, Any]] = needs(Scope.STREAM, 404)
_CHANGE: Final[dict[str, Any]] = needs(Scope.STREAM, 400, 404)
_CREATE: Final[dict[str, Any]] = needs(Scope.STREAM, 400, 410)
_REPLAY: Final[dict[str, Any]] = needs(Scope.STREAM, 400, 404, 410)


@router.post("/endpoints", status_code=status.HTTP_201_CREATED, **_CREATE)
def create(request: Request, services: The, origin: From, wanted: NewEndpoint) -> EndpointWithSecret:
    """Make an endpoint. Its secret is in this answer and nowhere else; the path of its address is never shown."""
    _hush(request)
    with _kept():
        made = endpoints.create(
            services,
            origin,
            url=wanted.url,
            types=wanted.types,
            max_events=wanted.max_events,
            after=wanted.after,
        )
    return EndpointWithSecret(**made.row, secret=made.secret)


@router.get("/endpoints", **needs(Scope.STREAM))
def list_all(
    request: Request, response: Response, services: The, caller: Caller, limit: Limit = 50, cursor: Cursor = None
) -> Paged[EndpointRow]:
    """The endpoints of the tenant, the newest first."""
    rows = endpoint_rows.rows(services, caller.tenant, start=key_of(cursor), limit=limit + 1)
    page = paged(request, response, rows, limit, lambda one: (one["created_at"], one["id"]))
    return Paged[EndpointRow](**page)


@router.get("/endpoints/{endpoint_id}", **_STREAM)
def get(services: The, caller: Caller, endpoint_id: EndpointId) -> EndpointDetails:
    """One: what waits for it, and how it did in the last 24 hours."""
    return EndpointDetails(**endpoint_rows.shown(services, caller.tenant, endpoint_id))


@router.patch("/endpoints/{endpoint_id}", **_CHANGE)
def edit(services: The, origin: From, endpoint_id: EndpointId, changes: EndpointChanges) -> EndpointRow:
    """Change it. What waits is tried again at once."""
    return EndpointRow(**endpoints.edit(services, origin, endpoint_id, changes.model_dump(exclude_unset=True)))


@router.delete("/endpoints/{endpoint_id}", **_STREAM)
def remove(services: The, origin: From, endpoint_id: EndpointId) -> EndpointRow:
    """Forget it: nothing more is sent. Answers how it was."""
    return EndpointRow(**endpoints.remove(services, origin, endpoint_id))


@router.post("/endpoints/{endpoint_id}/rotate", **_CHANGE)
def rotate(request: Request, services: The, origin: From, endpoint_id: EndpointId) -> EndpointWithSecret:
    """Give it a new secret, which is in this answer alone. For 24 hours the one before signs too."""
    _hush(request)
    made = endpoints.rotate(services, origin, endpoint_id)
    return EndpointWithSecret(**made.row, secret=made.secret)


@router.post("/endpoints/{endpoint_id}/ping", status_code=status.HTTP_202_ACCEPTED, **_CHANGE)
def ping(services: The, origin: From, endpoint_id: EndpointId) -> Ping:
    """Have it sent a message of type `ping`, once; its deliveries say what came of it."""
    return Ping(**endpoints.ping(services, origin, endpoint_id))


@router.post("/endpoints/{endpoint_id}/replay", **_REPLAY)
def replay(services: The, origin: From, endpoint_id: EndpointId, wanted: Replay) -> EndpointRow:
    """Tell it again. Events have the ids they had, messages new ones; what is new waits until this is told."""
    with _kept():
        return EndpointRow(**endpoints.replay(services, origin, endpoint_id, **wanted.model_dump()))


@router.post("/endpoints/{endpoint_id}/enable", **_CHANGE)
def enable(services: The, origin: From, endpoint_id: EndpointId) -> EndpointRow:
    """Send to it again from where it was."""
    return EndpointRow(**endpoints.enable(services, origin, endpoint_id))


@router.post("/endpoints/{endpoint_id}/disable", **_CHANGE)
def disable(services: The, origin: From, endpoint_id: EndpointId) -> EndpointRow:
    """Send it nothing until it is enabled. Its place in the feed is kept for as long as the feed is: 14 days."""
    return EndpointRow(**endpoints.disable(services, origin, endpoint_id))


@router.get("/endpoints/{endpoint_id}/deliveries", **_STREAM)
def deliveries(
    request: Request,
    response: Response,
    services: The,
    caller: Caller,
    endpoint_id: EndpointId,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Paged[Delivery]:
    """What was tried in the last 14 days, the newest first."""
    rows = endpoint_rows.deliveries(services, caller.tenant, endpoint_id, start=key_of(cursor), limit=limit + 1)
    return Paged[Delivery](**paged(request, response, rows, limit, lambda one: (one["at"], one["id"])))
