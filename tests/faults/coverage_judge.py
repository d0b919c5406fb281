"""What the simulator's truth says of what was stored: what is missing, and what each post concerns.

Nothing here is taken from Covey but what it stored: queries are those of `coverage_world`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from control.evidence import Interval, Truth
from shared.stores.database import Db

SHOWN = 20
Concern = tuple[str, str]  # member, why
WHYS = {"author": "from:{0}", "reply": "to:{0}", "mention": "@{0}", "quote": 'is:quote url:"{0}/status"'}


@dataclass(frozen=True, slots=True)
class Expected:
    """What the truth has of the members: records by id, and the ids by member and why.

    demanded: those that could be found for long enough by each search that was to find them. members: all that is
    judged; since, until: when the posts were made.
    """

    records: Mapping[str, Mapping[str, Any]]
    concerns: Mapping[str, frozenset[Concern]]
    demanded: frozenset[str]
    members: frozenset[str]
    since: datetime
    until: datetime

    @property
    def late(self) -> set[str]:
        """Those of them that X showed late."""
        return {id for id in self.demanded if self.records[id]["late_seconds"]}


class Span(Protocol):
    """A span of time, and whom what is said of it concerns."""

    @property
    def from_at(self) -> datetime: ...
    @property
    def to_at(self) -> datetime: ...
    @property
    def members(self) -> Sequence[str]: ...


@dataclass(slots=True)
class Judgement:
    """beyond: demanded, and in gaps that nothing can fill. unverified: late, not stored, and of a time of which Covey
    says that it was not read again. missing: demanded otherwise, and not stored. twice: stored under two keys. wrong:
    attributed to whom the truth does not know; lacking: not attributed to whom it does. unmentioned: stored, and no
    mention, or not one of each source of terms that it concerns."""

    expected: int = 0
    brief: int = 0
    late: int = 0
    beyond: int = 0
    unverified: int = 0
    missing: list[str] = field(default_factory=list)
    twice: int = 0
    attributed: int = 0
    wrong: list[tuple[str, str, str]] = field(default_factory=list)
    lacking: list[tuple[str, str, str]] = field(default_factory=list)
    unmentioned: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether all is as the truth says, and there was something to judge."""
        differs = self.missing or self.twice or self.wrong or self.lacking or self.unmentioned
        return not differs and self.expected > 0

    def row(self) -> dict[str, Any]:
        """For a report."""
        return {
            "posts_expected": self.expected,
            "posts_too_brief": self.brief,
            "late_expected": self.late,
            "told_to_be_out_of_reach": self.beyond,
            "late_in_time_told_not_verified": self.unverified,
            "missing": len(self.missing),
            "twice": self.twice,
            "attributions": self.attributed,
            "attributions_wrong": len(self.wrong),
            "attributions_lacking": len(self.lacking),
            "mentions_lacking": len(self.unmentioned),
            "examples": {
                "missing": self.missing[:SHOWN],
                "wrong": self.wrong[:SHOWN],
                "lacking": self.lacking[:SHOWN],
                "unmentioned": self.unmentioned[:SHOWN],
            },
        }


@dataclass(frozen=True, slots=True)
class Away:
    """A time in which nobody read anything."""

    from_at: datetime
    to_at: datetime


def expected_of(
    truth: Truth,
    names: Sequence[str],
    terms: Mapping[str, str],
    interval: Interval,
    *,
    away: Away | None = None,
    renamed: Mapping[str, str] | None = None,
) -> Expected:
    """What is to be stored of accounts (by name) and of terms (query by member) of posts made in the interval.

    renamed: the present names by the former ones, lower case. The truth knows who wrote, who is answered and who is
    named by their present names, but an address in a post has the name of its day.
    """
    records: dict[str, Mapping[str, Any]] = {}
    concerns: dict[str, set[Concern]] = {}

    def note(query: str, member: str, why: str) -> None:
        for post in truth.posts(f"{query} -is:retweet", since=interval.since, until=interval.until):
            records[post["id"]] = post
            concerns.setdefault(post["id"], set()).add((member, why))

    for name in names:
        for why, query in WHYS.items():
            note(query.format(name), name.lower(), why)
    for former, present in (renamed or {}).items():
        note(WHYS["quote"].format(former), present, "quote")
    for member, query in terms.items():
        note(query, member, "term")
    whole = {id: frozenset(_sharpest(found)) for id, found in concerns.items()}
    demanded = {id for id, post in records.items() if _findable(post, interval, away) and _is_asked_for(whole[id])}
    members = frozenset([name.lower() for name in names] + list(terms))
    return Expected(records, whole, frozenset(demanded), members, interval.since, interval.until)


