"""A person's switch of the queues, on a real MongoDB."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shared.domain.errors import InputError
from shared.domain.jobs import ALL_QUEUES
from shared.services.pausing import Pausing
from shared.stores.database import Db
from shared.stores.state import StateStore

NOW = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture
def state(mongo_db: Db) -> StateStore:
    """The values that all processes share."""
    return StateStore(mongo_db)


def test_a_queue_stays_paused_until_it_is_resumed(state: StateStore) -> None:
    """Everybody sees it with its time; doing it twice changes nothing and says so."""
    assert Pausing(state).pause(["media", "search"], now=NOW) == ["search", "media"]
    assert Pausing(state).pause(["media"], now=NOW.replace(hour=5)) == []
    assert Pausing(state).paused() == {"search": NOW, "media": NOW}
    assert Pausing(state).resume(["media", "quotes"]) == ["media"]
    assert Pausing(state).paused() == {"search": NOW}


def test_all_means_every_queue(state: StateStore) -> None:
    """Also those that were paused by name before."""
    Pausing(state).pause(["media"], now=NOW)

    assert set(Pausing(state).pause(["all"], now=NOW)) == set(ALL_QUEUES) - {"media"}
    assert set(Pausing(state).resume(["all"])) == set(ALL_QUEUES)
    assert Pausing(state).paused() == {}


def test_the_setting_pauses_everything_beside_it(state: StateStore) -> None:
    """Without a time where no person did; what a person did is kept."""
    Pausing(state).pause(["media"], now=NOW)

    assert Pausing(state, everything=True).paused() == {
        queue: NOW if queue == "media" else None for queue in ALL_QUEUES
    }


@pytest.mark.parametrize("names", [["serch"], ["search", "everything"], [""]])
def test_a_word_that_is_no_queue_changes_nothing(state: StateStore, names: list[str]) -> None:
    """It is named, with those that there are."""
    with pytest.raises(InputError, match=r"unknown queue .*interactive, search"):
        Pausing(state).pause(names, now=NOW)
    with pytest.raises(InputError, match="unknown queue"):
        Pausing(state).resume(names)
    assert Pausing(state).paused() == {}
