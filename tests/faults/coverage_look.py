"""What a run of coverage left, looked at from all sides, and made a row of the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from control.coverage import coverage
from control.evidence import Interval, Truth, gather
from shared.domain.coverage.gaps import GapState
from shared.domain.coverage.intervals import Check
from shared.domain.money.prices import MICRO
from shared.stores.database import Db
from tests.faults.coverage_audit import Audited, audited
from tests.faults.coverage_judge import Away, Expected, Judgement, expected_of, judge
from tests.faults.coverage_live import Live
from tests.faults.coverage_money import Money, money
from tests.faults.coverage_world import Listened, members_of
from tests.faults.finding import Finding
from tests.faults.flock import WholeFlock

# Longer than any run, by its own clock.
ALL_OF_IT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run left. final: how many gaps nothing can fill, by reason. left: what never settled. demanded, stored:
    ids of posts."""

    posts_a_minute: float
    judged: Judgement
    report: dict[str, Any]
    rows: Sequence[dict[str, Any]]
    audit: Audited
    money: Money
    left: str
    late_by_rereading: int
    final: Counter[str]
    live: Live | None = None
    demanded: frozenset[str] = frozenset()
    stored: frozenset[str] = frozenset()

    @property
    def whole(self) -> int:
        """How many accounts and sources have every moment accounted for, and read but for what is final."""
        return sum(_is_whole(row) for row in self.rows)

    @property
    def passed(self) -> bool:
        """Whether nothing is missing, wrong or untold."""
        return (
            self.judged.passed
            and self.judged.late > 0
            and not self.lost
            and self.report["duplicates"] == 0
            and self.whole == len(self.rows) > 0
            and self.audit.passed
            and self.money.agrees
            and (self.live is None or (self.live.passed and self.live.renames == self.money.profile_updates))
            and not self.left
        )

    @property
    def lost(self) -> dict[str, list[str]]:
        """What is missing beside posts, which are judged apart."""
        return {what: ids for what, ids in self.report["missing"].items() if ids and what != "posts"}


def _is_whole(row: dict[str, Any]) -> bool:
    finals = all(gap["state"] == GapState.FINAL.value for gap in row["gaps"])
    return row["unaccounted_seconds"] == 0 and finals and (row["covered_ratio"] == 1 or bool(row["gaps"]))


def look(
    flock: WholeFlock,
    names: list[str],
    terms: list[Listened],
    interval: Interval,
    *,
    left: str,
    rate: float,
    away: Away | None = None,
    renamed: Mapping[str, str] | None = None,
    live: Callable[[Expected, Collection[str]], Live] | None = None,
    known_by: datetime | None = None,
) -> Outcome:
    """Judge what is stored, and let X count it. Nothing but the simulator may be at work.

    names: as they are now; renamed: those that accounts had, and have (lower case). known_by: what had ended by then
    is to be known.
    """
    services, truth, db = flock.services, flock.truth, flock.services.stores.db
    words = {name.lower(): f"@{name}" for name in names} | {one.member: one.source.id for one in terms}
    queries = members_of(names, terms)
    by_terms = {one.member: f"({one.query})" for one in terms}
    expected = expected_of(truth, names, by_terms, interval, away=away, renamed=renamed)
    told = live(expected, list((renamed or {}).values())) if live else None
    spent = money(services, flock.x_url, unheard=told.unheard if told else 0)  # before the audit, which costs too
    final = [gap for gap in services.stores.gaps.missing() if gap.state is GapState.FINAL]
    report = gather(db, truth, names, interval, services.settings.media_path)
    report["missing"]["media"] = _media_missing(db, truth, expected)
    carriers = {one.id: one for one in services.stores.streams.that_carried(list(queries))}
    read = services.stores.intervals.of(list(carriers))
    unverified = [
        replace(one, members=one.members or tuple(carriers[one.stream].members))
        for one in read
        if one.check is Check.NOT_VERIFIED
    ]
    return Outcome(
        posts_a_minute=rate,
        judged=judge(db, expected, final=final, unverified=unverified, renamed=renamed or {}),
        report=report,
        rows=coverage(services, [], window=ALL_OF_IT),
        audit=audited(
            services,
            truth,
            {one: (words[one], query) for one, query in queries.items() if one not in (renamed or {}).values()},
            until=interval.until,
            window=ALL_OF_IT,
            known_by=known_by,
        ),
        money=spent,
        left=left,
        late_by_rereading=sum(one.late for one in read),
        final=Counter(gap.reason.value for gap in final),
        live=told,
        demanded=expected.demanded,
        stored=frozenset(
            one["_id"] for one in db["X_tweets"].find({"_id": {"$in": list(expected.records)}}, {"_id": 1})
        ),
    )