def judge(
    db: Db,
    expected: Expected,
    *,
    final: Sequence[Span] = (),
    unverified: Sequence[Span] = (),
    renamed: Mapping[str, str] | None = None,
) -> Judgement:
    """Compare what is stored with what is expected. final: gaps that nothing can fill, which say so. unverified: what
    was read once only, and is told to be. renamed: the present members by the former ones."""
    present = renamed or {}
    found = {
        document["_id"]: document
        for document in db["X_tweets"].find({"_id": {"$in": list(expected.records)}}, {"concerns": 1})
    }
    told = {id: _told(expected, id, final, present) for id in expected.demanded} if final else {}
    beyond = {id for id, members in told.items() if members == _askers(expected.concerns[id])}
    for id in expected.late if unverified else ():
        told[id] = told.get(id, set()) | _told(expected, id, unverified, present)
    late = {id for id in expected.late - found.keys() - beyond if told.get(id) == _askers(expected.concerns[id])}
    result = Judgement(
        expected=len(expected.demanded),
        beyond=len(beyond),
        unverified=len(late),
        brief=sum(_is_asked_for(one) for one in expected.concerns.values()) - len(expected.demanded),
        late=len(expected.late),
        missing=sorted(expected.demanded - beyond - late - found.keys()),
        twice=_twice(db),
    )
    for id, document in found.items():
        stored = {
            (present.get(one["member"], one["member"]), _plain(one["why"])) for one in document.get("concerns", ())
        }
        result.attributed += len(stored)
        result.wrong += [(id, *one) for one in sorted(stored - expected.concerns[id])]
        if id in expected.demanded:
            # Whose post it quotes is known to those alone who asked for that.
            asked = {one for one in expected.concerns[id] if one[1] != "quote" and one[0] not in told.get(id, ())}
            result.lacking += [(id, *one) for one in sorted(asked - stored)]
    result.unmentioned = _unmentioned(db, expected, found.keys(), told)
    result.wrong += _strangers(db, expected, {*expected.members, *present})
    return result


def _unmentioned(db: Db, expected: Expected, found: Collection[str], told: Mapping[str, set[str]]) -> list[str]:
    """Of the demanded posts that are stored those that are no mention of each source of terms that they concern.

    told: by post the members whose gaps say that it is out of reach.
    """
    mentions = db["mentions"].find({"external_id": {"$in": list(found)}}, {"external_id": 1, "sources": 1})
    sources = {one["external_id"]: set(one["sources"]) for one in mentions}
    return sorted(
        id
        for id in expected.demanded & set(found)
        if not {
            member.removeprefix("+")
            for member in _askers(expected.concerns[id]) - told.get(id, set())
            if member.startswith("+")
        }
        <= sources.get(id, set())
        or id not in sources
    )


def _strangers(db: Db, expected: Expected, members: Collection[str]) -> list[tuple[str, str, str]]:
    """Attributions of posts that concern nobody by the truth; reposts are not looked for."""
    query = {
        "_id": {"$nin": list(expected.records)},
        "concerns.member": {"$in": list(members)},
        "created_at": {"$gte": expected.since, "$lt": expected.until},
        "referenced_tweets.type": {"$ne": "retweeted"},
    }
    found = db["X_tweets"].find(query, {"concerns": 1})
    return [(one["_id"], told["member"], told["why"]) for one in found for told in one["concerns"]]


def _sharpest(found: set[Concern]) -> set[Concern]:
    """Of each member the reasons that Covey gives: its own post concerns an account as author alone, and one that it is
    answered by is no mention beside."""
    author = {member for member, why in found if why == "author"}
    answered = {member for member, why in found if why == "reply"}
    return {
        (member, why)
        for member, why in found
        if why == "author" or why == "term" or (member not in author and (why != "mention" or member not in answered))
    }


def _plain(why: str) -> str:
    """Naming is naming, whether it began with this post or the thread had it."""
    return "mention" if why == "co_mention" else why


def _is_asked_for(concerns: frozenset[Concern]) -> bool:
    """Whether a search is to find it: quotes alone are found as others choose."""
    return any(why != "quote" for _, why in concerns)


def _findable(post: Mapping[str, Any], interval: Interval, away: Away | None) -> bool:
    """Whether it could be found for long enough; one that came late was to be found by a reading long after."""
    if post["unsearchable_at"] is None:
        return True
    if post["late_seconds"]:
        return False
    from_at = max(datetime.fromisoformat(post["searchable_at"]), interval.tracked_at)
    until_at = datetime.fromisoformat(post["unsearchable_at"])
    unread = max(timedelta(0), min(until_at, away.to_at) - max(from_at, away.from_at)) if away else timedelta(0)
    return until_at - from_at - unread >= interval.findable


def _askers(concerns: frozenset[Concern]) -> set[str]:
    """The members whose search is to find it."""
    return {member for member, why in concerns if why != "quote"}


def _told(expected: Expected, id: str, spans: Sequence[Span], present: Mapping[str, str]) -> set[str]:
    """Those of its askers for whom one of the spans says that its time was not read, or not well enough."""
    at = datetime.fromisoformat(expected.records[id]["created_at"])
    there = {member for one in spans if one.from_at <= at <= one.to_at for member in one.members}
    return {present.get(member, member) for member in there} & _askers(expected.concerns[id])


def _twice(db: Db) -> int:
    """Posts under two keys, and mentions of one post for one tenant under two."""
    posts = {"$group": {"_id": {"$ifNull": ["$raw.id", "$_id"]}, "n": {"$sum": 1}}}
    mentions = {"$group": {"_id": {"t": "$tenant_id", "id": "$external_id"}, "n": {"$sum": 1}}}
    more = {"$match": {"n": {"$gt": 1}}}
    groups = (("X_tweets", posts), ("mentions", mentions))
    return sum(len(list(db[name].aggregate([group, more]))) for name, group in groups)
