"""A file of sources: what is written reads as the same, and what is wrong is named with its line."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from control.sources_file import dump, parse
from shared.domain.engagement.selection import ALL, NONE, RefreshRule
from shared.domain.errors import InputError
from shared.domain.sources import QuotesOf, Source, SourceKind, Terms

NOW = datetime(2026, 11, 28, tzinfo=UTC)
FLOODS = """\
sources:
  - id: agencies
    name: Space agencies
    accounts: [NASA, "@esa", https://x.com/JAXA_en]
    interval: 5m
    look_back: 2d
    priority: 80
  - id: floods
    terms:
      keywords: [flood, 2024, no]
      phrases: ["high water"]
      exclude: ["#ad"]
      languages: [en, no]
    quota_share: 0.25
    credential: app
    live: yes
    retention_days: 30
    alert_velocity: 250
    refresh: {min_engagement: 10, authors: followed}
    paused: true
  - id: talk
    conversation: 1234567890123456789
    interval: 90
  - id: of-nasa
    quotes_of: {account: NASA}
    refresh: None
"""


def test_a_file_says_what_people_mean() -> None:
    """Spans with units, names in every form, ids to the last digit, and words that YAML takes for something else."""
    agencies, floods, talk, quotes = (entry.source for entry in parse(FLOODS, "s.yaml", now=NOW))

    assert agencies == Source(
        id="agencies",
        name="Space agencies",
        kind=SourceKind.ACCOUNTS,
        accounts=("nasa", "esa", "jaxa_en"),
        interval_seconds=300,
        look_back_seconds=172_800,
        priority=80,
    )
    assert floods.terms == Terms(
        keywords=("flood", "2024", "no"), phrases=("high water",), exclude=("#ad",), languages=("en", "no")
    )
    assert (floods.quota_share, floods.credential, floods.live, floods.retention_days) == (0.25, "app", True, 30)
    assert floods.alert_velocity == 250
    assert floods.refresh == RefreshRule(min_engagement=10, of_followed=True)
    assert (talk.refresh, quotes.refresh) == (ALL, NONE)
    assert floods.paused
    assert (talk.conversation_id, talk.interval_seconds, talk.name) == (1234567890123456789, 90, "talk")
    assert quotes.quotes_of == QuotesOf(account="nasa")


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("    intervall: 5m", "line 3: source a: intervall: is no field of a source; did you mean interval?"),
        ("    interval: 5 minutes", "line 3: source a: interval: '5 minutes' is not a duration"),
        ("    interval: 59s", "line 2: source a: interval 59 s: 60 to 604800 s"),
        ("    interval: 8d", "line 2: source a: interval 691200 s: 60 to 604800 s"),
        ("    priority: high", "line 3: source a: priority: 'high' is no whole number"),
        ("    priority: [1, 2]", "line 3: source a: priority: is one value"),
        ("    quota_share: much", "line 3: source a: quota_share: 'much' is no number"),
        ("    live: maybe", "line 3: source a: live: 'maybe' is neither true nor false"),
        ("    accounts: {a: b}", "line 3: source a: accounts: is a list of words"),
        ("    accounts: [x.com/home]", "line 3: source a: accounts: 'x.com/home'"),
        ("    conversation: abc", "line 3: source a: conversation: 'abc'"),
        ("    terms: {keyword: [a]}", "line 3: source a: terms.keyword: is no field of terms; did you mean keywords?"),
        ("    terms: {keywords: [a b]}", "line 2: source a: keywords: 'a b' has blanks"),
        ('    terms: {phrases: [a "b"]}', "line 2: source a: phrases: 'a \"b\"' has a quote"),
        ("    quotes_of: 12", "line 3: source a: quotes_of: has fields of its own: post, account"),
        ("    name: b\n    name: c", "line 4: name is there twice"),
        ("    name: b\n  - id: a\n    accounts: [b]", "line 4: source a is there twice"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(line: str, fault: str) -> None:
    """The file, the line, the source and the field."""
    what = (
        ""
        if any(kind in line for kind in ("accounts: {", "accounts: [x", "conversation", "terms", "quotes_of"))
        else "\n    accounts: [nasa]"
    )
    text = f"sources:\n  - id: a\n{line}{what}\n"
    if "- id: a" in line:
        text = "sources:\n  - id: a\n    accounts: [nasa]\n  - id: a\n    accounts: [b]\n"

    with pytest.raises(InputError) as error:
        parse(text, "s.yaml", now=NOW)

    assert f"s.yaml, {fault}" in str(error.value)
    assert str(error.value).endswith("; nothing was done")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "s.yaml: no file of sources"),
        ("- id: a", "s.yaml: no file of sources"),
        ("sources: {a: b}", "s.yaml, line 1: sources is a list"),
        ("sources: [a]", "s.yaml, line 1: a source has fields"),
        ("source: []", "s.yaml, line 1: 'source' is not known here"),
        ("sources:\n  - id: a\n  accounts: [b", "s.yaml, line 3: not YAML"),
        ("sources:\n  - id: a\n", "s.yaml, line 2: source a: id: needs one of accounts, terms"),
        ("sources:\n  - &a\n    id: x\n    terms: {keywords: *a}\n", "s.yaml, line"),
        ("sources:\n  - accounts: [a]\n", "s.yaml, line 2: source without id: id ''"),
    ],
)
def test_what_is_no_file_of_sources_is_said(text: str, fault: str) -> None:
    """In one line, without a traceback."""
    with pytest.raises(InputError) as error:
        parse(text, "s.yaml", now=NOW)
    assert fault in str(error.value)
    assert "\n" not in str(error.value)


def test_many_faults_are_the_first_five_and_how_many_more() -> None:
    """So that the line stays a line."""
    text = "sources:\n" + "".join(f"  - id: s{n}\n    accounts: [a]\n    priority: x\n" for n in range(8))
    with pytest.raises(InputError, match=r"source s4: priority: 'x' is no whole number \(and 3 more\)"):
        parse(text, "s.yaml", now=NOW)


words = st.from_regex(r"[a-zA-Z0-9][\w #:'{}\[\]-]{0,10}", fullmatch=True).map(str.strip)
keywords = st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True) | st.sampled_from(
    ["no", "on", "null", "~", "1e5", "0x10"]
).filter(lambda w: w != "~")
spans = st.integers(60, 604_800)
kinds = st.one_of(
    st.lists(st.from_regex(r"[a-z0-9_]{1,15}", fullmatch=True), min_size=1, max_size=5, unique=True).map(
        lambda names: {"kind": SourceKind.ACCOUNTS, "accounts": tuple(names)}
    ),
    st.builds(
        lambda k, p, e, langs: {
            "kind": SourceKind.TERMS,
            "terms": Terms(keywords=tuple(k), phrases=tuple(p), exclude=tuple(e), languages=tuple(langs)),
        },
        st.lists(keywords, min_size=1, max_size=4, unique=True),
        st.lists(words, max_size=3, unique=True),
        st.lists(keywords, max_size=3, unique=True),
        st.lists(st.sampled_from(["en", "no", "zh-tw"]), max_size=3, unique=True),
    ),
    st.integers(10**18, 10**18 + 10**6).map(lambda i: {"kind": SourceKind.CONVERSATION, "conversation_id": i}),
    st.integers(10**18, 10**18 + 10**6).map(lambda i: {"kind": SourceKind.QUOTES, "quotes_of": QuotesOf(post_id=i)}),
)
sources = st.builds(
    lambda what, **given: Source(**what, **given),
    kinds,
    id=st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True),
    name=words,
    tenant=st.sampled_from(["default", "red", "null"]),
    interval_seconds=st.none() | spans,
    look_back_seconds=st.just(0) | spans,
    priority=st.integers(0, 100),
    paused=st.booleans(),
    quota_share=st.none() | st.floats(0.001, 1.0),
    credential=st.none() | st.sampled_from(["app", "user-1", "123"]),
    live=st.booleans(),
    retention_days=st.none() | st.integers(1, 36_500),
    alert_velocity=st.none() | st.integers(1, 100_000_000),
    refresh=st.sampled_from([ALL, NONE])
    | st.builds(RefreshRule, min_engagement=st.integers(0, 10**9 - 1), of_followed=st.booleans()),
)


@settings(max_examples=200, deadline=None)
@given(wanted=st.lists(sources, max_size=4, unique_by=lambda source: source.id))
def test_what_is_written_reads_as_the_same(wanted: list[Source]) -> None:
    """Every field of every kind, also where YAML would take a word for a number, a truth or nothing."""
    assert [entry.source for entry in parse(dump(wanted), "s.yaml", now=NOW)] == wanted
