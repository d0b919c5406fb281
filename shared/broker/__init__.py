"""The queue: Dramatiq's broker on Redis, rebuilt so that a message is never lost and delays are never in memory.

An id (the message's own) is in exactly one of three places; each arrow is one Lua script, so a crash falls before it or
after it, never into it.

                 enqueue                     fetch
    (producer) ---------->  waiting  ------------------->  held  ----- ack ------>  (gone)
                            ^  ^  ^  by due time           | | |
                            |  |  +------ reschedule ------+ | +------ nack ----->  dead --- forget_dead --> (gone)
                            |  +--------- requeue, adopt ----+
                            +------------ recover -----------+     (counts a crash)

waiting   sorted set by due time in us: what is due is ready, the rest is delayed. One place for both needs no
          promotion, starts a delayed message when it is due, and gives every returned message its old place back.
payloads  hash, the encoded message; present exactly while the id is in waiting or held.
held      hash, the receipt 'worker fetched_us due_us'. Settling needs the very receipt, so what a delivery does after
          it lost its message (the process was stopped, cut off, or its command arrived late) changes nothing.
dead      sorted set, payloads and reasons: an outbox, which the scheduler empties into MongoDB.

What the limiter refused goes in line at a gate (`gates.py`): still in waiting, and let out as grants allow.

What fails                   What happens then
producer around `enqueue`    nothing was placed, or the message waits; enqueueing it again is harmless
reply of `fetch` lost        held, but not in the hand: the consumer's `adopt` gives it back within seconds
worker dies or is cut off    no heartbeat for the timeout: `recover` gives it back and counts a crash
worker resumes after that    its run is a repeat; its settlement changes nothing
worker dies with what a gate let out
                             as above, and after a quarter of a second without its word the gate lets out the next
gates are forgotten          what stood in line is due by itself within minutes
worker is asked to end       what waits for a thread is given back at once, what outlasts the grace period at its end;
                             no crash is counted
reply of a settlement lost   Dramatiq repeats the call; the second one finds no receipt and changes nothing
Redis away                   Dramatiq's threads try again every few seconds; `recover` first gives every worker a full
                             timeout to be heard, so an outage declares nobody dead
Redis loses a second         acked messages may run again; lost ones are enqueued again from MongoDB, where the epoch
                             (a mark in Redis) tells that the data is gone, or the server process another one

A message whose delivery ended in a dead worker `poison_after - 1` times gets its last chance after a pause, when a wave
of crashes that had another cause is more likely to be over, and without another such beside it in the process, so it
cannot take its neighbours along; after one more crash it is dead, reason `poison`.
De-duplication is a key that holds the id of its owner: a release compares, so an old owner never frees a newer one's.
"""

from shared.broker.broker import CoveyBroker, build_broker
from shared.broker.deferral import Deferred
from shared.broker.delivery import Delivery, Unreadable, read_message
from shared.broker.outbox import DeadMessage
from shared.broker.outcomes_middleware import Outcomes
from shared.broker.queue_stats import QueueStats
from shared.broker.worker import start_worker

__all__ = [
    "CoveyBroker",
    "DeadMessage",
    "Deferred",
    "Delivery",
    "Outcomes",
    "QueueStats",
    "Unreadable",
    "build_broker",
    "read_message",
    "start_worker",
]
