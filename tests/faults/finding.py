"""The result of one fault program."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """What happened under one fault: `figure` is what was measured, `limit` what had to hold."""

    id: str
    passed: bool
    figure: str
    limit: str

    def row(self) -> dict[str, Any]:
        """As it stands in a report, under its id."""
        return {key: value for key, value in asdict(self).items() if key != "id"}
