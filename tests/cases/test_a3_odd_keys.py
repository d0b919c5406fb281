"""A name that MongoDB cannot keep stops neither its page nor its post."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.services.bootstrap import Services
from tests.cases.pages import FIRST, LAST, ODD, body, document, searched, set_aside, went_on
from tests.workers.world import ScriptedX, post

KEYS = ["a\0b", "\0", "$set", "$", "$$ROOT", "a.b", ".", "..", "", "a.$b", "$a.b"]


@pytest.mark.parametrize("key", KEYS)
def test_every_post_of_the_page_is_stored(services: Services, x: ScriptedX, key: str) -> None:
    """What X sent is kept as JSON text, name and value; the next sweep of the stream reads on."""
    odd: dict[str, Any] = post(ODD) | {key: 1, "deep": {"list": [{key: {key: 2}}]}}
    sweep = searched(services, x, body(post(FIRST), odd, post(LAST)))

    assert went_on(services, sweep, FIRST, ODD, LAST)
    assert json.loads(document(services, "X_tweets", ODD)["raw_text"]) == odd
    assert set_aside(services) == []


@pytest.mark.parametrize("key", KEYS)
def test_in_what_is_kept_apart_too(services: Services, x: ScriptedX, key: str) -> None:
    """Entities, counts of accounts and media with such a name are left to the text."""
    includes = {
        "users": [{"id": "7", "username": "alice", "public_metrics": {key: 1}}],
        "media": [{"media_key": "3_1", "type": "photo", "public_metrics": {key: 1}}],
    }
    odd = post(ODD, entities={key: []}, attachments={key: 1, "media_keys": ["3_1"]})
    sweep = searched(services, x, body(odd, includes=includes))

    assert went_on(services, sweep, ODD)
    for collection, id_ in (("X_tweets", ODD), ("X_users", 7), ("X_media", "3_1")):
        assert json.dumps(key) in document(services, collection, id_)["raw_text"]


@pytest.mark.parametrize("text", ["$text", "$$ROOT", "a.b", "{$set: 1}", "\0"])
def test_values_mean_nothing(services: Services, x: ScriptedX, text: str) -> None:
    """What would be an expression or a path as a name is a text as a value."""
    sweep = searched(services, x, body(post(ODD, text=text, lang=text, entities={"a": text})))

    assert went_on(services, sweep, ODD)
    stored = document(services, "X_tweets", ODD)
    assert (stored["text"], stored["lang"], stored["entities"]) == (text, text, {"a": text})
    assert stored["raw"]["text"] == text
