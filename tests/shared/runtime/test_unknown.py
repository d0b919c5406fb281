"""Names that look like settings and are none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from shared.runtime import unknown
from shared.runtime.unknown import fresh

ROOT = Path(__file__).parents[3]
KNOWN = ("COVEY_SEARCH_INTERVAL_SECONDS", "COVEY_WORKER_THREADS", "REDIS_URL", "COVEY_X_BASE_URL")


@pytest.fixture(autouse=True)
def nothing_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process has told of no name yet."""
    monkeypatch.setattr(unknown, "_told", set())


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("COVEY_SEARCH_INTERVAL", "COVEY_SEARCH_INTERVAL_SECONDS"),
        ("covey_worker_thread", "COVEY_WORKER_THREADS"),
        ("COVEY_REDIS_URL", "REDIS_URL"),
    ],
)
def test_the_setting_that_was_meant_is_named(name: str, meant: str) -> None:
    """A name that is nearly a setting's is told with that setting."""
    assert fresh([name], KNOWN) == [f"{name.upper()} is no setting and is ignored; did you mean {meant}?"]


def test_a_name_like_none_is_told_without_a_guess() -> None:
    """Where nothing is near, nothing is guessed."""
    assert fresh(["COVEY_ZZZ"], KNOWN) == ["COVEY_ZZZ is no setting and is ignored"]


def test_each_name_is_told_once_and_others_are_no_concern() -> None:
    """A second look tells nothing again; settings, in capitals or not, and names of other programs are passed over."""
    names = ["COVEY_ZZZ", "covey_worker_threads", "PATH", "REDIS_URI"]

    assert len(fresh(names, KNOWN)) == 1
    assert fresh(names, KNOWN) == []


def test_a_process_tells_of_its_environment_and_its_file_but_no_value(tmp_path: Path) -> None:
    """`covey` writes a line for each on standard error; a setting, one of a file and an empty one get none."""
    (tmp_path / ".env").write_text("COVEY_BUDGET_DAY=hunter2\nCOVEY_LOG_LEVEL=error\n")
    environment = {
        "PYTHONPATH": str(ROOT),
        "COVEY_SEARCH_INTERVALL": "hunter2",
        "COVEY_CREDENTIAL_KEYS_FILE": "/run/keys",
        "COVEY_EMPTY": "",
    }
    done = subprocess.run(
        [sys.executable, "-m", "control.cli", "handles"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
    )

    assert done.stderr.splitlines()[:-1] == [
        "covey: COVEY_BUDGET_DAY is no setting and is ignored; did you mean COVEY_BUDGET_DAY_USD?",
        "covey: COVEY_SEARCH_INTERVALL is no setting and is ignored; did you mean COVEY_SEARCH_INTERVAL_SECONDS?",
    ]
