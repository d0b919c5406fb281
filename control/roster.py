"""The accounts that are or were followed, as rows for a list. Reads MongoDB only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from shared.domain.coverage.accounts import AccountState

if TYPE_CHECKING:
    from shared.domain.coverage.gaps import Gap
    from shared.domain.coverage.streams import Stream
    from shared.stores.bundle import Stores
    from shared.stores.database import Document
    from shared.stores.followed import Followed


def handles(stores: Stores | Followed) -> list[dict[str, Any]]:
    """Every account that is or was followed, with how far it is covered."""
    return _rows(stores.handles.all(), stores.streams.active(), stores.gaps.missing())


def some(stores: Stores, names: Sequence[str]) -> list[dict[str, Any]]:
    """The same of some accounts (lower case), by name."""
    documents = stores.handles.documents(names)
    return _rows(documents, stores.streams.with_members(names), stores.gaps.missing(members=names))


def _rows(documents: Sequence[Document], streams: Sequence[Stream], missing: Sequence[Gap]) -> list[dict[str, Any]]:
    in_order = sorted(streams, key=lambda stream: stream.covered_through)
    coverage = {name: stream for stream in in_order for name in stream.members}  # that which has come furthest
    gaps = Counter(name for gap in missing for name in gap.members)
    rows = []
    for document in documents:
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
