"""`covey export` of one source, on a real MongoDB: every kind, in every format, and after a SIGKILL."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from control import exporting
from shared.domain.attribution import Concern, Why
from shared.domain.counts import PostMetrics
from shared.domain.mentions import Mention
from shared.domain.models import Media, MediaType, Post, User
from shared.domain.snowflake import first_id_at
from shared.domain.sources import Source, SourceKind, Terms
from shared.runtime.settings import blank_environment
from shared.services.bootstrap import Services
from tests.control.conftest import servers_of
from tests.control.whole import Covey, covey

__all__ = ["covey"]
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
ROOT = Path(__file__).parents[2]
# Long enough that a process is killed in the middle.
MANY = 4 * exporting.BATCH


def post(second: int, author: int, *keys: str) -> Post:
    """A post of so many seconds after noon, with files."""
    at = NOON + timedelta(seconds=second)
    return Post(
        id=first_id_at(at),
        text=f"post {second}",
        created_at=at,
        author_id=author,
        metrics=PostMetrics(like_count=second),
        attachments={"media_keys": list(keys)} if keys else {},
    )


def photo(key: str) -> Media:
    """A photo."""
    return Media(key=key, type=MediaType.PHOTO, url=f"https://pbs.example/{key}.jpg")


def concern(services: Services, posts: list[Post], source: str) -> None:
    """The posts are stored, and concern a source."""
    concerns = {one.id: (Concern(source, f"+{source}", Why.TERM),) for one in posts}
    services.stores.posts.upsert(posts, source="search", now=NOON, concerns=concerns)


@pytest.fixture
def flood(services: Services) -> list[Post]:
    """Two posts that concern a source and share a file, and one that does not; with all that belongs to them."""
    stores, later = services.stores, NOON + timedelta(hours=1)
    for id_ in ("flood", "fire"):
        stores.sources.add(
            Source(id=id_, name=id_, kind=SourceKind.TERMS, terms=Terms(keywords=(id_,))), now=services.clock.now()
        )
    posts = [post(0, 7, "3_1", "3_2"), post(1, 8, "3_2"), post(2, 9, "3_3")]
    concern(services, posts[:2], "flood")
    concern(services, posts[2:], "fire")
    stores.users.upsert([User(id=number, username=f"user{number}") for number in (7, 8, 9)], now=later)
    stores.engagement.begin(posts, now=later)
    stores.media.upsert([photo("3_1"), photo("3_2")], at=NOON)
    stores.media.upsert([photo("3_3"), photo("3_4")], at=later)
    mentions = [
        Mention(
            tenant_id="default",
            sources=(source,),
            platform="x",
            external_id=str(one.id),
            url=f"https://x.com/i/status/{one.id}",
            content=one.text,
            published_at=one.created_at,
        )
        for one, source in zip(posts, ("flood", "flood", "fire"), strict=True)
    ]
    stores.mentions.put(mentions, now=later, at=later)
    return posts


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The rows of an export, of whatever format, all values as text."""
    if path.suffix == ".parquet":
        rows = pyarrow.parquet.read_table(path).to_pylist()
    elif path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    else:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [{name: str(value) for name, value in row.items()} for row in rows]


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
@pytest.mark.parametrize(
    ("what", "fields", "expected"),
    [
        ("posts", "author_id,text", [("7", "post 0"), ("8", "post 1")]),
        ("users", "username,id", [("user7", "7"), ("user8", "8")]),
        ("engagement", "like_count,repost_count_delta", [("0", None), ("1", None)]),
        ("mentions", "content,source_id", [("post 0", "flood"), ("post 1", "flood")]),
        ("media", "type,id,status", [("photo", "3_1", "pending"), ("photo", "3_2", "pending")]),
    ],
)
def test_each_kind_of_a_source_in_each_format(
    covey: Covey, flood: list[Post], tmp_path: Path, what: str, fields: str, expected: list[tuple[Any, ...]], form: str
) -> None:
    """The fields that were asked for in their order, of what belongs to the source's posts, once; nothing of others."""
    file = tmp_path / f"out.{form}"

    done = covey("export", what, "--source", "flood", "--fields", fields, "--format", form, "--output", str(file))

    rows = rows_of(file)
    nothing = "" if form == "csv" else "None"
    assert done.status == 0
    assert [list(row) for row in rows] == [fields.split(",")] * 2
    assert [tuple(row.values()) for row in rows] == [
        tuple(nothing if v is None else v for v in one) for one in expected
    ]


