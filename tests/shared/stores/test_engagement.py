"""`X_engagement` and its history: claims, readings, and the choice of quotes."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pymongo
import pytest
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from shared.domain.counts import PostMetrics
from shared.domain.engagement.next_reading import RefreshPolicy
from shared.domain.engagement.refresh import Engagement, Reading, read_absence, read_counts
from shared.domain.models import Post, PostState
from shared.stores.beginnings import beginnings
from shared.stores.bundle import Stores
from shared.stores.database import Db
from shared.stores.posts import metrics_from_document
from tests.shared.stores.conftest import AWKWARD_IDS, HOUR, NOW, CommandCount, at_once, likes, post_of, posts_of

LEASE = timedelta(minutes=10)
POLICY = RefreshPolicy()


def follow(stores: Stores, ids: Sequence[int], now: datetime = NOW) -> None:
    """Begin to follow posts."""
    stores.engagement.begin(posts_of(ids), now=now)


def claim(stores: Stores, claim_id: str, *, now: datetime = NOW, limit: int = 100) -> list[int]:
    """Claim due posts."""
    return stores.engagement.claim_due([claim_id], size=limit, now=now, lease=LEASE).get(claim_id, [])


def read(stores: Stores, claim_id: str, said: dict[int, PostMetrics | PostState], now: datetime = NOW) -> list[Reading]:
    """Answer a claim with what X said; the readings that were stored."""
    states, _ = stores.engagement.load(claim_id, list(said))
    readings = [
        read_counts(states[post_id], word, now=now, policy=POLICY)
        if isinstance(word, PostMetrics)
        else read_absence(states[post_id], word, now=now, policy=POLICY)
        for post_id, word in said.items()
    ]
    stores.engagement.answer(claim_id, readings)
    return readings


def state_of(stores: Stores, post_id: int) -> Engagement:
    """The state of one post."""
    return stores.engagement.load("", [post_id])[0][post_id]


def test_a_batch_of_posts_is_a_handful_of_commands(counted: Stores, commands: CommandCount) -> None:
    """A hundred posts: two commands to begin, three to claim, one to load, two to answer; none for nothing."""
    ids = range(1, 101)

    assert commands.during(lambda: follow(counted, ids)) == ["find", "insert"]
    assert commands.during(lambda: counted.engagement.begin([], now=NOW)) == []
    assert commands.during(lambda: claim(counted, "c")) == ["aggregate", "update", "find"]
    said: dict[int, PostMetrics | PostState] = dict.fromkeys(ids, likes(1))
    assert commands.during(lambda: read(counted, "c", said)) == ["find", "insert", "update"]
    assert commands.during(lambda: claim(counted, "d")) == ["aggregate"]
    assert commands.during(lambda: counted.engagement.answer("c", [])) == []


def test_posts_that_are_found_again_begin_to_be_followed_in_one_more_write(
    counted: Stores, commands: CommandCount
) -> None:
    """Those with enough engagement by now are due; of the others less may be asked; old ones stay as they are."""
    young, old = [post_of(id_, created_at=NOW, metrics=likes(1)) for id_ in (1, 2, 3)], NOW - timedelta(days=31)
    posts = [*young, post_of(4, created_at=old, metrics=likes(1))]
    known = {str(one.id): {"follow_from": 10.0} for one in posts}
    counted.engagement.write(beginnings(posts, now=NOW, at=NOW, known={}, follow_from=dict.fromkeys(range(1, 5), 10.0)))
    assert counted.engagement.count_due(now=NOW + timedelta(days=2)) == 0
    again = [
        post_of(id_, created_at=one.created_at, metrics=likes(12 if id_ in (1, 4) else 2))
        for id_, one in enumerate(posts, 1)
    ]

    found = beginnings(again, now=NOW + HOUR, at=NOW + HOUR, known=known, follow_from={2: 5.0, 3: 20.0})

    assert commands.during(lambda: counted.engagement.write(found)) == ["update"]
    told = {id_: (state_of(counted, id_).follow_from, state_of(counted, id_).next_refresh_at) for id_ in range(1, 5)}
    assert told == {1: (None, NOW + HOUR), 2: (5, None), 3: (10, None), 4: (10, None)}


def test_a_post_is_due_at_once_and_followed_from_its_first_sighting(stores: Stores) -> None:
    """Seen again, it keeps its state: its engagement does not begin anew."""
    follow(stores, AWKWARD_IDS)
    assert stores.engagement.count_due(now=NOW) == len(AWKWARD_IDS)
    assert sorted(claim(stores, "c")) == sorted(AWKWARD_IDS)
    read(stores, "c", dict.fromkeys(AWKWARD_IDS, likes(5)))

    follow(stores, AWKWARD_IDS, now=NOW + HOUR)

    assert state_of(stores, 2**63 + 1).metrics == likes(5)
    assert state_of(stores, 2**63 + 1).created_at == NOW
    assert stores.engagement.count_due(now=NOW) == 0


def test_a_claim_takes_the_longest_overdue_first(stores: Stores) -> None:
    """Up to the limit, none that is not due yet."""
    for index, post_id in enumerate([3, 1, 2]):
        follow(stores, [post_id], now=NOW + index * timedelta(seconds=1))

    assert claim(stores, "c", now=NOW + timedelta(seconds=1), limit=1) == [3]
    assert claim(stores, "d", now=NOW + timedelta(seconds=1)) == [1]
    assert claim(stores, "e", now=NOW + timedelta(seconds=1)) == []


def test_eight_planners_claim_no_post_twice(stores: Stores) -> None:
    """Six hundred due posts end up in claims that do not overlap, and none is left over."""
    follow(stores, range(1, 601))

    def claim_all(number: int) -> list[int]:
        mine: list[int] = []
        for batch in range(1000):
            ids = claim(stores, f"{number}:{batch}", limit=50)
            if not ids and not stores.engagement.count_due(now=NOW):
                break
            mine += ids
        return mine

    claimed = [post_id for ids in at_once(8, claim_all) for post_id in ids]

    assert len(claimed) == len(set(claimed)) == 600


class AllLookFirst(CommandListener):
    """Lets every thread's first look end before any of them goes on."""

    def __init__(self, threads: int) -> None:
        self._together, self._looked = threading.Barrier(threads), threading.local()

    def started(self, event: CommandStartedEvent) -> None:
        """Nothing to wait for."""

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Wait for the others after the first look."""
        if event.command_name == "aggregate" and not hasattr(self._looked, "done"):
            self._looked.done = True
            self._together.wait(10)

    def failed(self, event: CommandFailedEvent) -> None:
        """Nothing to wait for."""


def test_planners_that_saw_the_same_posts_share_them(mongo_uri: str, mongo_db: Db) -> None:
    """All eight have looked before the first one claims: still no post is in two claims, and each is in one."""
    for _ in range(5):
        with pymongo.MongoClient[dict[str, Any]](mongo_uri, tz_aware=True, event_listeners=[AllLookFirst(8)]) as client:
            stores = Stores.on(client[mongo_db.name])
            mongo_db["X_engagement"].delete_many({})
            follow(Stores.on(mongo_db), range(1, 101))  # its look is none of the claimants'

            claims = at_once(8, lambda number, stores=stores: claim(stores, f"c{number}"))  # type: ignore[misc]

        assert sorted(post_id for ids in claims for post_id in ids) == list(range(1, 101))


def test_a_claim_whose_job_was_lost_is_due_again(stores: Stores) -> None:
    """After the lease, under another claim."""
    follow(stores, [1])
    assert claim(stores, "lost") == [1]

    assert claim(stores, "again", now=NOW + LEASE - timedelta(seconds=1)) == []
    assert claim(stores, "again", now=NOW + LEASE) == [1]


def test_a_reading_leaves_a_state_and_a_snapshot(stores: Stores, mongo_db: Db) -> None:
    """Counts, deltas, velocity and tier; a second reading's deltas are to the first."""
    follow(stores, [1])
    read(stores, "a", {1: likes(5)}, now=NOW + HOUR)
    (reading,) = read(stores, "b", {1: likes(25)}, now=NOW + 2 * HOUR)

    assert state_of(stores, 1) == reading.engagement
    first, second = mongo_db["X_engagement_history"].find().sort("at", 1)
    assert metrics_from_document(first["deltas"]) == PostMetrics()
    assert metrics_from_document(second["deltas"]) == likes(20)
    assert metrics_from_document(second["metrics"]) == likes(25)
    assert (second["post_id"], second["at"], second["velocity"]) == ("1", NOW + 2 * HOUR, 20.0)
    assert stores.engagement.count_snapshots() == 2
    assert stores.engagement.count_by_tier() == {"hot": 1}


