"""docs/troubleshooting.md: every check is explained, and what it shows is what `covey doctor` says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from control.cli.app import app
from shared.domain.preflight.finding import ENDS_A_START, Check
from shared.runtime.embedded import Servers
from tests.control.conftest import own_logging
from tests.ops.set_ups import DOCUMENT, SET_UPS, SetUp, blocks, made

pytestmark = pytest.mark.usefixtures("roomy_disk")

Row = tuple[str, str, str, str]


def rows_of(table: str) -> list[Row]:
    """The rows of a printed table: check, level, what was found, what to do; lines that were wrapped are joined."""
    rows: list[list[str]] = []
    for line in table.splitlines():
        if line.startswith("│"):
            cells = [cell.strip() for cell in line.strip("│").split("│")]
            if cells[0]:
                rows.append(cells)
            else:
                rows[-1] = [f"{before} {more}".strip() for before, more in zip(rows[-1], cells, strict=True)]
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def without_numbers(row: Row) -> Row:
    """The row with each number replaced, for versions, ports and room differ from machine to machine."""
    check, level, found, todo = (re.sub(r"\s+", " ", re.sub(r"\d+(?:\.\d+)*", "0", cell)) for cell in row)
    return check, level, found, todo


@pytest.mark.parametrize("set_up", SET_UPS, ids=lambda one: one.name)
def test_the_document_shows_what_is_said(
    set_up: SetUp, servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The set-up is made anew: its findings and its exit status are those of the document."""
    monkeypatch.chdir(tmp_path)
    with made(set_up, servers, tmp_path) as environment, own_logging():
        done = CliRunner().invoke(app, ["doctor", "--json", *set_up.options], env=environment)

    said = [(one["check"], one["level"], one["message"], one["todo"]) for one in json.loads(done.stdout)]
    shown = blocks()[set_up.name]
    assert [without_numbers(row) for row in rows_of(shown)] == [without_numbers(row) for row in said]
    assert shown.splitlines()[-2:] == ["$ echo $?", str(done.exit_code)]


def test_every_set_up_of_the_document_is_made() -> None:
    """No output stands there that nothing reproduces."""
    assert blocks().keys() == {set_up.name for set_up in SET_UPS}


def test_every_check_is_explained() -> None:
    """The table of checks names each once, in the order in which they are told, and what ends a start."""
    told = re.findall(r"^\| `(\w+)` \| (yes|no) \|", DOCUMENT.read_text(), flags=re.M)

    assert told == [(check.value, "yes" if check in ENDS_A_START else "no") for check in Check]


def test_nothing_of_a_machine_is_shown() -> None:
    """No address but the loopback's, and no folder of whoever wrote it."""
    text = DOCUMENT.read_text()

    assert set(re.findall(r"\d+\.\d+\.\d+\.\d+", text)) == {"127.0.0.1"}
    assert not re.search(r"/(?:home|root|tmp|work|Users)/", text)
