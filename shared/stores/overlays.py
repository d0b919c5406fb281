"""Expressions of MongoDB that put what X told over what is stored, decided in the server. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from shared.stores.database import Document


def put_over(
    document: Document,
    *,
    at: datetime,
    nested: Collection[str] = (),
    on_insert: Mapping[str, Any] | None = None,
    at_field: str,
) -> list[Document]:
    """An update (a pipeline) that puts `document`, which X told at that time by its clock, over what is stored.

    nested: fields that are put over one another field by field too. on_insert: fields of a document that is new.
    at_field: where the time of the latest answer is kept. Every value is taken as it is: `$` in it means nothing.
    """
    parts = [name for name in nested if name in document]
    said_before = _merged("$$ROOT", "$$told", parts)
    later = {"$gte": [at, {"$ifNull": [f"${at_field}", at]}]}
    return [
        {
            "$replaceWith": {
                "$let": {
                    "vars": {"told": {"$literal": document}, "is_later": later},
                    "in": {
                        "$mergeObjects": [
                            {"$literal": dict(on_insert or {})},
                            {"$cond": ["$$is_later", _merged("$$told", "$$ROOT", parts), said_before]},
                            {at_field: {"$max": [f"${at_field}", at]}},
                        ]
                    },
                }
            }
        }
    ]


def _merged(upper: str, lower: str, parts: Collection[str]) -> Document:
    """An expression: `upper` over `lower`, and so each of the parts."""
    merged = {name: {"$mergeObjects": [f"{lower}.{name}", f"{upper}.{name}"]} for name in parts}
    return {"$mergeObjects": [lower, upper, merged]}


def with_added(name: str, values: Sequence[Any]) -> Document:
    """An expression: the list of that name with the values in it, once each."""
    return {"$setUnion": [{"$ifNull": [f"${name}", []]}, {"$literal": list(values)}]}
