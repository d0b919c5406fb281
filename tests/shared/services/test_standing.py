"""What is counted now, and what is told as it was counted last."""

from __future__ import annotations

from shared.services import standing
from shared.services.bootstrap import Services
from shared.services.standing import QUICKLY_COUNTED
from tests.workers.world import database, db, make_services, services

__all__ = ["database", "db", "make_services", "services"]


def test_few_are_counted_now_and_many_as_they_were_counted_last(services: Services) -> None:
    """However many posts there are, asking how they stand costs no count of all."""
    posts, files = services.stores.db["X_engagement"], services.stores.db["X_media"]
    posts.insert_one({"_id": "0", "tier": "hot"})
    files.insert_one({"_id": "3_0", "download": {"status": "failed"}})
    assert (standing.posts_by_tier(services), standing.files_by_state(services)) == ({"hot": 1}, {"failed": 1})

    posts.insert_many([{"_id": f"1{number}", "tier": "cold"} for number in range(QUICKLY_COUNTED)], ordered=False)
    assert standing.posts_by_tier(services) == {"hot": 1, "cold": QUICKLY_COUNTED}  # nobody has counted yet
    counted = standing.count(services)
    assert services.stores.standing.last() == counted
    posts.delete_one({"_id": "0"})
    posts.insert_one({"_id": "2", "tier": "cold"})
    files.insert_one({"_id": "3_1", "download": {"status": "failed"}})
    assert standing.posts_by_tier(services) == {"hot": 1, "cold": QUICKLY_COUNTED}
    assert standing.files_by_state(services) == {"failed": 2}
    standing.count(services)
    assert standing.posts_by_tier(services) == {"cold": QUICKLY_COUNTED + 1}
