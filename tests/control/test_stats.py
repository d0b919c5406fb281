"""`covey stats`: readings by day, source and run, and what is wrong with what was asked."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from shared.domain.engagement.reads import Reads
from shared.domain.engagement.standing import Standing, TierStanding
from shared.domain.engagement.tiers import Tier
from shared.domain.models import Post, WorkClass
from shared.domain.money.purchases import PaidCall
from shared.domain.sources import Source, SourceKind
from shared.services.bootstrap import Services
from tests.amounts import amounts
from tests.control.whole import Covey, covey

__all__ = ["covey"]

FIVE = Reads(calls=2, ids=150, read=140, bought=40, free=100, micro_usd=200_000)
FIGURES = {"calls": 2, "ids": 150, "ids_a_call": 75.0, "read": 140, "bought": 40, "free": 100}
MONEY = {"saved_usd": 0.5, "usd": 0.2}


def rows(covey: Covey, *arguments: str) -> list[dict[str, Any]]:
    """The readings as a script gets them."""
    done = covey("stats", *arguments, "--json")
    assert done.status == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)["readings"]
    return found


def test_a_day_is_told_in_all_and_by_source(covey: Covey, services: Services) -> None:
    """Today where no day is given; a day on which nothing was read has zeros."""
    today = services.ledger.now().date()
    services.stores.reads.add(today, {None: FIVE, "press": FIVE, "floods": Reads(calls=1, ids=1)})

    all_of_it, floods, press = rows(covey)
    assert all_of_it == {"day": str(today), "source": None, **FIGURES, **MONEY}
    assert (floods["source"], floods["read"], press) == ("floods", 0, all_of_it | {"source": "press"})
    (before,) = rows(covey, "--day", str(today - timedelta(days=1)))
    assert (before["calls"], before["ids_a_call"]) == (0, None)
    shown = covey("stats").stdout
    for word in ("press", "75.0", "$0.500", "$0.200", "all"):
        assert word in shown


def test_posts_are_told_by_tier_with_the_age_of_the_count(covey: Covey, services: Services) -> None:
    """Where nobody has counted lately the command does; a day that was asked for has readings only."""
    now = services.clock.now()
    services.stores.engagement.begin([Post(id=1, text="", created_at=now)], now=now)
    first = json.loads(covey("stats", "--json").stdout)["followed"]["tiers"]
    assert (len(first), first[-1]["followed"], first[-1]["due"]) == (5, 1, 1)
    at = services.clock.now() - timedelta(seconds=40)
    hot = TierStanding(followed=1_000, due=30, overdue=10, claimed=20, lag_seconds=300)
    tiers = {Tier.HOT: hot, Tier.COLD: TierStanding(followed=1_000)}
    services.stores.standing.keep(Standing(at=at, took_seconds=0.1, tiers=tiers, unpaid=12))

    told = json.loads(covey("stats", "--json").stdout)["followed"]

    shown = {"followed": 1_000, "due": 30, "overdue": 10, "lag_seconds": 300, "stale_ratio": 0.05}
    assert told["tiers"][0] == {"tier": "hot", **shown}
    assert told["tiers"][-1] == {"tier": None, **shown, "followed": 2_000, "stale_ratio": 0.025}
    assert (told["unpaid"], told["age_seconds"] >= 40) == (12, True)
    words = covey("stats").stdout
    for word in ("1,000", "5.0%", "5 min", "12 readings until midnight cost money"):
        assert word in words
    assert "followed" not in json.loads(covey("stats", "--day", "2026-01-01", "--json").stdout)


def test_a_source_is_told_by_day(covey: Covey, services: Services) -> None:
    """The newest first; a source of which nothing was read yet says so."""
    now, today = services.clock.now(), services.ledger.now().date()
    one = Source(id="press", name="press", kind=SourceKind.ACCOUNTS, accounts=("nasa",))
    assert services.stores.sources.add(one, now=now)
    assert rows(covey, "--source", "press") == []
    assert "Nothing was read again yet." in covey("stats", "--source", "press").stdout

    for back in range(3):
        services.stores.reads.add(today - timedelta(days=back), {None: FIVE, "press": FIVE})

    assert [row["day"] for row in rows(covey, "--source", "press")] == [
        str(today - timedelta(days=back)) for back in range(3)
    ]


def test_a_run_is_told_by_what_it_bought(covey: Covey, services: Services) -> None:
    """Of a refresh also what was free: X showed it and did not bill it."""
    now = services.clock.now()
    services.stores.runs.begin("r1", kind="refresh", subjects=["1", "2", "3", "4"], now=now)
    services.stores.runs.record("r1", {"1": "alive", "2": "alive", "3": "deleted"}, now=now)
    services.stores.runs.note("r1", bought=["1"], found=[])
    services.stores.runs.pay("r1", [PaidCall(WorkClass.INTERACTIVE, now, amounts(1), 5_000)])

    (row,) = rows(covey, "--run", "r1")

    assert {name: row[name] for name in ("kind", "calls", "ids", "read", "bought", "free")} == {
        **{"kind": "refresh", "calls": 1, "ids": 3, "read": 2, "bought": 1, "free": 1}
    }
    assert (row["usd"], row["saved_usd"]) == (0.005, 0.005)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--day", "yesterday"), "'yesterday' is no day: write YYYY-MM-DD"),
        (("--day", "2999-01-01"), "'2999-01-01' has not begun"),
        (("--source", "nobody"), "there is no source 'nobody'; there are: none"),
        (("--run", "r9"), "there is no run 'r9'"),
        (("--run", "r9", "--day", "2026-01-01"), "give one of --day, --source and --run"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(covey: Covey, arguments: tuple[str, ...], line: str) -> None:
    """With the value that was given."""
    done = covey("stats", *arguments)

    assert done.status == 2
    assert line in done.line
