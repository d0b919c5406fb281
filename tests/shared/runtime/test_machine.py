"""What is read of this machine."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

from shared.domain.preflight.finding import Check
from shared.runtime.machine import read_folder, read_machine


def test_the_facts_are_those_of_this_process() -> None:
    """Its Python, and its limit of open files as it is now."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (300, before[1]))
    try:
        facts = read_machine(threads=4)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)

    assert facts.python == sys.version_info[:2]
    assert (facts.threads, facts.open_files) == (4, 300)


def test_a_folder_that_is_not_there_yet_is_looked_for_above(tmp_path: Path) -> None:
    """Nothing is made, and the room is that of the disk it will be on."""
    found = read_folder(Check.MEDIA_FOLDER, "COVEY_MEDIA_DIR", tmp_path / "a" / "b")

    assert found.fault is None
    assert 0 < found.free_bytes <= found.total_bytes
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_takes_nothing_says_why(tmp_path: Path) -> None:
    """A file in its place, or a file system that takes no files, is the fault."""
    (tmp_path / "file").touch()

    for path in (tmp_path / "file" / "media", Path("/proc/covey")):
        assert read_folder(Check.MEDIA_FOLDER, "COVEY_MEDIA_DIR", path).fault