def _media_missing(db: Db, truth: Truth, expected: Expected) -> list[str]:
    """Media without a file, of stored posts that are still there; the files of those that are gone may be purged."""
    living = [id for id in expected.demanded if expected.records[id]["unsearchable_at"] is None]
    stored = [document["_id"] for document in db["X_tweets"].find({"_id": {"$in": living}}, {"_id": 1})]
    wanted = {item["media_key"] for item in truth.media(stored)}
    found = db["X_media"].find({"_id": {"$in": list(wanted)}, "download.status": "ok"}, {"_id": 1})
    return sorted(wanted - {document["_id"] for document in found})


def finding(id: str, what: str, outcome: Outcome) -> Finding:
    """The row of a run. what: how large it was, and what was done to it."""
    judged, report, rows, audit = outcome.judged, outcome.report, outcome.rows, outcome.audit
    verified = min((row["verified_ratio"] or 0.0 for row in rows), default=0.0)
    final = ", ".join(f"{count} of {reason}" for reason, count in outcome.final.items())
    return Finding(
        id,
        passed=outcome.passed,
        figure=f"{what}: of {judged.expected} posts ({judged.late} of them late, {outcome.late_by_rereading} found by "
        f"reading again) and {report['quotes_expected']} quotes {len(judged.missing)} and {report['quotes_missed']} "
        f"missing, {judged.twice + report['duplicates']} twice; of {judged.attributed} attributions "
        f"{len(judged.wrong)} wrong, {len(judged.lacking)} lacking, {len(judged.unmentioned)} posts not mentioned; "
        f"{outcome.whole} of {len(rows)} accounts and sources covered whole, at least {verified:.1%} of each "
        f"verified; X counts {audit.counted} posts in {audit.rows} audits, {len(audit.lost)} of them lost, "
        f"{audit.not_due} made after the end, beside {audit.gone} known to be gone, {audit.ended} not yet known "
        f"({len(audit.overdue)} of them too long) and {audit.beside} that are not in the count; "
        f"money {outcome.money.said()}"
        + (_live(outcome.live) if outcome.live else "")
        + (f"; {judged.beyond} posts in gaps that nothing fills: {final}" if outcome.final else "")
        + (f"; {judged.unverified} late ones in time that is told not verified" if judged.unverified else "")
        + (f"; missing: {outcome.lost}" if outcome.lost else "")
        + (f"; never settled: {outcome.left}" if outcome.left else ""),
        limit="0 missing, late ones too, 0 twice, each attributed as in the truth; all is covered whole, and every "
        "moment accounted for; the audit is the truth to the post; the ledger is X's bill; every end of a stream is "
        "told, and what was heard is noted",
        details={
            "posts_a_minute": round(outcome.posts_a_minute),
            "judged": judged.row(),
            "quotes": {name: report[f"quotes_{name}"] for name in ("expected", "missed")},
            "media": {"missing": len(report["missing"]["media"]), "bad_checksum": report["media_bad_checksum"]},
            "final_gaps": dict(outcome.final),
            "audit": audit.row(),
            "money": {"usd": outcome.money.ours / MICRO, "usd_billed": outcome.money.theirs / MICRO},
            "routes": outcome.money.rows(),
            **({"live": outcome.live.row()} if outcome.live else {}),
        },
    )


def _live(live: Live) -> str:
    return (
        f"; streams: {live.heard} events, {live.found} posts first heard live, {live.deletions} deletions and "
        f"{live.renames} new names told, {len(live.deaf)} and {len(live.unfollowed)} of them not noted; X ended "
        f"{live.ended} connections, {len(live.untold)} of them untold in {live.breaks} breaks, in which "
        f"{live.closed} of {live.in_breaks} posts were found by search; {live.unheard} lines were sent to nobody"
    )
