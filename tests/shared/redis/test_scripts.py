"""How a script reaches Redis: one attempt, on a sound connection."""

from __future__ import annotations

import multiprocessing
import socket
import threading

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from shared.domain.errors import RedisRefused
from shared.ratelimit.layout import CONSTANTS
from shared.redis.scripts import Connections, RedisAway, Script, load

COUNT = "return redis.call('INCR', KEYS[1])"


def test_a_script_runs_with_its_keys_and_arguments(redis_client: redis.Redis) -> None:
    """Keys and arguments arrive as they were given, binary ones too."""
    script = Script(Connections(redis_client), "return KEYS[1] .. ARGV[1] .. #ARGV[2]")

    assert script(("ä",), (b"b", b"\r\n\x00\xff")) == "äb4".encode()


def test_a_redis_that_does_not_know_the_script_is_told(redis_client: redis.Redis) -> None:
    """After a restart or a flush the text is sent, and the script has run once."""
    script = Script(Connections(redis_client), COUNT)

    assert script(("n",), ()) == 1
    redis_client.script_flush()
    assert script(("n",), ()) == 2
    assert script(("n",), ()) == 3


def test_connections_are_used_again(redis_client: redis.Redis) -> None:
    """Calls one after another share one connection."""
    before = redis_client.info("stats")["total_connections_received"]
    script = Script(Connections(redis_client), COUNT)

    for _ in range(20):
        script(("n",), ())

    assert redis_client.info("stats")["total_connections_received"] - before == 1


def close_others(client: redis.Redis) -> None:
    """Let the server close every connection but this client's."""
    for other in client.client_list():
        if int(other["id"]) != client.client_id():
            client.client_kill_filter(_id=other["id"])


def test_a_connection_the_server_closed_is_replaced(redis_client: redis.Redis) -> None:
    """A restart of Redis between two calls costs neither of them."""
    script = Script(Connections(redis_client, trusted_seconds=0), COUNT)
    script(("n",), ())

    close_others(redis_client)

    assert script(("n",), ()) == 2


def test_a_connection_closed_a_moment_ago_costs_one_call(redis_client: redis.Redis) -> None:
    """A connection that was just used is not looked at: one call fails, without having run, and the next is sound."""
    script = Script(Connections(redis_client, trusted_seconds=60), COUNT)
    script(("n",), ())

    close_others(redis_client)

    with pytest.raises(RedisAway):
        script(("n",), ())
    assert script(("n",), ()) == 2


def test_a_long_outage_uses_no_connections_up() -> None:
    """However often Redis was asked in vain, the pool can still make connections."""
    client = redis.Redis(port=1, retry=Retry(NoBackoff(), 0), max_connections=5)
    script = Script(Connections(client), COUNT)

    for _ in range(20):
        with pytest.raises(RedisAway, match="refused"):
            script(("n",), ())


def test_a_fault_of_the_script_leaves_the_connection_sound(redis_client: redis.Redis) -> None:
    """An error reply that a person must act on is told by its code, and the next call gets its own answer."""
    connections = Connections(redis_client)
    wrong = Script(connections, "return redis.call('INCR', KEYS[1], 1)")

    with pytest.raises(RedisRefused, match="ERR"):
        wrong(("n",), ())

    assert Script(connections, COUNT)(("n",), ()) == 1


def test_a_lost_reply_is_not_asked_for_again(redis_client: redis.Redis) -> None:
    """A script whose answer never comes is sent once, though the client would retry five times."""
    received: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as silent:

        def listen() -> None:
            while True:
                try:
                    peer, _ = silent.accept()
                except OSError:
                    return
                with peer:
                    while data := peer.recv(65_536):
                        received.append(data)
                        if b"EVALSHA" not in data:
                            peer.sendall(b"+OK\r\n" * data.count(b"*"))

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        client = redis.Redis(port=silent.getsockname()[1], socket_timeout=0.2, retry=Retry(NoBackoff(), 5), protocol=2)
        with pytest.raises(RedisAway, match="TimeoutError"):
            Script(Connections(client), COUNT)(("n",), ())
        silent.shutdown(socket.SHUT_RDWR)
    thread.join(5)

    assert b"".join(received).count(b"EVALSHA") == 1


def _count_in_child(script: Script, answers: multiprocessing.SimpleQueue[int | str]) -> None:
    for _ in range(200):
        answers.put(script(("child",), ()))


