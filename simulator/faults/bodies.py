"""Owns real answers that were changed: broken JSON, wrong shapes, pages that lie, posts that are lost or made up.

It must not decide when, nor hold anything between calls. Invariant: a change that does not fit an answer (no
posts in it, no pages) gives None, and `returned` names what the changed answer hands out, for the bill.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from simulator.calls import Answer, Call, JsonObject, Returned, json_bytes
from simulator.faults.kinds import HugeIds, InvalidJson, LosePosts, WrongShape

Again = Callable[[Call], Answer]
"""Answers another form of the same call, without spending or billing anything."""

TOKEN_NAMES = ("next_token", "pagination_token")
# Ids beyond what a signed 64-bit integer holds.
HUGE = 2**63
_MASK = 2**61 - 1


def page_token(call: Call) -> str | None:
    """Return the token of the page that was asked for, or None for a first page."""
    known = dict(call.query)
    return next((known[name] for name in TOKEN_NAMES if known.get(name)), None)


def parsed(answer: Answer) -> JsonObject | None:
    """Return the body of a 200 if it is a JSON object, else None."""
    if answer.status != 200 or not answer.body.startswith(b"{"):
        return None
    body: JsonObject = json.loads(answer.body)
    return body


def items_of(answer: Answer) -> list[JsonObject]:
    """Return the list of posts or users under `data`, empty where there is none."""
    data = (parsed(answer) or {}).get("data")
    return data if isinstance(data, list) and all("id" in item for item in data) else []


def invalid_json(_: InvalidJson, answer: Answer) -> Answer:
    """Break the body near its end."""
    return replace(answer, body=answer.body[:-1] + b',"')


def wrong_shape(fault: WrongShape, answer: Answer) -> Answer | None:
    """Return valid JSON of another shape."""
    whole: dict[str, object] = {"list": [], "text": "ok", "number": 1, "null": None}
    if fault.shape in whole:
        return replace(answer, body=json_bytes(whole[fault.shape]))
    body = parsed(answer)
    if body is None:
        return None
    parts: dict[str, tuple[str, object]] = {
        "data_is_object": ("data", {"id": "1"}),
        "data_is_text": ("data", "none"),
        "items_are_numbers": ("data", [1, 2, 3]),
        "meta_is_list": ("meta", []),
    }
    name, value = parts[fault.shape]
    return replace(answer, body=json_bytes({**body, name: value}))


def repeat_next_token(call: Call, answer: Answer) -> Answer | None:
    """Make the page lead to itself."""
    body = parsed(answer)
    if body is None or "meta" not in body or not answer.here:
        return None
    token = page_token(call) or body["meta"].get("next_token") or answer.here
    body["meta"]["next_token"] = token
    return replace(answer, body=json_bytes(body))


def empty_page_with_token(answer: Answer) -> Answer | None:
    """Hold everything back, and name the token that gives it."""
    if not answer.here or not items_of(answer):
        return None
    body = {"meta": {"result_count": 0, "next_token": answer.here}}
    return replace(answer, body=json_bytes(body), returned=Returned())


def duplicate_post(earlier: JsonObject | None, answer: Answer) -> Answer | None:
    """Let the last post of an earlier page come again, else the last of this one twice."""
    body = parsed(answer)
    if body is None or not items_of(answer) or "meta" not in body:
        return None
    data = body["data"]
    if earlier is not None and earlier["id"] not in {item["id"] for item in data}:
        data.insert(0, earlier)
    else:
        data.append(data[-1])
    return _counted(answer, body, data)


def older_than_cursor(call: Call, answer: Answer, again: Again) -> Answer | None:
    """Add the newest post from before `since_id` or `start_time`."""
    known, body = dict(call.query), parsed(answer)
    if body is None or "meta" not in body:
        return None
    bounds = {"since_id": "until_id", "start_time": "end_time"}
    moved = next(((bounds[name], known[name]) for name in bounds if known.get(name)), None)
    if moved is None:
        return None
    dropped = {*bounds, *bounds.values(), *TOKEN_NAMES, "max_results"}
    query = (*(pair for pair in call.query if pair[0] not in dropped), moved)
    older = again(replace(call, query=query))
    found = items_of(older)
    if not found:
        return None
    data = [*body.get("data", []), found[0]]
    body["includes"] = _merged(body.get("includes", {}), (parsed(older) or {}).get("includes", {}))
    if not body["includes"]:
        del body["includes"]
    returned = replace(answer.returned, posts=(*answer.returned.posts, int(found[0]["id"])))
    return _counted(replace(answer, returned=returned), body, data)


def huge_ids(fault: HugeIds, answer: Answer) -> Answer | None:
    """Add a made-up copy of the first item, with ids past 2^63; `meta` keeps the real ends."""
    body = parsed(answer)
    if body is None or not items_of(answer):
        return None
    made_up = dict(body["data"][0])
    for name in fault.fields:
        if name in made_up:
            made_up[name] = str(HUGE + (int(made_up[name]) & _MASK))
    for history in ("edit_history_post_ids", "edit_history_tweet_ids"):
        if history in made_up and "id" in fault.fields:
            made_up[history] = [made_up["id"]]
    body["data"].append(made_up)
    return replace(answer, body=json_bytes(body))


def lose_posts(fault: LosePosts, answer: Answer, problem_base: str, rng: Random) -> Answer | None:
    """Leave items out that exist, and say of them what the fault says."""
    body = parsed(answer)
    if body is None or not items_of(answer):
        return None
    data = body["data"]
    lost = rng.sample(data, min(fault.count, len(data)))
    errors = [_loss(fault.error, item, problem_base) for item in lost for _ in range(fault.repeat)]
    if fault.error == "field-hydration-failure":
        for item in lost:
            item.pop("public_metrics", None)
        gone = set[int]()
    else:
        gone = {int(item["id"]) for item in lost}
        body["data"] = [item for item in data if item not in lost]
    if fault.error != "none":
        body["errors"] = [*body.get("errors", []), *errors]
    if not body["data"]:
        del body["data"]
    returned = replace(answer.returned, posts=tuple(found for found in answer.returned.posts if found not in gone))
    return replace(answer, body=json_bytes(body), returned=returned)


def _loss(error: str, item: JsonObject, problem_base: str) -> JsonObject:
    kind = "resource-not-found" if error == "not-found" else error
    title, detail = {
        "resource-not-found": ("Not Found Error", "Could not find tweet with ids: [{}]."),
        "internal-error": ("Internal Error", "Something went wrong with [{}]."),
        "resource-unavailable": ("Resource Unavailable", "[{}] is not available right now."),
        "field-hydration-failure": ("Field Hydration Error", "A field of [{}] could not be read."),
    }.get(kind, ("", ""))
    found: JsonObject = {
        "value": item["id"],
        "detail": detail.format(item["id"]),
        "title": title,
        "resource_type": "tweet",
        "parameter": "ids",
        "resource_id": item["id"],
        "type": problem_base + kind,
    }
    return {**found, "field": "public_metrics"} if kind == "field-hydration-failure" else found


def _counted(answer: Answer, body: JsonObject, data: list[JsonObject]) -> Answer:
    ids = [int(item["id"]) for item in data]
    ends = {"newest_id": str(max(ids)), "oldest_id": str(min(ids))}
    # Lists of people name no ends.
    meta = {"result_count": len(data), **{name: value for name, value in ends.items() if name in body["meta"]}}
    return replace(answer, body=json_bytes({**body, "data": data, "meta": {**body["meta"], **meta}}))


def _merged(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    merged = {name: list(found) for name, found in ours.items()}
    for name, found in theirs.items():
        here = merged.setdefault(name, [])
        here.extend(item for item in found if item not in here)
    return merged
