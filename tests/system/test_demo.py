"""The main job as a person runs it, with a worker killed in the middle."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

START_SECONDS = 60.0
END_SECONDS = 150.0


class RunningDemo:
    """`covey demo` as a process of its own; reads what it says while it runs."""

    def __init__(self, data_dir: Path, *, seconds: int) -> None:
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "control.cli", "demo", "--json", "--accounts", "20", "--workers", "2"),
                *("--seconds", str(seconds), "--data-dir", str(data_dir)),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said: list[str] = []
        self._news = threading.Condition()
        threading.Thread(target=self._listen, daemon=True).start()

    def wait_for(self, pattern: str, timeout: float) -> str:
        """The first line that matches; fails with everything that was said when none comes."""
        with self._news:
            found = self._news.wait_for(lambda: [line for line in self.said if re.search(pattern, line)], timeout)
        assert found, "".join(self.said)
        return str(found[0])

    def children(self, module: str) -> list[int]:
        """Process ids of the demo's own children that run `module`."""
        found = []
        for folder in Path("/proc").iterdir():
            try:
                parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
                command = (folder / "cmdline").read_bytes().split(b"\0")
            except (OSError, IndexError, ValueError):
                continue
            if parent == self.process.pid and module.encode() in command:
                found.append(int(folder.name))
        return sorted(found)

    def _listen(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._news:
                self.said.append(line)
                self._news.notify_all()


@pytest.mark.system
def test_a_worker_killed_in_the_middle_of_the_demo_loses_nothing(tmp_path: Path) -> None:
    """With a worker killed by SIGKILL while it works, the demo still collects every post, quote and file."""
    demo = RunningDemo(tmp_path / "demo", seconds=6)
    try:
        demo.wait_for(r"[1-9]\d* posts", START_SECONDS)
        os.kill(demo.children("workers.main")[0], signal.SIGKILL)
        demo.wait_for(r"died and is started again", START_SECONDS)
        stdout, _ = demo.process.communicate(timeout=END_SECONDS)
    finally:
        demo.process.kill()

    report = json.loads(stdout)
    assert demo.process.returncode == 0, report
    assert report["restarts"] >= 1
    assert report["posts_expected"] > 100
    assert min(report["quotes_expected"], report["media_expected"], report["snapshots"]) > 0
    assert report["settled"]
    assert report["posts_missed"] == report["quotes_missed"] == report["media_missed"] == 0
    assert report["http_429"] == 0
    assert json.loads((tmp_path / "demo" / "report.json").read_text()) == report


@pytest.mark.system
def test_the_demo_leaves_no_process_behind(tmp_path: Path) -> None:
    """Interrupted in the middle, the demo says so in one line, ends with status 2 and takes its children along."""
    demo = RunningDemo(tmp_path / "demo", seconds=60)
    try:
        demo.wait_for(r"following 20 accounts", START_SECONDS)
        workers = demo.children("workers.main")
        demo.process.send_signal(signal.SIGINT)
        demo.process.wait(END_SECONDS)
    finally:
        demo.process.kill()

    assert demo.process.returncode == 2
    assert workers
    assert not [pid for pid in workers if Path(f"/proc/{pid}").exists()]
