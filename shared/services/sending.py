"""What this process sends webhooks of the feed with: the sender, and how many threads may be at it at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pydantic import SecretStr

from shared.credentials.vault import Vault
from shared.http.messages import MessageSender
from shared.runtime.settings import Settings


class Places:
    """So many threads may send at a time, and of these so many to who is slow: others are never kept from their turn,
    and neither are files. Thread-safe; nobody waits for a place.
    """

    def __init__(self, threads: int) -> None:
        self._all = threading.Semaphore(max(1, threads // 2))
        self._slow = threading.Semaphore(max(1, threads // 4))

    @contextmanager
    def taken(self, *, slow: bool) -> Iterator[bool]:
        """Whether there is a place, which is held until the block ends."""
        wanted = (self._slow, self._all) if slow else (self._all,)
        held = [one for one in wanted if one.acquire(blocking=False)]
        has_place = len(held) == len(wanted)
        try:
            if not has_place:
                _release(held)
            yield has_place
        finally:
            if has_place:
                _release(held)


def _release(held: Iterable[threading.Semaphore]) -> None:
    for one in held:
        one.release()


@dataclass(frozen=True, slots=True)
class Sending:
    """messages: sends one. places: for those who do."""

    messages: MessageSender
    places: Places

    @classmethod
    def of(cls, settings: Settings) -> Sending:
        """As the settings say."""
        return cls(MessageSender(public_only=not settings.webhook_private), Places(settings.worker_threads))


@dataclass(frozen=True, slots=True)
class Opened:
    """What opens an endpoint. previous: the secret before a rotation."""

    url: SecretStr
    secret: SecretStr
    previous: SecretStr | None = None

    def sealed(self, vault: Vault, endpoint_id: str) -> str:
        """As it is stored. Raises InputError without keys."""
        told = {"url": self.url, "secret": self.secret, "previous": self.previous}
        return vault.seal_texts(owner_of(endpoint_id), {name: one for name, one in told.items() if one is not None})

    @classmethod
    def of(cls, vault: Vault, endpoint_id: str, sealed: str) -> Opened:
        """The inverse. Raises InputError where no key opens it."""
        return cls(**vault.open_texts(owner_of(endpoint_id), sealed))


def owner_of(endpoint_id: str) -> str:
    """What the vault knows an endpoint by."""
    return f"endpoint:{endpoint_id}"
