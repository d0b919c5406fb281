"""The names of the broker's keys in Redis, and nothing else. One queue's keys share the prefix `namespace:queue`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class QueueKeys:
    """The keys of one queue; the package docstring says what each holds."""

    namespace: str
    queue: str

    @cached_property
    def _base(self) -> str:
        return f"{self.namespace}:{self.queue}"

    @cached_property
    def waiting(self) -> str:
        """Sorted set: id -> due time in microseconds."""
        return f"{self._base}.waiting"

    @cached_property
    def payloads(self) -> str:
        """Hash: id -> encoded message."""
        return f"{self._base}.payloads"

    @cached_property
    def held(self) -> str:
        """Hash: id -> receipt of the delivery that holds it."""
        return f"{self._base}.held"

    @cached_property
    def workers(self) -> str:
        """Sorted set: worker -> last heartbeat in microseconds."""
        return f"{self._base}.workers"

    @cached_property
    def crashes(self) -> str:
        """Hash: id -> how many workers died holding it."""
        return f"{self._base}.crashes"

    @cached_property
    def watch(self) -> str:
        """String: since when workers have been watched without a gap."""
        return f"{self._base}.watch"

    @cached_property
    def gates(self) -> str:
        """Hash: name of a gate that stands -> its state; expires."""
        return f"{self._base}.gates"

    def line(self, gate: str) -> str:
        """Sorted set: id of a message in line at a gate -> when it was made in milliseconds; expires."""
        return f"{self._base}.line.{gate}"

    @cached_property
    def dead(self) -> str:
        """Sorted set: id of a dead letter -> when it died in microseconds."""
        return f"{self._base}.XQ"

    @cached_property
    def dead_payloads(self) -> str:
        """Hash: id of a dead letter -> encoded message."""
        return f"{self._base}.XQ.payloads"

    @cached_property
    def dead_reasons(self) -> str:
        """Hash: id of a dead letter -> why it died."""
        return f"{self._base}.XQ.reasons"

    def all(self) -> tuple[str, ...]:
        """Every key of the queue but the lines of its gates."""
        return (
            *(self.waiting, self.payloads, self.held, self.workers, self.crashes, self.watch, self.gates),
            *(self.dead, self.dead_payloads, self.dead_reasons),
        )


def dedup_key(namespace: str, name: str) -> str:
    """String: the id of the outstanding message that owns the name; expires."""
    return f"{namespace}:once:{name}"


def epoch_key(namespace: str) -> str:
    """String: a mark that vanishes when Redis loses its data."""
    return f"{namespace}:epoch"
