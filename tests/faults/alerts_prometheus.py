"""A real Prometheus with the deployed rules, and a watch on which alerts fire when."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import requests
import yaml

from shared.domain.errors import InputError
from shared.runtime.embedded import die_with_parent, free_port, tail
from shared.runtime.settings import search_path
from tests.faults.alerts_rules import shortened
from tests.faults.queue_fleet import wait_until
from tests.ops.artifacts import OPS

SCRAPE_SECONDS = 1
LOOK_SECONDS = 0.25


def find_prometheus() -> str:
    """The program. Raises InputError that says what to install."""
    found = shutil.which("prometheus", path=search_path())
    if found is None:
        raise InputError("no prometheus found on the PATH. On Debian and Ubuntu: apt-get install prometheus")
    return found


@dataclass
class Spans:
    """When an alert fired: moments (monotonic) at which it began and ended to, in turn."""

    began: list[float] = field(default_factory=list)
    ended: list[float] = field(default_factory=list)

    @property
    def is_firing(self) -> bool:
        """Whether it fires now."""
        return len(self.began) > len(self.ended)


class Prometheus:
    """It finds what to scrape in a file, and forgets what leaves it, as by DNS. factor: how much shorter rules are."""

    def __init__(self, folder: Path, factor: float) -> None:
        folder.mkdir(parents=True)
        self._targets = folder / "targets.json"
        rules = yaml.safe_load((OPS / "prometheus" / "rules.yml").read_text())
        (folder / "rules.yml").write_text(yaml.safe_dump(shortened(rules, factor)))
        (folder / "prometheus.yml").write_text(yaml.safe_dump(_config(self._targets)))
        self.discover({})
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        log = folder / "prometheus.log"
        self._process = subprocess.Popen(
            [
                *(find_prometheus(), f"--config.file={folder / 'prometheus.yml'}"),
                *(f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{port}"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=log.open("wb"),
            preexec_fn=die_with_parent,  # noqa: PLW1509  # one libc call; no lock is taken before exec
        )
        self.spans: defaultdict[str, Spans] = defaultdict(Spans)
        self._stop = threading.Event()
        try:
            wait_until(self._is_ready, 30, "Prometheus is ready")
        except AssertionError as error:
            error.add_note(tail(log))
            self._process.kill()
            raise
        self._watch = threading.Thread(target=self._look_forever, name="alerts", daemon=True)
        self._watch.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._watch.join()
        self._process.terminate()
        self._process.wait()

    def discover(self, targets: Mapping[str, str]) -> None:
        """Scrape these from now on: job by address."""
        groups = [{"targets": [address], "labels": {"job": job}} for address, job in targets.items()]
        new = self._targets.with_suffix(".new")
        new.write_text(json.dumps(groups))
        new.rename(self._targets)

    def value(self, query: str) -> float | None:
        """The first number that a query answers now."""
        result = self._ask("query", query=query)["result"]
        return float(result[0]["value"][1]) if result else None

    def firing(self) -> set[str]:
        """The alerts that fire now."""
        return {name for name, spans in list(self.spans.items()) if spans.is_firing}

    def fired_since(self, name: str, moment: float) -> float | None:
        """When an alert fired first after a moment; None: it did not."""
        return next((began for began in self.spans[name].began if began >= moment), None)

    def silent_since(self, name: str) -> float | None:
        """When an alert ended to fire last; None while it fires, and where it never did."""
        spans = self.spans[name]
        return None if spans.is_firing or not spans.ended else spans.ended[-1]

    def _look_forever(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            try:
                alerts = self._ask("alerts")["alerts"]
            except requests.RequestException:
                continue
            moment = time.monotonic()
            firing = {one["labels"]["alertname"] for one in alerts if one["state"] == "firing"}
            for name in firing | set(self.spans):
                spans = self.spans[name]
                if (name in firing) != spans.is_firing:
                    (spans.began if name in firing else spans.ended).append(moment)

    def _ask(self, what: str, **parameters: str) -> Any:
        answer = requests.get(f"{self.url}/api/v1/{what}", params=parameters, timeout=10)
        answer.raise_for_status()
        return answer.json()["data"]

    def _is_ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/-/ready", timeout=2).ok
        except requests.RequestException:
            return False


def _config(targets: Path) -> dict[str, Any]:
    deployed = yaml.safe_load((OPS / "prometheus" / "prometheus.yml").read_text())
    rhythm = {
        f"{what}_{length}": f"{SCRAPE_SECONDS}s" for what, length in (("scrape", "interval"), ("scrape", "timeout"))
    }
    return {
        "global": deployed["global"] | rhythm | {"evaluation_interval": f"{SCRAPE_SECONDS}s"},
        "rule_files": ["rules.yml"],
        "scrape_configs": [
            {"job_name": "covey", "file_sd_configs": [{"files": [str(targets)], "refresh_interval": "1s"}]}
        ],
    }
