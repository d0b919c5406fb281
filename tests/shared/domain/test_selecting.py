"""From why a post concerns sources to the engagement from which on it is followed."""

from __future__ import annotations

from shared.domain.attribution import Concern, Why
from shared.domain.engagement.selection import ALL, NEVER, NONE, RefreshRule
from shared.domain.selecting import asks_for_authors, follow_from
from shared.domain.sources import Source, SourceKind, Terms

OF_FOLLOWED = RefreshRule(min_engagement=5, of_followed=True)


def terms(id_: str, rule: RefreshRule, tenant: str = "default") -> Source:
    """A source of terms."""
    one = Terms(keywords=("a",))
    return Source(id=id_, name=id_, kind=SourceKind.TERMS, terms=one, tenant=tenant, refresh=rule)


def by_id(*sources: Source) -> dict[str, Source]:
    """Sources as they are asked for."""
    return {one.id: one for one in sources}


def concern(source: str, why: Why = Why.TERM) -> Concern:
    """A post concerns a source."""
    return Concern(source, f"+{source}", why)


def test_the_source_that_asks_for_most_decides() -> None:
    """Of several the lowest; one that was never heard of asks for nothing."""
    sources = by_id(terms("none", NONE), terms("ten", RefreshRule(min_engagement=10)), terms("all", ALL))

    assert follow_from([concern("none")], sources) == NEVER
    assert follow_from([concern("none"), concern("ten")], sources) == 10
    assert follow_from([concern("none"), concern("ten"), concern("all")], sources) == 0
    assert follow_from([concern("ten"), concern("unknown")], sources) == 10
    assert follow_from([concern("unknown")], sources) is None
    assert follow_from([], sources) is None


def test_an_author_is_followed_for_the_tenant_whose_source_asks_for_the_account() -> None:
    """By the account's own list of who asks for it, or by a concern as its author; another tenant's counts for none."""
    sources = by_id(
        terms("floods", OF_FOLLOWED), terms("red", OF_FOLLOWED, "red"), terms("press", NONE), terms("reds", NONE, "red")
    )

    assert follow_from([concern("floods")], sources) == NEVER
    assert follow_from([concern("floods")], sources, ["press"]) == 5
    assert follow_from([concern("floods")], sources, ["reds", "removed"]) == NEVER
    assert follow_from([concern("red")], sources, ["reds"]) == 5
    assert follow_from([concern("floods"), concern("press", Why.AUTHOR)], sources) == 5
    assert follow_from([concern("floods"), concern("press", Why.MENTION)], sources) == NEVER


def test_authors_are_only_asked_about_where_a_source_minds() -> None:
    """Most pages need not look them up."""
    assert asks_for_authors([terms("a", ALL), terms("b", OF_FOLLOWED)])
    assert not asks_for_authors([terms("a", ALL), terms("b", NONE)])
