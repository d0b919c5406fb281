"""What a person does to the running installation, on the record: the same acts for the command line and over HTTP.

Each is an act of another module within `trail.recorded`. Raises what that act raises.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from control import work
from control.trail import Origin, recorded
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


def _paused(services: Services) -> list[str]:
    return sorted(services.pausing.paused())
