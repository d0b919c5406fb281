"""Of which posts of a source the engagement is followed, as people write it: `all`, `none`, or conditions. Pure.

refresh: none        refresh: {min_engagement: 10, authors: followed}        min_engagement=10,authors=followed
"""

from __future__ import annotations

from typing import Any, Final

from shared.domain.engagement.selection import ALL, NONE, RefreshRule
from shared.domain.errors import InputError
from shared.platforms.x.addresses import quoted

MIN_ENGAGEMENT, AUTHORS, FOLLOWED = "min_engagement", "authors", "followed"
CONDITIONS: Final = (MIN_ENGAGEMENT, AUTHORS)
_RULES: Final = {"all": ALL, "none": NONE}
_FORMS: Final = "all, none, or min_engagement=N and authors=followed"


def rule(text: str) -> RefreshRule | None:
    """The rule that a word names; None where the text says conditions."""
    return _RULES.get(text.strip().lower())


def conditions(text: str) -> dict[str, str]:
    """The conditions of a text such as min_engagement=10,authors=followed. Raises InputError."""
    found: dict[str, str] = {}
    for part in text.split(","):
        name, equals, value = (one.strip() for one in part.partition("="))
        if not equals or name in found:
            raise InputError(f"{quoted(text)} is none of {_FORMS}")
        found[name] = value
    return found


def is_of_followed(text: str) -> bool:
    """Whether authors have to be followed. Raises InputError."""
    if (word := text.strip().lower()) not in (FOLLOWED, "all"):
        raise InputError(f"{quoted(text)} is neither {FOLLOWED} nor all")
    return word == FOLLOWED


def written(one: RefreshRule) -> dict[str, Any]:
    """The field of a source; empty for what is as it is without saying."""
    if one == ALL:
        return {}
    if not one.is_any:
        return {"refresh": "none"}
    least = {MIN_ENGAGEMENT: one.min_engagement} if one.min_engagement else {}
    return {"refresh": least | ({AUTHORS: FOLLOWED} if one.of_followed else {})}
