"""Lines that say the same: written once, then once a minute with how many were left out."""

from __future__ import annotations

import io
import logging

import pytest

from shared.runtime import log
from shared.runtime.repeats import AGAIN_AFTER_SECONDS, MAX_KNOWN, Repeats
from tests.shared.runtime.test_log import lines, written

__all__ = ["written"]

CONSUMER = "dramatiq.worker.ConsumerThread({})"
AT = 1_000.0


def record(
    message: object, *, at: float = AT, level: int = logging.WARNING, name: str = "scheduler.loop"
) -> logging.LogRecord:
    """A line as the handler gets it; `at` is when it was logged."""
    made = logging.LogRecord(name, level, "", 0, message, (), None)
    made.created = at
    return made


def test_a_state_is_written_once_and_again_after_a_minute_with_the_number_left_out() -> None:
    """Of a warning that comes every second one line is written; the one after a minute tells of the others."""
    repeats = Repeats()
    told = [record({"event": "no lease", "timestamp": second}, at=AT + second) for second in range(62)]

    passed = [one for one in told if repeats.filter(one)]

    assert [one.created - AT for one in passed] == [0, AGAIN_AFTER_SECONDS]
    assert passed[1].msg["not_shown"] == AGAIN_AFTER_SECONDS - 1


def test_consumers_of_all_queues_speak_once() -> None:
    """Dramatiq's line of a lost connection comes from every queue, and is the same line."""
    repeats = Repeats()
    message = "Consumer encountered a connection error: refused"
    queues = [record(message, level=logging.CRITICAL, name=CONSUMER.format(queue)) for queue in ("search", "media.DQ")]

    assert [repeats.filter(one) for one in queues] == [True, False]
    later = record(message, at=AT + AGAIN_AFTER_SECONDS, level=logging.CRITICAL, name=CONSUMER.format("quotes"))
    assert repeats.filter(later)
    assert later.getMessage() == f"{message} (1 more like this were not shown)"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"event": "dead letter", "dead_id": "a"}, {"event": "dead letter", "dead_id": "b"}),
        ({"event": "job given up", "message_id": "a"}, {"event": "job given up", "message_id": "b"}),
        ("Failed to process message a", "Failed to process message b"),
    ],
)
def test_what_differs_in_a_word_is_written(one: object, other: object) -> None:
    """Lines of different jobs, letters or faults are no repeats."""
    repeats = Repeats()

    assert repeats.filter(record(one))
    assert repeats.filter(record(other))


def test_different_errors_of_one_sentence_are_written() -> None:
    """A traceback of another error is another line."""
    repeats, told = Repeats(), []
    for error in (ValueError("a"), ValueError("b"), ValueError("a")):
        told.append(record("Consumer encountered an unexpected error."))
        told[-1].exc_info = (ValueError, error, None)

    assert [repeats.filter(one) for one in told] == [True, True, False]


def test_what_is_below_a_warning_passes_unless_its_caller_says_that_it_is_alike(written: io.StringIO) -> None:
    """`like` makes lines of one event alike whatever else is in them, and is not written."""
    tell = log.get_logger("a")
    for number in range(3):
        tell.info("job done", number=1)
        tell.info("job retry", number=number, like="StoreUnavailable")

    assert [(line["event"], line["number"]) for line in lines(written)] == [
        ("job done", 1),
        ("job retry", 0),
        ("job done", 1),
        ("job done", 1),
    ]
    assert all("like" not in line for line in lines(written))


def test_what_is_known_has_a_bound() -> None:
    """More different lines than a state can have push out the oldest, which is then written again."""
    repeats = Repeats()
    for number in range(MAX_KNOWN + 1):
        assert repeats.filter(record({"event": str(number)}))

    assert not repeats.filter(record({"event": "1"}))
    assert repeats.filter(record({"event": "0"}))
