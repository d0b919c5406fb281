"""Stores of a process that ends in the middle of its writes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from shared.stores.bundle import Stores

WRITES = frozenset(
    {
        *("add", "put", "add_accounts", "take_accounts", "rename", "activate", "deactivate", "asked_by"),
        *("replace", "retire", "ensure", "keep_only"),
    }
)


class Crash(BaseException):
    """The process ends here."""


class _Dying:
    """A store whose process ends before its n-th write, counted over all stores that share `writes`."""

    def __init__(self, store: object, writes: Iterator[int], last: int) -> None:
        self._store, self._writes, self._last = store, writes, last

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            if name in WRITES and next(self._writes) >= self._last:
                raise Crash
            return method(*args, **kwargs)

        return call


def dying(stores: Stores, last: int) -> Stores:
    """Stores of what is followed whose process ends before its write number `last`."""
    writes = iter(range(1000))
    names = ("sources", "handles", "streams", "schedules")
    wrapped: dict[str, Any] = {name: _Dying(getattr(stores, name), writes, last) for name in names}
    return replace(stores, **wrapped)
