"""Logs: one JSON object a line, with the context of the job that wrote it.

Owns the configuration of structlog and of the standard library's logging (Dramatiq, uvicorn), so that both come out
in one form. Context is bound at the start of a job and cleared at its end. Tokens never reach a log: nothing here
logs a request, and what looks like a credential is cut out should a library try.
"""

from __future__ import annotations

import logging
import re
import sys
import uuid
from collections.abc import Mapping, MutableMapping
from contextlib import AbstractContextManager
from typing import Any

import structlog

from shared.domain.urls import safe_url
from shared.runtime.repeats import Repeats

# What gives a secret away, and what is left of it.
_SECRETS = (
    (re.compile(r"\b([Bb]earer|Basic)\s+[\w%.~+/=-]{8,}"), r"\1 ***"),
    (re.compile(r"\b(oauth_\w+=)\"[^\"]*\""), r'\1"***"'),
    (
        re.compile(
            r"\b((?:access|refresh|oauth)_token(?:_secret)?|client_secret|code_verifier|password)"
            r"([\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;}]+"
        ),
        r"\1\2***",
    ),
)


def get_logger(name: str) -> Any:
    """A structured logger; `name` is the module that writes.

    What says the same as a line of the last minute is counted instead of written (`repeats`); `like="..."` in a call
    says that lines of this event with the same text there do, whatever else is in them.
    """
    return structlog.stdlib.get_logger(name)


def job_context(**values: object) -> AbstractContextManager[None]:
    """Bind values (job, queue, message id, attempt) to every line written inside the block, by this thread."""
    return structlog.contextvars.bound_contextvars(**values)


def correlation_id() -> str:
    """The id that ties together all that one request or slot led to: the running job's, or a new one."""
    return str(structlog.contextvars.get_contextvars().get("correlation_id") or uuid.uuid4().hex)


def configure(*, level: str, form: str, process: str) -> None:
    """Send every log of this process to standard error. `form` is `json` or `console`."""

    def add_process(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event.setdefault("process", process)  # a contextvar would be seen by the main thread only
        return event

    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        add_process,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    renderer: list[structlog.typing.Processor] = (
        [structlog.processors.JSONRenderer()]
        if form == "json"
        # The renderer's own tracebacks print the values of local variables.
        else [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redact,
                *renderer,
            ],
        )
    )
    handler.addFilter(Repeats())
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for noisy in ("urllib3", "pymongo", "dramatiq"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Cut credentials out of everything in a log line."""
    for key, value in event.items():
        event[key] = cleaned(value)
    return event


def cleaned(value: Any) -> Any:
    """A value without credentials, however deep they are; what is neither text, number nor container becomes text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {key: cleaned(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [cleaned(item) for item in value]
    text = value if isinstance(value, str) else repr(value)
    for pattern, rest in _SECRETS:
        text = pattern.sub(rest, text)
    return safe_url(text)
