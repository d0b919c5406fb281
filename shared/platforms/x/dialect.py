"""Which dialect the next request speaks, and how that is learned and remembered.

Owns the choice; the words are in `fields`. With the setting `auto` one dialect is spoken until X refuses it (a 400
that names one of its parameters) or ignores it (an answer without any field that was asked for); then the other one
is remembered, for every worker that shares the memory. It makes no call itself: the gateway repeats a call once,
under a grant of its own, when the dialect changed.

`auto` starts with the old dialect: in November 2026 X takes both, and only the old one returns the ids of authors
and references without the expansions that are billed.
Invariant: a fixed dialect never changes, and no change costs more than one repeated call.
"""

from __future__ import annotations

from typing import Any, Literal, Protocol

from shared.domain.errors import UnknownParameter
from shared.platforms.x.fields import DIALECT_PARAMETERS, Dialect

DialectSetting = Literal["auto", "old", "new"]
AUTO_FIRST = Dialect.OLD


class DialectMemory(Protocol):
    """Where the answer is kept; shared between workers when it is in MongoDB."""

    def get(self) -> Dialect | None:
        """The dialect that works, None when nobody had to change it."""
        ...

    def set(self, dialect: Dialect) -> None:
        """Keep the dialect that is to be spoken from now on."""
        ...


class LocalDialectMemory:
    """A memory of this process only."""

    def __init__(self, dialect: Dialect | None = None) -> None:
        self._dialect = dialect

    def get(self) -> Dialect | None:
        """The dialect kept last."""
        return self._dialect

    def set(self, dialect: Dialect) -> None:
        """Keep it for the life of the process."""
        self._dialect = dialect


class KeyValues(Protocol):
    """Small values by key, such as the store of `X_state`."""

    def get(self, key: str) -> Any:
        """The value, None when there is none."""
        ...

    def set(self, key: str, value: Any) -> None:
        """Keep a value."""
        ...


class SharedDialectMemory:
    """A memory that all workers share, under one key of a store. Raises what the store raises."""

    KEY = "x_dialect"

    def __init__(self, store: KeyValues) -> None:
        self._store = store

    def get(self) -> Dialect | None:
        """The dialect some worker kept; None when none did, or when what is there is no dialect."""
        value = self._store.get(self.KEY)
        return Dialect(value) if isinstance(value, str) and value in set(Dialect) else None

    def set(self, dialect: Dialect) -> None:
        """Keep it for every worker that starts or asks from now on."""
        self._store.set(self.KEY, dialect.value)


def spoken(setting: DialectSetting, memory: DialectMemory) -> Dialect:
    """What workers with that setting and memory speak now, as far as they have learned it. Raises what it raises."""
    return (memory.get() or AUTO_FIRST) if setting == "auto" else Dialect(setting)


class DialectChoice:
    """The dialect of a client's requests. Safe for threads: its whole state is one reference.

    The memory is asked once, at the first request, and told of every change; a worker whose own answer is outdated
    learns it from X in one refused call, which is not billed.
    """

    def __init__(self, setting: DialectSetting = "auto", memory: DialectMemory | None = None) -> None:
        self._fixed = None if setting == "auto" else Dialect(setting)
        self._memory = memory or LocalDialectMemory()
        self._spoken: Dialect | None = self._fixed

    def current(self) -> Dialect:
        """The dialect to speak. Raises what the memory raises when it cannot be asked."""
        if self._spoken is None:
            self._spoken = self._memory.get() or AUTO_FIRST
        return self._spoken

    def was_refused(self, dialect: Dialect, error: UnknownParameter) -> bool:
        """Whether X refused `dialect` and the other one is spoken from now on."""
        return not DIALECT_PARAMETERS.isdisjoint(error.parameters) and self._change_from(dialect)

    def was_ignored(self, dialect: Dialect) -> bool:
        """X answered without any field asked for in `dialect`; whether the other one is spoken from now on."""
        return self._change_from(dialect)

    def _change_from(self, dialect: Dialect) -> bool:
        if self._fixed is not None:
            return False
        self._spoken = dialect.other
        self._memory.set(dialect.other)
        return True
