"""Which stored posts a person means, on a real MongoDB."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pymongo
import pytest
from pymongo.monitoring import CommandStartedEvent

from shared.domain.attribution import Concern, Why
from shared.domain.engagement.tiers import Tier
from shared.domain.models import Post, PostState, Reference, ReferenceType
from shared.domain.states import By, Word
from shared.stores.bundle import Stores
from shared.stores.database import Db
from shared.stores.selected import SelectedStore
from tests.shared.stores.conftest import HOUR, NOW, CommandCount, post_of

Select = Callable[[SelectedStore], list[int]]
CHOICES: dict[str, Select] = {
    "author": lambda store: store.of_author(7, since=None, limit=3),
    "author, since": lambda store: store.of_author(7, since=NOW, limit=3),
    "source": lambda store: store.of_source("s", since=None, limit=3),
    "source, since": lambda store: store.of_source("s", since=NOW, limit=3),
    "tier": lambda store: store.in_tier(Tier.COLD, since=None, limit=3),
    "tier, since": lambda store: store.in_tier(Tier.COLD, since=NOW, limit=3),
}


class Sent(CommandCount):
    """The commands themselves, too."""

    def __init__(self) -> None:
        super().__init__()
        self.finds: list[dict[str, Any]] = []

    def started(self, event: CommandStartedEvent) -> None:
        """A command leaves."""
        super().started(event)
        if event.command_name == "find":
            self.finds.append({key: event.command[key] for key in ("find", "filter", "sort", "limit", "projection")})


@pytest.fixture
def sent() -> Sent:
    """What `watched` sends."""
    return Sent()


@pytest.fixture
def watched(mongo_db: Db, mongo_uri: str, sent: Sent) -> Iterator[SelectedStore]:
    """The store, through a client whose commands are seen."""
    with pymongo.MongoClient[dict[str, Any]](mongo_uri, tz_aware=True, event_listeners=[sent]) as client:
        yield SelectedStore(client[mongo_db.name])


def furnish(stores: Stores, mongo_db: Db, posts: list[Post]) -> None:
    """Store posts that all concern the source `s`, and follow them, in the cold tier."""
    concern = (Concern("s", "nasa", Why.AUTHOR),)
    stores.posts.upsert(posts, source="search", now=NOW, concerns={post.id: concern for post in posts})
    stores.engagement.begin(posts, now=NOW)
    mongo_db["X_engagement"].update_many({}, {"$set": {"tier": Tier.COLD.value}})


@pytest.mark.parametrize("choice", CHOICES)
def test_the_newest_come_first_and_no_more_than_wished(stores: Stores, mongo_db: Db, choice: str) -> None:
    """By when they were made, not by their ids; with `since`, none that is older."""
    made = {10: 2, 20: -2, 30: 1, 40: 3, 50: -1}
    furnish(stores, mongo_db, [post_of(id_, created_at=NOW + hours * HOUR) for id_, hours in made.items()])

    assert CHOICES[choice](SelectedStore(mongo_db)) == [40, 10, 30]
    assert SelectedStore(mongo_db).of_author(7, since=NOW + 2 * HOUR, limit=9) == [40, 10]
    assert SelectedStore(mongo_db).of_source("s", since=NOW + 2 * HOUR, limit=9) == [40, 10]
    assert SelectedStore(mongo_db).in_tier(Tier.COLD, since=NOW + 2 * HOUR, limit=9) == [40, 10]


def test_what_is_of_somebody_else_is_not_chosen(stores: Stores, mongo_db: Db) -> None:
    """Another author, another source, another tier."""
    furnish(stores, mongo_db, [post_of(1)])
    selected = SelectedStore(mongo_db)

    assert selected.of_author(8, since=None, limit=9) == []
    assert selected.of_source("t", since=None, limit=9) == []
    assert selected.in_tier(Tier.HOT, since=None, limit=9) == []


def test_what_no_reading_can_tell_of_is_left_out(stores: Stores, mongo_db: Db) -> None:
    """Posts that are gone, versions that were edited since, and reposts by author or source."""
    repost = post_of(2, references=(Reference(ReferenceType.RETWEETED, 99),))
    furnish(stores, mongo_db, [post_of(1), repost, post_of(3), post_of(4)])
    mongo_db["X_tweets"].update_one({"_id": "3"}, {"$set": {"superseded_by": "4"}})
    stores.fates.bury({1: Word(PostState.DELETED, NOW, By.LOOKUP)}, now=NOW, purge_after=timedelta(hours=1))
    mongo_db["X_engagement"].update_one({"_id": "1"}, {"$set": {"state": "deleted"}})
    selected = SelectedStore(mongo_db)

    assert selected.of_author(7, since=None, limit=9) == [4]
    assert selected.of_source("s", since=None, limit=9) == [4]
    assert 1 not in selected.in_tier(Tier.COLD, since=None, limit=9)


@pytest.mark.parametrize("choice", CHOICES)
def test_a_choice_is_one_query_that_looks_at_what_it_answers(
    stores: Stores, mongo_db: Db, watched: SelectedStore, sent: Sent, choice: str
) -> None:
    """Of 300 posts three are looked at, by an index and without sorting; MongoDB's own plan of the query sent."""
    furnish(stores, mongo_db, [post_of(id_, created_at=NOW + id_ * HOUR) for id_ in range(1, 301)])

    assert sent.during(lambda: CHOICES[choice](watched)) == ["find"]

    done = mongo_db.command("explain", sent.finds[-1], verbosity="executionStats")
    plan = str(done["queryPlanner"]["winningPlan"])
    assert "IXSCAN" in plan
    assert "COLLSCAN" not in plan
    assert "'SORT'" not in plan
    assert done["executionStats"]["totalDocsExamined"] <= 4
