"""Names that look like settings and are none: told about once, with the setting that was probably meant.

Owns what was told in this process. Must not see a value: names only.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable
from difflib import get_close_matches

PREFIX = "COVEY_"
LIKENESS = 0.6
# What stands in the same `.env` for compose itself.
COMPOSE = frozenset({"COVEY_WORKERS", "COVEY_MEDIA_WORKERS", "COVEY_SCHEDULERS", "COVEY_LISTENERS", "COVEY_CONTROLS"})

_told: set[str] = set()
_left_to_others = threading.Event()


def tell(names: Iterable[str], fields: Iterable[str], *, others: Iterable[str]) -> None:
    """Write a line on standard error for each of the names that is no setting, once in a process.

    fields: of the settings. others: known names that are written as they are.
    """
    if _left_to_others.is_set():
        return
    others = set(others)
    fields = {field.upper() for field in fields}
    plain = {name for name in fields if name.removesuffix("_FILE") in others}
    known = {f"{PREFIX}{name}" for name in fields - plain}
    for sentence in fresh(names, known | plain | others | COMPOSE):
        sys.stderr.write(f"covey: {sentence}\n")


def leave_to_others() -> None:
    """Tell nothing from now on: this process becomes another one, which will."""
    _left_to_others.set()


def fresh(names: Iterable[str], known: Iterable[str]) -> list[str]:
    """A sentence for each of the names that begins as a setting of ours does, is none, and was not told before.

    known: every name that a setting has in the environment.
    """
    known = sorted(known)
    strange = [name for name in sorted({name.upper() for name in names}) if name.startswith(PREFIX)]
    new = [name for name in strange if name not in known and name not in _told]
    _told.update(new)
    return [_sentence(name, known) for name in new]


def _sentence(name: str, known: list[str]) -> str:
    meant = _nearest(name, known)
    return f"{name} is no setting and is ignored" + (f"; did you mean {meant}?" if meant else "")


def _nearest(name: str, known: list[str]) -> str | None:
    """The setting that was probably meant: one without the prefix, or the one that is written most like it."""
    if name.removeprefix(PREFIX) in known:
        return name.removeprefix(PREFIX)
    return next(iter(get_close_matches(name, known, n=1, cutoff=LIKENESS)), None)
