"""How fast posts are exported, and that memory does not grow with how many there are.

`python -m bench.export` starts a MongoDB of its own, stores posts with what X sent of them, and exports the first tenth
of them and all of them to parquet, beside a bare cursor that decodes the same documents and does nothing with them.
Each subject is a process of its own, whose peak memory the system tells (`getrusage`). It prints a table, writes
var/bench/export.json, and exits 1 when the claim fails. `--posts 200000` measures fewer; 1,000,000 take some minutes.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.report import Claim, Report
from control.exporting import BATCH, Export, to_file
from control.exporting_fields import KINDS, chosen
from control.exporting_files import Format
from shared.domain.snowflake import first_id_at
from shared.runtime.embedded import running
from shared.stores.batches import BatchStore, Wanted
from shared.stores.database import Db, connect

POSTS, PART = 1_000_000, 10
MOST_TIMES = 1.1
WRITTEN_AT_ONCE = 5_000
BEGAN = datetime(2026, 5, 1, tzinfo=UTC)
NAME = "covey_bench"


def post(number: int) -> dict[str, Any]:
    """A post as it is stored, one a second."""
    at = BEGAN + timedelta(seconds=number)
    counts = {"like_count": number % 977, "retweet_count": number % 89, "reply_count": 1, "quote_count": 0}
    tag = {"start": 0, "end": 6, "tag": f"tag{number % 1000}"}
    text = f"post {number} says something of usual length about number {number * 7919 % 100_003}, and no more than that"
    told = {"author_id": str(number % 5000), "text": text, "lang": "en", "public_metrics": counts}
    told |= {"entities": {"hashtags": [tag]}, "edit_history_tweet_ids": [str(number)]}
    raw = {**told, "id": str(first_id_at(at)), "created_at": at.isoformat()}
    times = {"created_at": at, "first_seen_at": at, "last_seen_at": at, "described_at": at}
    return {"_id": str(first_id_at(at)), **told, **times, "found_by": "search", "raw": raw}


def fill(db: Db, posts: int) -> None:
    """Store so many posts."""
    for start in range(0, posts, WRITTEN_AT_ONCE):
        db["X_tweets"].insert_many([post(n) for n in range(start, min(start + WRITTEN_AT_ONCE, posts))], ordered=False)


def wanted(posts: int) -> Wanted:
    """The first so many posts, with the fields of an export."""
    fields = tuple(field.path for field in chosen(KINDS["posts"], None))
    end = str(first_id_at(BEGAN + timedelta(seconds=posts)))
    return Wanted(collection="X_tweets", end_id=end, fields=fields)


def export(db: Db, posts: int, target: Path) -> int:
    """Export so many posts; how many rows were written."""
    read = Export(wanted(posts), chosen(KINDS["posts"], None), Format.PARQUET)
    return to_file(BatchStore(db), read, target, tell=lambda _: None, stop=threading.Event()).rows


def cursor(db: Db, posts: int, target: Path) -> int:
    """Decode the same documents, one after another."""
    read = wanted(posts)
    found = db["X_tweets"].find({"_id": {"$lt": read.end_id}}, dict.fromkeys(read.fields, 1), batch_size=BATCH)
    return sum(1 for _ in found)


SUBJECTS = {"covey export": export, "bare cursor": cursor}


def measure(subject: str, uri: str, posts: int, folder: str) -> None:
    """In a process of its own: print rows, seconds and the peak of its memory in MB."""
    db, began = connect(uri, NAME), time.perf_counter()
    rows = SUBJECTS[subject](db, posts, Path(folder, "posts.parquet"))
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"rows": rows, "seconds": seconds, "peak_mb": peak}))


def run(subject: str, uri: str, posts: int, folder: str) -> dict[str, float]:
    """What a process of a subject measured; every row must have been there."""
    command = [sys.executable, "-m", "bench.export", "--measure", subject, uri, folder, "--posts", str(posts)]
    told: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    if told["rows"] != posts:
        raise SystemExit(f"{subject}: {told['rows']} rows instead of {posts}")
    return told


def main() -> int:
    """Measure, print, write the report; 1 when the claim fails."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--posts", type=int, default=POSTS)
    parser.add_argument("--measure", nargs=3, metavar=("SUBJECT", "URI", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure[0], options.measure[1], options.posts, options.measure[2])
        return 0
    sizes, runs = (options.posts // PART, options.posts), {}
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as servers:
        fill(connect(servers.mongo_uri, NAME), options.posts)
        for subject in SUBJECTS:
            for posts in sizes:
                told = run(subject, servers.mongo_uri, posts, folder)
                runs[f"{subject}, {posts:,} posts: rows/s"] = [told["rows"] / told["seconds"]]
                runs[f"{subject}, {posts:,} posts: peak MB"] = [told["peak_mb"]]
    few, many = (runs[f"covey export, {posts:,} posts: peak MB"][0] for posts in sizes)
    claim = Claim(f"peak of {sizes[1]:,} posts, times that of {sizes[0]:,}", many / few, MOST_TIMES, is_ceiling=True)
    report = Report(name="export", claims=[claim], medians={name: one[0] for name, one in runs.items()}, runs=runs)
    report.write(Path("var/bench"))
    report.show("posts to parquet")
    return 0 if report.passed else 1


if __name__ == "__main__":
    sys.exit(main())
