"""The judges of the program of coverage, on what they would be given; `make faults ARGS=coverage` runs it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from control.evidence import Interval
from shared.domain.coverage import intervals
from shared.domain.coverage.gaps import GapReason, Unread, note
from shared.domain.coverage.sweeps import ReadBy
from shared.domain.live.spans import LiveSpan
from shared.domain.money.prices import Amounts, PriceKind
from shared.domain.money.purchases import Sums
from shared.domain.snowflake import first_id_at
from shared.stores.database import Db
from tests.faults.coverage_audit import Audited, Told, compare
from tests.faults.coverage_forms import long_forms
from tests.faults.coverage_judge import Away, Expected, Judgement, expected_of, judge
from tests.faults.coverage_live import Ended, Live, deleted_while_heard, made_in_breaks, untold
from tests.faults.coverage_look import Outcome, finding
from tests.faults.coverage_money import Money
from tests.faults.coverage_run import beside
from tests.faults.coverage_world import members_of, terms_sources
from tests.faults.form import what_happens

NOW = datetime(2026, 5, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
REPORT: dict[str, Any] = {
    "missing": {"posts": [], "quotes": [], "media": [], "bad_checksum": []},
    "duplicates": 0,
    **{f"quotes_{name}": 0 for name in ("expected", "missed")},
    "media_bad_checksum": 0,
}
ROW: dict[str, Any] = {"covered_ratio": 1.0, "verified_ratio": 0.9, "unaccounted_seconds": 0, "gaps": []}
SPENT = Sums(calls=3, bought=Amounts({PriceKind.POST: 2}), reread=Amounts({PriceKind.POST: 5}), micro_usd=10_000)
RENAMED = Sums(calls=1, bought=Amounts({PriceKind.PROFILE_UPDATE: 1}), micro_usd=5_000)
LIVE = Live(
    ended=4,
    untold=(),
    breaks=5,
    heard=90,
    unheard=1,
    deletions=3,
    deaf=(),
    renames=1,
    unfollowed=(),
    found=60,
    in_breaks=7,
    closed=7,
)
GOOD = Outcome(
    posts_a_minute=100.0,
    judged=Judgement(expected=400, late=18, attributed=700),
    report=REPORT,
    rows=[ROW, ROW],
    audit=Audited(rows=2, counted=500, stored=500),
    money=Money({"search/recent": SPENT, "activity/stream/events": RENAMED}, {"search/recent": 17_000}, 2_000),
    left="",
    late_by_rereading=9,
    final=Counter(),
    live=LIVE,
)


def test_a_run_passes_when_nothing_is_missing() -> None:
    """Late posts too; and there were some. Dollars and posts are told by route."""
    found = finding("V1", "60 accounts", GOOD)

    assert found.passed
    assert "of 400 posts (18 of them late, 9 found by reading again)" in found.figure
    assert found.details["routes"]["search/recent"] == {
        **{"calls": 3, "failed": 0, "posts": 2, "posts_reread_free": 5, "users": 0, "counts": 0},
        **{"usd": 0.01, "usd_billed": 0.017},
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"judged": replace(GOOD.judged, missing=["7"])},
        {"judged": replace(GOOD.judged, twice=1)},
        {"judged": replace(GOOD.judged, wrong=[("7", "nasa", "author")])},
        {"judged": replace(GOOD.judged, lacking=[("7", "nasa", "author")])},
        {"judged": replace(GOOD.judged, unmentioned=["7"])},
        {"judged": replace(GOOD.judged, late=0)},
        {"judged": replace(GOOD.judged, expected=0)},
        {"report": REPORT | {"missing": REPORT["missing"] | {"quotes": ["7"]}}},
        {"report": REPORT | {"missing": REPORT["missing"] | {"media": ["3_7"]}}},
        {"report": REPORT | {"duplicates": 1}},
        {"rows": [ROW, ROW | {"covered_ratio": 0.99}]},
        {"rows": [ROW, ROW | {"unaccounted_seconds": 5}]},
        {"rows": [ROW, ROW | {"covered_ratio": 0.9, "gaps": [{"state": "open"}]}]},
        {"audit": replace(GOOD.audit, lost=["7"])},
        {"audit": replace(GOOD.audit, wrong=["nasa: 1, not 2"])},
        {"audit": replace(GOOD.audit, beside=1)},
        {"money": replace(GOOD.money, unanswered=1_999)},
        {"left": "1 open gaps"},
        {"audit": replace(GOOD.audit, overdue=["7"])},
        {"live": replace(LIVE, untold=[Ended("activity", NOW)])},
        {"live": replace(LIVE, deaf=["7"])},
        {"live": replace(LIVE, unfollowed=["nasa"])},
        {"live": replace(LIVE, closed=6)},
        {"live": replace(LIVE, renames=2)},
        *({"live": replace(LIVE, **{none: 0})} for none in ("ended", "heard", "found", "deletions", "in_breaks")),
    ],
)
def test_whatever_is_missing_fails_a_run(wrong: dict[str, Any]) -> None:
    """One post, one attribution, one moment, one cent, a break of a stream that nobody tells, or nothing that was late
    at all."""
    assert not finding("V1", "60 accounts", replace(GOOD, **wrong)).passed


class Table:
    """The truth as a table of records by query; what is in none was never posted."""

    def __init__(self, **by_query: list[dict[str, Any]]) -> None:
        self.by_query = by_query

    def posts(self, query: str, *, since: datetime, until: datetime) -> list[dict[str, Any]]:
        """What the table has."""
        return self.by_query.get(query.removesuffix(" -is:retweet"), [])


def record(id: str, *, late: float = 0.0, for_minutes: float | None = None) -> dict[str, Any]:
    """A post that can be found from now on, for so long."""
    until = None if for_minutes is None else (NOW + for_minutes * MINUTE).isoformat()
    return {
        "id": id,
        "created_at": NOW.isoformat(),
        "searchable_at": NOW.isoformat(),
        "late_seconds": late,
        "unsearchable_at": until,
    }


def expected(*, away: Away | None = None, renamed: Mapping[str, str] | None = None) -> Expected:
    """1: by @a, naming @a. 2: to @a, about rain; late. 3: to @a, for a minute. 4: quotes @a. 5: names @a. 6: quotes @a
    by a former name."""
    told = Table(
        **{
            "from:A": [record("1")],
            "to:A": [record("2", late=5.0), record("3", for_minutes=1)],
            "@A": [record("1"), record("2", late=5.0), record("3", for_minutes=1), record("5", for_minutes=3)],
            'is:quote url:"A/status"': [record("4")],
            'is:quote url:"former/status"': [record("6")],
            "(rain)": [record("2", late=5.0)],
        }
    )
    interval = Interval(NOW, NOW, NOW + MINUTE, 2 * MINUTE)
    return expected_of(told, ["A"], {"+rain": "(rain)"}, interval, away=away, renamed=renamed)  # type: ignore[arg-type]


def test_the_truth_says_what_is_demanded_and_why() -> None:
    """Who writes is author alone, who is answered is not named beside; a quote alone, or a moment, is not demanded."""
    found = expected()

    assert (found.demanded, found.late) == ({"1", "2", "5"}, {"2"})
    assert found.concerns == {
        "1": {("a", "author")},
        "2": {("a", "reply"), ("+rain", "term")},
        "3": {("a", "reply")},
        "4": {("a", "quote")},
        "5": {("a", "mention")},
    }


def test_what_is_stored_is_judged(mongo_db: Db) -> None:
    """Missing, attributed wrongly, not attributed, and stored under two keys."""
    why = {"1": [("a", "author")], "2": [("a", "reply"), ("a", "mention")], "4": [("a", "quote")], "x": []}
    mongo_db["X_tweets"].insert_many(
        {
            "_id": id,
            "raw": {"id": "4" if id == "x" else id},
            "concerns": [{"source": "tracked", "member": member, "why": why} for member, why in concerns],
        }
        for id, concerns in why.items()
    )

    found = judge(mongo_db, expected())

    assert (found.expected, found.late, found.missing, found.twice, found.attributed) == (3, 1, ["5"], 1, 4)
    assert found.wrong == [("2", "a", "mention")]
    assert found.lacking == [("2", "+rain", "term")]
    assert not found.passed


def stored_as_in_the_truth(db: Db) -> None:
    """All that `expected` tells, each attributed as it is there, and its mention."""
    db["X_tweets"].insert_many(
        {
            "_id": id,
            "raw": {"id": id},
            "created_at": NOW,
            "concerns": [{"source": "tracked", "member": member, "why": why} for member, why in concerns],
        }
        for id, concerns in expected().concerns.items()
    )
    db["mentions"].insert_many(
        {"_id": f"t:x:{id}", "tenant_id": "t", "external_id": id, "sources": ["tracked", "rain"]}
        for id in expected().concerns
    )


ATTRIBUTED = {"concerns": {"source": "tracked", "member": "a", "why": "mention"}}


@pytest.mark.parametrize(
    "damage",
    [
        lambda db: db["X_tweets"].delete_one({"_id": "2"}),
        lambda db: db["X_tweets"].insert_one({"_id": "01", "raw": {"id": "1"}}),
        lambda db: db["mentions"].insert_one({"_id": "t:X:1", "tenant_id": "t", "external_id": "1", "sources": []}),
        lambda db: db["mentions"].delete_one({"external_id": "1"}),
        lambda db: db["mentions"].update_one({"external_id": "2"}, {"$pull": {"sources": "rain"}}),
        lambda db: db["X_tweets"].update_one({"_id": "1"}, {"$push": ATTRIBUTED}),
        lambda db: db["X_tweets"].update_one({"_id": "2"}, {"$pull": {"concerns": {"member": "+rain"}}}),
        lambda db: db["X_tweets"].insert_one(
            {"_id": "9", "created_at": NOW, "concerns": [{"source": "tracked", "member": "a", "why": "mention"}]}
        ),
    ],
    ids=[
        "a post less",
        "one twice",
        "a mention twice",
        "no mention",
        "of a source less",
        "named too much",
        "a term too little",
        "of a stranger",
    ],
)
def test_one_deed_is_enough_to_fail_the_judge(mongo_db: Db, damage: Callable[[Db], object]) -> None:
    """It passes what is stored as the truth has it, and nothing that differs in one post or one attribution."""
    stored_as_in_the_truth(mongo_db)
    assert judge(mongo_db, expected()).passed

    damage(mongo_db)

    assert not judge(mongo_db, expected()).passed


def test_who_took_another_name_is_the_same_member(mongo_db: Db) -> None:
    """What is attributed to the former name counts as the present one's; unless nobody says that it is the same."""
    stored_as_in_the_truth(mongo_db)
    mongo_db["X_tweets"].update_one({"_id": "1"}, {"$set": {"concerns.0.member": "former"}})

    assert judge(mongo_db, expected(), renamed={"former": "a"}).passed
    assert not judge(mongo_db, expected()).passed
    assert expected(renamed={"former": "a"}).concerns["6"] == {("a", "quote")}


