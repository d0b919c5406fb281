"""Answers of X that are none: whatever came, the same is asked again, nothing is missing and nothing dies early."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.domain.coverage.sweeps import SweepStatus
from shared.domain.outcomes import GiveUp, RetryIn
from shared.services.bootstrap import Services
from tests.faults.bad_answers import ON_PAGES, PAGING, PASSING
from tests.faults.faulty_x import (
    LOOKUP,
    QUOTES,
    SEARCH,
    FaultyX,
    assert_nothing_missed,
    begin_search,
    counted,
    living_quotes,
    read_quotes,
    refresh,
    search,
    stream_of,
)
from tests.workers.world import open_quotes, state_of, stored_ids

pytestmark = pytest.mark.system


@pytest.mark.parametrize("name", ON_PAGES)
def test_reading_goes_on_where_x_failed(
    make_services: Callable[..., Services], x: FaultyX, quoted: int, living: list[int], name: str
) -> None:
    """Pages of a search and of quotes and a look-up that were not answered are asked for again, and nothing is missing.

    The first page of the search fails, and a later one.
    """
    services = make_services(x.url, x_dialect="new", x_read_timeout_seconds=0.5 if name == "silence" else 5.0)
    answer = ON_PAGES[name]
    x.misbehave_each(answer, {SEARCH: [1, 3], QUOTES: [1], LOOKUP: [1] if name in PASSING else []})
    searched, quotes = begin_search(services, x), open_quotes(services, quoted)
    before = x.calls(SEARCH)

    shifts = [search(services, searched), read_quotes(services, quotes), refresh(services, living)]

    faults = [2, 1, 1 if name in PASSING else 0]
    assert [len(shift.reasons(RetryIn)) for shift in shifts] == faults
    assert [len(shift.decisions) for shift in shifts] == faults
    assert x.calls(SEARCH) - before == state_of(services, searched.id).page + 2
    assert_nothing_missed(services, x, searched)
    assert state_of(services, quotes.id).is_complete
    assert living_quotes(x, quoted) <= stored_ids(services)
    assert set(living) <= counted(services)


def test_a_fault_without_end_is_buried_after_its_attempts(services: Services, x: FaultyX) -> None:
    """What never heals ends in the dead letters after five attempts, with the sweep at its place."""
    sweep = begin_search(services, x)
    x.misbehave({"kind": "server_error", "status": 503}, endpoint=SEARCH, from_call=2)

    shift = search(services, sweep)

    assert (len(shift.reasons(RetryIn)), shift.reasons(GiveUp)) == (4, ["attempts:ServerFault"])
    assert (state_of(services, sweep.id).page, state_of(services, sweep.id).status) == (1, SweepStatus.OPEN)
    assert stream_of(services).sweeps_completed == 0


def test_a_stream_survives_everything_together(services: Services, x: FaultyX) -> None:
    """Half of all answers are bad in one way or another, drawn from a seed: nothing is missed and nothing dies."""
    kinds = [*PASSING.values(), *PAGING.values(), {"kind": "problem", "problem": "too-many-requests"}]
    quick = [kind for kind in kinds if kind["kind"] not in {"no_answer"}]
    rules = [{"match": {"endpoint": SEARCH, "probability": 0.5 / len(quick)}, "answer": kind} for kind in quick]
    x.run_script({"seed": 7, "rules": rules})
    sweep = begin_search(services, x, x.since(hits=1_000))

    shift = search(services, sweep)

    assert len(shift.decisions) >= 4
    assert shift.dead == []
    x.behave()
    assert_nothing_missed(services, x, sweep)
