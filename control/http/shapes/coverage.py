"""What was read and what is missing, as it is told over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field


class GapRow(BaseModel):
    """A span that was not read. state: open, or final: no route of the plan reaches it. route: by which search it can
    be filled; usd_about: for about so much. try_at: not before then. members: accounts, or a source as +id.
    """

    id: str
    from_at: datetime
    to_at: datetime
    seconds: float
    reason: str
    state: str
    route: str | None
    members: list[str]
    attempts: int
    try_at: datetime
    posts_about: int
    usd_about: float


class Audit(BaseModel):
    """X's count of a day beside what is stored. unexplained: neither stored, gone nor in a gap."""

    at: datetime
    counted: int
    stored: int
    gone: int
    missing: int
    unexplained: int


class CoverageRow(BaseModel):
    """An account or a source of words. covered_ratio: of the window since it is followed, up to where it is covered;
    verified_ratio: read twice. lag_seconds: from there to now. is_silent: it should have posted by now. gaps: all.
    """

    subject: str
    member: str
    from_at: datetime
    to_at: datetime
    covered_through: datetime | None
    lag_seconds: float | None
    covered_ratio: float | None
    verified_ratio: float | None
    unaccounted_seconds: float
    last_post_at: datetime | None
    expected_every_seconds: float | None
    is_silent: bool
    audit: Audit | None
    gaps: list[GapRow]


class BackfillWish(BaseModel):
    """subjects: accounts, or ids or names of sources. to: left out, now."""

    model_config = {"extra": "forbid"}

    subjects: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=300)]], Field(min_length=1, max_length=1_000)
    ]
    begin: Annotated[AwareDatetime, Field(alias="from")]
    end: Annotated[AwareDatetime | None, Field(alias="to")] = None


class BackfillPrice(BaseModel):
    """What would be read, about. left: of each budget in dollars, null: no limit. Nothing was done."""

    dry_run: bool = True
    gaps: int
    seconds: float
    posts_about: int
    estimated_usd: float
    left: dict[str, float | None]
    fits: bool
