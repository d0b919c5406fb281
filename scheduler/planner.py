"""What a claimed slot leads to, by kind. Writes the work into MongoDB first, then answers the jobs to send.

Invariant: a job that is lost after this leaves a trace in MongoDB (an open sweep, a claim with a lease, a pending
file), from which the reconciler sends it again.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from scheduler.compliance import compliance_jobs
from scheduler.searches import Outgoing, Searches
from shared.domain.coverage.quotes import QuoteCandidate, choose, reading_of
from shared.domain.coverage.sweeps import Sweep, SweepKind
from shared.domain.jobs import (
    ALL_QUEUES,
    GREATEST_ID,
    MAX_IDS,
    Canary,
    CheckUsage,
    LookAtAccounts,
    LookUpAuthors,
    PurgeGone,
    PurgeOld,
    Queue,
    QuotePage,
    RefreshEngagement,
    RemoveMedia,
)
from shared.domain.models import WorkClass
from shared.runtime.log import get_logger
from shared.services.bootstrap import Services
from shared.services.downloads import downloads
from shared.services.following import SEARCH
from shared.stores.schedules import Schedule, Slot

log = get_logger(__name__)

QUOTES, REFRESH, MEDIA, RECONCILE, DEAD, CANARY = "quotes", "refresh", "media", "reconcile", "dead", "canary"
AUTHORS, LEDGER, USAGE, ACCOUNTS = "authors", "ledger", "usage", "accounts"
REREAD, BACKFILL = "reread", "backfill"
PURGE, COMPLIANCE = "purge", "compliance"
OPENS_SWEEPS = frozenset({SEARCH, QUOTES, REREAD, BACKFILL})
# What is not planned while a queue is paused: its jobs would only wait, and claims on posts would end meanwhile.
FILLS = {
    SEARCH: Queue.SEARCH,
    REREAD: Queue.BACKFILL,
    BACKFILL: Queue.BACKFILL,
    QUOTES: Queue.QUOTES,
    REFRESH: Queue.ENGAGEMENT,
    AUTHORS: Queue.ENGAGEMENT,
    ACCOUNTS: Queue.ENGAGEMENT,
    MEDIA: Queue.MEDIA,
    USAGE: Queue.BACKFILL,
    PURGE: Queue.BACKFILL,
    COMPLIANCE: Queue.BACKFILL,
}
DEAD_INTERVAL_SECONDS = 5.0
AUTHORS_INTERVAL_SECONDS = 15.0  # authors of many pages share a call; X allows 20 such calls a minute
AUTHOR_BATCHES = 10
ACCOUNTS_INTERVAL_SECONDS = 60.0
LEDGER_INTERVAL_SECONDS = 2.0
# After midnight, because only then the day is whole; not at once, because X's count may take a moment.
USAGE_AFTER_MIDNIGHT = timedelta(minutes=15)
CANARY_INTERVAL_SECONDS = 60.0
REREAD_INTERVAL_SECONDS = 60.0
BACKFILL_INTERVAL_SECONDS = 10.0
PURGE_INTERVAL_SECONDS = 300.0
COMPLIANCE_INTERVAL_SECONDS = 30.0  # X allows 150 looks at jobs in 15 minutes
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
    }
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    usage_at = midnight + timedelta(days=1) + USAGE_AFTER_MIDNIGHT
    return [
        *(Schedule(kind, kind, "", timedelta(seconds=s), now, 0) for kind, s in seconds.items()),
        Schedule(USAGE, USAGE, "", timedelta(days=1), usage_at, 0),
    ]


class Planner:
    """Turns slots into work. held_back: the classes that have no money; what costs some is not planned for them.
    paused: the queues that a person has paused, for which no sign of life is asked.
    """

    def __init__(
        self,
        services: Services,
        held_back: Callable[[], Collection[WorkClass]] = frozenset,
        paused: Callable[[], Collection[str]] = frozenset,
    ) -> None:
        self._services = services
        self._paused = paused
        self._held_back = held_back
        self._stores = services.stores
        searches = Searches(services)
        self._plans: dict[str, Plan] = {
            SEARCH: self._of(WorkClass.SEARCH, searches.new),
            REREAD: self._of(WorkClass.BACKFILL, searches.again),
            BACKFILL: self._of(WorkClass.BACKFILL, searches.missing),
            QUOTES: self._quotes,
            REFRESH: self._refresh,
            MEDIA: self._media,
            CANARY: self._canary,
            AUTHORS: self._authors,
            ACCOUNTS: self._accounts,
            USAGE: lambda slot, now: [(CheckUsage(), None)],
            PURGE: self._purge,
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

    def _quotes(self, slot: Slot, now: datetime) -> Outgoing:
        """Open the reading of the quotes of the posts that the priority rule chooses, those under way left out."""
        if WorkClass.QUOTES in self._held_back():
            return []
        authors = self._stores.handles.active_user_ids()
        newest = self._stores.posts.newest_of(authors, self._services.settings.quotes_newest_posts)
        under_way = self._stores.sweeps.open_subjects(SweepKind.QUOTES)
        candidates = self._stores.quotes.candidates([post for post in newest if post["_id"] not in under_way])
        chosen = choose(candidates, now=now, rule=self._services.quote_rule)
        sweeps = [self._open_quotes(slot, candidate, now) for candidate in chosen]
        return [(QuotePage(sweep_id=sweep.id, page=0), None) for sweep in sweeps if sweep is not None]

    def _open_quotes(self, slot: Slot, chosen: QuoteCandidate, now: datetime) -> Sweep | None:
        """Open the sweep of a post's quotes; None where another scheduler did, or has had it read meanwhile.

        The post counts as read when the reading has ended, so one that never begins, or fails, costs it nothing. A
        reading is noted before its sweep closes: to look once more after opening is to see every other one.
        """
        quotes, sweeps = self._stores.quotes, self._stores.sweeps
        cursor = quotes.cursor(chosen.post_id, read_at=chosen.quotes_read_at)
        if cursor is None:
            return None
        sweep = reading_of(chosen, id=f"{slot.id}:{chosen.post_id}", cursor_id=cursor, now=now)
        if not sweeps.open(sweep):
            return None
        if quotes.cursor(chosen.post_id, read_at=chosen.quotes_read_at) is None:
            sweeps.abandon(sweep, now=now)
            return None
        return sweep

    def _refresh(self, slot: Slot, now: datetime) -> Outgoing:
        """Claim due posts in batches of 100, no more than the queue can take without growing.

        Without money only those that were paid for today; jobs that wait for money do not stand in their way.
        """
        has_money = WorkClass.ENGAGEMENT not in self._held_back()
        x_now = self._services.ledger.now()
        paid_since = None if has_money else x_now.replace(hour=0, minute=0, second=0, microsecond=0)
        waiting = self._services.broker.introspection.queue_stats().get(Queue.ENGAGEMENT)
        outstanding = waiting.ready + (waiting.delayed if has_money else 0) if waiting else 0
        lease = timedelta(seconds=self._services.settings.refresh_lease_seconds)
        jobs: Outgoing = []
        for _ in range(max(0, self._services.settings.refresh_max_batches - outstanding)):
            claim_id = uuid.uuid4().hex
            ids = self._stores.engagement.claim_due(
                claim_id=claim_id, now=now, lease=lease, limit=MAX_IDS, paid_since=paid_since
            )
            asked = tuple(str(post_id) for post_id in ids if post_id <= GREATEST_ID)
            if asked:
                jobs.append((RefreshEngagement(claim_id=claim_id, post_ids=asked), None))
            if len(ids) < MAX_IDS:
                break
        return jobs

    def _authors(self, slot: Slot, now: datetime) -> Outgoing:
        """Claim wanted authors in batches of 100, those of each run by themselves."""
        if WorkClass.ENGAGEMENT in self._held_back():
            return []
        lease = timedelta(seconds=self._services.settings.refresh_lease_seconds)
        claimed = self._stores.authors.claim(now=now, lease=lease, limit=AUTHOR_BATCHES * MAX_IDS)
        batches = [
            (run_id, tuple(map(str, ids[start : start + MAX_IDS])))
            for run_id, ids in claimed.items()
            for start in range(0, len(ids), MAX_IDS)
        ]
        return [
            (LookUpAuthors(claim_id=f"{slot.id}:{number}", user_ids=ids, run_id=run_id), None)
            for number, (run_id, ids) in enumerate(batches)
        ]

    def _accounts(self, slot: Slot, now: datetime) -> Outgoing:
        """Claim followed accounts that are to be looked at, up to as many as one call takes."""
        if WorkClass.ENGAGEMENT in self._held_back() or not self._services.settings.account_look_seconds:
            return []
        lease = timedelta(seconds=self._services.settings.refresh_lease_seconds)
        ids = self._stores.accounts.claim(now=now, lease=lease, limit=MAX_IDS)
        return [(LookAtAccounts(claim_id=slot.id, user_ids=tuple(map(str, ids))), None)] if ids else []

    def _media(self, slot: Slot, now: datetime) -> Outgoing:
        """Send again for files that nobody has tried for a while; those on their way are de-duplicated."""
        before = now - timedelta(seconds=self._services.settings.stalled_after_seconds)
        keys = self._stores.media.left_behind(before=before, limit=MEDIA_BATCH)
        return [(job, None) for job in downloads(keys)]

    def _purge(self, slot: Slot, now: datetime) -> Outgoing:
        """Purge what is due, and delete the files of media that were marked."""
        keys = self._stores.removals.waiting(limit=MEDIA_BATCH)
        batches = [tuple(keys[start : start + MAX_IDS]) for start in range(0, len(keys), MAX_IDS)]
        jobs: Outgoing = [(RemoveMedia(media=batch), None) for batch in batches]
        jobs += [(PurgeGone(), None)] if self._purges_now(now) else []
        return [*jobs, (PurgeOld(), None)] if self._keeps_not_all() else jobs

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
