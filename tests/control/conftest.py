"""Fixtures for the tests of the commands."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog
from dramatiq.middleware import TimeLimit
from structlog._config import BoundLoggerLazyProxy
from typer.testing import CliRunner, Result

from control.cli.app import app  # its package adds the commands
from shared.broker import Outcomes, start_worker
from shared.domain.flock import ProcessKind
from shared.domain.jobs import Queue
from shared.domain.outcomes import decide
from shared.runtime.clock import SystemClock
from shared.services.bootstrap import Services
from shared.services.presence import Presence
from tests.workers.world import Simulator, database, db, make_services, services, simulated, simulator, x
from workers.actors import declare_all
from workers.middleware.telemetry import Telemetry, tell_outcome

__all__ = ["database", "db", "make_services", "services", "simulated", "simulator", "x"]

Invoke = Callable[..., Result]
OURS = {"shared", "workers", "scheduler", "listener", "control", "once"}


def servers_of(services: Services) -> dict[str, str]:
    """The environment that names the servers of some services."""
    settings = services.settings
    return {
        "REDIS_URL": settings.redis_url or "",
        "MONGO_URI": settings.mongo_uri or "",
        "COVEY_MONGO_DATABASE": settings.mongo_database,
    }


@contextmanager
def own_logging() -> Iterator[None]:
    """Puts back how this process logs, which a command changes."""
    root = logging.getLogger()
    handlers, level, before = root.handlers[:], root.level, structlog.get_config()
    root.handlers.clear()
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.configure(**before)
        _forget_loggers()


def _forget_loggers() -> None:
    """A logger of ours that was used keeps the configuration it was used with: let each find the present one.

    Only ours: looking through the thousands of modules that are loaded took 4 ms of each test.
    """
    for module in [module for name, module in tuple(sys.modules.items()) if name.partition(".")[0] in OURS]:
        for name in ("log", "logger", "_log"):
            logger = getattr(module, name, None)
            if isinstance(logger, BoundLoggerLazyProxy):
                vars(logger).pop("bind", None)


@pytest.fixture(autouse=True)
def logging_untouched() -> Iterator[None]:
    """What a command does to the logs of this process ends with its test."""
    with own_logging():
        yield


@pytest.fixture
def invoke(services: Services, tmp_path: Path) -> Invoke:
    """Runs a command that is meant to succeed, in this process, against the servers of the test."""

    def here(*arguments: str, input: str | None = None) -> Result:
        environment = {"COVEY_DATA_DIR": str(tmp_path), "COLUMNS": "100", **servers_of(services)}
        return CliRunner().invoke(app, arguments, env=environment, input=input)

    return here


@pytest.fixture
def at_work(make_services: Callable[..., Services], simulator: Simulator) -> Iterator[Services]:
    """A worker of this process on the interactive queue, with the simulator as X."""
    clock = SystemClock()
    middleware = [Telemetry(clock), TimeLimit(), Outcomes(decide, clock=clock, on_outcome=tell_outcome)]
    services = make_services(simulator.url, middleware=middleware)
    declare_all(services)
    worker = start_worker(services.broker, queues=[Queue.INTERACTIVE], threads=2)
    presence = Presence(services, ProcessKind.WORKER, describe=lambda: {"queues": [Queue.INTERACTIVE], "threads": 2})
    presence.begin()
    yield services
    presence.end()
    worker.stop(timeout=5000)
