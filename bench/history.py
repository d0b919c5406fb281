"""How snapshots are best kept in MongoDB: what each form takes of the disk, and what it costs to write and to read.

`python -m bench.history` (ten million snapshots; `--snapshots 200000` for a quick look) starts a MongoDB of its own
(the one on the PATH, else the embedded one) with a cache of 1 GiB and stores the same readings in four forms, all at
once: one document a snapshot, as the product does; the same with zstd; packed buckets; a time-series collection
(`bench/series_forms/`). Then the forms take turns, five times each:

    insert      answers of a hundred posts, one new reading each        snapshots a second
    extend      the same, of readings that say nothing new              snapshots a second
    newest      the last snapshot of a post                             microseconds
    first       the first one                                           microseconds
    week        the snapshots of a post between two times               microseconds
    newest 1000 the last snapshot of each of 1,000 posts at once        milliseconds
    thin        of a hundred posts every fourth snapshot is left        milliseconds

What MongoDB refuses is told as refused. Ten million take about 5 GB of the temporary folder, which are given back. It
prints a table, writes var/bench/history.json, and exits 1 when a claim fails.
"""

from __future__ import annotations

import argparse
import multiprocessing
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from random import Random
from typing import Final

from pymongo import MongoClient
from pymongo.errors import BulkWriteError, OperationFailure
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from bench.report import Claim, Report
from bench.series_forms.documents import Compressed, Documents
from bench.series_forms.packed import Packed
from bench.series_forms.timeseries import TimeSeries
from bench.series_forms.world import ANSWERED, READINGS, World
from shared.runtime.embedded import running
from shared.stores.database import Db, Document, connect

SNAPSHOTS, RUNS, LEAST = 10_000_000, 5, 100_000
AT_ONCE = 10  # so many answers are one bulk while a form is filled
ANSWERS, POINTS, WEEKS, THINNED, EVERY = 20, 200, 100, 2, 4
BYTES_A_SNAPSHOT, CACHE = 800, "cache_size=1G"  # of all forms together, with room to spare
FORMS: Final = (Documents, Compressed, Packed, TimeSeries)
Form = Documents | Packed | TimeSeries
Asked = Callable[[Form, World, Random, int], float]


def fill(which: int, uri: str, snapshots: int, written: Synchronized[int]) -> None:
    """In a process of its own: write all answers of the world to a form."""
    patient: MongoClient[Document] = MongoClient(uri)  # has no limit of time, and waits for no journal
    world, form = world_of(snapshots), FORMS[which](patient["history"])
    form.create()
    answers = iter(world.order())
    while some := list(islice(answers, AT_ONCE)):
        if writes := [one for each in some for one in form.filling(world, *each)]:
            form.rows.bulk_write(writes, ordered=False)
        written.value += ANSWERED * len(some)


