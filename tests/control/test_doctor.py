"""`covey doctor`, as it is typed."""

from __future__ import annotations

import json

import pytest
import redis
from typer.testing import CliRunner

from control.cli.app import app
from shared.domain.preflight.finding import OF_THE_FLOCK, Check
from shared.runtime.embedded import free_port
from shared.services.bootstrap import Services
from tests.control.conftest import Invoke, servers_of
from tests.workers.world import ScriptedX

pytestmark = pytest.mark.usefixtures("roomy_disk")


@pytest.fixture
def healthy(monkeypatch: pytest.MonkeyPatch, x: ScriptedX) -> None:
    """A set-up in which nothing is wrong."""
    monkeypatch.setenv("COVEY_X_BASE_URL", x.url)
    monkeypatch.setenv("X_BEARER_TOKEN", "sim-test")


@pytest.mark.usefixtures("healthy")
def test_a_healthy_set_up_is_told_check_by_check(invoke: Invoke) -> None:
    """Every check has its line; the status is 0, also for who is strict."""
    result = invoke("doctor", "--strict")

    assert result.exit_code == 0, result.output
    assert all(check.value in result.output for check in Check if check not in OF_THE_FLOCK)
    assert f"errors: 0, warnings: 0, well: {len(Check) - len(OF_THE_FLOCK)}" in result.output


@pytest.mark.usefixtures("healthy")
def test_json_is_a_list_of_findings(invoke: Invoke) -> None:
    """Each has the same four texts, which scripts may rely on."""
    findings = json.loads(invoke("doctor", "--json").stdout)

    assert [finding["check"] for finding in findings] == [check.value for check in Check if check not in OF_THE_FLOCK]
    assert all(list(finding) == ["check", "level", "message", "todo"] for finding in findings)
    assert all(isinstance(value, str) for finding in findings for value in finding.values())


@pytest.mark.usefixtures("healthy")
def test_a_warning_counts_for_who_is_strict(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    """The status is 0, and 1 with --strict; told in brief it stands alone."""
    monkeypatch.setenv("COVEY_HEARTBEAT_TIMEOUT_SECONDS", "5")

    usual, strict = invoke("doctor"), invoke("doctor", "--strict")

    brief = json.loads(invoke("doctor", "--brief", "--json").stdout)

    assert (usual.exit_code, strict.exit_code) == (0, 1)
    assert "COVEY_HEARTBEAT_TIMEOUT_SECONDS" in usual.output
    assert [finding["check"] for finding in brief] == ["heartbeat"]


@pytest.mark.usefixtures("healthy")
def test_an_error_ends_with_status_2_and_what_to_do(invoke: Invoke, redis_client: redis.Redis) -> None:
    """Also in JSON."""
    redis_client.config_set("maxmemory-policy", "volatile-ttl")
    try:
        table, document = invoke("doctor"), invoke("doctor", "--json")
    finally:
        redis_client.config_set("maxmemory-policy", "noeviction")

    assert (table.exit_code, document.exit_code) == (2, 2)
    [wrong] = [finding for finding in json.loads(document.stdout) if finding["level"] == "error"]
    assert wrong["check"] == "redis_eviction"
    assert wrong["todo"] == "set maxmemory-policy noeviction"


@pytest.mark.usefixtures("healthy")
def test_servers_that_are_away_hide_no_other_finding(services: Services) -> None:
    """Without X and Redis everything else is still looked at."""
    away = {
        **servers_of(services),
        "REDIS_URL": f"redis://127.0.0.1:{free_port()}",
        "COVEY_X_BASE_URL": f"http://127.0.0.1:{free_port()}",
    }

    findings = json.loads(CliRunner().invoke(app, ["doctor", "--json"], env=away).stdout)

    wrong = [finding["check"] for finding in findings if finding["level"] != "ok"]
    assert wrong == ["redis_reachable", "x_reachable"]
    assert {"mongo_indexes", "mongo_clock", "credentials", "media_folder"} <= {one["check"] for one in findings}
