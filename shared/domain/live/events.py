"""What a line of a stream says. Pure data; reading a line is `platforms.x.events`."""

from __future__ import annotations

from dataclasses import dataclass

from shared.domain.models import Page


@dataclass(frozen=True, slots=True)
class Posted:
    """A post, as a page of one. uuid: of the event, where it has one."""

    page: Page
    uuid: int | None = None


@dataclass(frozen=True, slots=True)
class Deleted:
    """A post was deleted."""

    post_id: int
    author_id: int
    uuid: int | None = None


@dataclass(frozen=True, slots=True)
class Renamed:
    """An account has another name. before, after: without @, as X writes them."""

    user_id: int
    before: str
    after: str
    uuid: int | None = None


@dataclass(frozen=True, slots=True)
class Other:
    """An event of a type that nobody asked for."""

    event_type: str


@dataclass(frozen=True, slots=True)
class Told:
    """X's own word, such as that it will end the connection."""

    title: str


@dataclass(frozen=True, slots=True)
class OddLine:
    """A line that cannot be read. begins: its first characters; reason: from a closed set, a label of metrics."""

    reason: str
    begins: str


Event = Posted | Deleted | Renamed | Other | Told | OddLine


# What `name_of` answers.
KINDS = ("post", "post_delete", "handle", "told", "odd", "other")


def name_of(event: Event) -> str:
    """The kind of an event, for metrics."""
    match event:
        case Posted():
            return "post"
        case Deleted():
            return "post_delete"
        case Renamed():
            return "handle"
        case Told():
            return "told"
        case OddLine():
            return "odd"
        case Other():
            return "other"
