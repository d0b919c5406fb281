"""`X_plans` and `X_plan_parts`: the plan of each UTC day, and how far each part of it is; what the planner has learned.

A part is written by whoever has done it, as a whole, so doing one twice changes nothing. Kept: plans for three months,
parts for three days.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.errors import DuplicateKeyError

from shared.domain.planning.day import Basis, Money, Stage
from shared.domain.planning.fitting import Learned, Spread
from shared.domain.planning.sizes import Model
from shared.domain.planning.tally import Cell, Tally
from shared.stores.database import Db, Document, guarded
from shared.stores.indexes import Index

KEPT, PARTS_KEPT = timedelta(days=92), timedelta(days=3)
INDEXES = (
    Index("X_plans", {"begun_at": ASCENDING}, {"expireAfterSeconds": int(KEPT.total_seconds())}),
    Index("X_plan_parts", {"begun_at": ASCENDING}, {"expireAfterSeconds": int(PARTS_KEPT.total_seconds())}),
    Index("X_plan_parts", {"day": ASCENDING, "stage": ASCENDING}),
)
_LEARNED = "planner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Of one day. tally: of all parts, once they are ranked. placed: how many posts were given a date."""

    day: date
    stage: Stage
    basis: Basis
    tally: Tally = field(default_factory=Tally)
    placed: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """The posts from an id on, up to another; the last part ends nowhere."""

    number: int
    from_id: str
    to_id: str | None


class PlanStore:
    """`_id` of a plan is its day."""

    def __init__(self, db: Db) -> None:
        self._plans, self._parts, self._state = db["X_plans"], db["X_plan_parts"], db["X_state"]

    @guarded
    def get(self, day: date) -> Plan | None:
        """The plan of that day."""
        found = self._plans.find_one({"_id": day.isoformat()})
        return _plan(found) if found else None

    @guarded
    def stage(self, day: date) -> Stage | None:
        """How far the plan of that day is; None: there is none."""
        found = self._plans.find_one({"_id": day.isoformat()}, {"stage": 1})
        return Stage(found["stage"]) if found else None

    @guarded
    def newest(self, count: int = 1) -> list[Plan]:
        """The last plans, the latest first."""
        return [_plan(one) for one in self._plans.find().sort("_id", DESCENDING).limit(count)]

    @guarded
    def begin(self, day: date, basis: Basis, parts: Sequence[Part], *, now: datetime) -> None:
        """A new plan with its parts. One that was begun already stays as it is."""
        rows = [
            {
                "_id": f"{day.isoformat()}:{one.number}",
                "day": day.isoformat(),
                "number": one.number,
                "from_id": one.from_id,
                "to_id": one.to_id,
                "stage": Stage.RANK.value,
                "begun_at": now,
            }
            for one in parts
        ]
        self._parts.delete_many({"day": day.isoformat()})  # of a try that died before the plan itself was written
        self._parts.insert_many(rows, ordered=False)
        try:
            self._plans.insert_one(
                {
                    "_id": day.isoformat(),
                    "stage": Stage.RANK.value,
                    "begun_at": now,
                    "basis": _basis_document(basis),
                    "parts": len(rows),
                }
            )
        except DuplicateKeyError:
            return

    @guarded
    def part(self, day: date, number: int) -> tuple[Part, Stage] | None:
        """A part and what is to be done with it."""
        found = self._parts.find_one({"_id": f"{day.isoformat()}:{number}"}, {"cells": 0})
        return (Part(found["number"], found["from_id"], found["to_id"]), Stage(found["stage"])) if found else None

    @guarded
    def open_parts(self, day: date, stage: Stage) -> list[int]:
        """The numbers of the parts that this is still to be done with."""
        found = self._parts.find({"day": day.isoformat(), "stage": stage.value}, {"number": 1})
        return sorted(int(one["number"]) for one in found)

    @guarded
    def ranked(self, day: date, number: int, tally: Tally) -> None:
        """A part is counted."""
        cells = [[*cell, posts, tally.acts.get(cell, 0.0)] for cell, posts in tally.posts.items()]
        self._end(day, number, Stage.RANK, {"stage": Stage.PLACE.value, "cells": cells})

    @guarded
    def placed(self, day: date, number: int, posts: int) -> None:
        """What a part buys has its dates."""
        self._end(day, number, Stage.PLACE, {"stage": Stage.DONE.value, "placed": posts})

    @guarded
    def tallies(self, day: date) -> list[Tally]:
        """Of all parts that are ranked."""
        return [
            _tally(one["cells"]) for one in self._parts.find({"day": day.isoformat()}, {"cells": 1}) if "cells" in one
        ]

    @guarded
    def place(self, day: date, tally: Tally) -> None:
        """All parts are ranked: their sum says what is bought."""
        cells = [[*cell, posts, tally.acts.get(cell, 0.0)] for cell, posts in tally.posts.items()]
        change: Document = {"stage": Stage.PLACE.value, "cells": cells}
        self._plans.update_one({"_id": day.isoformat(), "stage": Stage.RANK.value}, {"$set": change})

    @guarded
    def done(self, day: date, *, now: datetime) -> None:
        """All parts have their dates."""
        found = self._parts.find({"day": day.isoformat()}, {"placed": 1})
        change: Document = {
            "stage": Stage.DONE.value,
            "placed": sum(int(one.get("placed", 0)) for one in found),
            "done_at": now,
        }
        self._plans.update_one({"_id": day.isoformat(), "stage": Stage.PLACE.value}, {"$set": change})

    @guarded
    def learn(self, more: Learned) -> None:
        """Add to what was learned."""
        self._state.update_one({"_id": _LEARNED}, {"$inc": _sums(more)}, upsert=True)

    @guarded
    def learned(self) -> tuple[Learned, Model, date | None]:
        """The sums; the model that was last fitted, untrained until then; and on which day it was."""
        value: Document = (self._state.find_one({"_id": _LEARNED}) or {}).get("value", {})
        fitted = value.get("fitted_on")
        return _learned(value), _model(value.get("model")), date.fromisoformat(fitted) if fitted else None

    @guarded
    def fitted(self, day: date, model: Model, kept: float) -> None:
        """The weekly fit; of the sums that part is kept. The first look, which fits nothing, keeps all."""
        factors = dict.fromkeys(_sums(Learned()), kept)
        change: Document = {"$set": {"value.fitted_on": day.isoformat(), "value.model": _model_document(model)}}
        self._state.update_one({"_id": _LEARNED}, change | ({"$mul": factors} if kept < 1 else {}), upsert=True)

    def _end(self, day: date, number: int, stage: Stage, change: Mapping[str, Any]) -> None:
        self._parts.update_one({"_id": f"{day.isoformat()}:{number}", "stage": stage.value}, {"$set": change})


