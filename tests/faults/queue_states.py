"""Any order of commands, crashes and lost replies (R14): the state machine of the scripts' tests, at length."""

from __future__ import annotations

from pathlib import Path

import redis
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from shared.runtime.embedded import start_redis
from tests.faults.finding import Finding
from tests.shared.broker.test_scripts import Queue


def any_order(folder: Path, *, runs: int, steps: int) -> Finding:
    """R14: enqueue, fetch, settle, crash, recover, adopt, late commands and expiry, in any order, against a model."""
    server = start_redis(folder)
    try:
        with redis.Redis.from_url(server.url) as client:
            run_state_machine_as_test(
                type("QueueOnRedis", (Queue,), {"redis": client}),
                settings=settings(
                    max_examples=runs,
                    stateful_step_count=steps,
                    deadline=None,
                    database=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
    except AssertionError as error:
        return Finding("R14", passed=False, figure=f"a counterexample: {error}", limit="none")
    finally:
        server.stop()
    return Finding("R14", passed=True, figure=f"no counterexample in {runs} runs of up to {steps} steps", limit="none")
