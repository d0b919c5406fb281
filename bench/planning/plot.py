"""The picture of the comparison: weighted error by money, one line a policy."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt


def draw(
    errors: Mapping[str, Sequence[Sequence[float]]],
    estimates: Sequence[Sequence[float]],
    shares: Sequence[float],
    path: Path,
) -> None:
    """errors: by policy, for each share of posts bought a day, the weighted error of every world."""
    figure, axes = plt.subplots(figsize=(8, 5), constrained_layout=True)
    percents = [100 * share for share in shares]
    for name, rows in errors.items():
        axes.plot(percents, [statistics.fmean(row) for row in rows], marker="o", label=name)
    means = [statistics.fmean(row) for row in estimates]
    axes.plot(percents, means, marker="o", linestyle="--", label="planner, estimate")
    axes.set(xscale="log", yscale="log", xlabel="posts bought a day, % of all", ylabel="weighted error")
    axes.set_xticks(percents, [f"{percent:g}" for percent in percents])
    axes.legend()
    figure.savefig(path, dpi=120)
    plt.close(figure)
