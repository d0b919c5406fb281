"""What reading posts again led to is what X's own bill says, in all and by source."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

from shared.domain.engagement.reads import Reads
from shared.domain.jobs import RefreshEngagement
from shared.domain.sources import TRACKED
from shared.services.bootstrap import Services
from tests.workers.world import ScriptedX, Simulator, open_sweep, page, post_id, read_to_end, start_simulator
from workers.handlers.engagement import refresh_engagement

A, B = post_id(600), post_id(700)


@pytest.fixture
def own_x() -> Iterator[Simulator]:
    """A simulator that nobody else has bought from."""
    running, process = start_simulator("--seed", "4", "--accounts", "4", "--activity", "6", "--history-hours", "48")
    yield running
    process.terminate()
    process.wait(10)
    assert process.stdout is not None
    process.stdout.close()


def follow(services: Services, names: Sequence[str]) -> None:
    """`covey track` asks for accounts."""
    services.stores.sources.add_accounts(TRACKED, names, now=services.clock.now())
    services.stores.handles.asked_by(TRACKED, names)


def refresh(services: Services, ids: Sequence[int], claim: str, *, run: str | None = None) -> None:
    """One job, as the planner or a person sends it."""
    names = tuple(map(str, ids))
    if run is None:
        open_ones = {"_id": {"$in": names}, "answered_claim": {"$ne": claim}}
        services.stores.db["X_engagement"].update_many(open_ones, {"$set": {"claim_id": claim}})
    else:
        services.stores.runs.begin(run, kind="refresh", subjects=names, now=services.clock.now())
    refresh_engagement(services, RefreshEngagement(claim_id=claim, post_ids=names, run_id=run))


def test_what_is_counted_is_what_x_bills(make_services: Callable[..., Services], own_x: Simulator) -> None:
    """Posts that a search bought are free that day, others cost once; a job that comes twice counts once."""
    services = make_services(own_x.url)
    sweep = open_sweep(services, names=own_x.names()[:2])
    follow(services, own_x.names()[:2])
    read_to_end(services, sweep.id)
    known = [int(one["_id"]) for one in services.stores.db["X_tweets"].find({"concerns.source": TRACKED})][:100]
    strangers = [int(one["id"]) for one in own_x.truth("posts")["posts"][::-1] if int(one["id"]) not in known][:30]
    assert len(known) > 5

    refresh(services, known, "c1")
    refresh(services, known, "c1")
    refresh(services, strangers, "r1", run="r1")
    refresh(services, strangers, "r2", run="r2")

    today = services.stores.reads.of_day(services.ledger.now().date())
    billed = own_x.truth("bill")["by_endpoint"]["tweets"]
    total = today[None]
    assert (total.calls, total.bought, total.free) == (3, billed["posts_bought"], billed["posts_reread"])
    assert total.micro_usd == billed["micro_usd"] > 0
    assert total.ids == len(known) + 2 * len(strangers)
    tracked = today[TRACKED]
    assert (tracked.calls, tracked.ids, tracked.bought, tracked.micro_usd) == (1, len(known), 0, 0)
    assert 0 < tracked.free == tracked.read <= len(known)


def test_what_x_does_not_show_is_asked_for_and_not_read(services: Services, x: ScriptedX) -> None:
    """Of a source too: a post that is gone counts as one of its ids."""
    sweep = open_sweep(services)
    follow(services, ["alice"])
    services.stores.db["X_tracked_handles"].update_one({"_id": "alice"}, {"$set": {"user_id": "7"}})
    x.script = lambda asked: page(A, B)
    read_to_end(services, sweep.id)
    x.script = lambda asked: page(A)

    refresh(services, [A, B], "c1")

    today = services.stores.reads.of_day(services.ledger.now().date())
    assert today == {None: Reads(calls=1, ids=2, read=1, free=1), TRACKED: Reads(calls=1, ids=2, read=1, free=1)}
