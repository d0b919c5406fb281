"""Budgets, what was spent, and blocks that a person lifts."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query

from control import budget, limits, operating, spend
from control.http.access import Caller, From, The, needs
from control.http.problems import Kind, Problem
from control.http.shapes.money import Budgets, Money, NewBudgets, Spend, Unblock, Unblocked
from control.spend import By
from shared.domain.access import TENANT, Scope
from shared.domain.models import WorkClass
from shared.domain.money.budgets import CHOOSABLE

router = APIRouter(prefix="/v1", tags=["money"])


@router.get("/budget", **needs(Scope.OPERATE))
def get_budget(services: The) -> Money:
    """Budgets, what was spent, what the day and the month will cost, and what the planner buys for it."""
    return Money(**budget.show(services))


@router.put("/budget", **needs(Scope.BUDGET, 400))
def set_budget(services: The, origin: From, wanted: NewBudgets) -> Budgets:
    """Set some budgets and shares over those of the environment; every process heeds them at its next call."""
    given = wanted.limits.model_dump(exclude_unset=True)
    return Budgets(**operating.set_budgets(services, origin, given, wanted.shares))


@router.delete("/budget/{name}", **needs(Scope.BUDGET, 404))
def unset_budget(
    services: The,
    origin: From,
    name: Annotated[str, Path(max_length=64, description=f"{', '.join((*CHOOSABLE, *WorkClass))}.")],
) -> Budgets:
    """Let a budget, or the share of a class of work, be that of the environment again."""
    names = [*CHOOSABLE, *WorkClass]
    if name not in names:
        raise Problem(Kind.NOT_FOUND, f"there is no budget {name!r}; there are {', '.join(names)}")
    return Budgets(**operating.unset_budgets(services, origin, [name]))


@router.get("/spend", **needs(Scope.READ))
def get_spend(
    services: The,
    caller: Caller,
    first: Annotated[date | None, Query(alias="from", description="A UTC day; else the first of the month.")] = None,
    last: Annotated[date | None, Query(alias="to", description="A UTC day; else today.")] = None,
    by: Annotated[By, Query(description="What is added up.")] = By.DAY,
    tenant: Annotated[str | None, Query(pattern=TENANT, description="Only what was spent for it.")] = None,
) -> Spend:
    """What some days cost, a year at most. Without the scope `operate` it is what your tenant's work cost."""
    whose = tenant if caller.may(Scope.OPERATE) else caller.tenant
    return Spend(**spend.shown(services, by=by, first=first, last=last, tenant=whose))


@router.post("/unblock", **needs(Scope.OPERATE, 400))
def unblock(services: The, origin: From, wanted: Unblock) -> Unblocked:
    """Lift a block of X when what X refused for is mended, instead of waiting until it is tried again."""
    operating.unblock(services, origin, wanted.credential, wanted.endpoint, paid=wanted.paid)
    left = len(limits.shown(services)["blocked"])
    return Unblocked(**wanted.model_dump(), still_blocked=left)
