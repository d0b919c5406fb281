"""Owns reading the query string: unknown names, duplicates, ranges, times and ids.

It must not know what an endpoint does with the values. Invariant: whatever is wrong becomes one
`InvalidRequest` in the words of X, before anything is looked up.
"""

import re
from dataclasses import dataclass

from simulator.clock import parse_iso_ms
from simulator.dialect import MEDIA_FIELDS, PLACE_FIELDS, POLL_FIELDS, USAGE_FIELDS, Dialect
from simulator.problems import Invalid, InvalidRequest

_ID = re.compile(r"[0-9]{1,19}\Z")
_USERNAME = re.compile(r"[A-Za-z0-9_]{1,15}\Z")
_MEDIA_KEY = re.compile(r"[0-9]+_[0-9]+\Z")
PATTERNS = {"ids": _ID, "usernames": _USERNAME, "media_keys": _MEDIA_KEY}


@dataclass(frozen=True)
class Fields:
    """What the caller wants to see, by canonical names; the defaults of X are not in it."""

    post: frozenset[str]
    user: frozenset[str]
    media: frozenset[str]
    poll: frozenset[str]
    place: frozenset[str]
    usage: frozenset[str]
    expansions: frozenset[str]


def field_parameters(dialect: Dialect, kind: str) -> tuple[str, ...]:
    """Return the names of the field parameters of an endpoint that returns `kind` of objects."""
    if kind == "posts":
        return ("expansions", dialect.post_parameter, "media.fields", "poll.fields", "place.fields", "user.fields")
    if kind == "users":
        return ("expansions", dialect.post_parameter, "user.fields")
    return {
        "media": ("media.fields",),
        "usage": ("usage.fields",),
        "counts": ("search_count.fields",),
        "compliance": ("compliance_job.fields",),
        "streams": (),
        "connections": ("connection.fields",),
    }[kind]


class Params:
    """The checked values of one request's query string."""

    def __init__(self, query: tuple[tuple[str, str], ...], names: tuple[str, ...], dialect: Dialect, kind: str):
        """Check the names; raise `InvalidRequest` for unknown or repeated ones."""
        self.dialect = dialect
        self._kind = kind
        self._values = dict(query)
        allowed = (*names, *field_parameters(dialect, kind))
        faults = []
        for name in self._values:
            given = [value for key, value in query if key == name]
            if name not in allowed:
                message = f"The query parameter [{name}] is not one of [{','.join(allowed)}]"
                faults.append(Invalid(message, {name: given}))
            elif len(given) > 1:
                message = f"Duplicate parameters are not allowed: the `{name}` query parameter"
                faults.append(Invalid(message, {name: given}))
        if faults:
            raise InvalidRequest(*faults)

    def text(self, name: str) -> str | None:
        """Return a value as it came, or None; an empty value is refused."""
        value = self._values.get(name)
        if value == "":
            raise InvalidRequest(Invalid(f"The `{name}` query parameter can not be empty", {name: [""]}))
        return value

    def required(self, name: str) -> str:
        """Return a value that must be there."""
        value = self.text(name)
        if value is None:
            raise InvalidRequest(Invalid(f"The `{name}` query parameter can not be empty", {name: []}))
        return value

    def integer(self, name: str, low: int, high: int, default: int) -> int:
        """Return a whole number within `low`..`high`."""
        value = self.text(name)
        if value is None:
            return default
        if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
            message = f"The `{name}` query parameter value [{value}] is not between {low} and {high}"
            raise InvalidRequest(Invalid(message, {name: [value]}))
        return int(value)

    def post_id(self, name: str) -> int | None:
        """Return a post id, or None."""
        value = self.text(name)
        return None if value is None else check_id(name, value)

    def instant_ms(self, name: str) -> int | None:
        """Return a date-time in ms since the epoch, or None."""
        value = self.text(name)
        if value is None:
            return None
        try:
            return parse_iso_ms(value)
        except ValueError as error:
            message = f"The `{name}` query parameter value [{value}] is not a valid RFC3339 date-time"
            raise InvalidRequest(Invalid(message, {name: [value]})) from error

    def choice(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        """Return one of a few words."""
        value = self.text(name)
        if value is not None and value not in allowed:
            raise InvalidRequest(not_one_of(name, value, allowed, value))
        return value or default

    def choices(self, name: str, allowed: tuple[str, ...] | frozenset[str]) -> frozenset[str]:
        """Return a comma-separated set of words."""
        text = self.text(name)
        given = [] if text is None else text.split(",")
        faults = [not_one_of(name, value, allowed, text or "") for value in given if value not in allowed]
        if faults:
            raise InvalidRequest(*faults)
        return frozenset(given)

    def many(self, name: str) -> list[str]:
        """Return 1..100 comma-separated ids, usernames or media keys, each once, in order."""
        text = self.required(name)
        given = list(dict.fromkeys(text.split(",")))
        faults = [
            Invalid(f"The `{name}` query parameter value [{value}] is not valid", {name: [text]})
            if name != "usernames"
            else Invalid(
                f"The `{name}` query parameter value [{value}] does not match ^[A-Za-z0-9_]{{1,15}}$", {name: [text]}
            )
            for value in given
            if not PATTERNS[name].match(value)
        ]
        if len(given) > 100:
            message = (
                f"The number of values in the `{name}` query parameter list [{len(given)}] is not between 1 and 100"
            )
            faults.append(Invalid(message, {name: [text]}))
        if faults:
            raise InvalidRequest(*faults)
        return given

    def fields(self) -> Fields:
        """Return the fields and expansions asked for, by their canonical names."""
        dialect, kind = self.dialect, self._kind
        names = field_parameters(dialect, kind)

        def chosen(name: str, allowed: frozenset[str]) -> frozenset[str]:
            return dialect.translate(self.choices(name, allowed)) if name in names else frozenset()

        expansions = dialect.post_expansions if kind == "posts" else dialect.user_expansions
        return Fields(
            post=chosen(dialect.post_parameter, dialect.post_fields),
            user=chosen("user.fields", dialect.user_fields),
            media=chosen("media.fields", MEDIA_FIELDS),
            poll=chosen("poll.fields", POLL_FIELDS),
            place=chosen("place.fields", PLACE_FIELDS),
            usage=chosen("usage.fields", USAGE_FIELDS),
            expansions=chosen("expansions", expansions),
        )


def check_id(name: str, value: str) -> int:
    """Return an id of a path or a parameter; raise `InvalidRequest` when it is not 1..19 digits."""
    if not _ID.match(value):
        raise InvalidRequest(Invalid(f"The `{name}` query parameter value [{value}] is not valid", {name: [value]}))
    return int(value)


def not_one_of(name: str, value: str, allowed: tuple[str, ...] | frozenset[str], whole: str) -> Invalid:
    """Return the fault of one value, of a list of them that is `whole`."""
    listed = ",".join(sorted(allowed))
    return Invalid(f"The `{name}` query parameter value [{value}] is not one of [{listed}]", {name: [whole]})
