"""Owns who is told of what happens in the world, at the moment it happens.

It must not keep anything. Invariant: each post, deletion and new name is told once, in the order of their time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from simulator.accounts import Account
from simulator.post import Post


@dataclass(frozen=True)
class Happening:
    """One thing that an account did. `post`: the new or deleted one; `before`: the old name of one that was renamed."""

    kind: Literal["post", "delete", "rename"]
    at_ms: int
    account: Account
    post: Post | None = None
    before: str = ""


class Happenings:
    """Those who listen to one world."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[Happening], None]] = []

    def hear(self, listener: Callable[[Happening], None]) -> None:
        """Tell `listener` of everything from now on."""
        self._listeners.append(listener)

    def tell(self, happening: Happening) -> None:
        """Tell everybody who listens."""
        for listener in self._listeners:
            listener(happening)
