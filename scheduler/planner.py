"""What a claimed slot leads to, by kind. Writes the work into MongoDB first, then answers the jobs to send.

Invariant: a job that is lost after this leaves a trace in MongoDB (an open sweep, a claim with a lease, a pending
file), from which the reconciler sends it again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from scheduler.auditing import audit_jobs
from scheduler.compliance import compliance_jobs
from scheduler.day_plan import DayPlan
from scheduler.feeding import Feeding
from scheduler.quoting import Quoting
from scheduler.readings import Readings
from scheduler.searches import Outgoing, Searches
from shared.domain.days import midnight
from shared.domain.jobs import (
    ALL_QUEUES,
    MAX_IDS,
    Canary,
    CheckUsage,
    CountFollowed,
    PurgeGone,
    PurgeOld,
    Queue,
    RemoveMedia,
    Reselect,
    SendAlert,
    ThinSeries,
)
from shared.domain.models import WorkClass
from shared.domain.money.source_shares import ShareStanding
from shared.runtime.log import get_logger
from shared.services.bootstrap import Services
from shared.services.downloads import downloads
from shared.services.following import SEARCH
from shared.services.silence import SILENT, silent
from shared.stores.schedules import Schedule, Slot

log = get_logger(__name__)

QUOTES, REFRESH, MEDIA, RECONCILE, DEAD, CANARY = "quotes", "refresh", "media", "reconcile", "dead", "canary"
AUTHORS, LEDGER, USAGE, ACCOUNTS = "authors", "ledger", "usage", "accounts"
REREAD, BACKFILL = "reread", "backfill"
PURGE, COMPLIANCE, AUDIT, SILENCE = "purge", "compliance", "audit", "silence"
ALERTS, PLAN, COUNT, FEED = "alerts", "plan", "count", "feed"
OPENS_SWEEPS = frozenset({SEARCH, QUOTES, REREAD, BACKFILL})
# What is not planned while a queue is paused: its jobs would only wait, and claims on posts would end meanwhile.
FILLS = {
    SEARCH: Queue.SEARCH,
    REREAD: Queue.BACKFILL,
    BACKFILL: Queue.BACKFILL,
    QUOTES: Queue.QUOTES,
    REFRESH: Queue.ENGAGEMENT,
    PLAN: Queue.ENGAGEMENT,
    AUTHORS: Queue.ENGAGEMENT,
    ACCOUNTS: Queue.ENGAGEMENT,
    MEDIA: Queue.MEDIA,
    ALERTS: Queue.MEDIA,
    USAGE: Queue.BACKFILL,
    PURGE: Queue.BACKFILL,
    COMPLIANCE: Queue.BACKFILL,
    AUDIT: Queue.BACKFILL,
    COUNT: Queue.BACKFILL,
}
DEAD_INTERVAL_SECONDS = 5.0
AUTHORS_INTERVAL_SECONDS = 15.0  # authors of many pages share a call; X allows 20 such calls a minute
ACCOUNTS_INTERVAL_SECONDS = 60.0
LEDGER_INTERVAL_SECONDS = 2.0
# After midnight, because only then the day is whole; not at once, because X's count may take a moment.
USAGE_AFTER_MIDNIGHT = timedelta(minutes=15)
CANARY_INTERVAL_SECONDS = 60.0
REREAD_INTERVAL_SECONDS = 60.0
BACKFILL_INTERVAL_SECONDS = 10.0
PURGE_INTERVAL_SECONDS = 300.0
COMPLIANCE_INTERVAL_SECONDS = 30.0  # X allows 150 looks at jobs in 15 minutes
SILENCE_INTERVAL_SECONDS = 3600.0
ALERTS_INTERVAL_SECONDS = 30.0  # of what quiet hours held back, and what a crash left
PLAN_INTERVAL_SECONDS = 5.0  # of a plan that is made in parts, three looks
FEED_INTERVAL_SECONDS = 1.0
COUNT_INTERVAL_SECONDS = 30.0  # a job counts less often where that takes long
AUDIT_INTERVAL_SECONDS = 3600.0  # what is lost of a night is sent for again
MEDIA_BATCH = 500

Plan = Callable[[Slot, datetime], Outgoing]


def standing_schedules(services: Services, *, now: datetime) -> list[Schedule]:
    """The schedules that exist once, whatever is followed. Streams have one each beside these."""
    settings = services.settings
    seconds = {
        QUOTES: settings.quotes_interval_seconds,
        REFRESH: settings.refresh_interval_seconds,
        MEDIA: settings.stalled_after_seconds,
        RECONCILE: settings.reconcile_interval_seconds,
        DEAD: DEAD_INTERVAL_SECONDS,
        CANARY: CANARY_INTERVAL_SECONDS,
        AUTHORS: AUTHORS_INTERVAL_SECONDS,
        ACCOUNTS: min(ACCOUNTS_INTERVAL_SECONDS, settings.account_look_seconds or ACCOUNTS_INTERVAL_SECONDS),
        LEDGER: LEDGER_INTERVAL_SECONDS,
        REREAD: min(REREAD_INTERVAL_SECONDS, settings.reread_every_seconds),
        BACKFILL: BACKFILL_INTERVAL_SECONDS,
        PURGE: PURGE_INTERVAL_SECONDS,
        COMPLIANCE: COMPLIANCE_INTERVAL_SECONDS,
        AUDIT: AUDIT_INTERVAL_SECONDS,
        SILENCE: SILENCE_INTERVAL_SECONDS,
        ALERTS: ALERTS_INTERVAL_SECONDS,
        PLAN: PLAN_INTERVAL_SECONDS,
        COUNT: COUNT_INTERVAL_SECONDS,
        FEED: FEED_INTERVAL_SECONDS,
    }
    usage_at = midnight(now) + timedelta(days=1) + USAGE_AFTER_MIDNIGHT
    return [
        *(Schedule(kind, kind, "", timedelta(seconds=s), now, 0) for kind, s in seconds.items()),
        Schedule(USAGE, USAGE, "", timedelta(days=1), usage_at, 0),
    ]


class Planner:
    """Turns slots into work. held_back: the classes that have no money; what costs some is not planned for them.
    paused: the queues that a person has paused, for which no sign of life is asked. shares: those of sources in
    the money, as they stand.
    """

    def __init__(
        self,
        services: Services,
        held_back: Callable[[], Collection[WorkClass]] = frozenset,
        paused: Callable[[], Collection[str]] = frozenset,
        shares: Callable[[], Collection[ShareStanding]] = tuple,
    ) -> None:
        self._services = services
        self._paused = paused
        self._held_back = held_back
        self._stores = services.stores
        searches, readings = Searches(services, shares), Readings(services, held_back)
        day_plan, feeding = DayPlan(services), Feeding(services)
        self._plans: dict[str, Plan] = {
            SEARCH: self._of(WorkClass.SEARCH, searches.new),
            REREAD: self._of(WorkClass.BACKFILL, searches.again),
            BACKFILL: self._of(WorkClass.BACKFILL, searches.missing),
            QUOTES: self._of(WorkClass.QUOTES, Quoting(services).due),
            REFRESH: readings.due,
            PLAN: lambda slot, now: day_plan.due(now),
            FEED: lambda slot, now: [(job, None) for job in feeding.run_once(now)],
            MEDIA: self._media,
            CANARY: self._canary,
            AUTHORS: self._of(WorkClass.ENGAGEMENT, readings.authors),
            ACCOUNTS: self._of(WorkClass.ENGAGEMENT, readings.accounts),
            USAGE: lambda slot, now: [(CheckUsage(), None)],
            PURGE: self._purge,
            COUNT: lambda slot, now: [(CountFollowed(), None)],
            SILENCE: self._silence,
            ALERTS: self._alerts,
            AUDIT: self._of(WorkClass.BACKFILL, lambda slot, now: [(job, None) for job in audit_jobs(services, now)]),
            COMPLIANCE: lambda slot, now: [(job, None) for job in compliance_jobs(services, now)],
        }

    def plan(self, slot: Slot, now: datetime) -> Outgoing:
        """Write what the slot asks for into MongoDB; answers the jobs to send with their queues."""
        plan = self._plans.get(slot.schedule.kind)
        if plan is None:  # written by a newer version that runs beside this one
            log.warning("slot of an unknown kind passed over", slot=slot.id)
            return []
        return plan(slot, now)

    def _of(self, work_class: WorkClass, plan: Plan) -> Plan:
        """A plan that waits while its class has no money."""
        return lambda slot, now: [] if work_class in self._held_back() else plan(slot, now)

    def _silence(self, slot: Slot, now: datetime) -> Outgoing:
        """Count what is silent, for the metrics: no job comes of it."""
        found = silent(self._services, now)
        self._stores.state.set(SILENT, len(found))
        if found:
            log.warning("silent for longer than usual", sources=[one.shown for one in found[:20]], number=len(found))
        return []

    def _media(self, slot: Slot, now: datetime) -> Outgoing:
        """Send again for files that nobody has tried for a while; those on their way are de-duplicated."""
        before = now - timedelta(seconds=self._services.settings.stalled_after_seconds)
        keys = self._stores.media.left_behind(before=before, limit=MEDIA_BATCH)
        return [(job, None) for job in downloads(keys)]

    def _alerts(self, slot: Slot, now: datetime) -> Outgoing:
        """Send for the alerts whose time has come; those on their way are de-duplicated."""
        return [(SendAlert.of(one), None) for one in self._stores.surges.waiting(now=now, limit=MEDIA_BATCH)]

    def _purge(self, slot: Slot, now: datetime) -> Outgoing:
        """Purge what is due, delete the files of media that were marked, and thin what is old."""
        keys = self._stores.removals.waiting(limit=MEDIA_BATCH)
        batches = [tuple(keys[start : start + MAX_IDS]) for start in range(0, len(keys), MAX_IDS)]
        jobs: Outgoing = [(RemoveMedia(media=batch), None) for batch in batches]
        jobs += [(PurgeGone(), None)] if self._purges_now(now) else []
        jobs += [(Reselect(), None)] if self._stores.selection.walks() else []
        jobs += [(PurgeOld(), None)] if self._keeps_not_all() else []
        return [*jobs, (ThinSeries(), None)] if self._services.settings.series_full_days else jobs

    def _purges_now(self, now: datetime) -> bool:
        return self._stores.fates.has_due(now=now) or bool(self._stores.erasures.due(now=now))

    def _keeps_not_all(self) -> bool:
        own = any(source.retention_days for source in self._stores.sources.all())
        return own or self._services.settings.retention_days > 0

    def _canary(self, slot: Slot, now: datetime) -> Outgoing:
        """One sign of life for every queue that is not paused."""
        sent_at_ms = int(now.timestamp() * 1000)
        alive = [queue for queue in ALL_QUEUES if queue not in self._paused()]
        return [(Canary(queue=queue, sent_at_ms=sent_at_ms), queue) for queue in alive]
