"""Letting Covey into an account on X from a browser that is somewhere else: `control/connect.py` in two steps.

    start: state and verifier kept, address told --> a person agrees at X --> the browser comes back --> finish

Must not print. Invariant: a code is believed only with a state that was sent, once, within ten minutes; everything else
is answered and changes nothing.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import SecretStr

from control import connect
from control.trail import Origin, recorded
from shared.domain.access import Actor, ActorKind
from shared.domain.errors import CoveyError, InputError
from shared.services.bootstrap import Services
from shared.stores.connections import VALID, WAITING

MOST_STATE = 200


class Became(StrEnum):
    """What became of a person who was sent to X."""

    WAITING = "waiting"
    FINISHING = "finishing"
    CONNECTED = "connected"
    REFUSED = "refused"
    FAILED = "failed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Back:
    """What a browser that came back leads to. became None: it is not the answer to anything that was asked."""

    became: Became | None
    reason: str | None = None


def start(services: Services, origin: Origin, *, scopes: Sequence[str], redirect_uri: str) -> dict[str, Any]:
    """Where a person lets the app in: id, url, redirect_uri (X must know it as a callback of the app), expires_at.

    Raises InputError that names the setting that is missing; StoreUnavailable, LimiterUnavailable.
    """
    connect.require(services)
    verifier, state = connect.new_verifier(), connect.new_state()
    connection_id, now = uuid.uuid4().hex, services.clock.now()
    url = connect.address(services.settings, scopes, state=state, verifier=verifier, redirect_uri=redirect_uri)
    actor = origin.actor
    with recorded(services, origin, "connect.start", connection_id) as entry:
        services.stores.connections.begin(
            connection_id,
            state_digest=_digest(state),
            sealed=services.vault.seal_texts(connection_id, {"verifier": verifier}),
            now=now,
            about={
                "tenant": actor.tenant,
                "by": {"kind": actor.kind.value, "id": actor.id, "name": actor.name, "prefix": actor.prefix},
                "scopes": list(scopes),
                "redirect_uri": redirect_uri,
            },
        )
        entry.after = {"scopes": list(scopes)}
    return {"id": connection_id, "url": url, "redirect_uri": redirect_uri, "expires_at": now + VALID}


def finish(services: Services, *, state: str, code: SecretStr | None, error: str | None, ip: str | None) -> Back:
    """Take what a browser brought back from X. Raises StoreUnavailable; what X answers to the exchange is a reason."""
    if not (code or error) or len(state) > MOST_STATE:
        return Back(None)
    found = services.stores.connections.claim(_digest(state), now=services.clock.now())
    if found is None:
        return Back(None)
    with recorded(services, _origin(found, ip), "connect.finish", found["_id"]) as entry:
        became = _refused(error) if code is None else _exchanged(services, found, code)
        services.stores.connections.end(found["_id"], now=services.clock.now(), became=became)
        entry.after = became
    return Back(Became(became["state"]), became.get("reason"))


def shown(services: Services, connection_id: str) -> dict[str, Any]:
    """How it stands: id, state, reason, credential, is_renewable, begun_at, expires_at, ended_at.

    Raises InputError where there is none, or it is forgotten after a day.
    """
    found = services.stores.connections.get(connection_id)
    if found is None:
        raise InputError(f"there is no connection {connection_id!r}; what became of one is kept for a day")
    ends: datetime = found["begun_at"] + VALID
    is_over = found["state"] == WAITING and ends <= services.clock.now()
    return {
        "id": found["_id"],
        "state": Became.EXPIRED if is_over else Became(found["state"]),
        "reason": found.get("reason"),
        "credential": found.get("credential"),
        "is_renewable": found.get("is_renewable"),
        "begun_at": found["begun_at"],
        "expires_at": ends,
        "ended_at": found["ended_at"],
    }


def _exchanged(services: Services, found: dict[str, Any], code: SecretStr) -> dict[str, Any]:
    try:
        verifier = services.vault.open_texts(found["_id"], found["sealed"])["verifier"]
        done = connect.finish(
            services, code, verifier=verifier, redirect_uri=found["redirect_uri"], scopes=found["scopes"]
        )
    except CoveyError as error:
        return {"state": Became.FAILED.value, "reason": str(error)}
    told = asdict(done)
    return {
        "state": Became.CONNECTED.value,
        "credential": told["id"],
        "is_renewable": told["is_renewable"],
        "reason": told["unnamed_because"],
    }


def _refused(error: str | None) -> dict[str, Any]:
    """A person said no. X's word is shown where it is one word."""
    is_word = error is not None and error.replace("_", "").isalnum() and len(error) < 100
    return {"state": Became.REFUSED.value, "reason": error if is_word else "X gave no reason"}


def _origin(found: dict[str, Any], ip: str | None) -> Origin:
    """Whoever sent the person to X: the browser shows no token."""
    by = found["by"]
    actor = Actor(
        kind=ActorKind(by["kind"]),
        id=by["id"],
        name=by["name"],
        tenant=found["tenant"],
        scopes=frozenset(),
        prefix=by["prefix"],
    )
    return Origin(actor=actor, ip=ip)


def _digest(state: str) -> str:
    return hashlib.sha256(state.encode("utf-8", "replace")).hexdigest()
