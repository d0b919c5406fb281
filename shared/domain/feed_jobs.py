"""The jobs that send the feed of a tenant to where it is wanted; see `jobs`, which has them too.

In the queue of media: they ask other hosts than X, and one that hangs keeps no thread from X.
"""

from __future__ import annotations

from shared.domain.job import DocumentId, Job, Queue


class DeliverFeed(Job):
    """What is behind the cursor of one endpoint, a few messages of it."""

    name = "deliver_feed"
    queues = (Queue.MEDIA,)

    endpoint_id: DocumentId

    @property
    def subject(self) -> str:
        """The endpoint: one at a time."""
        return self.endpoint_id


class PingEndpoint(Job):
    """One message that tells nothing, to try whether an endpoint takes any."""

    name = "ping_endpoint"
    queues = (Queue.MEDIA,)

    endpoint_id: DocumentId
    ping_id: DocumentId

    @property
    def subject(self) -> str:
        """The ping: each is sent."""
        return self.ping_id
