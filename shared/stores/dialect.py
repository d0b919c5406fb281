"""The dialect that X was found to speak, kept in `X_state` so that every worker knows it."""

from __future__ import annotations

from shared.stores.state import StateStore
from shared.x_api.fields import Dialect

KEY = "x_request_dialect"


class SharedDialectMemory:
    """The memory of `shared.x_api.dialect`, shared by all processes."""

    def __init__(self, state: StateStore) -> None:
        self._state = state

    def get(self) -> Dialect | None:
        """The dialect found last; None when none was, or when the stored value is no dialect."""
        value = self._state.get(KEY)
        return Dialect(value) if value in set(Dialect) else None

    def set(self, dialect: Dialect) -> None:
        """Keep it for every process."""
        self._state.set(KEY, dialect.value)
