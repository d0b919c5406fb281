"""`dead_letters` on a real MongoDB."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.domain.errors import InputError
from shared.stores.bundle import Stores
from shared.stores.dead_letters import REPLAY_LEASE, DeadFilter
from tests.shared.stores.conftest import HOUR, NOW, CommandCount, at_once


def letter_of(name: str, **values: Any) -> dict[str, Any]:
    """A letter."""
    return {"_id": name, "job": "search_page", "reason": "BadJob", "died_at": NOW, "actor_args": []} | values


LETTERS = [
    letter_of("aa1", died_at=NOW + 2 * HOUR),
    letter_of("aa2", job="download_media", reason="attempts:NoAnswer"),
    letter_of("b.*", reason="attempts:ServerFault", died_at=NOW + HOUR),
]
UNREADABLE = letter_of("c", job=None, actor_args=None, died_at=NOW - HOUR)
LATER = NOW + REPLAY_LEASE


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


def test_what_was_stored_before_is_not_new(stores: Stores) -> None:
    """Of the letters that are added the store tells those it did not have."""
    assert stores.dead_letters.add(LETTERS[:2]).new == {"aa1", "aa2"}

    assert stores.dead_letters.add(LETTERS).new == {"b.*"}


@pytest.mark.parametrize("odd", [{"n": 2**63}, {"text": "\ud800"}, {"text": "x" * 17_000_000}, {5: "name"}])
def test_a_letter_that_no_document_can_hold_keeps_no_other_away(stores: Stores, odd: dict[Any, Any]) -> None:
    """Its id is told; the others of the batch are stored, each of them new."""
    added = stores.dead_letters.add([LETTERS[0], letter_of("odd") | odd, LETTERS[1]])

    assert (set(added.new), set(added.refused)) == ({"aa1", "aa2"}, {"odd"})
    assert sorted(found(stores)) == ["aa1", "aa2"]


def test_letters_that_the_server_refuses_are_told(stores: Stores) -> None:
    """Of a batch that the server takes in part every letter is counted once."""
    stores.db.command("collMod", "dead_letters", validator={"reason": "BadJob"})
    try:
        added = stores.dead_letters.add(LETTERS)
    finally:
        stores.db.command("collMod", "dead_letters", validator={})

    assert (set(added.new), set(added.refused)) == ({"aa1"}, {"aa2", "b.*"})


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
        ({"readable": True}, ["aa2", "b.*", "aa1"]),
        ({"readable": False}, []),
    ],
)
def test_letters_are_found_by_all_that_is_asked(stores: Stores, which: dict[str, Any], ids: list[str]) -> None:
    """The oldest first; what a person types is text, never a pattern."""
    stores.dead_letters.add(LETTERS)

    assert found(stores, **which) == ids
    assert stores.dead_letters.count(DeadFilter(**which)) == len(ids)


@pytest.mark.parametrize("empty", [{"ids": [""]}, {"ids": ["aa", ""]}, {"job": ""}, {"reason": ""}])
def test_an_empty_text_is_refused(empty: dict[str, Any]) -> None:
    """It would fit every letter, which is more than anybody who purges with an unset variable means."""
    with pytest.raises(InputError, match="empty"):
        DeadFilter(**empty)


def test_letters_of_one_moment_keep_an_order(stores: Stores) -> None:
    """Of letters that died together the order is that of their ids, in every listing."""
    stores.dead_letters.add([letter_of(name) for name in ("b", "c", "a")])

    assert found(stores) == ["a", "b", "c"]


def test_the_newest_letter_that_fits_is_found(stores: Stores) -> None:
    """By its death; none when none fits."""
    stores.dead_letters.add([*LETTERS, UNREADABLE])

    assert stores.dead_letters.newest(DeadFilter()) == NOW + 2 * HOUR
    assert stores.dead_letters.newest(DeadFilter(job="download_media")) == NOW
    assert stores.dead_letters.newest(DeadFilter(job="nobody")) is None


def claimed(stores: Stores, claim_id: str = "me", *, now: datetime = NOW, limit: int = 9, **values: Any) -> list[str]:
    """Ids of the letters that a replay gets."""
    letters = stores.dead_letters.claim_replay(DeadFilter(**values), claim_id=claim_id, now=now, limit=limit)
    return [letter["_id"] for letter in letters]


def test_a_replay_claims_what_fits_the_oldest_first(stores: Stores) -> None:
    """Up to the limit; what cannot be read is never claimed and keeps nothing behind it from being claimed."""
    stores.dead_letters.add([*LETTERS, UNREADABLE])

    assert claimed(stores, job="download_media") == ["aa2"]
    assert claimed(stores, limit=1) == ["b.*"]
    assert claimed(stores, ids=["aa"]) == ["aa1"]
    assert claimed(stores) == []
    assert found(stores, readable=False) == ["c"]


def test_what_was_sent_is_never_claimed_again(stores: Stores) -> None:
    """However long ago that was; only then does the letter count as replayed."""
    stores.dead_letters.add(LETTERS)
    claimed(stores, ids=["aa"])
    assert found(stores, replayed=True) == []

    stores.dead_letters.replay_sent(["aa1"])

    assert found(stores, replayed=True) == ["aa1"]
    assert found(stores, replayed=False) == ["aa2", "b.*"]
    assert claimed(stores, now=NOW + 1000 * HOUR) == ["aa2", "b.*"]


def test_the_letters_of_a_replay_that_died_are_claimed_by_the_next(stores: Stores) -> None:
    """After its lease, not before, and with the time of the first claim, from which the message is made."""
    stores.dead_letters.add(LETTERS)
    claimed(stores, "died", ids=["aa1"])

    assert claimed(stores, now=LATER - timedelta(milliseconds=1), ids=["aa1"]) == []
    (again,) = stores.dead_letters.claim_replay(DeadFilter(ids=["aa1"]), claim_id="next", now=LATER, limit=9)

    assert again["replay"] == {"at": NOW, "by": "next", "until": LATER + REPLAY_LEASE}


def test_of_replays_at_the_same_time_each_letter_goes_to_one(stores: Stores) -> None:
    """Eight that claim until nothing is left claim each letter once, and none gives up while letters are free."""
    names = [f"{number:03d}" for number in range(200)]
    stores.dead_letters.add([letter_of(name) for name in names])

    def claim_all(number: int) -> list[str]:
        mine: list[str] = []
        while batch := claimed(stores, f"{number}-{len(mine)}", limit=10):
            mine += batch
        return mine

    assert sorted(name for mine in at_once(8, claim_all) for name in mine) == names


def test_purging_forgets_what_fits(stores: Stores) -> None:
    """And says how many; a second time there is nothing left to forget."""
    stores.dead_letters.add(LETTERS)

    assert stores.dead_letters.purge(DeadFilter(job="search_page")) == 2
    assert stores.dead_letters.purge(DeadFilter(job="search_page")) == 0

    assert found(stores) == ["aa2"]
