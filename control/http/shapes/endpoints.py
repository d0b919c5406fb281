"""Webhook endpoints, as the API takes and answers them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field

from control import feed
from shared.domain.deliveries import MOST_EVENTS, Outcome, State, Why
from shared.domain.feed import EventType

Place = Annotated[str, Field(max_length=20, pattern=r"^[0-9]{1,19}$")]


class LastError(BaseModel):
    """What was not taken last. status: null where there was no answer."""

    at: datetime
    error: str
    status: int | None
    tries: int


class EndpointRow(BaseModel):
    """An endpoint. backlog: events of the feed that it was not told yet, of whatever type. missed: events that were
    kept no longer when it was their turn. why: of a disabled one.
    """

    id: str
    host: str
    types: list[EventType]
    max_events: int
    state: State
    why: Why | None
    state_since: datetime
    cursor: str
    backlog: int
    next_try_at: datetime | None
    replaying_through: str | None
    missed: int
    sent: int
    events: int
    retried: int
    given_up: int
    last_error: LastError | None
    previous_secret_until: datetime | None
    created_at: datetime
    created_by: str


class Lately(BaseModel):
    """Tries of the last 24 hours, of the newest 10,000."""

    tries: int
    delivered: int


class EndpointDetails(EndpointRow):
    """oldest_waiting_at: when the next event that it is told came into the feed; null: none waits."""

    oldest_waiting_at: datetime | None
    last_24h: Lately


class EndpointWithSecret(EndpointRow):
    """An endpoint, and its secret, which is said this once."""

    secret: str


class NewEndpoint(BaseModel):
    """Where to send to. types: null: all but those of which there are very many. after: a cursor, or `now`."""

    model_config = {"extra": "forbid"}

    url: str = Field(min_length=1, max_length=2_000)
    types: list[EventType] | None = Field(None, min_length=1, max_length=len(EventType))
    max_events: int = Field(MOST_EVENTS, ge=1, le=MOST_EVENTS)
    after: str = Field(feed.NOW, max_length=20)


class EndpointChanges(BaseModel):
    """What is to be otherwise; what is left out stays. types: null: all but those of which there are very many."""

    model_config = {"extra": "forbid"}

    url: str | None = Field(None, min_length=1, max_length=2_000)
    types: list[EventType] | None = Field(None, min_length=1, max_length=len(EventType))
    max_events: int | None = Field(None, ge=1, le=MOST_EVENTS)


class Replay(BaseModel):
    """What to tell again: after a cursor or since a time; through a cursor or until a time, both left out: all."""

    model_config = {"extra": "forbid"}

    after: Place | None = None
    since: AwareDatetime | None = None
    through: Place | None = None
    until: AwareDatetime | None = None


class Ping(BaseModel):
    """message: the id under which the log of deliveries says what came of it."""

    endpoint: str
    message: str


class Delivery(BaseModel):
    """A try. message: its webhook-id. first, through: numbers of the feed, null for a ping."""

    id: str
    at: datetime
    message: str
    first: int | None
    through: int | None
    events: int
    tries: int
    outcome: Outcome
    status: int | None
    error: str | None
    ms: int
