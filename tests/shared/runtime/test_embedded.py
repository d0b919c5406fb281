"""The embedded servers."""

from __future__ import annotations

from pathlib import Path

import pymongo
import pytest
import redis

from shared.domain.errors import InputError
from shared.runtime import embedded, programs
from shared.runtime.programs import find_redis_server


def test_both_servers_answer_and_end_with_the_block(tmp_path: Path) -> None:
    """Inside the block both servers answer; after it neither process runs."""
    with embedded.running(tmp_path) as servers:
        assert redis.Redis.from_url(servers.redis_url).ping()
        with pymongo.MongoClient[dict[str, object]](servers.mongo_uri) as client:
            assert client.admin.command("ping")["ok"] == 1.0

    with pytest.raises(redis.ConnectionError):
        redis.Redis.from_url(servers.redis_url).ping()


def test_redis_keeps_its_data_over_a_restart(tmp_path: Path) -> None:
    """What was written before a clean stop is there after the next start in the same folder."""
    first = embedded.start_redis(tmp_path)
    redis.Redis.from_url(first.url).set("key", "value")
    first.stop()

    second = embedded.start_redis(tmp_path)
    try:
        assert redis.Redis.from_url(second.url).get("key") == b"value"
    finally:
        second.stop()


def test_a_server_that_cannot_start_is_one_clear_error(tmp_path: Path) -> None:
    """A port that is taken ends in an error that shows the server's own words, and leaves no process."""
    first = embedded.start_redis(tmp_path / "one")
    try:
        port = int(first.url.rsplit(":", 1)[1].split("/")[0])
        with pytest.raises(InputError, match="did not start"):
            embedded.EmbeddedServer(
                "redis",
                "redis://127.0.0.1:1/0",
                [str(find_redis_server()), "--port", str(port), "--bind", "127.0.0.1"],
                tmp_path / "second.log",
                lambda: bool(redis.Redis(port=1).ping()),
            )
    finally:
        first.stop()


def test_a_missing_program_says_what_to_install() -> None:
    """Without the program the error names it and the setting that replaces it."""
    assert "REDIS_URL" in programs._missing("redis-server", "REDIS_URL")
    assert "redis-server" in programs._missing("redis-server", "REDIS_URL")


def test_free_port_can_be_bound() -> None:
    """The port proposed is one of the unprivileged range."""
    assert 1024 <= embedded.free_port() <= 65535
