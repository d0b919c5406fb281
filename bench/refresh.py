"""How fast a look-up of posts that are followed becomes rows, beside the least that MongoDB can do with the same rows.

`python -m bench.refresh` starts a Redis and a MongoDB of its own, lets the simulator render posts with files, places
and polls, and processes that give 100 of them over HTTP as a look-up would. The posts were found an hour before, with
whom they concern, and looked up since; a claim has some of each page that they were found in, as they become due. Covey
does the whole job of a claim, in one process: whose turn it is, what was bought today, grant, request, ledger,
settlement, posts, mentions, snapshots, states, what is usual, what was read. Its peer is given the rows that this
changed, as they lie in MongoDB afterwards, ready to be written: one unordered bulk a collection, what is new as an
insert, the rest as replacements. It asks, decides and books nothing.

    changed      every post has more likes and impressions than before: a snapshot each
    unchanged    every post stands still: its last snapshot is extended
    first        the posts came without counts and were not looked up since: their first reading

Claims take turns; a figure is the median of five runs. It prints a table, with what a claim takes of the processor here
and in mongod, writes var/bench/refresh.json, and exits 1 when a claim fails.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench import answers
from bench.ingest import POSTS, RAW, TERMS, empty, follow, services_on, write_raw
from bench.report import Claim, Report
from bench.steps import Rows, Times, costs
from shared.domain.jobs import RefreshEngagement
from shared.domain.models import RateHeaders
from shared.domain.sources import key_of
from shared.platforms.x.parser import parse_page
from shared.runtime.clock import epoch_seconds
from shared.runtime.embedded import running as servers_running
from shared.runtime.garbage import look_seldom
from shared.services.attributing import audience_for
from shared.services.bootstrap import Services
from shared.services.storing import store_page
from shared.stores.database import Db, Document, connect
from shared.stores.media import OK
from workers.handlers.engagement import refresh_engagement

RUNS, PAGES = 5, 10
CHANGED, UNCHANGED, FIRST = CASES = ("changed", "unchanged", "first")
COLLECTIONS = (
    *("X_tweets", "X_media", "X_engagement_history", "X_engagement", "mentions"),
    *("X_usual", "surges", "reads"),
)
READ_BEFORE, BETWEEN_PAGES = timedelta(hours=1), timedelta(minutes=1)
LEAST_SHARE_OF_RAW = 0.5


Body = dict[str, Any]


def claimed(bodies: Sequence[Body]) -> list[Body]:
    """The posts of a search's pages, a tenth of each in one claim, with all that came along."""
    along: Body = {}
    for body in bodies:
        for kind in ("media", "places", "polls"):
            along.setdefault(kind, []).extend(body["includes"].get(kind, ()))
    posts = [[post for body in bodies for post in body["data"][number::PAGES]] for number in range(PAGES)]
    return [{"data": some, "includes": _own(along, some)} for some in posts]


def _own(along: Body, posts: Sequence[Body]) -> Body:
    """What belongs to these posts."""
    said = json.dumps(posts)
    ids = {kind: {one.get("media_key", one.get("id")): one for one in found} for kind, found in along.items()}
    return {kind: [one for id_, one in found.items() if f'"{id_}"' in said] for kind, found in ids.items()}


def looked_up(body: Body, case: str) -> Body:
    """What a look-up answers."""
    more = {"like_count": 3, "impression_count": 250} if case == CHANGED else {}
    posts = []
    for post in body["data"]:
        counts = post["public_metrics"]
        posts.append({**post, "public_metrics": counts | {name: counts[name] + most for name, most in more.items()}})
    return {**body, "data": posts}


def found_with(body: Body, case: str) -> Body:
    """The page that a search found the posts with."""
    if case != FIRST:
        return body
    return {
        **body,
        "data": [{name: one for name, one in post.items() if name != "public_metrics"} for post in body["data"]],
    }


def given(folder: Path, bodies: Sequence[Body], case: str) -> list[str]:
    """The command of a server that answers the look-ups of a case."""
    (folder / case).mkdir()
    for body in claimed(bodies):
        path = folder / case / f"{body['data'][0]['id']}.json"
        path.write_text(json.dumps(looked_up(body, case)), encoding="utf-8")
    return answers.given(folder / case)