def test_what_a_gap_tells_to_be_out_of_reach_is_not_missing(mongo_db: Db) -> None:
    """Of those for whom it tells so; a post that another search was to find is missing all the same."""
    span = {"from_at": NOW - MINUTE, "to_at": NOW + MINUTE}
    gap = note(Unread(**span, reason=GapReason.BEYOND_SEARCH_WINDOW), stream="s", members=["a"], now=NOW)

    found = judge(mongo_db, expected(), final=[gap])

    assert (found.expected, found.beyond, found.missing) == (3, 2, ["2"])


def test_what_came_late_in_time_that_is_told_not_verified_is_not_missing(mongo_db: Db) -> None:
    """Of those for whom it was read once only; what was there in time is missing all the same."""
    once = intervals.Interval(
        id="i",
        stream="s",
        from_at=NOW - MINUTE,
        to_at=NOW + MINUTE,
        route=ReadBy.RECENT,
        read_at=NOW,
        posts=0,
        members=("a", "+rain"),
        check=intervals.Check.NOT_VERIFIED,
    )

    found = judge(mongo_db, expected(), unverified=[once])

    assert (found.expected, found.unverified, found.missing) == (3, 1, ["1", "5"])
    assert judge(mongo_db, expected(), unverified=[replace(once, members=("a",))]).missing == ["1", "2", "5"]


