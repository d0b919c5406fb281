"""No part of a password gets out: not from a command, a process, a log or an event, whatever characters it holds."""

from __future__ import annotations

import logging
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import pytest

from shared.domain.errors import CoveyError
from shared.runtime import reporting
from shared.runtime.embedded import free_port
from shared.runtime.settings import Settings, blank_environment
from shared.services import bootstrap
from shared.services.bootstrap import Services
from tests.control.conftest import database, db, make_services, servers_of, services, x
from tests.control.whole import Covey, covey
from tests.shared.runtime.test_reporting import FakeSentry, sentry

__all__ = ["covey", "database", "db", "make_services", "sentry", "services", "x"]

ROOT = str(Path(__file__).parents[2])
# What ends the login too early, or begins an escape, when it stands for itself.
MISREAD = '/?#@%[]\\ "<>^`{|}ü€🐦'
HARMLESS = ":!$&'()*+,;=-._~"
# Every part of a password is found by this.
PART = "s3cret"
COMMANDS = [
    ["status"],
    ["track", "nasa"],
    ["track", "nasa", "--dry-run"],
    ["untrack", "nasa"],
    ["handles"],
    ["refresh", "1460323737035677698"],
    ["budget", "show"],
    ["budget", "set", "--day", "1"],
    ["dead", "list"],
    ["dead", "show", "1"],
    ["dead", "replay", "--all"],
    ["dead", "purge", "--all", "--yes"],
    ["credentials", "list"],
    ["credentials", "remove", "bearer", "--yes"],
    ["credentials", "rotate-keys"],
    ["unblock", "--paid"],
    ["connect", "--no-browser"],
    ["up"],
]

# These ask nobody but MongoDB, and do not look at the address of Redis.
ONLY_MONGODB = [["handles"], ["dead", "list"]]


def password(character: str) -> str:
    """A password whose parts are joined by that character."""
    return f"{PART}1{character}{PART}2{character}{PART}3"


ALL = password(MISREAD + HARMLESS)


