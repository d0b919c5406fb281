"""`python -m tests.faults [GROUP...]`: run the long fault programs, print what was found, write it to var/faults."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from shared.runtime.log import configure
from tests.faults import (
    alerts_forms,
    answers_forms,
    control_forms,
    coverage_forms,
    engagement_forms,
    limits_forms,
    queue_forms,
)
from tests.faults.form import Group, Outcome, Run, is_chosen

GROUPS: dict[str, Group] = {
    "queue": Group(queue_forms.long_forms, queue_forms.stock_forms, queue_forms.MOSTLY_WAITING),
    "answers": Group(answers_forms.long_forms),
    "alerts": Group(alerts_forms.long_forms),
    "control": Group(control_forms.long_forms),
    "coverage": Group(coverage_forms.long_forms),
    "engagement": Group(engagement_forms.long_forms),
    "limits": Group(limits_forms.long_forms, mostly_waiting=limits_forms.MOSTLY_WAITING),
}
REPORTS = Path("var/faults")

# A table of six columns is unreadable at the 80 characters of an output that is no terminal.
out = Console(width=None if sys.stdout.isatty() else 160)
err = Console(stderr=True)


def report_of(outcomes: list[Outcome]) -> dict[str, Any]:
    """The report of a group: its findings by id; what the stock library did under the same fault stands beside."""
    rows = {}
    for outcome in outcomes:
        rows[outcome.id] = outcome.finding.row()
        if outcome.stock is not None:
            rows[outcome.id]["stock"] = outcome.stock.figure
    return rows


def table_of(name: str, outcomes: list[Outcome]) -> Table:
    """The same for people."""
    table = Table("id", "what", "figure", "stock Dramatiq", "limit", "passed", title=f"faults: {name}", show_lines=True)
    for outcome in outcomes:
        finding = outcome.finding
        stock = outcome.stock.figure if outcome.stock else ""
        table.add_row(outcome.id, outcome.what, finding.figure, stock, finding.limit, "yes" if finding.passed else "NO")
    return table


def main(
    groups: Annotated[list[str] | None, typer.Argument(metavar="[GROUP]...", help="Groups; default: all.")] = None,
    seed: Annotated[int, typer.Option(help="Of everything that is drawn at random.")] = 1,
    only: Annotated[str | None, typer.Option(help="Ids, comma separated, such as R1,R5. R3 means all of R3.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")] = False,
) -> None:
    """Run the fault programs in their long forms. The exit status is 0 when every one passed."""
    configure(level="error", form="console", process="faults")
    ids = [id.strip() for id in only.split(",")] if only else []
    names = _groups(groups or list(GROUPS), ids, seed)
    REPORTS.mkdir(parents=True, exist_ok=True)
    passed, reports = True, {}
    for name in names:
        with tempfile.TemporaryDirectory(prefix="covey-faults-") as folder:
            say = lambda text: err.print(text, markup=False, highlight=False, soft_wrap=True)  # noqa: E731
            outcomes = Run(GROUPS[name], seed, ids, Path(folder), say).all()
        reports[name] = report_of(outcomes)
        (REPORTS / f"{name}.json").write_text(json.dumps(reports[name], indent=2) + "\n")
        passed = passed and all(outcome.finding.passed for outcome in outcomes)
        if not as_json:
            out.print(table_of(name, outcomes))
            out.print(f"written to {REPORTS / name}.json")
    if as_json:
        sys.stdout.write(json.dumps(reports, indent=2) + "\n")
    raise typer.Exit(0 if passed else 1)


def _groups(names: list[str], ids: list[str], seed: int) -> list[str]:
    """The groups that have something to run. Ends with status 2 for a name or an id that is unknown."""
    unknown = [name for name in names if name not in GROUPS]
    if unknown:
        _refuse(f"unknown group {unknown[0]!r}; the groups are {', '.join(GROUPS)}")
    known = {name: list(GROUPS[name].long_forms(seed)) for name in names}
    for id in ids:
        if not any(is_chosen(form, [id]) for forms in known.values() for form in forms):
            _refuse(f"unknown id {id!r}; the ids are {', '.join(form for forms in known.values() for form in forms)}")
    return [name for name, forms in known.items() if any(is_chosen(form, ids) for form in forms)]


def _refuse(text: str) -> None:
    err.print(f"faults: {text}", markup=False, soft_wrap=True)
    raise typer.Exit(2)


if __name__ == "__main__":
    typer.run(main)
