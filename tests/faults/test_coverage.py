"""The judge of the program of coverage; `make faults ARGS=coverage` runs it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults.coverage_forms import SHORT, long_forms
from tests.faults.coverage_run import Late, finding
from tests.faults.form import what_happens

REPORT: dict[str, Any] = {
    "missing": {"posts": [], "quotes": [], "media": [], "bad_checksum": []},
    "duplicates": 0,
    "posts_expected": 400,
    "quotes_expected": 9,
    "calls_by_endpoint": {"search/recent": 100},
}
LATE = Late(posts=18, stored=18, by_rereading=9)
ROW: dict[str, Any] = {"covered_ratio": 1.0, "verified_ratio": 0.9, "unaccounted_seconds": 0}


def judged(report: dict[str, Any] = REPORT, late: Late = LATE, row: dict[str, Any] = ROW, left: str = "") -> bool:
    """Whether a run passes."""
    return finding(SHORT, report, late, [ROW, row], left).passed


def test_a_run_passes_when_nothing_is_missing() -> None:
    """Late posts too; and there were some."""
    assert judged()
    assert "18 of 18 late ones stored, 9 found by reading again" in finding(SHORT, REPORT, LATE, [ROW], "").figure


@pytest.mark.parametrize(
    "wrong",
    [
        {"report": REPORT | {"missing": {"posts": ["7"]}}},
        {"report": REPORT | {"duplicates": 1}},
        {"late": Late(18, 17, 9)},
        {"late": Late(0, 0, 0)},
        {"row": ROW | {"covered_ratio": 0.99}},
        {"row": ROW | {"unaccounted_seconds": 5}},
        {"left": "1 open gaps"},
    ],
)
def test_whatever_is_missing_fails_a_run(wrong: dict[str, Any]) -> None:
    """One post, one late post, one moment, or nothing that was late at all."""
    assert not judged(**wrong)


def test_every_form_says_what_happens() -> None:
    """In its docstring."""
    assert all(what_happens(form).startswith("one post in twenty comes late") for form in long_forms(1).values())
