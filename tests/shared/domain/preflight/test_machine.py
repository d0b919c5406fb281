"""What a machine must be like."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.preflight.finding import Check, Level
from shared.domain.preflight.machine import Folder, MachineFacts, judge_folder, judge_machine

GOOD = MachineFacts(python=(3, 12), threads=8, open_files=1024)
GB = 10**9
ROOMY = Folder(
    check=Check.MEDIA_FOLDER, setting="COVEY_MEDIA_DIR", path="media", free_bytes=50 * GB, total_bytes=99 * GB
)


def level(facts: MachineFacts, check: Check) -> Level:
    """The level of one check."""
    [found] = [one.level for one in judge_machine(facts) if one.check is check]
    return found


@pytest.mark.parametrize(
    ("python", "expected"),
    [((3, 10), Level.WARNING), ((3, 11), Level.OK), ((3, 13), Level.OK), ((3, 14), Level.WARNING)],
)
def test_a_python_that_is_not_tested_is_told(python: tuple[int, int], expected: Level) -> None:
    """Older or newer than what the tests run on is a warning."""
    assert level(replace(GOOD, python=python), Check.PYTHON) is expected


@given(st.integers(1, 256), st.integers(0, 4096))
def test_the_more_threads_the_more_files(threads: int, limit: int) -> None:
    """A limit that is enough for some threads is enough for fewer, and no limit is always enough."""
    facts = replace(GOOD, threads=threads, open_files=limit)

    if level(facts, Check.OPEN_FILES) is Level.OK:
        assert level(replace(facts, threads=max(1, threads - 1)), Check.OPEN_FILES) is Level.OK
    assert level(replace(facts, open_files=None), Check.OPEN_FILES) is Level.OK


def test_the_usual_limit_is_enough_for_the_usual_threads_and_not_for_all() -> None:
    """1,024 files do for 8 threads and not for 256."""
    assert level(GOOD, Check.OPEN_FILES) is Level.OK
    assert level(replace(GOOD, threads=256), Check.OPEN_FILES) is Level.WARNING


@pytest.mark.parametrize(
    ("free", "total", "expected"),
    [
        (50 * GB, 100 * GB, Level.OK),
        (5 * GB, 100 * GB, Level.OK),
        (4.9 * GB, 100 * GB, Level.WARNING),
        (1 * GB, 100 * GB, Level.WARNING),
        (0.9 * GB, 100 * GB, Level.ERROR),
        (0.3 * GB, 1 * GB, Level.OK),
        (0.19 * GB, 1 * GB, Level.ERROR),
        (0, 0, Level.ERROR),
    ],
)
def test_little_room_is_told_in_time(free: float, total: float, expected: Level) -> None:
    """Under 5 % is a warning; under 1 % or 200 MB an error."""
    assert judge_folder(replace(ROOMY, free_bytes=int(free), total_bytes=int(total))).level is expected


def test_a_folder_that_takes_nothing_is_an_error_that_names_its_setting() -> None:
    """Whatever room there is."""
    finding = judge_folder(replace(ROOMY, fault="Read-only file system"))

    assert finding.level is Level.ERROR
    assert "Read-only file system" in finding.message
    assert "COVEY_MEDIA_DIR" in finding.todo