def test_what_says_the_same_extends_the_last_snapshot(stores: Stores, mongo_db: Db) -> None:
    """One snapshot says from when to when; another count, or somebody who asked, makes a new one; told twice is told
    once."""
    follow(stores, [1])
    for number, (claim_id, count) in enumerate({"a": 5, "b": 5, "c": 5, "d": 6}.items(), start=1):
        readings = read(stores, claim_id, {1: likes(count)}, now=NOW + number * HOUR)
        stores.engagement.answer(claim_id, readings)
    asked = read_counts(state_of(stores, 1), likes(6), now=NOW + 5 * HOUR, policy=RefreshPolicy())
    assert asked.is_unchanged
    stores.engagement.answer("e", [asked], each_stays=True)

    found = mongo_db["X_engagement_history"].find().sort("at", 1)
    assert [(one["_id"], one["at"], one.get("through")) for one in found] == [
        ("1:a", NOW + HOUR, NOW + 3 * HOUR),
        ("1:d", NOW + 4 * HOUR, None),
        ("1:e", NOW + 5 * HOUR, None),
    ]
    assert (mongo_db["X_engagement"].find_one({}) or {})["readings"] == 5


def test_a_job_that_arrives_twice_changes_nothing_the_second_time(stores: Stores) -> None:
    """It sees which posts its claim answered; answering again stores no snapshot and counts no reading."""
    follow(stores, [1, 2])
    readings = read(stores, "c", {1: likes(5)})

    states, answered = stores.engagement.load("c", [1, 2, 404])

    assert (set(states), answered) == ({1, 2}, {1})
    assert stores.engagement.answer("c", readings) == 0
    assert stores.engagement.count_snapshots() == 1


