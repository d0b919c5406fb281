"""docker-compose.yml and the Dockerfile keep the rules of a service that is left alone at night."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest
import yaml

from shared.domain.jobs import ALL_QUEUES
from shared.runtime.settings import Settings
from tests.ops.artifacts import OPS, ROOT, compose

SERVICES: dict[str, dict[str, Any]] = compose()["services"]
OWN = ("scheduler", "worker", "worker-media", "listener", "control", "simulator")
EACH = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES.keys())
# What the images of the servers need to become the user that owns their volume.
OWNERSHIP = {"CHOWN", "DAC_OVERRIDE", "SETGID", "SETUID"}


def seconds(duration: str) -> int:
    """A duration of compose in seconds."""
    number, unit = re.fullmatch(r"(\d+)([sm])", duration).groups()  # type: ignore[union-attr]
    return int(number) * {"s": 1, "m": 60}[unit]


@EACH
def test_a_service_has_no_more_rights_than_it_needs(service: dict[str, Any]) -> None:
    """Its root is read-only, all capabilities are dropped, none can be gained, memory and processes are bounded."""
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert set(service.get("cap_add", ())) <= OWNERSHIP
    assert "no-new-privileges:true" in service["security_opt"]
    assert "privileged" not in service
    assert service["mem_limit"]
    assert service["pids_limit"]


@EACH
def test_a_service_is_watched_and_comes_back(service: dict[str, Any]) -> None:
    """It has a health check, is started again when it dies, and its logs are bounded."""
    assert service["healthcheck"]["test"]
    assert service["restart"] == "unless-stopped"
    assert service["logging"]["options"]["max-size"]


@EACH
def test_a_service_listens_on_this_machine_only(service: dict[str, Any]) -> None:
    """Each published port is bound to 127.0.0.1."""
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


@pytest.mark.parametrize("name", ["scheduler", "worker", "worker-media", "listener"])
def test_a_process_can_be_scaled(name: str) -> None:
    """It has neither a name nor a port of its own, and waits until its servers are healthy."""
    service = SERVICES[name]

    assert not {"container_name", "ports", "hostname"} & service.keys()
    for server in ("redis", "mongo"):
        assert service["depends_on"][server] == {"condition": "service_healthy"}


def test_how_many_run_is_set_in_one_place() -> None:
    """Each number comes from .env, so no command undoes another's."""
    assert {name: s["deploy"]["replicas"] for name, s in SERVICES.items() if "deploy" in s} == {
        "scheduler": "${COVEY_SCHEDULERS:-1}",
        "worker": "${COVEY_WORKERS:-2}",
        "worker-media": "${COVEY_MEDIA_WORKERS:-1}",
        "listener": "${COVEY_LISTENERS:-0}",
        "control": "${COVEY_CONTROLS:-0}",
    }


@pytest.mark.parametrize("name", ["scheduler", "worker", "worker-media", "listener", "control"])
def test_a_process_has_time_to_finish_what_runs(name: str) -> None:
    """Docker waits longer than the process itself does before it kills."""
    grace = Settings.model_fields["shutdown_grace_seconds"].default

    assert seconds(SERVICES[name]["stop_grace_period"]) >= grace + 10


def test_the_workers_together_serve_every_queue_once() -> None:
    """No queue is without a worker, and media has workers of its own."""
    served = [queue for name in ("worker", "worker-media") for queue in SERVICES[name]["command"][-1].split(",")]

    assert sorted(served) == sorted(ALL_QUEUES)


def test_the_servers_are_on_a_network_that_leads_nowhere() -> None:
    """Redis and MongoDB publish no port and cannot reach the world."""
    assert compose()["networks"]["data"]["internal"] is True
    for name in ("redis", "mongo"):
        assert SERVICES[name]["networks"] == ["data"]
        assert "ports" not in SERVICES[name]


def test_redis_keeps_the_queue() -> None:
    """Redis writes each second and refuses rather than forgets."""
    command = SERVICES["redis"]["command"]
    options = dict(zip(command[::2], command[1::2], strict=True))

    assert options["--appendonly"] == "yes"
    assert options["--appendfsync"] == "everysec"
    assert options["--maxmemory-policy"] == "noeviction"


def test_what_must_survive_is_in_named_volumes() -> None:
    """Every data folder is a volume with a name, and every named volume is used."""
    mounted = {volume.split(":")[0] for s in SERVICES.values() for volume in s.get("volumes", ()) if volume[0] != "."}

    assert mounted == set(compose()["volumes"])
    assert SERVICES["worker-media"]["volumes"] == ["media:/var/lib/covey/media"]


