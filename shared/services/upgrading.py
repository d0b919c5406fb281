"""What a version changes in documents of an earlier one, at the start of a process."""

from __future__ import annotations

from shared.stores.bundle import Stores


def take_over(stores: Stores) -> None:
    """Bring documents of an earlier version to the form of this one; nothing where they are. Idempotent.

    Raises StoreUnavailable.
    """
    stores.streams.take_over()
