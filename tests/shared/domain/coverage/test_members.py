"""What a stream should carry, and which members share one."""

from __future__ import annotations

from dataclasses import replace

from shared.domain.coverage.accounts import Name
from shared.domain.coverage.members import Group, Wanted
from shared.domain.sources import Source, SourceKind, Terms, key_of, source_of


def accounts(source_id: str, interval_seconds: int | None = None, credential: str | None = None) -> Source:
    """A source of accounts."""
    kind = SourceKind.ACCOUNTS
    return Source(id=source_id, name="n", kind=kind, interval_seconds=interval_seconds, credential=credential)


def wanted(*sources: Source, **askers: tuple[str, ...]) -> Wanted:
    """Names with the sources that ask for them; 60 s is the usual interval."""
    names = {name: Name(name, None, True, None, ids) for name, ids in askers.items()}
    return Wanted(names, {one.id: one for one in sources}, 60.0)


def test_the_most_impatient_source_says_how_often() -> None:
    """Of several as impatient one that any credential may ask for, then the first by its id."""
    sources = (accounts("a", 300, "app"), accounts("b", 300), accounts("c", 60, "own"), accounts("d", 3600, "app"))
    asked = wanted(*sources, one=("a", "d"), two=("a", "b"), three=("a", "c"), four=("d",), five=(), six=("gone", "d"))

    assert [asked.group(name) for name in asked.names] == [
        Group(300, "app"),
        Group(300, None),
        Group(None, "own"),  # as the settings say
        Group(3600, "app"),
        Group(None, None),
        Group(3600, "app"),
    ]


def test_a_share_pays_for_what_nobody_asks_for_without_one() -> None:
    """What is asked for one source with a share is in a group of its own; its interval and credential are as always."""
    own, less = replace(accounts("own", 300, "app"), quota_share=0.2), replace(accounts("less"), quota_share=0.1)
    terms = Source(id="t", name="n", kind=SourceKind.TERMS, terms=Terms(keywords=("flood",)), quota_share=0.5)
    asked = wanted(own, less, accounts("free", 60), terms, one=("own",), two=("own", "free"), three=("less", "own"))

    assert asked.group("one") == Group(300, "app", "own")
    assert asked.group("two") == Group(None, None, None)
    assert asked.group("three") == Group(None, None, "own")
    assert asked.group("+t") == Group(None, None, "t")


def test_what_is_wanted_is_who_is_followed_and_what_asks() -> None:
    """A renamed account under its present name; a source of terms while it asks."""
    terms = Source(id="floods", name="n", kind=SourceKind.TERMS, terms=Terms(keywords=("flood",)))
    names = {
        "old": Name("old", 1, False, "new"),
        "new": Name("new", 1, True),
        "left": Name("left", 2, False),
        "here": Name("here", 3, True),
    }
    asked = Wanted(names, {"floods": terms, "all": accounts("all")}, 60.0)

    assert asked.present(("old", "left", "+floods", "+gone", "here", "+floods")) == ("new", "here", "+floods")
    assert asked.everything() == ["new", "here", "+floods"]
    assert asked.askers("+floods") == (terms,)


def test_a_key_says_what_it_stands_for() -> None:
    """No account's name begins with a plus."""
    assert (source_of(key_of("floods")), source_of("floods")) == ("floods", None)
