"""Lists on terminals of any width: no word is cut."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from control.cli.blocking import blocked_table
from control.cli.rows import Rows
from shared.services.bootstrap import Services
from tests.control.conftest import servers_of

ROOT = Path(__file__).parents[2]
LETTER = "0a1b2c3d-4e5f-6789-abcd-ef0123456789-1764294000123456"
WORDS = "MongoDB (MONGO_URI) cannot be reached: the connection is refused; check host and port, and that it runs"
ROW = (LETTER, "search_page", WORDS, "[red]no markup[/]")


def shown(rows: Rows, width: int) -> list[str]:
    """The lines on a terminal of that width."""
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    console.print(rows)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("width", [60, 79, 80, 100, 160])
def test_no_word_is_cut(width: int) -> None:
    """At each width every word of the list is there whole, and no line is wider than the terminal."""
    lines = shown(Rows(("id", "job", "error", "remark"), [ROW, ROW], title="letters", whole=("id",)), width)

    text = " ".join(lines)
    assert all(word in text for value in ROW for word in value.split())
    assert max(map(len, lines)) <= width


def test_a_narrow_terminal_gets_cards() -> None:
    """Below 80 columns each row is a card, its empty facts left out, and an empty line lies between two."""
    rows = Rows(("name", "gaps", "problem"), [("@nasa", "0", ""), ("@esa", "1", "suspended")])

    assert shown(rows, 60) == ["name: @nasa", "gaps: 0", "", "name: @esa", "gaps: 1", "problem: suspended"]
    assert "name: @nasa" not in shown(rows, 80)


def test_a_table_whose_words_do_not_fit_is_cards_too() -> None:
    """Where the longest words do not fit side by side, a terminal of usual width gets cards as well."""
    assert shown(Rows(("id", "other"), [(LETTER, LETTER)]), 100) == [f"id: {LETTER}", f"other: {LETTER}"]


def test_what_is_blocked_folds() -> None:
    """The table of blocks in `covey status` is a list like the others."""
    until = datetime(2026, 11, 28, 12, tzinfo=UTC)
    row = {"scope": "endpoint", "endpoint": "search/recent", "credential": None, "reason": WORDS, "until": until}

    lines = shown(blocked_table([row]), 60)

    assert lines[:3] == ["blocked by X:", "scope: endpoint", "endpoint: search/recent"]


def test_the_lists_of_the_commands_fold_on_a_real_terminal(services: Services, tmp_path: Path) -> None:
    """`covey dead list` on a terminal of 60 columns: cards, with the words of the error."""
    services.stores.db["dead_letters"].insert_one(
        {
            "_id": LETTER,
            "job": "search_page",
            "queue": "search",
            "reason": "attempts:StoreUnavailable",
            "died_at": datetime(2026, 11, 28, tzinfo=UTC),
            "attempts": 5,
            "traceback": f'Traceback\n  File "x.py", line 1\nshared.domain.errors.StoreUnavailable: {WORDS}\n',
        }
    )
    parent, child = pty.openpty()
    environment = {"PYTHONPATH": str(ROOT), "COVEY_DATA_DIR": str(tmp_path), "COLUMNS": "60", "TERM": "xterm"}
    done = subprocess.run(
        [sys.executable, "-m", "control.cli", "dead", "list"],
        env={**environment, **servers_of(services)},
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=child,
        stderr=subprocess.PIPE,
        timeout=30,
    )
    os.close(child)
    lines = os.read(parent, 10_000).decode().splitlines()
    os.close(parent)

    assert (done.returncode, done.stderr) == (0, b"")
    assert lines[0] == f"id: {LETTER}"
    assert "error: MongoDB (MONGO_URI) cannot be reached: the connection" in lines
    assert max(map(len, lines)) <= 60
