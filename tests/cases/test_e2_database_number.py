"""A database of Redis that is no number was taken for 0, without a word."""

from __future__ import annotations

import re

import pytest

from shared.domain.errors import InputError
from shared.redis.connection import connect


@pytest.mark.parametrize(
    ("url", "database"),
    [
        ("redis://h:6379/prod", "prod"),
        ("redis://h:6379/1x", "1x"),
        ("redis://h:6379/-1", "-1"),
        ("redis://h:6379/0/1", "0/1"),
        ("rediss://covey:pw@h/cache", "cache"),
        ("redis://h:6379?db=abc", "abc"),
        ("unix:///run/redis.sock?db=one", "one"),
    ],
)
def test_a_database_that_is_no_number_is_refused(url: str, database: str) -> None:
    """One line names it."""
    with pytest.raises(InputError, match=f"REDIS_URL names the database {re.escape(repr(database))}"):
        connect(url)


@pytest.mark.parametrize(
    ("url", "database"),
    [
        ("redis://h:6379", None),
        ("redis://h:6379/", None),
        ("redis://h:6379/0", 0),
        ("redis://h:6379/15", 15),
        ("redis://h:6379?db=3", 3),
        ("unix:///run/redis.sock?db=2", 2),
        ("unix:///run/redis.sock", None),
    ],
)
def test_a_number_is_taken(url: str, database: int | None) -> None:
    """The client asks that database; none named is the first."""
    with connect(url) as client:
        assert (client.get_connection_kwargs().get("db") or 0) == (database or 0)
