"""Owns the calls about streams: to connect, to subscribe, to list and end connections.

It must not send what a stream carries. Invariant: what is refused changes nothing.
"""

from simulator import problems
from simulator.calls import JSON_TYPE, Answer, JsonObject, json_answer
from simulator.clock import iso_ms
from simulator.endpoints.context import Context
from simulator.params import PATTERNS, Fields
from simulator.problems import Invalid, InvalidRequest
from simulator.streams.books import (
    CONSENTED_EVENTS,
    MAX_SUBSCRIPTIONS,
    PUBLIC_EVENTS,
    Duplicate,
    Full,
    Subscription,
)
from simulator.streams.connections import SHOWN, Connection, Stream


def activity_stream(context: Context) -> Answer:
    """`GET /2/activity/stream`."""
    return _connect(context, "activity/stream", None)


def filtered_stream(context: Context) -> Answer:
    """`GET /2/tweets/search/stream`."""
    return _connect(context, "search/stream", context.params.fields())


def _connect(context: Context, stream: Stream, fields: Fields | None) -> Answer:
    if context.params.integer("backfill_minutes", 0, 5, 0) or context.params.text("start_time"):
        return problems.forbidden()
    if context.call.at_ms < context.streams.refused_until_ms:
        return problems.blank(503, "Service Unavailable")
    opened = context.streams.connections.open(stream, context.call, context.dialect, fields)
    if opened is None:
        return problems.too_many_connections(context.dialect)
    return Answer(200, b"", {"content-type": JSON_TYPE}, connection=opened)


# -- subscriptions


def subscriptions(context: Context) -> Answer:
    """`GET` lists, `POST` adds, `DELETE ?ids=` takes away."""
    how = {"POST": _subscribe, "DELETE": _unsubscribe_many}
    return how.get(context.call.method, _list_subscriptions)(context)


def subscription_by_id(context: Context) -> Answer:
    """`DELETE /2/activity/subscriptions/:id`."""
    mine = context.streams.books.subscriptions(context.call.credential.project)
    if mine.pop(context.path_id, None) is None:
        return problems.not_found()
    return json_answer(200, {"data": {"deleted": True}})


def _list_subscriptions(context: Context) -> Answer:
    mine = list(context.streams.books.subscriptions(context.call.credential.project).values())
    shown, meta = context.list_page(mine, 1000)
    return json_answer(
        200, {"data": [_subscription(one) for one in shown], "meta": {**meta, "total_subscriptions": len(mine)}}
    )


def _subscribe(context: Context) -> Answer:
    order = context.order({"event_type", "filter", "tag", "webhook_id"})
    event_type, filter_ = order.get("event_type"), order.get("filter")
    if event_type not in PUBLIC_EVENTS and event_type not in CONSENTED_EVENTS:
        raise InvalidRequest(Invalid(f"$.event_type: {event_type!r} is not one of {list(PUBLIC_EVENTS)}"))
    user_id = filter_.get("user_id") if isinstance(filter_, dict) else None
    if not isinstance(user_id, str) or not PATTERNS["ids"].match(user_id):
        raise InvalidRequest(Invalid(f"$.filter.user_id: {user_id!r} is no id of a user"))
    tag = order.get("tag")
    if tag is not None and not (isinstance(tag, str) and 1 <= len(tag) <= 200):
        raise InvalidRequest(Invalid("$.tag: must be 1 to 200 characters long"))
    if event_type in CONSENTED_EVENTS:
        return problems.forbidden()
    books, project = context.streams.books, context.call.credential.project
    try:
        made = books.subscribe(project, event_type, int(user_id), tag, context.call.at_ms)
    except Duplicate:
        return problems.blank(409, "Conflict")
    except Full as error:
        message = f"The number of subscriptions is limited to {MAX_SUBSCRIPTIONS}"
        raise InvalidRequest(Invalid(message)) from error
    return json_answer(200, {"data": {"subscription": _subscription(made)}})


def _unsubscribe_many(context: Context) -> Answer:
    mine = context.streams.books.subscriptions(context.call.credential.project)
    done, failed = [], []
    for text in context.params.many("ids"):
        if mine.pop(int(text), None) is None:
            failed.append({"subscription_id": text, "reason": "not_found", "message": "There is no such subscription"})
        else:
            done.append({"subscription_id": text, "deleted": True})
    body: JsonObject = {"data": done, "meta": {"total_subscriptions": len(mine)}}
    return json_answer(200, {**body, "errors": failed} if failed else body)


def _subscription(one: Subscription) -> JsonObject:
    named = {} if one.tag is None else {"tag": one.tag}
    at = iso_ms(one.created_ms)
    what = {"subscription_id": str(one.id), "event_type": one.event_type, "filter": {"user_id": str(one.user_id)}}
    return {**what, **named, "created_at": at, "updated_at": at}


# -- connections


def connections(context: Context) -> Answer:
    """`GET` lists the connections of the app, `DELETE` ends those that the body names."""
    mine = context.streams.connections.listed(context.call.credential.project)
    if context.call.method == "DELETE":
        return _end_connections(context, {one.id: one for one in mine if one.ended_ms is None})
    status = context.params.choice("status", ("active", "inactive", "all"), "active")
    names = context.params.choices("endpoints", tuple(SHOWN.values()))
    found = [
        one
        for one in mine
        if status in {"all", "active" if one.ended_ms is None else "inactive"}
        and (not names or SHOWN[one.stream] in names)
    ]
    shown, meta = context.list_page(found, 10, 100)
    return json_answer(200, ({"data": [_connection(one) for one in shown]} if shown else {}) | {"meta": meta})


def _end_connections(context: Context, living: dict[str, Connection]) -> Answer:
    wanted = context.order({"uuids"}).get("uuids")
    if not isinstance(wanted, list) or not 1 <= len(wanted) <= 100:
        raise InvalidRequest(Invalid("$.uuids: must be a list of 1 to 100"))
    results: list[JsonObject] = []
    for one in map(str, wanted):
        if (found := living.get(one)) is not None:
            found.end(context.call.at_ms, "killed")
        missing = {} if found else {"error_message": "There is no such connection"}
        results.append({"uuid": one, "success": found is not None, **missing})
    killed = sum(one["success"] for one in results)
    data = {"successful_kills": killed, "failed_kills": len(results) - killed, "results": results}
    return json_answer(200, {"data": data})


def _connection(one: Connection) -> JsonObject:
    what: JsonObject = {"id": one.id, "endpoint_name": SHOWN[one.stream], "connected_at": iso_ms(one.opened_ms)}
    if one.ended_ms is not None:
        what |= {"disconnected_at": iso_ms(one.ended_ms), "disconnect_reason": one.reason}
    return {**what, "client_ip": "127.0.0.1"}
