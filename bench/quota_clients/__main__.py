"""`python -m bench.quota_clients CLIENT THREADS LOAD`: calls X until it is terminated. LOAD is JSON."""

from __future__ import annotations

import importlib
import json
import os
import sys
import threading
import traceback
from collections.abc import Callable

from bench.quota_clients import Load


def go_on(call: Callable[[], float]) -> None:
    """Call for ever."""
    pause = threading.Event()
    while True:
        seconds = call()
        if seconds > 0:
            pause.wait(seconds)


def end_all(failed: threading.ExceptHookArgs) -> None:
    """End the process when one thread has failed: what was measured would be worth nothing."""
    traceback.print_exception(failed.exc_value)
    os._exit(1)


def main(client: str, threads: str, load: str) -> None:
    """Start the threads, and stay."""
    threading.excepthook = end_all
    module = importlib.import_module(f"bench.quota_clients.{client}")
    callers = [module.caller(Load(**json.loads(load))) for _ in range(int(threads))]
    for call in callers:
        threading.Thread(target=go_on, args=(call,)).start()


if __name__ == "__main__":
    main(*sys.argv[1:])
