"""Logs: one JSON object a line, with its context and without secrets."""

from __future__ import annotations

import io
import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from typing import Any

import pytest
import structlog

from shared.runtime import log

TOKEN = "AAAAAAAAAAAAAAAAAAAAAMLheAAAAAAA0%2BuSeid%2BULvsea4JtiGRiSDSJSI"
URL_PASSWORD = "hunter2-of-the-url"


@contextmanager
def logging_as(form: str) -> Iterator[io.StringIO]:
    """What a process named `test` writes to standard error; what was configured before is put back."""
    stream, root = io.StringIO(), logging.getLogger()
    handlers, level, before = root.handlers[:], root.level, structlog.get_config()
    root.handlers.clear()  # `configure` closes those it finds, and pytest still needs its own
    with redirect_stderr(stream):
        log.configure(level="info", form=form, process="test")
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**before)
    for name in ("urllib3", "pymongo", "dramatiq"):
        logging.getLogger(name).setLevel(logging.NOTSET)


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What is written as JSON."""
    with logging_as("json") as stream:
        yield stream


def lines(written: io.StringIO) -> list[dict[str, Any]]:
    """The lines written, a document each."""
    return [json.loads(line) for line in written.getvalue().splitlines()]


def test_a_line_is_one_json_object(written: io.StringIO) -> None:
    """Event, level, logger, process, time in UTC and the values given, in one line whatever they hold."""
    log.get_logger("shared.here").info("post stored", post_id=1 << 70, text='two\nlines "quoted"', at=None)

    (line,) = lines(written)

    assert line.items() >= {"event": "post stored", "level": "info", "logger": "shared.here", "process": "test"}.items()
    assert (line["post_id"], line["text"], line["at"]) == (1 << 70, 'two\nlines "quoted"', None)
    assert line["timestamp"].endswith("Z")


def test_lines_of_a_job_carry_its_context(written: io.StringIO) -> None:
    """Inside the block every line has it, also those of libraries; after it none has."""
    logger = log.get_logger("shared.here")

    with log.job_context(job="search_page", queue="search", message_id="m1", attempt=2):
        logger.info("inside")
        logging.getLogger("some.library").warning("of %s", "others")
    logger.info("outside")

    inside, library, outside = lines(written)
    context = {"job": "search_page", "queue": "search", "message_id": "m1", "attempt": 2}
    assert inside.items() >= context.items()
    assert library.items() >= {**context, "event": "of others", "logger": "some.library", "process": "test"}.items()
    assert context.keys().isdisjoint(outside)


def test_the_context_is_of_one_thread(written: io.StringIO) -> None:
    """A job of another thread does not show up; the process does."""
    with log.job_context(job="search_page"):
        thread = threading.Thread(target=lambda: log.get_logger("shared.there").info("elsewhere"))
        thread.start()
        thread.join()

    (line,) = lines(written)
    assert "job" not in line
    assert line["process"] == "test"


def test_levels_below_the_configured_one_are_left_out(written: io.StringIO) -> None:
    """Info is written, debug is not, and libraries that talk much start at warning."""
    log.get_logger("a").debug("no")
    log.get_logger("a").info("yes")
    for noisy in ("urllib3.connectionpool", "pymongo.topology", "dramatiq.worker.WorkerThread"):
        logging.getLogger(noisy).info("no")

    assert [line["event"] for line in lines(written)] == ["yes"]


SECRETS = {
    "a bearer token": (f"Authorization: Bearer {TOKEN}", TOKEN),
    "in lower case": (f"authorization: bearer {TOKEN}", TOKEN),
    "basic credentials": ("Basic Y292ZXk6aHVudGVyMg==", "Y292ZXk6aHVudGVyMg=="),
    "an OAuth 1.0a header": (f'OAuth oauth_consumer_key="abc", oauth_signature="{TOKEN}"', TOKEN),
    "a password in a URL": (f"redis://:{URL_PASSWORD}@redis:6379/0", URL_PASSWORD),
    "a password with a user": (f"mongodb://covey:{URL_PASSWORD}@mongo/covey?x=1", URL_PASSWORD),
    "a password with an @": (f"mongodb://covey:{URL_PASSWORD}@x@mongo/covey", f"{URL_PASSWORD}@x"),
    "a refresh token in a form": (f"grant_type=refresh_token&refresh_token={TOKEN}&client_id=1", TOKEN),
    "an access token in JSON": (json.dumps({"access_token": TOKEN}), TOKEN),
    "a client secret": (f"client_secret: {TOKEN}", TOKEN),
}


@pytest.mark.parametrize("text", SECRETS)
def test_no_secret_reaches_a_line(written: io.StringIO, text: str) -> None:
    """As event, as value, inside lists and documents, as an error's words, in a traceback, and from a library."""
    said, secret = SECRETS[text]
    logger = log.get_logger("shared.here")

    logger.info(said)
    logger.info("as value", value=said, many=[said, (said,)], inner={"deep": {"er": said}})
    logger.info("as error", error=ValueError(said))
    logging.getLogger("some.library").warning("sent %s", said)
    try:
        raise ValueError(said)
    except ValueError:
        logger.exception("failed")

    out = written.getvalue()
    assert secret not in out
    assert len(out.splitlines()) == 5
    assert "***" in out


def test_a_traceback_is_text_in_the_line_without_values_of_variables(written: io.StringIO) -> None:
    """The error and where it came from are there; what local variables held is not."""
    held = "held-in-a-" + "variable"
    try:
        raise RuntimeError("what happened")
    except RuntimeError:
        log.get_logger("shared.here").exception("failed")

    (line,) = lines(written)

    assert "RuntimeError: what happened" in line["exception"]
    assert "test_log.py" in line["exception"]
    assert held not in line["exception"]


def test_ordinary_text_is_left_alone(written: io.StringIO) -> None:
    """Addresses, times and the words themselves stay readable."""
    said = (
        "https://api.x.com/2/tweets?ids=1,2 at 12:30:00, mail a@b.example, Basic English, next_token b26v89c19zqg8o3f"
    )

    log.get_logger("shared.here").info(said)

    assert lines(written)[0]["event"] == said


def test_the_console_form_keeps_the_same_secrets() -> None:
    """For people: the event is readable; neither token nor values of variables are in it, tracebacks included."""
    said, secret = SECRETS["a bearer token"]
    with logging_as("console") as written:
        try:
            raise ValueError(said)
        except ValueError:
            log.get_logger("shared.console").exception("it failed", value=[said])

    out = written.getvalue()
    assert "it failed" in out
    assert "ValueError" in out
    assert secret not in out


def test_the_correlation_id_is_the_jobs_or_a_new_one() -> None:
    """Inside a job its id, outside a new one each time."""
    with log.job_context(correlation_id="one"):
        assert log.correlation_id() == "one"

    assert log.correlation_id() != log.correlation_id()
