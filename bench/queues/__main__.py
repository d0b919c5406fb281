"""`python -m bench.queues SYSTEM enqueue|work URL COUNT`: does it once and prints one JSON line with the figures."""

from __future__ import annotations

import importlib
import json
import os
import sys
import threading
import time
from pathlib import Path

MEMORY_AT = (10_000, 50_000)


def resident_mib() -> float:
    """Resident memory of this process in MiB (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


class Counter:
    """Counts jobs from all threads; at the last one prints the figures and ends the process."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._lock = threading.Lock()
        self._seen = 0
        self._began = 0.0
        self._memory: dict[str, float] = {}

    def done(self) -> None:
        """One more job ran."""
        with self._lock:
            self._seen += 1
            if self._seen == 1:
                self._began = time.perf_counter()
            if self._seen in MEMORY_AT:
                self._memory[str(self._seen)] = round(resident_mib(), 1)
            if self._seen == self._count:
                seconds = time.perf_counter() - self._began
                print(json.dumps({"jobs_per_second": (self._count - 1) / seconds, "mib": self._memory}), flush=True)
                os._exit(0)


def main(system: str, what: str, url: str, count: int) -> None:
    """Enqueue or work."""
    module = importlib.import_module(f"bench.queues.{system}")
    if what == "work":
        module.work(url, Counter(count).done)
        return
    began = time.perf_counter()
    module.enqueue(url, count)
    print(json.dumps({"jobs_per_second": count / (time.perf_counter() - began)}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
