"""What a job is: its queues, the base of all payloads, and the forms of what they hold. The jobs are in `jobs`."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

SCHEMA_VERSION: Final = 1
GREATEST_ID: Final = 10**19 - 1  # X takes ids of up to 19 digits (X API v2, pattern of `ids`)
MAX_IDS = 100  # ids or usernames in one call (X API v2, GET /2/tweets and GET /2/users/by)

PostIdText = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,19}$")]
Username = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,15}$")]
# The pattern is that of X's own specification, which bounds neither part.
MediaKey = Annotated[str, StringConstraints(pattern=r"^[0-9]+_[0-9]+$", max_length=128)]
DocumentId = Annotated[str, StringConstraints(min_length=1, max_length=128)]


class Queue:
    """The queues, in order of urgency. One kind of worker service may serve several."""

    INTERACTIVE: ClassVar[Literal["interactive"]] = "interactive"
    SEARCH: ClassVar[Literal["search"]] = "search"
    QUOTES: ClassVar[Literal["quotes"]] = "quotes"
    ENGAGEMENT: ClassVar[Literal["engagement"]] = "engagement"
    BACKFILL: ClassVar[Literal["backfill"]] = "backfill"
    MEDIA: ClassVar[Literal["media"]] = "media"


ALL_QUEUES = (Queue.INTERACTIVE, Queue.SEARCH, Queue.QUOTES, Queue.ENGAGEMENT, Queue.BACKFILL, Queue.MEDIA)


class Job(BaseModel):
    """Base of all payloads."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ClassVar[str]
    queues: ClassVar[tuple[str, ...]]  # the first is the default
    # Each run begins with a call of the platform: of one endpoint, and in each queue of one class of work. So when one
    # job is refused, the others of its queue would be.
    asks_first: ClassVar[bool] = False

    version: Literal[1] = SCHEMA_VERSION

    @property
    def subject(self) -> str:
        """What the job is about; equal subjects are the same work."""
        raise TypeError(f"{type(self).__name__} has no subject")
