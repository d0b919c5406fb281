"""Sources and accounts, as they are told and given over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from shared.domain.sources import SourceKind

_STRICT: Any = {"extra": "forbid"}
Word = Annotated[str, Field(max_length=300)]
Words = Annotated[list[Word], Field(max_length=10_000)]
Span = Annotated[str, Field(max_length=20, examples=["5m"])] | Annotated[int, Field(ge=0, le=10**9)]
Whole = Annotated[int, Field(ge=0, le=999_999_999)]


class TermsForm(BaseModel):
    """Any of keywords, phrases, hashtags and mentions, none of the excluded, in one of the languages."""

    model_config = _STRICT

    keywords: Words = []
    phrases: Words = []
    hashtags: Words = []
    mentions: Words = []
    exclude: Words = []
    languages: Words = []


class QuotesOfForm(BaseModel):
    """Whose quotes: of one post, or of all posts of an account."""

    model_config = _STRICT

    post: Word | None = None
    account: Word | None = None


class RefreshForm(BaseModel):
    """Of which posts the engagement is read again. authors: `followed` or `all`."""

    model_config = _STRICT

    min_engagement: Whole | None = None
    authors: Word | None = None


class SourceForm(BaseModel):
    """What a source listens to, by one of accounts, terms, conversation and quotes_of, and how. Spans: "5m" or seconds.

    What is left out stays; null takes a value away.
    """

    model_config = _STRICT

    name: Word | None = None
    accounts: Words | None = None
    terms: TermsForm | None = None
    conversation: Word | None = None
    quotes_of: QuotesOfForm | None = None
    interval: Span | None = None
    look_back: Span | None = None
    priority: Whole | None = None
    paused: bool | None = None
    quota_share: float | None = None
    credential: Word | None = None
    live: bool | None = None
    retention_days: Whole | None = None
    alert_velocity: Whole | None = None
    refresh: Word | RefreshForm | None = None


class NewSource(SourceForm):
    """A source with its id: short, of a-z, 0-9 and -."""

    id: Word


class SourceList(BaseModel):
    """Sources, as `covey sources list --yaml` prints them."""

    model_config = _STRICT

    sources: Annotated[list[NewSource], Field(max_length=10_000)]


class SourceRow(BaseModel):
    """A source, and where it stands. interval, look_back: as people write them. members: how many things are asked for;
    searches: by how many queries of X. covered_through: up to when all of it is accounted for. share_*: of the day's
    money, in dollars.
    """

    id: str
    name: str
    kind: SourceKind
    platform: str = "x"
    accounts: list[str] = []
    terms: TermsForm | None = None
    conversation: str | None = None
    quotes_of: QuotesOfForm | None = None
    interval: str | None = None
    look_back: str | None = None
    priority: int = 50
    paused: bool
    quota_share: float | None = None
    credential: str | None = None
    live: bool = False
    retention_days: int | None = None
    alert_velocity: int | None = None
    refresh: str | RefreshForm | None = None
    members: int
    members_without_search: int
    searches: int
    share_usd: float | None = None
    share_spent_usd: float | None = None
    share_left_usd: float | None = None
    share_rests_until: datetime | None = None
    share_note: str | None = None
    members_of_share: int | None = None
    covered_through: datetime | None
    created_at: datetime | None
    updated_at: datetime | None


class SourceChanged(SourceRow):
    """A source as it is now. run_id: of what was begun for accounts that nobody followed; see /v1/runs."""

    run_id: str | None


class ChangeRow(BaseModel):
    """What becomes of a source: add, change, remove or same; and the fields in which it differs."""

    source: str
    act: str
    fields: list[str]
    new_accounts: list[str]
    lost_accounts: list[str]


class ChangePrice(ChangeRow):
    """The same with what it costs about. Below 0 is saved. basis: where the number of posts comes from."""

    once_usd: float
    day_usd: float
    month_usd: float
    basis: str


class SourcesPrice(BaseModel):
    """What changes would cost about, once, a day and a month. left: of each budget. Nothing was done."""

    dry_run: bool = True
    changes: list[ChangePrice]
    once_usd: float
    day_usd: float
    month_usd: float
    left: dict[str, float | None]
    fits: bool


class Applied(BaseModel):
    """What was changed. run_ids: of what was begun."""

    changes: list[ChangeRow]
    run_ids: list[str]


class Check(BaseModel):
    """ok: null where nobody here can tell."""

    check: str
    ok: bool | None
    detail: str


class SourceTest(BaseModel):
    """Whether X can be asked for a source now."""

    can_be_asked: bool
    checks: list[Check]


class AccountRow(BaseModel):
    """An account that sources of the tenant ask for. active: followed now. state: as X has it. gaps: spans that are
    missing. problem: what a person should know.
    """

    username: str
    user_id: str | None
    active: bool
    since: datetime
    covered_through: datetime | None
    gaps: int
    state: str
    state_since: datetime | None
    problem: str | None
    sources: list[str]


class AccountsWish(BaseModel):
    """Names, @names or addresses of profiles; since: from how long ago on, "2h", "7d" or seconds."""

    model_config = _STRICT

    usernames: Annotated[list[Word], Field(min_length=1, max_length=10_000)]
    since: Span = 0


class Followed(BaseModel):
    """added: followed for the tenant from now on; already: were before. read_back: whose earlier posts are read now.
    unknown, suspended, protected: what X said of names. run_id: of what was begun; null: nothing was.
    """

    added: list[str]
    already: list[str]
    read_back: list[str]
    unknown: list[str]
    suspended: list[str]
    protected: list[str]
    run_id: str | None


class FollowPrice(BaseModel):
    """What following would cost about: once, the first day, a later day, the first month. Nothing was done."""

    dry_run: bool = True
    would_add: list[str]
    already: list[str]
    once_usd: float
    first_day_usd: float
    later_day_usd: float
    month_usd: float
    left: dict[str, float | None]
    fits: bool
