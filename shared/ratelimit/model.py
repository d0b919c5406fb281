"""What crosses the limiter's border: the question, the two answers, the settlement, and the state that is shown.

    request = CallRequest("search/recent", ("app",), WorkClass.SEARCH, most=Amounts({PriceKind.POST: 100}))
    answer = limiter.acquire(request)            Grant or Refusal; raises LimiterUnavailable: then no call either
    limiter.settle(answer, Settlement(...))      after every grant, whatever became of the call

Pure data: nothing here touches Redis. Invariant: one Grant is one HTTP call, and is settled at most once with effect (a
second settlement of the same grant gives nothing back). A Grant may travel to another thread or process.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from shared.domain.errors import InputError
from shared.domain.models import RateHeaders, WorkClass
from shared.domain.money.prices import Amounts


@dataclass(frozen=True, slots=True)
class CallRequest:
    """One HTTP call that somebody wants to make.

    endpoint: the name of its window (the same for all calls that X counts together), without spaces.
    credential_ids: those that may make it; the limiter picks the one with the most room.
    most: the most the call may buy, included objects too. A call that buys nothing is free: no block of paid calls
    stops it, unless `is_paid` says that X asks for credits all the same, as it does for what was bought before.
    Raises InputError for an empty name, no credential, or a negative count.
    """

    endpoint: str
    credential_ids: tuple[str, ...]
    work_class: WorkClass
    most: Amounts = field(default_factory=Amounts)
    is_paid: bool = False

    def __post_init__(self) -> None:
        if not self.endpoint or any(character.isspace() for character in self.endpoint):
            raise InputError(f"endpoint {self.endpoint!r}: expected a name without spaces")
        if not self.credential_ids or not all(self.credential_ids):
            raise InputError(f"credential_ids {self.credential_ids!r} for {self.endpoint}: expected at least one id")
        for kind, count in self.most.items():
            if count < 0:
                raise InputError(f"{kind.plural}={count} for {self.endpoint}: expected no negative count")


@dataclass(frozen=True, slots=True)
class Grant:
    """Leave to make one call now, with `credential_id`. Not settled within the lease, it counts as spent.

    reserved: the most it may buy. is_probe: the limits of this credential and endpoint are not known, and this call is
    to learn them; the others wait.
    """

    id: str
    endpoint: str
    credential_id: str
    work_class: WorkClass
    reserved: Amounts = field(default_factory=Amounts)
    is_probe: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """No call now. `blocked_by` names the window (see `Window`, or a `BlockScope`) that takes longest to give way.

    wait_seconds: the earliest time at which asking again can help, above 0.
    """

    wait_seconds: float
    blocked_by: str


class Window(StrEnum):
    """What can refuse a call by itself, beside the blocks. Values appear in `Refusal.blocked_by` and in metrics."""

    PROBE = "probe"  # limits unknown, and another call is finding them out
    BREAKER = "breaker"  # X failed several times in a row at this endpoint; it is looked at again from time to time
    INTERVAL = "interval"  # the least time between two calls of one endpoint
    QUARTER_HOUR = "window"  # the 15-minute window
    DAY = "day"  # the 24-hour cap in X's headers
    MONTH_REQUESTS = "month_requests"
    MONTH_POSTS = "month_posts"
    DAY_MONEY = "day_money"
    MONTH_MONEY = "month_money"


# The windows that a person's budgets make; all the others are X's.
BUDGETS = frozenset({Window.MONTH_REQUESTS, Window.MONTH_POSTS, Window.DAY_MONEY, Window.MONTH_MONEY})


class BlockScope(StrEnum):
    """How far a refusal by X reaches."""

    ENDPOINT_WINDOW = "endpoint_window"  # 429: the 15-minute window of this credential and endpoint
    PER_SECOND = "per_second"  # 429 with room left: the one-per-second rule; calls keep apart for 15 minutes
    DAY = "day_cap"  # 429: the 24-hour cap of this credential and endpoint
    USAGE_CAP = "usage_cap"  # 429: the daily or monthly cap of the project; stops every paid call
    CREDENTIAL = "credential"  # 401: every call of this credential
    CREDENTIAL_ENDPOINT = "credential_endpoint"  # 403: this credential for this endpoint
    PAID = "paid"  # 402: every paid call of every credential


@dataclass(frozen=True, slots=True)
class Block:
    """X refused, and more than this one call is affected.

    until_seconds: epoch seconds by X's clock (placed by `rate.date_seconds` where the answer had it);
    for_seconds: from now. Give one; with neither the block stands until `Limiter.unblock`, 31 days at most.
    Within one scope the block that ends last wins. reason: X's word, for people; no token.
    """

    scope: BlockScope
    reason: str
    until_seconds: float | None = None
    for_seconds: float | None = None

    def __post_init__(self) -> None:
        if self.until_seconds is not None and self.for_seconds is not None:
            raise InputError(f"block {self.scope}: expected until_seconds or for_seconds, got both")


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of a granted call.

    answered: X answered whole, whatever the status. False (timeout, reset, cut body): all that was reserved counts as
    spent. sent False, and then not answered: no request left, and posts and money are given back. status: the HTTP
    status if one was seen. rate: the headers, all None where there were none.
    billed: what X bills for this answer; the rest of what was reserved is given back. Failed calls: nothing.
    block: set when X refused more than this call. fault: X failed, by a 5xx or by no usable answer; several in a row
    open the endpoint's breaker. Another answer closes it, also a refusal; no answer and no fault of X does neither.
    """

    answered: bool
    status: int | None = None
    rate: RateHeaders = field(default_factory=RateHeaders)
    billed: Amounts = field(default_factory=Amounts)
    block: Block | None = None
    fault: bool = False
    sent: bool = True


