"""Owns real answers with one thing in them that no schema allows.

It must not decide when, nor hold anything. Invariant: a change that does not fit an answer gives None; what the
answer hands out, and so the bill, stays as it was unless objects were held back.
"""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from simulator.calls import Answer, Call, JsonObject, json_bytes
from simulator.faults.bodies import Again, items_of, parsed
from simulator.faults.memory import Memory
from simulator.faults.oddities import (
    AbsurdNumber,
    BrokenObject,
    FewerFields,
    OddCount,
    OddKey,
    OddObject,
    OlderObject,
    ShortPage,
)

Change = Callable[[JsonObject], JsonObject | None]
"""Makes another object of one, or None where it does not fit."""


def odd_objects(fault: OddObject, answer: Answer, rng: Random, memory: Memory) -> Answer | None:
    """Change some of the objects under `data`, whether that is a list or one object."""
    body = parsed(answer)
    data = (body or {}).get("data")
    if body is None or not data:
        return None
    items: list[JsonObject] = data if isinstance(data, list) else [data]
    change = _change(fault, rng, memory)
    fitting = [(place, changed) for place, item in enumerate(items) if (changed := change(item)) is not None]
    if not fitting:
        return None
    for place, changed in rng.sample(fitting, min(fault.count, len(fitting))):
        items[place] = changed
    return replace(answer, body=json_bytes({**body, "data": items if isinstance(data, list) else items[0]}))


def _change(fault: OddObject, rng: Random, memory: Memory) -> Change:
    match fault:
        case AbsurdNumber():
            return lambda item: {**item, fault.field: {"n": fault.number}}
        case OddKey():
            return lambda item: {**item, fault.field: {**_inside(item, fault.field), rng.choice(fault.keys): 1}}
        case OddCount():
            return lambda item: _recounted(fault, item)
        case FewerFields():
            return lambda item: _without(item, fault.fields)
        case OlderObject():
            return lambda item: found if (found := memory.first(item)) != item else None
    raise TypeError(f"no such change of objects: {fault!r}")


def _inside(item: JsonObject, name: str) -> JsonObject:
    found = item.get(name)
    return found if isinstance(found, dict) else {}


def _recounted(fault: OddCount, item: JsonObject) -> JsonObject | None:
    metrics = _inside(item, "public_metrics")
    if fault.name not in metrics:
        return None
    values: JsonObject = {"null": None, "float": float(metrics[fault.name])}
    others = {name: value for name, value in metrics.items() if name != fault.name}
    odd = {fault.name: values[fault.form]} if fault.form in values else {}
    return {**item, "public_metrics": {**others, **odd}}


def _without(item: JsonObject, names: tuple[str, ...]) -> JsonObject | None:
    fewer = {name: value for name, value in item.items() if name not in names}
    return fewer if len(fewer) < len(item) else None


def broken_object(fault: BrokenObject, answer: Answer, rng: Random) -> Answer | None:
    """Break one included object, or put a null among objects."""
    body = parsed(answer)
    if body is None:
        return None
    includes = body.get("includes", {})
    lists: dict[str, list[JsonObject | None]] = {
        "medium_without_key": includes.get("media", []),
        "user_without_username": includes.get("users", []),
        "null_in_includes": next(iter(includes.values()), []),
        "null_in_data": body["data"] if isinstance(body.get("data"), list) else [],
    }
    found = lists[fault.form]
    if not found:
        return None
    place = rng.randrange(len(found))
    lost = {"medium_without_key": "media_key", "user_without_username": "username"}.get(fault.form)
    if lost is None:
        found.insert(place, None)
    else:
        (found[place] or {}).pop(lost)
    return replace(answer, body=json_bytes(body))


def bare_deletion(answer: Answer) -> Answer | None:
    """Leave `parameter` and `value` out of what the answer says of deleted objects."""
    body = parsed(answer)
    gone = [error for error in (body or {}).get("errors", []) if error["title"] == "Not Found Error"]
    if not gone:
        return None
    for error in gone:
        del error["parameter"], error["value"]
    return replace(answer, body=json_bytes(body))


def short_page(fault: ShortPage, call: Call, answer: Answer, again: Again) -> Answer | None:
    """Answer the same request with a smaller page."""
    asked = len(items_of(answer))
    size = max(1, int(asked * fault.share))
    if not answer.here or size >= asked:
        return None
    shorter = again(replace(call, at_most=size))
    body = parsed(shorter)
    if body is None:
        return None
    if fault.announced == "asked":
        body["meta"]["result_count"] = asked
    return replace(answer, body=json_bytes(body), returned=shorter.returned)
