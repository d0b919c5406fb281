"""A search ends where the share that pays for it is spent, on real servers; what is left is a gap, or read later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from control import sources
from scheduler.planner import BACKFILL
from shared.domain import snowflake
from shared.domain.coverage.gaps import GapReason, GapState, Unread
from shared.domain.coverage.intervals import account
from shared.domain.coverage.streams import Stream
from shared.domain.coverage.sweeps import Sweep, SweepStatus
from shared.domain.sources import Source, SourceKind, Terms
from shared.services import coverage
from shared.services.bootstrap import Services
from tests.scheduler.slots import plan
from tests.workers.world import Asked, ScriptedX, gaps_of, next_sweep, page, post_id, read_to_end, stored_ids

HOUR = timedelta(hours=1)
FLOODS = Source(id="floods", name="f", kind=SourceKind.TERMS, terms=Terms(keywords=("flood",)), quota_share=0.1)


@pytest.fixture
def funded(make_services: Callable[..., Services], x: ScriptedX) -> Services:
    """A dollar a day, a tenth of it for one source, which is followed."""
    services = make_services(x.url, budget_day_usd=1.0)
    sources.add(services, FLOODS)
    return services


def stream_of(services: Services) -> Stream:
    """The stream of the source, as it is stored."""
    (stream,) = services.stores.streams.with_members(["+floods"])
    return stream


def behind(services: Services, by: timedelta) -> Stream:
    """The stream as if it had been read until then."""
    stream = stream_of(services)
    to = services.clock.now() - by
    services.stores.streams.set_back(stream, to=to, cursor_id=snowflake.first_id_at(to), now=to)
    return stream_of(services)


def begin(services: Services, stream: Stream, id_: str = "w") -> Sweep:
    """The stream's next sweep, as the planner opens it."""
    sweep = replace(next_sweep(services, stream.id, f"{id_}-plain"), share_of=stream.group.share_of, id=id_)
    services.stores.sweeps.abandon(replace(sweep, id=f"{id_}-plain"), now=services.clock.now())
    assert services.stores.sweeps.open(sweep)
    return sweep


def spent(services: Services) -> int:
    """What the source has spent, in micro-dollars."""
    return services.shares.spent("floods").get("floods", 0)


def without_end(asked: Asked) -> tuple[int, object]:
    """Posts without end, as many as are asked for, a second apart."""
    first = int(asked.params.get("next_token", "60"))
    size = int(asked.params["max_results"])
    return page(*(post_id(first + number) for number in range(size)), token=str(first + size))


def test_a_sweep_ends_where_its_share_is_spent(funded: Services, x: ScriptedX) -> None:
    """A tenth of a dollar is twenty posts: a page of as many. What lies below is over the share, the rest is read."""
    x.script = without_end
    stream = behind(funded, timedelta(minutes=30))

    ended = read_to_end(funded, begin(funded, stream).id)

    (gap,) = gaps_of(funded)
    present = stream_of(funded)
    assert [asked.params["max_results"] for asked in x.asked] == ["20"]
    assert (spent(funded), len(stored_ids(funded)), ended.status) == (100_000, 20, SweepStatus.ABANDONED)
    assert (gap.reason, gap.to_at) == (
        GapReason.OVER_SHARE,
        snowflake.created_at(post_id(79)) + timedelta(milliseconds=1),
    )
    assert gap.from_at == stream.covered_through
    assert present.rested_at is not None
    read, missing = funded.stores.intervals.of([stream.id]), funded.stores.gaps.missing()
    pieces = account(present.began_at, present.covered_through, read, missing)
    assert all(piece.of is not None for piece in pieces)


def test_a_sweep_that_has_not_begun_buys_nothing(funded: Services, x: ScriptedX) -> None:
    """Another sweep spent the share: the cursor stays, and no gap says more than is known."""
    stream = behind(funded, timedelta(minutes=30))
    sweep = begin(funded, stream)
    funded.stores.shares.keep(funded.ledger.now().date(), "before", {"floods": 100_000})

    ended = read_to_end(funded, sweep.id)

    present = stream_of(funded)
    assert (x.asked, ended.status, gaps_of(funded)) == ([], SweepStatus.ABANDONED, [])
    assert (present.cursor_id, present.covered_through) == (stream.cursor_id, stream.covered_through)
    assert present.has_rested


def test_what_costs_nothing_spends_nothing(funded: Services, x: ScriptedX) -> None:
    """Posts that were bought today are free for the share as well, and so are pages without any."""
    x.script = lambda asked: page(*(post_id(60 + number) for number in range(10)))
    for number in range(3):
        read_to_end(funded, begin(funded, behind(funded, timedelta(minutes=30)), f"w{number}").id)

    assert (spent(funded), len(x.asked)) == (50_000, 3)