@dataclass(frozen=True, slots=True)
class WindowState:
    """One credential and endpoint, for `covey status` and the metrics.

    limit, remaining, reset_in_seconds: the 15-minute window; None while unknown or run out. remaining: calls that may
    still be granted. day_*: the 24-hour cap, None where X names none. blocked: the scope of its block, None when free.
    interval_for_seconds: how long calls still keep a second apart, as a 429 of X had it; None where they need not.
    """

    credential_id: str
    endpoint: str
    limit: int | None
    remaining: int | None
    in_flight: int
    reset_in_seconds: float | None
    day_limit: int | None = None
    day_remaining: int | None = None
    blocked: str | None = None
    blocked_reason: str | None = None
    blocked_for_seconds: float | None = None
    interval_for_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class BudgetState:
    """One budget. `credential_id` is None for the project's. Money is in US dollars. `limit` None: only counted."""

    window: Window
    credential_id: str | None
    limit: float | None
    used: float
    used_by_class: dict[WorkClass, float]
    reset_in_seconds: float


@dataclass(frozen=True, slots=True)
class BlockState:
    """A block of a whole credential (`credential_id` set), of one endpoint by its breaker, or of all paid calls.

    for_seconds: 0 for a breaker that one call may look behind now.
    """

    scope: str
    credential_id: str | None
    reason: str
    for_seconds: float
    endpoint: str | None = None


@dataclass(frozen=True, slots=True)
class LimiterState:
    """Everything the limiter knows, at one moment."""

    windows: tuple[WindowState, ...] = ()
    budgets: tuple[BudgetState, ...] = ()
    blocks: tuple[BlockState, ...] = ()

    @property
    def all_blocks(self) -> tuple[BlockState, ...]:
        """`blocks`, and those of one credential at one endpoint, which stand at their windows too.

        A learned interval is among them, though it only slows calls down: its end is as worth knowing.
        """
        at_windows = (
            BlockState(
                one.blocked, one.credential_id, one.blocked_reason or "", one.blocked_for_seconds or 0, one.endpoint
            )
            for one in self.windows
            if one.blocked is not None
        )
        intervals = (
            BlockState(
                Window.INTERVAL.value,
                one.credential_id,
                "calls kept apart after a 429 with room left",
                one.interval_for_seconds,
                one.endpoint,
            )
            for one in self.windows
            if one.interval_for_seconds is not None
        )
        return (*self.blocks, *at_windows, *intervals)
