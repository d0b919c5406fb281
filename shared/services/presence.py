"""A process's sign of life, and its ear for what a person decided: a thread that does both every few seconds.

    begin --thread: beat, hear--> ... --end: leave--> (no trace)

Owns the rhythm. What a process says of itself is its own business (`describe`), and so is what it does about queues
that are paused (`hear`). MongoDB away: what was heard last goes on to hold, and the beat is tried again.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Collection
from typing import Any, Final

from shared.domain.errors import StoreUnavailable
from shared.domain.flock import ProcessKind
from shared.runtime.log import get_logger
from shared.runtime.version import VERSION
from shared.services.bootstrap import Services

log = get_logger(__name__)

BEAT_SECONDS: Final = 3.0


class Presence:
    """One process. describe: what it says of itself at each beat, over what all say. hear: is told the paused queues,
    before the process does anything and at each beat.
    """

    def __init__(
        self,
        services: Services,
        kind: ProcessKind,
        *,
        describe: Callable[[], dict[str, Any]] = dict,
        hear: Callable[[Collection[str]], None] = lambda _: None,
        beat_seconds: float = BEAT_SECONDS,
    ) -> None:
        self._store = services.stores.processes
        self._pausing = services.pausing
        self._describe = describe
        self._hear = hear
        self._beat_seconds = beat_seconds
        self.id = f"{services.settings.instance}:{os.getpid()}"
        self._same = {
            "kind": kind.value,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "version": VERSION,
            "started_at": services.clock.now(),
        }
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="presence", daemon=True)

    def begin(self) -> None:
        """Beat once, and go on on a thread."""
        self._once()
        self._thread.start()

    def end(self) -> None:
        """Leave no trace: this process ends as it should."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(BEAT_SECONDS)
        try:
            self._store.leave(self.id)
        except StoreUnavailable as error:
            log.warning("process counts as gone for a while", reason=str(error))

    def _run(self) -> None:
        while not self._stop.wait(self._beat_seconds):
            self._once()

    def _once(self) -> None:
        try:
            self._store.beat(self.id, {**self._same, **self._describe()})
            self._hear(frozenset(self._pausing.paused()))
        except StoreUnavailable as error:
            log.warning("no sign of life until MongoDB is back", reason=str(error), like=self.id)
