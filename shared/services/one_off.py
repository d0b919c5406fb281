"""What is left of one-off work, from what is stored of it. Reads only."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.domain import snowflake
from shared.domain.coverage.gaps import Gap, GapState
from shared.domain.coverage.sweeps import Sweep
from shared.domain.money.one_off import FirstSweep, OneOff
from shared.domain.money.prices import PriceKind
from shared.services.bootstrap import Services

# An ad-hoc refresh older than this is not waited for any more.
RUNS_WITHIN = timedelta(hours=1)


def left_now(services: Services, now: datetime) -> OneOff:
    """What is left at `now`. Raises StoreUnavailable, LimiterUnavailable."""
    stores = services.stores
    runs = stores.runs.unfinished(after=now - RUNS_WITHIN)
    asked = {int(subject) for run in runs for subject in run["subjects"] if subject not in run["results"]}
    under_way = {sweep.subject: sweep for sweep in stores.sweeps.open_searches()}
    missing = [gap for gap in stores.gaps.missing() if gap.state is GapState.OPEN]
    return OneOff(
        waited_for=len(asked) - len(services.ledger.bought(PriceKind.POST, asked)),
        names=len(stores.handles.unresolved(before=now)),
        authors=sum(stores.authors.count_of_runs().values()),
        sweeps=[_history(gap, under_way.get(gap.id)) for gap in missing],
    )


def _history(gap: Gap, sweep: Sweep | None) -> FirstSweep:
    """How far a gap is read; None: its sweep has not begun."""
    reached, posts = gap.to_at, 0
    if sweep is not None and sweep.oldest_id is not None:
        reached, posts = snowflake.created_at(sweep.oldest_id), sweep.posts_seen
    return FirstSweep(accounts=len(gap.members), since=gap.from_at, until=gap.to_at, reached=reached, posts=posts)
