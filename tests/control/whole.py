"""The whole `covey` command in this process: its errors and its logs too, as a terminal would show them."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from unittest import mock

import pytest
from typer.testing import CliRunner

from control.cli import main
from shared.services.bootstrap import Services
from tests.control.conftest import own_logging, servers_of


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it wrote."""

    status: int
    stdout: str
    stderr: str

    @property
    def line(self) -> str:
        """The one line of a command that failed; nothing is on standard output."""
        assert self.stdout == "", self
        (line,) = self.stderr.splitlines()
        assert line.startswith("covey: ")
        return line


class Covey(Protocol):
    """Runs a command; keywords are settings of the environment."""

    def __call__(self, *arguments: str, input: bytes | None = None, **environment: str) -> Done: ...


@pytest.fixture
def covey(services: Services, tmp_path: Path) -> Covey:
    """Runs a command against the servers of the test."""

    def run(*arguments: str, input: bytes | None = None, **environment: str) -> Done:
        return run_covey(*arguments, input=input, COVEY_DATA_DIR=str(tmp_path), **servers_of(services) | environment)

    return run


def run_covey(*arguments: str, input: bytes | None = None, **environment: str) -> Done:
    """Run a command in this process, with these settings beside those of the test's environment."""
    runner, status = CliRunner(), 0
    with own_logging(), runner.isolation(input, env=environment) as (out, err, _):
        with mock.patch.object(sys, "argv", ["covey", *arguments]):
            try:
                main()
            except SystemExit as end:
                status = end.code if isinstance(end.code, int) else 0
        sys.stdout.flush()
        sys.stderr.flush()
        return Done(status, out.getvalue().decode(), err.getvalue().decode())
