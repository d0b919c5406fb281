"""What a person does to the running installation, on the record: the same acts for the command line and over HTTP.

Each is an act of another module within `trail.recorded`. Raises what that act raises.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from control import blocks, budget, work
from control.trail import Origin, recorded
from shared.domain.models import WorkClass
from shared.services.bootstrap import Services


def pause(services: Services, origin: Origin, names: Sequence[str]) -> list[str]:
    """As `work.pause`."""
    with recorded(services, origin, "queue.pause", ", ".join(names), before=_paused(services)) as entry:
        done = work.pause(services, names)
        entry.after = _paused(services)
    return done


def resume(services: Services, origin: Origin, names: Sequence[str]) -> list[str]:
    """As `work.resume`."""
    with recorded(services, origin, "queue.resume", ", ".join(names), before=_paused(services)) as entry:
        done = work.resume(services, names)
        entry.after = _paused(services)
    return done


def cancel(services: Services, origin: Origin, name: str) -> dict[str, Any]:
    """As `work.cancel`: a job, or those of an ad-hoc run."""
    with recorded(services, origin, "job.cancel", name) as entry:
        done = work.cancel(services, name)
        entry.after = done
    return done


def set_budgets(
    services: Services, origin: Origin, limits: Mapping[str, float | None], shares: Mapping[WorkClass, float]
) -> dict[str, Any]:
    """As `budget.choose`; answers budgets, shares, too_small as they are then."""
    with recorded(services, origin, "budget.set", "budgets", before=_chosen(services)) as entry:
        budget.choose(services, limits, shares)
        entry.after = _chosen(services)
    return budget.standing(services)


def unset_budgets(services: Services, origin: Origin, names: Sequence[str]) -> dict[str, Any]:
    """As `budget.forget`, for limits and classes of work by their names; answers as `set_budgets` does."""
    classes = [WorkClass(name) for name in names if name in set(WorkClass)]
    with recorded(services, origin, "budget.unset", ", ".join(names), before=_chosen(services)) as entry:
        budget.forget(services, [name for name in names if name not in set(WorkClass)], classes)
        entry.after = _chosen(services)
    return budget.standing(services)


def unblock(services: Services, origin: Origin, credential: str | None, endpoint: str | None, *, paid: bool) -> None:
    """As `blocks.unblock`."""
    target = " ".join(filter(None, (credential, endpoint, "paid calls" if paid else None)))
    with recorded(services, origin, "limits.unblock", target):
        blocks.unblock(services, credential, endpoint, paid=paid)


def _chosen(services: Services) -> dict[str, Any]:
    """The budgets that a person set."""
    chosen = services.budget_choices.load()
    return {
        "limits": dict(chosen.limits),
        "shares": {work_class.value: share for work_class, share in chosen.shares.items()},
    }


def _paused(services: Services) -> list[str]:
    return sorted(services.pausing.paused())
