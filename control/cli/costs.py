"""What `--dry-run` says: the cost of a command that was not carried out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from rich.table import Table

from control import budget
from control.cli.app import out, print_json
from control.refresh_request import fresh
from control.track_costs import cost_of_track
from shared.domain.money.estimate import MONTH_DAYS, Rate
from shared.domain.money.prices import MICRO
from shared.services.bootstrap import Services
from shared.stores.database import ServerClock


def tell_track(
    services: Services, names: Sequence[str], *, since: timedelta, as_json: bool, count: bool, sample: bool
) -> None:
    """Say what following accounts would cost. count, sample: X is asked how many posts that is, by how many people."""
    cost = cost_of_track(services, names, since=since, count=count, sample=sample)
    estimate = cost.estimate
    usd = {
        "once_usd": estimate.once / MICRO,
        "first_day_usd": estimate.first_day / MICRO,
        "later_day_usd": estimate.later_day / MICRO,
        "month_usd": estimate.month / MICRO,
    }
    room = budget.room(services, estimate.once + estimate.first_day)
    rates = {
        "posts_a_day": cost.rates.posts_a_day,
        "new_authors_a_post": cost.rates.new_authors,
        "later_days_a_post_is_read": cost.rates.paid_days,
        "quotes_a_post": cost.rates.quotes,
        "looks_at_an_account_a_day": cost.rates.looks_a_day,
    }
    if as_json:
        assumed = {name: {"value": rate.value, "basis": rate.basis} for name, rate in rates.items()}
        who = {"would_add": cost.added, "already": cost.already, "read_back": cost.read_back}
        return print_json({"dry_run": True, **who, **usd, "posts_before": cost.history, "assumptions": assumed, **room})
    table = Table(show_header=False, title=f"Following {len(cost.added)} more accounts would cost about")
    table.add_row(
        f"once: looking them up, and what was posted before{_back(cost.read_back)}", f"${usd['once_usd']:,.2f}"
    )
    table.add_row("the first day", f"${usd['first_day_usd']:,.2f}")
    table.add_row("a later day, with older posts read again", f"${usd['later_day_usd']:,.2f}")
    table.add_row(f"the first {MONTH_DAYS} days in all", f"${usd['month_usd']:,.2f}")
    out.print(table)
    if cost.history is not None:
        out.print(f"  posts before: {cost.history:,} (counted by X)", style="dim", highlight=False)
    if since and not (count or cost.rates.posts_a_day.is_measured):
        guess = (
            "How much was posted before is a guess: --count asks X ($0.005 a search), --sample also by how many people."
        )
        out.print(guess, style="yellow", highlight=False, soft_wrap=True)
    for name, rate in rates.items():
        _tell_rate(name.replace("_", " "), rate)
    _tell_room(room)
    return None


def tell_refresh(
    services: Services, post_ids: Sequence[int], *, max_age: timedelta | None = None, as_json: bool
) -> None:
    """Say what reading posts again would cost. max_age: see `control.refresh_request`."""
    stored = fresh(services, post_ids, max_age=max_age, now=ServerClock(services.stores.db).now())
    estimate = budget.cost_of_refresh(services, [one for one in post_ids if str(one) not in stored])
    room, usd = budget.room(services, estimate.cost), estimate.cost / MICRO
    billed = estimate.posts - estimate.bought_today
    if as_json:
        counts = {"posts": len(post_ids), "stored": len(stored), "unknown": estimate.unknown, "billed": billed}
        counts |= {"bought_today": estimate.bought_today, "calls": estimate.calls}
        return print_json({"dry_run": True, **counts, "usd": usd, **room})
    if stored:
        out.print(f"{len(stored)} of {len(post_ids)} posts were read a moment ago and would not be asked for.")
    if estimate.posts:
        out.print(
            f"Refreshing {estimate.posts} posts would take {estimate.calls} calls and cost about ${usd:,.3f}: "
            f"X bills for {billed}, {estimate.bought_today} were bought today and are free, those that are gone cost "
            f"nothing, and for the {estimate.unknown} that are not known yet new accounts are looked up.",
            highlight=False,
            soft_wrap=True,
        )
    _tell_room(room)
    return None


def _back(names: Sequence[str]) -> str:
    return f", also by {len(names)} that are followed already" if names else ""


def _tell_rate(name: str, rate: Rate) -> None:
    out.print(f"  {name}: {rate.value:,.2f} ({rate.basis})", style="dim", highlight=False)


def _tell_room(room: dict[str, Any]) -> None:
    left = [f"${usd:,.3f} of {name}" for name, usd in room["left"].items() if usd is not None]
    verdict = "fits into" if room["fits"] else "is more than"
    out.print(f"It {verdict} what is left: {', '.join(left) or 'no limit is set'}. Nothing was done.", highlight=False)