def test_media_of_a_span_and_of_an_account(services: Services, covey: Covey, flood: list[Post]) -> None:
    """As of when X described them, for an account as for a source; without a source also those of no post."""
    services.stores.handles.activate(["user9"], now=NOON)
    services.stores.handles.learn([User(id=9, username="user9")], now=NOON)

    def keys(*words: str) -> list[str]:
        told = covey("export", "media", "--fields", "id", *words).stdout
        return [json.loads(line)["id"] for line in told.splitlines()]

    assert keys("--source", "@user9") == ["3_3"]
    assert keys("--source", "fire", "--from", "2026-05-01T12:30") == ["3_3"]
    assert keys("--source", "flood", "--from", "2026-05-01T12:30") == []
    assert keys("--source", "flood", "--to", "2026-05-01T12:30") == ["3_1", "3_2"]
    assert keys("--from", "2026-05-01T12:30") == ["3_3", "3_4"]


def test_readings_by_source_account_and_time(services: Services, covey: Covey, flood: list[Post]) -> None:
    """By post and time; the begin is in the span, the end is not; another word for an account is refused by name."""
    later = NOON + timedelta(days=1)
    services.stores.db["X_engagement_history"].insert_many(
        {"_id": f"{one.id}:later", "post_id": str(one.id), "at": later, "metrics": {"like_count": 9}} for one in flood
    )

    def counts(*words: str) -> list[tuple[str, int]]:
        told = covey("export", "engagement", "--fields", "post_id,like_count", *words).stdout
        return [(row["post_id"], row["like_count"]) for row in map(json.loads, told.splitlines())]

    first, second, third = (str(one.id) for one in flood)
    assert counts("--account", "@user8") == [(second, 1), (second, 9)]
    assert counts("--source", "flood") == [(first, 0), (first, 9), (second, 1), (second, 9)]
    assert counts("--source", "flood", "--from", "2026-05-02T12:00") == [(first, 9), (second, 9)]
    assert counts("--account", "@user8", "--to", "2026-05-02T12:00") == [(second, 1)]
    assert counts("--to", "2026-05-02T12:00") == [(first, 0), (second, 1), (third, 2)]
    assert counts("--from", "2026-05-02T12:00:01") == []
    assert "'@nobody'" in covey("export", "engagement", "--account", "@nobody").line
    assert "one of them" in covey("export", "posts", "--account", "@user8", "--source", "flood").line


@pytest.mark.parametrize(("what", "ids"), [("posts", "1"), ("users", "1"), ("mentions", "1"), ("media", "2")])
def test_each_kind_of_an_account(covey: Covey, flood: list[Post], what: str, ids: str) -> None:
    """What belongs to its own posts, of every kind."""
    told = covey("export", what, "--account", "@user7", "--fields", "id").stdout

    assert len(told.splitlines()) == int(ids)


@pytest.fixture
def many(services: Services) -> Services:
    """Posts of a source, each with a file, for several batches."""
    services.stores.sources.add(
        Source(id="flood", name="flood", kind=SourceKind.TERMS, terms=Terms(keywords=("flood",))),
        now=services.clock.now(),
    )
    posts = [post(number, 7, f"3_{number:06}") for number in range(MANY)]
    concern(services, posts, "flood")
    services.stores.media.upsert([photo(f"3_{number:06}") for number in range(MANY)], at=NOON)
    return services


@pytest.mark.parametrize("what", ["posts", "media"])
def test_after_a_sigkill_the_file_is_as_if_nothing_had_happened(
    many: Services, covey: Covey, tmp_path: Path, what: str
) -> None:
    """A process that is killed after its first batch leaves no file, and --resume makes the same as a whole run."""
    whole, torn = tmp_path / "whole.csv", tmp_path / "torn.csv"
    words = ("export", what, "--source", "flood", "--format", "csv", "--output")
    covey(*words, str(whole))
    noted = tmp_path / "torn.csv.part.json"
    environment = blank_environment(PYTHONPATH=str(ROOT), **servers_of(many))
    command = [sys.executable, "-m", "control.cli", *words, str(torn)]

    with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 15
        while not noted.exists() and time.monotonic() < deadline and process.poll() is None:
            os.sched_yield()
        process.send_signal(signal.SIGKILL)

    assert process.returncode == -signal.SIGKILL
    assert not torn.exists()
    assert 0 < json.loads(noted.read_text())["standing"]["rows"] < MANY
    assert covey(*words, str(torn), "--resume").status == 0
    assert torn.read_bytes() == whole.read_bytes()
    assert torn.read_text().count("\n") == MANY + 1
    assert sorted(one.name for one in tmp_path.glob("torn*")) == ["torn.csv"]
