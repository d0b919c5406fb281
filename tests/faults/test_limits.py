"""The short forms of the limiter's fault programs; `make faults` runs the long ones.

They spend most of their time waiting for windows to end, so four of them run at a time, each with an X and a Redis of
its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.faults.finding import Finding
from tests.faults.limits_forms import SHORT_FORMS

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Finding]]]:
    """All short forms, under way."""
    with ThreadPoolExecutor(4) as pool:
        yield {
            name: pool.submit(run, tmp_path_factory.mktemp(f"limit{number}"))
            for number, (name, run) in enumerate(SHORT_FORMS.items())
        }


@pytest.mark.parametrize("name", SHORT_FORMS)
def test_the_limits_of_x_hold(findings: dict[str, Future[Finding]], name: str) -> None:
    """What was measured under the condition is within its limit."""
    finding = findings[name].result(timeout=120)

    assert finding.passed, f"{finding.id}: {finding.figure}; limit: {finding.limit}"
