"""How a worker process ends: what runs is finished, the rest is given back, at once or at the latest at the end.

Dramatiq stops its threads, waits for them as long as the grace period, and only then stops the consumers and gives back
what no thread took. Until then those consumers would fetch for threads that have stopped.
Invariant: from the moment a worker is asked to end, no message waits in its memory, and it goes on giving signs of life
(by the consumers of the delay queues) for what runs.
"""

from __future__ import annotations

from collections import defaultdict

from dramatiq import Worker
from dramatiq.broker import Broker, MessageProxy
from dramatiq.common import iter_queue, join_all, q_name
from dramatiq.errors import BrokerConnectionError
from dramatiq.middleware import Middleware

from shared.broker.context import BrokerContext
from shared.runtime.log import get_logger

# Later than any time that Redis will tell.
END_OF_TIME_US = 2**53
# How long to wait for fetches under way. One takes milliseconds, the pause after it at most idle_poll_ms; where Redis
# does not answer, what arrives later is given back at the end.
LAST_FETCH_MS = 1_000

_log = get_logger(__name__)


class GiveBackAtShutdown(Middleware):
    """Gives back what is not begun when the worker is asked to end, and what still runs when its time is over.

    Otherwise messages would wait here while other workers are idle, and each job longer than the grace period would
    count as poison after three deployments.
    """

    def __init__(self, context: BrokerContext) -> None:
        self._context = context

    def before_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        """Fetch no more, and give back what no thread has begun."""
        for thread in worker.workers:
            thread.stop()
        fetching = {queue: thread for queue, thread in worker.consumers.items() if queue == q_name(queue)}
        for consumer in fetching.values():
            consumer.stop()
        join_all(fetching.values(), LAST_FETCH_MS)  # type: ignore[no-untyped-call]
        unbegun: dict[str, list[MessageProxy]] = defaultdict(list)
        for item in iter_queue(worker.work_queue):  # type: ignore[no-untyped-call]
            unbegun[item.message.queue_name].append(item.message)
        for queue, consumer in fetching.items():
            consumer.close()
            try:
                if unbegun[queue]:
                    consumer.requeue_messages(unbegun[queue])
            except BrokerConnectionError as error:
                _log.warning("messages_not_given_back_yet", queue=queue, reason=str(error))

    def after_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        """Give back all that is still held; the process is about to end."""
        give_back_all(self._context)


def give_back_all(context: BrokerContext) -> int:
    """Give back all that Redis says this process holds, even what still runs; how many. For the end of it.

    What was abandoned is kept, so that `recover` finds it in a dead worker's hand and counts a crash.
    """
    held = context.hands.empty()
    for pairs in held.values():
        for id, _ in pairs:
            context.last_chance.release(id)
    keep = list(context.abandoned)
    given = (context.scripts.adopt(context.keys(queue), context.worker_id, END_OF_TIME_US, keep)[1] for queue in held)
    return sum(given)
