"""The units for systemd: what systemd says of them, and what they promise."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from control.cli.listed import COMMANDS
from shared.domain.jobs import ALL_QUEUES
from shared.runtime.settings import Settings
from tests.ops.artifacts import OPS

FOLDER = OPS / "systemd"
SERVICES = sorted(FOLDER.glob("*.service"))
PROGRAM = "/opt/covey/bin/covey"


def values(path: Path) -> dict[str, list[str]]:
    """Each option of a unit with its values, in their order."""
    found: dict[str, list[str]] = {}
    for line in path.read_text().splitlines():
        if line and line[0] not in "#[":
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    """`systemd-analyze verify` says nothing about any of them; templates are asked with an instance."""
    names = []
    for path in FOLDER.iterdir():
        name = path.name.replace("@.", "@9201.")
        (tmp_path / name).write_text(path.read_text().replace(PROGRAM, "/bin/true"))
        names.append(str(tmp_path / name))
    done = subprocess.run(["systemd-analyze", "verify", *names], capture_output=True, text=True, timeout=60)

    said = [line for line in done.stderr.splitlines() if "covey" in line]
    assert (done.returncode, said) == (0, []), done.stderr


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_a_service_runs_a_command_as_its_own_user_and_may_little(path: Path) -> None:
    """It writes its state only, gains no right, reads its settings from a file, and has time to finish what runs."""
    options = values(path)
    program, command, *_ = options["ExecStart"][0].split()

    assert program == PROGRAM
    assert command in COMMANDS
    assert options["User"] == ["covey"]
    assert options["EnvironmentFile"] == ["/etc/covey/covey.env"]
    assert options["ProtectSystem"] == ["strict"]
    assert options["NoNewPrivileges"] == ["yes"]
    assert options["CapabilityBoundingSet"] == [""]
    assert options["StateDirectory"] == ["covey"]
    assert int(options["TimeoutStopSec"][0]) > Settings.alone().shutdown_grace_seconds + 10


def test_what_runs_all_the_time_comes_back_and_belongs_to_the_target() -> None:
    """After a failure, but not where the settings are wrong; every queue is served."""
    queues: set[str] = set()
    for path in SERVICES:
        options = values(path)
        if options.get("Type") != ["oneshot"]:
            assert options["Restart"] == ["on-failure"]
            assert options["RestartPreventExitStatus"] == ["2"]
            assert options["PartOf"] == options["WantedBy"] == ["covey.target"]
            words = options["ExecStart"][0].split()
            queues |= set(words[words.index("--queues") + 1].split(",")) if "--queues" in words else set()

    assert queues == set(ALL_QUEUES)


def test_a_round_has_time_for_its_cap() -> None:
    """The unit of `covey once` is not killed before its own cap, and a cap counts as success."""
    options = values(FOLDER / "covey-once.service")
    words = options["ExecStart"][0].split()

    assert int(options["TimeoutStartSec"][0]) > float(words[words.index("--max-seconds") + 1]) + 25
    assert options["SuccessExitStatus"] == ["3"]
