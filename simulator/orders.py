"""Owns reading what a test sends to `/_sim/...`: JSON bodies, checked by a schema.

It must not act. Invariant: an order that exists is valid; one that is not is a `ValueError` of one line that
names the place and the value.
"""

from typing import Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from simulator.calls import DEFAULT_PROJECT


class Order(BaseModel):
    """Any body; names that are not known are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SpendOrder(Order):
    """A stranger spends calls with the same token."""

    token: str = Field(repr=False)
    endpoint: str
    calls: int = Field(default=1, ge=1)


class LimitOrder(Order):
    """A limit changes in the middle of the open windows, of one token or of all; `lasting` also for later ones."""

    endpoint: str
    limit: int = Field(ge=1)
    token: str | None = Field(default=None, repr=False)
    lasting: bool = True


class CreditOrder(Order):
    """Credits are bought."""

    usd: float = Field(gt=0, le=1e9)
    project: str = DEFAULT_PROJECT


class SpendCapOrder(Order):
    """A project may spend `usd` (null: without end) until it is refused for `reset_in_seconds`."""

    usd: float | None = Field(ge=0, le=1e9)
    reset_in_seconds: float = Field(default=60, gt=0, le=1e8)
    project: str = DEFAULT_PROJECT


class OwnerOrder(Order):
    """An account, by name or id, owns every app; null for nobody."""

    account: str | None


class ClockOrder(Order):
    """Time passes at once: `seconds` of it."""

    seconds: float = Field(gt=0, le=1e7)


class QuoteOrder(Order):
    """So many strangers quote a post, given by its id; each comes so much later than others into the search."""

    post: str = Field(pattern=r"^[0-9]{1,19}$")
    count: int = Field(default=1, ge=1, le=10_000)
    late_seconds: float = Field(default=0, ge=0, le=1e7)


class RepostOrder(Order):
    """So many strangers repost a post, given by its id."""

    post: str = Field(pattern=r"^[0-9]{1,19}$")
    count: int = Field(default=1, ge=1, le=1_000)


class AccountOrder(Order):
    """Something happens to an account, given by name or id, now or in some seconds; a `rename` has its `username`."""

    account: str
    change: Literal["rename", "suspend", "protect", "restore"]
    username: str = Field(default="", pattern=r"^([A-Za-z0-9_]{1,15})?$")
    in_seconds: float = Field(default=0, ge=0, le=1e7)

    @model_validator(mode="after")
    def _named(self) -> Self:
        if (self.change == "rename") != bool(self.username):
            raise ValueError("a rename, and nothing else, has a username")
        return self


class StreamOrder(Order):
    """Something happens to the open connections, of one stream or of all.

    `disconnect` ends them, with X's word for it first unless it is `by_reset`; with `fail_seconds` nobody is let in for
    so long. `silence` leaves them open and sends nothing any more. `line` sends `text` as it is.
    """

    act: Literal["disconnect", "silence", "line"]
    stream: Literal["activity/stream", "search/stream"] | None = None
    by_reset: bool = False
    fail_seconds: float = Field(default=0, ge=0, le=1e7)
    text: str = ""


class PostOrder(Order):
    """An author deletes a post."""

    delete: str = Field(pattern=r"^[0-9]{1,19}$")


AnyOrder = TypeVar("AnyOrder", bound=Order)


def read_order(kind: type[AnyOrder], body: bytes) -> AnyOrder:
    """Return the order that a body holds; raise `ValueError` with one line about everything that is wrong with it."""
    try:
        return kind.model_validate_json(body or b"{}")
    except ValidationError as error:
        raise ValueError(in_words(error)) from error


def in_words(error: ValidationError) -> str:
    """Return one line: each place, what is wrong there, and the value, unless it is a token."""
    found = []
    for fault in error.errors(include_url=False):
        place = ".".join(map(str, fault["loc"])) or "body"
        value = "" if "token" in place or fault["type"] == "missing" else f", not {str(fault['input'])[:80]!r}"
        found.append(f"{place}: {fault['msg']}{value}")
    return "; ".join(found)
