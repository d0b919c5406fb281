"""Makes what indexes are missing: small ones at the start of a process, the others in the background.

    start: small --made at once--> there        large --thread: claim--> built without a time limit --> there

Any number of processes may try; one at a time builds, all of them work meanwhile. What must not be done without its
index waits for it (`Indexes.missing`), whoever builds it. Invariant: an index that cannot be built keeps no other away,
and is told of each time.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from shared.domain.errors import StoreUnavailable
from shared.runtime.log import get_logger
from shared.stores.indexes import Index, Indexes

log = get_logger(__name__)

# A process that dies while it builds is replaced after this.
LEASE = timedelta(seconds=30)
LOOK_SECONDS = 5.0
# After a build that failed: what is wrong with the documents or the server takes a person.
FAILED_SECONDS = 60.0


class IndexBuilder:
    """Builds the large ones. name: tells this process from others of the same host."""

    def __init__(self, indexes: Indexes, *, name: str, lease: timedelta = LEASE) -> None:
        self._indexes = indexes
        self._holder = f"{name}:{os.getpid()}:{id(self)}"
        self._lease = lease
        self._failed = False

    def run_once(self) -> bool:
        """Build what is missing, if nobody else does; answers whether all are there. Raises StoreUnavailable."""
        missing = self._indexes.missing()
        if not missing:
            return True
        if not self._indexes.claim(self._holder, self._lease):
            return False
        with self._renewed():
            built = [self._built(index) for index in missing]
        self._failed = not all(built)
        self._indexes.release(self._holder)
        return not self._failed

    def run_forever(self, stop: threading.Event) -> None:
        """Until all are there, or `stop` is set."""
        while not stop.is_set():
            try:
                if self.run_once():
                    return
            except StoreUnavailable as error:
                log.warning("indexes not looked at", reason=str(error))
            stop.wait(FAILED_SECONDS if self._failed else LOOK_SECONDS)

    def _built(self, index: Index) -> bool:
        """Build one; whether it is there."""
        name, began = str(index), time.monotonic()
        log.info("index is being built", index=name)
        try:
            self._indexes.build(index)
        except StoreUnavailable as error:
            log.error("index cannot be built", index=name, reason=str(error))
            return False
        log.info("index built", index=name, seconds=round(time.monotonic() - began, 3))
        return True

    @contextmanager
    def _renewed(self) -> Iterator[None]:
        """Keep the claim for as long as the block runs; it takes a thread, because a build blocks this one."""
        done = threading.Event()
        thread = threading.Thread(target=self._renew_until, args=(done,), name="index-claim", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _renew_until(self, done: threading.Event) -> None:
        while not done.wait(self._lease.total_seconds() / 3):
            try:
                self._indexes.claim(self._holder, self._lease)
            except StoreUnavailable as error:
                log.warning("claim on building indexes not renewed", reason=str(error))


def prepare(indexes: Indexes, *, name: str) -> threading.Event:
    """Make the small ones now and begin with the others on a thread; setting the event that is answered ends it.

    Raises StoreUnavailable where MongoDB cannot be asked.
    """
    stop = threading.Event()
    left = [index for index in indexes.missing() if not _made_at_once(indexes, index)]
    if left:
        log.warning("indexes are missing", indexes=list(map(str, left)))
        builder = IndexBuilder(indexes, name=name)
        threading.Thread(target=builder.run_forever, args=(stop,), name="index-builder", daemon=True).start()
    return stop


def _made_at_once(indexes: Indexes, index: Index) -> bool:
    try:
        if indexes.is_small(index):
            indexes.create(index)
            return True
    except StoreUnavailable as error:
        log.error("index cannot be made", index=str(index), reason=str(error))
    return False
