"""Stores on a real MongoDB, a count of the commands they send, and small builders."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pymongo
import pytest
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from shared.domain.counts import PostMetrics
from shared.domain.models import Media, MediaType, Post, User, Variant
from shared.stores.bundle import Stores
from shared.stores.database import Db

NOW = datetime(2024, 5, 1, 12, 0, 0, 123000, tzinfo=UTC)
HOUR = timedelta(hours=1)
# Ids at which text and number, 63 and 64 bits, and doubles and integers part.
AWKWARD_IDS = (9, 10, 999_999_999, 1_000_000_000, 2**53 + 1, 2**63 - 1, 2**63, 2**63 + 1, 10**19 - 1)

T = TypeVar("T")


def looked_at(db: Db, work: Callable[[], object]) -> list[dict[str, Any]]:
    """What MongoDB's profiler noted of the reads that the work made: keys and documents that each looked at."""
    db.command("profile", 2)
    try:
        work()
        return list(db["system.profile"].find({"planSummary": {"$exists": True}}))
    finally:
        db.command("profile", 0)
        db.drop_collection("system.profile")


class CommandCount(CommandListener):
    """Counts the commands that go to the server, by name."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def started(self, event: CommandStartedEvent) -> None:
        """A command leaves."""
        self.names.append(event.command_name)

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Nothing to count."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Nothing to count."""

    def during(self, call: Callable[[], object]) -> list[str]:
        """The commands that the call sends."""
        self.names.clear()
        call()
        return list(self.names)


@pytest.fixture(scope="session")
def indexed_db(mongo_uri: str) -> Iterator[Db]:
    """A database with the indexes of all stores: making them for every test takes longer than the tests."""
    with pymongo.MongoClient[dict[str, Any]](mongo_uri, tz_aware=True) as client:
        Stores.on(client["covey_stores"]).ensure_indexes()
        yield client["covey_stores"]
        client.drop_database("covey_stores")


@pytest.fixture
def mongo_db(indexed_db: Db) -> Db:
    """That database, emptied."""
    for name in indexed_db.list_collection_names():
        indexed_db[name].delete_many({})
    return indexed_db


@pytest.fixture
def stores(mongo_db: Db) -> Stores:
    """All stores on an empty database."""
    return Stores.on(mongo_db)


@pytest.fixture
def commands() -> CommandCount:
    """The count of the commands that `counted` sends."""
    return CommandCount()


@pytest.fixture
def counted(mongo_db: Db, mongo_uri: str, commands: CommandCount) -> Iterator[Stores]:
    """The same stores, through a client whose commands are counted."""
    with pymongo.MongoClient[dict[str, Any]](mongo_uri, tz_aware=True, event_listeners=[commands]) as client:
        yield Stores.on(client[mongo_db.name])


def dump(db: Db) -> dict[str, list[dict[str, Any]]]:
    """Everything in the database but when MongoDB itself says a document was changed."""
    documents = {name: list(db[name].find({}, {"updated_at": 0}).sort("_id", 1)) for name in db.list_collection_names()}
    return {name: found for name, found in documents.items() if found}


def at_once(count: int, work: Callable[[int], T]) -> list[T]:
    """What `count` threads answer that begin at the same moment."""
    start, answers = threading.Barrier(count), [None] * count

    def run(number: int) -> None:
        start.wait()
        answers[number] = work(number)  # type: ignore[call-overload]

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers  # type: ignore[return-value]


def post_of(post_id: int, **values: Any) -> Post:
    """A post by author 7, made at NOW."""
    given: dict[str, Any] = {"id": post_id, "text": "hello", "created_at": NOW, "author_id": 7}
    return Post(**(given | values))


def posts_of(ids: Iterable[int]) -> list[Post]:
    """Posts with these ids."""
    return [post_of(post_id) for post_id in ids]


def user_of(user_id: int, username: str = "nasa", **values: Any) -> User:
    """An account."""
    return User(id=user_id, username=username, **values)


def photo_of(key: str, **values: Any) -> Media:
    """A photo."""
    return Media(key=key, type=MediaType.PHOTO, url=f"https://pbs.twimg.com/{key}.jpg", **values)


def video_of(key: str) -> Media:
    """A video with all its fields."""
    return Media(
        key=key,
        type=MediaType.VIDEO,
        preview_image_url="https://pbs.twimg.com/p.jpg",
        variants=(
            Variant("https://video.twimg.com/p.m3u8", "application/x-mpegURL"),
            Variant("https://video.twimg.com/v.mp4", "video/mp4", 832_000),
        ),
        width=1280,
        height=720,
        duration_ms=12_345,
        alt_text="a launch",
        public_metrics={"view_count": 2**40},
        raw={"media_key": key},
    )


def likes(count: int) -> PostMetrics:
    """Counts with so many likes."""
    return PostMetrics(like_count=count)