def test_what_came_and_went_while_nobody_read_is_not_demanded() -> None:
    """5 was there for three minutes, two of which nobody was there; what still is there is demanded."""
    assert expected(away=Away(NOW, NOW + 2 * MINUTE)).demanded == {"1", "2"}


def test_an_audit_is_told_apart_by_the_truth(mongo_db: Db) -> None:
    """X shows three posts: one stored, one lost, one made after the end. Beside the first there are stored one
    that is known to be gone, one that ended meanwhile, and one that the count is not about."""
    made = {name: str(first_id_at(NOW + number * MINUTE)) for number, name in enumerate(("a", "lost", "gone", "ended"))}
    made |= {"beside": str(first_id_at(NOW + 5 * MINUTE)), "after": str(first_id_at(NOW + 9 * MINUTE))}
    mongo_db["X_tweets"].insert_many(
        {"_id": made[name], "created_at": NOW + MINUTE, "concerns": [{"member": "a", "why": "author"}]}
        for name in ("a", "gone", "ended", "beside")
    )
    ever = frozenset(id for name, id in made.items() if name != "beside")
    shown = frozenset(made[name] for name in ("a", "lost", "after"))
    mongo_db["X_tweets"].update_one({"_id": made["gone"]}, {"$set": {"gone": {"reason": "deleted"}}})
    told = Told(ever, shown, {made[name]: NOW + 6 * MINUTE for name in ("gone", "ended")})
    row = {"from_at": NOW, "to_at": NOW + 10 * MINUTE, "counted": 3, "stored": 3, "gone": 1}

    found, other = Audited(), Audited()
    compare(mongo_db, found, "a", row, told, NOW + 8 * MINUTE, NOW + 6 * MINUTE)
    compare(mongo_db, other, "a", row | {"counted": 2}, told, NOW + 8 * MINUTE, NOW + 7 * MINUTE)

    assert (found.lost, found.not_due, found.ended, found.beside, found.wrong) == ([made["lost"]], 1, 1, 1, [])
    assert other.wrong == ["a: {'counted': 2, 'stored': 3, 'gone': 1}, of 3 shown and 3 stored"]
    assert (found.overdue, other.overdue) == ([], [made["ended"]])


