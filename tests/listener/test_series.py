"""The series that a listener begins at 0."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
# A process of its own: the metrics of this one have been raised by other tests.
PROGRAM = """
from prometheus_client import REGISTRY
from listener import series
series.begin(("activity", "filtered"), pushed="webhook")
for family in REGISTRY.collect():
    if family.name in ("covey_live_events", "covey_live_breaks"):
        found = [sample for sample in family.samples if sample.name.endswith("_total")]
        print(family.name, len(found), sum(sample.value for sample in found))
"""


def test_every_labelled_counter_begins_at_zero() -> None:
    """Six kinds of events on three ways in, four ways to break on two connections."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30
    )

    assert set(done.stdout.splitlines()) == {"covey_live_events 18 0.0", "covey_live_breaks 8 0.0"}
