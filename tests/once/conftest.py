"""Fixtures for the tests of one round."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection

import pytest

from once.brake import Caps
from once.round import Summary, run
from shared.domain.jobs import ALL_QUEUES
from shared.services.bootstrap import Services
from tests.control.conftest import logging_untouched
from tests.workers.world import database, db, make_services, services, simulated, simulator, x

__all__ = ["database", "db", "logging_untouched", "make_services", "services", "simulated", "simulator", "x"]

Round = Callable[..., Summary]


@pytest.fixture
def one_round() -> Round:
    """Does one round with the settings of some services; caps by keyword."""

    def do(services: Services, only: Collection[str] = ALL_QUEUES, **caps: float) -> Summary:
        return run(services.settings, only, Caps(**caps), stop=threading.Event(), show=lambda _: None)  # type: ignore[arg-type]

    return do
