"""What looks like a number is not an id: dates, fractions, what spreadsheets rounded, times that cannot be."""

from __future__ import annotations

import pytest

from shared.domain.jobs import ALL_QUEUES
from shared.services.bootstrap import Services
from tests.control.conftest import database, db, make_services, services, x
from tests.control.whole import Covey, covey
from tests.workers.world import jobs_in

__all__ = ["covey", "database", "db", "make_services", "services", "x"]

POST = "1460323737035677698"

NO_IDS = {
    # a tail belongs to addresses only
    "12/25/2020": "write its digits, or the address of a post",
    "1/2": "write its digits, or the address of a post",
    "3?": "write its digits, or the address of a post",
    f"{POST}/photo/1": "write its digits, or the address of a post",
    f"{POST}?s=20": "write its digits, or the address of a post",
    f"{POST}#m": "write its digits, or the address of a post",
    f"https://x.com/jack/status/{POST}abc": "write its digits, or the address of a post",
    f"https://evil.example/jack/status/{POST}": "write its digits, or the address of a post",
    "2021-11-15": "write its digits, or the address of a post",
    # numbers that are no ids
    "0": "ids begin at 1",
    "0000": "ids begin at 1",
    "1.46e18": "a spreadsheet rounded it",
    "1.46032E+18": "a spreadsheet rounded it",
    "1,46E+18": "a spreadsheet rounded it",
    f"{POST}.0": "took it for a fraction",
    "1.5": "took it for a fraction",
    # times that cannot be
    "9999999999999999999": "a time to come",
    "1" * 25: "longer than ids are",
    "20": "before November 2010",
    "29700859247": "before November 2010",
    f"x.com/jack/status/{POST[:12]}": "before November 2010",
}


@pytest.mark.parametrize("text", NO_IDS)
def test_it_is_refused_with_its_reason(covey: Covey, services: Services, text: str) -> None:
    """Status 2, one line with the text and the reason, and the good id beside it is not asked for either."""
    done = covey("refresh", POST, text)

    assert done.status == 2
    assert repr(text) in done.line
    assert NO_IDS[text] in done.line
    assert all(jobs_in(services, queue) == [] for queue in ALL_QUEUES)


def test_a_negative_number_is_refused(covey: Covey) -> None:
    """Behind --, where it cannot be an option."""
    done = covey("refresh", "--", f"-{POST}")

    assert done.status == 2
    assert "ids are never negative" in done.line


def test_an_old_id_is_taken_when_it_is_meant(covey: Covey) -> None:
    """Posts from before November 2010 have short ids: --old-ids takes them, and still no date."""
    assert covey("refresh", "--old-ids", "20", "29700859247").status == 0
    assert covey("refresh", "--old-ids", "20", "12/25/2020").status == 2
