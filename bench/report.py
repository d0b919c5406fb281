"""The one shape of all bench reports: claims with their limits, medians, every run, and the machine.

Invariant: a claim that fails is written and shown as it is.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that a figure must reach (`is_ceiling` False: at least `limit`; True: at most)."""

    claim: str
    figure: float
    limit: float
    is_ceiling: bool = False

    @property
    def passed(self) -> bool:
        """Whether the figure reaches the limit."""
        return self.figure <= self.limit if self.is_ceiling else self.figure >= self.limit


@dataclass(frozen=True, slots=True)
class Report:
    """What one bench found."""

    name: str
    claims: Sequence[Claim]
    medians: Mapping[str, float]
    runs: Mapping[str, Sequence[float]]

    @property
    def passed(self) -> bool:
        """Whether every claim holds."""
        return all(claim.passed for claim in self.claims)

    def write(self, folder: Path) -> Path:
        """Write `folder`/NAME.json."""
        folder.mkdir(parents=True, exist_ok=True)
        document: dict[str, Any] = {
            "passed": self.passed,
            "claims": [{**asdict(claim), "passed": claim.passed} for claim in self.claims],
            "medians": dict(self.medians),
            "runs": {name: list(values) for name, values in self.runs.items()},
            "machine": machine(),
        }
        path = folder / f"{self.name}.json"
        path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        return path

    def show(self, unit: str) -> None:
        """Print the medians and the claims."""
        console = Console()
        table = Table(f"{self.name}: {unit}", "median", "lowest run", "highest run")
        for name, median in self.medians.items():
            values = self.runs[name]
            table.add_row(name, f"{median:,.0f}", f"{min(values):,.0f}", f"{max(values):,.0f}")
        console.print(table)
        for claim in self.claims:
            word = "[green]holds[/]" if claim.passed else "[red]fails[/]"
            bound = "at most" if claim.is_ceiling else "at least"
            console.print(f"{word}  {claim.claim}: {claim.figure:.2f} ({bound} {claim.limit})", soft_wrap=True)


def machine() -> dict[str, Any]:
    """Where it was measured."""
    return {"processors": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()}
