"""What was done, day by day and in all."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from control import statistics
from control.http.access import Caller, The, needs
from shared.domain.access import TENANT, Scope

router = APIRouter(prefix="/v1", tags=["statistics"])


class Figures(BaseModel):
    """null: not kept. processed: posts that searches were shown, and those asked for again. added: of the former the
    new ones. updated: posts whose counts were read again; a tenant's, for each of its sources. calls: of X; errors: of
    them those that failed or were not answered. duration_seconds: of each search, from its beginning to its end.
    """

    processed: int | None
    added: int | None
    updated: int
    calls: int
    errors: int
    usd: float
    searches: int | None
    duration_seconds: float | None


class Day(Figures):
    """A UTC day."""

    day: date


class Total(Figures):
    """Each figure over the days of which it is known. days_searched: of how many what searches did is known."""

    days_searched: int


class Statistics(BaseModel):
    """The days from `first` through `last`, and all of them together. tenant: null: the installation."""

    first: date
    last: date
    tenant: str | None
    days: list[Day]
    total: Total


@router.get("/statistics", **needs(Scope.READ))
def get_statistics(
    services: The,
    caller: Caller,
    first: Annotated[date | None, Query(alias="from", description="A UTC day.")] = None,
    last: Annotated[date | None, Query(alias="to", description="A UTC day; else today.")] = None,
    days: Annotated[int | None, Query(ge=1, le=statistics.MOST_DAYS, description="The last so many days.")] = None,
    tenant: Annotated[str | None, Query(pattern=TENANT, description="Only what was done for it.")] = None,
) -> Statistics:
    """What was done, from sums that are kept; of the last seven days unless told otherwise. What searches did is kept
    for a fortnight, and is of the installation. Without the scope `operate` it is what was done for your tenant.
    """
    whose = tenant if caller.may(Scope.OPERATE) else caller.tenant
    return Statistics(**statistics.shown(services, tenant=whose, first=first, last=last, days=days))
