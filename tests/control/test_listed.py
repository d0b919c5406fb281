"""The table of commands beside what the modules add, what is imported for help, and completion in a real shell."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from control.cli.listed import COMMANDS, app

ROOT = Path(__file__).parents[2]
HEAVY = {"cryptography", "dramatiq", "prometheus_client", "pymongo", "redis", "requests", "sentry_sdk", "structlog"}


def test_every_row_is_a_command_of_its_module() -> None:
    """Each name in the table is added by the module beside it, and its line begins as its docstring does."""
    group = typer.main.get_command(app)

    for name, row in COMMANDS.items():
        command = group.get_command(None, name)  # type: ignore[attr-defined]
        assert command is not None, name
        assert (command.help or "").replace("\n", " ").startswith(row.help.removesuffix(".")), name


def test_every_command_has_a_row() -> None:
    """A command that a module adds and the table does not know would never be found."""
    group = typer.main.get_command(app)
    for name in COMMANDS:
        group.get_command(None, name)  # type: ignore[attr-defined]

    assert set(typer.main.get_group(app).commands) == set(COMMANDS)


@pytest.mark.parametrize("arguments", [["--help"], ["status", "--help"], ["dead", "list", "-h"], ["up", "-h"]])
def test_help_imports_no_vendor(arguments: list[str]) -> None:
    """What speaks to servers, encrypts, logs or measures is imported when a command works, not for its help."""
    code = (
        f"import sys; sys.argv = ['covey', *{arguments}]\n"
        "from control.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print(sorted({HEAVY} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=30)

    assert done.stdout.splitlines()[-1] == "[]", done.stderr
    assert "-h, --help" in done.stdout


def test_a_name_that_is_nearly_right_is_answered_with_the_right_one() -> None:
    """`covey statusx` asks whether `status` was meant."""
    assert "Did you mean 'status'" in CliRunner().invoke(app, ["statusx"]).stderr


def test_bash_completes_commands_and_options(tmp_path: Path) -> None:
    """After --install-completion a new bash completes commands, commands of a group and options."""
    path, home = str(Path(sys.executable).parent), str(tmp_path)
    script = """
        covey --install-completion > /dev/null
        source ~/.bashrc
        ask() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _covey_completion covey; echo "${COMPREPLY[*]}"; }
        complete -p covey
        ask covey st; ask covey dead l; ask covey track --dry
    """
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        env={"PATH": f"{path}:/usr/bin:/bin", "HOME": home},
        capture_output=True,
        text=True,
        timeout=30,
    )

    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "complete -o default -F _covey_completion covey",
        "status stats",
        "list",
        "--dry-run",
    ]
