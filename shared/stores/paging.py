"""Pages by key: a page begins after the last row of the one before, whatever came or went in between.

The key is the sorted field and the id: by the field alone rows of one moment would be left out between two pages.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

Key = tuple[datetime, str]


def after(field: str, start: Key | None) -> dict[str, Any]:
    """The condition for what comes after the key, where both `field` and `_id` descend; {} for the first page."""
    if start is None:
        return {}
    at, row_id = start
    return {"$or": [{field: {"$lt": at}}, {field: at, "_id": {"$lt": row_id}}]}
