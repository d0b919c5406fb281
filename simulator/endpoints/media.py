"""Owns looking media up by key.

It must not serve files. Invariant: every key asked for is either in `data` or in `errors`.
"""

from simulator.calls import Answer, JsonObject, json_answer
from simulator.endpoints.context import Context
from simulator.problems import media_error


def media_by_keys(context: Context) -> Answer:
    """`GET /2/media?media_keys=`."""
    keys = context.params.many("media_keys")
    known = context.world.media
    data = [context.renderer.media(known[key]) for key in keys if key in known]
    errors = [media_error(context.dialect, key) for key in keys if key not in known]
    body: JsonObject = {name: part for name, part in (("data", data), ("errors", errors)) if part}
    return json_answer(200, body)
