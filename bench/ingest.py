"""How fast a search answer of X becomes rows, beside the least that MongoDB can do with the same rows, in one run.

`python -m bench.ingest` starts a Redis and a MongoDB of its own, lets the simulator render pages of 100 new posts
with accounts, media, quoted posts, places and polls, and a process that gives them over HTTP. Covey reads each page
through its gateway (grant, request, ledger, settlement) and stores it with whom it concerns, in one process; its time
begins before the request, and holds the look at who asks. Both peers are given the rows of a page as they lie in
MongoDB after Covey stored it, ready to be written: posts, accounts, media, states, first readings, mentions. They
parse nothing, decide nothing, ask nobody for leave and book nothing.

    raw bulk_write    one unordered bulk a collection: what is new as an insert, what was there before as a replacement
    find-then-save    each row looked for by its id, then inserted or replaced

Pages take turns, so that a noisy moment of the machine hits all of them; a figure is the median of five runs. What
bounds it is printed with it: what a page takes of the processor here and in mongod, for Covey and for the bulk, how
much of it each step has (measured by itself, over the same pages), and how much of the time is waiting. It prints a
table, writes var/bench/ingest.json, and exits 1 when a claim fails.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pymongo import InsertOne, ReplaceOne

from bench import answers
from bench.report import Claim, Report
from bench.steps import Rows, Times, alone, bounds
from shared.domain.attribution import Audience
from shared.domain.models import Page, WorkClass
from shared.domain.sources import TRACKED, Source, SourceKind, Terms, key_of
from shared.platforms.x.fields import Along
from shared.runtime.embedded import Servers
from shared.runtime.embedded import running as servers_running
from shared.runtime.garbage import look_seldom
from shared.runtime.settings import Settings
from shared.services.attributing import audience_for
from shared.services.bootstrap import Services, build
from shared.services.storing import store_page
from shared.stores.bundle import Stores
from shared.stores.database import Db, Document, connect

RUNS, PAGES, POSTS, SLOW_EVERY = 5, 16, 100, 4
COLLECTIONS = ("X_tweets", "X_users", "X_media", "X_engagement_history", "X_engagement", "mentions")
TERMS = "terms"
COVEY, RAW, NAIVE = "covey", "raw bulk_write", "find-then-save"
LEAST_SHARE_OF_RAW, LEAST_TIMES_NAIVE = 0.5, 6.0


def services_on(servers: Servers, x_url: str, folder: Path) -> Services:
    """The services of a worker whose X gives the pages."""
    settings = Settings.load(
        redis_url=servers.redis_url,
        mongo_uri=servers.mongo_uri,
        mongo_database=COVEY,
        data_dir=folder,
        x_base_url=x_url,
        x_bearer_token="bench",
        x_along=tuple(along.value for along in Along),
    )
    return build(settings, middleware=())


def follow(services: Services, names: Sequence[str]) -> None:
    """Let a source of accounts and one of terms ask for what the pages have."""
    now = services.clock.now()
    services.stores.sources.add_accounts(TRACKED, names, now=now)
    services.stores.handles.activate(names, now=now, source=TRACKED)
    terms = Terms(keywords=("moon", "city"), hashtags=("football",), exclude=("spam",), languages=("en", "de"))
    services.stores.sources.add(Source(id=TERMS, name=TERMS, kind=SourceKind.TERMS, terms=terms), now=now)


def ingest(services: Services, names: Sequence[str], number: int, times: Times) -> tuple[Page, Audience]:
    """Read one page, look up for whom, and store it with that."""
    with times.of(COVEY, services.stores.db):
        with times.of("reading"):
            page = services.x.search(WorkClass.SEARCH, query="bench", next_token=str(number), expand_authors=True)
        now = services.clock.now()
        with times.of("storing"):
            audience = audience_for(services, [*(name.lower() for name in names), key_of(TERMS)])
            store_page(services, page, source="search", now=now, audience=audience)
    return page, audience


def rows_by_page(services: Services, names: Sequence[str]) -> list[Rows]:
    """What each page changes in an empty database."""
    empty(services.stores.db)
    follow(services, names)
    found: list[Rows] = []
    known: dict[tuple[str, Any], Document] = {}
    for number in range(PAGES):
        ingest(services, names, number, Times())
        rows: dict[str, list[Document]] = {}
        for name in COLLECTIONS:
            for row in services.stores.db[name].find():
                if known.get((name, row["_id"])) != row:
                    known[name, row["_id"]] = row
                    rows.setdefault(name, []).append(row)
        found.append(rows)
    return found


def write_raw(db: Db, rows: Rows, seen: set[tuple[str, Any]]) -> Callable[[], None]:
    """One bulk a collection, made ready."""
    bulks = {
        name: [
            ReplaceOne({"_id": row["_id"]}, row, upsert=True) if (name, row["_id"]) in seen else InsertOne(row)
            for row in found
        ]
        for name, found in rows.items()
    }
    seen.update((name, row["_id"]) for name, found in rows.items() for row in found)

    def write() -> None:
        for name, writes in bulks.items():
            db[name].bulk_write(writes, ordered=False)

    return write


def find_then_save(db: Db, rows: Rows) -> None:
    """Row by row."""
    for name, found in rows.items():
        for row in found:
            if db[name].find_one({"_id": row["_id"]}) is None:
                db[name].insert_one(row)
            else:
                db[name].replace_one({"_id": row["_id"]}, row)


def empty(db: Db) -> None:
    """Without documents, with all indexes."""
    for name in db.list_collection_names():
        db[name].delete_many({})
    Stores.on(db).ensure_indexes()


def measure(
    services: Services, names: Sequence[str], peers: Mapping[str, Db], bodies: list[bytes], rows: list[Rows]
) -> Times:
    """One run over all pages."""
    times = Times()
    seen: set[tuple[str, Any]] = set()
    for db in (services.stores.db, *peers.values()):
        empty(db)
    follow(services, names)
    for number in range(PAGES):
        page, audience = ingest(services, names, number, times)
        alone(services.stores, bodies[number], page, audience, rows[number], times)
        write = write_raw(peers[RAW], rows[number], seen)
        with times.of(RAW, peers[RAW]):
            write()
        if number % SLOW_EVERY == 0:
            with times.of(NAIVE):
                find_then_save(peers[NAIVE], rows[number])
    return times


def main() -> int:
    """Measure, print, write the report; 1 when a claim fails."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "pages").mkdir()
        names = answers.written(folder / "pages", PAGES)
        bodies = [(folder / "pages" / f"{number}.json").read_bytes() for number in range(PAGES)]
        with servers_running(folder) as servers, answers.running(answers.given(folder / "pages")) as url:
            services = services_on(servers, url, folder)
            rows = rows_by_page(services, names)
            peers = {name: connect(servers.mongo_uri, name.replace(" ", "_")) for name in (RAW, NAIVE)}
            look_seldom()  # as a worker does; and the rows that wait for the peers are no load of Covey's
            runs = [measure(services, names, peers, bodies, rows) for _ in range(RUNS)]
    figures = [
        {name: POSTS * one.rate(name) for name in (COVEY, RAW, NAIVE)} | bounds(one, covey=COVEY, raw=RAW)
        for one in runs
    ]
    report = report_of(figures)
    report.write(Path("var/bench"))
    report.show("posts a second, one process")
    return 0 if report.passed else 1


def report_of(runs: list[dict[str, float]]) -> Report:
    """The claims and what they rest on."""

    def beside(peer: str) -> float:
        return statistics.median(run[COVEY] / run[peer] for run in runs)

    return Report(
        name="ingest",
        claims=[
            Claim(f"covey beside {RAW}", beside(RAW), LEAST_SHARE_OF_RAW),
            Claim(f"covey beside {NAIVE}", beside(NAIVE), LEAST_TIMES_NAIVE),
        ],
        medians={name: statistics.median(run[name] for run in runs) for name in runs[0]},
        runs={name: [run[name] for run in runs] for name in runs[0]},
    )


if __name__ == "__main__":
    sys.exit(main())
