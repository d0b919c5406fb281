"""Servers that are set up as they should not be, or may be."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import pymongo
import redis
from pymongo.errors import PyMongoError

from shared.runtime.embedded import die_with_parent, free_port
from shared.runtime.programs import find_mongod, find_redis_server
from tests.workers.world import eventually

TRIES = 5


@contextmanager
def redis_with(folder: Path, *options: str) -> Iterator[str]:
    """A redis-server with these options beside none of its own but where it lives; answers its URL.

    A cluster's nodes talk on its port + 10000: where somebody has that one, it ends at once, and another is tried.
    """
    for port in islice((one for one in iter(free_port, None) if one < 55_000), TRIES):
        command = [str(find_redis_server()), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
        url = f"redis://127.0.0.1:{port}/0"
        with _running([*command, *options]) as process, redis.Redis.from_url(url) as client:
            eventually(lambda p=process, c=client: p.poll() is not None or _answers(c.ping))  # type: ignore[misc]
            if process.poll() is None:
                yield url
                return
    raise AssertionError(f"no redis-server with {options} came up in {TRIES} tries")


@contextmanager
def mongod_with(folder: Path, *options: str) -> Iterator[str]:
    """A mongod with these options; answers its URI, by which this one server is talked to."""
    port = free_port()
    command = [str(find_mongod()), "--port", str(port), "--bind_ip", "127.0.0.1", "--dbpath", str(folder), "--quiet"]
    uri = f"mongodb://127.0.0.1:{port}/?directConnection=true"
    small = ("--nounixsocket", "--wiredTigerCacheSizeGB", "0.25")
    with _running([*command, *small, *options]), pymongo.MongoClient[dict[str, Any]](uri) as client:
        eventually(lambda: _answers(lambda: client.admin.command("ping")))
        yield uri


@contextmanager
def _running(command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        preexec_fn=die_with_parent,  # noqa: PLW1509  # one libc call; no lock is taken before exec
    )
    try:
        yield process
    finally:
        process.kill()  # nothing of it is needed any more, and a replica may take its time to end
        process.wait()


def _answers(ask: Callable[[], object]) -> bool:
    try:
        return bool(ask())
    except (redis.RedisError, PyMongoError):
        return False
