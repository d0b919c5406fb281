"""The program of engagement: tiers beside the planner, end to end."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from tests.faults.engagement_days import Days, tiers_beside_planner
from tests.faults.form import Form

# A day and a half until there is something to choose from, then as much that is judged. Of some three thousand posts a
# twenty-fifth can be bought a day.
DAYS = Days(accounts=6, activity=0.6, before=timedelta(days=1.5), judged=timedelta(days=1.5), posts_a_day=120)


def long_forms(seed: int) -> dict[str, Form]:
    """Three days in minutes, twice."""
    return {"E1": partial(tiers_beside_planner, seed=seed, days=DAYS)}
