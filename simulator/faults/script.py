"""Owns what a fault script may say: rules, each with what it matches and what it answers instead.

It must not apply anything. Invariant: a script that exists is valid; one that is not is a `ValueError` of one line
that names the place and the value.

`{"seed": 1, "rules": [{"name": "...", "match": {...}, "answer": {"kind": "...", ...}}]}`: of the rules that match a
call the first that can be applied to its answer is. Calls are counted by each rule on its own: those with its
`endpoint`, `token`, `status` and `page`, from 1.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError

from simulator.faults.kinds import Count, Plain
from simulator.faults.oddities import Oddity
from simulator.limits import LIMITS
from simulator.orders import Order, in_words, read_order

FILES = "files"
AWAY = (FILES, "oauth2/authorize", "oauth2/token", "oauth2/revoke")
PLACES = (*LIMITS, *AWAY)

AnyFault = Annotated[Plain | Oddity, Field(discriminator="kind")]


def _known(endpoint: str) -> str:
    if endpoint != "*" and endpoint not in PLACES:
        raise ValueError(f"no such endpoint; there are *, {', '.join(PLACES)}")
    return endpoint


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str | int) else value


Endpoints = Annotated[tuple[Annotated[str, AfterValidator(_known)], ...], BeforeValidator(_listed)]
Counts = Annotated[tuple[Count, ...], BeforeValidator(_listed)]


class Match(Order):
    """Which calls a rule is about; all that is given must hold. `*` is every endpoint with a window.

    `endpoint` and `nth` are one or a list. `status` is that of the answer as it would be; `page` tells a request
    with a page token from one without.
    """

    endpoint: Endpoints = ("*",)
    token: str | None = Field(default=None, repr=False)
    status: int | None = None
    page: Literal["first", "later"] | None = None
    nth: Counts | None = None
    every: Count | None = None
    from_call: Count = 1
    to_call: Count | None = None
    probability: float = Field(default=1.0, ge=0, le=1)
    times: Count | None = None


class Rule(Order):
    """One rule of a script."""

    name: str = ""
    match: Match = Match()
    answer: AnyFault


class Script(Order):
    """A whole script; the same `seed` and calls give the same faults."""

    seed: int = 0
    rules: tuple[Rule, ...] = ()


def read_script(content: bytes) -> Script:
    """Return a script from JSON; raise `ValueError` with one line for one that is not valid."""
    return read_order(Script, content)


def load_script(path: Path) -> Script:
    """Return the script in a file; raise `ValueError` or `OSError` that names the file."""
    try:
        return Script.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise ValueError(f"{path}: {in_words(error)}") from error