def test_what_a_claim_holds_no_more(stores: Stores) -> None:
    """A post that it has answered, that went to another claim after the lease, or that was read ad hoc; not a post that
    nobody knows.
    """
    follow(stores, [1, 2, 3, 4])
    claim(stores, "a")
    read(stores, "a", {1: likes(1)})
    read(stores, "ad-hoc", {2: likes(1)})
    assert stores.engagement.not_held("a", [1, 2, 3, 4, 404]) == {1, 2}

    claim(stores, "b", now=NOW + LEASE)

    assert stores.engagement.not_held("a", [3, 4, 404]) == {3, 4}
    assert stores.engagement.not_held("b", [3, 4, 404]) == set()


def test_when_x_first_said_that_a_post_is_gone_is_kept(stores: Stores, mongo_db: Db) -> None:
    """It survives the store, and a document of before it was kept counts from its next word on."""
    follow(stores, [1])
    read(stores, "a", {1: PostState.DELETED})
    assert state_of(stores, 1).gone_first_at == NOW
    mongo_db["X_engagement"].update_one({"_id": "1"}, {"$unset": {"gone_first_at": ""}})

    read(stores, "b", {1: PostState.DELETED}, NOW + HOUR)

    assert (state_of(stores, 1).state, state_of(stores, 1).gone_first_at) == (PostState.ALIVE, NOW + HOUR)


def test_two_deliveries_at_once_leave_one_reading(stores: Stores, mongo_db: Db) -> None:
    """Eight threads answer one claim for fifty posts: fifty snapshots, one reading each."""
    ids = list(range(1, 51))
    follow(stores, ids)
    states, _ = stores.engagement.load("c", ids)
    readings = [read_counts(states[i], likes(i), now=NOW + HOUR, policy=POLICY) for i in ids]

    new = at_once(8, lambda _: stores.engagement.answer("c", readings))

    assert sum(new) == 50
    assert mongo_db["X_engagement"].distinct("readings") == [1]


def test_an_answer_that_was_cut_in_the_middle_is_completed(stores: Stores, mongo_db: Db) -> None:
    """After a crash between snapshots and states, the same job writes the states and no second snapshot."""
    follow(stores, [1])
    readings = read(stores, "c", {1: likes(5)})
    mongo_db["X_engagement"].update_one({"_id": "1"}, {"$unset": {"answered_claim": ""}, "$set": {"metrics": None}})

    assert stores.engagement.answer("c", readings) == 0

    assert state_of(stores, 1).metrics == likes(5)
    assert stores.engagement.count_snapshots() == 1


