"""The alerts: what they look at exists, and each is explained to the person it wakes."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml

from shared.credentials.standing import State
from shared.domain import errors
from shared.ratelimit.model import BlockScope
from tests.ops.artifacts import FOREIGN, OPS, alerts, check_queries, exported

ALERTS = pytest.mark.parametrize("alert", alerts(), ids=lambda alert: str(alert["alert"]))


def label_names(query: str) -> set[str]:
    """The labels that a query groups or selects by."""
    grouped = re.findall(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)", query)
    matched = re.findall(r"[{,]\s*(\w+)\s*(?:=|!=|=~|!~)", query)
    return {name.strip() for group in grouped for name in group.split(",") if name.strip()} | set(matched)


@ALERTS
def test_an_alert_looks_at_series_that_covey_exports(alert: dict[str, Any]) -> None:
    """Each metric of an alert is in shared/runtime/metrics.py, with every label that the alert names."""
    names = {name for name, _ in check_queries().selectors(alert["expr"])}

    assert names
    assert names <= exported().keys() | FOREIGN
    known = {"job", "instance", *(label for name in names - FOREIGN for label in exported()[name])}
    assert label_names(alert["expr"]) <= known


@ALERTS
def test_an_alert_points_at_its_section_of_the_runbook(alert: dict[str, Any]) -> None:
    """The runbook has a heading of that name, and under it what it means, what to look at and what to do."""
    file, _, anchor = alert["annotations"]["runbook_url"].partition("#")
    text = (OPS / "runbook.md").read_text()
    sections = {part.split("\n", 1)[0].lower(): part for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]}

    assert file == '{{ or $externalLabels.runbook "ops/runbook.md" }}'
    assert anchor == alert["alert"].lower()
    assert all(word in sections[anchor] for word in ("**Means:**", "**Look at:**", "**Do:**"))


@ALERTS
def test_an_alert_says_how_urgent_it_is_and_what_happened(alert: dict[str, Any]) -> None:
    """The severity is one of two, and the summary is a sentence."""
    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert alert["annotations"]["summary"].endswith(".")


def test_the_runbook_has_no_section_of_an_alert_that_is_gone() -> None:
    """Every heading that begins with Covey is the name of an alert."""
    headings = re.findall(r"^## (Covey\w+)$", (OPS / "runbook.md").read_text(), flags=re.MULTILINE)

    assert sorted(headings) == sorted(alert["alert"] for alert in alerts())


def test_what_can_go_wrong_has_an_alert() -> None:
    """The faults that an operator must hear of are covered."""
    assert {alert["alert"] for alert in alerts()} >= {
        *("CoveyCoverageLags", "CoveyScheduleLags", "CoveyThrottled", "CoveyNoLeader", "CoveyNoWorkers"),
        *("CoveyWorkersGone", "CoveyDeadLetters", "CoveyQueueOld", "CoveyCanarySilent", "CoveyMediaFails"),
        *("CoveyBudgetSpent", "CoveyLedgerDiffers", "CoveyCredentialUseless", "CoveyTokensUnsaved"),
        *("CoveyRedisEvicts", "CoveyIndexesMissing", "CoveyObjectsSetAside", "CoveyAccountChanged"),
        *("CoveyRedisFull", "CoveyMongoDiskFull", "CoveyRedisEvicted", "CoveyRedisDown", "CoveyMongoDown"),
        *("CoveyProcessesGone", "CoveyQueueUnserved", "CoveyQueuePaused", "CoveyJobStuck", "CoveyDiskFull"),
        *("CoveyWaitsForRoom", "CoveyCredentialEnds", "CoveyCertificateEnds"),
    }


def test_where_the_runbook_is_read_is_said_in_one_place() -> None:
    """The external label that every link begins with is in prometheus.yml, with the path in this repository."""
    config = yaml.safe_load((OPS / "prometheus" / "prometheus.yml").read_text())

    assert config["global"]["external_labels"] == {"runbook": "ops/runbook.md"}


@pytest.mark.parametrize("name", ["CoveyQueueOld", "CoveyCanarySilent", "CoveyQueueUnserved", "CoveyMediaStopped"])
def test_a_paused_queue_is_no_fault(name: str) -> None:
    """What waits because a person said so is left out of the alerts on waiting work."""
    [alert] = [alert for alert in alerts() if alert["alert"] == name]

    assert re.search(r"unless on \((queue)?\) max.*\(covey_queue_paused.*== 1$", alert["expr"])


def test_every_kind_of_429_is_alerted() -> None:
    """The answers of CoveyThrottled are the classes of Throttled, no fewer."""
    throttled = next(alert for alert in alerts() if alert["alert"] == "CoveyThrottled")

    answers = re.search(r'answer=~"([^"]+)"', throttled["expr"])

    assert answers is not None
    assert set(answers[1].split("|")) == {kind.__name__ for kind in errors.Throttled.__subclasses__()}


def test_every_block_that_a_person_must_lift_is_alerted() -> None:
    """The blocks of CoveyPaused are those that do not end with a window."""
    paused = next(alert for alert in alerts() if alert["alert"] == "CoveyPaused")

    blocks = re.search(r'blocked_by=~"([^"]+)"', paused["expr"])

    passing = {BlockScope.ENDPOINT_WINDOW, BlockScope.PER_SECOND, BlockScope.DAY}
    assert blocks is not None
    assert set(blocks[1].split("|")) == {scope.value for scope in set(BlockScope) - passing}


def test_a_credential_that_waits_for_a_person_is_alerted() -> None:
    """The states of CoveyCredentialUseless are those that end by no wait."""
    useless = next(alert for alert in alerts() if alert["alert"] == "CoveyCredentialUseless")

    states = re.search(r'state=~"([^"]+)"', useless["expr"])

    assert states is not None
    passing = {State.OK, State.RENEWING, State.WAITING, State.PAUSED}
    assert set(states[1].split("|")) == {state.value for state in set(State) - passing}


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_accepts_the_rules_and_their_tests() -> None:
    """Each alert of rules_test.yml fires and rests when it should."""
    for command in (["check", "config", "--syntax-only", "prometheus.yml"], ["test", "rules", "rules_test.yml"]):
        done = subprocess.run(["promtool", *command], cwd=OPS / "prometheus", capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
