"""`dead_letters` on a real MongoDB."""

from __future__ import annotations

from typing import Any

import pytest

from shared.stores.bundle import Stores
from shared.stores.dead_letters import DeadFilter
from tests.shared.stores.conftest import HOUR, NOW, CommandCount


def letter_of(name: str, **values: Any) -> dict[str, Any]:
    """A letter."""
    return {"_id": name, "job": "search_page", "reason": "BadJob", "died_at": NOW} | values


LETTERS = [
    letter_of("aa1", died_at=NOW + 2 * HOUR),
    letter_of("aa2", job="download_media", reason="attempts:NoAnswer"),
    letter_of("b.*", reason="attempts:ServerFault", died_at=NOW + HOUR),
]


def found(stores: Stores, **values: Any) -> list[str]:
    """Ids of the letters that fit."""
    return [letter["_id"] for letter in stores.dead_letters.find(DeadFilter(**values), limit=9)]


def test_letters_are_stored_once_and_in_one_command(counted: Stores, commands: CommandCount) -> None:
    """A second time, also with other words, changes nothing."""
    assert commands.during(lambda: counted.dead_letters.add(LETTERS)) == ["update"]
    assert commands.during(lambda: counted.dead_letters.add([])) == []
    counted.dead_letters.add([letter_of("aa1", reason="other")])

    assert found(counted) == ["aa2", "b.*", "aa1"]
    assert found(counted, reason="other") == []


@pytest.mark.parametrize(
    ("which", "ids"),
    [
        ({}, ["aa2", "b.*", "aa1"]),
        ({"ids": ["aa"]}, ["aa2", "aa1"]),
        ({"ids": ["aa1", "b"]}, ["b.*", "aa1"]),
        ({"ids": [".*"]}, []),
        ({"ids": ["b.*"]}, ["b.*"]),
        ({"job": "download_media"}, ["aa2"]),
        ({"reason": "attempts:"}, ["aa2", "b.*"]),
        ({"reason": "a.t"}, []),
        ({"died_before": NOW + HOUR}, ["aa2"]),
        ({"job": "search_page", "reason": "attempts"}, ["b.*"]),
        ({"replayed": True}, []),
        ({"replayed": False}, ["aa2", "b.*", "aa1"]),
    ],
)
def test_letters_are_found_by_all_that_is_asked(stores: Stores, which: dict[str, Any], ids: list[str]) -> None:
    """The oldest first; what a person types is text, never a pattern."""
    stores.dead_letters.add(LETTERS)

    assert found(stores, **which) == ids
    assert stores.dead_letters.count(DeadFilter(**which)) == len(ids)


def test_purging_forgets_what_fits(stores: Stores) -> None:
    """And says how many; a second time there is nothing left to forget."""
    stores.dead_letters.add(LETTERS)

    assert stores.dead_letters.purge(DeadFilter(job="search_page")) == 2
    assert stores.dead_letters.purge(DeadFilter(job="search_page")) == 0

    assert found(stores) == ["aa2"]
