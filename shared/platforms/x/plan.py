"""What the gateway needs of a memory of what the plan of the app lacks.

Invariant: an endpoint is asked as long as nothing is known; nothing is asked only to know.
"""

from __future__ import annotations

from typing import Protocol

from shared.domain.errors import Forbidden


class PlanMemory(Protocol):
    """Remembers for all processes which optional endpoints the plan has. `answered` and `refused` raise nothing."""

    def check(self, endpoint: str, /) -> None:
        """Raise Forbidden where the plan is known to lack the endpoint; may raise StoreUnavailable."""
        ...

    def refused(self, error: Forbidden, /) -> None:
        """X answered 403; whether that is about the plan its reason tells."""
        ...

    def answered(self, endpoint: str, /) -> None:
        """X answered 200."""
        ...


class NoMemory:
    """Remembers nothing: X is asked each time."""

    def check(self, endpoint: str, /) -> None:
        """Nothing is known."""

    def refused(self, error: Forbidden, /) -> None:
        """Forgotten."""

    def answered(self, endpoint: str, /) -> None:
        """Forgotten."""
