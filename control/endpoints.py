"""Webhook endpoints of a tenant: made, changed, tried, told again, taken back. Nothing here asks them anything itself.

What opens an endpoint, its address and its secret, is sealed, and in no answer but the one to its making or rotation.
"""

from __future__ import annotations

import base64
import secrets
import uuid
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import SecretStr

from control import feed
from control.endpoint_rows import found, row, settings_of
from control.trail import Origin, recorded
from shared.credentials.keeping import Rotation
from shared.credentials.keeping import rotate as reseal
from shared.domain.deliveries import BOTH_SIGN, MOST_EVENTS, Endpoint, Replay, State, Why
from shared.domain.errors import InputError
from shared.domain.feed import types_of
from shared.domain.jobs import PingEndpoint
from shared.domain.refusals import NotThere
from shared.domain.webhooks import SECRET_PREFIX, host_of_endpoint
from shared.services.bootstrap import Services
from shared.services.sending import Opened
from shared.stores.endpoint_seals import EndpointSeals

MOST: Final = 100  # of a tenant
_SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Shown:
    """An endpoint as it may be shown, and its secret where that is new."""

    row: dict[str, Any]
    secret: str


def create(
    services: Services,
    origin: Origin,
    *,
    url: str,
    types: Collection[str] | None = None,
    max_events: int = MOST_EVENTS,
    after: str = feed.NOW,
) -> Shown:
    """Make one for the tenant of who acts. types: None: the usual ones. after: a cursor of the feed, or `now`.

    Raises InputError for an address that cannot be sent to, a wrong type, one too many, or where no key seals it.
    """
    tenant, now = origin.actor.tenant, services.clock.now()
    host = host_of_endpoint(url, may_be_private=services.settings.webhook_private)
    if services.stores.endpoints.count(tenant) >= MOST:
        raise InputError(f"there are {MOST} endpoints, which is the most; remove one first")
    start = feed.start(services, tenant, after)
    opened = Opened(SecretStr(url), _new_secret())
    endpoint = Endpoint(
        id=uuid.uuid4().hex,
        tenant=tenant,
        host=host,
        types=None if types is None else types_of(types),
        max_events=max_events,
        state=State.ACTIVE,
        why=None,
        state_since=now,
        cursor=start,
        head=start,
        pending=None,
        replay=None,
        round=0,
        due_at=now,
        waiting_since=None,
        previous_until=None,
        last_ms=0,
        counts={},
        created_at=now,
        created_by=origin.actor.name,
    )
    sealed = opened.sealed(services.vault, endpoint.id)
    with recorded(services, origin, "endpoint.create", endpoint.id) as entry:
        services.stores.endpoints.add(endpoint, sealed=sealed)
        entry.after = settings_of(endpoint)
    return Shown(row(endpoint, start), opened.secret.get_secret_value())


