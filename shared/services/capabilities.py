"""Remembers in MongoDB, for all processes, which optional endpoints the plan of the app has.

Nothing is asked to know it: the first use tells. Invariant: an answer that was paid for is not lost because it could
not be remembered.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from shared.domain.coverage.capabilities import BELIEVED_FOR, Capabilities, Learned
from shared.domain.errors import CoveyError, Forbidden
from shared.platforms.x.error_map import NOT_IN_PLAN
from shared.runtime.clock import Clock
from shared.runtime.log import get_logger

log = get_logger(__name__)
KEY: Final = "capabilities"
LOOK_AGAIN: Final = timedelta(seconds=5)


class State(Protocol):
    """What is needed of the store of small values. Raises StoreUnavailable."""

    def get(self, key: str, /) -> Any:
        """The value, None when it was never set."""
        ...

    def merge(self, key: str, values: Mapping[str, Any], /) -> dict[str, Any]:
        """Set some fields of a value."""
        ...


class RememberedPlan:
    """The memory, safe for threads; see `shared.platforms.x.plan`."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock
        self._seen = Capabilities()
        self._read_at: datetime | None = None

    def capabilities(self) -> Capabilities:
        """All that is known. Raises StoreUnavailable."""
        self._read_at = self._clock.now()
        found = self._state.get(KEY) or {}
        self._seen = Capabilities(
            {name: Learned(one["is_there"], one["at"], one["reason"]) for name, one in found.items()}
        )
        return self._seen

    def may_have(self, endpoint: str) -> bool:
        """Whether X may be asked there; what was read a few seconds ago will do. Raises StoreUnavailable."""
        now = self._clock.now()
        if self._read_at is None or now - self._read_at > LOOK_AGAIN:
            self.capabilities()
        return self._seen.has(endpoint, now) is not False

    def check(self, endpoint: str, /) -> None:
        """Raise Forbidden, without a call, while the plan is known to lack it."""
        learned = self.capabilities().known.get(endpoint)
        if learned is not None and learned.is_closed(self._clock.now()):
            raise Forbidden(endpoint, _words(learned), reason=NOT_IN_PLAN, until=learned.at + BELIEVED_FOR)

    def refused(self, error: Forbidden, /) -> None:
        """Remember a refusal that is about the plan."""
        if error.reason == NOT_IN_PLAN and error.until is None:
            self._keep(error.endpoint, Learned(False, self._clock.now(), str(error)))

    def answered(self, endpoint: str, /) -> None:
        """Remember, once, that the plan has it."""
        learned = self._seen.known.get(endpoint)
        if learned is None or not learned.is_there:
            self._keep(endpoint, Learned(True, self._clock.now()))

    def _keep(self, endpoint: str, learned: Learned) -> None:
        values = {endpoint: {"is_there": learned.is_there, "at": learned.at, "reason": learned.reason}}
        try:
            self._state.merge(KEY, values)
        except CoveyError as error:
            log.warning("not remembered what the plan has", endpoint=endpoint, reason=str(error))
            return
        self._read_at = None
        log.info("learned what the plan has", endpoint=endpoint, is_there=learned.is_there, reason=learned.reason)


def _words(learned: Learned) -> str:
    said, again = (at.isoformat(timespec="seconds") for at in (learned.at, learned.at + BELIEVED_FOR))
    return f"the plan of the app lacks it, as X said at {said}; it is asked again after {again}"
