"""`covey status`."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from control.cli.app import Json, app, out, print_json, services_here


@app.command()
def status(as_json: Json = False) -> None:
    """Show how everything stands: coverage, queues, limits, what was collected."""
    from control import commands
    from control.cli.blocking import blocked_table

    document = commands.status(services_here())
    if as_json:
        return print_json(document)
    out.print(_facts(document))
    queues = Table("queue", "ready", "delayed", "in flight", "dead", title="queues")
    for queue, depth in document["queues"].items():
        queues.add_row(queue, *(str(depth[state]) for state in ("ready", "delayed", "in_flight", "dead")))
    out.print(queues)
    windows = Table("endpoint", "credential", "left", "of", "in flight", "resets in", "blocked", title="limits of X")
    for window in document["windows"]:
        reset = window["reset_in_seconds"]
        windows.add_row(
            window["endpoint"],
            window["credential"],
            _or_unknown(window["remaining"]),
            _or_unknown(window["limit"]),
            str(window["in_flight"]),
            "-" if reset is None else f"{reset:.0f} s",
            window["blocked"] or "",
        )
    out.print(windows if document["windows"] else "No call to X yet.")
    if document["blocked"]:
        out.print(blocked_table(document["blocked"]))
    return None


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
