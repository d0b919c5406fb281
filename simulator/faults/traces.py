"""Owns what a rule did: when, at which endpoint, and to which objects.

It must not decide or change anything. Invariant: the ids are those of the objects that differ between the real answer
and the one sent, and of all objects of an answer that was lost, delayed or replaced as a whole.

Memory: `KEPT` deeds a rule.
"""

import json
from collections import Counter, deque

from simulator.calls import Answer, Call, JsonObject
from simulator.clock import iso_ms
from simulator.faults.bodies import parsed

KEPT = 2_000
_NAMES = ("id", "media_key", "resource_id")


class Traces:
    """The deeds of one rule, the newest last."""

    def __init__(self) -> None:
        self._deeds: deque[JsonObject] = deque(maxlen=KEPT)

    def note(self, number: int, call: Call, real: Answer, sent: Answer) -> None:
        """Note what became of an answer; `number` is that of the call by the rule's own count."""
        ids = touched(real, sent)
        self._deeds.append({"call": number, "at": iso_ms(call.at_ms), "endpoint": call.endpoint, "ids": ids})

    def listed(self) -> list[JsonObject]:
        """Return `{call, at, endpoint, ids}` of each deed."""
        return list(self._deeds)


def touched(real: Answer, sent: Answer) -> list[str]:
    """Return the ids of what was changed, added, doubled or lost, in order."""
    before = _objects(parsed(real))
    body = None if sent.body == real.body else _read(sent)
    if body is None:
        return sorted({name for name, _ in before})
    after = _objects(body)
    return sorted({name for name, _ in (before - after) + (after - before)})


def _read(answer: Answer) -> JsonObject | None:
    try:
        return parsed(answer)
    except ValueError:
        return None


def _objects(body: JsonObject | None) -> Counter[tuple[str, str]]:
    found = body or {}
    data, includes = found.get("data"), found.get("includes")
    lists = [data if isinstance(data, list) else [data], found.get("errors"), *_lists(includes)]
    objects = [item for listed in lists if isinstance(listed, list) for item in listed if isinstance(item, dict)]
    named = [(next((item[name] for name in _NAMES if name in item), None), item) for item in objects]
    return Counter((str(name), json.dumps(item, sort_keys=True)) for name, item in named if name is not None)


def _lists(includes: object) -> list[object]:
    return list(includes.values()) if isinstance(includes, dict) else []
