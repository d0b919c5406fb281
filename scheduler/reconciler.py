"""What was left behind: everything here compares MongoDB's truth with what is under way, and sends the difference.

Sending is de-duplicated, so whatever is still outstanding is not sent twice. Nothing here may move a cursor.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from scheduler import deaths
from scheduler.planner import standing_schedules
from shared.domain.coverage.streams import next_merge
from shared.domain.coverage.sweeps import Sweep, SweepKind, SweepStatus
from shared.domain.jobs import MAX_IDS, Job, Queue, QuotePage, ResolveHandles, SearchPage
from shared.runtime import metrics
from shared.runtime.log import get_logger
from shared.services import coverage
from shared.services.ad_hoc import unanswered_jobs
from shared.services.bootstrap import Services
from shared.services.downloads import downloads

log = get_logger(__name__)

BATCH = 500
# After a loss of Redis as much is sent for in one round; what is left follows with the slots of reconcile and media.
REBUILD_BATCH = 10_000
# Workers note progress by their own clocks; none may be so far ahead that a rebuild takes its work for tomorrow's.
WRONG_CLOCKS = timedelta(hours=1)
# Sent again this often without getting on, a sweep is closed; the next one reads from the same cursor.
MAX_NUDGES = 3
# An ad-hoc refresh older than this is not taken up again after a loss of Redis.
RUN_MEMORY = timedelta(hours=1)


class Reconciler:
    """Looks after the work between the rounds."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._stores = services.stores
        self._sender = services.sender
        self._following = services.following
        deaths.begin()

    def run_once(self, now: datetime) -> None:
        """One look: schedules, stalled sweeps, names without an account, streams out of step or to be joined."""
        self.keep_schedules(now)
        self._nudge(before=now - timedelta(seconds=self._services.settings.stalled_after_seconds), now=now)
        self._resolve(before=now - timedelta(seconds=self._services.settings.stalled_after_seconds))
        self._following.keep_in_step(
            before=now - timedelta(seconds=self._services.settings.stalled_after_seconds), now=now
        )
        self._merge(now)

    def keep_schedules(self, now: datetime) -> None:
        """Every active stream has a schedule, and nothing else has."""
        self._stores.schedules.ensure(standing_schedules(self._services, now=now))
        self._following.schedule(self._stores.streams.active(), now=now)
        self._following.drop_schedules()

    def rebuild_if_redis_is_new(self, now: datetime) -> bool:
        """After Redis lost its data, or was started anew and may have lost the last second of it: send for all
        outstanding work that MongoDB knows of; answers whether it did.

        The epoch names the server process that was rebuilt. It is set last: a scheduler that dies in between leaves the
        rest to the next one, and a server that does is another one.
        """
        broker = self._services.broker
        server = broker.introspection.server_id()
        if broker.introspection.epoch() == server:
            return False
        everything = now + WRONG_CLOCKS
        sent = self._nudge(before=everything, now=now, limit=REBUILD_BATCH)
        sent += self._stores.engagement.release_unanswered(now=now)
        sent += self._resume_runs(after=now - RUN_MEMORY)
        sent += self._resolve(before=everything)
        keys = self._stores.media.left_behind(before=everything, limit=REBUILD_BATCH)
        sent += self._sender.send_all(downloads(keys))
        broker.introspection.set_epoch(server)
        log.info("the queue is rebuilt", sent=sent)
        return True

    def collect_dead(self, now: datetime) -> None:
        """Store what died; a sweep whose page died is closed, so that its stream is read again at its next slot."""
        collected = self._services.dead_letters.collect()
        for letter in collected.letters:
            if letter["_id"] in collected.new:
                deaths.tell(letter)
            if letter["job"] in (SearchPage.name, QuotePage.name):
                self._close_sweep_of(letter["actor_args"], now)

    def _close_sweep_of(self, actor_args: object, now: datetime) -> None:
        """Close the sweep whose present page a dead message was about, if it can be read at all."""
        match actor_args:
            case [{"sweep_id": str(sweep_id), "page": int(page)}, *_]:
                sweep = self._stores.sweeps.get(sweep_id)
                if sweep is not None and sweep.status is SweepStatus.OPEN and sweep.page == page:
                    self._abandon(sweep, now)

    def _nudge(self, *, before: datetime, now: datetime, limit: int = BATCH) -> int:
        """Send again for the present page of sweeps that do not get on; close those that never do."""
        sent = 0
        for sweep, nudges in self._stores.sweeps.stalled(before=before, limit=limit):
            if nudges >= MAX_NUDGES:
                self._abandon(sweep, now)
            elif self._sender.send(_page_of(sweep), queue=sweep.queue):
                self._stores.sweeps.nudge(sweep.id, now=now)
                sent += 1
        return sent

    def _abandon(self, sweep: Sweep, now: datetime) -> None:
        end = self._stores.sweeps.abandon if sweep.kind is SweepKind.QUOTES else self._abandon_search
        if end(sweep, now=now):
            metrics.SWEEPS.labels(sweep.kind.value, SweepStatus.ABANDONED.value).inc()
            log.warning("sweep abandoned", sweep=sweep.id, page=sweep.page)

    def _abandon_search(self, sweep: Sweep, *, now: datetime) -> bool:
        settles = timedelta(seconds=self._services.settings.reread_after_seconds)
        return coverage.abandon(self._stores, sweep, now=now, settles=settles)

    def _resolve(self, *, before: datetime) -> int:
        """Send again for the look-up of names that have no account yet."""
        names = self._stores.handles.unresolved(before=before)
        batches = [names[start : start + MAX_IDS] for start in range(0, len(names), MAX_IDS)]
        return self._sender.send_all([ResolveHandles(usernames=tuple(batch)) for batch in batches])

    def _resume_runs(self, *, after: datetime) -> int:
        """Send the jobs of recent ad-hoc requests again, unless they are outstanding or X has answered them."""
        runs = self._stores.runs.unfinished(after=after)
        return self._sender.send_all([job for run in runs for job in unanswered_jobs(run)], queue=Queue.INTERACTIVE)

    def _merge(self, now: datetime) -> None:
        """Join streams that one query can carry: fewer calls for the same accounts."""
        streams = self._stores.streams.active()
        busy = self._stores.sweeps.open_subjects(SweepKind.SEARCH)
        fits = self._following.fitting()
        while (merge := next_merge(streams, fits, busy=busy)) is not None:
            joined = self._following.join(merge, now=now)
            streams = [stream for stream in streams if stream not in merge.of]
            if joined is not None:
                streams.append(joined)
                log.info("streams joined", stream=joined.id, of=[stream.id for stream in merge.of])


def _page_of(sweep: Sweep) -> Job:
    """The job of a sweep's present page."""
    page_type = QuotePage if sweep.kind is SweepKind.QUOTES else SearchPage
    return page_type(sweep_id=sweep.id, page=sweep.page)