@pytest.mark.parametrize("off", [-1, 1])
@pytest.mark.parametrize("what", ["counted", "stored", "gone"])
def test_an_audit_that_is_off_by_one_fails(mongo_db: Db, what: str, off: int) -> None:
    """X counts two; they and one that is known to be gone are stored; any other figure is none of the truth's."""
    made = [str(first_id_at(NOW + number * MINUTE)) for number in range(3)]
    concerns = [{"member": "a", "why": "author"}]
    mongo_db["X_tweets"].insert_many({"_id": id, "created_at": NOW + MINUTE, "concerns": concerns} for id in made)
    mongo_db["X_tweets"].update_one({"_id": made[2]}, {"$set": {"gone": {"reason": "deleted"}}})
    told = Told(frozenset(made), frozenset(made[:2]), {made[2]: NOW + MINUTE})
    row = {"from_at": NOW, "to_at": NOW + 10 * MINUTE, "counted": 2, "stored": 2, "gone": 1}

    right, wrong = Audited(), Audited()
    compare(mongo_db, right, "a", row, told, NOW + 8 * MINUTE, NOW + 8 * MINUTE)
    compare(mongo_db, wrong, "a", row | {what: row[what] + off}, told, NOW + 8 * MINUTE, NOW + 8 * MINUTE)

    assert (right.passed, wrong.passed) == (True, False)


