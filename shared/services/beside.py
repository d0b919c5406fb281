"""Work that waits for a server, beside other work of the same job."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import copy_context
from typing import TypeVar

T = TypeVar("T")
# Threads that stay: to begin and end five a page was a fifteenth of its work. More than a worker has jobs for.
_THREADS = ThreadPoolExecutor(64, thread_name_prefix="beside")


@contextmanager
def beside(work: Callable[[], T]) -> Iterator[Future[T]]:
    """Do `work` in another thread while the block runs; raises what either of them raises, once both have ended."""
    done = _THREADS.submit(copy_context().run, work)
    try:
        yield done
    finally:
        wait([done])
    done.result()
