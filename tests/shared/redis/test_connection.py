"""Clients for every kind of URL, on real servers."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
import redis
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from dramatiq.errors import ConnectionClosed

from shared.broker import CoveyBroker
from shared.domain.errors import BrokerUnavailable, InputError
from shared.redis.connection import connect, reach
from shared.runtime.embedded import EmbeddedServer, free_port, start_redis
from shared.runtime.programs import find_redis_server
from tests.faults.tcp_proxy import TcpProxy
from tests.shared.broker.conftest import QUEUE, eventually, make_message


def address(client: redis.Redis) -> int:
    """The port of the session's Redis."""
    return int(client.get_connection_kwargs()["port"])


def port_of(server: EmbeddedServer) -> int:
    """The port of a server of ours."""
    return int(server.url.rpartition(":")[2].partition("/")[0])


def test_a_password_and_a_logical_database_are_used(redis_client: redis.Redis) -> None:
    """User, password (percent-encoded) and database come from the URL."""
    redis_client.execute_command("ACL", "SETUSER", "covey", "on", ">p@ss", "~*", "+@all")
    try:
        with connect(f"redis://covey:p%40ss@127.0.0.1:{address(redis_client)}/3") as client:
            client.set("where", "three")
        with redis.Redis(port=address(redis_client), db=3) as third:
            assert third.get("where") == b"three"
            third.flushdb()
        with (
            connect(f"redis://covey:wrong@127.0.0.1:{address(redis_client)}/3") as client,
            pytest.raises(redis.AuthenticationError),
        ):
            client.ping()
    finally:
        redis_client.execute_command("ACL", "DELUSER", "covey")


def test_who_calls_is_found_out_once() -> None:
    """Every client tells the server the same name and version, those of the library as it is installed."""
    first, second = (connect(f"redis://127.0.0.1:1/{db}").get_connection_kwargs()["driver_info"] for db in (0, 1))

    assert first is second
    assert (first.name, first.lib_version) == ("redis-py", metadata.version("redis"))


def test_nothing_is_retried(redis_client: redis.Redis) -> None:
    """A command without a reply is sent once and fails after the timeout."""
    with (
        TcpProxy(address(redis_client)) as proxy,
        connect(f"redis://127.0.0.1:{proxy.port}/0", timeout_seconds=0.2) as c,
    ):
        c.ping()
        proxy.mute()
        started = time.monotonic()

        with pytest.raises(redis.TimeoutError):
            c.incr("count")

        assert time.monotonic() - started < 1.0
        assert redis_client.get("count") == b"1"


def test_a_server_that_is_not_there_fails_at_once() -> None:
    """A refused connection is an error within a moment, not after ten tries."""
    started = time.monotonic()

    with connect(f"redis://127.0.0.1:{free_port()}/0") as client, pytest.raises(redis.ConnectionError):
        client.ping()

    assert time.monotonic() - started < 1.0


def test_a_login_that_is_not_taken_is_one_line(redis_client: redis.Redis) -> None:
    """It names host and user and what to check, whichever way Redis refuses; no word of the password."""
    where = f"127.0.0.1:{address(redis_client)}"
    redis_client.execute_command("ACL", "SETUSER", "covey", "on", ">p@ss", "~*", "+get")
    reach(f"redis://covey:p%40ss@{where}/0")  # may not ping, but is known
    redis_client.config_set("requirepass", "p@ss")
    try:
        for login, told in (
            ("covey:hunter2@", f"Redis at {where}/0 as user 'covey' does not take this user and password"),
            (":hunter2@", f"Redis at {where}/0 as the default user does not take this user and password"),
            ("", f"Redis at {where}/0 asks for a password"),
        ):
            with pytest.raises(InputError) as caught:
                reach(f"redis://{login}{where}/0")
            assert str(caught.value) == f"{told}; check REDIS_URL"
    finally:
        redis_client.config_set("requirepass", "")
        redis_client.execute_command("ACL", "DELUSER", "covey")


