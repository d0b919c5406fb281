"""Whole answers with status 200, in either dialect, into pages.

Pure. It is told what was asked for, never which dialect was spoken. Strict about the shape of the body, without which
nobody knows what the answer says: where that is not what it must be, NoAnswer is raised. The objects in it are read one
by one: one that cannot be read is set aside and the others are believed; see `objects` for single fields.
Invariant: an object in the body is in the result, read or set aside, or the whole answer is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from shared.domain.errors import NoAnswer, NotFound
from shared.domain.models import JsonObject, Page, Post, RateHeaders, Usage, UserLookup
from shared.domain.set_aside import Kind, Reason, SetAside, set_aside
from shared.platforms.x import objects as parse
from shared.platforms.x.body import items, json_object, number, objects, text
from shared.platforms.x.problems import all_settled, count_settled, missing_accounts, post_states

T = TypeVar("T")
_DEFECTS = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


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
    _raise_not_there(endpoint, body)
    body = _checked(endpoint, body, {"data", "meta"})
    meta = json_object(body, "meta")
    found = _Objects(endpoint)
    entries = _entries(endpoint, body)
    parts: dict[str, Any] = {
        **found.of_page(entries, body),
        "set_aside": found.set_aside,
        "next_token": text(meta.get("next_token")) or None,
        "rate": rate,
    }
    # Of entries, not of posts: X counts one that it sends twice as two.
    announced = number(meta.get("result_count")) or 0
    withheld = announced - len(entries) - count_settled(objects(endpoint, body, "errors"))
    return ShortPage(**parts, withheld=withheld) if withheld > 0 else Page(**parts)


def parse_lookup(endpoint: str, body: Any, asked: Sequence[int], rate: RateHeaders) -> Page:
    """Posts looked up by id: `states` has every id of `asked`. Raises NoAnswer."""
    body = _checked(endpoint, body, {"data", "errors"})
    found = _Objects(endpoint)
    parts = found.of_page(_entries(endpoint, body), body)
    return Page(
        **parts,
        set_aside=found.set_aside,
        states=post_states(asked, (post.id for post in parts["posts"]), objects(endpoint, body, "errors")),
        rate=rate,
    )


def parse_users(endpoint: str, body: Any, asked: Sequence[str], rate: RateHeaders) -> UserLookup:
    """Accounts looked up by username or id. Raises NoAnswer."""
    body = _checked(endpoint, body, {"data", "errors"})
    found = _Objects(endpoint)
    users = found.read(Kind.USER, _entries(endpoint, body), parse.user)
    names = [name for user in users for name in (user.username, str(user.id))]
    missing = missing_accounts(asked, names, objects(endpoint, body, "errors"))
    return UserLookup(users=users, missing=missing, set_aside=found.set_aside, rate=rate)


def parse_people(endpoint: str, body: Any, rate: RateHeaders) -> UserLookup:
    """A page of accounts that did something to a post. Raises NoAnswer, and NotFound as `parse_page` does."""
    _raise_not_there(endpoint, body)
    body = _checked(endpoint, body, {"data", "meta"})
    found = _Objects(endpoint)
    users = found.read(Kind.USER, _entries(endpoint, body), parse.user)
    token = text(json_object(body, "meta").get("next_token")) or None
    return UserLookup(users=users, set_aside=found.set_aside, rate=rate, next_token=token)


def parse_user(endpoint: str, body: Any, rate: RateHeaders) -> UserLookup:
    """The one account that a credential speaks for. Raises NoAnswer."""
    data = json_object(_checked(endpoint, body, {"data"}), "data")
    try:
        return UserLookup(users=(parse.user(data),), rate=rate)
    except parse.Unusable as error:
        raise NoAnswer(endpoint, f"'data' is no account ({error})") from error


def parse_media(endpoint: str, body: Any, rate: RateHeaders) -> Page:
    """Media looked up by key: a page with nothing but `media`; a key that X does not know is not in it."""
    body = _checked(endpoint, body, {"data", "errors"})
    found = _Objects(endpoint)
    media = found.read(Kind.MEDIA, _entries(endpoint, body), parse.media)
    return Page(media=media, set_aside=found.set_aside, rate=rate)


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
    as_text = any(post.raw_text is not None for post in posts)  # an odd one says nothing of the others
    return as_text or not posts or any("created_at" in post.raw or "public_metrics" in post.raw for post in posts)


def _raise_not_there(endpoint: str, body: Any) -> None:
    """Raise NotFound where X says of what the path names that it is gone or not to be seen, and nothing else."""
    if isinstance(body, dict) and body.keys() == {"errors"}:
        problems = objects(endpoint, body, "errors")
        if all_settled(problems) and all(problem.get("parameter") == "id" for problem in problems):
            raise NotFound(endpoint, text(problems[0].get("detail")) or "")


def _checked(endpoint: str, body: Any, needed: set[str]) -> JsonObject:
    """The body, if it is an object with at least one of the keys that such an answer has."""
    if not isinstance(body, dict):
        raise NoAnswer(endpoint, f"the body is {type(body).__name__}, not an object")
    if needed.isdisjoint(body):
        raise NoAnswer(endpoint, f"the body has none of {', '.join(sorted(needed))}")
    if not isinstance(body.get("meta", {}), dict):
        raise NoAnswer(endpoint, "'meta' is not an object")
    items(endpoint, body, "errors")
    return body


def _entries(endpoint: str, body: JsonObject) -> list[Any]:
    """What was asked for. A list of something else altogether is no answer: the same call may give one."""
    entries = items(endpoint, body, "data")
    if entries and not any(one is None or isinstance(one, dict) for one in entries):
        raise NoAnswer(endpoint, "'data' is not a list of objects")
    return entries


class _Objects:
    """The objects of one body, read one by one."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._set_aside: list[SetAside] = []

    @property
    def set_aside(self) -> tuple[SetAside, ...]:
        """Those that could not be read, so far."""
        return tuple(self._set_aside)

    def read(self, kind: Kind, raws: Sequence[Any], parse_one: Callable[[JsonObject], T]) -> tuple[T, ...]:
        """Those that can be read."""
        found = []
        for raw in raws:
            try:
                if not isinstance(raw, dict):
                    raise parse.Unusable(Reason.NOT_AN_OBJECT)
                found.append(parse_one(raw))
            except parse.Unusable as error:
                self._put_aside(kind, error.reason, raw)
            except _DEFECTS:  # what nobody has thought of must not stop a stream
                self._put_aside(kind, Reason.UNREADABLE, raw)
        return tuple(found)

    def of_page(self, entries: Sequence[Any], body: JsonObject) -> dict[str, Any]:
        """The posts asked for and what came along with them, as parts of a page."""
        includes = body.get("includes") or {}
        if not isinstance(includes, dict):
            self._put_aside(Kind.POST, Reason.NOT_AN_OBJECT, includes)
            includes = {}
        posts = [*self._list(includes, "tweets", Kind.POST), *self._list(includes, "posts", Kind.POST)]
        places = self.read(Kind.PLACE, self._list(includes, "places", Kind.PLACE), parse.named)
        polls = self.read(Kind.POLL, self._list(includes, "polls", Kind.POLL), parse.named)
        along = [{one["id"]: one for one in objects} for objects in (places, polls)]

        def whole(raw: JsonObject) -> Post:
            return parse.post(raw, *along)

        return {
            "posts": self.read(Kind.POST, entries, whole),
            "included_posts": self.read(Kind.POST, posts, whole),
            "users": self.read(Kind.USER, self._list(includes, "users", Kind.USER), parse.user),
            "media": self.read(Kind.MEDIA, self._list(includes, "media", Kind.MEDIA), parse.media),
        }

    def _list(self, includes: JsonObject, key: str, kind: Kind) -> list[Any]:
        value = includes.get(key) or []
        if isinstance(value, list):
            return value
        self._put_aside(kind, Reason.NOT_AN_OBJECT, value)
        return []

    def _put_aside(self, kind: Kind, reason: Reason, raw: Any) -> None:
        self._set_aside.append(set_aside(raw, kind=kind, reason=reason, endpoint=self._endpoint))


def _day(item: JsonObject) -> date | None:
    moment = parse.time(item.get("date"))
    return moment.date() if moment else None
