"""How true engagement stays for the same money: the planner beside tiers and beside what can be hoped for.

`python -m bench.planner` makes worlds by three laws and three seeds, lets each policy spend the same money in them,
prints a table for each law, writes var/bench/planner.json and planner.png, and exits 1 when a claim fails. The rules
are in `bench.planning.rules`; docs/planner.md says on which seeds constants were chosen. `--posts` and `--seeds` make
it smaller.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.planner_adapter import make_policy
from bench.planning.laws import Law
from bench.planning.peers import AtMidnight, PresentOracle, Tiers
from bench.planning.rules import Policy, Result, run
from bench.planning.world import World, make_world
from bench.report import Claim, Report

POSTS, SEEDS, SHARES = 20_000, (1, 2, 3), (0.015, 0.05, 0.15)
FIFO, TIERS, UNTRAINED, ORACLE = "fifo tiers", "tier-first", "count/age^1.2", "present oracle"
PLANNER, RESTING, RESTING_ORACLE = "planner", "planner, searches rest", "present oracle, searches rest"
FOLDER = Path("var/bench")
# At most, at 1.5, 5 and 15 % of the posts bought a day.
OF_FIFO, OF_TIERS, OF_ORACLE, OF_ORACLE_RESTING = (0.40, 0.20, 0.12), (0.55, 0.42, 0.27), (1.9,) * 3, (1.5,) * 3
ESTIMATE_OF_TIERS, UNWEIGHTED, LATE_AT_5, IDS_A_CALL = (0.45, 0.38, 0.25), 1.05, 0.03, 97.0

Key = tuple[str, int, str, float]  # law, seed, policy, share
Results = dict[Key, Result]


def policies(world: World) -> dict[str, Callable[[], Policy]]:
    """All that is compared, each new for every run."""
    return {
        FIFO: lambda: Tiers("due"),
        TIERS: lambda: Tiers("tier"),
        UNTRAINED: AtMidnight,
        ORACLE: lambda: PresentOracle(world),
        PLANNER: lambda: make_policy(world.seed),
        RESTING: lambda: make_policy(world.seed),
        RESTING_ORACLE: lambda: PresentOracle(world),
    }


def measure(posts: int, seeds: Sequence[int], console: Console) -> Results:
    """Every policy in every world, for each amount of money."""
    results: Results = {}
    for law in Law:
        for seed in seeds:
            world = make_world(law, seed, posts)
            for share in SHARES:
                for name, make in policies(world).items():
                    results[law, seed, name, share] = run(world, make(), share, rests=name in {RESTING, RESTING_ORACLE})
            console.print(f"{law}, seed {seed}: done")
    return results


class Judged:
    """Ratios of what was measured: means over seeds and laws."""

    def __init__(self, results: Results) -> None:
        self.results = results
        self.laws = list(dict.fromkeys(law for law, *_ in results))
        self.seeds = list(dict.fromkeys(seed for _, seed, *_ in results))

    def ratios(self, name: str, peer: str, share: float, what: str = "weighted", of: str | None = None) -> list[float]:
        """`what` of one policy by `of` (or the same) of another, world by world."""
        return [
            getattr(self.results[law, seed, name, share], what)
            / getattr(self.results[law, seed, peer, share], of or what)
            for law in self.laws
            for seed in self.seeds
        ]

    def ratio(self, name: str, peer: str, share: float, what: str = "weighted", of: str | None = None) -> float:
        """The mean of `ratios`."""
        return statistics.fmean(self.ratios(name, peer, share, what, of))

    def values(self, name: str, share: float, what: str) -> list[float]:
        """`what` of one policy, world by world."""
        return [getattr(self.results[law, seed, name, share], what) for law in self.laws for seed in self.seeds]

    def moonshot(self) -> float:
        """The estimate for 1.5 % by what tier-first stores for 15 %."""
        few, most = self.values(PLANNER, SHARES[0], "estimate"), self.values(TIERS, SHARES[-1], "weighted")
        return statistics.fmean(a / b for a, b in zip(few, most, strict=True))


def claims(judged: Judged) -> list[Claim]:
    """All that the planner must reach, and the moonshot."""
    made: list[Claim] = []

    def most(claim: str, figure: float, limit: float) -> None:
        made.append(Claim(claim, round(figure, 3), limit, is_ceiling=True))

    for at, share in enumerate(SHARES):
        money = f"at {share:.1%}"
        most(f"weighted error by fifo tiers {money}", judged.ratio(PLANNER, FIFO, share), OF_FIFO[at])
        most(f"weighted error by tier-first {money}", judged.ratio(PLANNER, TIERS, share), OF_TIERS[at])
        most(f"weighted error by the present oracle {money}", judged.ratio(PLANNER, ORACLE, share), OF_ORACLE[at])
        resting = judged.ratio(RESTING, ORACLE, share)
        most(f"by the present oracle, where the planner's searches rest {money}", resting, OF_ORACLE_RESTING[at])
        both = judged.ratio(RESTING, RESTING_ORACLE, share)
        most(f"by the present oracle, where the searches of both rest {money}", both, OF_ORACLE_RESTING[at])
        estimate = judged.ratio(PLANNER, TIERS, share, "estimate", "weighted")
        most(f"error of the estimate by tier-first {money}", estimate, ESTIMATE_OF_TIERS[at])
        most(f"unweighted error by tier-first {money}", judged.ratio(PLANNER, TIERS, share, "unweighted"), UNWEIGHTED)
        ids = min(judged.values(PLANNER, share, "ids_a_call"))
        made.append(Claim(f"ids a call {money}", round(ids, 2), IDS_A_CALL))
    late = statistics.fmean(judged.values(PLANNER, 0.05, "late"))
    most("share of bursts noticed late at 5.0%", late, LATE_AT_5)
    most("moonshot: the estimate at 1.5% by tier-first at 15%", judged.moonshot(), 1.0)
    return made


def show(judged: Judged, console: Console) -> None:
    """For each law, the means over its seeds."""
    for law in judged.laws:
        of_law = Judged({key: result for key, result in judged.results.items() if key[0] == law})
        table = Table(f"{law}: by tier-first", *(f"{share:.1%}" for share in SHARES))
        for name in policies_of(judged.results):
            table.add_row(name, *(f"{of_law.ratio(name, TIERS, share):.3f}" for share in SHARES))
        of_estimate = [of_law.ratio(PLANNER, TIERS, share, "estimate", "weighted") for share in SHARES]
        table.add_row("planner, estimate", *(f"{figure:.3f}" for figure in of_estimate))
        table.add_row("planner by oracle", *(f"{of_law.ratio(PLANNER, ORACLE, share):.3f}" for share in SHARES))
        of_unweighted = [of_law.ratio(PLANNER, TIERS, share, "unweighted") for share in SHARES]
        table.add_row("planner, unweighted", *(f"{figure:.3f}" for figure in of_unweighted))
        lates = [statistics.fmean(of_law.values(PLANNER, share, "late")) for share in SHARES]
        table.add_row("planner, late bursts", *(f"{figure:.1%}" for figure in lates))
        console.print(table)


def policies_of(results: Iterable[Key]) -> list[str]:
    """The names of all policies, in their order."""
    return list(dict.fromkeys(name for _, _, name, _ in results))


def report(judged: Judged) -> Report:
    """Medians and runs are of the measures of each policy; runs world by world, in the order of laws and seeds."""
    runs: dict[str, list[float]] = {}
    for law, seed, name, share in judged.results:
        for what, value in asdict(judged.results[law, seed, name, share]).items():
            runs.setdefault(f"{name}, {share:.1%}, {what}", []).append(round(value, 5))
    medians = {name: statistics.median(values) for name, values in runs.items()}
    return Report("planner", claims(judged), medians, runs)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, write; 1 when a claim fails."""
    from bench.planning.plot import draw

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=POSTS)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    options, console = parser.parse_args(arguments), Console()
    judged = Judged(measure(options.posts, options.seeds, console))
    show(judged, console)
    made = report(judged)
    made.write(FOLDER)
    draw(
        {name: [judged.values(name, share, "weighted") for share in SHARES] for name in policies_of(judged.results)},
        [judged.values(PLANNER, share, "estimate") for share in SHARES],
        SHARES,
        FOLDER / "planner.png",
    )
    for claim in made.claims:
        bound = "at most" if claim.is_ceiling else "at least"
        word = "holds" if claim.passed else "fails"
        console.print(f"{word}  {claim.claim}: {claim.figure:.3f} ({bound} {claim.limit})", soft_wrap=True)
    return 0 if made.passed else 1


if __name__ == "__main__":
    sys.exit(main())
