"""The job that tells somebody of a post that runs away; see `jobs`, which has it too."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from shared.domain.job import Job, PostIdText, Queue

Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\d$")]


class SendAlert(Job):
    """One webhook: of a post and a UTC day. In the queue of media: it asks other hosts than X, and one that hangs keeps
    no thread from X.
    """

    name = "send_alert"
    queues = (Queue.MEDIA,)

    post_id: PostIdText
    day: Day

    @classmethod
    def of(cls, surge_id: str) -> SendAlert:
        """The job of a surge. Raises ValueError for an id that no surge has."""
        post_id, _, day = surge_id.partition(":")
        return cls(post_id=post_id, day=day)

    @property
    def subject(self) -> str:
        """The id of the surge."""
        return f"{self.post_id}:{self.day}"
