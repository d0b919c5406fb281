"""What is left of one-off work, from what is stored of it. Reads only."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.domain import snowflake
from shared.domain.coverage.gaps import Gap
from shared.domain.coverage.streams import Stream
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
    first = [stream for stream in stores.streams.active() if stream.sweeps_completed == 0]
    return OneOff(
        waited_for=len(asked) - len(services.ledger.bought(PriceKind.POST, asked)),
        names=len(stores.handles.unresolved(before=now)),
        authors=sum(stores.authors.count_of_runs().values()),
        sweeps=[
            *(_first_sweep(stream, under_way.get(stream.id), now) for stream in first),
            *(_history(gap, under_way.get(gap.id)) for gap in stores.gaps.open()),
        ],
    )


def _first_sweep(stream: Stream, sweep: Sweep | None, now: datetime) -> FirstSweep:
    """Where the first sweep of a stream stands; None: it has not begun."""
    if sweep is None:
        since = max(stream.covered_through, snowflake.created_at(stream.since_id))
        return FirstSweep(accounts=len(stream.members), since=since, until=now, reached=now)
    reached = sweep.ends_at if sweep.oldest_id is None else snowflake.created_at(sweep.oldest_id)
    since = max(stream.began_at, snowflake.created_at(sweep.since_id))
    return FirstSweep(
        accounts=len(stream.members), since=since, until=sweep.ends_at, reached=reached, posts=sweep.posts_seen
    )


def _history(gap: Gap, sweep: Sweep | None) -> FirstSweep:
    """How far a gap is read; None: its sweep has not begun."""
    reached, posts = gap.to_at, 0
    if sweep is not None and sweep.oldest_id is not None:
        reached, posts = snowflake.created_at(sweep.oldest_id), sweep.posts_seen
    return FirstSweep(accounts=len(gap.members), since=gap.from_at, until=gap.to_at, reached=reached, posts=posts)
