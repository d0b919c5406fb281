"""What is listened to in the programs of coverage, each beside the query by which the simulator's truth is asked.

The truth's queries are written by hand: what Covey makes of a source is what is judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from control import sources
from shared.domain.sources import Source, SourceKind, Terms, key_of
from shared.services.bootstrap import Services

TOPICS = ("climate", "football", "election", "music", "ai", "space", "health", "markets", "travel", "food")
WORDS = (
    *("equipo", "ciudad", "semana", "mañana", "nunca", "heute", "mannschaft", "geschichte", "rekord", "antwort"),
    *("équipe", "ville", "matin", "réponse", "jamais", "equipe", "cidade", "manhã", "preço", "recorde"),
)
PHRASES = ("price launch", "breaking watch", "plan city", "market weather", "global today")
EITHER = (("update", "market"), ("question", "music"), ("support", "food"), ("record", "travel"), ("watch", "ai"))


@dataclass(frozen=True, slots=True)
class Listened:
    """A source of terms, and the query that finds in the truth what it is to find."""

    source: Source
    query: str

    @property
    def member(self) -> str:
        """The key of what it asks for."""
        return key_of(self.source.id)


def terms_sources(count: int, *, look_back_seconds: int = 0, live: int = 0) -> list[Listened]:
    """The first `count` of 50: hashtags, keywords in a language, words of any language, phrases, exclusions.

    live: so many of them, the first ones, want posts live.
    """
    made = [
        *((Terms(hashtags=(topic,)), f"#{topic}") for topic in TOPICS),
        *((Terms(keywords=(topic,), languages=("en",)), f"{topic} lang:en") for topic in TOPICS),
        *((Terms(keywords=(word,)), word) for word in WORDS),
        *((Terms(phrases=(phrase,)), f'"{phrase}"') for phrase in PHRASES),
        *(
            (Terms(keywords=(word,), exclude=(out, f"#{out}"), languages=("en",)), f"{word} lang:en -{out} -#{out}")
            for word, out in EITHER
        ),
    ]
    # Of every kind some, however few are wanted.
    spread = [made[place] for start in range(7) for place in range(start, len(made), 7)]
    return [
        Listened(
            Source(
                id=f"terms-{number}",
                name=f"Terms {number}",
                kind=SourceKind.TERMS,
                terms=terms,
                look_back_seconds=look_back_seconds,
                live=number < live,
            ),
            query,
        )
        for number, (terms, query) in enumerate(spread[:count])
    ]


def listen(services: Services, listened: Sequence[Listened]) -> None:
    """Add the sources, as `covey sources add` does."""
    for one in listened:
        sources.add(services, one.source)


def live_accounts(services: Services, names: Sequence[str]) -> None:
    """A source that wants the posts of these accounts live, beside the one that `covey track` made."""
    accounts = tuple(name.lower() for name in names)
    sources.add(services, Source(id="live", name="Live", kind=SourceKind.ACCOUNTS, accounts=accounts, live=True))


def members_of(names: Sequence[str], listened: Sequence[Listened]) -> dict[str, str]:
    """By member, the query that finds in the truth all that it is to find."""
    accounts = {name.lower(): f"(from:{name} OR to:{name} OR @{name}) -is:retweet" for name in names}
    return accounts | {one.member: f"({one.query}) -is:retweet" for one in listened}
