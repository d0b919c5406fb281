"""Counts of documents by index, at a price that does not grow with all that is stored."""

from __future__ import annotations

from collections.abc import Iterable

from pymongo.collection import Collection

from shared.stores.database import Document


def by_value(collection: Collection[Document], field: str, few: Iterable[str], rest: str) -> dict[str, int]:
    """How many documents have each value of an indexed field; values that none has are left out.

    few: the values that few have, which are counted. rest: the value of all others, how many of which follows from
    MongoDB's own count of the collection; after its crash that may be off until the collection is validated.
    """
    counted = {value: collection.count_documents({field: value}) for value in few}
    others = max(0, collection.estimated_document_count() - sum(counted.values()))
    return {value: number for value, number in (counted | {rest: others}).items() if number}


def up_to(collection: Collection[Document], query: Document, most: int | None = None) -> int:
    """How many documents a query finds by its index alone; `most` at most."""
    stages: list[Document] = [{"$match": query}, {"$project": dict.fromkeys(query, 1) | {"_id": 0}}]
    stages += [] if most is None else [{"$limit": most}]
    return next((int(row["n"]) for row in collection.aggregate([*stages, {"$count": "n"}])), 0)
