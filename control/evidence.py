"""What the demo should have collected by the simulator's truth, and what MongoDB holds: the report.

Expected figures come from the names that were to be followed and the simulator's `/_sim` pages, collected ones from
MongoDB and from the files on disk. Only which posts had their quotes read is Covey's own choice, and is taken from it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from shared.domain.coverage.sweeps import SweepKind, SweepStatus
from shared.stores.database import Db

TIMEOUT_SECONDS = 30.0
SHOWN = 20  # ids listed for a person to look into
# How a report's success is defined.
MUST_BE_ZERO = ("posts_missed", "quotes_missed", "media_missed", "media_bad_checksum", "http_429", "duplicates")
# What has to happen at all in a run of that length; shorter ones may end before it is due.
MUST_HAPPEN = ("quote_readings", "snapshots")
# How far what a request was to cost may be from what it cost.
COST_WITHIN = 0.2
LONG_ENOUGH = timedelta(seconds=20)
READ_QUOTES = {"kind": SweepKind.QUOTES.value, "status": SweepStatus.COMPLETE.value}


class Truth:
    """The simulator's pages for checks."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._session = requests.Session()
        self._session.trust_env = False

    def accounts(self) -> list[str]:
        """Names of the accounts worth following."""
        return [account["username"] for account in self._get("accounts")["accounts"]]

    def posts(self, query: str, *, since: datetime, until: datetime) -> list[dict[str, Any]]:
        """Every post that ever matched, created in the interval."""
        found = self._get("posts", query=query, since=since.isoformat(), until=until.isoformat())
        return list(found["posts"])

    def quotes(self, post_id: str) -> list[dict[str, Any]]:
        """Every quote there ever was of a post."""
        return list(self._get(f"quotes/{post_id}")["posts"])

    def media(self, post_ids: Sequence[str]) -> list[dict[str, Any]]:
        """The media of posts, with the size and the SHA-256 of the best file."""
        url = f"{self._base_url}/_sim/media"
        answer = self._session.post(url, json={"post_ids": list(post_ids)}, timeout=TIMEOUT_SECONDS)
        answer.raise_for_status()
        return list(answer.json()["media"])

    def calls(self) -> dict[str, dict[str, int]]:
        """Answers by endpoint and status."""
        return dict(self._get("calls")["endpoints"])

    def _get(self, path: str, **parameters: str) -> dict[str, Any]:
        answer = self._session.get(f"{self._base_url}/_sim/{path}", params=parameters, timeout=TIMEOUT_SECONDS)
        answer.raise_for_status()
        document: dict[str, Any] = answer.json()
        return document


@dataclass(frozen=True, slots=True)
class Interval:
    """What the report is about: posts created from `since` to `until`, followed from `tracked_at` on.

    A post that could be found for less than `findable` cannot be demanded: it may have come and gone between two
    sweeps.
    """

    since: datetime
    tracked_at: datetime
    until: datetime
    findable: timedelta


def gather(db: Db, truth: Truth, names: Sequence[str], interval: Interval, media_dir: Path) -> dict[str, Any]:
    """The report on the accounts with these names: counts, and the ids of what is missing."""
    expected, unreachable = _expected_posts(truth, names, interval)
    posts_missing = _missing(db, "X_tweets", expected)
    quotes = _expected_quotes(db, truth)
    quotes_missing = _missing(db, "X_tweets", quotes)
    media = truth.media(sorted(expected - posts_missing))
    media_missing, bad = _check_files(db, media, media_dir)
    calls = truth.calls()
    return {
        "followed_seconds": (interval.until - interval.tracked_at).total_seconds(),
        "posts_expected": len(expected),
        "posts_collected": len(expected) - len(posts_missing),
        "posts_missed": len(posts_missing),
        "posts_unreachable": unreachable,
        "quotes_expected": len(quotes),
        "quotes_collected": len(quotes) - len(quotes_missing),
        "quotes_missed": len(quotes_missing),
        "quote_readings": db["X_sweeps"].count_documents(READ_QUOTES),
        "refreshes": _sum(db, "X_engagement", "readings"),
        "snapshots": db["X_engagement_history"].count_documents({}),
        "media_expected": len(media),
        "media_stored": len(media) - len(media_missing),
        "media_missed": len(media_missing),
        "media_bad_checksum": len(bad),
        "duplicates": _duplicates(db),
        "calls_by_endpoint": {name: sum(answers.values()) for name, answers in sorted(calls.items())},
        "http_429": sum(answers.get("429", 0) for answers in calls.values()),
        "missing": {
            "posts": sorted(posts_missing)[:SHOWN],
            "quotes": sorted(quotes_missing)[:SHOWN],
            "media": sorted(media_missing)[:SHOWN],
            "bad_checksum": sorted(bad)[:SHOWN],
        },
    }