def test_without_a_daily_budget_a_share_ends_nothing(make_services: Callable[..., Services], x: ScriptedX) -> None:
    """There is no day's money that it could be a part of; what is spent is counted all the same."""
    services = make_services(x.url)
    sources.add(services, FLOODS)
    x.script = lambda asked: page(*(post_id(60 + number) for number in range(100)))

    ended = read_to_end(services, begin(services, behind(services, timedelta(minutes=30))).id)

    assert ([asked.params["max_results"] for asked in x.asked], ended.status) == (["100"], SweepStatus.COMPLETE)
    assert (spent(services), stream_of(services).rested_at) == (500_000, None)


def test_a_larger_share_holds_at_once(funded: Services, x: ScriptedX) -> None:
    """What was spent stays spent; the stream and its cursor are the same."""
    x.script = lambda asked: page(*(post_id(60 + number) for number in range(int(asked.params["max_results"]))))
    stream = behind(funded, timedelta(minutes=30))
    read_to_end(funded, begin(funded, stream).id)

    sources.edit(funded, "floods", lambda before: replace(before, quota_share=0.4))
    read_to_end(funded, begin(funded, behind(funded, timedelta(minutes=30)), "again").id)

    assert [asked.params["max_results"] for asked in x.asked] == ["20", "60"]
    assert (spent(funded), stream_of(funded).id) == (300_000, stream.id)


def gap_of(services: Services, from_at: datetime, to_at: datetime) -> str:
    """A gap of the stream; answers its id."""
    stream, unread = stream_of(services), Unread(from_at, to_at, GapReason.FELL_BEHIND)
    coverage.note(services.stores, stream.id, stream.members, unread, now=to_at)
    return services.stores.gaps.missing()[0].id


def test_a_gap_is_filled_as_far_as_its_part_of_the_share_goes(funded: Services, x: ScriptedX) -> None:
    """What is left of it is over the share, and tried as soon as there is money; all of its time is accounted for."""
    x.script = without_end
    now = funded.clock.now()
    behind(funded, timedelta(seconds=1))
    whole = gap_of(funded, now - HOUR, now)

    (sent,) = plan(funded, BACKFILL)
    read_to_end(funded, sent[0].sweep_id)  # type: ignore[attr-defined]

    (left,) = funded.stores.gaps.missing()
    filled = funded.stores.gaps.get(whole)
    assert filled is not None
    assert filled.state is GapState.FILLED
    assert (left.reason, left.attempts, left.from_at) == (GapReason.OVER_SHARE, 0, filled.from_at)
    assert left.to_at <= snowflake.created_at(post_id(69)) + timedelta(milliseconds=1)
    assert 50_000 <= spent(funded) <= 100_000 + 50_000
    (read,) = [one for one in funded.stores.intervals.of([left.stream]) if one.from_at >= left.from_at]
    assert (read.from_at, read.to_at) == (left.to_at, filled.to_at)


def test_a_gap_of_which_nothing_was_read_stays_itself(funded: Services, x: ScriptedX) -> None:
    """Neither is it filled, nor does it count as tried: it is due again when there is money."""
    now = funded.clock.now()
    behind(funded, timedelta(seconds=1))
    whole = gap_of(funded, now - HOUR, now)
    (sent,) = plan(funded, BACKFILL)
    funded.stores.shares.keep(funded.ledger.now().date(), "before", {"floods": 100_000})

    read_to_end(funded, sent[0].sweep_id)  # type: ignore[attr-defined]

    (left,) = funded.stores.gaps.due(now=now + HOUR, limit=9)
    assert (left.id, left.attempts, left.reason, x.asked) == (whole, 0, GapReason.FELL_BEHIND, [])


def test_a_gap_whose_only_post_read_is_its_last_stays_itself(funded: Services, x: ScriptedX) -> None:
    """A gap begins right at a post that was read: where a page brings only that one, what is left is the whole gap."""
    last = post_id(60)
    to_at = snowflake.created_at(last) + timedelta(milliseconds=1)
    stream = behind(funded, timedelta(seconds=1))
    unread = Unread(to_at - HOUR, to_at, GapReason.OVER_SHARE)
    coverage.note(funded.stores, stream.id, stream.members, unread, now=to_at)
    (whole,) = funded.stores.gaps.missing()

    def only_the_last(asked: Asked) -> tuple[int, object]:
        funded.stores.shares.keep(funded.ledger.now().date(), "meanwhile", {"floods": 100_000})
        return page(last, token="t")

    x.script = only_the_last
    (sent,) = plan(funded, BACKFILL)
    read_to_end(funded, sent[0].sweep_id)  # type: ignore[attr-defined]

    assert funded.stores.gaps.missing() == [whole]
    assert len(x.asked) == 1