def with_login(url: str, login: str) -> str:
    """The URL of a server with a login in it."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{login}@{rest}"


@pytest.mark.parametrize("character", MISREAD)
def test_a_character_that_would_be_misread_is_named_and_nothing_else(
    covey: Covey, services: Services, character: str
) -> None:
    """Status 2 and one line that says to percent-encode, for Redis and MongoDB, with and without a user."""
    servers = servers_of(services)
    for name in ("REDIS_URL", "MONGO_URI"):
        for user in ("", "covey"):
            done = covey("status", **{name: with_login(servers[name], f"{user}:{password(character)}")})

            assert done.status == 2
            assert name in done.line
            assert "percent-encode" in done.line
            assert PART not in done.line


@pytest.mark.parametrize("character", HARMLESS)
def test_a_character_that_has_one_reading_is_taken(covey: Covey, services: Services, character: str) -> None:
    """The server is asked with the password, and where it refuses that, host and user are named and no part of it."""
    uri = with_login(servers_of(services)["MONGO_URI"], f"covey:{password(character)}")
    done = covey("status", MONGO_URI=uri)

    assert done.status == 2
    assert "as user 'covey' does not take this user and password" in done.line
    assert PART not in done.line


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_no_command_tells_a_password(covey: Covey, services: Services, arguments: list[str]) -> None:
    """With every character at once: unencoded each command refuses it, encoded it is asked with; neither shows it."""
    servers = servers_of(services)
    nobody = f"redis://127.0.0.1:{free_port()}/0"
    there = {"X_BEARER_TOKEN": "t", "COVEY_X_CLIENT_ID": "c", "COVEY_CREDENTIAL_KEYS": ""}
    for name, url in (("REDIS_URL", nobody), ("MONGO_URI", servers["MONGO_URI"])):
        raw = covey(*arguments, **there | {name: with_login(url, f":{ALL}")})
        if name == "MONGO_URI" or arguments not in ONLY_MONGODB:
            assert (raw.status, "percent-encode" in raw.line) == (2, True)
        encoded = covey(*arguments, **there | {name: with_login(url, f"covey:{quote(ALL, safe='')}")})
        assert PART not in raw.stderr + encoded.stdout + encoded.stderr
        assert "Traceback" not in encoded.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SENTRY_DSN", f"https://{ALL}@sentry.example/1"),
        ("SENTRY_DSN", f"https://sentry.example/{PART}1"),
        ("SENTRY_DSN", f"{PART}1"),
        ("COVEY_X_BASE_URL", f"https://:{ALL}@x.example"),
        ("COVEY_X_BASE_URL", f"https://covey:{PART}1@x.example"),
        ("COVEY_MONGO_DATABASE", f"mongodb://covey:{ALL}@host/covey"),
        ("COVEY_CALL_INTERVALS_SECONDS", f"redis://:{PART}1@host/0"),
        ("COVEY_SEARCH_INTERVAL_SECONDS", f"https://host/?token={PART}1"),
        ("COVEY_CREDENTIAL_KEYS", f"{ALL}"),
        ("REDIS_URL", f":{PART}1@host:6379"),
        ("REDIS_URL", f"redis://:{PART}1"),
        ("REDIS_URL", f"sentinel://host:{PART}1/service"),
        ("REDIS_URL", f"redis://host/0?pasword={PART}1"),
        ("MONGO_URI", f"mongodb://covey:{PART}1"),
        ("MONGO_URI", f"mongodb://host/?authMechanismProperties={PART}1&authMechanism=MONGODB-AWS"),
    ],
)
def test_no_setting_is_told_where_it_holds_a_password(covey: Covey, name: str, value: str) -> None:
    """One line that names the setting, for whatever was written into it."""
    done = covey("up", **{"X_BEARER_TOKEN": "t", name: value})

    assert done.status == 2
    assert name in done.line
    assert PART not in done.line


def test_no_process_tells_a_password(services: Services, tmp_path: Path) -> None:
    """Workers, schedulers and `up` as processes of their own, in both forms of the log: one line, none of it."""
    there = servers_of(services) | {"X_BEARER_TOKEN": "t", "COVEY_DATA_DIR": str(tmp_path), "COLUMNS": "100"}
    raw = {name: with_login(there[name], f":{ALL}") for name in ("REDIS_URL", "MONGO_URI")}
    wrong = {"MONGO_URI": with_login(there["MONGO_URI"], f"covey:{quote(ALL, safe='')}")}
    away = {
        "REDIS_URL": f"redis://covey:{quote(ALL, safe='')}@127.0.0.1:{free_port()}/0",
        "COVEY_LOG_FORMAT": "console",
    }
    dsn = {"SENTRY_DSN": f"https://{ALL}@sentry.example/1"}
    calls = [
        (["-m", "workers.main"], raw, 2),
        (["-m", "workers.main"], away, 1),
        (["-m", "workers.main"], dsn, 2),
        (["-m", "scheduler"], wrong, 2),
        (["-m", "scheduler"], away | {"COVEY_LOG_LEVEL": "debug"}, 1),
        (["-m", "control.cli", "up"], wrong, 2),
        (["-m", "control.cli", "worker"], raw, 2),
    ]

    def run(call: tuple[list[str], dict[str, str], int]) -> subprocess.CompletedProcess[str]:
        environment = blank_environment(PYTHONPATH=ROOT, **there | call[1])
        command = [sys.executable, *call[0]]
        return subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60)

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(run, calls))

    for (_, _, status), done in zip(calls, answers, strict=True):
        assert (done.returncode, len(done.stderr.splitlines())) == (status, 1), done.stderr
        assert PART not in done.stdout + done.stderr


def test_no_event_tells_a_password(sentry: FakeSentry, services: Services) -> None:
    """An error of a server with its cause in the driver, what was logged before it, and a URL in its words."""
    there = servers_of(services)
    encoded = quote(ALL, safe="")
    wrong = [
        {"redis_url": there["REDIS_URL"], "mongo_uri": with_login(there["MONGO_URI"], f"covey:{encoded}")},
        {"redis_url": f"redis://:{encoded}@127.0.0.1:{free_port()}/0", "mongo_uri": there["MONGO_URI"]},
    ]
    for servers in wrong:
        logging.getLogger("some.library").warning("connecting to %s", servers)
        try:
            bootstrap.reach(bootstrap.build(Settings.alone(**servers), middleware=[]))
        except CoveyError as error:
            error.add_note(str(servers))
            reporting.job_given_up(job="j", queue="q", reason=str(servers), message_id="m", error=error)

    assert len(sentry.events()) == 2
    assert PART.encode() not in b"".join(sentry.bodies)


def test_a_sharp_does_not_lead_to_another_host(covey: Covey, services: Services) -> None:
    """What stands before a # is no host: nothing is connected, not even a server of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.setblocking(False)
        port = other.getsockname()[1]

        done = covey("status", REDIS_URL=f"redis://127.0.0.1:{port}#{PART}@127.0.0.1:{free_port()}/0")

        with pytest.raises(BlockingIOError):
            other.accept()
    assert (done.status, "percent-encode" in done.line) == (2, True)
