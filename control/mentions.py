"""What a person does with mentions: look at the newest, and say how far they are with one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from shared.domain.errors import InputError
from shared.domain.mentions import MentionStatus, mention_id
from shared.domain.sources import DEFAULT_TENANT, X
from shared.platforms.x.addresses import post_id_of
from shared.stores.bundle import Stores

GREATEST_LIMIT = 1_000


def newest(
    stores: Stores, *, source: str | None = None, status: str | None = None, limit: int, tenant: str = DEFAULT_TENANT
) -> list[dict[str, Any]]:
    """The newest mentions of a tenant, as they are stored. Raises InputError for a source that there is not, a word
    that is no status, and a limit out of 1 to 1,000.
    """
    if not 1 <= limit <= GREATEST_LIMIT:
        raise InputError(f"--limit {limit}: 1 to {GREATEST_LIMIT}")
    chosen = None if status is None else status_of(status)
    if source is not None and stores.sources.get(source) is None:
        raise InputError(f"there is no source {source!r}; covey sources list shows them")
    found = stores.mentions.newest(tenant_id=tenant, source=source, status=chosen, limit=limit)
    return [{"id": one.pop("_id"), **one} for one in found]


def set_status(
    stores: Stores, given: str, status: str, *, now: datetime, tenant: str = DEFAULT_TENANT
) -> dict[str, Any]:
    """Set the status of a mention, given by its id, or by the id or address of its post. Raises InputError."""
    chosen = status_of(status)
    key = (
        given if given.count(":") == 2 and "/" not in given else mention_id(tenant, X, str(post_id_of(given, now=now)))
    )
    before = stores.mentions.set_status(key, chosen, now=now)
    if before is None:
        raise InputError(f"there is no mention {given!r}")
    return {"id": key, "before": before["status"], "status": chosen.value}


def status_of(word: str) -> MentionStatus:
    """The status that a word names. Raises InputError."""
    try:
        return MentionStatus(word.lower())
    except ValueError:
        raise InputError(f"{word!r} is no status: {', '.join(MentionStatus)}") from None
