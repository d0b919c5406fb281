"""Which dialect the next request speaks, and how that is learned and remembered.

Owns the choice; the words are in `fields`. With the setting `auto` the first dialect is spoken until X refuses what
only that one says (a 400 that names it) or ignores it (an answer without any field that was asked for). Then the other
one is tried, and remembered for every worker that shares the memory only once X has answered it:

                      refused, ignored                    answered
    speaks its own --------------------> tries the other ----------> speaks the other, remembers it
         ^  |  a day after it was remembered,       |
         |  +-- where it is the dearer one -------->|
         +------------------------------------------+  refused, ignored: not tried again for ten minutes

It makes no call itself: the gateway repeats a call once, under a grant of its own, when the dialect changed.
`auto` starts with the old dialect: in November 2026 X takes both, and only the old one returns the ids of authors
and references without the expansions that are billed. So once a day it is looked whether X takes it again.
Invariant: a fixed dialect never changes, no change costs more than one repeated call, and none goes unsaid.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from shared.domain.errors import CoveyError, UnknownParameter
from shared.platforms.x.fields import Dialect, peculiar_names
from shared.runtime import metrics
from shared.runtime.clock import Clock, SystemClock, epoch_seconds, from_epoch_seconds
from shared.runtime.log import get_logger

log = get_logger(__name__)

DialectSetting = Literal["auto", "old", "new"]
AUTO_FIRST = Dialect.OLD
# Between two looks whether X takes the cheaper dialect again; a look is one refused call, which is not billed.
LOOK_AGAIN = timedelta(days=1)
# Between two looks into the memory while the dearer dialect is spoken: another worker may have gone back.
READ_AGAIN = timedelta(minutes=10)
# Where X refuses both, the other one is not tried with every call.
TRY_AGAIN = timedelta(minutes=10)
_IGNORED = "no field that was asked for came"
_MAX_REASON = 200


@dataclass(frozen=True, slots=True)
class Learned:
    """What X was found to speak. at: when, or when it was last looked whether that is still so. reason: X's words."""

    dialect: Dialect
    at: datetime
    reason: str


class DialectMemory(Protocol):
    """Where the answer is kept; shared between workers when it is in MongoDB."""

    def get(self) -> Learned | None:
        """What was learned last, None when nobody had to change the dialect."""
        ...

    def set(self, learned: Learned) -> None:
        """Keep what is to be spoken from now on."""
        ...


class LocalDialectMemory:
    """A memory of this process only."""

    def __init__(self, learned: Learned | None = None) -> None:
        self._learned = learned

    def get(self) -> Learned | None:
        """What was kept last."""
        return self._learned

    def set(self, learned: Learned) -> None:
        """Keep it for the life of the process."""
        self._learned = learned


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

    def get(self) -> Learned | None:
        """What some worker kept; None when none did, or when what is there is nothing of the kind."""
        value = self._store.get(self.KEY)
        if isinstance(value, str):  # as it was kept before times and reasons were
            value = {"dialect": value, "at_seconds": 0.0}
        if not isinstance(value, dict) or value.get("dialect") not in list(Dialect):
            return None
        at_seconds, reason = value.get("at_seconds"), value.get("reason")
        at = from_epoch_seconds(at_seconds if isinstance(at_seconds, float) else 0.0)
        return Learned(Dialect(value["dialect"]), at, reason if isinstance(reason, str) else "")

    def set(self, learned: Learned) -> None:
        """Keep it for every worker that starts or asks from now on."""
        value = {"dialect": learned.dialect.value, "at_seconds": epoch_seconds(learned.at), "reason": learned.reason}
        self._store.set(self.KEY, value)


def spoken(setting: DialectSetting, memory: DialectMemory) -> Dialect:
    """What workers with that setting and memory speak now, as far as they have learned it. Raises what it raises."""
    if setting != "auto":
        return Dialect(setting)
    learned = memory.get()
    return AUTO_FIRST if learned is None else learned.dialect


@dataclass(frozen=True, slots=True)
class _Known:
    """What a process knows. trying: the dialect that is spoken until X has answered or refused it, and why."""

    learned: Learned
    read_at: datetime
    trying: Dialect | None = None
    why: str = ""
    other_failed_at: datetime | None = None

    @property
    def spoken(self) -> Dialect:
        return self.trying or self.learned.dialect


