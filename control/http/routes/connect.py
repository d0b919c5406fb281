"""Credentials, and letting Covey into an account on X from a browser."""

from __future__ import annotations

from contextvars import Context
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, Response, status
from pydantic import BaseModel, Field, SecretStr

from control import callback, connections, credentials
from control.connections import Back, Became
from control.http.access import From, The, needs
from control.http.problems import Kind, Problem
from shared.credentials.standing import State
from shared.domain.access import Scope
from shared.domain.errors import InputError
from shared.domain.models import CredentialKind
from shared.platforms.x.scopes import DEFAULT_SCOPES

router = APIRouter(prefix="/v1", tags=["connect"])
CALLBACK: Final = "/v1/connect/x/callback"


class CredentialRow(BaseModel):
    """As whom X is asked; never a secret. is_stored: false is X_BEARER_TOKEN. wait_seconds: until it is used again."""

    id: str
    kind: CredentialKind
    state: State
    reason: str | None
    expires_at: datetime | None
    wait_seconds: float | None
    scopes: list[str]
    is_stored: bool


class Credentials(BaseModel):
    """All of them. blocks_unknown: why it is not known which of them X refused; null: it is."""

    data: list[CredentialRow]
    blocks_unknown: str | None


class NewConnection(BaseModel):
    """scopes: what the app asks to be let do."""

    model_config = {"extra": "forbid"}

    scopes: list[Annotated[str, Field(pattern=r"^[a-z_]{1,40}\.[a-z_]{1,40}$")]] = Field(
        default_factory=lambda: list(DEFAULT_SCOPES), min_length=1, max_length=30
    )


class Started(BaseModel):
    """url: where a person logs in as the account and agrees, until expires_at. redirect_uri: where X sends the browser
    then; it must be a callback URL of the app.
    """

    id: str
    url: str
    redirect_uri: str
    expires_at: datetime


class Connection(BaseModel):
    """How it stands. credential: its id, once it is stored. reason: why it was refused or failed, or why X has not said
    whose it is. is_renewable: false ends with its first token, in about two hours.
    """

    id: str
    state: Became
    reason: str | None
    credential: str | None
    is_renewable: bool | None
    begun_at: datetime
    expires_at: datetime
    ended_at: datetime | None


@router.get("/credentials", **needs(Scope.OPERATE))
def list_credentials(services: The) -> Credentials:
    """As whom X may be asked, and why one is left out now."""
    found, unknown = credentials.listed(services)
    rows = [CredentialRow.model_validate(one, from_attributes=True) for one in found]
    return Credentials(data=rows, blocks_unknown=unknown)


@router.post("/connect/x/start", status_code=status.HTTP_201_CREATED, **needs(Scope.OPERATE, 400))
def start_connection(request: Request, services: The, origin: From, wanted: NewConnection | None = None) -> Started:
    """Where a person lets Covey into an account on X. Needs COVEY_X_CLIENT_ID and COVEY_CREDENTIAL_KEYS, and, where
    browsers are on other machines, COVEY_PUBLIC_URL.
    """
    request.state.holds_secret = True  # the state in the address
    settings, scopes = services.settings, (wanted or NewConnection()).scopes
    base = settings.public_url or f"http://127.0.0.1:{settings.control_port}"
    uri = f"{base.rstrip('/')}{CALLBACK}"
    return Started(**connections.start(services, origin, scopes=scopes, redirect_uri=uri))


# The browser of a person shows no token: what lets it in is the state. Its answer is a page, so it is not described.
@router.get("/connect/x/callback", include_in_schema=False)
def come_back(request: Request, services: The) -> Response:
    """Take what X gave the browser."""
    given = request.query_params
    state, code, error = (given[name] if len(given.getlist(name)) == 1 else None for name in ("state", "code", "error"))
    finish = partial(
        connections.finish,
        services,
        state=state or "",
        code=SecretStr(code) if code else None,
        error=error,
        ip=request.client.host if request.client else None,
    )
    # In a context of its own, without the deadline of a request: what X issues once must be stored, however late.
    return _page(Context().run(finish))


@router.get("/connect/x/{connection_id}", **needs(Scope.OPERATE, 404))
def connection_status(services: The, connection_id: Annotated[str, Path(max_length=64)]) -> Connection:
    """What became of a person who was sent to X; kept for a day."""
    try:
        return Connection(**connections.shown(services, connection_id))
    except InputError as error:
        raise Problem(Kind.NOT_FOUND, str(error)) from None


def _page(back: Back) -> Response:
    done, close = callback.page, "You can close this window."
    match back.became:
        case None:
            code = HTTPStatus.BAD_REQUEST
            text = done("This is not an answer Covey waits for", "It came too late, or twice. Begin again.")
        case Became.CONNECTED:
            code, text = HTTPStatus.OK, done("Covey was let in", close, color=callback.GOOD)
        case Became.REFUSED:
            code, text = HTTPStatus.OK, done("Covey was not let in", f"{close} Nothing was stored.")
        case _:
            code, text = HTTPStatus.CONFLICT, done("It could not be finished", back.reason or "Begin again.")
    headers = {name: value for name, value in callback.HEADERS.items() if name != "Content-Type"}
    return Response(text, code, headers, callback.HEADERS["Content-Type"])
