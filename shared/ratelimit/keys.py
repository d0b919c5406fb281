"""Names of the limiter's keys in Redis, and of the fields that are named after an endpoint.

Invariant: a key is named here and nowhere else, and every script is given all of its keys.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

BREAKER_PREFIX: Final = "faults:"


@dataclass(frozen=True, slots=True)
class Keys:
    """Names of keys under one prefix."""

    prefix: str

    @property
    def project(self) -> str:
        """Budgets of the project, and the block of paid calls."""
        return f"{self.prefix}:project"

    @property
    def index(self) -> str:
        """The set of `member`s that have a window hash."""
        return f"{self.prefix}:index"

    def credential(self, credential_id: str) -> str:
        """Budgets of one credential, and its block."""
        return f"{self.prefix}:credential:{credential_id}"

    def window(self, endpoint: str, credential_id: str) -> str:
        """The windows of one credential and endpoint, its leases and its block."""
        return f"{self.prefix}:window:{endpoint}:{credential_id}"

    def member(self, endpoint: str, credential_id: str) -> str:
        """How the index names a window. An endpoint has no spaces."""
        return f"{endpoint} {credential_id}"

    def breaker_field(self, endpoint: str) -> str:
        """The field of the project's hash that counts X's faults in a row on an endpoint."""
        return f"{BREAKER_PREFIX}{endpoint}"

    def of_acquire(self, endpoint: str, credential_ids: tuple[str, ...]) -> tuple[str, ...]:
        """The keys of acquire.lua."""
        pairs = ((self.credential(one), self.window(endpoint, one)) for one in credential_ids)
        return (self.project, *(key for pair in pairs for key in pair))

    def of_settle(self, endpoint: str, credential_id: str) -> tuple[str, ...]:
        """The keys of settle.lua."""
        return (self.project, self.credential(credential_id), self.window(endpoint, credential_id), self.index)

    def of_block(self, credential_id: str | None, endpoint: str | None) -> str:
        """The hash that holds a block."""
        if credential_id is None:
            return self.project
        return self.credential(credential_id) if endpoint is None else self.window(endpoint, credential_id)
