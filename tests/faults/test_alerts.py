"""The program of the alerts: what it covers, and what it lets pass; `make faults ARGS=alerts` runs the flock."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.domain.errors import InputError
from tests.faults import alerts_prometheus
from tests.faults.alerts_forms import ACTS, long_forms
from tests.faults.alerts_prometheus import Spans
from tests.faults.alerts_stage import found, not_tried
from tests.faults.form import what_happens
from tests.ops.artifacts import alerts


def test_every_alert_is_made_to_fire() -> None:
    """Each rule that is deployed belongs to an act; no id is given twice."""
    acted = {name for act in ACTS for name in act.alerts}
    ids = [id for act in ACTS for id in act.ids]

    assert len(ids) == len(set(ids))
    assert sorted(acted) == sorted(alert["alert"] for alert in alerts())


def test_every_form_says_what_happens() -> None:
    """The words are those of its act; no two forms have one id."""
    forms = long_forms(1)

    assert what_happens(forms["CoveyRedisDown"]) == "Redis is killed"
    assert all(what_happens(form) for form in forms.values())


def test_an_alert_that_is_not_tried_says_so_and_decides_nothing() -> None:
    """Its row has the reason, where a machine cannot do what it takes."""
    finding = not_tried("CoveyDiskFull", "mounting a small disk takes root")

    assert (finding.passed, finding.figure) == (True, "not tried: mounting a small disk takes root")


@pytest.mark.parametrize(
    ("fired", "silent", "passed", "figure"),
    [
        (3.2, 4.6, True, "fired after 3 s, silent after 5 s"),
        (3.2, -4.6, True, "fired after 3 s, silent 5 s before it was mended, with the end of its window"),
        (3.2, None, False, "fired after 3 s, still firing"),
        (None, None, False, "never fired"),
        (None, 4.0, False, "never fired"),
    ],
)
def test_an_alert_must_fire_and_end(fired: float | None, silent: float | None, passed: bool, figure: str) -> None:
    """Both, or the row has failed."""
    finding = found("A", fired_after=fired, silent_after=silent)

    assert (finding.passed, finding.figure) == (passed, figure)


def test_an_alert_fires_from_its_beginning_to_its_end() -> None:
    """It fires while it began once more than it ended."""
    assert not Spans().is_firing
    assert Spans(began=[1.0]).is_firing
    assert not Spans(began=[1.0], ended=[2.0]).is_firing


def test_without_prometheus_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The error names the package."""
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(InputError, match="apt-get install prometheus"):
        alerts_prometheus.find_prometheus()
