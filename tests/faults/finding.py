"""The result of one fault program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """What happened under one fault: `figure` is what was measured, `limit` what had to hold; `details` are all of it,
    for a program."""

    id: str
    passed: bool
    figure: str
    limit: str
    details: Mapping[str, Any] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        """As it stands in a report, under its id."""
        return {key: value for key, value in asdict(self).items() if key != "id" and value != {}}
