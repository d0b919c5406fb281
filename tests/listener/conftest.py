"""Fixtures for the tests of the listener."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.workers.world import Simulator, database, db, make_services, services, start_simulator, x

__all__ = ["database", "db", "make_services", "services", "x"]


@pytest.fixture
def start() -> Iterator[Callable[..., Simulator]]:
    """Starts simulators whose streams speak often; all are stopped at the end."""
    running = []

    def begin(*options: str) -> Simulator:
        defaults = (
            "--accounts",
            "4",
            "--history-hours",
            "2",
            "--keep-alive-seconds",
            "0.2",
            "--search-lag-seconds",
            "1",
        )
        made, process = start_simulator(*defaults, *options)
        running.append(process)
        return made

    yield begin
    for process in running:
        process.terminate()
        process.wait(10)
        assert process.stdout is not None
        process.stdout.close()
