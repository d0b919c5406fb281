"""Whose counts are read next: claimed posts, wanted authors, followed accounts; as many in a job as one call takes."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from scheduler.searches import Outgoing
from shared.domain.days import midnight
from shared.domain.engagement.next_reading import Chooser
from shared.domain.jobs import GREATEST_ID, MAX_IDS, LookAtAccounts, LookUpAuthors, Queue, RefreshEngagement
from shared.domain.models import WorkClass
from shared.services.allowance import may_buy
from shared.services.bootstrap import Services
from shared.spending.ledger import MIDNIGHT_GUARD
from shared.stores.schedules import Slot

AUTHOR_BATCHES = 10
# A claim is kept twice with each snapshot, in `_id` and its index: 8 bytes, of which no two are alike, and no more.
CLAIM_BYTES = 8


class Readings:
    """Claims what is due to be read. held_back: the classes that have no money."""

    def __init__(self, services: Services, held_back: Callable[[], Collection[WorkClass]]) -> None:
        self._services = services
        self._stores = services.stores
        self._held_back = held_back

    def due(self, slot: Slot, now: datetime) -> Outgoing:
        """Claim due posts in batches of 100, the most urgent first, no more than the queue can take without growing.

        Without money only those that were paid for today; jobs that wait for money do not stand in their way. By the
        planner nothing else either before the plan of the day is made, and nothing in the last minute of a day, when
        what is read may be billed to the next.
        """
        x_now = self._services.ledger.now()
        is_planned = self._services.refresh_policy.by is Chooser.PLANNER
        if is_planned and (x_now + MIDNIGHT_GUARD).date() != x_now.date():
            return []
        has_money = WorkClass.ENGAGEMENT not in self._held_back() and may_buy(self._services)
        bought_on = None if has_money else midnight(x_now)
        waiting = self._services.broker.introspection.queue_stats().get(Queue.ENGAGEMENT)
        outstanding = waiting.ready + (waiting.delayed if has_money else 0) if waiting else 0
        lease = timedelta(seconds=self._services.settings.refresh_lease_seconds)
        room = max(0, self._services.settings.refresh_max_batches - outstanding)
        claimed = self._stores.engagement.claim_due(
            [secrets.token_hex(CLAIM_BYTES) for _ in range(room)],
            size=MAX_IDS,
            now=now,
            lease=lease,
            bought_on=bought_on,
        )
        asked = {
            claim_id: tuple(str(post_id) for post_id in ids if post_id <= GREATEST_ID)
            for claim_id, ids in claimed.items()
        }
        return [(RefreshEngagement(claim_id=claim_id, post_ids=ids), None) for claim_id, ids in asked.items() if ids]

    def authors(self, slot: Slot, now: datetime) -> Outgoing:
        """Claim wanted authors in batches of 100, those of each run by themselves."""
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

    def accounts(self, slot: Slot, now: datetime) -> Outgoing:
        """Claim followed accounts that are to be looked at, up to as many as one call takes."""
        if not self._services.settings.account_look_seconds:
            return []
        lease = timedelta(seconds=self._services.settings.refresh_lease_seconds)
        ids = self._stores.accounts.claim(now=now, lease=lease, limit=MAX_IDS)
        return [(LookAtAccounts(claim_id=slot.id, user_ids=tuple(map(str, ids))), None)] if ids else []
