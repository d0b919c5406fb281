"""How often garbage is looked for: not while a page is read, and yet in time."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from collections.abc import Iterator

import pytest

from shared.runtime.garbage import look_seldom


class Circle:
    """Garbage that refers to itself."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Other tests have the rhythm that they had."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def looks() -> int:
    """How often Python has looked for garbage."""
    return sum(generation["collections"] for generation in gc.get_stats())


def test_a_page_is_read_without_looking_for_garbage() -> None:
    """Ten thousand objects that are there at once are fewer than Python waits for."""
    look_seldom()
    before = looks()

    page = [{"post": [number]} for number in range(5_000)]

    assert looks() == before
    assert len(page) == 5_000


@pytest.mark.parametrize("program", ["workers.main", "scheduler.__main__", "listener.__main__"])
def test_a_program_loads_without_looking_through_all_it_has_loaded(program: str) -> None:
    """No object that was imported is old enough, when all is imported, to have been looked at with all others."""
    code = f"import gc, {program}; print(gc.get_stats()[2]['collections'])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)

    assert (done.stdout.strip(), done.stderr) == ("0", "")


def test_garbage_is_found_in_time() -> None:
    """What refers to itself is gone before a hundred thousand more of it are there."""
    look_seldom()
    first = weakref.ref(Circle())
    assert first() is not None

    for _ in range(100_000):
        Circle()

    assert first() is None
