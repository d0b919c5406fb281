"""The logs of one machine, as real processes write them."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from control import logs
from control.logs import LogFilter
from shared.domain.errors import InputError
from tests.control.whole import Covey, covey
from tests.workers.world import eventually

__all__ = ["covey"]

ROOT = str(Path(__file__).parents[2])
WRITE = """
import sys
from shared.runtime import log
log.configure(level="debug", form=sys.argv[1], process=sys.argv[2])
logger = log.get_logger("test")
with log.job_context(correlation_id="c-1"):
    logger.info("begins", post=7)
logger.warning("is late", post=8)
try:
    1 / 0
except ZeroDivisionError:
    logger.exception("is broken")
"""


def write(folder: Path, name: str, form: str) -> Path:
    """The log of a process that writes in this form."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.log"
    with path.open("ab") as file:
        subprocess.run(
            [sys.executable, "-c", WRITE, form, name], stderr=file, check=True, env={"PYTHONPATH": ROOT}, timeout=30
        )
    return path


def test_both_forms_are_read_alike(tmp_path: Path) -> None:
    """Time, level and correlation id are found in JSON and in console lines; a traceback belongs to its entry."""
    for form in ("json", "console"):
        first, second, third = logs.read([write(tmp_path, form, form)], LogFilter())

        assert (first.level, second.level, third.level) == ("info", "warning", "error")
        assert (first.correlation_id, second.correlation_id) == ("c-1", None)
        assert abs((datetime.now(UTC) - first.at).total_seconds()) < 30
        assert "begins" in first.text
        assert "post=7" in first.text
        assert "\x1b" not in first.text + third.text
        assert "ZeroDivisionError" in third.text


def test_files_are_merged_by_time_and_filtered(covey: Covey, tmp_path: Path) -> None:
    """By level, by correlation id, by name; --json passes lines through as they are."""
    write(tmp_path / "logs", "scheduler", "json")
    write(tmp_path / "logs", "worker-1", "console")
    (tmp_path / "logs" / "worker-2.log").write_text("something that is no entry\n")

    everything = covey("logs").stdout.splitlines()
    assert "no entry" in everything[0]
    assert sorted(everything[1:3])[0].split()[2:5] == ["info", "scheduler", "begins"]
    late = covey("logs", "--level", "warning", "--since", "5m").stdout
    assert ("begins" in late, late.count("is late"), late.count("is broken")) == (False, 2, 2)
    one = covey("logs", "--correlation-id", "c-1", "--json", "scheduler").stdout
    assert json.loads(one)["event"] == "begins"
    assert "'late'" in covey("logs", "--level", "late").line
    assert "there are scheduler, worker-1, worker-2" in covey("logs", "worker-9").line


def test_what_is_being_written_is_followed(tmp_path: Path) -> None:
    """Whole lines only, in all files, until it is stopped."""
    path = write(tmp_path, "worker-1", "json")
    stop = threading.Event()
    seen: list[str] = []
    line = json.dumps({"timestamp": "2026-05-01T12:00:00Z", "level": "info", "event": "is new"})

    def read() -> None:
        for entry in logs.follow([path], LogFilter(), stop):
            seen.append(entry.text)

    reader = threading.Thread(target=read)
    reader.start()
    eventually(lambda: len(seen) == 3)
    with path.open("a") as file:
        file.write(line[:20])
        file.flush()
        file.write(line[20:] + "\n")
    eventually(lambda: len(seen) == 4)
    stop.set()
    reader.join(5)

    assert seen[3] == "is new"


def test_without_logs_it_is_said_who_writes_them(tmp_path: Path) -> None:
    """One line."""
    with pytest.raises(InputError, match="covey up writes them"):
        logs.files(tmp_path, [])


def test_of_a_long_log_the_end_is_read(tmp_path: Path) -> None:
    """The newest entries come first, and of what is before the last four megabytes nothing is read, not even a part."""
    path = tmp_path / "worker-1.log"
    entry = '{{"timestamp": "2026-11-27T10:00:00.{:06}Z", "level": "info", "event": "{} {}"}}\n'
    path.write_text("".join(entry.format(number, number, "x" * 1000) for number in range(8_000)))
    newest = logs.latest([path], LogFilter(), limit=10_000)
    numbers = [int(one.text.partition(" ")[0]) for one in newest]
    assert numbers == list(range(7_999, 7_999 - len(numbers), -1))
    assert len(numbers) == logs.TAIL_BYTES // len(entry.format(7_999, 7_999, "x" * 1000))
    assert [one.text.partition(" ")[0] for one in logs.latest([path], LogFilter(), limit=2)] == ["7999", "7998"]