def test_a_post_that_is_gone_is_due_no_more(stores: Stores) -> None:
    """Twice reported, it has the reason and no next reading; it is no candidate for quotes either."""
    follow(stores, [1])
    read(stores, "a", {1: PostState.DELETED})
    assert stores.engagement.count_due(now=NOW + 9 * HOUR) == 1
    read(stores, "b", {1: PostState.DELETED}, NOW + HOUR)

    assert state_of(stores, 1).state is PostState.DELETED
    assert stores.engagement.count_due(now=NOW + timedelta(days=99)) == 0
    assert stores.quotes.candidates([{"_id": "1"}]) == []


def test_what_was_claimed_and_not_answered_can_be_released(stores: Stores) -> None:
    """After a loss of the queue only that is due again, not what was read, ad hoc or by its claim."""
    follow(stores, [1, 2, 3])
    claim(stores, "c")
    read(stores, "c", {1: likes(1)})
    read(stores, "ad-hoc", {1: likes(2), 2: likes(2)})

    assert stores.engagement.release_unanswered(now=NOW) == 1

    assert claim(stores, "d") == [3]
    assert stores.engagement.release_unanswered(now=NOW + LEASE) == 0


def test_posts_seen_twice_on_a_page_are_followed_once(stores: Stores) -> None:
    """The same post on two pages, or twice on one."""
    twin: list[Post] = [post_of(1), post_of(1), post_of(2)]

    stores.engagement.begin(twin, now=NOW)

    assert stores.engagement.count_due(now=NOW) == 2


def test_what_a_claim_read_of_posts(stores: Stores) -> None:
    """When, the counts and their differences, of those that this claim has read; known posts are counted."""
    stores.engagement.begin([post_of(1, metrics=likes(3)), post_of(2, metrics=likes(3))], now=NOW)
    read(stores, "c", {1: likes(5)}, now=NOW + HOUR)

    assert stores.engagement.snapshots({1: "c", 2: "c", 3: "c"}) == {1: (NOW + HOUR, likes(5), likes(2))}
    assert stores.engagement.snapshots({1: "other"}) == {}
    assert stores.engagement.count_known([1, 2, 3]) == 2


def debts(mongo_db: Db) -> dict[str, tuple[int | None, int | None]]:
    """What was counted of the quotes of each post, and how many are still to be found."""
    return {one["_id"]: (one.get("quotes_counted"), one.get("quotes_owed")) for one in mongo_db["X_engagement"].find()}


@pytest.mark.parametrize(
    ("stored", "told", "counted", "owed"),
    [
        ({"quotes_wanted": True}, 4, None, 4),
        ({"quotes_wanted": True, "quotes_counted": 3, "quotes_owed": 1}, 4, 3, 1),
        ({"quotes_wanted": True, "quotes_counted": 3, "quotes_owed": 1}, 3, 3, None),
        ({"quotes_wanted": True, "quotes_counted": 3}, 2, 2, None),
        ({"quotes_wanted": True, "quotes_counted": 3, "quotes_owed": 1}, 0, 0, None),
        ({"quotes_wanted": True, "quotes_counted": 3}, None, 3, None),
        ({"quotes_counted": 3}, 9, 3, None),
        ({}, 9, None, None),
    ],
)
def test_the_debt_of_quotes_follows_new_counts(
    stores: Stores,
    mongo_db: Db,
    stored: dict[str, Any],
    told: int | None,
    counted: int | None,
    owed: int | None,
) -> None:
    """A post owes what X counts more than was found, where that is wanted; where X counts fewer, fewer were found."""
    follow(stores, [1])
    mongo_db["X_engagement"].update_one({"_id": "1"}, {"$set": stored})
    states, _ = stores.engagement.load("c", [1])
    reading = read_counts(states[1], PostMetrics(like_count=1, quote_count=told), now=NOW + HOUR, policy=POLICY)

    stores.engagement.answer("c", [reading])

    assert debts(mongo_db) == {"1": (counted, owed)}
    assert state_of(stores, 1).metrics == PostMetrics(like_count=1, quote_count=told)


