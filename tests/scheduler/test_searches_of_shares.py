"""What a source's share pays for is passed over while that is spent, noted, and read again after midnight."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from control import sources
from scheduler.planner import BACKFILL, REREAD
from scheduler.treasurer import Treasurer
from shared.domain import snowflake
from shared.domain.coverage.gaps import GapReason, Unread
from shared.domain.coverage.intervals import Check, Interval
from shared.domain.coverage.streams import Stream
from shared.domain.coverage.sweeps import ReadBy, SweepStatus
from shared.domain.jobs import SearchPage
from shared.domain.money.source_shares import ShareStanding
from shared.domain.sources import Source, SourceKind, Terms
from shared.services import coverage
from shared.services.bootstrap import Services
from shared.services.following import SEARCH
from tests.scheduler.slots import MINUTE, plan
from tests.workers.world import ScriptedX, gaps_of, page, post_id, read_to_end, state_of

HOUR = timedelta(hours=1)
FLOODS = Source(id="floods", name="f", kind=SourceKind.TERMS, terms=Terms(keywords=("flood",)), quota_share=0.1)
OTHER = Source(id="other", name="o", kind=SourceKind.TERMS, terms=Terms(keywords=("fire",)))


@pytest.fixture
def funded(make_services: Callable[..., Services], x: ScriptedX) -> Services:
    """A dollar a day, a tenth of it for one source; another one has no share."""
    services = make_services(x.url, budget_day_usd=1.0)
    for source in (FLOODS, OTHER):
        sources.add(services, source)
    return services


def stream_of(services: Services, source_id: str = "floods") -> Stream:
    """The stream of a source, as it is stored."""
    (stream,) = services.stores.streams.with_members([f"+{source_id}"])
    return stream


def spend(services: Services, micro_usd: int = 100_000) -> None:
    """The source has spent so much of its share today."""
    services.stores.shares.keep(services.ledger.now().date(), "of a test", {"floods": micro_usd})


def known(services: Services) -> Callable[[], list[ShareStanding]]:
    """The shares as the scheduler knows them after a look."""
    treasurer = Treasurer(services)
    treasurer.run_once(services.clock.now())
    return lambda: treasurer.shares


def yesterday(services: Services) -> Callable[[], list[ShareStanding]]:
    """The same a day later."""
    found = [replace(one, spent_micro_usd=0) for one in known(services)()]
    return lambda: found


def covered(services: Services, to: datetime) -> Stream:
    """The stream was read until then."""
    stream = stream_of(services)
    assert services.stores.streams.set_back(stream, to=to, cursor_id=snowflake.first_id_at(to), now=to)
    services.stores.streams.sweep_completed(stream.id, sweep_id=f"to {to}", newest_id=None, through_at=to)
    return stream_of(services)


def test_what_a_spent_share_pays_for_is_not_read(funded: Services) -> None:
    """Its stream rests where it is; what others ask for goes on, and so does all of it while there is money."""
    spend(funded, 99_999)
    assert len(plan(funded, SEARCH, stream_of(funded).id, shares=known(funded))) == 1
    (opened,) = funded.stores.sweeps.open_searches()
    assert (opened.share_of, opened.has_rested) == ("floods", False)
    funded.stores.sweeps.abandon(opened, now=funded.clock.now())
    before = stream_of(funded)
    spend(funded)

    jobs = [plan(funded, SEARCH, stream_of(funded, one).id, shares=known(funded)) for one in ("floods", "other")]

    assert [len(found) for found in jobs] == [0, 1]
    after = stream_of(funded)
    assert (after.cursor_id, after.covered_through) == (before.cursor_id, before.covered_through)
    assert after.has_rested
    assert gaps_of(funded) == []


def test_what_was_not_read_meanwhile_is_over_the_share(funded: Services, x: ScriptedX) -> None:
    """After hours of rest the sweep goes on from the cursor: of what is far behind one page, the rest is a gap."""
    now = funded.clock.now()
    behind = now - 5 * HOUR
    covered(funded, behind)
    spend(funded)
    plan(funded, SEARCH, stream_of(funded).id, now=now - HOUR, shares=known(funded))
    funded.stores.db["shares"].delete_many({})
    x.script = lambda asked: page(post_id(60), token="t")

    (sent,) = plan(funded, SEARCH, stream_of(funded).id, shares=yesterday(funded))
    assert isinstance(sent[0], SearchPage)
    read_to_end(funded, sent[0].sweep_id)

    (gap,) = gaps_of(funded)
    assert (gap.from_at.replace(microsecond=0), gap.reason) == (behind.replace(microsecond=0), GapReason.OVER_SHARE)
    assert not stream_of(funded).has_rested
    funded.stores.streams.set_back(stream_of(funded), to=behind, cursor_id=snowflake.first_id_at(behind), now=behind)
    funded.stores.db["X_streams"].update_many({}, {"$set": {"rested_at": behind - HOUR}})
    (again,) = plan(funded, SEARCH, stream_of(funded).id, now=now + MINUTE, shares=yesterday(funded))
    assert isinstance(again[0], SearchPage)
    assert not state_of(funded, again[0].sweep_id).has_rested  # it was read since


def test_gaps_wait_for_money_and_keep_no_others_waiting(funded: Services) -> None:
    """Half of a share may be spent on gaps at once; with none left for them those of others are filled."""
    now = funded.clock.now()
    for name, priority in (("floods", 90), ("other", 10)):
        stream = stream_of(funded, name)
        gap = Unread(now - HOUR, now - 30 * MINUTE, GapReason.PAGE_LOST)
        coverage.note(funded.stores, stream.id, stream.members, gap, now=now)
        noted = next(one for one in funded.stores.gaps.missing() if one.stream == stream.id)
        funded.stores.gaps.put(replace(noted, priority=priority))
    spend(funded)

    jobs = plan(funded, BACKFILL, shares=known(funded))
    (opened,) = funded.stores.sweeps.open_searches()
    more = plan(funded, BACKFILL, shares=yesterday(funded))

    assert (len(jobs), len(more)) == (1, 1)
    filled = funded.stores.gaps.get(opened.subject)
    assert filled is not None
    assert (filled.stream, opened.share_of) == (stream_of(funded, "other").id, None)
    (late,) = [one for one in funded.stores.sweeps.open_searches() if one.id != opened.id]
    assert late.share_of == "floods"


def test_a_gap_whose_stream_is_gone_is_paid_by_who_asks_now(funded: Services) -> None:
    """It waits for a while instead of standing in the way of others."""
    now, stream = funded.clock.now(), stream_of(funded)
    unread = Unread(now - HOUR, now - 30 * MINUTE, GapReason.PAGE_LOST)
    coverage.note(funded.stores, "s-of-before", stream.members, unread, now=now)
    spend(funded)

    assert plan(funded, BACKFILL, shares=known(funded)) == []

    (gap,) = funded.stores.gaps.missing()
    assert (gap.attempts, gap.try_at > now) == (0, True)


@pytest.mark.parametrize("across", [False, True])
def test_second_readings_of_a_spent_share(make_services: Callable[..., Services], x: ScriptedX, across: bool) -> None:
    """They might find what costs money: given up, and shown as not verified; or kept, where the next day buys them."""
    services = make_services(x.url, budget_day_usd=1.0, reread_across_midnight=across)
    sources.add(services, FLOODS)
    now, stream = services.clock.now(), stream_of(services)
    span = {"from_at": now - 3 * HOUR, "to_at": now - 2 * HOUR, "read_at": now - 2 * HOUR}
    interval = Interval(id="i", stream=stream.id, route=ReadBy.RECENT, posts=3, **span)
    services.stores.intervals.add(interval)
    spend(services)

    assert plan(services, REREAD, shares=known(services)) == []
    (left,) = services.stores.intervals.of([stream.id])
    assert left.check is (Check.WAITING if across else Check.NOT_VERIFIED)
    if across:
        (sent,) = plan(services, REREAD, shares=yesterday(services))
        assert isinstance(sent[0], SearchPage)
        assert (opened := state_of(services, sent[0].sweep_id)).share_of == "floods"
        assert opened.status is SweepStatus.OPEN


def test_shares_are_read_once_for_all_streams(funded: Services) -> None:
    """A look costs as many reads for one source with a share as for thirty."""
    counts = []
    for number in (1, 30):
        for one in range(number):
            extra = replace(FLOODS, id=f"more-{one}", name="m")
            funded.stores.sources.add(extra, now=funded.clock.now())
        treasurer = Treasurer(funded)
        before = funded.stores.db.command("serverStatus")["opcounters"]
        treasurer.run_once(funded.clock.now())
        after = funded.stores.db.command("serverStatus")["opcounters"]
        counts.append(after["query"] - before["query"])

    assert len(treasurer.shares) == 31
    assert counts[0] == counts[1]
