"""Real servers for every test that needs one: started once a session, emptied before each test."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator
from typing import Any

import pymongo
import pytest
import redis
import typer.main
from pymongo.database import Database

from shared.domain.preflight import machine
from shared.runtime.embedded import Servers, running
from shared.runtime.settings import blank_environment, child_environment


def pytest_configure() -> None:
    """No setting of a person, of the environment or of `.env`, reaches a test or what it starts."""
    patch = pytest.MonkeyPatch()
    for name in child_environment().keys() - blank_environment().keys():
        patch.delenv(name)
    patch.setenv("COVEY_ENV_FILE", "")
    # Hundreds of processes of ours are started: without bytecode on disk each compiles all that it imports.
    patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    sys.dont_write_bytecode = False
    # Typer builds all commands anew each time that one is run: 0.13 s, and hundreds are run in one process.
    patch.setattr(typer.main, "get_command_from_info", functools.cache(typer.main.get_command_from_info))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that both processes end at about the same time."""
    items.sort(key=lambda item: item.get_closest_marker("system") is None)


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """redis-server and mongod of this test session."""
    with running(tmp_path_factory.mktemp("servers")) as servers:
        with pymongo.MongoClient(servers.mongo_uri) as client:  # documents of tests are dated in the past
            client.admin.command("setParameter", 1, ttlMonitorEnabled=False)
        yield servers


@pytest.fixture(scope="session")
def redis_url(servers: Servers) -> str:
    """The session's Redis, logical database 0."""
    return servers.redis_url


@pytest.fixture(scope="session")
def mongo_uri(servers: Servers) -> str:
    """The session's MongoDB."""
    return servers.mongo_uri


@pytest.fixture
def redis_client(redis_url: str) -> Iterator[redis.Redis]:
    """A client of an empty Redis."""
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
        yield client


@pytest.fixture
def mongo_db(mongo_uri: str) -> Iterator[Database[dict[str, Any]]]:
    """An empty database, dropped afterwards."""
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(mongo_uri, tz_aware=True)
    client.drop_database("covey_test")
    yield client["covey_test"]
    client.drop_database("covey_test")
    client.close()


@pytest.fixture
def roomy_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk of whoever runs the tests is not what they are about: none is too full."""
    for limit in ("LOW_RATIO", "FULL_RATIO", "FULL_BYTES"):
        monkeypatch.setattr(machine, limit, 0)
