"""Digests of what X told: whether an answer says of an object what the latest one said.

The digest lies with its time in the field `told` of the document, and counts for as long as that is the time of the
document: what a version before wrote later has moved the one and not the other. Invariant: of two answers with one
digest the later changes nothing but the time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime

import bson
from pymongo import UpdateMany

from shared.stores.database import Document

TOLD = "told"
_BYTES = 12  # of a thousand million objects two that differ are one once in 10^11 times


def signed(id_: str, document: Document, at: datetime) -> Document:
    """The document of an answer, told at that time, with its digest."""
    digest = hashlib.blake2b(bson.encode({"_id": id_, **document}), digest_size=_BYTES).digest()
    return {**document, TOLD: {"as": digest, "at": at}}


def digest_of(document: Document) -> bytes:
    """The digest of a signed document."""
    digest: bytes = document[TOLD]["as"]
    return digest


def says_the_same(document: Document, known: Document, at: datetime, at_field: str) -> bool:
    """Whether a signed document says what the latest answer said, and not before it. known: `told` and the time."""
    told, before = known.get(TOLD), known.get(at_field)
    if not isinstance(told, dict) or before is None or told.get("at") != before or before > at:
        return False
    return bool(told.get("as") == digest_of(document))


def told_again(
    digests: Mapping[str, bytes], times: Mapping[str, datetime], at_field: str, guard: Document
) -> UpdateMany:
    """The one update of objects (id -> digest) that were told again, where they are still so. times: that move forward,
    among them `at_field`, that of the answer.
    """
    still = {"_id": {"$in": list(digests)}, f"{TOLD}.as": {"$in": list(digests.values())}}
    return UpdateMany(
        {**still, "$expr": {"$eq": [f"${TOLD}.at", f"${at_field}"]}, **guard},
        {"$max": {**times, f"{TOLD}.at": times[at_field]}},
    )
