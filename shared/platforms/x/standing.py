"""Subscriptions and rules of the streams: to list them, to add and to remove some.

Pure: building a call sends nothing. X publishes no price for any of these calls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from shared.domain.errors import InputError, NoAnswer
from shared.domain.live.standing import TAG, Rule, Standing, Subscription
from shared.domain.models import JsonObject, RateHeaders
from shared.platforms.x import endpoints
from shared.platforms.x.body import identifier, json_object, objects, text
from shared.platforms.x.call import Call
from shared.platforms.x.endpoints import Endpoint

T = TypeVar("T")
PAGE = 1000
# X documents no bound of one call for rules; so many of 1,024 characters are 100 KB.
RULES_AT_ONCE = 100
REMOVED_AT_ONCE = 100  # spec 2.167, `ids` of DELETE /2/activity/subscriptions


@dataclass(frozen=True, slots=True)
class Listed(Generic[T]):
    """A page of what stands, and the token of the next one."""

    standing: tuple[Standing[T], ...]
    next_token: str | None


def list_subscriptions(token: str | None = None) -> Call[Listed[Subscription]]:
    """A page of the subscriptions of the app."""
    return _list(endpoints.SUBSCRIPTIONS, token, _subscription)


def list_rules(token: str | None = None) -> Call[Listed[Rule]]:
    """A page of the rules of the app."""
    return _list(endpoints.STREAM_RULES, token, _rule)


def subscribe(one: Subscription) -> Call[bool]:
    """Add a subscription. InvalidRequest is raised for one that stands already, or that there is no room for."""
    body: JsonObject = {"event_type": one.event_type, "filter": {"user_id": str(one.user_id)}, "tag": TAG}
    return _change(endpoints.SUBSCRIPTIONS, body=body)


def unsubscribe(ids: Sequence[int]) -> Call[bool]:
    """Remove up to 100 subscriptions; those that stand no more are passed over. Raises InputError."""
    if not 1 <= len(ids) <= REMOVED_AT_ONCE:
        raise InputError(f"activity/subscriptions: {len(ids)} removed in one call, not 1..{REMOVED_AT_ONCE}")
    return _change(endpoints.SUBSCRIPTIONS, parameters={"ids": ",".join(map(str, ids))}, deletes=True)


def add_rules(rules: Sequence[Rule]) -> Call[tuple[str, ...]]:
    """Add rules; answers X's words about those that it did not take."""
    endpoints.STREAM_RULES.check_count(len(rules))
    endpoint = endpoints.STREAM_RULES
    return Call(
        endpoint=endpoint,
        path=endpoint.path,
        as_app=True,
        parameters=lambda dialect: {},
        parse=lambda body, rate: _refused(endpoint.key, body),
        body={"add": [{"value": one.value, "tag": TAG} for one in rules]},
    )


def remove_rules(ids: Sequence[int]) -> Call[bool]:
    """Remove up to 100 rules."""
    endpoints.STREAM_RULES.check_count(len(ids))
    return _change(endpoints.STREAM_RULES, body={"delete": {"ids": [str(one) for one in ids]}})


def _list(endpoint: Endpoint, token: str | None, of: Callable[[JsonObject], T | None]) -> Call[Listed[T]]:
    given = {"max_results": str(PAGE)} | ({} if token is None else {"pagination_token": token})
    return Call(
        endpoint=endpoint,
        path=endpoint.path,
        as_app=True,
        parameters=lambda dialect: given,
        parse=lambda body, rate: _listed(endpoint.key, body, rate, of),
    )


def _listed(endpoint: str, body: Any, rate: RateHeaders, of: Callable[[JsonObject], T | None]) -> Listed[T]:
    """Raises NoAnswer for a body that is no list: an empty one must be X's word, or all would be added again."""
    if not isinstance(body, dict) or ("data" not in body and "meta" not in body):
        raise NoAnswer(endpoint, "the body has neither 'data' nor 'meta'")
    found = []
    for raw in objects(endpoint, body, "data"):
        one_id, what = identifier(raw.get("subscription_id") or raw.get("id")), of(raw)
        if one_id is None or what is None:
            raise NoAnswer(endpoint, "an entry has no id, or does not say what it is")
        found.append(Standing(one_id, what, text(raw.get("tag")) == TAG))
    return Listed(tuple(found), text(json_object(body, "meta").get("next_token")) or None)


def _subscription(raw: JsonObject) -> Subscription | None:
    kind, user_id = text(raw.get("event_type")), identifier(json_object(raw, "filter").get("user_id"))
    return Subscription(kind, user_id or 0) if kind else None  # others' may be of keywords


def _rule(raw: JsonObject) -> Rule | None:
    value = text(raw.get("value"))
    return None if value is None else Rule(value)


def _refused(endpoint: str, body: Any) -> tuple[str, ...]:
    if not isinstance(body, dict):
        raise NoAnswer(endpoint, "the body is no object")
    told = objects(endpoint, body, "errors")
    return tuple(f"{text(one.get('title'))}: {text(one.get('detail'))}: {text(one.get('value'))}"[:300] for one in told)


def _change(
    endpoint: Endpoint,
    *,
    body: JsonObject | None = None,
    parameters: dict[str, str] | None = None,
    deletes: bool = False,
) -> Call[bool]:
    return Call(
        endpoint=endpoint,
        path=endpoint.path,
        as_app=True,
        parameters=lambda dialect: parameters or {},
        parse=lambda answer, rate: True,
        body=body,
        deletes=deletes,
    )
