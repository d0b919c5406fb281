"""What is wanted live, as sources and handles say it."""

from __future__ import annotations

from dataclasses import replace

from listener.wanting import wanted_live
from shared.domain.live.standing import EventType, Subscription
from shared.domain.sources import Source, SourceKind, Terms
from shared.services.bootstrap import Services
from tests.listener.live_world import follow


def test_deletions_and_names_of_all_and_posts_of_live_sources(services: Services) -> None:
    """Every followed account is subscribed to; posts only of those of a live source, which also has a rule."""
    follow(services, {"Alice": 7})
    follow(services, {"Bob": 8}, source="hot", live=True)

    wanted = wanted_live(services, with_paid=True)

    assert set(wanted.subscriptions) == {
        Subscription(EventType.POST_CREATE, 8),
        *(Subscription(kind, one) for kind in (EventType.POST_DELETE, EventType.HANDLE) for one in (7, 8)),
    }
    assert [rule.value for rule in wanted.rules] == ["(@bob OR to:8 OR from:8) -is:retweet"]
    assert wanted.audience.tenants


def test_terms_of_a_live_source_are_a_rule(services: Services) -> None:
    """A live source of terms has a rule and no subscription; paused it has none."""
    now = services.clock.now()
    source = Source(id="cats", name="cats", kind=SourceKind.TERMS, terms=Terms(keywords=("cat",)), live=True)
    services.stores.sources.add(source, now=now)

    first = wanted_live(services, with_paid=True)
    stored = services.stores.sources.get("cats")
    assert stored is not None
    services.stores.sources.put(stored, replace(stored, paused=True), now=now)
    paused = wanted_live(services, with_paid=True)

    assert ([rule.value for rule in first.rules], first.subscriptions) == (["(cat) -is:retweet"], ())
    assert (paused.rules, paused.audience.tenants) == ((), {})


def test_without_money_only_deletions_are_wanted(services: Services) -> None:
    """What X bills is not asked for."""
    follow(services, {"Bob": 8}, source="hot", live=True)

    wanted = wanted_live(services, with_paid=False)

    assert wanted.subscriptions == (Subscription(EventType.POST_DELETE, 8),)
    assert wanted.rules == ()


def test_an_account_whose_id_nobody_knows_waits(services: Services) -> None:
    """Without an id there is nothing to subscribe to; the rule is by name."""
    now = services.clock.now()
    source = Source(id="new", name="new", kind=SourceKind.ACCOUNTS, accounts=("carol",), live=True)
    services.stores.sources.add(source, now=now)
    services.following.follow(["carol"], since=now, now=now, source="new")

    wanted = wanted_live(services, with_paid=True)

    assert wanted.subscriptions == ()
    assert [rule.value for rule in wanted.rules] == ["(@carol OR to:carol OR from:carol) -is:retweet"]
