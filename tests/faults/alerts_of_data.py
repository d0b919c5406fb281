"""What happens to the data of a flock behind its back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pymongo

from tests.faults.alerts_flock import AlertsFlock
from tests.faults.alerts_stage import Act
from tests.faults.queue_fleet import wait_until

# A few may be read anew where the second reading of their time is late.
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


ACTS = (
    Act(
        "posts of an account vanish from MongoDB",
        ("CoveyAuditMisses",),
        lost_posts,
        fires_within_seconds=60,
        silent_within_seconds=60,
    ),
)
