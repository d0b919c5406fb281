"""Owns the seam by which calls are billed.

It must not change an answer. Invariant: told once of every answer with status 200, with the objects
that it returned; a failed call is never billed.
"""

from typing import Protocol

from simulator.calls import Call, Returned


class Money(Protocol):
    """Told of what each call handed out."""

    def charge(self, call: Call, returned: Returned) -> None:
        """Note the objects that one successful call returned."""


class NoMoney:
    """Counts nothing."""

    def charge(self, call: Call, returned: Returned) -> None:
        """Forget the call."""
