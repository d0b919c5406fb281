"""The short forms of the queue's fault programs; `make faults` runs the long ones.

They spend their time waiting, so four of them run at a time, each on a Redis and workers of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.faults.finding import Finding
from tests.faults.queue_forms import SHORT_FORMS

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Finding]]]:
    """All short forms, under way."""
    with ThreadPoolExecutor(4) as pool:
        yield {
            name: pool.submit(run, tmp_path_factory.mktemp(f"fault{number}"))
            for number, (name, run) in enumerate(SHORT_FORMS.items())
        }


@pytest.mark.parametrize("name", SHORT_FORMS)
def test_the_queue_survives(findings: dict[str, Future[Finding]], name: str) -> None:
    """What was measured under the fault is within its limit."""
    finding = findings[name].result(timeout=150)

    assert finding.passed, f"{finding.id}: {finding.figure}; limit: {finding.limit}"
