"""A mongod with options of its own, for tests of logins and replica sets."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pymongo
from pymongo.errors import PyMongoError

from shared.runtime.embedded import free_port
from shared.runtime.programs import find_mongod

START_SECONDS = 60.0


@contextmanager
def running_mongod(folder: Path, *options: str, port: int | None = None) -> Iterator[str]:
    """Run mongod on the data in `folder`; gives `host:port` once it answers."""
    port = port or free_port()
    command = [str(find_mongod()), "--port", str(port), "--bind_ip", "127.0.0.1", "--dbpath", str(folder)]
    command += ["--wiredTigerCacheSizeGB", "0.25", "--nounixsocket", "--quiet", *options]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def guarded_mongod(folder: Path, user: str, password: str, *, database: str) -> Iterator[str]:
    """Run a mongod that asks for a login; `user`, of the database admin, may read and write `database` only."""
    with running_mongod(folder) as address, client_of(address) as admin:
        admin["admin"].command("createUser", user, pwd=password, roles=[{"role": "readWrite", "db": database}])
    with running_mongod(folder, "--auth") as address:
        yield address


def client_of(address: str) -> pymongo.MongoClient[dict[str, Any]]:
    """A client of that one server, whatever its role."""
    return pymongo.MongoClient(f"mongodb://{address}/?directConnection=true", serverSelectionTimeoutMS=200)


def _wait_for(port: int) -> None:
    deadline, pause = time.monotonic() + START_SECONDS, threading.Event()
    with client_of(f"127.0.0.1:{port}") as client:
        while True:
            try:
                client.admin.command("ping")
                return
            except PyMongoError:
                assert time.monotonic() < deadline, "mongod did not start"
                pause.wait(0.02)
