"""What the planner keeps, as documents and back. Pure.

Invariant: it comes back as it was; where nothing is kept nothing was learned, and the model is untrained.
"""

from __future__ import annotations

from collections.abc import Sequence

from shared.domain.planning.day import Basis, Money
from shared.domain.planning.fitting import Learned, Spread
from shared.domain.planning.sizes import Model
from shared.domain.planning.tally import Cell, Tally
from shared.stores.database import Document


def tally_of(cells: Sequence[Sequence[float]]) -> Tally:
    """A tally, of rows of days, level, posts and acts."""
    tally = Tally()
    for days, level, posts, acts in cells:
        tally.posts[Cell(int(days), int(level))], tally.acts[Cell(int(days), int(level))] = int(posts), acts
    return tally


def basis_document(basis: Basis) -> Document:
    """The document of what a plan is made by."""
    money = basis.money
    return {
        "at": basis.at,
        "money": {"now": money.now, "whole": money.whole, "kept": money.kept},
        "followed": basis.followed,
        "typical_count": basis.typical_count,
        "model": model_document(basis.model),
        "span_days": basis.span_days,
        "budgets": dict(basis.budgets),
        "already": basis.already,
        "tests": basis.tests,
        "suspects": basis.suspects,
    }


def basis_of(found: Document) -> Basis:
    """What a plan is made by."""
    return Basis(
        at=found["at"],
        money=Money(**found["money"]),
        followed=found["followed"],
        typical_count=found["typical_count"],
        model=model_of(found["model"]),
        span_days=found["span_days"],
        budgets=found.get("budgets", {}),
        already=found.get("already", 0),
        tests=found.get("tests", 0),
        suspects=found.get("suspects", 0),
    )


def model_document(model: Model) -> Document:
    """The document of a model."""
    return {"weights": [list(pair) for pair in model.weights], "source": model.source}


def model_of(found: Document | None) -> Model:
    """The model; untrained where there is none."""
    return Model(tuple((first, second) for first, second in found["weights"]), found["source"]) if found else Model()


def sums_of(learned: Learned) -> dict[str, float]:
    """What was learned, by the names under which MongoDB adds to it."""
    sums = {f"value.fits.{row}.{place}": x for row, fit in enumerate(learned.fits) for place, x in enumerate(fit)}
    for row, one in enumerate(learned.spreads):
        sums |= {f"value.spreads.{row}.{name}": getattr(one, name) for name in ("count", "total", "squares")}
    return {"value.samples": learned.samples, **sums}


def learned_of(value: Document) -> Learned:
    """What was learned; nothing where nothing is kept."""
    empty, fits, spreads = Learned(), value.get("fits", {}), value.get("spreads", {})
    return Learned(
        samples=value.get("samples", 0.0),
        fits=tuple(
            (*(fits.get(str(row), {}).get(str(place), 0.0) for place in range(5)),) for row in range(len(empty.fits))
        ),
        spreads=tuple(Spread(**spreads.get(str(row), {})) for row in range(len(empty.spreads))),
    )
