"""A master and its replica behind one address, which a test lets fail over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from shared.domain.errors import LimiterUnavailable
from shared.ratelimit.limiter import Limiter
from shared.redis.connection import connect
from shared.runtime.embedded import EmbeddedServer, start_redis
from tests.faults.queue_fleet import wait_until
from tests.faults.tcp_proxy import TcpProxy
from tests.shared.ratelimit.calls import request


def port_of(server: EmbeddedServer) -> int:
    """Its port."""
    return int(server.url.rpartition(":")[2].partition("/")[0])


class Pair:
    """A master and its replica behind one address, which leads to the master."""

    def __init__(self, folder: Path) -> None:
        self.servers = [start_redis(folder / name) for name in ("a", "b")]
        self.proxy = TcpProxy(port_of(self.servers[0]))
        self.limiter = Limiter(connect(f"redis://127.0.0.1:{self.proxy.port}/0"))

    def client(self, number: int) -> redis.Redis:
        """A client of one of the two."""
        return redis.Redis.from_url(self.servers[number].url)

    def follow(self, replica: int, master: int) -> None:
        """Let one copy the other, and wait until it has."""
        client = self.client(replica)
        client.replicaof("127.0.0.1", port_of(self.servers[master]))
        wait_until(lambda: client.info("replication")["master_link_status"] == "up", 15, "the replica is up to date")
        self.client(master).wait(1, 5000)

    def behind(self, number: int) -> None:
        """Let the other one copy no more: what the master is told from now on it never hears."""
        self.client(number).replicaof("NO", "ONE")

    def lead_to(self, number: int) -> None:
        """The address leads to the other one from now on; what was connected is reset."""
        self.proxy.cut()
        self.proxy.point_at(port_of(self.servers[number]))
        self.proxy.restore()

    def fail_over(self, number: int) -> None:
        """The same, and the limiter's first call has found out."""
        self.lead_to(number)
        with pytest.raises(LimiterUnavailable):
            self.limiter.acquire(request())


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """Two servers, the second a replica of the first."""
    made = Pair(tmp_path)
    try:
        yield made
    finally:
        made.proxy.cut()
        for server in made.servers:  # a replica that was promoted may take 20 s to end in order
            server.process.kill()
            server.process.wait()