def fill_all(uri: str, snapshots: int, console: Console) -> None:
    """All forms at once. Raises SystemExit where one fails."""
    started = []
    for which in range(len(FORMS)):
        written = multiprocessing.Value("q", 0)
        process = multiprocessing.Process(target=fill, args=(which, uri, snapshots, written))
        process.start()
        started.append((process, written))
    columns = (TextColumn("{task.description:16}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        tasks = [bar.add_task(form.name, total=world_of(snapshots).groups * READINGS * ANSWERED) for form in FORMS]
        while any(process.is_alive() for process, _ in started):
            for task, (process, written) in zip(tasks, started, strict=True):
                process.join(0.5)
                bar.update(task, completed=written.value)
    if any(process.exitcode for process, _ in started):
        raise SystemExit("a form could not be filled")


def world_of(snapshots: int) -> World:
    """The world that has about so many."""
    return World(groups=max(1, snapshots // READINGS // ANSWERED))


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _groups(world: World, random: Random, count: int) -> Iterator[int]:
    return (random.randrange(world.groups) for _ in range(count))


def insert(form: Form, world: World, random: Random, run: int) -> float:
    """Snapshots a second."""
    groups = random.sample(range(world.groups), ANSWERS)
    bulks = [form.inserts(world.answer(group, READINGS + run)) for group in groups]
    return ANSWERS * ANSWERED / _timed(lambda: [form.rows.bulk_write(bulk, ordered=False) for bulk in bulks])


def extend(form: Form, world: World, random: Random, run: int) -> float:
    """Snapshots a second."""
    bulks = [form.extensions(world.answer(group, READINGS - 1)) for group in _groups(world, random, ANSWERS)]
    return ANSWERS * ANSWERED / _timed(lambda: [form.rows.bulk_write(bulk, ordered=False) for bulk in bulks])


def _points(world: World, random: Random, count: int) -> list[tuple[int, str]]:
    return [(group, random.choice(world.posts(group))) for group in _groups(world, random, count)]


def newest(form: Form, world: World, random: Random, run: int) -> float:
    """Microseconds a post."""
    posts = _points(world, random, POINTS)
    return _timed(lambda: [form.newest(post) for _, post in posts]) / POINTS * 1_000_000


def first(form: Form, world: World, random: Random, run: int) -> float:
    """Microseconds a post."""
    posts = _points(world, random, POINTS)
    return _timed(lambda: [form.first(post) for _, post in posts]) / POINTS * 1_000_000


def week(form: Form, world: World, random: Random, run: int) -> float:
    """Microseconds a post."""
    posts = _points(world, random, WEEKS)
    return _timed(lambda: [form.between(post, *world.week(group)) for group, post in posts]) / WEEKS * 1_000_000


def newest_1000(form: Form, world: World, random: Random, run: int) -> float:
    """Milliseconds for all."""
    posts = [post for group in random.sample(range(world.groups), 10) for post in world.posts(group)]
    return _timed(lambda: form.newest_of(posts)) * 1000


def thin(form: Form, world: World, random: Random, run: int) -> float:
    """Milliseconds for a hundred posts."""
    groups = list(_groups(world, random, THINNED))
    return _timed(lambda: [form.thin(world.posts(group), EVERY) for group in groups]) / THINNED * 1000


ASKED: Final[dict[str, Asked]] = {
    "insert": insert,
    "extend": extend,
    "newest": newest,
    "first": first,
    "week": week,
    "newest 1000": newest_1000,
    "thin": thin,
}


def sizes(db: Db, world: World) -> dict[str, list[float]]:
    """Bytes a snapshot on disk, after a checkpoint: of all, and of the indexes alone."""
    db.client.admin.command("fsync")
    found: dict[str, list[float]] = {}
    for form in (kind(db) for kind in FORMS):
        told = db.command("collStats", form.rows.name)
        count = world.groups * READINGS * ANSWERED
        found[f"{form.name}: bytes a snapshot"] = [(told["storageSize"] + told["totalIndexSize"]) / count]
        found[f"{form.name}: bytes of indexes"] = [told["totalIndexSize"] / count]
    return found


def check_free(folder: str, snapshots: int) -> None:
    """Raises SystemExit where the disk has too little room."""
    needed, free = snapshots * BYTES_A_SNAPSHOT, shutil.disk_usage(folder).free
    if free < needed:
        raise SystemExit(f"{snapshots:,} snapshots need {needed / 1e9:.0f} GB of {folder}, {free / 1e9:.0f} are free")


def measure(db: Db, world: World, console: Console) -> tuple[dict[str, list[float]], set[str]]:
    """All in turn, after one turn that is thrown away; and what is refused."""
    runs: dict[str, list[float]] = {}
    refused: set[str] = set()
    for run in range(RUNS + 1):
        console.print(f"turn {run} of {RUNS}")
        for what, ask in ASKED.items():
            for form in (kind(db) for kind in FORMS):
                name = f"{form.name}: {what}"
                try:
                    figure = ask(form, world, Random(f"{run} {what}"), run)
                except (BulkWriteError, OperationFailure) as error:
                    if isinstance(error, BulkWriteError) and form.name != TimeSeries.name:
                        raise
                    refused.add(f"{name}: {_words(error)}")
                    continue
                if run:
                    runs.setdefault(name, []).append(figure)
    return runs, refused


def _words(error: OperationFailure) -> str:
    details = error.details or {}
    faults = details.get("writeErrors") or [{"errmsg": str(error)}]
    return str(faults[0]["errmsg"])[:160]


def report_of(runs: dict[str, list[float]]) -> Report:
    """The figures, and the claims that the decision rests on (docs/decisions.md)."""
    medians = {name: statistics.median(values) for name, values in runs.items()}

    def beside(what: str, one: type[Form], other: type[Form]) -> float:
        return medians[f"{one.name}: {what}"] / medians[f"{other.name}: {what}"]

    claims = [
        Claim("documents written in a second, beside packed buckets", beside("insert", Documents, Packed), 1.2),
        Claim("time to the newest of 1,000, beside packed buckets", beside("newest 1000", Documents, Packed), 1, True),
        Claim("bytes with zstd, beside those without", beside("bytes a snapshot", Compressed, Documents), 0.8, True),
    ]
    return Report(name="history", claims=claims, medians=medians, runs=runs)


def main() -> int:
    """Measure, print, write the report; 1 when a claim fails."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--snapshots", type=int, default=SNAPSHOTS)
    snapshots = max(LEAST, parser.parse_args().snapshots)
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory() as folder:
        check_free(folder, snapshots)
        with running(Path(folder), redis_needed=False) as servers:
            db = connect(servers.mongo_uri, "history")
            db.client.admin.command({"setParameter": 1, "wiredTigerEngineRuntimeConfig": CACHE})
            console.print(f"MongoDB {db.client.server_info()['version']}, {snapshots:,} snapshots")
            fill_all(servers.mongo_uri, snapshots, console)
            with MongoClient[Document](servers.mongo_uri) as patient:
                runs = sizes(patient["history"], world_of(snapshots))
            asked, refused = measure(db, world_of(snapshots), console)
            db.client.close()
    report = report_of(runs | asked)
    report.write(Path("var/bench"))
    report.show("bytes; a second (insert, extend); microseconds; milliseconds (newest 1000, thin)")
    for one in sorted(refused):
        console.print(f"[yellow]refused[/]  {one}", soft_wrap=True)
    return 0 if report.passed else 1


if __name__ == "__main__":
    sys.exit(main())
