"""A file full of wrong words is told in a few lines of a terminal, and nothing of it is done."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from shared.domain.jobs import ALL_QUEUES
from shared.services.bootstrap import Services
from tests.control.conftest import database, db, make_services, services, x
from tests.control.whole import Covey, covey
from tests.workers.world import jobs_in

__all__ = ["covey", "database", "db", "make_services", "services", "x"]

POST = 1460323737035677698
A_SCREEN = 24 * 80


def wrong_words() -> bytes:
    """20,000 words that are no ids, one a line, and a good one before them."""
    letters = random.Random(7)
    words = ["".join(letters.choices("abcxyz-./", k=8)) for _ in range(20_000)]
    return "\n".join([f"{POST}", *words]).encode()


def test_twenty_thousand_wrong_words_are_counted_and_five_are_named(covey: Covey, services: Services) -> None:
    """The count, the first five with their lines, never more than a screen, and nothing is enqueued."""
    done = covey("refresh", "-", input=wrong_words())

    assert done.status == 2
    assert "20000 of 20001 words cannot be read, the first 5: standard input, line 2: " in done.line
    assert done.line.count("standard input, line ") == 5
    assert "standard input, line 6: " in done.line
    assert len(done.line) < A_SCREEN
    assert all(jobs_in(services, queue) == [] for queue in ALL_QUEUES)


@pytest.mark.parametrize("word", [b"x" * 100_000, "🐦".encode() * 5_000, b"\x1b[2J" * 5_000, b"\xff" * 20_000])
def test_words_of_any_length_and_kind_fit_a_screen(covey: Covey, word: bytes) -> None:
    """Long words are cut, and what would steer a terminal is shown as text."""
    done = covey("refresh", "-", input=b"\n".join([word] * 10))

    assert "10 of 10 words cannot be read" in done.line
    assert len(done.line) < A_SCREEN
    assert done.line.isprintable()


def test_one_wrong_word_among_many_keeps_all_back(covey: Covey, services: Services, tmp_path: Path) -> None:
    """The line and the file are named, and none of the good ones is asked for."""
    words = [str(POST + number) for number in range(5_000)]
    words[3_210] = "1,46E+18"
    path = tmp_path / "export.csv"
    path.write_text("id\n" + "\n".join(f'"{word}"' for word in words))

    done = covey("refresh", "--file", str(path), "--column", "id")

    assert done.status == 2
    assert "export.csv, line 3212: '1,46E+18' is no post id: a spreadsheet rounded it" in done.line
    assert all(jobs_in(services, queue) == [] for queue in ALL_QUEUES)


def test_wrong_handles_are_told_the_same_way(covey: Covey, services: Services) -> None:
    """And none of the good ones is followed."""
    done = covey("track", "-", "nasa", input=b"a-b\n" * 300)

    assert done.status == 2
    assert "300 of 301 words cannot be read, the first 5: standard input, line 1: 'a-b' is no handle" in done.line
    assert services.stores.handles.all() == []
