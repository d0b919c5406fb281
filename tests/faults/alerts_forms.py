"""The program of the alerts: a form for each, which share one flock and its acts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.faults import alerts_of_servers, alerts_of_x
from tests.faults.alerts_stage import Act, Stage, not_tried
from tests.faults.finding import Finding
from tests.faults.form import Form

ACTS: tuple[Act, ...] = (*alerts_of_x.ACTS, *alerts_of_servers.ACTS)
# What cannot be brought about in minutes without pretending.
NOT_TRIED: Mapping[str, str] = {
    "CoveyLedgerDiffers": "it compares whole UTC days, the last of which had to have passed",
    "CoveyTokensUnsaved": "MongoDB had to end between X's answer to one renewal and its storing, a few ms",
}


def long_forms(_seed: int) -> dict[str, Form]:
    """One form an alert, in the order of the acts; nothing is drawn at random."""
    stage = Stage()
    forms = {}
    for act in ACTS:
        for id in act.ids:
            forms[id] = _form(stage, act, id)
    for name, reason in NOT_TRIED.items():
        forms[name] = _untried(name, reason)
    return forms


def _form(stage: Stage, act: Act, id: str) -> Form:
    def form(_folder: Path) -> Finding:
        return stage.row(act, id)

    form.__doc__ = act.what
    return form


def _untried(name: str, reason: str) -> Form:
    def form(_folder: Path) -> Finding:
        return not_tried(name, reason)

    form.__doc__ = "nothing is done"
    return form
