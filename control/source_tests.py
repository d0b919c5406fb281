"""Whether X can be asked for a source now, told without a paid call. Reads only."""

from __future__ import annotations

from typing import Any

from control.waiting import SEARCHING, Lookout
from shared.credentials.pool import CredentialState
from shared.credentials.standing import State
from shared.domain.errors import InputError
from shared.domain.sources import Source
from shared.platforms.x.endpoints import FILTERED_STREAM
from shared.services.bootstrap import Services, may_ask_x


def tested(services: Services, source: Source) -> dict[str, Any]:
    """can_be_asked, and each check: its name, whether it is well (None: nobody here can tell), and why.

    Raises LimiterUnavailable, StoreUnavailable.
    """
    checks = [_query(services, source), _credential(services, source), _plan(services, source), _now(services)]
    return {"can_be_asked": all(one["ok"] is not False for one in checks), "checks": checks}


def _check(name: str, ok: bool | None, detail: str) -> dict[str, Any]:
    return {"check": name, "ok": ok, "detail": detail}


def _query(services: Services, source: Source) -> dict[str, Any]:
    """That queries of the plan hold what it asks for."""
    limit = services.settings.x_query_max_length
    try:
        longest = max((len(one.text) for one in services.following.check(source)), default=0)
    except InputError as error:
        return _check("query", False, str(error))
    return _check("query", True, f"the longest query has {longest} of {limit} characters")


def _credential(services: Services, source: Source) -> dict[str, Any]:
    """That there is somebody to ask X as."""
    states = services.credentials.states()
    if source.credential is not None:
        states = [one for one in states if one.id == source.credential]
    elif not may_ask_x(services.settings):
        return _check("credential", None, "this process has none: the workers have")
    usable = [one for one in states if one.state in (State.OK, State.RENEWING)]
    return _check("credential", bool(usable), _words(usable, states))


def _words(usable: list[CredentialState], states: list[CredentialState]) -> str:
    if usable:
        return f"{len(usable)} can be used"
    return "; ".join(sorted({str(one.state) for one in states})) or "there is none"


def _plan(services: Services, source: Source) -> dict[str, Any]:
    """That what it wants is in the plan, as far as X has said."""
    needed = [SEARCHING.endpoint, *([FILTERED_STREAM] if source.live else [])]
    lacking = [one.key for one in needed if not services.plan.may_have(one.key)]
    detail = f"X says that it lacks {', '.join(lacking)}" if lacking else "X has not said that anything is lacking"
    return _check("plan", not lacking, detail)


def _now(services: Services) -> dict[str, Any]:
    """That nothing stands in the way at this moment."""
    waits_for = Lookout(services).waits_for(SEARCHING)
    return _check("now", waits_for is None, f"waits for {waits_for}" if waits_for else "nothing is in the way")
