"""`deliver_feed` and `ping_endpoint`: the feed of a tenant, sent to one endpoint.

    {"type": "events", "timestamp": "2026-11-28T12:00:00Z", "data": {"events": [as GET /v1/feed has them]}}

A few messages a job, then others have their turn. Which range is sent is noted before it leaves, and the cursor moves
after a 2xx: who dies in between leaves the range to the next one, which sends it under the same id. What the receiver
does never raises here: it is noted, and tried again by `next_try`.
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from shared.domain.deliveries import Endpoint, Outcome, Pending, State, Why, cut, message_id, next_try
from shared.domain.errors import InputError, NotNow, Paused
from shared.domain.feed import USUAL, EventType, Numbered
from shared.domain.jobs import DeliverFeed, PingEndpoint
from shared.http.messages import Answer
from shared.runtime import metrics
from shared.runtime.log import get_logger
from shared.services.bootstrap import Services
from shared.services.feed_told import told
from shared.services.sending import Opened
from shared.stores.database import ServerClock

log = get_logger(__name__)
MESSAGES: Final = 20  # of a job
PIECE: Final = 4  # times the events of a message: read at once, for those of the wanted types may be few
LEAST_PIECE: Final = 200
BUSY_SECONDS: Final = 1.0  # until a job that found no place looks again
BUSY: Final = "as many webhooks are being sent as may be at a time"
GONE: Final = 410
ALL: Final = frozenset(EventType)


def deliver_feed(services: Services, job: DeliverFeed) -> None:
    """Send what is behind the cursor. Raises NotNow where as many send as may, and as the stores and the vault do."""
    store = services.stores.endpoints
    seen = store.get(job.endpoint_id)
    if seen is None or seen.state is not State.ACTIVE:
        return
    with services.sending.places.taken(slow=seen.is_slow) as has_place:
        if not has_place:
            raise NotNow(BUSY, wait_seconds=BUSY_SECONDS)
        holder = uuid.uuid4().hex
        endpoint = store.lease(job.endpoint_id, holder, now=ServerClock(services.stores.db).now())
        if endpoint is not None:
            _Delivering(services, endpoint, holder).run()


def ping_endpoint(services: Services, job: PingEndpoint) -> None:
    """Send one message that tells nothing, once; the log of deliveries says what came of it."""
    endpoint = services.stores.endpoints.get(job.endpoint_id)
    opened = None if endpoint is None else _opened(services, endpoint)
    if endpoint is None or opened is None:
        return
    at = services.clock.now()
    message = f"ping_{job.ping_id}"
    body = _text({"type": "ping", "timestamp": at, "data": {"endpoint": endpoint.id}})
    with services.sending.places.taken(slow=True) as has_place:
        if not has_place:
            raise NotNow(BUSY, wait_seconds=BUSY_SECONDS)
        secrets = _secrets(opened, endpoint, at)
        answer = services.sending.messages.send(opened.url, secrets, body, message_id=message, at=at)
    _note(services, endpoint, message, None, 0, Outcome.DELIVERED if answer.is_taken else Outcome.FAILED, answer, at)


class _Delivering:
    """One endpoint, for as long as its lease is held."""

    def __init__(self, services: Services, endpoint: Endpoint, holder: str) -> None:
        self._services, self._endpoint, self._holder = services, endpoint, holder
        self._store, self._feed = services.stores.endpoints, services.stores.feed
        self._clock = ServerClock(services.stores.db)

    def run(self) -> None:
        """Messages in order, until there is no more, one is not taken, or others have to have their turn."""
        endpoint = self._endpoint
        opened = _opened(self._services, endpoint)
        if opened is None:
            return
        for _ in range(MESSAGES):
            found = self._next()
            if found is None or not self._send(opened, *found):
                return
        self._store.let_go(endpoint.id, self._holder, now=self._clock.now())

    def _next(self) -> tuple[Pending, Sequence[Numbered]] | None:
        """What is sent next, noted as pending; None where nothing is, or the lease was lost."""
        while True:
            endpoint, now = self._endpoint, self._clock.now()
            begun = endpoint.pending
            piece = self._piece()
            missed = 0 if begun else self._missed(piece)
            if not (piece or begun or endpoint.replay or missed):
                self._store.rest(endpoint.id, self._holder, head=endpoint.head, now=now)
                return None
            kinds = [(one.number, one.event.type) for one in piece]
            most = len(piece) if begun else endpoint.max_events
            found = cut(kinds, types=USUAL if endpoint.types is None else endpoint.types, most=most)
            through = begun.through if begun else found.through if found else endpoint.cursor + missed
            if found is None or not found.chosen:
                if not self._pass(through, missed, is_end=not (piece or begun or missed), now=now):
                    return None
                continue
            pending = begun or Pending(endpoint.cursor + 1, through)
            if not self._store.pend(endpoint.id, self._holder, pending, missed=missed, now=now):
                return None
            self._endpoint = replace(endpoint, pending=pending)
            return pending, [piece[place] for place in found.chosen]

    def _piece(self) -> list[Numbered]:
        """What is behind the cursor: of a message that was begun just that, of a replay what it is about."""
        endpoint, begun, replay = self._endpoint, self._endpoint.pending, self._endpoint.replay
        limit = begun.through - endpoint.cursor if begun else max(PIECE * endpoint.max_events, LEAST_PIECE)
        found = self._feed.after(endpoint.tenant, endpoint.cursor, types=ALL, limit=max(1, limit))
        last = begun.through if begun else replay.through if replay else None
        return [one for one in found if last is None or one.number <= last]

    def _pass(self, through: int, missed: int, *, is_end: bool, now: datetime) -> bool:
        """Go on behind what is not sent; at the end of a replay where it was before."""
        endpoint, replay = self._endpoint, self._endpoint.replay
        is_over = replay is not None and (is_end or through >= replay.through)
        cursor = replay.back_to if replay is not None and is_over else through
        left = None if is_over else replay
        self._endpoint = replace(endpoint, cursor=cursor, replay=left, pending=None)
        return self._store.passed(endpoint.id, self._holder, cursor=cursor, replay=left, missed=missed, now=now)

    def _missed(self, piece: Sequence[Numbered]) -> int:
        """How many numbers between the cursor and what is there are kept no longer."""
        endpoint = self._endpoint
        if piece:
            oldest = piece[0].number
        elif endpoint.replay is None and endpoint.cursor < endpoint.head:
            oldest = self._feed.bounds(endpoint.tenant)[0]
        else:
            return 0
        missed = max(0, oldest - endpoint.cursor - 1)
        if missed:
            log.error("events were kept no longer when their webhook was to be sent", **self._named(), events=missed)
        return missed

    def _send(self, opened: Opened, pending: Pending, events: Sequence[Numbered]) -> bool:
        """Send one message and note what came of it; answers whether the next one may be sent."""
        endpoint, at = self._endpoint, self._services.clock.now()
        message = message_id(endpoint, pending)
        rows = told(self._services.stores, endpoint.tenant, events)
        body = _text({"type": "events", "timestamp": at, "data": {"events": rows}})
        secrets = _secrets(opened, endpoint, at)
        answer = self._services.sending.messages.send(opened.url, secrets, body, message_id=message, at=at)
        outcome = self._taken(pending, events, answer) if answer.is_taken else self._not_taken(pending, answer)
        if outcome is not None:
            _note(self._services, endpoint, message, pending, len(events), outcome, answer, at)
        return outcome is Outcome.DELIVERED

    def _taken(self, pending: Pending, events: Sequence[Numbered], answer: Answer) -> Outcome | None:
        endpoint = self._endpoint
        self._endpoint = replace(endpoint, cursor=pending.through, pending=None, last_ms=answer.ms)
        held = self._store.delivered(
            endpoint.id,
            self._holder,
            through=pending.through,
            events=len(events),
            ms=answer.ms,
            fed_at=events[-1].fed_at,
            now=self._clock.now(),
        )
        return Outcome.DELIVERED if held else None

    def _not_taken(self, pending: Pending, answer: Answer) -> Outcome | None:
        """Try it again later, or never more."""
        endpoint, now = self._endpoint, self._clock.now()
        failed = replace(pending, tries=pending.tries + 1)
        error = {"at": now, "error": answer.why, "status": answer.status, "tries": failed.tries}
        wait = answer.retry_after_seconds
        due_at = next_try(failed.tries, now=now, draw=random.random(), retry_after_seconds=wait)
        if due_at is not None and answer.status != GONE:
            held = self._store.failed(endpoint.id, self._holder, failed, error=error, ms=answer.ms, due_at=due_at)
            return Outcome.RETRY if held else None
        why = Why.GONE if answer.status == GONE else Why.GIVEN_UP
        if not self._store.disable(endpoint.id, self._holder, why, pending=failed, error=error):
            return None
        log.error("webhook endpoint disabled", **self._named(), reason=answer.why, tries=failed.tries)
        return Outcome.GONE if why is Why.GONE else Outcome.GIVEN_UP

    def _named(self) -> dict[str, str]:
        return {"endpoint": self._endpoint.id, "host": self._endpoint.host}


def _opened(services: Services, endpoint: Endpoint) -> Opened | None:
    """What opens it; None where it was removed meanwhile. Raises Paused where no key of this process does."""
    sealed = services.stores.endpoints.sealed(endpoint.id)
    try:
        return None if sealed is None else Opened.of(services.vault, endpoint.id, sealed)
    except InputError as error:
        raise Paused("webhook", str(error)) from None


def _secrets(opened: Opened, endpoint: Endpoint, at: datetime) -> list[Any]:
    """Those that sign: for a day after a rotation both."""
    both = opened.previous is not None and endpoint.previous_until is not None and at < endpoint.previous_until
    return [opened.secret, opened.previous] if both else [opened.secret]


def _note(
    services: Services,
    endpoint: Endpoint,
    message: str,
    pending: Pending | None,
    events: int,
    outcome: Outcome,
    answer: Answer,
    at: datetime,
) -> None:
    metrics.DELIVERIES.labels(outcome.value).inc()
    row = {
        "message": message,
        "first": pending and pending.first,
        "through": pending and pending.through,
        "events": events,
        "tries": pending.tries + 1 if pending else 1,
        "outcome": outcome.value,
        "status": answer.status,
        "error": None if answer.is_taken else answer.why,
        "ms": answer.ms,
        "at": at,
    }
    services.stores.deliveries.add(endpoint, row)


def _text(message: dict[str, Any]) -> str:
    return json.dumps(message, default=_as_json, ensure_ascii=False, separators=(",", ":"))


def _as_json(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    raise TypeError(f"{type(value).__name__} has no JSON form")
