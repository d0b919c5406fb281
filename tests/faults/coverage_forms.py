"""The program of coverage, with the figures of the requirement."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

from tests.faults.coverage_days import Days, nine_days
from tests.faults.coverage_run import Run, late_posts
from tests.faults.form import Form

# 1,000 posts a minute about 200 accounts and 50 sources of terms, late by up to half an hour; what came last is
# verified 31 minutes later.
LONG = Run(
    accounts=200,
    terms=50,
    activity=14.0,
    seconds=1_200,
    late_seconds=1_800,
    kills=20,
    settle_seconds=3_600,
    search_seconds=15.0,
    refresh_time_scale=1.0,
    compliance_seconds=300.0,
    live=40,
)
# The same in five minutes: late by up to a minute.
SHORT = Run(accounts=60, terms=15, activity=12.0, seconds=240, late_seconds=60, kills=8, settle_seconds=240, live=20)
# Five days of reading around nine of nothing, twice.
DAYS = Days(
    accounts=12,
    terms=6,
    activity=0.3,
    before=timedelta(days=2.5),
    pause=timedelta(days=9),
    after=timedelta(days=2.5),
)


def _alone(run: Run) -> Run:
    """The same world and the same faults, by the recent search alone."""
    return replace(run, live=0, by_recent_alone=True)


def long_forms(seed: int) -> dict[str, Form]:
    """A run of five minutes, one of an hour, and days."""
    return {
        "V1 short": partial(late_posts, seed=seed, run=SHORT),
        "V1 short by recent alone": partial(late_posts, seed=seed, run=_alone(SHORT)),
        "V1 long": partial(late_posts, seed=seed, run=LONG),
        "V1 long by recent alone": partial(late_posts, seed=seed, run=_alone(LONG)),
        "V2 days": partial(nine_days, seed=seed, days=DAYS),
    }