def test_a_server_that_gives_no_answer_is_given_up_within_five_seconds() -> None:
    """Refused, silent, without an address, without a socket: one line each, which says what to check."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for url, told in (
            (f"redis://covey:hunter2@127.0.0.1:{free_port()}/0", "the connection is refused; check host and port"),
            (f"redis://covey:hunter2@127.0.0.1:{silent.getsockname()[1]}/0", "it gives no answer"),
            ("redis://covey:hunter2@host.invalid:6379/0", "its name cannot be resolved; check the host name and DNS"),
            ("unix://covey:hunter2@/no/such.sock", "there is no such socket; check the path"),
        ):
            started = time.monotonic()

            with pytest.raises(BrokerUnavailable) as caught:
                reach(url)

            assert time.monotonic() - started < 4.5
            where = url.partition("@")[2]
            assert str(caught.value).startswith(f"Redis at {where} as user 'covey' cannot be reached: {told}")


@pytest.mark.parametrize(
    "url",
    [
        "http://host/0",
        "host:6379",
        "sentinel://host",
        "sentinel:///service",
        "sentinel://host/service/x",
        "sentinel://host:port/service",
        "redis://host:port/0",
        "redis://host/0?colour=blue",
        "redis://host/0?socket_timeout=soon",
        "rediss://host/0?ssl_cert_reqs=perhaps",
        "unix:///socket?socket_keepalive=yes",
        "sentinels://host/service?ssl_cert_reqs=perhaps",
    ],
)
def test_a_url_that_is_none_is_refused(url: str) -> None:
    """One clear error, raised before anything is connected."""
    with pytest.raises(InputError):
        connect(url)


def test_the_error_of_a_bad_url_hides_its_password() -> None:
    """The password is in no message."""
    for url in ("redis://:hunter2@host:port/0", "sentinel://:hunter2@host:port/service", "hunter2@host"):
        with pytest.raises(InputError) as caught:
            connect(url)
        assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("sentinel://host/service?sentinel_pasword=hunter2", "'sentinel_pasword'"),
        ("sentinel://host/service?sentinel_password=hunter2&sentinel_password=hunter2", "sentinel_password"),
        ("sentinel://host/service?sentinel_username=", "sentinel_username"),
        ("sentinel://host/service?ssl_password=hunter2", "ssl_password"),
        ("sentinels://host/service?ssl_keyfil=hunter2", "'ssl_keyfil'"),
        ("redis://host/0?secret=hunter2", "'secret'"),
    ],
)
def test_an_option_that_is_not_heeded_is_refused(url: str, told: str) -> None:
    """Nobody believes that a certificate is checked which was never read: the option is named, its value is not."""
    with pytest.raises(InputError) as caught:
        connect(url)

    assert told in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_socket_in_the_file_system_works(redis_client: redis.Redis) -> None:
    """With a user, a password and a database; the broker enqueues and reads through it."""
    with tempfile.TemporaryDirectory() as folder:  # a path of pytest's may be longer than a socket's can be
        path = Path(folder) / "redis.sock"
        options = ["--port", "0", "--unixsocket", str(path), "--dir", folder, "--save", ""]
        process = subprocess.Popen([find_redis_server(), *options, "--requirepass", "p@ss"], stdout=subprocess.DEVNULL)
        try:
            eventually(path.exists, 10)
            with connect(f"unix://:p%40ss@{path}?db=2") as client:
                CoveyBroker(client, middleware=[]).enqueue(make_message())
                assert client.connection_pool.connection_kwargs["db"] == 2
                assert client.info("keyspace").keys() == {"db2"}
        finally:
            process.terminate()
            process.wait()


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A key and a certificate for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    day, now = datetime.timedelta(days=1), datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - day, now + day)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    key_file, certificate_file = folder / "key.pem", folder / "certificate.pem"
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return key_file, certificate_file


@contextlib.contextmanager
def tls_in_front_of(port: int, key: Path, certificate: Path) -> Iterator[int]:
    """A port that speaks TLS and forwards to `port`, one connection at a time."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener = socket.create_server(("127.0.0.1", 0))

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                sink.sendall(data)

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                raw, _ = listener.accept()
                with contextlib.suppress(ssl.SSLError, ConnectionError):
                    client = context.wrap_socket(raw, server_side=True)
                    server = socket.create_connection(("127.0.0.1", port))
                    threading.Thread(target=pump, args=(client, server), daemon=True).start()
                    threading.Thread(target=pump, args=(server, client), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()


def test_rediss_speaks_tls_and_checks_the_certificate(redis_client: redis.Redis, tmp_path: Path) -> None:
    """With the right authority it works; without it the server is not believed."""
    key, certificate = self_signed(tmp_path)
    with tls_in_front_of(address(redis_client), key, certificate) as port:
        with connect(f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={certificate}") as client:
            assert client.ping()
        with connect(f"rediss://127.0.0.1:{port}/0") as client, pytest.raises(redis.ConnectionError):
            client.ping()


def test_sentinels_speaks_tls_and_checks_the_certificates(tmp_path: Path) -> None:
    """With the authority, sentinel and master are believed, each with its own login; without it neither is."""
    key, certificate = self_signed(tmp_path)
    master = start_redis(tmp_path / "master")
    port, config = free_port(), tmp_path / "sentinel.conf"
    with (
        tls_in_front_of(port_of(master), key, certificate) as front,
        tls_in_front_of(port, key, certificate) as watcher,
    ):
        # The sentinel cannot speak to a port of TLS itself, and would find it dead only after a minute.
        config.write_text(
            f"port {port}\nbind 127.0.0.1\ndir {tmp_path}\nsentinel monitor flock 127.0.0.1 {front} 1\n"
            "sentinel down-after-milliseconds flock 60000\nuser covey on >hunter2 ~* &* +@all\nuser default off\n"
        )
        process = subprocess.Popen(
            [find_redis_server(), config, "--sentinel"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        url = f"sentinels://127.0.0.1:{watcher}/flock/1?sentinel_username=covey"
        try:
            with connect(f"{url}&sentinel_password=hunter2&ssl_ca_certs={certificate}") as client:

                def writes() -> bool:
                    with contextlib.suppress(redis.RedisError):
                        return bool(client.set("a", 1))
                    return False

                eventually(writes, 10)
            for incomplete in (f"&ssl_ca_certs={certificate}", "&sentinel_password=hunter2"):
                with connect(url + incomplete) as client, pytest.raises(redis.RedisError):
                    client.ping()
        finally:
            process.terminate()
            process.wait()
            master.stop()


@pytest.fixture
def sentinel(tmp_path: Path) -> Iterator[tuple[int, EmbeddedServer]]:
    """The port of a sentinel, and the master it watches, which has one replica."""
    master, replica = start_redis(tmp_path / "master"), start_redis(tmp_path / "replica")
    master_port = port_of(master)
    with redis.Redis.from_url(replica.url) as client:
        client.replicaof("127.0.0.1", master_port)
    port, config = free_port(), tmp_path / "sentinel.conf"
    config.write_text(
        f"port {port}\nbind 127.0.0.1\ndir {tmp_path}\nsentinel monitor flock 127.0.0.1 {master_port} 1\n"
        "sentinel down-after-milliseconds flock 300\nsentinel failover-timeout flock 1000\n"
    )
    process = subprocess.Popen(
        [find_redis_server(), config, "--sentinel"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )

    def replica_is_known() -> bool:
        """A replica without its first copy is no candidate, and the sentinel hears of it every ten seconds."""
        with contextlib.suppress(redis.RedisError), redis.Redis(port=port) as watcher:
            replicas = watcher.sentinel_slaves("flock")
            return len(replicas) == 1 and replicas[0]["master-link-status"] == "ok"
        return False

    try:
        eventually(replica_is_known, 30)
        yield port, master
    finally:
        process.terminate()
        process.wait()
        master.stop()
        replica.stop()


def test_a_demoted_master_is_left(tmp_path: Path) -> None:
    """The server behind an open connection becomes a replica and lives on: the broker connects anew and goes on."""
    old, new = start_redis(tmp_path / "old"), start_redis(tmp_path / "new")
    try:
        with TcpProxy(port_of(old)) as proxy, connect(f"redis://127.0.0.1:{proxy.port}/0") as client:
            broker = CoveyBroker(client, middleware=[])
            broker.enqueue(make_message())
            proxy.point_at(port_of(new))
            with connect(old.url) as admin:
                admin.replicaof("127.0.0.1", port_of(new))

            with pytest.raises(ConnectionClosed, match="READONLY"):
                broker.enqueue(make_message())
            broker.enqueue(make_message())

            with connect(new.url) as successor:
                assert successor.zcard(broker.keys(QUEUE).waiting) == 1
    finally:
        old.stop()
        new.stop()


def test_sentinel_leads_to_the_new_master(sentinel: tuple[int, EmbeddedServer]) -> None:
    """After the master is gone the same client writes to the replica that was promoted."""
    port, master = sentinel
    with connect(f"sentinel://127.0.0.1:{free_port()},127.0.0.1:{port}/flock/2") as client:
        client.set("a", 1)
        client.wait(1, 1000)

        master.stop()

        def writes() -> bool:
            with contextlib.suppress(redis.RedisError):
                return bool(client.set("b", 2))
            return False

        eventually(writes, 30)
        assert client.get("a") == b"1"
        assert client.get_connection_kwargs()["db"] == 2
