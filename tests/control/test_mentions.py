"""`covey mentions`: what concerns the sources, and how far a person is with it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from control import mentions as doing
from control.trail import at_terminal
from shared.domain.errors import InputError
from shared.domain.mentions import Mention
from shared.domain.sources import Source, SourceKind, Terms
from shared.services.bootstrap import Services
from tests.control.conftest import Invoke
from tests.workers.world import NOW

POST = 1460323737035677698


@pytest.fixture
def stored(services: Services) -> Services:
    """A source, two mentions of it and one of another, and one of another tenant."""
    now = services.clock.now()
    services.stores.sources.add(
        Source(id="moon", name="moon", kind=SourceKind.TERMS, terms=Terms(keywords=("moon",))), now=now
    )
    given: dict[str, Any] = {"platform": "x", "url": "u", "author_handle": "nasa", "likes_count": 1234}
    rows = [("default", 0, "moon"), ("default", 1, "moon"), ("default", 2, "sun"), ("other", 3, "moon")]
    services.stores.mentions.put(
        [
            Mention(
                tenant_id=tenant,
                external_id=str(POST + number),
                sources=(source,),
                content=f"[red]word\n{number} " + "x" * 80,
                published_at=NOW + timedelta(minutes=number),
                **given,
            )
            for tenant, number, source in rows
        ],
        now=now,
        at=now,
    )
    return services


def test_one_that_x_told_twice_is_json_too(services: Services, invoke: Invoke) -> None:
    """What is kept to know an answer again is not told."""
    one = Mention(
        tenant_id="default", platform="x", external_id=str(POST), sources=(), url="u", content="c", published_at=NOW
    )
    for seconds in (0, 60):
        at = services.clock.now() + timedelta(seconds=seconds)
        services.stores.mentions.put([one], now=at, at=at)
    assert "told" in (services.stores.db["mentions"].find_one() or {})

    (told,) = json.loads(invoke("mentions", "--json").stdout)

    assert (told["external_id"], "told" in told) == (str(POST), False)


def test_the_newest_are_listed(stored: Services, invoke: Invoke) -> None:
    """Newest first; of one source, with one status, so many; a table and JSON."""

    def ids(*options: str) -> list[int]:
        return [int(one["external_id"]) - POST for one in json.loads(invoke("mentions", "--json", *options).stdout)]

    assert ids() == [2, 1, 0]
    assert ids("--source", "moon") == [1, 0]
    assert ids("--limit", "1") == [2]
    assert ids("--status", "seen") == []
    table = invoke("mentions").stdout
    assert "@nasa" in table
    assert "1,234" in table
    assert "[red]word" in table
    assert invoke("mentions", "--status", "muted").stdout == "There are none.\n"


@pytest.mark.parametrize(
    "given", [f"default:x:{POST}", str(POST), f"https://x.com/nasa/status/{POST}"], ids=["id", "post", "address"]
)
def test_a_status_is_set(stored: Services, invoke: Invoke, given: str) -> None:
    """By the mention's id, or by its post; and told, with what it was."""
    said = invoke("mentions", "set", given, "handled")

    assert said.stdout == f"default:x:{POST} is handled; it was new.\n"
    assert json.loads(invoke("mentions", "set", given, "MUTED", "--json").stdout) == {
        "id": f"default:x:{POST}",
        "before": "handled",
        "status": "muted",
    }
    (one,) = doing.newest(stored.stores, status="muted", limit=9)
    assert one["external_id"] == str(POST)
    entry = stored.stores.trail.page(tenant=None, start=None, limit=1)[0]
    assert (entry["action"], entry["before"], entry["after"]) == ("mention.status", "handled", "muted")
    assert entry["actor"]["kind"] == "cli"


def test_what_cannot_be_is_one_line(stored: Services) -> None:
    """Each names the value that is wrong."""
    stores = stored.stores
    for call, word in (
        (lambda: doing.newest(stores, source="mars", limit=1), "'mars'"),
        (lambda: doing.newest(stores, status="old", limit=1), "'old' is no status: new, seen, handled, muted"),
        (lambda: doing.newest(stores, limit=0), "--limit 0: 1 to 1000"),
        (lambda: doing.set_status(stored, at_terminal(), "default:x:404", "seen"), "'default:x:404'"),
        (lambda: doing.set_status(stored, at_terminal(), "what", "seen"), "what"),
        (lambda: doing.set_status(stored, at_terminal(), str(POST), "done"), "'done'"),
        (lambda: doing.set_status(stored, at_terminal(), f"other:x:{POST + 3}", "seen"), "other"),
    ):
        with pytest.raises(InputError, match=word):
            call()
