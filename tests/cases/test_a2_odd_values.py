"""A value that no document can hold stops neither its page nor, where the rest of it can be read, its own post."""

from __future__ import annotations

import json

import pytest

from shared.domain.money.prices import PriceKind
from shared.services.bootstrap import Services
from tests.cases.pages import FIRST, LAST, ODD, body, document, searched, set_aside, went_on
from tests.workers.world import ScriptedX, post

HOLE = "ODD-VALUE"
# As JSON text, which Python's own writer would not write.
VALUES = {
    "2^64": "18446744073709551616",
    "below -2^63": "-9223372036854775809",
    "400 digits": "1" + "0" * 400,
    "5000 digits": "7" * 5000,
    "infinite": "1e999",
    "minus infinite": "-1e999",
    "no number": "NaN",
    "81 levels": "[" * 81 + "]" * 81,
    "180 levels": '{"a":' * 180 + "1" + "}" * 180,
    "3000 levels": "[" * 3000 + "]" * 3000,
}
PLACES = {
    "edit_controls": lambda: post(ODD, edit_controls={"n": HOLE}),
    "a field of its own": lambda: post(ODD, brand_new=HOLE),
    "entities": lambda: post(ODD, entities={"urls": [{"start": HOLE}]}),
    "attachments": lambda: post(ODD, attachments={"media_keys": ["3_1"], "odd": HOLE}),
    "a long text": lambda: post(ODD, note_tweet={"text": "long", "entities": {"odd": HOLE}}),
}


def _with(place: str, value: str) -> str:
    return json.dumps(body(post(FIRST), PLACES[place](), post(LAST))).replace(f'"{HOLE}"', value)


@pytest.mark.parametrize("value", VALUES)
def test_every_post_of_the_page_is_stored(services: Services, x: ScriptedX, value: str) -> None:
    """The odd one has its text, its counts, and what X sent as JSON text."""
    sweep = searched(services, x, _with("edit_controls", VALUES[value]))

    assert went_on(services, sweep, FIRST, ODD, LAST)
    odd = document(services, "X_tweets", ODD)
    assert (odd["text"], odd["public_metrics"]["like_count"]) == (f"post {ODD}", 3)
    assert "raw" not in odd or value == "5000 digits"  # which is a text from the start
    assert "raw" in document(services, "X_tweets", FIRST)
    assert set_aside(services) == []


@pytest.mark.parametrize("place", PLACES)
def test_wherever_it_stands(services: Services, x: ScriptedX, place: str) -> None:
    """The number can be read in what was kept as text, and the next page of the stream is read."""
    sweep = searched(services, x, _with(place, VALUES["2^64"]))

    assert went_on(services, sweep, FIRST, ODD, LAST)
    assert VALUES["2^64"] in document(services, "X_tweets", ODD)["raw_text"]


def test_accounts_media_and_counts_may_be_odd_too(services: Services, x: ScriptedX) -> None:
    """They are kept without what no document can hold; a count that is none is not known."""
    includes = {
        "users": [{"id": "7", "username": "alice", "public_metrics": {"followers_count": HOLE}}],
        "media": [{"media_key": "3_1", "type": "photo", "url": "u", "width": HOLE, "public_metrics": {"n": HOLE}}],
        "tweets": [post(ODD, public_metrics={"like_count": HOLE, "reply_count": 5})],
    }
    page = json.dumps(body(post(FIRST), includes=includes)).replace(f'"{HOLE}"', VALUES["2^64"])
    sweep = searched(services, x, page)

    assert went_on(services, sweep, FIRST, ODD)
    assert document(services, "X_users", 7)["username"] == "alice"
    assert document(services, "X_media", "3_1")["url"] == "u"
    assert document(services, "X_tweets", ODD)["public_metrics"] == {"reply_count": 5}


def test_an_object_that_is_too_large_is_set_aside(services: Services, x: ScriptedX) -> None:
    """Far from MongoDB's 16 MB a document: its beginning is kept, with its id, and it counts as bought."""
    sweep = searched(services, x, body(post(FIRST), post(ODD, text="x" * 2_000_000), post(LAST)))

    assert went_on(services, sweep, FIRST, LAST)
    assert set_aside(services) == [("post", "too_large", str(ODD))]
    kept = services.stores.db["set_aside"].find_one({}) or {}
    assert 0 < len(kept["text"]) <= 16_384
    services.ledger.copy()
    assert services.treasury.books().today().bought[PriceKind.POST] == 3
