"""Addresses on x.com that are no profiles are not followed as if their page were an account."""

from __future__ import annotations

import json

import pytest

from shared.services.bootstrap import Services
from tests.control.conftest import database, db, make_services, services, x
from tests.control.whole import Covey, covey

__all__ = ["covey", "database", "db", "make_services", "services", "x"]

PATHS = """
    notifications notifications/mentions messages messages/123-456 jobs jobs/search tos home i i/bookmarks i/lists/1
    i/communities/1 i/spaces/1abc explore explore/tabs/trending settings settings/account search?q=nasa
    search-advanced hashtag/nasa intent/user?screen_name=nasa intent/post?text=a login logout signup privacy about
    compose/post share?url=a download lists communities bookmarks account/access topics moments who_to_follow
"""


@pytest.mark.parametrize("path", PATHS.split())
def test_a_page_is_refused_with_its_reason(covey: Covey, services: Services, path: str) -> None:
    """At every host, in every case; the account beside it is not followed either."""
    name = path.split("?")[0].split("/")[0]
    for address in (f"https://x.com/{path}", f"www.twitter.com/{path.upper()}"):
        done = covey("track", "nasa", address)

        assert done.status == 2
        assert f"{address!r} is no handle" in done.line
        assert f"x.com/{name} is a page of x, not a profile" in done.line.lower()
    assert services.stores.handles.all() == []


@pytest.mark.parametrize(
    "address", ["https://x.com", "https://x.com/", "https://x.com/?lang=en", "t.co/abc", "https://nitter.net/nasa"]
)
def test_an_address_without_a_profile_is_refused(covey: Covey, services: Services, address: str) -> None:
    """The front page, a short link and another site name nobody."""
    done = covey("track", address)

    assert done.status == 2
    assert f"{address!r} is no handle" in done.line
    assert services.stores.handles.all() == []


def test_profiles_in_every_shape_are_followed(covey: Covey) -> None:
    """Names, and addresses of profiles with their tabs, in any case and in quotes; also of one named as a page is."""
    given = {
        "@NASA": "NASA",
        "https://x.com/esa/with_replies": "esa",
        "https://x.com/SpaceX/media": "SpaceX",
        "HTTPS://MOBILE.TWITTER.COM/JAXA_en?lang=en": "JAXA_en",
        " x.com/@isro/ ": "isro",
        "“@CNES”": "CNES",
        "@jobs": "jobs",
    }

    done = covey("track", "--json", *given)

    assert json.loads(done.stdout)["added"] == list(given.values())
