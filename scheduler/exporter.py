"""The state of the whole system as gauges, read from MongoDB, the broker and the limiter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta

from dramatiq.errors import ConnectionClosed

from scheduler.servers import Servers
from scheduler.treasurer import export_money, export_shares
from shared.domain.coverage.accounts import AccountState
from shared.domain.coverage.gaps import GapReason, GapState
from shared.domain.engagement.next_reading import Chooser
from shared.domain.engagement.standing import Standing
from shared.domain.errors import CoveyError
from shared.domain.flock import ProcessKind, missing, serving
from shared.domain.jobs import ALL_QUEUES
from shared.domain.planning.day import Stage
from shared.platforms.x.endpoints import ENDPOINTS
from shared.ratelimit.model import Window
from shared.runtime import metrics
from shared.runtime.log import get_logger
from shared.services import coverage
from shared.services.bootstrap import Services
from shared.services.overdue import overdue_purges
from shared.services.silence import SILENT
from shared.services.standing import due_now
from shared.stores.dead_letters import DeadFilter
from shared.stores.endpoints import Standing as Endpoints
from shared.stores.group_tests import Told
from shared.stores.media import PENDING
from shared.stores.plans import Plan

log = get_logger(__name__)

# Of gaps that wait for a source's share of the money, as a state among those of gaps.
RESTING = "resting"


def export_plan(plan: Plan | None) -> None:
    """What the planner decided last."""
    if plan is None or plan.stage is Stage.RANK:
        return
    made, money = plan.made, plan.basis.money.whole
    metrics.PLAN_POSTS.labels("to_choose_from").set(plan.tally.total)
    metrics.PLAN_POSTS.labels("bought").set(min(money, plan.tally.total))
    metrics.PLAN_POSTS.labels("late").set(made.late)


def export_group_tests(told: Told | None) -> None:
    """What the group tests of the last plan asked and found."""
    metrics.PLAN_GROUP_TESTS.labels("requests").set(told.requests if told else 0)
    metrics.PLAN_GROUP_TESTS.labels("found").set(len(told.found) if told else 0)


def export_standing(standing: Standing | None) -> None:
    """How engagement is followed, as it was counted last."""
    if standing is None:
        return
    metrics.FOLLOWED_AT_SECONDS.set(standing.at.timestamp())
    for tier, one in standing.tiers.items():
        metrics.FOLLOWED_POSTS.labels(tier.value).set(one.followed)
        metrics.REFRESHES_OVERDUE.labels(tier.value).set(one.overdue)
        metrics.REFRESH_LAG_SECONDS.labels(tier.value).set(one.lag_seconds)
        metrics.STALE_RATIO.labels(tier.value).set(one.stale_ratio)


def export_endpoints(standing: Endpoints, now: datetime) -> None:
    """How far webhooks are behind the feed."""
    metrics.ENDPOINTS.labels("active").set(standing.active)
    metrics.ENDPOINTS.labels("disabled").set(standing.disabled)
    metrics.ENDPOINTS_BEHIND.labels("all").set(standing.backlog)
    metrics.ENDPOINTS_BEHIND.labels("worst").set(standing.worst)
    waited = 0.0 if standing.waiting_since is None else (now - standing.waiting_since).total_seconds()
    metrics.ENDPOINTS_WAITING_SECONDS.set(max(0.0, waited))


class Exporter:
    """Sets every gauge that is not about one process.

    A part that cannot be read keeps its last values and its time, so that an alert can tell that they are old.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._servers = Servers(services)
        self._with_share: set[str] = set()
        # Labels that were ever set. Those of alerts begin at 0: a series that appears with its first block has no past.
        self._blocked = {(Window.BREAKER.value, endpoint) for endpoint in ENDPOINTS}

    def ping(self) -> None:
        """Tell whether the servers answer."""
        self._servers.ping()

    def run_once(self, now: datetime) -> None:
        """Read and set all gauges; never raises an error of the tree, nor the broker's when Redis is away."""
        for name, read in (
            ("servers", self._servers.read),
            ("queues", self._queues),
            ("documents", self._documents),
            ("coverage", self._coverage),
            ("windows", self._windows),
            ("flock", self._flock),
            ("money", self._money),
        ):
            try:
                read(now)
            except (CoveyError, ConnectionClosed) as error:
                log.warning("metrics not read", part=name, reason=str(error))
            else:
                metrics.STATE_READ_AT_SECONDS.labels(name).set(now.timestamp())

    def _queues(self, now: datetime) -> None:
        for queue, stats in self._services.broker.introspection.queue_stats().items():
            metrics.QUEUE_JOBS.labels(queue, "ready").set(stats.ready)
            metrics.QUEUE_JOBS.labels(queue, "delayed").set(stats.delayed)
            metrics.QUEUE_JOBS.labels(queue, "in_flight").set(stats.in_flight)
            metrics.QUEUE_JOBS.labels(queue, "dead").set(stats.dead)
            metrics.QUEUE_OLDEST_SECONDS.labels(queue).set(stats.oldest_ready_age_seconds or 0.0)

    def _documents(self, now: datetime) -> None:
        stores = self._services.stores
        media = stores.media.count_by_status()
        metrics.DOCUMENTS.labels("X_tweets").set(stores.posts.count())
        metrics.DOCUMENTS.labels("X_users").set(stores.users.count())
        metrics.DOCUMENTS.labels("X_media").set(sum(media.values()))
        metrics.DOCUMENTS.labels("X_engagement_history").set(stores.engagement.count_snapshots())
        metrics.DEAD_LETTERS_WAITING.set(stores.dead_letters.count(DeadFilter(replayed=False)))
        metrics.MEDIA_PENDING.set(media.get(PENDING, 0))
        metrics.REFRESHES_DUE.set(due_now(self._services, now))
        export_standing(stores.standing.last())
        waiting = stores.feed.oldest_mark()
        metrics.FEED_WAITING_SECONDS.set(0.0 if waiting is None else max(0.0, (now - waiting).total_seconds()))
        export_endpoints(stores.endpoints.standing(), now)
        if self._services.refresh_policy.by is Chooser.PLANNER:
            plan = stores.plans.last()
            export_plan(plan)
            export_group_tests(stores.group_tests.told(plan.day) if plan else None)
        for of, number in overdue_purges(self._services, now).items():
            metrics.PURGES_OVERDUE.labels(of).set(number)
        for kind, seconds in stores.schedules.most_overdue(now=now).items():
            metrics.SCHEDULE_LAG_SECONDS.labels(kind).set(seconds)

    def _flock(self, now: datetime) -> None:
        """Who beat last is known here also when a process's own metrics are gone with it."""
        processes = self._services.stores.processes.all()
        counts = Counter((one.kind.value, "gone" if one.is_gone(now) else "there") for one in processes)
        not_replaced = missing(processes, now)
        for kind in ProcessKind:
            for state in ("there", "gone"):
                metrics.PROCESSES.labels(kind.value, state).set(counts[kind.value, state])
            metrics.PROCESSES.labels(kind.value, "missing").set(not_replaced[kind])
        threads = serving(processes, now)
        paused = self._services.pausing.paused()
        for queue in ALL_QUEUES:
            metrics.QUEUE_THREADS.labels(queue).set(threads.get(queue, 0))
            metrics.QUEUE_PAUSED.labels(queue).set(int(queue in paused))
        metrics.PROCESSES_WAITING.set(sum(one.waits_for is not None and not one.is_gone(now) for one in processes))

    def _money(self, now: datetime) -> None:
        export_money(self._services)
        self._with_share = export_shares(self._services, self._with_share)

    def _coverage(self, now: datetime) -> None:
        streams = self._services.stores.streams.active()
        metrics.STREAMS.set(len(streams))
        standing = self._services.stores.accounts.count_by_state()
        for state in AccountState:
            metrics.ACCOUNTS.labels(state.value).set(standing.get(state, 0))
        behind = [(now - stream.attended_until).total_seconds() for stream in streams]
        metrics.COVERAGE_LAG_SECONDS.set(max(behind, default=0.0))
        self._gaps(now)
        self._not_verified(now, {stream.id for stream in streams if stream.has_rested})
        self._audits()
        metrics.SILENT_SOURCES.set(self._services.stores.state.get(SILENT) or 0)

    def _audits(self) -> None:
        """What the last nightly audit found."""
        found = self._services.stores.audits.last_day()
        metrics.AUDIT_SOURCES.set(len(found))
        metrics.AUDIT_MISSING_POSTS.set(sum(one.unexplained for one in found))
        metrics.AUDIT_MISSING_RATIO.set(max((one.missing_ratio for one in found), default=0.0))

    def _gaps(self, now: datetime) -> None:
        """What is missing. What waits for a source's share of the money is no open gap that should get less."""
        counts = self._services.stores.gaps.counts()
        resting = (GapState.OPEN.value, GapReason.OVER_SHARE.value)
        for name in (RESTING, GapState.OPEN.value, GapState.FINAL.value):
            found = [value for one, value in counts.items() if (RESTING if one == resting else one[0]) == name]
            metrics.GAPS_NOT_FILLED.labels(name).set(sum(number for number, _ in found))
            metrics.GAPS_SECONDS.labels(name).set(sum(seconds for _, seconds in found))

    def _not_verified(self, now: datetime, resting: Collection[str]) -> None:
        """What was not looked at a second time, but for streams that rest, and how far behind sweeps begin."""
        stores, settings = self._services.stores, self._services.settings
        due = timedelta(seconds=settings.reread_after_seconds + 2 * settings.reread_every_seconds)
        metrics.UNVERIFIED_SECONDS.set(stores.intervals.seconds_waiting(before=now - due, resting=resting))
        least = timedelta(seconds=settings.margin_min_seconds)
        metrics.MARGIN_SECONDS.set(coverage.margin(stores, least=least).total_seconds())

    def _windows(self, now: datetime) -> None:
        limits = self._services.limiter.state()
        for window in limits.windows:
            if window.limit is not None and window.remaining is not None:
                metrics.X_WINDOW_LIMIT.labels(window.endpoint).set(window.limit)
                metrics.X_WINDOW_REMAINING.labels(window.endpoint).set(window.remaining)
        standing = Counter((block.scope, block.endpoint or "") for block in limits.all_blocks)
        self._blocked |= standing.keys()
        for labels in self._blocked:
            metrics.X_BLOCKED.labels(*labels).set(standing[labels])
