"""`surges` on a real MongoDB: one document a post and day, whoever notes it, and who waits to be told."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from shared.domain.counts import PostMetrics
from shared.domain.engagement.surges import Measured, Surge, Why
from shared.stores.bundle import Stores
from shared.stores.surges import Told
from tests.shared.stores.conftest import HOUR, NOW


def surge(post_id: int, hours: float = 0) -> Surge:
    """A surge of a post, so much later."""
    one = Measured(
        post_id=post_id,
        author_id=7,
        at=NOW + hours * HOUR,
        velocity=600.5,
        acts=100,
        metrics=PostMetrics(like_count=100, repost_count=2),
        band=1,
        has_come=True,
    )
    return Surge(measured=one, why=(Why.FAST, Why.UNUSUAL), usual=12.5, sources=("floods",))


def test_what_is_noted_is_kept_whole(stores: Stores) -> None:
    """All that is told of is in the document."""
    assert stores.surges.note([surge(1)], send_at=NOW) == {"1:2024-05-01"}

    assert stores.surges.get("1:2024-05-01") == {
        "_id": "1:2024-05-01",
        "post_id": "1",
        "author_id": "7",
        "at": NOW,
        "why": ["fast", "unusual"],
        "velocity": 600.5,
        "usual": 12.5,
        "metrics": {"like_count": 100, "retweet_count": 2},
        "sources": ["floods"],
        "tries": 0,
        "status": "pending",
        "send_at": NOW,
    }


def test_many_workers_note_a_post_once_a_day(stores: Stores) -> None:
    """Of eight that note the same posts at once, one is told of each that it is new; the next day it is new again."""
    posts = [surge(post_id) for post_id in range(20)]
    with ThreadPoolExecutor(8) as pool:
        new = Counter(
            one for ids in pool.map(lambda _: stores.surges.note(posts, send_at=None), range(8)) for one in ids
        )

    assert new == {f"{post_id}:2024-05-01": 1 for post_id in range(20)}
    assert stores.surges.note([surge(1), surge(1, hours=24)], send_at=None) == {"1:2024-05-02"}


def test_who_waits_to_be_told(stores: Stores) -> None:
    """What may be sent by now, the longest waiting first; neither what is settled nor what nobody is told of."""
    for post_id, hours in ((1, 2.0), (2, 1.0), (3, 0.0), (4, 9.0)):
        stores.surges.note([surge(post_id)], send_at=NOW + hours * HOUR)
    stores.surges.note([surge(5)], send_at=None)
    stores.surges.settle("3:2024-05-01", Told.DELIVERED, now=NOW)
    stores.surges.note([surge(6)], send_at=NOW)
    stores.surges.postpone("6:2024-05-01", send_at=NOW + timedelta(days=1))

    later = NOW + 2 * HOUR
    assert stores.surges.waiting(now=later, limit=10) == ["2:2024-05-01", "1:2024-05-01"]
    assert stores.surges.waiting(now=later, limit=1) == ["2:2024-05-01"]


def test_tries_are_counted(stores: Stores) -> None:
    """Each is one more; of what is not there, none."""
    stores.surges.note([surge(1)], send_at=NOW)

    assert [stores.surges.tried("1:2024-05-01") for _ in range(3)] == [1, 2, 3]
    assert stores.surges.tried("2:2024-05-01") == 0


def test_the_sources_of_posts(stores: Stores) -> None:
    """Each source once; a post that concerns none has none, an unknown one is left out."""
    concerns = [{"source": "a", "member": "x", "why": "author"}, {"source": "a", "member": "y", "why": "mention"}]
    stores.db["X_tweets"].insert_many([{"_id": "1", "concerns": [*concerns, {"source": "b"}]}, {"_id": "2"}])

    assert stores.surges.sources_of([1, 2, 3]) == {1: {"a", "b"}, 2: set()}
