"""The program of odd answers, with the figures of the requirement."""

from __future__ import annotations

from functools import partial

from shared.platforms.x.fields import Dialect
from tests.faults.answers_run import odd_answers
from tests.faults.form import Form


def long_forms(seed: int) -> dict[str, Form]:
    """Five minutes in each dialect, a worker killed every twenty seconds."""
    run = partial(odd_answers, seed=seed, seconds=300, kills=15, settle_seconds=420)
    return {f"A1 {dialect.value}": partial(run, dialect=dialect) for dialect in Dialect}