def find(services: Services, names: Sequence[str], bodies: Sequence[Body], case: str) -> list[RefreshEngagement]:
    """Find the posts an hour ago and before, page by page, whose files are here by now, and claim them: a job each."""
    empty(services.stores.db)
    follow(services, names)
    audience = audience_for(services, [*(name.lower() for name in names), key_of(TERMS)])
    for number, body in enumerate(bodies):
        at = services.clock.now() - READ_BEFORE - number * BETWEEN_PAGES
        page = parse_page("search/recent", found_with(body, case), RateHeaders(date_seconds=epoch_seconds(at)))
        store_page(services, page, source="search", now=at, audience=audience)
        if case != FIRST:
            at += READ_BEFORE / 2
            page = parse_page("tweets", looked_up(body, UNCHANGED), RateHeaders(date_seconds=epoch_seconds(at)))
            store_page(services, page, source="refresh", now=at)
    services.stores.db["X_media"].update_many({}, {"$set": {"download.status": OK}})
    jobs = []
    for number, body in enumerate(claimed(bodies)):
        ids = tuple(post["id"] for post in body["data"])
        jobs.append(RefreshEngagement(claim_id=f"claim-{number}", post_ids=ids))
        change = {"$set": {"claim_id": f"claim-{number}"}}
        services.stores.db["X_engagement"].update_many({"_id": {"$in": list(ids)}}, change)
    return jobs


def rows_of(db: Db) -> dict[str, list[Document]]:
    """All rows, by collection."""
    return {name: list(db[name].find()) for name in COLLECTIONS}


def changes(services: Services, jobs: Sequence[RefreshEngagement]) -> Iterator[Rows]:
    """What each job changes."""
    known = _by_id(rows_of(services.stores.db))
    for job in jobs:
        refresh_engagement(services, job)
        after = _by_id(rows_of(services.stores.db))
        changed: dict[str, list[Document]] = {}
        for key, row in after.items():
            if known.get(key) != row:
                changed.setdefault(key[0], []).append(row)
        known = after
        yield changed


def _by_id(rows: Rows) -> dict[tuple[str, Any], Document]:
    return {(name, row["_id"]): row for name, found in rows.items() for row in found}


def put(peer: Db, rows: Rows) -> set[tuple[str, Any]]:
    """Give a peer what is there before; answers its keys."""
    empty(peer)
    for name, found in rows.items():
        if found:
            peer[name].insert_many(found)
    return set(_by_id(rows))


class Case:
    """One case: its services, whose X answers accordingly, and what each page of it changes."""

    def __init__(self, services: Services, names: Sequence[str], bodies: Sequence[Body], case: str) -> None:
        self._services, self._names, self._bodies, self._case = services, names, bodies, case
        self._changes = list(changes(services, self._find()))

    def measure(self, peer: Db) -> Times:
        """One run over all pages."""
        times, db = Times(), self._services.stores.db
        jobs = self._find()
        seen = put(peer, rows_of(db))
        for job, changed in zip(jobs, self._changes, strict=True):
            with times.of(self._case, db):
                refresh_engagement(self._services, job)
            write = write_raw(peer, changed, seen)
            with times.of(RAW, peer):
                write()
        return times

    def _find(self) -> list[RefreshEngagement]:
        return find(self._services, self._names, self._bodies, self._case)


def main() -> int:
    """Measure, print, write the report; 1 when a claim fails."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        (folder / "pages").mkdir()
        names = answers.written(folder / "pages", PAGES)
        bodies = [json.loads((folder / "pages" / f"{number}.json").read_bytes()) for number in range(PAGES)]
        servers = stack.enter_context(servers_running(folder))
        cases = {}
        for case in CASES:
            url = stack.enter_context(answers.running(given(folder, bodies, case)))
            cases[case] = Case(services_on(servers, url, folder), names, bodies, case)
        peer = connect(servers.mongo_uri, "raw")
        look_seldom()  # as a worker does
        runs = [{case: one.measure(peer) for case, one in cases.items()} for _ in range(RUNS)]
    report = report_of([figures_of(run) for run in runs])
    report.write(Path("var/bench"))
    report.show("posts a second, one process")
    return 0 if report.passed else 1


def figures_of(run: dict[str, Times]) -> dict[str, float]:
    """Posts a second, and what a page costs."""
    found: dict[str, float] = {}
    for case, times in run.items():
        found |= {case: POSTS * times.rate(case), _raw(case): POSTS * times.rate(RAW)}
        found |= {name.replace(RAW, _raw(case)): figure for name, figure in costs(times, (case, RAW)).items()}
    return found


def report_of(runs: list[dict[str, float]]) -> Report:
    """The claims and what they rest on."""

    def beside(case: str) -> float:
        return statistics.median(run[case] / run[_raw(case)] for run in runs)

    return Report(
        name="refresh",
        claims=[Claim(f"{case} beside {RAW}", beside(case), LEAST_SHARE_OF_RAW) for case in CASES],
        medians={name: statistics.median(run[name] for run in runs) for name in runs[0]},
        runs={name: [run[name] for run in runs] for name in runs[0]},
    )


def _raw(case: str) -> str:
    return f"{case}: {RAW}"


if __name__ == "__main__":
    sys.exit(main())