def test_the_images_are_the_ones_that_were_tried() -> None:
    """Every image has a fixed tag."""
    images = {name: service["image"] for name, service in SERVICES.items() if name not in OWN}

    assert images == {
        "redis": "redis:8",
        "mongo": "mongo:8.0",
        "prometheus": "prom/prometheus:v3.5.0",
        "alertmanager": "prom/alertmanager:v0.28.1",
        "grafana": "grafana/grafana:12.2.0",
    }
    assert {SERVICES[name]["image"] for name in OWN} == {"covey"}


def test_the_image_is_built_once() -> None:
    """One service builds it, and none looks for it elsewhere: a second build would make a second image."""
    assert [name for name, service in SERVICES.items() if "build" in service] == ["scheduler"]
    assert {SERVICES[name]["pull_policy"] for name in OWN} == {"never"}


def test_the_simulator_runs_only_when_it_is_asked_for() -> None:
    """Without its profile, compose does not start it, and no other service has one."""
    assert [name for name, service in SERVICES.items() if "profiles" in service] == ["simulator"]
    assert SERVICES["simulator"]["profiles"] == ["simulator"]


def test_prometheus_finds_every_replica_of_every_process() -> None:
    """Each scaled service is found by its name in the name service, at the port of its metrics."""
    config = yaml.safe_load((OPS / "prometheus" / "prometheus.yml").read_text())
    found = {
        scrape["job_name"]: (source["names"], source["type"], source["port"])
        for scrape in config["scrape_configs"]
        for source in scrape["dns_sd_configs"]
    }

    assert found == {
        "covey-worker": (["worker"], "A", Settings.model_fields["worker_metrics_port"].default),
        "covey-worker-media": (["worker-media"], "A", Settings.model_fields["worker_metrics_port"].default),
        "covey-scheduler": (["scheduler"], "A", Settings.model_fields["scheduler_metrics_port"].default),
        "covey-listener": (["listener"], "A", Settings.model_fields["listener_metrics_port"].default),
        "covey-control": (["control"], "A", Settings.model_fields["control_port"].default),
    }


def dockerfile() -> list[list[str]]:
    """The Dockerfile's instructions by stage, continuation lines joined."""
    text = re.sub(r"\s*\\\n\s*", " ", (ROOT / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    starts = [number for number, line in enumerate(lines) if line.startswith("FROM ")]
    return [lines[start:end] for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)]


def test_the_image_runs_covey_as_a_user_of_its_own() -> None:
    """The last stage takes over only what was installed, and never runs as root."""
    *_, last = dockerfile()

    assert 'ENTRYPOINT ["covey"]' in last
    assert [line for line in last if line.startswith("USER ")] == ["USER covey"]
    assert [line for line in last if line.startswith("COPY ")] == ["COPY --from=build /opt/covey /opt/covey"]
    assert not any("pip" in line for line in last)


def test_the_image_installs_what_is_pinned() -> None:
    """Both stages begin with the same slim image, and every installation is held to constraints.txt."""
    stages = dockerfile()

    assert {line.split()[1] for stage in stages for line in stage if line.startswith("FROM ")} == {"python:3.13-slim"}
    installations = [line for stage in stages for line in stage if "pip" in line and " install " in line]
    assert installations
    assert all("-c constraints.txt" in line for line in installations)


def test_the_image_has_every_package_and_no_document() -> None:
    """All that is installed goes into the build, and nothing else: a change of a document recreates no container."""
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    named = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    stands_in = next(re.search(r"mkdir ([\w ]+) &&", line) for line in dockerfile()[0] if "mkdir" in line)

    assert named == {"pyproject.toml", "constraints.txt", *wheel["packages"]}
    assert stands_in is not None
    assert stands_in[1].split() == wheel["packages"]


def test_secrets_stay_out_of_the_build() -> None:
    """The build sees only what is named, so neither .env nor the history of the repository is in it."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()

    assert "*" in lines
    assert not any(".env" in line or ".git" in line for line in lines if line.startswith("!"))


def test_the_folder_of_a_process_is_its_own() -> None:
    """It may write where COVEY_DATA_DIR is, as the user of the image: covey doctor finds nothing wrong there."""
    dockerfile = (ROOT / "Dockerfile").read_text()
    user = re.search(r"useradd --system --uid (\d+)", dockerfile)
    folder = re.search(r"COVEY_DATA_DIR=(\S+)", dockerfile)
    assert user is not None
    assert folder is not None

    for name in ("scheduler", "worker", "worker-media", "listener", "control"):
        assert f"{folder[1]}:uid={user[1]},gid={user[1]},mode=0755" in compose()["services"][name]["tmpfs"]
