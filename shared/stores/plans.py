"""`X_plans` and `X_plan_parts`: the plan of each UTC day, and how far each part of it is; what the planner has learned.

A part is written by whoever has done it, as a whole, so doing one twice changes nothing. Kept: plans for three months,
parts for three days.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from pymongo import ASCENDING, DESCENDING, UpdateOne
from pymongo.errors import DuplicateKeyError

from shared.domain.planning.day import Basis, Stage
from shared.domain.planning.fitting import Learned
from shared.domain.planning.midnight import Purchases, purchases
from shared.domain.planning.sizes import Model
from shared.domain.planning.tally import Tally
from shared.stores.database import Db, Document, guarded
from shared.stores.indexes import Index
from shared.stores.plan_documents import (
    basis_document,
    basis_of,
    learned_of,
    model_document,
    model_of,
    sums_of,
    tally_of,
)

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

    @property
    def made(self) -> Purchases:
        """The order of the day, as the tally and the money have it; of no posts before all parts are ranked."""
        return purchases(self.tally, self.basis.money.whole, self.basis.rules)


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
    def budgets(self, day: date) -> Mapping[str, float | None]:
        """Those that the plan of that day was begun with; empty: there is none, or nobody noted them."""
        found = self._plans.find_one({"_id": day.isoformat()}, {"basis.budgets": 1}) or {}
        return dict(found.get("basis", {}).get("budgets", {}))

    @guarded
    def last(self) -> Plan | None:
        """The latest plan, of whichever day; None before the first."""
        return next(iter(self.newest(1)), None)

    @guarded
    def newest(self, count: int) -> list[Plan]:
        """The last plans, the latest first."""
        return [_plan(one) for one in self._plans.find().sort("_id", DESCENDING).limit(count)]

    @guarded
    def begin(self, day: date, basis: Basis, parts: Sequence[Part], *, now: datetime) -> None:
        """A new plan with its parts. One that was begun already stays as it is, and so do its parts."""
        plan: Document = {
            "_id": day.isoformat(),
            "stage": Stage.RANK.value,
            "begun_at": now,
            "basis": basis_document(basis),
            "bounds": [[one.number, one.from_id, one.to_id] for one in parts],
        }
        try:
            self._plans.insert_one(plan)
        except DuplicateKeyError:  # another scheduler was first, and its parts may be counted by now
            return
        self._write_parts(plan)

    @guarded
    def complete(self, day: date) -> int:
        """Write the parts of a plan that are not there, for who began it may have ended before; answers how many."""
        found = self._plans.find_one({"_id": day.isoformat()}, {"cells": 0})
        return self._write_parts(found) if found else 0

    @guarded
    def forget(self, day: date) -> None:
        """As if no plan had been begun that day. The plan goes last: what ends before that is done again."""
        self._parts.delete_many({"day": day.isoformat()})
        self._plans.delete_one({"_id": day.isoformat()})

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
    def ranked(self, day: date, number: int, tally: Tally, *, at: float) -> None:
        """A part is counted. at: when its plan was begun; one that was forgotten since is told nothing."""
        cells = [[*cell, posts, tally.acts.get(cell, 0.0)] for cell, posts in tally.posts.items()]
        self._end(day, number, Stage.RANK, {"stage": Stage.PLACE.value, "cells": cells}, at)

    @guarded
    def placed(self, day: date, number: int, posts: int, *, at: float, quiet: Sequence[tuple[float, int]] = ()) -> None:
        """What a part buys has its dates. at: as with `ranked`. quiet: the largest (size, id) that nobody reads."""
        told = {"quiet": [[size, post_id] for size, post_id in quiet]} if quiet else {}
        self._end(day, number, Stage.PLACE, {"stage": Stage.DONE.value, "placed": posts, **told}, at)

    @guarded
    def quiet(self, day: date) -> list[tuple[float, int]]:
        """Those of all parts."""
        found = self._parts.find({"day": day.isoformat()}, {"quiet": 1})
        return [(size, post_id) for one in found for size, post_id in one.get("quiet", ())]

    @guarded
    def tests(self, day: date) -> int:
        """What the plan of that day leaves to group tests, in posts; none where there is no plan."""
        found = self._plans.find_one({"_id": day.isoformat()}, {"basis.tests": 1}) or {}
        return int(found.get("basis", {}).get("tests", 0))

    @guarded
    def tallies(self, day: date) -> list[Tally]:
        """Of all parts that are ranked."""
        return [
            tally_of(one["cells"]) for one in self._parts.find({"day": day.isoformat()}, {"cells": 1}) if "cells" in one
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
        self._state.update_one({"_id": _LEARNED}, {"$inc": sums_of(more)}, upsert=True)

    @guarded
    def learned(self) -> tuple[Learned, Model, date | None]:
        """The sums; the model that was last fitted, untrained until then; and on which day it was."""
        value: Document = (self._state.find_one({"_id": _LEARNED}) or {}).get("value", {})
        fitted = value.get("fitted_on")
        return learned_of(value), model_of(value.get("model")), date.fromisoformat(fitted) if fitted else None

    @guarded
    def fitted(self, day: date, model: Model, kept: float) -> None:
        """The weekly fit; of the sums that part is kept. The first look, which fits nothing, keeps all."""
        factors = dict.fromkeys(sums_of(Learned()), kept)
        change: Document = {"$set": {"value.fitted_on": day.isoformat(), "value.model": model_document(model)}}
        self._state.update_one({"_id": _LEARNED}, change | ({"$mul": factors} if kept < 1 else {}), upsert=True)

    def _write_parts(self, plan: Document) -> int:
        rows = [
            {
                "_id": f"{plan['_id']}:{number}",
                "day": plan["_id"],
                "number": number,
                "from_id": from_id,
                "to_id": to_id,
                "stage": Stage.RANK.value,
                "begun_at": plan["begun_at"],
                "at": plan["basis"]["at"],
            }
            for number, from_id, to_id in plan.get("bounds", [])
        ]
        writes = [UpdateOne({"_id": one["_id"]}, {"$setOnInsert": one}, upsert=True) for one in rows]
        return self._parts.bulk_write(writes, ordered=False).upserted_count if writes else 0

    def _end(self, day: date, number: int, stage: Stage, change: Mapping[str, Any], at: float) -> None:
        mine: Document = {"_id": f"{day.isoformat()}:{number}", "stage": stage.value, "at": {"$in": [at, None]}}
        self._parts.update_one(mine, {"$set": change})


def _plan(found: Document) -> Plan:
    return Plan(
        day=date.fromisoformat(found["_id"]),
        stage=Stage(found["stage"]),
        basis=basis_of(found["basis"]),
        tally=tally_of(found.get("cells", [])),
        placed=found.get("placed", 0),
    )
