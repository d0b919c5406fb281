"""The endpoint table against the published specs and its own rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shared.domain.errors import InputError
from shared.platforms.x.endpoints import ENDPOINTS, SEARCH_RECENT, Endpoint, check_keys, least_intervals_seconds

EVERY = list(ENDPOINTS.values())


@pytest.mark.parametrize("version", ["2.166", "2.167"])
@pytest.mark.parametrize("entry", EVERY, ids=lambda entry: entry.key)
def test_table_agrees_with_the_spec(entry: Endpoint, version: str, spec: Callable[[str, str], dict[str, Any]]) -> None:
    """Paths, page sizes and numbers of ids are those that X publishes."""
    parameters = spec(version, entry.path)["parameters"]

    sizes = parameters.get("max_results", {})
    assert (entry.min_page, entry.max_page) == (sizes.get("minimum", 0), sizes.get("maximum", 0))
    lists = [
        schema.get("maxItems", 0) for name, schema in parameters.items() if name in {"ids", "usernames", "media_keys"}
    ]
    is_unbounded = 0 in lists  # of rules, in the older spec
    assert entry.max_ids == max(lists, default=0) or is_unbounded


@pytest.mark.parametrize("entry", EVERY, ids=lambda entry: entry.key)
def test_accepted_credentials_agree_with_the_spec(entry: Endpoint, spec: Callable[[str, str], dict[str, Any]]) -> None:
    """The kinds of credentials are those of the newer spec."""
    names = {"BearerToken": "bearer", "OAuth2UserToken": "oauth2_user", "UserToken": "oauth1_user"}
    schemes = spec("2.167", entry.path)["security"]

    assert {kind.value for kind in entry.credentials} == {names[name] for scheme in schemes for name in scheme}


def test_keys_are_unique_names_without_spaces() -> None:
    """A key may be a label and a part of a Redis key."""
    assert all(key == entry.key and key and not any(c.isspace() for c in key) for key, entry in ENDPOINTS.items())


@pytest.mark.parametrize("size", [9, 101, 0, -1])
def test_page_size_out_of_bounds_is_named(size: int) -> None:
    """A page size that X would refuse costs no call."""
    with pytest.raises(InputError, match=str(size)):
        SEARCH_RECENT.check_page_size(size)


def test_unknown_endpoint_is_named() -> None:
    """The message names the setting and the unknown key; known ones pass."""
    check_keys(["search/recent", "tweets"], "SETTING")
    with pytest.raises(InputError, match="SETTING: no endpoint is called 'nonsense'"):
        check_keys(["tweets", "nonsense"], "SETTING")


def test_only_the_archive_has_a_rule_of_seconds() -> None:
    """X documents one call a second for the search of the archive; the others have their windows alone."""
    intervals = least_intervals_seconds()

    assert set(intervals) == {"search/all"}
    assert 1.0 < intervals["search/all"] < 1.5
