"""What happens to the data of a flock behind its back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pymongo

from shared.domain.coverage.silence import TELLING
from shared.domain.jobs import Queue
from shared.domain.models import PostState
from shared.domain.states import By, Word
from tests.faults.alerts_flock import AlertsFlock
from tests.faults.alerts_stage import Act
from tests.faults.queue_fleet import wait_until

# A few of the lost ones may be read anew, where the second reading of their time is late.
ENOUGH = 20


@contextmanager
def lost_posts(flock: AlertsFlock) -> Iterator[None]:
    """Somebody deletes what is stored of an account, of a time that was read twice; then the copy is put back. Each
    time the audit of the day is due again.
    """
    stores = flock.services.stores
    posts, found = stores.db["X_tweets"], stores.audits.found_of_members(among=5_000)
    member = max((name.lower() for name in flock.tracked), key=lambda name: found.get(name, 0))
    settled = timedelta(seconds=flock.rhythm["reread_after_seconds"] + 2 * flock.rhythm["reread_every_seconds"])

    def audited() -> bool:
        today = flock.services.clock.now().date()
        return stores.audits.has(today) and not stores.audits.waiting(today)

    def settled_posts() -> list[dict[str, object]]:
        before = flock.services.clock.now() - settled - timedelta(seconds=30)
        return list(posts.find({"concerns.member": member, "created_at": {"$lt": before}, "gone": {"$exists": False}}))

    wait_until(lambda: len(settled_posts()) >= ENOUGH, 120, "posts were read twice")
    copy = settled_posts()
    posts.delete_many({"_id": {"$in": [one["_id"] for one in copy]}})
    stores.db["audits"].delete_many({})
    wait_until(audited, 60, "all accounts are audited")
    yield
    posts.bulk_write([pymongo.ReplaceOne({"_id": one["_id"]}, one, upsert=True) for one in copy])
    stores.db["audits"].delete_many({})
    wait_until(audited, 60, "all accounts are audited again")


@contextmanager
def not_purged(flock: AlertsFlock) -> Iterator[None]:
    """X said 25 hours ago that posts are gone, and ever since a person has the queue paused that purges them."""
    services, queues = flock.services, (Queue.BACKFILL,)
    services.pausing.pause(queues, now=services.clock.now())
    paused = 'max(covey_queue_paused{queue="backfill"})'
    wait_until(lambda: flock.prometheus.value(paused) == 1, 30, "it is paused")
    purge_after = timedelta(seconds=services.settings.purge_after_seconds)

    def some_stay() -> bool:
        """What was planned before everybody had heard of the pause may purge the first ones."""
        now, fates = services.clock.now(), services.stores.fates
        if not fates.overdue(before=now, limit=1)["posts"]:
            found = services.stores.db["X_tweets"].find({"gone": {"$exists": False}}, {"_id": 1})
            oldest = [int(one["_id"]) for one in found.sort("created_at", 1).limit(3)]
            word = Word(PostState.DELETED, now, By.COMPLIANCE)
            fates.bury(dict.fromkeys(oldest, word), now=now - timedelta(hours=25), purge_after=purge_after)
        return (flock.prometheus.value("max(min_over_time(covey_purges_overdue[5s]))") or 0) > 0

    wait_until(some_stay, 60, "posts wait to be purged")
    yield
    services.pausing.resume(queues)


@contextmanager
def silenced(flock: AlertsFlock) -> Iterator[None]:
    """The account that posts most is suspended, and three days pass for what is stored of it; then it is back."""
    posts, names = flock.services.stores.db["X_tweets"], flock.services.stores.handles.names(flock.tracked)
    ids = {name: str(one.user_id) for name, one in names.items() if one.user_id}

    def most() -> tuple[int, str]:
        return max((posts.count_documents({"author_id": ids[name]}), name) for name in ids)

    wait_until(lambda: most()[0] >= TELLING, 180, "an account has a rhythm")
    name = most()[1]
    of_it, days = {"author_id": ids[name]}, timedelta(days=3) // timedelta(milliseconds=1)
    account = next(one for one in flock.tracked if one.lower() == name)
    flock.order("accounts", {"account": account, "change": "suspend"})
    posts.update_many(of_it, [{"$set": {"created_at": {"$subtract": ["$created_at", days]}}}])
    yield
    posts.update_many(of_it, [{"$set": {"created_at": {"$add": ["$created_at", days]}}}])
    flock.order("accounts", {"account": account, "change": "restore"})


ACTS = (
    Act("posts of an account vanish from MongoDB", ("CoveyAuditMisses",), lost_posts),
    Act("an account that posts much is silent", ("CoveySourceSilent",), silenced),
    Act("posts that are gone are not purged for a day", ("CoveyPurgeOverdue",), not_purged),
)
