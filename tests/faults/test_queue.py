"""The short forms of the queue's fault programs; `make faults` runs the long ones.

They spend their time waiting, so four of them run at a time, each on a Redis and workers of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import pytest

from tests.faults.finding import Finding
from tests.faults.queue_forms import SHORT_FORMS
from tests.faults.queue_rebuild import redis_forgets

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Finding]]]:
    """All short forms, under way; the longest began first."""
    with ThreadPoolExecutor(4) as pool:
        yield {
            name: pool.submit(SHORT_FORMS[name], tmp_path_factory.mktemp(f"fault{number}"))
            for number, name in enumerate(sorted(SHORT_FORMS, key=_is_long, reverse=True))
        }


def _is_long(name: str) -> bool:
    """Whether a form starts the whole flock, which takes several times as long as a fleet."""
    form = SHORT_FORMS[name]
    return isinstance(form, partial) and form.func is redis_forgets


# What began first is asked about last: no test waits for what another one's form takes.
@pytest.mark.parametrize("name", sorted(SHORT_FORMS, key=_is_long))
def test_the_queue_survives(findings: dict[str, Future[Finding]], name: str) -> None:
    """What was measured under the fault is within its limit."""
    finding = findings[name].result(timeout=150)

    assert finding.passed, f"{finding.id}: {finding.figure}; limit: {finding.limit}"
