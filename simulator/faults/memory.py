"""Owns what a rule remembers of the answers it saw: the last object of a page, and objects as they were at first.

It must not change answers. Memory: one object for each token and endpoint, and `KEPT_OBJECTS` objects.
"""

from simulator.calls import Answer, Call, JsonObject
from simulator.faults.bodies import items_of

KEPT_OBJECTS = 20_000


class Memory:
    """The memory of one rule."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], JsonObject] = {}
        self._first: dict[tuple[str, frozenset[str]], JsonObject] = {}

    def remember(self, call: Call, answer: Answer) -> None:
        """Keep what may be wanted later of a real answer."""
        items = items_of(answer)
        if items:
            self._last[call.credential.key, call.endpoint] = items[-1]
        for item in items:
            self._first.setdefault((item["id"], frozenset(item)), item)
        while len(self._first) > KEPT_OBJECTS:
            del self._first[next(iter(self._first))]

    def last(self, call: Call) -> JsonObject | None:
        """Return the last object of the page before, of the same token and endpoint."""
        return self._last.get((call.credential.key, call.endpoint))

    def first(self, item: JsonObject) -> JsonObject | None:
        """Return an object as it was when it first came with the same fields."""
        return self._first.get((item.get("id", ""), frozenset(item)))
