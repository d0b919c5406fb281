"""The preflight on real servers: what it finds, what ends a start, how long it takes."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis
from pydantic import SecretStr

from shared.credentials.secrets import BearerToken
from shared.credentials.vault import Vault, new_key
from shared.domain.errors import InputError
from shared.domain.models import CredentialKind
from shared.domain.preflight.finding import OF_THE_FLOCK, Check, Finding, Level
from shared.runtime.embedded import free_port
from shared.runtime.settings import Settings
from shared.services import bootstrap, preflight
from shared.services.bootstrap import Services
from shared.services.preflight import ALL, EVERY_PROCESS, Part, examine, require
from shared.stores.credentials import NewTokens
from tests.workers.world import ScriptedX, database, db, make_services, services, x

pytestmark = pytest.mark.usefixtures("roomy_disk")

__all__ = ["database", "db", "make_services", "services", "x"]

MakeServices = Callable[..., Services]


def faults(services: Services, *parts: Part) -> dict[Check, Level]:
    """The checks that are not well."""
    return {one.check: one.level for one in examine(services, parts or ALL) if one.level is not Level.OK}


def of(check: Check, services: Services, part: Part) -> Finding:
    """The finding of one check."""
    [finding] = [one for one in examine(services, [part]) if one.check is check]
    return finding


def test_a_good_set_up_passes_every_check_within_a_second(services: Services) -> None:
    """Each check there is has one finding, in the order of their list, and each is well."""
    began = time.monotonic()
    findings = examine(services)
    seconds = time.monotonic() - began

    assert [one for one in findings if one.level is not Level.OK] == []
    assert [one.check for one in findings] == [check for check in Check if check not in OF_THE_FLOCK]
    assert seconds < 1


def test_it_asks_x_nothing_that_is_counted(services: Services, x: ScriptedX) -> None:
    """X is asked once, as nobody; the limiter and the ledger know of no call."""
    examine(services)
    services.ledger.copy()

    assert len(x.asked) == 1
    assert list(services.limiter.state().windows) == []
    assert services.stores.db["ledger"].count_documents({}) == 0


def test_servers_that_are_away_are_told_after_five_seconds(tmp_path: Path) -> None:
    """Both at once: one error each, no other word about them, and the start ends with the two in one line."""
    settings = Settings.load(
        redis_url=f"redis://:hunter2@127.0.0.1:{free_port()}/0",
        mongo_uri=f"mongodb://covey:hunter2@127.0.0.1:{free_port()}",
        data_dir=tmp_path,
        x_bearer_token="sim-test",
    )
    away = bootstrap.build(settings, middleware=[])
    began = time.monotonic()

    with pytest.raises(InputError) as caught:
        require(away, EVERY_PROCESS | {Part.ACCESS})

    assert time.monotonic() - began < 8
    assert "Redis cannot be used" in str(caught.value)
    assert "MongoDB cannot be used" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)
    away.stores.db.client.close()


def test_what_is_found_is_logged(make_services: MakeServices, capsys: pytest.CaptureFixture[str]) -> None:
    """A process at its start tells each warning, with its name and what to do, and goes on."""
    require(make_services("http://127.0.0.1:1", heartbeat_timeout_seconds=3.0), EVERY_PROCESS)

    said = capsys.readouterr().out
    assert "check=heartbeat" in said
    assert "COVEY_HEARTBEAT_TIMEOUT_SECONDS" in said
    assert "preflight done" in said


def test_a_start_ends_for_what_is_dangerous(services: Services, redis_client: redis.Redis) -> None:
    """Eviction does; the line says what is wrong and what to do."""
    redis_client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        with pytest.raises(InputError, match=r"allkeys-lru.*set maxmemory-policy noeviction"):
            require(services, EVERY_PROCESS)
    finally:
        redis_client.config_set("maxmemory-policy", "noeviction")

    require(services, EVERY_PROCESS)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"x_read_timeout_seconds": 40.0}, {Check.CALL_LEASE: Level.ERROR}),
        ({"x_connect_timeout_seconds": 60.0}, {Check.CALL_LEASE: Level.ERROR}),
        ({"heartbeat_timeout_seconds": 5.0}, {Check.HEARTBEAT: Level.WARNING}),
        ({"leader_lease_seconds": 5.0}, {Check.LEADER_LEASE: Level.WARNING}),
        ({"refresh_lease_seconds": 60.0}, {Check.REFRESH_LEASE: Level.WARNING}),
        ({"worker_threads": 256}, {Check.OPEN_FILES: Level.WARNING}),
        ({"media_dir": Path("/proc/covey")}, {Check.MEDIA_FOLDER: Level.ERROR}),
        ({"data_dir": Path("/proc/covey"), "media_dir": Path("/tmp")}, {Check.DATA_FOLDER: Level.ERROR}),
        ({"x_bearer_token": None}, {Check.CREDENTIALS: Level.ERROR}),
    ],
)
def test_each_setting_that_does_not_fit_is_found(
    make_services: MakeServices,
    x: ScriptedX,
    settings: dict[str, Any],
    expected: dict[Check, Level],
    request: pytest.FixtureRequest,
) -> None:
    """One wrong setting, one finding."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(1024, before[1]), before[1]))
    request.addfinalizer(lambda: resource.setrlimit(resource.RLIMIT_NOFILE, before))

    assert faults(make_services(x.url, **settings)) == expected


def test_x_that_cannot_be_reached_is_told(make_services: MakeServices) -> None:
    """Its address is named, and no clock is judged."""
    port = free_port()

    found = examine(make_services(f"http://127.0.0.1:{port}"), [Part.X])

    assert [(one.check, one.level) for one in found] == [(Check.X_REACHABLE, Level.ERROR)]
    assert f"http://127.0.0.1:{port}" in found[0].message


def test_x_that_tells_no_time_has_no_clock(services: Services, x: ScriptedX) -> None:
    """An answer without a date is an answer."""
    x.dated = False

    assert [one.check for one in examine(services, [Part.X])] == [Check.X_REACHABLE]


def test_a_credential_that_no_key_opens_is_named(make_services: MakeServices, x: ScriptedX) -> None:
    """Its id and the reason are told, and beside a token of the environment it is a warning."""
    lost, kept = new_key(), new_key()
    token = BearerToken(SecretStr("AAAAsecret"))
    sealed = Vault(SecretStr(lost)).seal("app-stored", token)
    with_token = make_services(x.url, credential_keys=kept)
    with_token.stores.credentials.put("app-stored", CredentialKind.BEARER, NewTokens(sealed, is_renewable=False))

    warned = of(Check.CREDENTIALS, with_token, Part.ACCESS)
    alone = of(Check.CREDENTIALS, make_services(x.url, credential_keys=kept, x_bearer_token=None), Part.ACCESS)

    assert (warned.level, alone.level) == (Level.WARNING, Level.ERROR)
    assert "app-stored is locked" in warned.message
    assert "AAAAsecret" not in alone.message


def test_every_part_has_a_probe(services: Services) -> None:
    """Each part by itself answers findings, and none of another's."""
    seen: set[Check] = set()
    for part in Part:
        checks = {finding.check for finding in preflight.examine(services, [part])}
        assert checks
        assert not checks & seen
        seen |= checks
