"""`covey tokens`, whole."""

from __future__ import annotations

import json

import pytest

from control import tokens
from shared.services.bootstrap import Services
from tests.control.whole import Covey, covey

__all__ = ["covey"]


def test_a_token_is_printed_once_and_opens(covey: Covey, services: Services) -> None:
    """On standard output there is nothing but the token; lists never show it, and it is on the record."""
    made = covey("tokens", "create", "ci", "--scope", "read", "--scope", "runs:write", "--days", "7")
    assert made.status == 0
    text = made.stdout.strip()
    token = tokens.shown(services, text)
    assert token is not None
    assert sorted(token.scopes) == ["read", "runs:write"]
    listed = covey("tokens", "list")
    assert text not in listed.stdout
    assert text[:8] in listed.stdout
    (row,) = json.loads(covey("tokens", "list", "--json").stdout)
    assert (row["name"], row["state"], row["tenant"]) == ("ci", "active", "default")
    entry = services.stores.trail.page(tenant=None, start=None, limit=1)[0]
    assert (entry["action"], entry["actor"]["kind"], entry["outcome"]) == ("token.create", "cli", "done")


def test_a_token_is_taken_back_by_its_id_or_its_first_characters(covey: Covey, services: Services) -> None:
    """As the list shows it; nothing is opened with it afterwards."""
    for by in ("id", "prefix"):
        made = json.loads(covey("tokens", "create", "ci", "--json").stdout)
        done = covey("tokens", "revoke", made[by], "--json")
        assert json.loads(done.stdout)["state"] == "revoked"
        assert tokens.shown(services, made["token"]) is None


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("create", "ci", "--scope", "all"), "all"),
        (("create", "ci", "--tenant", "A B"), "A B"),
        (("create", ""), "name"),
        (("create", "x" * 101), "100"),
        (("create", "ci", "--days", "9999"), "9999"),
        (("revoke", "nothing"), "nothing"),
        (("list", "--tenant", "ÄÖ"), "ÄÖ"),
    ],
)
def test_what_cannot_be_is_named_in_a_line(
    covey: Covey, services: Services, arguments: tuple[str, ...], word: str
) -> None:
    """And nothing is made."""
    done = covey("tokens", *arguments)
    assert done.status == 2
    assert word in done.line
    assert tokens.rows(services) == []
