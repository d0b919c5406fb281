"""The alert rules as they are deployed, with every window and every `for:` shortened by one factor.

Pure. Thresholds stay: a lag of an hour is an hour. Invariant: nothing else of a rule is changed.
"""

from __future__ import annotations

import re
from typing import Any, Final

_UNIT_MS: Final = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION: Final = r"\d+(?:ms|[smhd])"
_WINDOW: Final = re.compile(rf"\[({_DURATION})(?::({_DURATION}))?\]")


def shorter(duration: str, factor: float) -> str:
    """A duration of one unit, such as `5m`, by the factor, in whole ms and at least 1."""
    match = re.fullmatch(r"(\d+)(ms|[smhd])", duration)
    if match is None:
        raise ValueError(f"not a duration of one unit: {duration!r}")
    return f"{max(1, round(int(match[1]) * _UNIT_MS[match[2]] / factor))}ms"


def shortened(rules: dict[str, Any], factor: float) -> dict[str, Any]:
    """The document of a rules file, by the factor; the one that is given stays as it is."""

    def window(match: re.Match[str]) -> str:
        return f"[{':'.join(shorter(part, factor) for part in match.groups() if part)}]"

    def rule(one: dict[str, Any]) -> dict[str, Any]:
        changed = {"expr": _WINDOW.sub(window, one["expr"])}
        return one | changed | ({"for": shorter(one["for"], factor)} if "for" in one else {})

    return {"groups": [group | {"rules": [rule(one) for one in group["rules"]]} for group in rules["groups"]]}
