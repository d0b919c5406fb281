"""The accounts that are or were followed, as rows for a list. Reads MongoDB only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from shared.domain.coverage.accounts import AccountState

if TYPE_CHECKING:
    from shared.stores.bundle import Stores
    from shared.stores.followed import Followed


def handles(stores: Stores | Followed) -> list[dict[str, Any]]:
    """Every account that is or was followed, with how far it is covered."""
    streams = sorted(stores.streams.active(), key=lambda stream: stream.covered_through)
    coverage = {name: stream for stream in streams for name in stream.members}  # that which has come furthest
    gaps = Counter(name for gap in stores.gaps.missing() for name in gap.members)
    rows = []
    for document in stores.handles.all():
        stream = coverage.get(document["_id"])
        rows.append(
            {
                "username": document["username"],
                "user_id": document.get("user_id"),
                "active": document["active"],
                "since": document["created_at"],
                "covered_through": stream.covered_through if stream else None,
                "gaps": gaps[document["_id"]],
                "state": document.get("state", AccountState.ACTIVE.value),
                "state_since": document.get("state_since"),
                "problem": _problem(document, is_covered=stream is not None),
            }
        )
    return rows


def _problem(document: Mapping[str, Any], *, is_covered: bool) -> str | None:
    """What a person should know of a followed name, in one line; None where all is well."""
    name, since = document["username"], document.get("state_since")
    state = document.get("state", AccountState.ACTIVE)
    until = f" since {since:%Y-%m-%d %H:%M}" if since else ""
    if not document["active"]:
        taken = f"; the name is another account's, `covey track {name}` follows it" if "taken_by" in document else ""
        return f"called @{document['renamed_to']}{until}{taken}" if state == AccountState.RENAMED else None
    notes = [f"{state}{until}"] if state != AccountState.ACTIVE else []
    if was := document.get("was"):
        notes.append(f"was @{was['name']} until {was['until']:%Y-%m-%d %H:%M}")
    if document.get("missing"):
        notes.append(document["missing"])
    if not is_covered:
        notes.append("in no search yet")
    return "; ".join(notes) or None
