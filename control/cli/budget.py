"""`covey budget`: what was spent, what may be, and what will be."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer
from rich.table import Table

from control.cli.app import Json, app, err, out, print_json, services_here
from shared.domain.errors import InputError
from shared.domain.models import WorkClass
from shared.domain.money.budgets import CHOOSABLE
from shared.domain.money.prices import OBJECTS, PriceKind
from shared.domain.money.purchases import reread_name

budget = typer.Typer(help="Show and set what may be spent. Without a command: show.")
app.add_typer(budget, name="budget")

OPTIONS = {"day": "day_usd", "month": "month_usd", "month-posts": "month_posts"}
NONE = "none"
METHOD = (
    "Forecast: what was spent, what is left of one-off work, and for the rest of the time what goes on day by day: the "
    "days before give the shape of a day and its level, today so far corrects the level; a month adds a mean day for "
    "each day left."
)


@budget.callback(invoke_without_command=True)
def show_by_default(context: typer.Context, as_json: Json = False) -> None:
    """Show and set what may be spent. Without a command: show."""
    if context.invoked_subcommand is None:
        _show(as_json=as_json)


@budget.command()
def show(as_json: Json = False) -> None:
    """Show the budgets, what was spent, the forecast, and what each class of work would like to spend."""
    _show(as_json=as_json)


@budget.command(name="set")
def set_budgets(
    day: Annotated[str | None, typer.Option(metavar="USD", help="Most dollars in a UTC day, or none.")] = None,
    month: Annotated[str | None, typer.Option(metavar="USD", help="Most dollars in a calendar month, or none.")] = None,
    month_posts: Annotated[str | None, typer.Option(metavar="N", help="Most posts bought in a month, or none.")] = None,
    share: Annotated[
        list[str] | None, typer.Option(metavar="CLASS=PART", help="Part of each budget for a class: engagement=0.5")
    ] = None,
    as_json: Json = False,
) -> None:
    """Set budgets over those of the environment. Processes that run heed them at their next call."""
    from control import operating
    from control.trail import at_terminal

    given = {"day_usd": day, "month_usd": month, "month_posts": month_posts}
    limits = {name: _limit(name, text) for name, text in given.items() if text is not None}
    shares = dict(_share(text) for text in share or [])
    if not limits and not shares:
        raise InputError("say what to set: --day, --month, --month-posts or --share")
    _print_budgets(operating.set_budgets(services_here(), at_terminal(), limits, shares), as_json=as_json)


@budget.command()
def unset(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="day, month, month-posts, or a class of work")],
    as_json: Json = False,
) -> None:
    """Let budgets or shares be those of the environment again."""
    from control import operating
    from control.trail import at_terminal

    unknown = [name for name in names if name not in OPTIONS and name not in set(WorkClass)]
    if unknown:
        raise InputError(f"not a budget: {', '.join(unknown)} (expected {', '.join([*OPTIONS, *WorkClass])})")
    meant = [OPTIONS.get(name, name) for name in names]
    _print_budgets(operating.unset_budgets(services_here(), at_terminal(), meant), as_json=as_json)


def _limit(name: str, text: str) -> float | None:
    """A limit as a person writes it; None for none. Raises InputError that names it."""
    if text.lower() == NONE:
        return None
    try:
        value = float(text.removeprefix("$"))
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf") or (name == "month_posts" and value != int(value)):
        raise InputError(f"{text!r} is no {name}: write a number that is not negative, or {NONE}")
    return value


def _share(text: str) -> tuple[WorkClass, float]:
    name, _, part = text.partition("=")
    try:
        share = float(part.removesuffix("%")) / (100 if part.endswith("%") else 1)
    except ValueError:
        share = 0.0
    if name not in set(WorkClass) or not 0 < share <= 1:
        raise InputError(f"{text!r} is no share: write CLASS=PART, such as engagement=0.5; {', '.join(WorkClass)}")
    return WorkClass(name), share


def _show(*, as_json: bool) -> None:
    from control import budget as money

    document = money.show(services_here())
    if as_json:
        return print_json(document)
    _print_budgets(document, as_json=False)
    if any(document["credential_budgets"].values()):
        out.print(_of_credentials(document["credential_budgets"]))
    if document["shares"]:
        parts = ", ".join(f"{name} {part:.0%}" for name, part in document["shares"].items())
        out.print(f"Shares of each budget: {parts}")
    out.print(_spending(document))
    for period, name in (("day", "today"), ("month", "this month")):
        spent, forecast = document["spent"][period], document["forecast"][period]
        reached = forecast["limit_reached_at"]
        out.print(
            f"{name}: ${spent['usd']:.3f} for {_bought(spent)}; {_reread(spent)} read again for free. "
            f"Forecast ${forecast['usd']:.2f}" + (f", the budget is spent {_moment(reached)}" if reached else ""),
            highlight=False,
            soft_wrap=True,
        )
    one_off = document["forecast"]["one_off"]
    if one_off["spent_usd"] or one_off["left_usd"]:
        spent, left = (f"${one_off[name]:.3f}" for name in ("spent_usd", "left_usd"))
        out.print(f"one-off work today: {spent} spent, about {left} left", highlight=False)
    if document["plan"]:
        _print_plan(document["plan"])
    _print_usage(document["usage"])
    out.print(METHOD, style="dim", highlight=False)
    return None


def _print_budgets(document: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        return print_json({name: document[name] for name in ("budgets", "too_small")})
    table = Table(*_COLUMNS, title="budgets")
    for name, one in document["budgets"].items():
        table.add_row(*_row(name, one))
    out.print(table)
    for one in document["too_small"]:
        part, least = (_amount(one["budget"], one[name]) for name in ("part", "least"))
        err.print(
            f"{one['work_class']} can buy nothing: its part of {one['budget']} is {part}, its least call takes {least}",
            style="yellow",
            highlight=False,
            soft_wrap=True,
        )
    return None


def _of_credentials(budgets: dict[str, dict[str, dict[str, Any]]]) -> Table:
    """The budgets that each credential has by itself."""
    table = Table("credential", *_COLUMNS, title="budgets of single credentials")
    for credential_id, by_name in budgets.items():
        for name, one in by_name.items():
            table.add_row(credential_id, *_row(name, one))
    return table


_COLUMNS = ("budget", "limit", "used", "of it", "stops", "resets in", "set by")


def _row(name: str, one: dict[str, Any]) -> tuple[str, ...]:
    return (
        name,
        "none" if one["limit"] is None else _amount(name, one["limit"]),
        _amount(name, one["used"]),
        "-" if one["limit"] is None else f"{one['used_ratio']:.0%}",
        one["stops"],
        f"{one['resets_in_seconds'] / 3600:.1f} h",
        one["set_by"],
    )


def _spending(document: dict[str, Any]) -> Table:
    table = Table("class of work", "today", "this month", "would like until midnight", "", title="spent")
    for name in WorkClass:
        wanted = document["wanted"][name.value]
        table.add_row(
            name.value,
            f"${document['spent']['day']['usd_by_class'][name.value]:.3f}",
            f"${document['spent']['month']['usd_by_class'][name.value]:.3f}",
            f"${wanted['usd']:.3f}",
            wanted["basis"],
        )
    return table


def _bought(spent: dict[str, Any]) -> str:
    """What was bought: posts and users always, the other kinds where there were any."""
    named = {kind: spent[kind.plural] for kind in PriceKind if kind in OBJECTS or spent[kind.plural]}
    return ", ".join(f"{count} {kind.plural.replace('_', ' ')}" for kind, count in named.items())


def _reread(spent: dict[str, Any]) -> int:
    return sum(spent[f"{reread_name(kind)}_for_free"] for kind in OBJECTS)


def _print_plan(plan: dict[str, Any]) -> None:
    """What the planner buys today, what the last dollar of it is worth, and what more would be."""
    if plan["stage"] != "done":
        return out.print(f"Plan of {plan['day']}: being made ({plan['stage']}).", highlight=False)
    buys, last, more = plan["buys"], plan["last_dollar"], plan["a_tenth_more"]
    out.print(
        f"Plan of {plan['day']}: {buys['posts']:,} of {plan['to_choose_from']:,} posts for ${buys['usd']:,.2f} cover "
        f"{plan['held']:.0%} of what unread ones would be short of. The last dollar covers {last['acts']:,.1f} acts; "
        f"a tenth more (${more['usd']:,.2f}, {more['posts']:,} posts) would cover {more['acts']:,.1f}. "
        f"Model: {plan['model']}.",
        highlight=False,
        soft_wrap=True,
    )
    if tests := plan["group_tests"]:
        stands = "done" if tests["is_done"] else "under way"
        out.print(
            f"Group tests: {tests['requests']:,} requests (${tests['usd']:,.2f}) found {tests['found']:,} posts that "
            f"may grow again; all together at most ${tests['most_usd']:,.2f}; {stands}.",
            highlight=False,
            soft_wrap=True,
        )
    if plan["late"]:
        out.print(
            f"{plan['late']:,} posts will not be read within {plan['span_days']} days: there is too little money.",
            style="yellow",
            highlight=False,
        )
    return None


def _print_usage(usage: dict[str, Any] | None) -> None:
    if usage is None:
        out.print("X's own count is compared once a day, after midnight UTC.", style="dim", highlight=False)
        return
    out.print(
        f"On {usage['day']} X counted {usage['x_posts']} posts, the ledger {usage['ledger_posts']}: "
        f"{usage['difference_ratio']:.1%} apart",
        highlight=False,
    )


def _amount(name: str, value: float) -> str:
    return f"${value:,.3f}" if name in CHOOSABLE[:2] else f"{value:,.0f}"


def _moment(moment: datetime) -> str:
    return f"on {moment:%Y-%m-%d at %H:%M} UTC"
