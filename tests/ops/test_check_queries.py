"""The program that asks a Prometheus every query."""

from __future__ import annotations

import subprocess
import sys

import pytest

from shared.runtime.embedded import free_port
from tests.ops.artifacts import OPS, check_queries


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("up", {("up", "")}),
        ('max by (queue) (covey_a{state="ready"})', {("covey_a", '{state="ready"}')}),
        (
            'sum(rate(a_total{x=~"b|c"}[5m])) / sum(rate(a_total[5m])) > 0.2',
            {("a_total", '{x=~"b|c"}'), ("a_total", "")},
        ),
        ("a unless on (queue) sum by (queue) (increase(b_count[5m])) > 0", {("a", ""), ("b_count", "")}),
        ("time() - max(a) > 60 or vector(0)", {("a", "")}),
        ("histogram_quantile(0.95, sum by (le) (rate(a_bucket[$__rate_interval])))", {("a_bucket", "")}),
        ("max_over_time(sum(a)[1h:1m]) * 1e3 offset 5m", {("a", "")}),
        ("a * on (x) group_left (y) b", {("a", ""), ("b", "")}),
    ],
)
def test_the_series_of_a_query_are_found(query: str, expected: set[tuple[str, str]]) -> None:
    """Metrics are found with their matchers; functions, groupings, numbers and ranges are not taken for metrics."""
    assert check_queries().selectors(query) == expected


@pytest.mark.parametrize(("arguments", "said"), [([], "usage"), (["prometheus"], "not the address of a Prometheus")])
def test_a_wrong_command_line_is_said(arguments: list[str], said: str) -> None:
    """Without an address, or with something else, it ends with status 2 and a line that says why."""
    program = [sys.executable, str(OPS / "prometheus" / "check_queries.py")]

    done = subprocess.run([*program, *arguments], capture_output=True, text=True, timeout=30)

    assert done.returncode == 2
    assert said in done.stderr


def test_a_prometheus_that_does_not_answer_is_said() -> None:
    """Nobody listening is status 2 with the address, not a traceback."""
    url = f"http://127.0.0.1:{free_port()}"
    program = [sys.executable, str(OPS / "prometheus" / "check_queries.py")]

    done = subprocess.run([*program, url], capture_output=True, text=True, timeout=30)

    assert done.returncode == 2
    assert url in done.stderr
    assert "Traceback" not in done.stderr
