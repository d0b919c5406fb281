"""Alertmanager: who is told of what, as it stands and with its example receivers."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

import pytest
import requests
import yaml

from shared.runtime.embedded import die_with_parent, free_port
from tests.ops.artifacts import OPS, alerts, compose
from tests.workers.world import eventually

CONFIG = OPS / "alertmanager" / "alertmanager.yml"
NO_AMTOOL = pytest.mark.skipif(shutil.which("amtool") is None, reason="amtool is not installed")
SERVER = next(filter(shutil.which, ("prometheus-alertmanager", "alertmanager")), None)


def with_examples() -> str:
    """The configuration with each example uncommented; comments that are prose have a space after the mark."""
    return re.sub(r"^( *)#(?=\w|  )", r"\1", CONFIG.read_text(), flags=re.M)


def amtool(*arguments: str) -> str:
    """What amtool prints."""
    done = subprocess.run(["amtool", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_prometheus_tells_alertmanager() -> None:
    """It is told at the name and port of the service."""
    config = yaml.safe_load((OPS / "prometheus" / "prometheus.yml").read_text())

    assert config["alerting"]["alertmanagers"] == [{"static_configs": [{"targets": ["alertmanager:9093"]}]}]
    assert compose()["services"]["alertmanager"]["ports"] == ["127.0.0.1:9093:9093"]


def test_alertmanager_is_given_its_configuration() -> None:
    """The folder is mounted where its command looks, and its data are in the volume."""
    service = compose()["services"]["alertmanager"]

    assert service["volumes"] == ["./ops/alertmanager:/etc/alertmanager:ro", "alertmanager-data:/alertmanager"]
    assert f"--config.file=/etc/alertmanager/{CONFIG.name}" in service["command"]
    assert "--storage.path=/alertmanager" in service["command"]


def test_what_it_names_are_alerts() -> None:
    """Each alert that keeps another one quiet exists, and so does the other."""
    rules = yaml.safe_load(CONFIG.read_text())["inhibit_rules"]
    sides = [side for rule in rules for side in (rule["source_matchers"], rule["target_matchers"])]
    matched = [re.fullmatch(r'alertname=~?"([\w|]+)"', matcher) for [matcher] in sides]

    assert all(matched)
    named = {name for match in matched if match for name in match[1].split("|")}
    assert named <= {alert["alert"] for alert in alerts()}


def test_the_examples_are_receivers() -> None:
    """Uncommented, a webhook hears of pages and a mailbox of tickets; the secret is the file that compose mounts."""
    receivers = {one["name"]: one for one in yaml.safe_load(with_examples())["receivers"]}

    [webhook], [mail] = receivers["page"]["webhook_configs"], receivers["ticket"]["email_configs"]
    secret = webhook["http_config"]["authorization"]["credentials_file"]
    assert secret == mail["auth_password_file"] == "/run/secrets/alert_secret"
    assert all(set(one) == {"name"} for one in yaml.safe_load(CONFIG.read_text())["receivers"])


@NO_AMTOOL
def test_amtool_accepts_it_as_it_stands_and_with_the_examples(tmp_path: Path) -> None:
    """The file is right before and after it is made one's own."""
    (tmp_path / "own.yml").write_text(with_examples())

    assert "SUCCESS" in amtool("check-config", str(CONFIG), str(tmp_path / "own.yml"))


@NO_AMTOOL
@pytest.mark.parametrize("severity", ["page", "ticket"])
def test_each_severity_has_its_receiver(severity: str) -> None:
    """A page goes to who is paged, and everything else is a ticket."""
    assert amtool("config", "routes", "test", f"--config.file={CONFIG}", f"severity={severity}").split() == [severity]


@contextmanager
def webhook() -> Iterator[tuple[str, Queue[dict[str, Any]]]]:
    """An HTTP server that takes what it is posted; its address, and what came."""
    told: Queue[dict[str, Any]] = Queue()

    class Taker(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            told.put({"authorization": self.headers["Authorization"], **body})
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Taker) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/hooks/covey", told
        server.shutdown()


@contextmanager
def alertmanager(config: Path) -> Iterator[str]:
    """A running Alertmanager; its address."""
    url = f"http://127.0.0.1:{free_port()}"
    command = [
        *(str(SERVER), f"--config.file={config}", f"--storage.path={config.parent}"),
        *(f"--web.listen-address={url.removeprefix('http://')}", "--cluster.listen-address="),
    ]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, preexec_fn=die_with_parent) as process:  # noqa: PLW1509
        try:
            eventually(lambda: _ready(url))
            yield url
        finally:
            process.kill()


def _ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/-/ready", timeout=1).ok
    except requests.ConnectionError:
        return False


@pytest.mark.skipif(SERVER is None, reason="Alertmanager is not installed")
def test_the_example_webhook_is_told_of_a_page(tmp_path: Path) -> None:
    """A real Alertmanager posts a page to the webhook, with the token of the secret; only the waits are shorter."""
    (tmp_path / "alert_secret").write_text("hunter2")
    with webhook() as (address, told):
        text = with_examples().replace("https://pager.example.org/hooks/covey", address)
        text = text.replace("/run/secrets", str(tmp_path)).replace("group_wait: 10s", "group_wait: 0s")
        (tmp_path / "alertmanager.yml").write_text(text)
        with alertmanager(tmp_path / "alertmanager.yml") as url:
            labels = {"alertname": "CoveyNoLeader", "severity": "page"}
            requests.post(f"{url}/api/v2/alerts", json=[{"labels": labels}], timeout=5).raise_for_status()
            heard = told.get(timeout=10)

    assert (heard["receiver"], heard["status"], heard["authorization"]) == ("page", "firing", "Bearer hunter2")
    assert heard["alerts"][0]["labels"] == labels
