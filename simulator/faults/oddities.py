"""Owns the kinds of odd answers: objects that no schema allows, pages that are short, headers and bytes that stray.

It must not apply anything. Invariant: each is the real answer, changed in one point, and billed for what is in it.
"""

from typing import Annotated, Literal

from pydantic import Field

from simulator.faults.kinds import Count, Fault

# Beyond what BSON or a signed 64-bit integer holds.
ABSURD = 2**64


class OddObject(Fault):
    """What happens to `count` of the objects under `data`, drawn by the script's seed."""

    count: Count = 1


class AbsurdNumber(OddObject):
    """An object has `{field: {"n": number}}`, whatever was under `field`."""

    kind: Literal["absurd_number"]
    field: str = "edit_controls"
    number: int | float = ABSURD


class OddKey(OddObject):
    """An object has one of `keys` inside its `field`: with a NUL, a dollar or a dot."""

    kind: Literal["odd_key"]
    field: str = "edit_controls"
    keys: Annotated[tuple[str, ...], Field(min_length=1)] = ("a\x00b", "$set", "a.b")


class OddCount(OddObject):
    """A count of an object's `public_metrics` is missing, null or a float like 301.0."""

    kind: Literal["odd_count"]
    form: Literal["absent", "null", "float"] = "null"
    name: str = "impression_count"


class FewerFields(OddObject):
    """An object comes without these of its fields, though they were asked for."""

    kind: Literal["fewer_fields"]
    fields: tuple[str, ...] = ("public_metrics",)


class OlderObject(OddObject):
    """An object comes as it was when the rule first saw it with the same fields."""

    kind: Literal["older_object"]


class BrokenObject(Fault):
    """An included medium has no key, an included user no name, or a null stands among the objects."""

    kind: Literal["broken_object"]
    form: Literal["medium_without_key", "user_without_username", "null_in_includes", "null_in_data"] = "null_in_data"


class BareDeletion(Fault):
    """Deletions among the `errors` have a `resource_id`, and neither `parameter` nor `value`."""

    kind: Literal["bare_deletion"]


class ShortPage(Fault):
    """`share` of the page, and the token of what was held back: nothing is lost to who follows it.

    `announced` says whether `result_count` is of what is shown, or of the page as it was asked for.
    """

    kind: Literal["short_page"]
    share: float = Field(default=0.5, ge=0, lt=1)
    announced: Literal["shown", "asked"] = "shown"


class MillisecondReset(Fault):
    """`x-rate-limit-reset` is in milliseconds."""

    kind: Literal["millisecond_reset"]


class StrayDate(Fault):
    """`Date` is so many days off."""

    kind: Literal["stray_date"]
    days: float = Field(default=7, ge=-400, le=400)


class Drip(Fault):
    """Headers, or the body, come a byte at a time, one every `byte_ms`; then the connection ends."""

    kind: Literal["drip"]
    part: Literal["headers", "body"] = "body"
    byte_ms: Count = 20


class ContinueFlood(Fault):
    """So many `100 Continue`, one every `every_ms`, come before the answer; then the connection ends."""

    kind: Literal["continue_flood"]
    count: Count = 1_000
    every_ms: int = Field(default=0, ge=0)


class LongContentLength(Fault):
    """`Content-Length` has so many digits; the body is the real one and then the connection ends."""

    kind: Literal["long_content_length"]
    digits: Count = 5_000


Oddity = (
    AbsurdNumber
    | OddKey
    | OddCount
    | FewerFields
    | OlderObject
    | BrokenObject
    | BareDeletion
    | ShortPage
    | MillisecondReset
    | StrayDate
    | Drip
    | ContinueFlood
    | LongContentLength
)
