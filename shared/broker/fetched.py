"""What a fetch hands over. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class Fetched:
    """One message as the fetch script hands it over. gate: the one that let it out."""

    id: str
    receipt: str
    payload: bytes
    crashes: int
    gate: str | None = None


class Handed(NamedTuple):
    """One reply of the fetch script.

    now_us: Redis time. vanished: ids without a payload. standing: the gates that stand. next_us: until one of them lets
    more out, None where none will by itself.
    """

    now_us: int
    vanished: int
    messages: list[Fetched]
    standing: frozenset[str] = frozenset()
    next_us: int | None = None


def read_fetch(reply: Sequence[Any], gates: Sequence[str]) -> Handed:
    """The reply of fetch.lua to a call with these gates."""
    messages = [
        Fetched(
            reply[i].decode(),
            reply[i + 1].decode(),
            reply[i + 2],
            int(reply[i + 3]),
            gates[int(reply[i + 4]) - 1] if int(reply[i + 4]) else None,
        )
        for i in range(4, len(reply), 5)
    ]
    standing = frozenset(gates[int(number) - 1] for number in reply[3].split())
    return Handed(int(reply[0]), int(reply[1]), messages, standing, int(reply[2]) or None)