def test_each_end_of_a_stream_is_to_be_told() -> None:
    """As a break of its route, which may begin a little later, and lasts beyond it."""
    ended = [Ended(route, NOW + number * MINUTE) for number, route in enumerate(("activity", "activity", "filtered"))]
    silent = [
        {"route": "activity", "from_at": NOW + timedelta(seconds=3), "to_at": NOW + timedelta(seconds=4)},
        {"route": "activity", "from_at": NOW + MINUTE / 2, "to_at": NOW + MINUTE / 2},
        {"route": "filtered", "from_at": NOW + MINUTE, "to_at": None},
    ]

    assert untold(ended, silent) == [ended[1]]
    assert untold(ended, silent[1:2]) == ended


def test_what_was_posted_while_nobody_heard_is_to_be_found_by_search() -> None:
    """Of what is wanted live, in breaks that have ended, and as far as it is demanded."""
    span = {"from_at": NOW - MINUTE, "to_at": NOW + MINUTE}

    assert set(made_in_breaks(expected(), {"+rain"}, [span])) == {"2"}
    assert set(made_in_breaks(expected(), {"a"}, [span])) == {"1", "2", "5"}
    assert made_in_breaks(expected(), {"a"}, [span | {"from_at": NOW + MINUTE / 2}, span | {"to_at": None}]) == []


def test_a_deletion_is_to_be_told_where_the_post_was_stored_and_the_stream_heard(mongo_db: Db) -> None:
    """Of an account's own posts; not of one that was stored later, nor where the stream broke at once."""
    deleted = {"deleted_at": (NOW + MINUTE).isoformat()}
    told = expected()
    told = replace(told, records={id: dict(post) | deleted for id, post in told.records.items()})
    mongo_db["X_tweets"].insert_many({"_id": id, "first_seen_at": NOW} for id in ("1", "2"))
    span = LiveSpan(id="s", route="activity", by="one", from_at=NOW, seen_at=NOW, to_at=NOW + 2 * MINUTE)

    assert deleted_while_heard(mongo_db, told, [span]) == ["1"]
    assert deleted_while_heard(mongo_db, told, [replace(span, to_at=NOW + MINUTE)]) == []
    mongo_db["X_tweets"].update_one({"_id": "1"}, {"$set": {"first_seen_at": NOW + MINUTE}})
    assert deleted_while_heard(mongo_db, told, [span]) == []


def test_two_runs_of_one_world_are_held_side_by_side() -> None:
    """What both have to store both have to have stored; what one alone has to store decides nothing."""
    told = finding("V1", "60 accounts", GOOD)
    first = replace(GOOD, demanded=frozenset("123"), stored=frozenset("123"))
    peer = replace(GOOD, demanded=frozenset("234"), stored=frozenset("2345"))

    same = beside(told, peer, first)

    assert same.passed
    assert "of 2 posts that both runs have to store both stored 2 (1 and 1 are demanded of one alone)" in same.figure
    assert same.details["cost"]["recent_alone"] == {"usd_billed": 0.017, "posts_stored": 3, "usd_a_thousand": 17 / 3}
    assert not beside(told, replace(peer, stored=frozenset("34")), first).passed
    assert not beside(told, replace(peer, demanded=frozenset("4")), first).passed


def test_fifty_sources_of_terms_are_of_every_kind() -> None:
    """However few are wanted; each has an id and a query of its own."""
    some, all_of_them = terms_sources(10), terms_sources(50)

    kinds = [
        next(name for name in ("exclude", "languages", "hashtags", "phrases", "keywords") if getattr(one, name))
        for one in (listened.source.terms for listened in some)
        if one is not None
    ]
    assert set(kinds) >= {"languages", "hashtags", "phrases", "keywords"}
    assert len({one.source.id for one in all_of_them}) == len({one.query for one in all_of_them}) == 50
    assert members_of(["NASA"], some[:1])["nasa"] == "(from:NASA OR to:NASA OR @NASA) -is:retweet"


def test_every_form_says_what_happens() -> None:
    """In its docstring."""
    assert all(len(what_happens(form).split()) > 5 for form in long_forms(1).values())
