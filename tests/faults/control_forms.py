"""The fault programs of what people and programs steer and read."""

from __future__ import annotations

from functools import partial

from tests.faults.control_webhooks import killed_senders
from tests.faults.form import Form


def long_forms(seed: int) -> dict[str, Form]:
    """Every program at the size of its requirement."""
    return {"W1": partial(killed_senders, seed=seed, tenants=4, seconds=90, kills=12, away_seconds=20)}
