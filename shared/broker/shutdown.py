"""What a worker process does last."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from dramatiq import Worker
from dramatiq.broker import Broker
from dramatiq.middleware import Middleware

if TYPE_CHECKING:
    from shared.broker.broker import CoveyBroker


class GiveBackAtShutdown(Middleware):
    """Gives back jobs that outlast the grace period, so that they run elsewhere at once and no crash is counted.

    Otherwise a job longer than the grace period would count as poison after three deployments.
    """

    def after_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        """Give back all that is still held; the process is about to end."""
        cast("CoveyBroker", broker).give_back_all()
