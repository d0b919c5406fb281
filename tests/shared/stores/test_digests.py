"""Objects that come again as they were: real MongoDB."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.domain.attribution import Concern, Why
from shared.domain.mentions import Mention
from shared.domain.sources import X
from shared.stores.database import Db, Document
from shared.stores.described import Described, Recognised
from tests.shared.stores.conftest import NOW, CommandCount, Stores, likes, post_of, user_of
from tests.shared.stores.test_described import by_rule, described, told

SECOND = timedelta(seconds=1)
# Few that differ, so that most say what the one before has said.
answers = st.sampled_from([{"x": 1}, {"x": 2}, {"y": 1}, {"x": 1, "raw": {"a": 1}}, {"raw": {"a": 2, "$b": 1}}])
said = st.lists(st.tuples(st.integers(0, 3), answers, st.booleans()), min_size=1, max_size=6)


def recognising(db: Db, *, in_one: bool = False, recognised: Recognised = Recognised.AT_ONCE) -> Described:
    """Objects whose digest is kept."""
    return described(db, in_one=in_one, recognised=recognised)


def stored(db: Db, id_: str = "1") -> Document:
    """The object as it lies there, without its digest."""
    return db["X_tweets"].find_one({"_id": id_}, {"told": 0}) or {}


@pytest.mark.parametrize("in_one", [False, True])
@pytest.mark.parametrize("recognised", [Recognised.AT_ONCE, Recognised.ONCE_KNOWN])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=said)
def test_the_later_answer_decides_whatever_is_recognised(
    mongo_db: Db, in_one: bool, recognised: Recognised, history: list[tuple[int, Document, bool]]
) -> None:
    """Late answers, repeated ones and those of a writer that looked before others wrote leave what the rule says."""
    mongo_db["X_tweets"].delete_many({})
    store = recognising(mongo_db, in_one=in_one, recognised=recognised)
    looks = [store.look(["1", "2"])]
    for second, document, is_stale in history:
        page = [told(document), told({"z": 1}, "2")]
        store.put(page, at=NOW + second * SECOND, known=looks[-1] if is_stale else None)
        looks.append(store.look(["1", "2"]))

    latest = NOW + max(second for second, _, _ in history) * SECOND
    assert stored(mongo_db) == {"_id": "1", **by_rule(history), "described_at": latest}
    assert stored(mongo_db, "2") == {"_id": "2", "z": 1, "described_at": latest}


def test_what_says_the_same_moves_the_time_and_nothing_else(counted: Stores, commands: CommandCount) -> None:
    """A hundred accounts that are as they were take one update, of their times; one that changed is written."""
    accounts = [user_of(number, f"u{number}", public_metrics={"followers_count": 1}) for number in range(100)]
    counted.users.upsert(accounts, now=NOW)
    counted.db["X_users"].update_many({}, {"$set": {"public_metrics.followers_count": 7}})  # only to see who is written

    changed = [user_of(0, "u0", public_metrics={"followers_count": 2}), *accounts[1:]]
    sent = commands.during(lambda: counted.users.upsert(changed, now=NOW + SECOND))

    assert sent == ["find", "update"]
    counts = {one["_id"]: one["public_metrics"]["followers_count"] for one in counted.db["X_users"].find()}
    assert counts == {str(number): 7 for number in range(100)} | {"0": 2}
    assert counted.db["X_users"].count_documents({"last_updated_at": NOW + SECOND}) == 100


def test_posts_that_stand_still_move_their_times_and_nothing_else(counted: Stores, commands: CommandCount) -> None:
    """From the third time on, which is the second with a digest, those that are as they were take one update; one that
    changed is written, and one that concerns somebody else too."""
    posts = [post_of(number, metrics=likes(1)) for number in range(1, 101)]
    for second in (0, 1):
        counted.posts.upsert(posts, source="search", now=NOW + second * SECOND)
    counted.db["X_tweets"].update_many({}, {"$set": {"public_metrics.like_count": 7}})  # only to see who is written
    now, concerned = NOW + 2 * SECOND, {2: [Concern("tracked", "nasa", Why.MENTION)]}

    sent = commands.during(
        lambda: counted.posts.upsert(
            [post_of(1, metrics=likes(2)), *posts[1:]], source="refresh", now=now, concerns=concerned
        )
    )

    assert sent == ["find", "update"]
    found = {one["_id"]: one for one in counted.db["X_tweets"].find()}
    counts = {id_: one["public_metrics"]["like_count"] for id_, one in found.items()}
    assert counts == {str(number): 7 for number in range(3, 101)} | {"1": 2, "2": 1}
    assert {(one["described_at"], one["last_seen_at"]) for one in found.values()} == {(now, now)}
    assert [id_ for id_, one in found.items() if "concerns" in one] == ["2"]


def test_nothing_of_the_digest_of_a_post_stays_when_it_is_purged(stores: Stores) -> None:
    """Neither of the post nor of its mention: a digest tells whether a text is the one that was written."""
    mention = Mention(
        tenant_id="t", sources=("s",), platform=X, external_id="1", url="u", content="c", published_at=NOW
    )
    for second in (0, 1):
        stores.posts.upsert([post_of(1)], source="search", now=NOW + second * SECOND)
        stores.mentions.put([mention], now=NOW, at=NOW + second * SECOND)
    about = {"X_tweets": {"_id": "1"}, "mentions": {"external_id": "1"}}
    assert all("told" in (stores.db[name].find_one(one) or {}) for name, one in about.items())
    stores.db["X_tweets"].update_one({"_id": "1"}, {"$set": {"gone": {"at": NOW, "purge_at": NOW}}})

    stores.fates.purge(stores.fates.to_purge(now=NOW, limit=10), now=NOW)

    assert not any("told" in (stores.db[name].find_one(one) or {}) for name, one in about.items())


def test_a_place_that_was_taken_away_is_there_again_when_x_tells_it(stores: Stores) -> None:
    """The same answer as before is no reason to leave it out: X still says so."""
    with_place = post_of(1, geo={"place_id": "p"})
    for second in (0, 1):
        stores.posts.upsert([with_place], source="search", now=NOW + second * SECOND)
    stores.fates.scrub_places([1])
    assert "geo" not in (stores.posts.get(1) or {})

    stores.posts.upsert([with_place], source="refresh", now=NOW + 2 * SECOND)

    assert (stores.posts.get(1) or {})["geo"] == {"place_id": "p"}


@pytest.mark.parametrize("late_second", [1, 3])
def test_what_another_wrote_after_the_look_is_not_taken_for_the_same(mongo_db: Db, late_second: int) -> None:
    """Its answer was another one: the later of the two stands, be it the one that was recognised or not."""
    store = recognising(mongo_db)
    store.put([told({"x": 1})], at=NOW)
    known = store.look(["1"])
    store.put([told({"x": 2})], at=NOW + late_second * SECOND)

    store.put([told({"x": 1})], at=NOW + 2 * SECOND, known=known)

    latest = NOW + max(late_second, 2) * SECOND
    assert stored(mongo_db) == {"_id": "1", "x": 1 if late_second == 1 else 2, "described_at": latest}


@pytest.mark.parametrize("looks_before", [False, True])
def test_what_a_version_before_wrote_is_not_taken_for_the_same(mongo_db: Db, looks_before: bool) -> None:
    """It knows no digests and leaves that of the answer before, which the time shows."""
    store, older = recognising(mongo_db), described(mongo_db)
    store.put([told({"x": 1})], at=NOW)
    known = store.look(["1"]) if looks_before else None
    older.put([told({"x": 2})], at=NOW + SECOND)

    store.put([told({"x": 1})], at=NOW + 2 * SECOND, known=known)

    assert stored(mongo_db) == {"_id": "1", "x": 1, "described_at": NOW + 2 * SECOND}


def test_what_was_marked_is_shown_again_by_the_same_answer(mongo_db: Db) -> None:
    """A mark that came after the look is taken away by a later answer, also one that says nothing new."""
    store = recognising(mongo_db)
    store.put([told({"x": 1})], at=NOW)
    known = store.look(["1"])
    mongo_db["X_tweets"].update_one({"_id": "1"}, {"$set": {"gone": {"at": NOW + SECOND}}})

    store.put([told({"x": 1})], at=NOW + 2 * SECOND, known=known)

    assert stored(mongo_db) == {"_id": "1", "x": 1, "described_at": NOW + 2 * SECOND}


def test_an_account_that_was_purged_is_whole_again_when_it_is_shown(stores: Stores) -> None:
    """Nothing of the digest stays, and the same answer writes all of it."""
    account = user_of(1, "nasa", name="NASA", raw={"id": "1"})
    stores.users.upsert([account], now=NOW)
    before = stores.db["X_users"].find_one({"_id": "1"}) or {}
    stores.db["X_users"].update_one({"_id": "1"}, {"$set": {"gone": {"at": NOW, "purge_at": NOW}}})
    assert stores.fates.purge_users(now=NOW, limit=10) == 1
    assert "told" not in (stores.db["X_users"].find_one({"_id": "1"}) or {})

    stores.users.upsert([account], now=NOW + SECOND)

    after = stores.db["X_users"].find_one({"_id": "1"}) or {}
    later = {"last_updated_at": NOW + SECOND, "told": {**before["told"], "at": NOW + SECOND}}
    assert after == {**before, **later}