def _plan(found: Document) -> Plan:
    return Plan(
        day=date.fromisoformat(found["_id"]),
        stage=Stage(found["stage"]),
        basis=_basis(found["basis"]),
        tally=_tally(found.get("cells", [])),
        placed=found.get("placed", 0),
    )


def _tally(cells: Sequence[Sequence[float]]) -> Tally:
    tally = Tally()
    for days, level, posts, acts in cells:
        tally.posts[Cell(int(days), int(level))], tally.acts[Cell(int(days), int(level))] = int(posts), acts
    return tally


def _basis_document(basis: Basis) -> Document:
    money = basis.money
    return {
        "at": basis.at,
        "money": {"now": money.now, "whole": money.whole, "kept": money.kept},
        "followed": basis.followed,
        "typical_count": basis.typical_count,
        "model": _model_document(basis.model),
        "span_days": basis.span_days,
    }


def _basis(found: Document) -> Basis:
    return Basis(
        at=found["at"],
        money=Money(**found["money"]),
        followed=found["followed"],
        typical_count=found["typical_count"],
        model=_model(found["model"]),
        span_days=found["span_days"],
    )


def _model_document(model: Model) -> Document:
    return {"weights": [list(pair) for pair in model.weights], "source": model.source}


def _model(found: Document | None) -> Model:
    return Model(tuple((first, second) for first, second in found["weights"]), found["source"]) if found else Model()


def _sums(learned: Learned) -> dict[str, float]:
    sums = {f"value.fits.{row}.{place}": x for row, fit in enumerate(learned.fits) for place, x in enumerate(fit)}
    for row, one in enumerate(learned.spreads):
        sums |= {f"value.spreads.{row}.{name}": getattr(one, name) for name in ("count", "total", "squares")}
    return {"value.samples": learned.samples, **sums}


def _learned(value: Document) -> Learned:
    empty, fits, spreads = Learned(), value.get("fits", {}), value.get("spreads", {})
    return Learned(
        samples=value.get("samples", 0.0),
        fits=tuple(
            (*(fits.get(str(row), {}).get(str(place), 0.0) for place in range(5)),) for row in range(len(empty.fits))
        ),
        spreads=tuple(Spread(**spreads.get(str(row), {})) for row in range(len(empty.spreads))),
    )
