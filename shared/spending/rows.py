"""A row of the ledger in Redis: a field of the hash of its day, and the sums in it by name.

The sums are a JSON object of counts, as `Sums.by_name` has them, so a row may hold any number of kinds, and a process
that does not know a name leaves it as it is. Versions before wrote 32 doubles, into a hash of their own: what they
write while a deploy is under way is read here, and never written. Invariant: a row is read by the layout of its hash
and not by a guess.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import Final, Protocol

from shared.domain.models import WorkClass
from shared.domain.money.purchases import HOURS, Purchase, Row, RowKey, Sums, hour_name

EPOCH: Final = b"epoch"
PREFIX: Final = "covey:ledger"
_OLD_NAMES: Final = (
    *("calls", "failed", "unanswered", "posts", "users", "posts_reread", "users_reread", "micro_usd"),
    *(hour_name(hour) for hour in range(HOURS)),
)
_OLD: Final = struct.Struct(f"<{len(_OLD_NAMES)}d")


class Rows(Protocol):
    """Where the sums are kept for good."""

    def keep(self, rows: Collection[Row]) -> None:
        """Store rows, each in the place of an older copy of itself. Raises StoreUnavailable."""
        ...


def day_key(prefix: str, day: date, *, is_old: bool = False) -> str:
    """The hash with the rows of a UTC day. is_old: the one that older versions write."""
    return f"{prefix}:{day}:{'sums' if is_old else 'rows'}"


def shares_key(prefix: str, day: date) -> str:
    """The hash with the money of a UTC day by source, of those that have a share of it."""
    return f"{prefix}:{day}:shares"


def epoch_of(name: bytes | None) -> str:
    """The life of Redis that a day's hashes are of, by what its rows say."""
    return (name or b"").decode()


def field_of(purchase: Purchase, tenant: str) -> str:
    """The field of the row that a call belongs to."""
    return "\t".join((purchase.endpoint, purchase.credential_id, tenant, purchase.work_class.value))


def rows_of(day: date, fields: Mapping[bytes, bytes], *, is_old: bool) -> Iterator[tuple[Row, bytes]]:
    """The rows of the hash of a day, each with its text in Redis. is_old: the hash is one of older versions."""
    epoch = epoch_of(fields.get(EPOCH))
    read = _old_sums if is_old else _sums
    for field, text in fields.items():
        if field != EPOCH:
            yield Row(_key(day, field), epoch, read(text)), text


def _key(day: date, field: bytes) -> RowKey:
    endpoint, credential_id, tenant, work_class = field.decode().split("\t")
    return RowKey(
        day=day, endpoint=endpoint, credential_id=credential_id, tenant=tenant, work_class=WorkClass(work_class)
    )


def _sums(text: bytes) -> Sums:
    return Sums.named(json.loads(text))


def _old_sums(text: bytes) -> Sums:
    return Sums.named(dict(zip(_OLD_NAMES, map(int, _OLD.unpack(text)), strict=True)))
