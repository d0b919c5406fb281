"""`covey doctor`: what is wrong with this set-up, and what to do about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from control.cli.app import Json, app, out, print_json, settings_here
from control.cli.rows import Rows
from shared.domain.preflight.finding import Level, exit_status

if TYPE_CHECKING:
    from shared.domain.preflight.finding import Finding

_STYLE = {Level.OK.value: "green", Level.WARNING.value: "yellow", Level.ERROR.value: "red"}


@app.command()
def doctor(
    strict: Annotated[bool, typer.Option("--strict", help="End with status 1 where there are only warnings.")] = False,
    brief: Annotated[bool, typer.Option("--brief", help="Leave out what is well.")] = False,
    as_json: Json = False,
) -> None:
    """Look at the servers, this machine, the settings and the credentials, and say what to do. Costs nothing.

    Exit status: 0 without an error, 2 with one; with --strict also 1 with a warning.
    """
    from control.health import told
    from shared.services import bootstrap, preflight

    findings = preflight.examine(bootstrap.build(settings_here(), middleware=[]))
    if as_json:
        print_json([told(finding) for finding in findings if _is_told(finding, brief=brief)])
    else:
        _print(findings, brief=brief)
    if status := exit_status(findings, strict=strict):
        raise typer.Exit(status)


def _is_told(finding: Finding, *, brief: bool) -> bool:
    return not (brief and finding.level is Level.OK)


def _print(findings: Sequence[Finding], *, brief: bool) -> None:
    rows = [(one.check.value, one.level.value, one.message, one.todo) for one in findings if _is_told(one, brief=brief)]
    if rows or not brief:
        out.print(Rows(("check", "level", "found", "what to do"), rows, whole=("check",), styles=_STYLE))
    levels = Counter(finding.level for finding in findings)
    counts = f"errors: {levels[Level.ERROR]}, warnings: {levels[Level.WARNING]}, well: {levels[Level.OK]}"
    out.print(counts, highlight=False)
