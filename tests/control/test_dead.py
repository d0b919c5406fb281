"""`covey dead` on real servers."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from shared.bootstrap import Services
from shared.errors import InputError
from shared.jobs import Queue, SearchPage
from tests.control.conftest import Invoke
from tests.workers.world import jobs_in


def letter(services: Services, number: int, **changes: Any) -> dict[str, Any]:
    """A stored dead letter of a search page; greater numbers died later."""
    document = {
        "_id": f"{number:04d}-letter",
        "queue": Queue.SEARCH,
        "reason": "BadJob",
        "died_at": services.clock.now() - timedelta(days=10) + timedelta(seconds=number),
        "job": "search_page",
        "actor_args": [SearchPage(sweep_id=f"sweep-{number}", page=0).model_dump()],
        "options": {"attempts": 4, "reason": "BadJob"},
        "attempts": 5,
    } | changes
    services.stores.dead_letters.add([document])
    return document


def answer(invoke: Invoke, *arguments: str) -> Any:
    """The JSON that a command prints."""
    done = invoke("dead", *arguments, "--json")
    assert done.exit_code == 0, done.exception
    return json.loads(done.stdout)


def test_letters_are_listed_by_job_reason_and_age(invoke: Invoke, services: Services) -> None:
    """Each filter keeps what fits, the oldest first; the table names what the JSON holds."""
    letter(services, 1)
    letter(services, 2, job="quote_page", reason="attempts:NoAnswer")
    letter(services, 3, died_at=services.clock.now())

    def listed(*options: str) -> list[str]:
        return [found["_id"][:4] for found in answer(invoke, "list", *options)]

    assert listed() == ["0001", "0002", "0003"]
    assert listed("--job", "quote_page") == ["0002"]
    assert listed("--reason", "NoAnswer") == ["0002"]
    assert listed("--older-than", "7d") == ["0001", "0002"]
    assert listed("--limit", "1") == ["0001"]
    table = invoke("dead", "list").stdout
    assert all(word in table for word in ("0001-letter", "quote_page", "attempts:NoAnswer"))


def test_a_letter_is_shown_by_the_first_characters_of_its_id(invoke: Invoke, services: Services) -> None:
    """The whole letter is shown; an id that fits none, or more than one, is an error that names it."""
    letter(services, 1, traceback="Traceback: page: Field required")
    letter(services, 2)

    assert answer(invoke, "show", "0001")["_id"] == "0001-letter"
    assert "Field required" in invoke("dead", "show", "0001").stdout
    for wrong in ("000", "9999"):
        error = invoke("dead", "show", wrong).exception
        assert isinstance(error, InputError)
        assert repr(wrong) in str(error)


def test_replaying_enqueues_each_job_once(invoke: Invoke, services: Services) -> None:
    """What can be read is outstanding once however often it is replayed, with attempts anew; the rest is counted."""
    letter(services, 1, actor_args=None, job=None, payload="not JSON")
    for number in (2, 3):
        letter(services, number)

    first, second = answer(invoke, "replay", "--all"), answer(invoke, "replay", "--all")

    assert first == {"replayed": 2, "skipped": 1}
    assert second == {"replayed": 0, "skipped": 1}
    jobs = [job for job in jobs_in(services, Queue.SEARCH) if isinstance(job, SearchPage)]
    assert sorted(job.sweep_id for job in jobs) == ["sweep-2", "sweep-3"]
    payloads: Any = services.broker.client.hvals(services.broker.keys(Queue.SEARCH).payloads)
    assert all("attempts" not in json.loads(payload)["options"] for payload in payloads)


def test_more_than_a_batch_is_replayed_behind_letters_that_cannot_be_read(invoke: Invoke, services: Services) -> None:
    """Many unreadable letters at the front keep none of those behind them from being replayed."""
    template = letter(services, 0, actor_args=None, job=None)
    services.stores.dead_letters.add([template | {"_id": f"u-{number}"} for number in range(1005)])
    letter(services, 5000)

    assert answer(invoke, "replay", "--all") == {"replayed": 1, "skipped": 1006}


def test_nothing_is_changed_without_saying_which(invoke: Invoke, services: Services) -> None:
    """replay and purge without a filter are errors that say how to choose, and do nothing."""
    letter(services, 1)

    for command in ("replay", "purge"):
        error = invoke("dead", command).exception
        assert isinstance(error, InputError)
        assert "--all" in str(error)

    assert jobs_in(services, Queue.SEARCH) == []
    assert len(answer(invoke, "list")) == 1


@pytest.mark.parametrize(("typed", "left"), [("y\n", 1), ("n\n", 3), ("", 3)])
def test_purging_asks_first(invoke: Invoke, services: Services, typed: str, left: int) -> None:
    """Only a yes forgets what fits; a no, or nobody there to ask, forgets nothing."""
    for number in (1, 2):
        letter(services, number)
    letter(services, 3, died_at=services.clock.now())

    done = invoke("dead", "purge", "--older-than", "7d", input=typed)

    assert (done.exit_code == 0) == (left == 1)
    assert services.stores.db["dead_letters"].count_documents({}) == left


def test_purging_for_scripts_does_not_ask(invoke: Invoke, services: Services) -> None:
    """--yes forgets what fits and says how many."""
    for number in (1, 2):
        letter(services, number)

    assert answer(invoke, "purge", "0001", "--yes") == {"purged": 1}
    assert [found["_id"] for found in answer(invoke, "list")] == ["0002-letter"]
