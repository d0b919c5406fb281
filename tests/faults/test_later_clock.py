"""Clocks that are ahead by what a file says, for all who share it."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from shared.runtime.clock import SystemClock
from shared.stores.database import Db, ServerClock
from tests.faults.later_clock import Ahead, clocks

DAY_SECONDS = 86_400.0
# Says its time whenever it is asked for it.
PROGRAM = """
import sys
from shared.runtime.clock import SystemClock
for _ in sys.stdin:
    print(SystemClock().now().timestamp(), flush=True)
"""


def test_a_process_is_ahead_as_soon_as_the_file_says_so(tmp_path: Path) -> None:
    """While it runs; it hears of both steps, and is as late as this process, which shares the file."""
    (tmp_path / "says_time.py").write_text(PROGRAM)
    ahead = Ahead(tmp_path / "ahead")
    command = [sys.executable, "-m", "tests.faults.later_clock", str(ahead.file), "says_time"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    env = {"PYTHONPATH": f"{tmp_path}:{Path.cwd()}"}
    with subprocess.Popen(command, env=env, **pipes) as process:  # type: ignore[call-overload]
        for days in (0, 1, 2):
            ahead.go(min(days, 1) * DAY_SECONDS)
            before = SystemClock().now().timestamp() + days * DAY_SECONDS
            process.stdin.write("?\n")
            process.stdin.flush()
            assert before - 1 <= float(process.stdout.readline()) <= before + 60
        process.stdin.close()


def test_mongodb_tells_the_same_and_all_is_as_before_afterwards(tmp_path: Path, mongo_db: Db) -> None:
    """Both clocks of this process are ahead inside the block alone."""
    ahead, server, own = Ahead(tmp_path / "ahead"), ServerClock(mongo_db), SystemClock()
    ahead.go(-DAY_SECONDS)
    right = own.now()

    with clocks(ahead):
        told = (server.now(), own.now())

    for moment in told:
        assert timedelta(0) <= moment - (right - timedelta(days=1)) < timedelta(minutes=1)
    for moment in (server.now(), own.now()):
        assert timedelta(0) <= moment - right + timedelta(seconds=1) < timedelta(minutes=1)
