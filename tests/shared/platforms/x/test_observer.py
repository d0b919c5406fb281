"""Metrics of the calls."""

from __future__ import annotations

from dataclasses import replace

from prometheus_client import REGISTRY

from shared.platforms.x.answer import CallRecord
from shared.platforms.x.observer import count_call

RECORD = CallRecord(
    endpoint="search/recent", credential_id="app-1", outcome="ok", status=200, seconds=0.2, posts=3, users=2
)


def _value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, {"endpoint": "search/recent", **labels}) or 0.0


def test_a_call_is_counted_with_what_it_returned() -> None:
    """Calls by outcome, time, posts and accounts; a failed call adds no objects."""
    before = [_value("covey_x_calls_total", answer="ok"), _value("covey_x_objects_total", kind="post")]
    failed = _value("covey_x_calls_total", answer="ServerFault")

    count_call(RECORD)
    count_call(replace(RECORD, outcome="ServerFault", posts=0, users=0))

    assert _value("covey_x_calls_total", answer="ok") == before[0] + 1
    assert _value("covey_x_objects_total", kind="post") == before[1] + 3
    assert _value("covey_x_calls_total", answer="ServerFault") == failed + 1
    assert _value("covey_x_call_seconds_count") >= 2
