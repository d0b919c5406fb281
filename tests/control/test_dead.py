"""`covey dead` on real servers."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from shared.domain.errors import InputError
from shared.domain.jobs import Queue, SearchPage
from shared.services.bootstrap import Services
from shared.stores.dead_letters import DeadFilter
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
    services.stores.dead_letters.replay_sent(["0002-letter"])
    assert (listed("--replayed"), listed("--waiting")) == (["0002"], ["0001", "0003"])
    assert "2 more; see --limit" in invoke("dead", "list", "--limit", "1").stdout
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

    assert first == {"replayed": 2, "outstanding": 0, "unreadable": 1, "busy": 0}
    assert second == {"replayed": 0, "outstanding": 0, "unreadable": 1, "busy": 0}
    jobs = [job for job in jobs_in(services, Queue.SEARCH) if isinstance(job, SearchPage)]
    assert sorted(job.sweep_id for job in jobs) == ["sweep-2", "sweep-3"]
    payloads: Any = services.broker.client.hvals(services.broker.keys(Queue.SEARCH).payloads)
    assert all("attempts" not in json.loads(payload)["options"] for payload in payloads)


def test_more_than_a_batch_is_replayed_behind_letters_that_cannot_be_read(invoke: Invoke, services: Services) -> None:
    """Many unreadable letters at the front keep none of those behind them from being replayed."""
    template = letter(services, 0, actor_args=None, job=None)
    services.stores.dead_letters.add([template | {"_id": f"u-{number}"} for number in range(1005)])
    letter(services, 5000)

    assert answer(invoke, "replay", "--all") == {"replayed": 1, "outstanding": 0, "unreadable": 1006, "busy": 0}


@pytest.mark.parametrize(
    ("chosen", "replayed"),
    [
        (("0002", "0003"), {2, 3}),
        (("--job", "quote_page"), {1}),
        (("--older-than", "7d"), {1, 2}),
        (("--reason", "NoAnswer"), {1, 3}),
        (("--reason", "NoAnswer", "--older-than", "7d"), {1}),
        (("000", "--job", "search_page"), {2, 3}),
    ],
)
def test_what_is_replayed_is_chosen_by_id_job_age_and_reason(
    invoke: Invoke, services: Services, chosen: tuple[str, ...], replayed: set[int]
) -> None:
    """What does not fit every filter stays in the dead letters, and the text says what was left and why."""
    letter(services, 1, job="quote_page", reason="attempts:NoAnswer")
    letter(services, 2)
    letter(services, 3, reason="attempts:NoAnswer", died_at=services.clock.now())

    assert invoke("dead", "replay", *chosen).stdout == f"Replayed {len(replayed)} jobs.\n"

    assert {int(found["_id"][:4]) for found in answer(invoke, "list", "--replayed")} == replayed
    assert services.broker.introspection.queue_stats()[Queue.SEARCH].ready == len(replayed)


def test_a_replay_says_what_it_left_alone(invoke: Invoke, services: Services) -> None:
    """Work that is in the queue already, what cannot be read, and what another replay has in hand."""
    services.sender.send(SearchPage(sweep_id="sweep-1", page=0))
    letter(services, 1, options={"dedup_key": "search_page:sweep-1:0"})
    letter(services, 2, actor_args=None, job=None)
    letter(services, 3)
    now = services.clock.now() + timedelta(minutes=1)
    services.stores.dead_letters.claim_replay(DeadFilter(ids=["0003"]), claim_id="other", now=now, limit=1)

    lines = invoke("dead", "replay", "--all").stdout

    assert "Replayed 0 jobs." in lines
    for said in ("1 needed no replay", "1 cannot be replayed", "1 in the hands of another replay"):
        assert said in lines


@pytest.mark.parametrize("command", ["replay", "purge"])
@pytest.mark.parametrize("chosen", [("",), ("--job", ""), ("--reason", ""), ("0001", "")])
def test_an_empty_choice_is_an_error(invoke: Invoke, services: Services, command: str, chosen: tuple[str, ...]) -> None:
    """A variable that was not set must not choose every letter."""
    letter(services, 1)

    error = invoke("dead", command, *chosen, *(["--yes"] if command == "purge" else [])).exception

    assert isinstance(error, InputError)
    assert "empty" in str(error)
    assert [found["_id"] for found in answer(invoke, "list", "--waiting")] == ["0001-letter"]


def test_an_age_that_is_none_is_an_error_that_names_it(invoke: Invoke, services: Services) -> None:
    """And nothing is forgotten."""
    letter(services, 1)

    error = invoke("dead", "purge", "--older-than", "yesterday", "--yes").exception

    assert isinstance(error, InputError)
    assert "'yesterday'" in str(error)
    assert len(answer(invoke, "list")) == 1


def test_what_was_replayed_can_be_purged_by_itself(invoke: Invoke, services: Services) -> None:
    """The letters that still wait for a person stay; --waiting alone chooses too much to go without --all."""
    for number in (1, 2):
        letter(services, number)
    services.stores.dead_letters.replay_sent(["0001-letter"])

    assert isinstance(invoke("dead", "purge", "--waiting", "--yes").exception, InputError)
    assert answer(invoke, "purge", "--replayed", "--yes") == {"purged": 1}

    assert [found["_id"] for found in answer(invoke, "list")] == ["0002-letter"]


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
