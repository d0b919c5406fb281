"""Whole answers with status 200, in either dialect, into pages.

Pure. It is told what was asked for, never which dialect was spoken. Strict about the shape of the body: where that is
not what it must be, nothing of it is believed and NoAnswer is raised; see `objects` for single fields.
Invariant: an object in the body is in the result, or the whole answer is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from shared.domain.errors import NoAnswer, NotFound
from shared.domain.models import JsonObject, Page, Post, RateHeaders, Usage, UserLookup
from shared.platforms.x import objects as parse
from shared.platforms.x.body import json_object, number, objects, text
from shared.platforms.x.problems import all_settled, count_settled, missing_accounts, post_states


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortPage(Page):
    """A page that X announced longer than it is: of `withheld` more posts nothing was said that settles them.

    It is no NoAnswer: X answered, what came was bought, and nothing is wrong with the endpoint.
    """

    withheld: int


def parse_page(endpoint: str, body: Any, rate: RateHeaders) -> Page:
    """A page of a search, of quotes or of a user's posts; a ShortPage where X kept posts of it back. Raises NoAnswer.

    Raises NotFound where there is no page, only X's word that what the path names is gone or not to be seen.
    """
    if isinstance(body, dict) and body.keys() == {"errors"}:
        problems = objects(endpoint, body, "errors")
        if all_settled(problems) and all(problem.get("parameter") == "id" for problem in problems):
            raise NotFound(endpoint, text(problems[0].get("detail")) or "")
    body = _checked(endpoint, body, {"data", "meta"})
    meta = json_object(body, "meta")
    posts = _posts(endpoint, body, "data")
    parts: dict[str, Any] = {
        "posts": posts,
        "included_posts": _included_posts(endpoint, body),
        "users": tuple(parse.user(endpoint, raw) for raw in _included(endpoint, body, "users")),
        "media": tuple(parse.media(endpoint, raw) for raw in _included(endpoint, body, "media")),
        "next_token": text(meta.get("next_token")) or None,
        "rate": rate,
    }
    announced = number(meta.get("result_count")) or 0
    withheld = announced - len(posts) - count_settled(objects(endpoint, body, "errors"))
    return ShortPage(**parts, withheld=withheld) if withheld > 0 else Page(**parts)


def parse_lookup(endpoint: str, body: Any, asked: Sequence[int], rate: RateHeaders) -> Page:
    """Posts looked up by id: `states` has every id of `asked`. Raises NoAnswer."""
    body = _checked(endpoint, body, {"data", "errors"})
    posts = _posts(endpoint, body, "data")
    return Page(
        posts=posts,
        included_posts=_included_posts(endpoint, body),
        users=tuple(parse.user(endpoint, raw) for raw in _included(endpoint, body, "users")),
        media=tuple(parse.media(endpoint, raw) for raw in _included(endpoint, body, "media")),
        states=post_states(asked, (post.id for post in posts), objects(endpoint, body, "errors")),
        rate=rate,
    )


def parse_users(endpoint: str, body: Any, asked: Sequence[str], rate: RateHeaders) -> UserLookup:
    """Accounts looked up by username or id. Raises NoAnswer."""
    body = _checked(endpoint, body, {"data", "errors"})
    users = tuple(parse.user(endpoint, raw) for raw in objects(endpoint, body, "data"))
    found = [name for user in users for name in (user.username, str(user.id))]
    return UserLookup(users=users, missing=missing_accounts(asked, found, objects(endpoint, body, "errors")), rate=rate)


def parse_user(endpoint: str, body: Any, rate: RateHeaders) -> UserLookup:
    """The one account that a credential speaks for. Raises NoAnswer."""
    data = json_object(_checked(endpoint, body, {"data"}), "data")
    if not data:
        raise NoAnswer(endpoint, "'data' is not an object")
    return UserLookup(users=(parse.user(endpoint, data),), rate=rate)


def parse_media(endpoint: str, body: Any, rate: RateHeaders) -> Page:
    """Media looked up by key: a page with nothing but `media`; a key that X does not know is not in it."""
    body = _checked(endpoint, body, {"data", "errors"})
    return Page(media=tuple(parse.media(endpoint, raw) for raw in objects(endpoint, body, "data")), rate=rate)


def parse_usage(endpoint: str, body: Any, rate: RateHeaders) -> Usage:
    """What X counted for the project. Numbers may be texts. Raises NoAnswer."""
    data = json_object(_checked(endpoint, body, {"data"}), "data")
    if not data:
        raise NoAnswer(endpoint, "'data' is not an object")
    daily = objects(endpoint, json_object(data, "daily_project_usage"), "usage")
    return Usage(
        posts_by_day={day: number(item.get("usage")) or 0 for item in daily if (day := _day(item)) is not None},
        rate=rate,
    )


def holds_asked_fields(posts: Sequence[Post]) -> bool:
    """Whether X heeded the field parameter: both fields are always asked for, and X fills them for every post."""
    return not posts or any("created_at" in post.raw or "public_metrics" in post.raw for post in posts)


def _checked(endpoint: str, body: Any, needed: set[str]) -> JsonObject:
    """The body, if it is an object with at least one of the keys that such an answer has."""
    if not isinstance(body, dict):
        raise NoAnswer(endpoint, f"the body is {type(body).__name__}, not an object")
    if needed.isdisjoint(body):
        raise NoAnswer(endpoint, f"the body has none of {', '.join(sorted(needed))}")
    for key in ("meta", "includes"):
        if not isinstance(body.get(key, {}), dict):
            raise NoAnswer(endpoint, f"{key!r} is not an object")
    objects(endpoint, body, "errors")
    return body


def _posts(endpoint: str, body: JsonObject, key: str) -> tuple[Post, ...]:
    return tuple(parse.post(endpoint, raw) for raw in objects(endpoint, body, key))


def _included(endpoint: str, body: JsonObject, key: str) -> list[JsonObject]:
    return objects(endpoint, json_object(body, "includes"), key)


def _included_posts(endpoint: str, body: JsonObject) -> tuple[Post, ...]:
    includes = json_object(body, "includes")
    return _posts(endpoint, includes, "tweets") + _posts(endpoint, includes, "posts")


def _day(item: JsonObject) -> date | None:
    moment = parse.time(item.get("date"))
    return moment.date() if moment else None
