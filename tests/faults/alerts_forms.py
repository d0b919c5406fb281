"""The program of the alerts: a form for each, which share one flock and its acts."""

from __future__ import annotations

from pathlib import Path

from tests.faults import alerts_of_data, alerts_of_days, alerts_of_servers, alerts_of_x
from tests.faults.alerts_stage import Act, Stage
from tests.faults.finding import Finding
from tests.faults.form import Form

ACTS: tuple[Act, ...] = (*alerts_of_data.ACTS, *alerts_of_x.ACTS, *alerts_of_days.ACTS, *alerts_of_servers.ACTS)


def long_forms(_seed: int) -> dict[str, Form]:
    """One form an alert, in the order of the acts; nothing is drawn at random."""
    stage = Stage()
    forms = {}
    for act in ACTS:
        for id in act.ids:
            forms[id] = _form(stage, act, id)
    return forms


def _form(stage: Stage, act: Act, id: str) -> Form:
    def form(_folder: Path) -> Finding:
        return stage.row(act, id)

    form.__doc__ = act.what
    return form
