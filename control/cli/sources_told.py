"""What the commands of sources say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from control.cli.app import err, out, print_json
from control.cli.rows import Rows

if TYPE_CHECKING:
    from control.look_up import LookedUp
    from control.sources import Done
    from control.sources_apply import Change, Cost
    from shared.services.bootstrap import Services


def tell_plan(services: Services, wanted: Sequence[Change], *, count: bool, as_json: bool) -> None:
    """What would change, and what that would cost."""
    from control import budget, sources_apply
    from shared.domain.money.prices import MICRO

    costs = [sources_apply.cost_of(services, change, count=count) for change in wanted]
    names = ("once", "day", "month")
    total = {f"{name}_usd": sum(getattr(cost, name) for cost in costs) / MICRO for name in names}
    room = budget.room(services, sum(cost.once + cost.day for cost in costs))
    if as_json:
        rows = [
            {**change, **{f"{name}_usd": getattr(cost, name) / MICRO for name in names}, "basis": cost.basis}
            for change, cost in zip(changes(wanted), costs, strict=True)
        ]
        return print_json({"dry_run": True, "changes": rows, **total, **room})
    columns = ("source", "what", "once", "a day", "30 days", "posts a day")
    rows_shown = [_plan_cells(change, cost) for change, cost in zip(wanted, costs, strict=True)]
    shown = [f"${total[f'{name}_usd']:,.2f}" for name in names]
    out.print(Rows(columns, [*rows_shown, ("in all", "", *shown, "")], whole=columns[:1]))
    verdict = "fits into" if room["fits"] else "is more than"
    out.print(f"The first day {verdict} what is left of the budgets. Nothing was done.", highlight=False)
    return None


def _plan_cells(change: Change, cost: Cost) -> tuple[str, ...]:
    from shared.domain.money.prices import MICRO

    money = [f"${getattr(cost, name) / MICRO:,.2f}" for name in ("once", "day", "month")]
    return (change.source.id, _what(change), *money, cost.basis)


def changes(wanted: Sequence[Change]) -> list[dict[str, Any]]:
    """The changes, for scripts."""
    return [
        {
            "source": change.source.id,
            "act": change.act.value,
            "fields": list(change.fields),
            "new_accounts": change.new_accounts,
            "lost_accounts": change.lost_accounts,
        }
        for change in wanted
    ]


def _what(change: Change) -> str:
    fields = [name.removesuffix("_seconds") for name in change.fields]
    return f"{change.act.value}: {', '.join(fields)}" if fields else change.act.value


def words(change: Change) -> str:
    """One change in a line."""
    return f"{change.source.id}: {_what(change)}"


def done(one: Done) -> dict[str, Any]:
    """What a change led to, for scripts."""
    return {**asdict(one), "source": one.source.id}


def tell(one: Done, what: str, *, as_json: bool) -> None:
    """What one change did."""
    if as_json:
        return print_json(done(one))
    out.print(f"{what} {one.source.id}.", highlight=False)
    return tell_still([one])


def tell_still(all_done: Sequence[Done]) -> None:
    """Who is followed all the same."""
    for one in all_done:
        for name, askers in one.still.items():
            _warn(f"@{name} is followed all the same: asked for by {', '.join(askers)}")


def tell_found(found: LookedUp) -> None:
    """What X said of new accounts."""
    for names, what in (
        (found.suspended, "Suspended, there is nothing to read until X lets them back:"),
        (found.protected, "Protected, X shows their posts to nobody else:"),
    ):
        if names:
            _warn(f"{what} {', '.join(f'@{name}' for name in names)}")
    if found.why_not is not None:
        _warn(f"Accounts were not looked up first: {found.why_not}. A worker does it.")


def _warn(line: str) -> None:
    err.print(line, style="yellow", markup=False, highlight=False, soft_wrap=True)


def cells(row: dict[str, Any]) -> tuple[str, ...]:
    """A row of the list."""
    covered = row["covered_through"]
    notes = ["paused"] if row["paused"] else []
    if (share := share_words(row)) is not None:
        notes.append(share)
    if "refresh" in row:
        notes.append(refresh_words(row["refresh"]))
    if row["members_without_search"]:
        notes.append(f"{row['members_without_search']} in no search yet")
    return (
        row["id"],
        row["kind"],
        str(row["members"]),
        row.get("interval", "usual"),
        str(len(row["streams"])),
        f"{covered:%Y-%m-%d %H:%M:%S}" if covered else "-",
        "; ".join(notes),
    )


def refresh_words(refresh: str | dict[str, Any]) -> str:
    """Of which posts the engagement is followed, where it is not of all."""
    if isinstance(refresh, str):
        return f"follows the engagement of {refresh}"
    return f"follows engagement: {', '.join(f'{name}={value}' for name, value in refresh.items())}"


def share_words(row: dict[str, Any]) -> str | None:
    """How a share stands, in a few words; None where there is none. row: of a source, or as `share_row` answers."""
    if "share_spent_usd" not in row:
        return None
    spent = f"${row['share_spent_usd']:,.2f}"
    if row["share_note"] is not None:
        return f"{spent} spent today; {row['share_note']}"
    until = f", rests until {row['share_rests_until']:%Y-%m-%d %H:%M} UTC" if row["share_rests_until"] else ""
    return f"{spent} of its ${row['share_usd']:,.2f} spent today{until}"


def tell_done(services: Services, done: Sequence[Done], found: LookedUp) -> None:
    """What is to be said after changes: who is followed all the same, what X said, whose share limits nothing."""
    tell_still(done)
    tell_found(found)
    for note in _notes(services, done):
        _warn(note)


def all_done(services: Services, wanted: Sequence[Change], all_of_it: Sequence[Done]) -> dict[str, Any]:
    """What changes led to, for scripts."""
    done_rows = [done(one) for one in all_of_it]
    return {"changes": changes(wanted), "done": done_rows, "notes": _notes(services, all_of_it)}


def _notes(services: Services, all_done: Sequence[Done]) -> list[str]:
    from control.sources import notes_on_shares

    return notes_on_shares(services, [one.source for one in all_done])


def shown(value: object) -> str:
    """A value as a person reads it."""
    if isinstance(value, list):
        return "\n".join(map(str, value)) if any(" " in str(one) for one in value) else ", ".join(map(str, value))
    if isinstance(value, dict):
        return "; ".join(f"{name}: {shown(one)}" for name, one in value.items())
    return f"{value:%Y-%m-%d %H:%M:%S}" if hasattr(value, "strftime") else str(value)
