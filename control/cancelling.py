"""Asking for a run no more, whoever steers: what waits is not done, what came of it stays."""

from __future__ import annotations

from typing import Any

from control import run_rows, work
from control.trail import Origin, recorded
from shared.services.bootstrap import Services


def cancel(services: Services, origin: Origin, run_id: str) -> dict[str, Any]:
    """Cancel a run of the actor's tenant, on the record; answers its row. One that has ended stays as it is.

    Raises NotThere for one that is not the tenant's, and DoesNotFit for a run of `track`.
    """
    tenant = origin.actor.tenant
    before = run_rows.row(services, tenant, run_id)
    if before["state"] in run_rows.ENDED:
        return before
    with recorded(services, origin, "run.cancel", run_id, before={"state": before["state"]}) as entry:
        work.cancel(services, run_id)
        after = run_rows.row(services, tenant, run_id)
        entry.after = {"state": after["state"], "done": after["done"]}
    return after
