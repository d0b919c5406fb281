"""Asking for posts to be read again: which need be, which join a request under way, which are answered from the store.

    post --read within max_age--> stored (asked of nobody)
         --asked for by a young request--> joined
         --else--> a run of its own, in the queue of people's work

Prints nothing. Invariant: a post that is fresh is not asked for, also where somebody else waits for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from control.runs import begin_refresh
from control.trail import Origin
from shared.domain.engagement.refresh import Engagement
from shared.domain.errors import InputError
from shared.domain.jobs import Queue
from shared.domain.models import PostState
from shared.services.ad_hoc import unanswered_jobs
from shared.services.bootstrap import Services
from shared.stores.database import ServerClock

MOST_POSTS = 10_000  # of a run
# A second request for a post joins the first one while that is younger than this.
JOIN_WITHIN = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Refresh:
    """An ad-hoc refresh under way: the runs in which X's word on the posts will appear.

    stored: post -> what is stored of its state, for those that were read a moment ago and are not asked for.
    """

    run_ids: list[str]
    total: int
    joined: int
    asked_at: datetime
    stored: dict[str, str] = field(default_factory=dict)


def refresh(services: Services, post_ids: Sequence[int], *, max_age: timedelta | None = None) -> Refresh:
    """Read the counts of posts again, ahead of everything. Posts that are being refreshed already join that request.

    max_age: posts whose counts X told no longer ago are not read; None: by the setting. Raises InputError.
    """
    now = ServerClock(services.stores.db).now()
    stored = fresh(services, post_ids, max_age=max_age, now=now)
    wanted = [str(post_id) for post_id in post_ids if str(post_id) not in stored]
    waiting = services.stores.runs.waiting_for(wanted, after=now - JOIN_WITHIN) if wanted else {}
    new = [post_id for post_id in wanted if post_id not in waiting]
    run_ids = sorted(set(waiting.values()))
    if new:
        run_ids.append(begin_refresh(services, new, now=now))
    # Also those of a joined request: they are outstanding, or were lost and are sent again.
    jobs = [job for run_id in run_ids if (run := services.stores.runs.get(run_id)) for job in unanswered_jobs(run)]
    services.sender.send_all(jobs, queue=Queue.INTERACTIVE)
    return Refresh(run_ids, total=len(post_ids), joined=len(waiting), asked_at=now, stored=stored)


def begin(
    services: Services,
    origin: Origin,
    post_ids: Sequence[int],
    *,
    max_age: timedelta | None = None,
) -> str:
    """Refresh posts as one run of the actor's tenant, also what is told from the store; answers the run.

    One of the tenant that waits for all of them already is answered instead. Under a key it begins once: said again, it
    sends for what is unanswered. Raises InputError for too many.
    """
    if len(post_ids) > MOST_POSTS:
        raise InputError(f"{len(post_ids)} posts: up to {MOST_POSTS:,}")
    now, runs = ServerClock(services.stores.db).now(), services.stores.runs
    run_id = origin.run_id if origin.key is not None and runs.get(origin.run_id) is not None else None
    if run_id is None:
        stored = fresh(services, post_ids, max_age=max_age, now=now)
        wanted = [str(post_id) for post_id in post_ids if str(post_id) not in stored]
        waiting = runs.waiting_for(wanted, after=now - JOIN_WITHIN, tenant=origin.actor.tenant) if wanted else {}
        if wanted and len(waiting) == len(set(wanted)) and len(set(waiting.values())) == 1 and not stored:
            run_id = waiting[wanted[0]]
        else:
            run_id = begin_refresh(services, wanted, now=now, stored=stored, origin=origin)
    run = runs.get(run_id)
    if run is not None and not run.get("cancelled_at"):
        services.sender.send_all(unanswered_jobs(run), queue=Queue.INTERACTIVE)
    return run_id


def refreshed(services: Services, run_ids: Sequence[str], post_ids: Sequence[int]) -> dict[str, str]:
    """X's word so far on each of the posts (post id -> alive, deleted, suspended, protected, unknown)."""
    words: dict[str, str] = {}
    for run_id in run_ids:
        run = services.stores.runs.get(run_id)
        words |= run["results"] if run else {}
    wanted = {str(post_id) for post_id in post_ids}
    return {post_id: word for post_id, word in words.items() if post_id in wanted}


def fresh(
    services: Services, post_ids: Sequence[int], *, max_age: timedelta | None = None, now: datetime
) -> dict[str, str]:
    """Post -> the state that is stored, for those whose counts X told within `max_age` (None: the setting) before now.

    One query. One that X called gone since, and may mean so, is not fresh. Raises InputError for an age below 0.
    """
    span = timedelta(seconds=services.settings.refresh_fresh_seconds) if max_age is None else max_age
    if span < timedelta(0):
        raise InputError(f"max_age {span.total_seconds():g} s is below 0")
    if not span or not post_ids:
        return {}
    states = services.stores.engagement.load("", post_ids)[0]
    return {str(post_id): one.state.value for post_id, one in states.items() if _is_fresh(one, now - span)}


def _is_fresh(one: Engagement, since: datetime) -> bool:
    is_counted = one.metrics is not None and one.read_at is not None and one.read_at >= since
    return is_counted and not one.gone_reports and (one.state is PostState.ALIVE or one.state.is_gone)
