"""A state that lasts is one line, not one a second: what was said within the last minute is counted, not said again.

    a line --new--> written --the same again within a minute--> counted
                       ^---------after a minute, with how many were counted---'

Owns which lines say the same: those whose every word is the same, the ids of the job included; and those whose caller
says so with `like=...`, whatever else is in them. Lines below a warning without `like` always pass, as do tracebacks of
different errors.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Hashable

AGAIN_AFTER_SECONDS = 60.0
# More different lines than that within a minute are no state that lasts.
MAX_KNOWN = 1_000
LIKE, COUNTED = "like", "not_shown"
_OF_THE_MOMENT = frozenset({"timestamp", LIKE})


class Repeats(logging.Filter):
    """Lets a line pass when it is new, or a minute has gone by; says then how many like it were left out."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._known: OrderedDict[Hashable, tuple[float, int]] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written. Takes `like` out of it, and adds the number of lines that were not shown."""
        key = _key(record)
        if isinstance(record.msg, dict):
            record.msg.pop(LIKE, None)
        if key is None:
            return True
        counted = self._counted(key, record.created)
        if counted:
            _tell(record, counted)
        return counted is not None

    def _counted(self, key: Hashable, now: float) -> int | None:
        """How many lines like this one were left out since the last one; None: this one is left out too."""
        with self._lock:
            written, counted = self._known.get(key, (None, 0))
            if written is not None and now - written < AGAIN_AFTER_SECONDS:
                self._known[key] = (written, counted + 1)
                return None
            self._known[key] = (now, 0)
            self._known.move_to_end(key)
            if len(self._known) > MAX_KNOWN:
                self._known.popitem(last=False)
            return counted


def _key(record: logging.LogRecord) -> Hashable | None:
    """What is the same in lines that say the same; None for a line that always passes."""
    name = record.name.partition("(")[0]  # Dramatiq's consumers put their queue behind the name, in brackets
    if isinstance(record.msg, dict):
        if (like := record.msg.get(LIKE)) is not None:
            return name, record.msg.get("event"), str(like)
        if record.levelno < logging.WARNING:
            return None
        facts = sorted((key, repr(value)) for key, value in record.msg.items() if key not in _OF_THE_MOMENT)
        return name, record.levelno, *facts
    error = record.exc_info[1] if record.exc_info else None
    return None if record.levelno < logging.WARNING else (name, record.levelno, record.getMessage(), repr(error))


def _tell(record: logging.LogRecord, counted: int) -> None:
    if isinstance(record.msg, dict):
        record.msg[COUNTED] = counted
    else:
        record.msg, record.args = f"{record.getMessage()} ({counted} more like this were not shown)", ()