def failures(report: dict[str, Any]) -> list[str]:
    """What speaks against success, a line each; none when all is well."""
    lines = [f"{name} is {report[name]}, not 0" for name in MUST_BE_ZERO if report[name]]
    lines += [
        f"{run['kind']} was to cost ${run['estimate_usd']:.3f} and cost ${run['cost_usd']:.3f}"
        for run in report.get("runs", ())
        if abs(run["difference_ratio"] or 0) > COST_WITHIN
    ]
    if not report["posts_expected"]:
        lines.append("the world posted nothing: nothing was proven")
    elif report["followed_seconds"] >= LONG_ENOUGH.total_seconds():
        lines += [f"{name} is 0: nothing was proven of them" for name in MUST_HAPPEN if not report[name]]
    return lines


def _expected_posts(truth: Truth, names: Sequence[str], interval: Interval) -> tuple[set[str], int]:
    """Ids that had to be found, and how many were there too briefly to be demanded."""
    demanded: set[str] = set()
    brief: set[str] = set()
    for name in names:
        query = f"(from:{name} OR to:{name} OR @{name}) -is:retweet"
        for post in truth.posts(query, since=interval.since, until=interval.until):
            from_at = max(_time(post["searchable_at"]), interval.tracked_at)
            until_at = _time(post["unsearchable_at"]) if post["unsearchable_at"] else None
            enough = until_at is None or until_at - from_at >= interval.findable
            (demanded if enough else brief).add(post["id"])
    return demanded, len(brief - demanded)


def _expected_quotes(db: Db, truth: Truth) -> set[str]:
    """Quotes that were there during a reading of a post's quotes that was completed."""
    expected: set[str] = set()
    for sweep in db["X_sweeps"].find(READ_QUOTES, {"subject": 1, "posts": 1, "started_at": 1, "ended_at": 1}):
        posts = sweep.get("posts") or [sweep["subject"]]
        for quote in (quote for post in posts for quote in truth.quotes(post)):
            began = _time(quote["searchable_at"]) <= sweep["started_at"]
            stayed = not quote["unsearchable_at"] or _time(quote["unsearchable_at"]) > sweep["ended_at"]
            if began and stayed:
                expected.add(quote["id"])
    return expected


def _check_files(db: Db, media: Iterable[dict[str, Any]], folder: Path) -> tuple[set[str], set[str]]:
    """Media keys without a stored file, and keys whose file is not what the host serves."""
    wanted = {item["media_key"]: item["sha256"] for item in media}
    missing: set[str] = set(wanted)
    bad: set[str] = set()
    for document in db["X_media"].find({"_id": {"$in": list(wanted)}, "download.status": "ok"}):
        key, download = document["_id"], document["download"]
        path = folder / download["stored_path"]
        if not path.is_file():
            continue
        missing.discard(key)
        with path.open("rb") as file:
            checksum = hashlib.file_digest(file, "sha256").hexdigest()
        if not checksum == download["checksum"] == wanted[key]:
            bad.add(key)
    return missing, bad


def _missing(db: Db, collection: str, ids: set[str]) -> set[str]:
    found = {document["_id"] for document in db[collection].find({"_id": {"$in": list(ids)}}, {"_id": 1})}
    return ids - found


def _duplicates(db: Db) -> int:
    """Posts stored under two keys, and readings that left two snapshots."""
    same = {"$ifNull": ["$raw.id", "$_id"]}  # one that no document can hold has no `raw`
    posts = db["X_tweets"].aggregate([{"$group": {"_id": same, "n": {"$sum": 1}}}, {"$match": {"n": {"$gt": 1}}}])
    snapshots = db["X_engagement_history"].aggregate(
        [{"$group": {"_id": {"p": "$post_id", "at": "$at"}, "n": {"$sum": 1}}}, {"$match": {"n": {"$gt": 1}}}]
    )
    return len(list(posts)) + len(list(snapshots))


def _sum(db: Db, collection: str, field: str) -> int:
    rows = list(db[collection].aggregate([{"$group": {"_id": None, "n": {"$sum": f"${field}"}}}]))
    return int(rows[0]["n"]) if rows else 0


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
