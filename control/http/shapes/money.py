"""Money, as it is told over HTTP. All of it is in US dollars."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, Field

from control.http.shapes.operate import Budget
from shared.domain.models import WorkClass


class TooSmall(BaseModel):
    """A budget of which a class may spend `part`, less than the `least` that one call of it takes."""

    budget: str
    work_class: WorkClass
    part: float
    least: float


class Spent(BaseModel):
    """What was bought in a period, and by which class of work. Other kinds that have a price are members too, and what
    came again for nothing (`*_for_free`).
    """

    model_config = {"extra": "allow"}

    usd: float
    posts: int
    users: int
    calls: int
    calls_failed: int
    calls_unanswered: int
    usd_by_class: dict[WorkClass, float]


class Periods(BaseModel):
    """This UTC day, and this calendar month."""

    day: Spent
    month: Spent


class Course(BaseModel):
    """What a period will have cost. limit_reached_at: when its budget is spent; null: not in it."""

    usd: float
    limit_reached_at: datetime | None


class OneOff(BaseModel):
    """Work that ends, of today: what it cost so far, and about what is left of it."""

    spent_usd: float
    left_usd: float


class Forecast(BaseModel):
    """whole_days_known: the days before today that it is made from."""

    day: Course
    month: Course
    whole_days_known: int
    one_off: OneOff


class Wanted(BaseModel):
    """What a class of work would like to spend until midnight UTC, and how that is known."""

    usd: float
    basis: str


class Worth(BaseModel):
    """What some money buys. acts: the growth that it catches, in likes, reposts, replies and quotes."""

    posts: int
    usd: float
    acts: float


class Plan(BaseModel):
    """Which posts today's money buys. last_dollar: what the last one of it catches. a_tenth_more: what more would.

    held: the part of what unread posts would be short of that the bought ones cover. late: posts that are not read
    within span_days.
    """

    day: date
    stage: str
    model: str
    followed: int
    to_choose_from: int
    buys: Worth
    held: float
    last_dollar: Worth
    a_tenth_more: Worth
    guarded: int
    late: int
    span_days: float


class Usage(BaseModel):
    """The posts of a day as X counted them, and as the ledger did."""

    day: date
    ledger_posts: int
    x_posts: int
    difference_ratio: float


class Money(BaseModel):
    """How it stands. credential_budgets: by credential. shares: the part of each budget that a class may spend.

    plan: null where the tiers decide which posts are read again, or there is no plan yet. usage: null before the first
    comparison.
    """

    at: datetime
    budgets: dict[str, Budget]
    credential_budgets: dict[str, dict[str, Budget]]
    shares: dict[WorkClass, float]
    too_small: list[TooSmall]
    spent: Periods
    forecast: Forecast
    wanted: dict[WorkClass, Wanted]
    plan: Plan | None
    usage: Usage | None


class Limits(BaseModel):
    """Most dollars of a UTC day and of a calendar month, and most posts of a month. null: no limit. Left out: as is."""

    model_config = {"extra": "forbid"}

    day_usd: float | None = Field(None, ge=0, le=1e9)
    month_usd: float | None = Field(None, ge=0, le=1e9)
    month_posts: int | None = Field(None, ge=0, le=10**12)


class NewBudgets(BaseModel):
    """What is set; the rest stays. shares: above 0, up to 1."""

    model_config = {"extra": "forbid"}

    limits: Limits = Field(default_factory=Limits)
    shares: dict[WorkClass, float] = Field(default_factory=dict)


class Budgets(BaseModel):
    """The budgets as they are now, and those that are too small for a class of work."""

    budgets: dict[str, Budget]
    shares: dict[WorkClass, float]
    too_small: list[TooSmall]


class SpendRow(BaseModel):
    """key: a day, class of work, credential or tenant. bought: what cost money, by kind. reread: what came again."""

    key: str
    usd: float
    calls: int
    calls_failed: int
    calls_unanswered: int
    bought: dict[str, int]
    reread: dict[str, int]


class Spend(BaseModel):
    """What the days from `first` through `last` cost, in all and by what was asked for. tenant: null: all of them."""

    first: date
    last: date
    tenant: str | None
    total: SpendRow
    rows: list[SpendRow]


class Unblock(BaseModel):
    """What a person has mended: a credential, it at one endpoint, or (paid) all paid calls."""

    model_config = {"extra": "forbid"}

    credential: str | None = Field(None, min_length=1, max_length=200)
    endpoint: str | None = Field(None, min_length=1, max_length=200)
    paid: bool = False


class Unblocked(BaseModel):
    """What is no longer blocked, and what still is."""

    credential: str | None
    endpoint: str | None
    paid: bool
    still_blocked: int
