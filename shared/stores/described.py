"""How an object that X described is put over what is stored of it: the update that posts, accounts and media share.

Answers arrive in any order and at any length: a late worker brings an old one, another endpoint gives fewer fields.
Invariant: the later answer decides, field by field; what it leaves out stays as an earlier one said it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from shared.stores.database import Document

DESCRIBED_AT = "described_at"


def put_over(
    document: Document,
    *,
    at: datetime,
    nested: Collection[str] = (),
    on_insert: Mapping[str, Any] | None = None,
    at_field: str = DESCRIBED_AT,
) -> list[Document]:
    """An update (a pipeline) that puts `document`, which X told at that time by its clock, over what is stored.

    nested: fields that are put over one another field by field too. on_insert: fields of a document that is new.
    at_field: where the time of the latest answer is kept. Every value is taken as it is: `$` in it means nothing.
    """
    parts = [name for name in nested if name in document]
    said_before = _over("$$ROOT", "$$told", parts)
    later = {"$gte": [at, {"$ifNull": [f"${at_field}", at]}]}
    return [
        {
            "$replaceWith": {
                "$let": {
                    "vars": {"told": {"$literal": document}, "is_later": later},
                    "in": {
                        "$mergeObjects": [
                            {"$literal": dict(on_insert or {})},
                            {"$cond": ["$$is_later", _over("$$told", "$$ROOT", parts), said_before]},
                            {at_field: {"$max": [f"${at_field}", at]}},
                        ]
                    },
                }
            }
        }
    ]


def _over(upper: str, lower: str, parts: Collection[str]) -> Document:
    """An expression: `upper` over `lower`, and so each of the parts."""
    merged = {name: {"$mergeObjects": [f"{lower}.{name}", f"{upper}.{name}"]} for name in parts}
    return {"$mergeObjects": [lower, upper, merged]}