class DialectChoice:
    """The dialect of a client's requests. Safe for threads: they read one reference and change it under a lock.

    A worker whose own answer is outdated learns it from X in one refused call, which is not billed.
    """

    def __init__(
        self, setting: DialectSetting = "auto", memory: DialectMemory | None = None, clock: Clock | None = None
    ) -> None:
        self._fixed = None if setting == "auto" else Dialect(setting)
        self._memory = memory or LocalDialectMemory()
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._known: _Known | None = None

    def current(self) -> Dialect:
        """The dialect to speak. Raises what the memory raises when it cannot be asked."""
        return self._fixed or self._asked().spoken

    def was_refused(self, dialect: Dialect, error: UnknownParameter) -> bool:
        """Whether X refused what only `dialect` says, and another one is spoken from now on."""
        is_about_it = not peculiar_names(dialect).isdisjoint(error.parameters)
        return is_about_it and self._failed(dialect, "; ".join(error.messages)[:_MAX_REASON])

    def was_ignored(self, dialect: Dialect) -> bool:
        """X answered without any field asked for in `dialect`; whether another one is spoken from now on."""
        return self._failed(dialect, _IGNORED)

    def was_answered(self, dialect: Dialect) -> None:
        """X answered a request in `dialect` with 200. Where it was being tried it is remembered. Raises nothing."""
        if self._known is None or self._known.trying is not dialect:
            return
        with self._lock:
            known, now = self._known, self._clock.now()
            if known.trying is dialect:
                self._keep(Learned(dialect, now, known.why), now)

    def _asked(self) -> _Known:
        """What is known, read again when it is time. Raises what the memory raises."""
        known = self._known
        if known is not None and not self._is_old(known):
            return known
        with self._lock:
            if self._known is None or self._is_old(self._known):
                self._known = self._read(self._known)
            return self._known

    def _is_old(self, known: _Known) -> bool:
        is_dearer = known.trying is None and known.learned.dialect is not AUTO_FIRST
        return is_dearer and self._clock.now() - known.read_at >= READ_AGAIN

    def _read(self, before: _Known | None) -> _Known:
        now = self._clock.now()
        learned = self._memory.get() or Learned(AUTO_FIRST, now, "")
        known = _Known(learned, now, other_failed_at=before.other_failed_at if before else None)
        if learned.dialect is AUTO_FIRST or now - learned.at < LOOK_AGAIN:
            return known
        self._memory.set(replace(learned, at=now))  # so that the other workers leave the look to this one
        log.info("looking whether X takes the cheaper dialect again", dialect=AUTO_FIRST.value)
        return replace(known, trying=AUTO_FIRST, why="X takes it again")

    def _failed(self, dialect: Dialect, reason: str) -> bool:
        if self._fixed is not None:
            return False
        known = self._known or self._asked()
        with self._lock:
            known = self._known or known
            if dialect is not known.spoken:
                return True  # asked before the change
            changed = self._changed(known, reason)
            self._known = changed or known
        return changed is not None

    def _changed(self, known: _Known, reason: str) -> _Known | None:
        """What is known after X refused what is spoken; None where there is nothing else to try now."""
        now = self._clock.now()
        if known.trying is not None:
            log.warning("X does not take the other dialect", dialect=known.trying.value, reason=reason)
            return replace(known, trying=None, other_failed_at=now)
        if known.other_failed_at is not None and now - known.other_failed_at < TRY_AGAIN:
            return None
        other = known.spoken.other
        log.warning("X refuses the dialect; trying the other one", refused=known.spoken.value, reason=reason)
        return replace(known, trying=other, why=reason)

    def _keep(self, learned: Learned, now: datetime) -> None:
        try:
            self._memory.set(learned)
        except CoveyError as error:
            # The answer is good and paid for: the next one is kept instead.
            log.warning("dialect not remembered yet", dialect=learned.dialect.value, reason=str(error))
            return
        self._known = _Known(learned, now)
        metrics.X_DIALECT_CHANGES.labels(learned.dialect.value).inc()
        log.warning("dialect changed", dialect=learned.dialect.value, reason=learned.reason)