def test_an_answer_that_is_delivered_again_leaves_the_claim_of_another(stores: Stores, mongo_db: Db) -> None:
    """The post was claimed anew since: that claim is still to be answered, and the state stays as it was read."""
    follow(stores, [1])
    readings = read(stores, "c", {1: likes(5)})
    mongo_db["X_engagement"].update_one({"_id": "1"}, {"$set": {"claim_id": "d"}})

    stores.engagement.answer("c", readings)

    assert stores.engagement.not_held("d", [1]) == set()
    assert (mongo_db["X_engagement"].find_one({}) or {})["readings"] == 1


def test_what_changed_since_the_posts_were_loaded_is_kept(stores: Stores, mongo_db: Db) -> None:
    """A later reading of another one stays, and a debt is told by what was counted of the quotes meanwhile; the claim
    of each is answered."""
    follow(stores, [1, 2, 3])
    states, _ = stores.engagement.load("c", [1, 2, 3])
    said = PostMetrics(like_count=1, quote_count=5)
    readings = [read_counts(states[one], said, now=NOW + HOUR, policy=POLICY) for one in (1, 2, 3)]
    read(stores, "another", {1: likes(70)}, now=NOW + 2 * HOUR)
    counted = {"quotes_wanted": True, "quotes_counted": 2, "quotes_owed": 0}
    mongo_db["X_engagement"].update_one({"_id": "2"}, {"$set": counted})

    stores.engagement.answer("c", readings)

    assert [state_of(stores, one).metrics for one in (1, 2, 3)] == [likes(70), said, said]
    assert debts(mongo_db) == {"1": (None, None), "2": (2, 3), "3": (None, None)}
    assert stores.engagement.load("c", [1, 2, 3])[1] == {1, 2, 3}
    assert [one["readings"] for one in mongo_db["X_engagement"].find().sort("_id", 1)] == [2, 1, 1]


def test_what_is_gone_owes_no_quotes_and_an_older_reading_changes_no_debt(stores: Stores, mongo_db: Db) -> None:
    """X's word that a post is gone ends its debt; a reading from before the last one says nothing of it."""
    follow(stores, [1, 2])
    states, _ = stores.engagement.load("c", [1, 2])
    said = PostMetrics(like_count=1, quote_count=5)
    older = read_counts(states[2], said, now=NOW + HOUR, policy=POLICY)
    read(stores, "another", {2: PostMetrics(like_count=1, quote_count=9)}, now=NOW + 2 * HOUR)
    mongo_db["X_engagement"].update_many({}, {"$set": {"quotes_wanted": True, "quotes_counted": 2, "quotes_owed": 7}})
    first = read_absence(states[1], PostState.DELETED, now=NOW + HOUR, policy=POLICY)
    second = read_absence(first.engagement, PostState.DELETED, now=NOW + 9 * HOUR, policy=POLICY)

    stores.engagement.answer("c", [second, older])

    assert state_of(stores, 1).state is PostState.DELETED
    assert debts(mongo_db) == {"1": (2, None), "2": (2, 7)}


def test_an_unchanged_page_extends_only_the_last_snapshot_of_each(stores: Stores, mongo_db: Db) -> None:
    """Posts that changed last at one moment are extended together; an older snapshot of the same moment is not."""
    follow(stores, [1, 2])
    read(stores, "a", {1: likes(5), 2: likes(5)}, now=NOW + HOUR)
    read(stores, "b", {2: likes(6)}, now=NOW + 2 * HOUR)

    read(stores, "c", {1: likes(5), 2: likes(6)}, now=NOW + 3 * HOUR)

    through = {one["_id"]: one.get("through") for one in mongo_db["X_engagement_history"].find()}
    assert through == {"1:a": NOW + 3 * HOUR, "2:a": None, "2:b": NOW + 3 * HOUR}


def test_a_hundred_readings_are_answered_in_three_commands(counted: Stores, commands: CommandCount) -> None:
    """Changed and unchanged ones: the new snapshots, the last ones that hold on, and the states."""
    ids = list(range(1, 101))
    follow(counted, ids)
    read(counted, "a", dict.fromkeys(ids, likes(5)), now=NOW + HOUR)
    states, _ = counted.engagement.load("b", ids)
    said = {one: likes(5 + one % 2) for one in ids}
    readings = [read_counts(states[one], word, now=NOW + 2 * HOUR, policy=POLICY) for one, word in said.items()]

    sent = commands.during(lambda: counted.engagement.answer("b", readings))

    assert sent == ["insert", "update", "update"]
