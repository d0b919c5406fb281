"""`covey once` as a person and a timer run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from typer.testing import CliRunner

from once.__main__ import app
from shared.services.bootstrap import Services
from tests.control.conftest import servers_of
from tests.workers.world import NOW, ScriptedX, page, post_id

ROOT = str(Path(__file__).parents[2])


def covey(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `covey once` with no settings but these."""
    return subprocess.run(
        [sys.executable, "-m", "control.cli", "once", *arguments],
        env={"PYTHONPATH": ROOT, "PATH": os.environ["PATH"], "COVEY_DATA_DIR": str(folder), **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_summary_is_json_for_scripts(tmp_path: Path, services: Services, x: ScriptedX) -> None:
    """With --json only the summary is on standard output; the exit status is in it too."""
    x.script = lambda asked: page(post_id(5)) if "search" in asked.path else (200, {"meta": {"result_count": 0}})
    services.following.follow(["alice"], since=NOW - timedelta(minutes=10), now=services.clock.now())

    there = {**servers_of(services), "X_BEARER_TOKEN": "sim-once", "COVEY_X_BASE_URL": x.url}
    done = covey(tmp_path, "--json", "--only", "search", **there)

    said = json.loads(done.stdout)
    assert (done.returncode, said["status"], said["ended"], said["posts_stored"]) == (0, 0, "done", 1)
    assert (said["calls"], said["queues"], said["paused"]) == (1, ["search"], [])
    assert "sim-once" not in done.stderr


def test_where_no_server_is_set_it_brings_its_own(tmp_path: Path) -> None:
    """They hold their data in the data folder, and end with the round."""
    done = covey(tmp_path, X_BEARER_TOKEN="sim-once", COVEY_X_BASE_URL="http://127.0.0.1:1")

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("All that was due is done.")
    assert (tmp_path / "mongo").is_dir()
    assert not (tmp_path / "servers.json").exists()


def test_a_wrong_call_is_one_line() -> None:
    """An unknown queue, or no token, ends it before it connects to anything."""
    unknown = CliRunner().invoke(app, ["--only", "serach"], env={"X_BEARER_TOKEN": "sim-once"})
    tokenless = CliRunner().invoke(app, [])

    assert (unknown.exit_code, tokenless.exit_code) == (2, 2)
    assert unknown.stderr.startswith("covey once: unknown queue 'serach'")
    assert tokenless.stderr.startswith("covey once: X_BEARER_TOKEN is not set.")
    assert len(unknown.stderr.splitlines()) == 1
