"""What jobs of a run buy is noted with the run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared.domain.coverage.sweeps import Sweep, SweepKind
from shared.domain.errors import StoreUnavailable
from shared.domain.jobs import LookUpAuthors, Queue, RefreshEngagement, ResolveHandles
from shared.domain.models import WorkClass
from shared.services.bootstrap import Services
from tests.workers.world import NOW, Asked, ScriptedX, page, post, post_id, read_to_end, refusing
from workers.handlers.accounts import resolve_handles
from workers.handlers.authors import look_up_authors
from workers.handlers.engagement import refresh_engagement
from workers.handlers.runs import paid_by

POSTS = [post_id(300, number) for number in range(4)]


def begin(services: Services, kind: str = "track") -> None:
    """A run."""
    services.stores.runs.begin("r", kind=kind, subjects=["1"], now=NOW)


def cost(services: Services) -> dict[str, Any]:
    """What the run paid, its hours left out."""
    found = dict((services.stores.runs.get("r") or {}).get("cost", {}))
    found.pop("hours", None)
    return found


def x_of(asked: Asked) -> tuple[int, Any]:
    """Accounts for those who ask for accounts, else a page of four posts of four authors."""
    if asked.path.startswith("/2/users"):
        names = asked.params.get("usernames", "").split(",") if "by" in asked.path else []
        ids = asked.params.get("ids", "").split(",") if not names else []
        users = [{"id": str(90 + at), "username": name} for at, name in enumerate(names)]
        return 200, {"data": users + [{"id": one, "username": f"u{one}"} for one in ids]}
    posts = [post(one, author_id=str(at + 1)) for at, one in enumerate(POSTS)]
    return 200, {"data": posts, "meta": {"result_count": len(posts)}}


def test_the_first_sweep_and_its_authors_are_paid_by_the_run(services: Services, x: ScriptedX) -> None:
    """The look-up of the names, the pages of the sweep, and the accounts behind its posts: all that was billed."""
    x.script = x_of
    begin(services)
    resolve_handles(services, ResolveHandles(usernames=("alice", "bob"), run_id="r"))
    (stream,) = services.following.follow(["alice"], since=NOW, now=NOW, run_id="r")
    sweep = replace(_sweep_of(services, stream.id), run_id="r")
    assert services.stores.sweeps.open(sweep)

    read_to_end(services, sweep.id)
    for run_id, ids in services.stores.authors.claim(
        now=services.clock.now(), lease=services.refresh_policy.gone_confirm, limit=9
    ).items():
        look_up_authors(services, LookUpAuthors(claim_id="c", user_ids=tuple(map(str, ids)), run_id=run_id))

    assert cost(services) == {"calls": 3, "posts": 4, "users": 6, "micro_usd": 4 * 5_000 + 6 * 10_000}
    assert services.stores.authors.count_of_runs() == {}


def test_a_call_is_noted_before_its_answer_is_stored(services: Services, x: ScriptedX) -> None:
    """A process that is killed while it stores a page has noted what the page cost; it is told once."""
    begin(services)
    x.script = lambda asked: page(*POSTS[:3])

    with paid_by(services, "r"):
        services.x.lookup_posts(WorkClass.ENGAGEMENT, post_ids=POSTS[:3])
        before = cost(services)

    assert before == cost(services) == {"calls": 1, "posts": 3, "micro_usd": 15_000}


def test_a_refresh_notes_its_cost_and_which_posts_cost_money(services: Services, x: ScriptedX) -> None:
    """Posts that were bought today are free, and those that X did not give cost nothing."""
    begin(services, "refresh")
    x.script = lambda asked: page(POSTS[0])
    services.x.lookup_posts(WorkClass.ENGAGEMENT, post_ids=POSTS[:1])
    x.script = lambda asked: page(*POSTS[:3])

    refresh_engagement(services, RefreshEngagement(claim_id="r:0", post_ids=tuple(map(str, POSTS)), run_id="r"))

    assert cost(services) == {"calls": 1, "posts": 2, "micro_usd": 10_000}
    run = services.stores.runs.get("r") or {}
    assert sorted(run["bought"]) == sorted(map(str, POSTS[1:3]))
    assert sorted(run["found"]) == sorted(map(str, POSTS[:3]))


def test_what_was_bought_before_a_job_failed_is_noted(services: Services, x: ScriptedX) -> None:
    """Money that is gone is in the run, whatever became of its job."""
    begin(services)
    x.script = lambda asked: page(*POSTS)

    def fail() -> None:
        with paid_by(services, "r"):
            services.x.lookup_posts(WorkClass.BACKFILL, post_ids=POSTS)
            raise StoreUnavailable("it went away")

    with pytest.raises(StoreUnavailable):
        fail()

    assert cost(services)["micro_usd"] == 20_000


def test_a_note_that_cannot_be_written_fails_no_job(services: Services, x: ScriptedX) -> None:
    """The ledger has it; doing the job again would buy nothing anew. Without a run nothing is noted."""
    begin(services)
    x.script = lambda asked: page(*POSTS)

    with refusing(services, "runs"), paid_by(services, "r"):
        services.x.lookup_posts(WorkClass.BACKFILL, post_ids=POSTS)
    with paid_by(services, None):
        services.x.lookup_posts(WorkClass.BACKFILL, post_ids=POSTS)

    assert cost(services) == {}
    with refusing(services, "runs"), pytest.raises(StoreUnavailable):
        services.stores.runs.note("r", bought=["1"], found=[])


def _sweep_of(services: Services, stream_id: str) -> Sweep:
    """The first sweep of a stream."""
    stream = services.stores.streams.get(stream_id)
    assert stream is not None
    return Sweep(
        id="sweep-1",
        kind=SweepKind.SEARCH,
        subject=stream_id,
        queue=Queue.BACKFILL,
        query=stream.query,
        since_id=stream.since_id,
        started_at=services.clock.now(),
    )