def edit(services: Services, origin: Origin, endpoint_id: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Change url, types (None: the usual ones) or max_events. What waits is tried again at once."""
    endpoint = found(services, origin.actor.tenant, endpoint_id)
    fields: dict[str, Any] = {}
    if changes.get("max_events") is not None:
        fields["max_events"] = changes["max_events"]
    if "types" in changes:
        fields["types"] = None if changes["types"] is None else sorted(types_of(changes["types"]))
    if changes.get("url") is not None:
        url = SecretStr(changes["url"])
        opened = _opened(services, endpoint)
        fields["host"] = host_of_endpoint(changes["url"], may_be_private=services.settings.webhook_private)
        changed = Opened(url, opened.secret, opened.previous)
        fields["sealed"] = changed.sealed(services.vault, endpoint.id)
    return _changed(services, origin, "endpoint.edit", endpoint, fields)


def enable(services: Services, origin: Origin, endpoint_id: str) -> dict[str, Any]:
    """Send to it again from where it was, with all its tries."""
    endpoint = found(services, origin.actor.tenant, endpoint_id)
    if endpoint.state is State.ACTIVE:
        return row(endpoint, services.stores.feed.bounds(endpoint.tenant)[1])
    fields: dict[str, Any] = {"state": State.ACTIVE.value, "why": None, "state_since": services.clock.now()}
    if endpoint.pending is not None:
        fields["pending"] = asdict(endpoint.pending) | {"tries": 0}
    return _changed(services, origin, "endpoint.enable", endpoint, fields)


def disable(services: Services, origin: Origin, endpoint_id: str) -> dict[str, Any]:
    """Send it nothing until it is enabled; its cursor stays, for as long as the feed is kept."""
    endpoint = found(services, origin.actor.tenant, endpoint_id)
    if endpoint.state is State.DISABLED:
        return row(endpoint, services.stores.feed.bounds(endpoint.tenant)[1])
    now = services.clock.now()
    fields = {"state": State.DISABLED.value, "why": Why.ASKED.value, "state_since": now, "due_at": None}
    return _changed(services, origin, "endpoint.disable", endpoint, fields)


def remove(services: Services, origin: Origin, endpoint_id: str) -> dict[str, Any]:
    """Forget it, and what opens it. What was tried stays in the log for its time."""
    endpoint = found(services, origin.actor.tenant, endpoint_id)
    with recorded(services, origin, "endpoint.remove", endpoint.id, before=settings_of(endpoint)):
        services.stores.endpoints.remove(endpoint.id)
    return row(endpoint, services.stores.feed.bounds(endpoint.tenant)[1])


def rotate(services: Services, origin: Origin, endpoint_id: str) -> Shown:
    """Give it a new secret; for 24 hours the one before signs too."""
    endpoint = found(services, origin.actor.tenant, endpoint_id)
    opened = _opened(services, endpoint)
    new = Opened(opened.url, _new_secret(), previous=opened.secret)
    until = services.clock.now() + BOTH_SIGN
    fields = {"sealed": new.sealed(services.vault, endpoint.id), "previous_until": until}
    changed = _changed(services, origin, "endpoint.rotate", endpoint, fields)
    return Shown(changed, new.secret.get_secret_value())


def ping(services: Services, origin: Origin, endpoint_id: str) -> dict[str, Any]:
    """Have it sent a message that tells nothing; answers the id, under which the log says what came of it."""
    endpoint = found(services, origin.actor.tenant, endpoint_id)
    ping_id = origin.run_id
    with recorded(services, origin, "endpoint.ping", endpoint.id) as entry:
        services.sender.send(PingEndpoint(endpoint_id=endpoint.id, ping_id=ping_id))
        entry.after = {"message": f"ping_{ping_id}"}
    return {"endpoint": endpoint.id, "message": f"ping_{ping_id}"}


def replay(
    services: Services,
    origin: Origin,
    endpoint_id: str,
    *,
    after: str | None = None,
    through: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> dict[str, Any]:
    """Tell it again what came after a cursor, or since a time, through a cursor, or until a time; left out: up to where
    it is. The events have the ids they had, the messages new ones. What is new waits until this is told.

    Raises InputError where there is nothing to tell, and feed.TooOldError for what is kept no longer.
    """
    endpoint = found(services, origin.actor.tenant, endpoint_id)
    if (after is None) == (since is None):
        raise InputError("say from where: either `after`, a cursor, or `since`, a time")
    if through is not None and until is not None:
        raise InputError("say up to where by `through`, a cursor, or by `until`, a time, not by both")
    tenant, numbers = endpoint.tenant, services.stores.feed
    begin = feed.start(services, tenant, after) if since is None else numbers.number_before(tenant, since)
    live = endpoint.replay.back_to if endpoint.replay else endpoint.cursor
    end = live
    if through is not None:
        end = min(live, feed.start(services, tenant, through))
    elif until is not None:
        end = min(live, numbers.number_before(tenant, until))
    if begin >= end:
        raise InputError(f"nothing to tell again: it was told up to {live}, and this would be from {begin} to {end}")
    told = {"cursor": begin, "pending": None, "replay": asdict(Replay(end, live)), "round": endpoint.round + 1}
    return _changed(services, origin, "endpoint.replay", endpoint, told)


def rotate_keys(services: Services) -> Rotation:
    """Encrypt all that is stored, credentials and endpoints, with the first key. Raises InputError without keys."""
    done = reseal(services.stores.credentials, services.vault)
    more = reseal(EndpointSeals(services.stores.db), services.vault)
    return Rotation(done.resealed + more.resealed, done.unchanged + more.unchanged, done.failed | more.failed)


def _changed(
    services: Services, origin: Origin, action: str, before: Endpoint, fields: Mapping[str, Any]
) -> dict[str, Any]:
    """Write a change on the record; an active endpoint is looked at anew at once."""
    state = fields.get("state", before.state.value)
    due = {"due_at": services.clock.now()} if state == State.ACTIVE.value else {}
    with recorded(services, origin, action, before.id, before=settings_of(before)) as entry:
        changed = services.stores.endpoints.change(before, {**due, **fields})
        if changed is None:
            raise NotThere(f"there is no endpoint {before.id!r}")
        entry.after = settings_of(changed)
        if changed.replay is not None:
            entry.after |= {"after": str(changed.cursor), "through": str(changed.replay.through)}
    return row(changed, services.stores.feed.bounds(before.tenant)[1])


def _opened(services: Services, endpoint: Endpoint) -> Opened:
    sealed = services.stores.endpoints.sealed(endpoint.id)
    if sealed is None:
        raise NotThere(f"there is no endpoint {endpoint.id!r}")
    return Opened.of(services.vault, endpoint.id, sealed)


def _new_secret() -> SecretStr:
    return SecretStr(SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode())
