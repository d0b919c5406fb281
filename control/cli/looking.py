"""`covey status`."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from control.cli.app import Json, app, out, print_json, services_here
from control.cli.rows import Rows
from shared.domain.errors import InputError, PassingFault
from shared.domain.health import EXIT_STATUS, Verdict

# Between two looks of --watch.
WATCH_SECONDS = 2.0
_STYLE = {Verdict.HEALTHY: "green", Verdict.DEGRADED: "yellow", Verdict.STOPPED: "red"}


@app.command()
def status(
    check: Annotated[
        bool,
        typer.Option("--check", help="Only the verdict; exit status 0 healthy, 1 degraded, 2 stopped."),
    ] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Show it again every two seconds, until Ctrl-C.")] = False,
    as_json: Json = False,
) -> None:
    """Show how everything stands: the verdict and why, coverage, queues, limits, what was collected.

    healthy: nothing to do. degraded: late, limited or missing. stopped: nothing new is collected until a person acts.
    """
    if watch:
        return _watch()
    document = _document(unreachable_is_told=check)
    if as_json:
        print_json({name: document[name] for name in ("verdict", "reasons")} if check else document)
    else:
        out.print(Group(*_verdict(document), *([] if check else _details(document))))
    if check and (exit_status := EXIT_STATUS[Verdict(document["verdict"])]):
        raise typer.Exit(exit_status)
    return None


def _document(*, unreachable_is_told: bool) -> dict[str, Any]:
    """What is known; a server that cannot be reached is a verdict too, where that is what was asked for."""
    from control import commands

    try:
        return commands.status(services_here())
    except (PassingFault, InputError) as error:
        if not unreachable_is_told:
            raise
        reason = {"check": "reachable", "level": "error", "message": str(error), "todo": "covey doctor says more"}
        return {"verdict": Verdict.STOPPED.value, "reasons": [reason]}


def _watch() -> None:
    """On the whole screen of a terminal, until the person leaves."""
    from control.local import interruptible

    with interruptible() as stop, Live(console=out, screen=out.is_terminal, auto_refresh=False) as live:
        while not stop.is_set():
            document = _document(unreachable_is_told=True)
            details = _details(document) if "queues" in document else []
            live.update(Group(*_verdict(document), *details), refresh=True)
            stop.wait(WATCH_SECONDS)


def _verdict(document: dict[str, Any]) -> list[RenderableType]:
    """The word, then each reason on a line of its own with what to do."""
    verdict = Verdict(document["verdict"])
    lines = [Text(verdict.value, style=f"bold {_STYLE[verdict]}")]
    for reason in document["reasons"]:
        lines.append(Text.assemble("  ", reason["message"], (f"; {reason['todo']}" if reason["todo"] else "", "dim")))
    return [*lines]


def _details(document: dict[str, Any]) -> list[RenderableType]:
    from control.cli.blocking import blocked_table

    depths = ("ready", "delayed", "in_flight", "dead")
    queues = Rows(
        ("queue", "ready", "delayed", "in flight", "dead"),
        [(queue, *(str(depth[state]) for state in depths)) for queue, depth in document["queues"].items()],
        title="queues",
    )
    windows = Rows(
        ("endpoint", "credential", "left", "of", "in flight", "resets in", "blocked"),
        [_window(window) for window in document["windows"]],
        title="limits of X",
    )
    blocked = [blocked_table(document["blocked"])] if document["blocked"] else []
    return [_facts(document), queues, windows if document["windows"] else "No call to X yet.", *blocked]


def _window(window: dict[str, Any]) -> tuple[str, ...]:
    reset = window["reset_in_seconds"]
    return (
        window["endpoint"],
        window["credential"],
        _or_unknown(window["remaining"]),
        _or_unknown(window["limit"]),
        str(window["in_flight"]),
        "-" if reset is None else f"{reset:.0f} s",
        window["blocked"] or "",
    )


def _facts(document: dict[str, Any]) -> Table:
    media = ", ".join(f"{count} {state}" for state, count in sorted(document["media"].items())) or "none"
    tiers = ", ".join(f"{count} {tier}" for tier, count in sorted(document["tiers"].items())) or "none"
    table = Table(show_header=False, box=None)
    for name, value in (
        ("accounts followed", _accounts(document)),
        ("covered until", f"{document['covered_seconds_ago']:.0f} s ago, {document['gaps']} gaps"),
        ("posts", str(document["posts"])),
        ("accounts seen", str(document["users"])),
        ("set aside", _set_aside(document["set_aside_today"])),
        ("snapshots", f"{document['snapshots']}, {document['refreshes_due']} readings due"),
        ("tiers", tiers),
        ("media", media),
        ("money", _money(document["budgets"])),
        ("dialect of X", _dialect(document["dialect"])),
    ):
        table.add_row(name, value)
    return table


def _accounts(document: dict[str, Any]) -> str:
    """How many there are, and what is not as it should be; `covey handles` says which."""
    without = document["handles_without_search"]
    notes = [f"{count} {state}" for state, count in document["accounts"].items() if state != "active"]
    notes += [f"{without} in no search yet"] if without else []
    return f"{document['handles']} in {document['streams']} searches" + "".join(f"; {note}" for note in notes)


def _set_aside(by_reason: dict[str, int]) -> str:
    """What X sent within a day that could not be read; the collection `set_aside` has it."""
    return ", ".join(f"{count} {reason}" for reason, count in sorted(by_reason.items())) or "nothing in 24 h"


def _money(budgets: dict[str, Any]) -> str:
    """How full each budget is, with a word from 80 % on."""
    day = budgets["day_usd"]
    parts = [f"${day['used']:.3f} today"]
    for name, one in budgets.items():
        if one["limit"] is not None:
            word = "" if one["level"] == "open" else f" ({one['level'].replace('_', ' ')})"
            parts.append(f"{one['used_ratio']:.0%} of {name}{word}")
    return "; ".join(parts)


def _dialect(dialect: dict[str, Any]) -> str:
    """Which one is spoken, and why and as of when where it was learned."""
    if dialect["is_fixed"]:
        return f"{dialect['spoken']}, as COVEY_X_DIALECT says"
    if dialect["looked_at"] is None:
        return str(dialect["spoken"])
    return f"{dialect['spoken']}, as of {dialect['looked_at']:%Y-%m-%d %H:%M} UTC: {dialect['reason']}"


def _or_unknown(value: int | None) -> str:
    return "?" if value is None else str(value)
