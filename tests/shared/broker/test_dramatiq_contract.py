"""What this broker relies on in Dramatiq 2.2 beyond its documentation. A failure here means: read the new source."""

from __future__ import annotations

import inspect
from importlib.metadata import version

import dramatiq
import redis
from dramatiq import broker as dramatiq_broker
from dramatiq import worker as dramatiq_worker
from dramatiq.brokers.redis import RedisBroker
from dramatiq.errors import BrokerConnectionError, ConnectionClosed
from dramatiq.middleware import Middleware, Retries

from shared.broker.broker import CoveyBroker
from shared.broker.consumer import QueueConsumer
from shared.broker.pulse import PulseConsumer


def source(thing: object) -> str:
    """The source without its white space, so that only the code counts."""
    return "".join(inspect.getsource(thing).split())  # type: ignore[arg-type]


def test_the_version_is_the_one_that_was_read() -> None:
    """The pin is 2.2.*."""
    assert version("dramatiq").startswith("2.2.")


def test_the_stock_broker_has_the_methods_that_are_replaced() -> None:
    """Every method of the stock broker that talks to Redis is replaced, with the same parameters."""
    stock = {
        name
        for name, method in vars(RedisBroker).items()
        if inspect.isfunction(method)
        and any(word in source(method) for word in ("self.do_", "self.scripts", "client."))
    }

    assert stock == {"__init__", "enqueue", "flush", "join", "_max_unpack_size", "_dispatch"}
    for name in ("enqueue", "flush", "join", "consume", "_dispatch"):
        ours, theirs = getattr(CoveyBroker, name), getattr(RedisBroker, name)
        assert ours is not theirs
        assert list(inspect.signature(ours).parameters) == list(inspect.signature(theirs).parameters)


def test_the_stock_broker_keeps_its_attributes(redis_client: redis.Redis) -> None:
    """Those read by this broker exist and mean the same."""
    stock = RedisBroker(client=redis_client, middleware=[], namespace="n", maintenance_chance=0, heartbeat_timeout=7)
    stock.declare_queue("q")

    assert (stock.namespace, stock.heartbeat_timeout, stock.client) == ("n", 7, redis_client)
    assert stock.get_declared_queues() == {"q"}
    assert stock.get_declared_delay_queues() == {"q.DQ"}
    assert " " not in stock.broker_id
    assert stock.actors == {}


def test_the_stock_key_layout_is_the_one_that_was_read(redis_client: redis.Redis) -> None:
    """None of our keys may mean something to a stock broker of the same namespace, and its own are these."""
    stock = RedisBroker(client=redis_client, middleware=[], namespace="n")
    stock.declare_queue("q")
    stock.enqueue(dramatiq.Message("q", "a", (), {}, {}))
    stock.enqueue(dramatiq.Message("q", "a", (), {}, {}))
    consumer = stock.consume("q", prefetch=1)
    consumer.nack(next(consumer))
    next(consumer)

    theirs = {key.decode().replace(stock.broker_id, "ID") for key in redis_client.scan_iter()}
    assert theirs == {"n:__acks__.ID.q", "n:__heartbeats__", "n:q.msgs", "n:q.XQ", "n:q.XQ.msgs"}


def test_the_worker_can_be_prepared_before_it_starts(redis_client: redis.Redis) -> None:
    """`queue_prefetch` and `work_queue` are read when threads are made, by these names."""
    worker = dramatiq.Worker(RedisBroker(client=redis_client, middleware=[]), worker_threads=1)

    assert worker.queue_prefetch == 2
    assert isinstance(worker.work_queue, dramatiq_worker.PriorityQueue)
    assert "prefetch=self.delay_prefetchifdelayelseself.queue_prefetch" in source(dramatiq.Worker._add_consumer)
    assert "work_queue=self.work_queue" in source(dramatiq.Worker._add_consumer)
    assert "work_queue=self.work_queue" in source(dramatiq.Worker._add_worker)
    fields = dramatiq_worker._WorkQueueItem.__dataclass_fields__
    assert list(fields) == ["priority", "message", "_queued_time"]


def test_worker_threads_repeat_a_settlement_until_it_is_made() -> None:
    """A ConnectionClosed from ack or nack is waited out and tried again, on the consumer of that moment."""
    code = source(dramatiq_worker.ConsumerThread.post_process_message)

    assert issubclass(ConnectionClosed, BrokerConnectionError)
    assert "whileTrue:" in code
    assert "self.consumer.nack(message)" in code
    assert "self.consumer.ack(message)" in code
    assert "exceptBrokerConnectionErrorase:" in code
    assert "continue" in code[code.index("exceptBrokerConnectionError") : code.index("exceptException")]


def test_consumer_threads_restart_and_close_their_consumer() -> None:
    """A ConnectionClosed from the iterator closes the consumer and makes a new one; only shutdown ends the thread."""
    code = source(dramatiq_worker.ConsumerThread.run)

    assert "self.consumer=self.broker.consume(queue_name=self.queue_name,prefetch=self.prefetch," in code
    assert "exceptBrokerConnectionErrorase:" in code
    assert "ifself.running:" in code
    assert "self.consumer.close()" in source(dramatiq_worker.ConsumerThread.close)


def test_shutdown_stops_threads_before_consumers_and_gives_the_rest_back() -> None:
    """Middleware comes first and may stop any of them; the pulse beats while jobs finish, and the rest is requeued."""
    code = source(dramatiq.Worker.stop)

    assert code.count("emit_before") == 1
    order = ["emit_before", "thread.stop()", "join_all(self.workers", "join_all(self.consumers"]
    order += ["requeue_messages(messages)", "consumer.close()"]
    assert [code.index(step) for step in order] == sorted(code.index(step) for step in order)


def test_every_queue_has_a_delay_consumer() -> None:
    """The pulse runs as the consumer of `<queue>.DQ`."""
    middleware = dramatiq_worker._WorkerMiddleware

    assert "self.worker._add_consumer(queue_name,delay=True)" in source(middleware.after_declare_delay_queue)
    assert issubclass(PulseConsumer, dramatiq_broker.Consumer)
    assert issubclass(QueueConsumer, dramatiq_broker.Consumer)


def test_a_message_proxy_keeps_the_error_until_the_message_is_settled() -> None:
    """`_exception` is set by the worker, and cleared after the settlement."""
    proxy = dramatiq_broker.MessageProxy(dramatiq.Message("q", "a", (), {}, {}))
    proxy.stuff_exception(error := ValueError())
    code = source(dramatiq_worker.WorkerThread.process_message)

    assert proxy._exception is error
    assert code.index("post_process_message(message)") < code.index("message.clear_exception()")


def test_middleware_hooks_keep_their_signatures() -> None:
    """Outcomes replaces one method of Retries."""
    names = ["self", "broker", "message", "result", "exception"]

    assert list(inspect.signature(Retries.after_process_message).parameters) == names
    assert list(inspect.signature(Middleware.after_process_message).parameters) == names
    assert {name for name in vars(Retries) if name.startswith(("before_", "after_"))} == {"after_process_message"}
