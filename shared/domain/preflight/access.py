"""Who X may be asked as, and what nobody may ask. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.domain.coverage.capabilities import Capabilities
from shared.domain.models import CredentialKind
from shared.domain.preflight.finding import Check, Finding, error, ok, warning

SEE: Final = "see covey credentials list"


@dataclass(frozen=True, slots=True)
class KnownCredential:
    """is_usable: X may be asked with it, now or soon without a person. fault: why not."""

    id: str
    kind: CredentialKind
    is_usable: bool
    fault: str = ""


def judge_access(known: Sequence[KnownCredential], endpoints: Mapping[str, frozenset[CredentialKind]]) -> list[Finding]:
    """The findings about credentials; endpoints: those that Covey asks, with the kinds that X takes there."""
    usable = {one.kind for one in known if one.is_usable}
    if not usable:
        return [_nobody(known)]
    closed = [name for name, kinds in endpoints.items() if not kinds & usable]
    return [_some(known), _closed(closed, endpoints) if closed else ok(Check.ENDPOINTS, "every endpoint may be asked")]


def judge_plan(known: Capabilities, now: datetime) -> Finding:
    """What of X's optional endpoints the plan of the app has, as far as X has told. To lack one is no fault."""
    told = [
        f"{name} {'there' if one.is_there else 'not there'} since {one.at:%Y-%m-%d %H:%M}"
        for name, one in sorted(known.known.items())
        if known.has(name, now) is not None
    ]
    return ok(Check.PLAN, f"X said of the plan: {', '.join(told)}" if told else "nothing optional was asked for yet")


def _nobody(known: Sequence[KnownCredential]) -> Finding:
    message = "there is nobody to ask X as"
    if not known:
        return error(Check.CREDENTIALS, message, "set X_BEARER_TOKEN, or connect an account: covey connect")
    return error(Check.CREDENTIALS, f"{message}: {_faults(known)}", SEE)


def _some(known: Sequence[KnownCredential]) -> Finding:
    count = sum(one.is_usable for one in known)
    if count < len(known):
        message = f"{count} of {len(known)} credentials are of use: {_faults(known)}"
        return warning(Check.CREDENTIALS, message, SEE)
    return ok(Check.CREDENTIALS, f"{count} {'credential' if count == 1 else 'credentials'} to ask X with")


def _closed(closed: Sequence[str], endpoints: Mapping[str, frozenset[CredentialKind]]) -> Finding:
    wanted = sorted({kind.value for name in closed for kind in endpoints[name]})
    todo = f"add a credential of the kind {' or '.join(wanted)}: covey credentials add"
    return warning(Check.ENDPOINTS, f"no credential may ask {', '.join(closed)}", todo)


def _faults(known: Sequence[KnownCredential]) -> str:
    return "; ".join(f"{one.id} {one.fault}" for one in known if not one.is_usable)
