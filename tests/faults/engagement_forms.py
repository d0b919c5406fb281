"""The program of engagement: tiers beside the planner, end to end."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from tests.faults.engagement_days import Days, tiers_beside_planner
from tests.faults.form import Form

# Two days until there is something to choose from, then two that are judged; a tenth of what is known can be bought.
DAYS = Days(accounts=8, activity=0.6, before=timedelta(days=2.4), judged=timedelta(days=2), posts_a_day=60)


def long_forms(seed: int) -> dict[str, Form]:
    """Four days and a half in minutes, twice."""
    return {"E1": partial(tiers_beside_planner, seed=seed, days=DAYS)}
