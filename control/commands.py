"""What the commands do, as plain functions: they take values, answer values, and print nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from control.blocks import blocked
from control.budget import budgets_of
from control.chosen import Chosen, chosen
from control.health import findings, told
from control.limits import window
from control.look_up import LookedUp
from control.refresh_request import Refresh, refresh, refreshed
from control.runs import begin_track
from control.trail import Origin
from shared.broker.reached import reached
from shared.domain.errors import InputError
from shared.domain.health import verdict_of
from shared.domain.jobs import MAX_IDS, ResolveHandles
from shared.domain.sources import TRACKED
from shared.platforms.x.dialect import SharedDialectMemory, spoken
from shared.services import sources
from shared.services.bootstrap import Services
from shared.services.following import FURTHEST_SINCE
from shared.services.sources import Untracked
from shared.services.standing import due_now, files_by_state, posts_by_tier
from shared.stores.database import ServerClock

__all__ = [
    "Chosen",
    "Refresh",
    "Tracked",
    "chosen",
    "not_followed",
    "refresh",
    "refreshed",
    "status",
    "track",
    "untrack",
]


@dataclass(frozen=True, slots=True)
class Tracked:
    """What `track` did: names that are followed from now on, and names that already were.

    read_back: of these, the ones whose earlier posts are read now, in lower case. run_id: of what was begun for them.
    """

    added: list[str]
    already: list[str]
    streams: int
    read_back: list[str] = field(default_factory=list)
    run_id: str | None = None


def not_followed(services: Services, names: Sequence[str]) -> list[str]:
    """Those of the names that are not followed yet, or that no stream carries."""
    without = {name.lower() for name in services.following.uncarried(names)}
    active = services.stores.handles.active_among(names) - without
    return [name for name in names if name.lower() not in active]


def track(
    services: Services,
    names: Sequence[str],
    *,
    since: timedelta,
    found: LookedUp | None = None,
    count: bool = False,
    sample: bool = False,
    source: str = TRACKED,
    origin: Origin | None = None,
) -> Tracked:
    """Follow accounts, from `since` ago on, but not from further back than X can still search when it is asked.

    What was followed already is read from there on too. found: what X said of the names; a worker asks about the rest.
    source: the one that asks for them. origin: who asks, for the run.
    count, sample: ask X how many posts that is, and by how many people, for a closer estimate of the run.
    """
    added = not_followed(services, names)
    already = [name for name in names if name not in set(added)]
    now = ServerClock(services.stores.db).now()
    begin = sources.earliest_now(services) - min(since, FURTHEST_SINCE)
    run_id = begin_track(
        services,
        added,
        since=min(since, FURTHEST_SINCE),
        now=now,
        count=count,
        sample=sample,
        own_ids=[user.id for user in found.users] if found else [],
        origin=origin,
    )
    services.following.queries(names)  # raises what must come before anything is written
    services.stores.sources.add_accounts(source, names, now=now)
    services.stores.handles.asked_by(source, already)
    streams = services.following.follow(added, since=begin, now=now, run_id=run_id, source=source)
    read_back = services.following.read_back(already, since=begin, now=now, run_id=run_id) if since else []
    if found is not None:
        services.stores.handles.learn(found.users, now=now)
        services.stores.handles.note_missing(_of(found.missing, added), now=now)
        if run_id is not None:
            services.stores.runs.pay(run_id, found.calls)
    asked = found.settled if found else set()
    left = [name for name in added if name.lower() not in asked]
    batches = [left[start : start + MAX_IDS] for start in range(0, len(left), MAX_IDS)]
    services.sender.send_all([ResolveHandles(usernames=tuple(batch), run_id=run_id) for batch in batches])
    return Tracked(added, already, len(streams), read_back, run_id)


def _of(missing: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    followed = {name.lower() for name in names}
    return {name: reason for name, reason in missing.items() if name in followed}


def untrack(services: Services, names: Sequence[str]) -> Untracked:
    """Follow accounts no longer; what was collected stays. Raises InputError for names that are not followed."""
    active = services.stores.handles.active_among(names)
    strangers = [name for name in names if name.lower() not in active]
    if strangers:
        raise InputError(f"not followed: {', '.join(strangers)}; nothing was done")
    return sources.untrack(services, names)


def status(services: Services) -> dict[str, Any]:
    """How everything stands, as one document of plain values; times are datetimes.

    Raises StoreUnavailable, BrokerUnavailable, LimiterUnavailable.
    """
    stores = services.stores
    now = ServerClock(stores.db).now()
    queues, limits = reached(services.broker.introspection.queue_stats), services.limiter.state()
    streams = stores.streams.active()
    behind = [(now - stream.attended_until).total_seconds() for stream in streams]
    carried = {name for stream in streams for name in stream.members}
    followed = [document["_id"] for document in stores.handles.all(active_only=True)]
    reasons = findings(services, now=now, queues=queues, limits=limits)
    return {
        "verdict": verdict_of(reasons).value,
        "reasons": [told(reason) for reason in reasons],
        "at": now,
        "handles": len(followed),
        "handles_without_search": len(set(followed) - carried),
        "accounts": {state.value: count for state, count in stores.accounts.count_by_state().items() if count},
        "streams": len(streams),
        "covered_seconds_ago": round(max(behind, default=0.0), 1),
        "gaps": sum(n for n, _ in stores.gaps.counts().values()),
        "posts": stores.posts.count(),
        "users": stores.users.count(),
        "set_aside_today": stores.set_aside.count(since=now - timedelta(days=1)),
        "snapshots": stores.engagement.count_snapshots(),
        "media": files_by_state(services),
        "tiers": posts_by_tier(services),
        "refreshes_due": due_now(services, now),
        "queues": {
            queue: {"ready": s.ready, "delayed": s.delayed, "in_flight": s.in_flight, "dead": s.dead}
            for queue, s in queues.items()
        },
        "budgets": budgets_of(services),
        "dialect": _dialect(services),
        "windows": [window(one) for one in limits.windows],
        "blocked": blocked(limits, now),
    }


def _dialect(services: Services) -> dict[str, Any]:
    """spoken: to X. is_fixed: by the setting. looked_at, reason: of what was learned; None where nothing had to be."""
    setting, memory = services.settings.x_dialect, SharedDialectMemory(services.stores.state)
    learned = memory.get() if setting == "auto" else None
    return {
        "spoken": spoken(setting, memory).value,
        "is_fixed": setting != "auto",
        "looked_at": learned.at if learned else None,
        "reason": learned.reason if learned else None,
    }
