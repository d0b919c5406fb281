"""How the flock stands, read from the servers and judged. Prints nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from control import planned
from control.blocks import blocked
from shared.broker import QueueStats
from shared.domain.flock import ProcessKind
from shared.domain.health import Blocked, FlockFacts, judge_flock
from shared.domain.preflight.finding import Finding, Level
from shared.ratelimit.model import BlockScope, LimiterState, Window
from shared.services import bootstrap, preflight
from shared.services.bootstrap import Services
from shared.services.preflight import Part
from shared.spending.levels import Level as Full
from shared.spending.levels import level_of, project_budgets
from shared.stores.bundle import Stores
from shared.stores.database import ServerClock
from shared.stores.dead_letters import DeadFilter

# When a person last looked at the dead letters; those that died since are news.
LETTERS_SEEN_AT: Final = "dead_letters_seen_at"
# These are the limiter's daily bread.
_PASSING: Final = frozenset({Window.INTERVAL.value, BlockScope.PER_SECOND})


def is_planned(services: Services) -> bool:
    """Whether a scheduler is there, by MongoDB's time. Raises StoreUnavailable."""
    now = ServerClock(services.stores.db).now()
    return any(one.kind is ProcessKind.SCHEDULER and not one.is_gone(now) for one in services.stores.processes.all())


def findings(
    services: Services, *, now: datetime, queues: Mapping[str, QueueStats], limits: LimiterState
) -> list[Finding]:
    """Every reason why the flock is not healthy, the worst first; what the preflight says of the servers among them.

    Raises StoreUnavailable.
    """
    settings, stores = services.settings, services.stores
    seen_at = stores.state.get(LETTERS_SEEN_AT)
    facts = FlockFacts(
        now=now,
        processes=stores.processes.all(),
        slot=timedelta(seconds=settings.search_interval_seconds + settings.x_search_lag_seconds),
        oldest_ready={queue: timedelta(seconds=stats.oldest_ready_age_seconds) for queue, stats in queues.items()},
        paused=services.pausing.paused(),
        blocks=_blocks(services, limits, now),
        behind={stream.id: now - stream.attended_until for stream in stores.streams.active()},
        spent=_spent(limits, now),
        unplanned=planned.unplanned(services),
        cut_off=_cut_off(stores),
        new_letters=stores.dead_letters.count(DeadFilter(replayed=False, died_after=seen_at)),
    )
    return judge_flock(facts) + _of_the_servers(services)


def _cut_off(stores: Stores) -> list[tuple[str, str]]:
    """Endpoints that are sent nothing any more, up to a hundred."""
    given_up = stores.endpoints.given_up(limit=100)
    return [(one.host, str((one.last_error or {}).get("error", one.why))) for one in given_up]


def look_at_letters(stores: Stores, *, now: datetime) -> None:
    """A person looks at the dead letters now."""
    stores.state.set(LETTERS_SEEN_AT, now)


def told(finding: Finding) -> dict[str, str]:
    """A finding as plain values: check, level, message, todo."""
    return {
        "check": finding.check.value,
        "level": finding.level.value,
        "message": finding.message,
        "todo": finding.todo,
    }


def _of_the_servers(services: Services) -> list[Finding]:
    """What the preflight finds wrong with the servers and, where this process may ask X, with the credentials."""
    access = {Part.ACCESS} if bootstrap.may_ask_x(services.settings) else set()
    found = preflight.examine(services, {Part.REDIS, Part.MONGO, *access})
    return [finding for finding in found if finding.level is not Level.OK]


def _blocks(services: Services, limits: LimiterState, now: datetime) -> list[Blocked]:
    rows = [row for row in blocked(limits, now) if row["scope"] not in _PASSING]
    without = {row["credential"] for row in rows if row["scope"] == BlockScope.CREDENTIAL}
    known = {window.credential_id for window in limits.windows} | without
    return [_block(row, reaches_all=_reaches_all(row, is_last=known <= without)) for row in rows]


def _reaches_all(row: Mapping[str, Any], *, is_last: bool) -> bool:
    """Whether no paid call is left: the project's own stops, or the last credential's."""
    if row["scope"] == BlockScope.CREDENTIAL:
        return is_last
    return row["scope"] in (BlockScope.PAID, BlockScope.USAGE_CAP)


def _block(row: Mapping[str, Any], *, reaches_all: bool) -> Blocked:
    what = " for ".join(filter(None, (row["endpoint"], row["credential"]))) or "all paid calls"
    lift = " ".join(filter(None, ("covey unblock", row["credential"], row["endpoint"])))
    return Blocked(
        what=what,
        reason=row["reason"],
        until=row["until"],
        reaches_all=reaches_all,
        lift=lift if row["credential"] else "covey unblock --paid",
    )


def _spent(limits: LimiterState, now: datetime) -> dict[str, datetime]:
    return {
        name: now + timedelta(seconds=budget.reset_in_seconds)
        for name, budget in project_budgets(limits).items()
        if level_of(budget.used, budget.limit) is Full.SPENT
    }
