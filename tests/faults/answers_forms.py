"""The program of odd answers in two sizes: short for the tests, long with the figures of the requirement."""

from __future__ import annotations

from functools import partial

from tests.faults.answers_run import odd_answers
from tests.faults.form import Form


def long_forms(seed: int) -> dict[str, Form]:
    """Five minutes, a worker killed every twenty seconds."""
    return {"A1": partial(odd_answers, seed=seed, seconds=300, kills=15, settle_seconds=420)}
