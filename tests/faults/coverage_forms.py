"""The program of coverage, with the figures of the requirement."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from shared.runtime.log import configure
from tests.faults import form
from tests.faults.coverage_days import Days, nine_days
from tests.faults.coverage_run import Pair, Run, late_posts, late_posts_by_recent_alone
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


def pair_of(id: str, *, seed: int, run: Run) -> dict[str, Form]:
    """A run, and the same world by the recent search alone; each can be run by itself."""
    pair = Pair()
    return {
        id: partial(late_posts, seed=seed, run=run, pair=pair),
        f"{id} by recent alone": partial(late_posts_by_recent_alone, seed=seed, run=_alone(run), pair=pair),
    }


def long_forms(seed: int) -> dict[str, Form]:
    """A run of five minutes and one of an hour, each beside the recent search alone, and days."""
    return {
        **pair_of("V1 short", seed=seed, run=SHORT),
        **pair_of("V1 long", seed=seed, run=LONG),
        "V2 days": partial(nine_days, seed=seed, days=DAYS),
    }


def main(
    accounts: Annotated[int, typer.Option(min=3, max=5_000, help="Accounts that are followed.")] = 12,
    terms: Annotated[int, typer.Option(min=1, max=50, help="Sources of terms.")] = 6,
    seconds: Annotated[float, typer.Option(min=1, help="How long it goes wrong.")] = 90.0,
    kills: Annotated[int, typer.Option(min=2, help="Kills meanwhile; a stream ends, or who hears it, as often.")] = 6,
    activity: Annotated[float, typer.Option(help="How much is posted; 1 is a calm day.")] = 12.0,
    seed: Annotated[int, typer.Option(help="Of everything that is drawn at random.")] = 1,
    alone: Annotated[bool, typer.Option("--alone", help="Without the recent search beside it.")] = False,
) -> None:
    """Run V1 as small as wanted, to try it out; nothing is written. The exit status is 0 when it passed."""
    configure(level="error", form="console", process="faults")
    run = replace(
        SHORT,
        accounts=accounts,
        terms=terms,
        seconds=seconds,
        kills=kills,
        activity=activity,
        live=max(1, accounts // 3),
    )
    forms = pair_of("V1", seed=seed, run=run)
    with tempfile.TemporaryDirectory(prefix="covey-faults-") as folder:
        say = lambda text: typer.echo(text, err=True)  # noqa: E731
        chosen = {"V1": forms["V1"]} if alone else forms
        outcomes = form.Run(form.Group(lambda _: chosen), seed, [], Path(folder), say).all()
    typer.echo(json.dumps({outcome.id: outcome.finding.row() for outcome in outcomes}, indent=2))
    raise typer.Exit(0 if all(outcome.finding.passed for outcome in outcomes) else 1)


if __name__ == "__main__":
    typer.run(main)