def test_a_forked_process_opens_connections_of_its_own(redis_client: redis.Redis) -> None:
    """Parent and child that use one script at the same time never read each other's answers."""
    script = Script(Connections(redis_client), COUNT)
    script(("parent",), ())
    context = multiprocessing.get_context("fork")
    answers: multiprocessing.SimpleQueue[int | str] = context.SimpleQueue()
    child = context.Process(target=_count_in_child, args=(script, answers), daemon=True)

    child.start()
    ours = [script(("parent",), ()) for _ in range(200)]
    theirs = [answers.get() for _ in range(200)]
    child.join(10)

    assert ours == list(range(2, 202))
    assert theirs == list(range(1, 201))


def test_threads_do_not_share_a_connection(redis_client: redis.Redis) -> None:
    """Threads that use one script at the same time each get their own answer."""
    script = Script(Connections(redis_client), COUNT)
    answers: dict[int, list[int | str]] = {}

    def count(number: int) -> None:
        answers[number] = [script((f"n{number}",), ()) for _ in range(100)]

    threads = [threading.Thread(target=count, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(one == list(range(1, 101)) for one in answers.values())


@pytest.mark.parametrize("name", ["acquire", "settle", "seed", "unblock"])
def test_constants_are_written_in(name: str) -> None:
    """Places in a state field are numbers in the text that is sent."""
    text = load("shared.ratelimit", name, {**CONSTANTS, "LEASE_MS": 5, "NEEDS_SEED": True})

    assert "BUDGET_FORMAT" not in text
    assert "'<" + "d" * 25 + "'" in text
    if name == "acquire":
        assert "if true and" in text
        assert "now + 5" in text


@pytest.mark.parametrize("name", ["acquire", "settle", "seed", "unblock"])
def test_every_script_has_a_header(name: str) -> None:
    """A reader finds what a script takes, returns and leaves behind at its top."""
    header = load("shared.ratelimit", name, CONSTANTS).partition("local ")[0]

    assert all(word in header for word in ("-- KEYS", "-- ARGV", "-- Returns", "-- TTL"))


def test_many_calls_share_a_round_trip(redis_client: redis.Redis) -> None:
    """Each has its own keys and arguments, and its own reply, in order; none for none."""
    script = Script(Connections(redis_client), "return redis.call('INCRBY', KEYS[1], ARGV[1])")
    redis_client.script_flush()

    assert script.many([(("a",), (1,)), (("b",), (5,)), (("a",), ("2",))]) == [1, 5, 3]
    assert script.many([]) == []


def test_one_refusal_among_many_leaves_the_connection_sound(redis_client: redis.Redis) -> None:
    """All replies are read before the error is raised, so the next call gets its own answer."""
    script = Script(Connections(redis_client), COUNT)
    redis_client.rpush("list", 1)

    with pytest.raises(RedisRefused, match="WRONGTYPE"):
        script.many([(("n",), ()), (("list",), ()), (("n",), ())])

    assert script(("n",), ()) == 3


SET = "return redis.call('SET', KEYS[1], 1)"


def test_a_demoted_master_is_left(redis_client: redis.Redis) -> None:
    """READONLY drops every idle connection: the next call connects anew, where a successor may be."""
    connections = Connections(redis_client)
    script = Script(connections, SET)
    first = connections.take()
    connections.give_back(first)
    redis_client.replicaof("127.0.0.1", "1")
    try:
        with pytest.raises(RedisAway, match="READONLY"):
            script(("n",), ())
    finally:
        redis_client.replicaof("NO", "ONE")

    assert first._sock is None
    assert script(("n",), ()) == b"OK"


def test_a_full_redis_is_away_and_not_refusing(redis_client: redis.Redis) -> None:
    """OOM passes when memory is freed."""
    redis_client.config_set("maxmemory", 1)
    try:
        with pytest.raises(RedisAway, match="OOM"):
            Script(Connections(redis_client), SET)(("n",), ())
    finally:
        redis_client.config_set("maxmemory", 0)


def test_missing_rights_are_told_by_name(redis_client: redis.Redis) -> None:
    """A user who may not run scripts, or not touch the key, is refused with the code, whichever version says so."""
    redis_client.execute_command("ACL", "SETUSER", "narrow", "on", ">pw", "~other", "+@all", "-eval")
    address = redis_client.get_connection_kwargs()
    narrow = redis.Redis(host=address["host"], port=address["port"], username="narrow", password="pw", protocol=2)
    wrong = redis.Redis(host=address["host"], port=address["port"], username="narrow", password="no", protocol=2)
    try:
        with pytest.raises(RedisRefused, match="NOPERM"):
            Script(Connections(narrow), SET)(("n",), ())
        with pytest.raises(RedisRefused, match="login"):
            Script(Connections(wrong), SET)(("n",), ())
    finally:
        redis_client.execute_command("ACL", "DELUSER", "narrow")
