"""Owns the kinds of faults: what each puts in the place of the real answer, or does to it.

It must not apply anything. Invariant: each kind has a name of its own under `kind`, and says in its group whether
the call is billed.
"""

from typing import Annotated, Literal

from pydantic import Field

from simulator.orders import Order

RATE_HEADERS = ("x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-reset")

Count = Annotated[int, Field(ge=1)]


class Fault(Order):
    """What all answers may have: a delay, and whether the call is billed (None: as X would, see each kind)."""

    delay_ms: int = Field(default=0, ge=0, le=600_000)
    billed: bool | None = None


# -- answers in place of the real one; none is billed unless it says so


class Status(Fault):
    """Any status, body (an object or list becomes JSON) and headers; a header of None is left out."""

    kind: Literal["status"]
    status: int = Field(ge=200, le=599)
    body: dict[str, object] | list[object] | str = ""
    headers: dict[str, str | None] = Field(default_factory=dict)


class NamedProblem(Fault):
    """One of X's own refusals, word for word; `reset_in_seconds` moves the reset of a 429 or of a spend cap."""

    kind: Literal["problem"]
    problem: Literal[
        "invalid-request",
        "stale-since-id",
        "unauthorized",
        "credits-depleted",
        "client-not-enrolled",
        "unsupported-authentication",
        "forbidden",
        "not-found",
        "too-many-requests",
        "legacy-rate-limit",
        "per-second",
        "day-limit",
        "usage-capped-monthly",
        "usage-capped-daily",
        "spend-cap-reached",
        "spend-cap-titled",
        "listed-forbidden",
        "unknown-field",
    ]
    reset_in_seconds: int | None = Field(default=None, ge=0)


class ServerError(Fault):
    """A 5xx as JSON, plain text or a gateway's HTML; the latter two have no rate headers."""

    kind: Literal["server_error"]
    status: int = Field(default=503, ge=500, le=599)
    form: Literal["json", "plain", "html"] = "json"


class Html200(Fault):
    """A gateway's page with status 200 and no rate headers."""

    kind: Literal["html_200"]


class InvalidJson(Fault):
    """The real body, broken near its end."""

    kind: Literal["invalid_json"]


class WrongShape(Fault):
    """Valid JSON that is not what the endpoint promises."""

    kind: Literal["wrong_shape"]
    shape: Literal[
        "list", "text", "number", "null", "data_is_object", "data_is_text", "items_are_numbers", "meta_is_list"
    ] = "list"


# -- the real answer, changed; billed for what is in it


class DropHeader(Fault):
    """Headers that are missing."""

    kind: Literal["drop_header"]
    names: tuple[str, ...] = RATE_HEADERS


class RepeatNextToken(Fault):
    """A page whose `next_token` is the one that led to it."""

    kind: Literal["repeat_next_token"]


class EmptyPageWithToken(Fault):
    """No posts, and a token that gives the page that should have come: nothing is lost to who follows it."""

    kind: Literal["empty_page_with_token"]


class DuplicatePost(Fault):
    """The last post of the page before comes again at the top of this one (or this page's own last twice).

    `within_page` always doubles the page's own last; `result_count` counts both.
    """

    kind: Literal["duplicate_post"]
    within_page: bool = False


class OlderThanCursor(Fault):
    """A real post older than `since_id` or `start_time` comes last."""

    kind: Literal["older_than_cursor"]


class HugeIds(Fault):
    """A made-up copy of the first item, whose `fields` are ids past 2^63, comes last; `meta` keeps the real ends."""

    kind: Literal["huge_ids"]
    fields: tuple[Literal["id", "author_id", "conversation_id", "in_reply_to_user_id"], ...] = ("id",)


class LosePosts(Fault):
    """Items asked for are missing though they exist, with that error about each, or none at all.

    A `field-hydration-failure` keeps the item and loses its metrics. `repeat`: how often each error comes.
    """

    kind: Literal["lose_posts"]
    count: Count = 1
    error: Literal["none", "not-found", "internal-error", "resource-unavailable", "field-hydration-failure"] = "none"
    repeat: Count = 1


# -- the real answer, badly delivered; billed, since X answered


class CutBody(Fault):
    """`share` of the body that the headers promise, then the connection ends."""

    kind: Literal["cut_body"]
    share: float = Field(default=0.5, ge=0, lt=1)
    by: Literal["close", "reset"] = "close"


class Reset(Fault):
    """TCP RST in place of an answer."""

    kind: Literal["reset"]


class NoAnswer(Fault):
    """Silence until the client gives up, or until the connection is closed after `close_after_ms`."""

    kind: Literal["no_answer"]
    close_after_ms: Count | None = None


class Pass(Fault):
    """The real answer, after `delay_ms`."""

    kind: Literal["pass"]


# -- the real answer, and something happens behind it


class CutWindow(Fault):
    """After this answer the limit of its endpoint and token is another one, in the middle of the window."""

    kind: Literal["cut_window"]
    limit: Count
    lasting: bool = False


class Stranger(Fault):
    """After this answer a stranger spends calls of the same token and endpoint."""

    kind: Literal["stranger"]
    calls: Count = 1


Plain = (
    Status
    | NamedProblem
    | ServerError
    | Html200
    | InvalidJson
    | WrongShape
    | DropHeader
    | RepeatNextToken
    | EmptyPageWithToken
    | DuplicatePost
    | OlderThanCursor
    | HugeIds
    | LosePosts
    | CutBody
    | Reset
    | NoAnswer
    | Pass
    | CutWindow
    | Stranger
)
