"""Owns what posts say: short texts with mentions, hashtags and links, and where each stands.

It must not know the world. Invariant: every span of a finished text covers exactly what it stands for,
counted in characters.
"""

import re
import string
import sys
from dataclasses import dataclass, field
from random import Random

from simulator.accounts import Account
from simulator.media import Media
from simulator.post import MentionSpan, Span, UrlSpan

LANGUAGES = ("en", "en", "en", "en", "es", "de", "fr", "pt")
TOPICS = ("climate", "football", "election", "music", "ai", "space", "health", "markets", "travel", "food")
SOURCES = ("Twitter Web App", "Twitter for iPhone", "Twitter for Android", "Buffer")
MAX_TEXT = 280

_WORDS = {
    "en": "today team people really great report new plan city final update match price launch story data week "
    "breaking watch morning market weather support question answer why never always record local global",
    "es": "hoy equipo gente nuevo plan ciudad final precio historia datos semana mañana mercado tiempo pregunta "
    "siempre nunca récord gran informe partido apoyo",
    "de": "heute mannschaft leute wirklich neuer plan stadt endlich preis geschichte daten woche morgen markt "
    "wetter frage antwort warum nie immer rekord",
    "fr": "bonjour équipe gens nouveau plan ville finale prix histoire données semaine matin marché temps "
    "question réponse pourquoi jamais toujours record",
    "pt": "hoje equipe gente novo plano cidade final preço história dados semana manhã mercado tempo pergunta "
    "resposta nunca sempre recorde",
}
_POOLS = {lang: tuple(words.split()) for lang, words in _WORDS.items()}
_TOKEN = re.compile(r"\w+")
_BASE62 = string.ascii_letters + string.digits


def tokens(text: str) -> tuple[str, ...]:
    """Split a text as the search does: at punctuation and spaces, without regard to case."""
    return tuple(_TOKEN.findall(text.lower()))


@dataclass
class Draft:
    """A text under construction; each `add_*` appends one piece after a space."""

    text: str = ""
    mentions: list[MentionSpan] = field(default_factory=list)
    hashtags: list[Span] = field(default_factory=list)
    urls: list[UrlSpan] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def add(self, piece: str) -> int:
        """Append a piece and return where it starts."""
        if self.text:
            self.text += " "
        start = len(self.text)
        self.text += piece
        return start

    def add_words(self, piece: str) -> int:
        """Append a piece whose words a search can find; return where it starts."""
        self.words.extend(map(sys.intern, tokens(piece)))
        return self.add(piece)

    def add_mention(self, account: Account) -> None:
        """Append `@name`."""
        start = self.add_words("@" + account.username)
        self.mentions.append(MentionSpan(start, len(self.text), account, account.username))

    def add_hashtag(self, tag: str) -> None:
        """Append `#tag`."""
        start = self.add_words("#" + tag)
        self.hashtags.append(Span(start, len(self.text), tag))

    def add_link(self, rng: Random, target: str, media: Media | None = None) -> None:
        """Append a short link that stands for `target`."""
        url = "https://t.co/" + "".join(rng.choices(_BASE62, k=10))
        start = self.add(url)
        display = target.removeprefix("https://")
        self.urls.append(UrlSpan(start, len(self.text), url, target, display, None if media is None else media.key))


def draw_lang(rng: Random) -> str:
    """Draw the language of a text."""
    return rng.choice(LANGUAGES)


def add_sentence(draft: Draft, rng: Random, lang: str, length: int | None = None) -> None:
    """Append a few words of `lang`, and now and then a topic as a word or as a hashtag."""
    pool = _POOLS[lang]
    draft.add_words(" ".join(rng.choices(pool, k=length or rng.randrange(4, 14))))
    if rng.random() < 0.35:
        draft.add_words(rng.choice(TOPICS))
    if rng.random() < 0.3:
        draft.add_hashtag(rng.choice(TOPICS).capitalize())
    if rng.random() < 0.1:
        draft.add_link(rng, f"https://example.org/{rng.choice(TOPICS)}/{rng.randrange(9_999)}")


def repost_draft(original_author: Account, text: str, mentions: tuple[MentionSpan, ...]) -> Draft:
    """Return the text of a repost, `RT @name: ...` cut at 140 characters, with the spans that survive."""
    head = f"RT @{original_author.username}: "
    body = head + text
    cut = body if len(body) <= 140 else body[:139] + "…"
    kept = [
        MentionSpan(span.start + len(head), span.end + len(head), span.account, span.username)
        for span in mentions
        if span.end + len(head) < len(cut)
    ]
    first = MentionSpan(3, 4 + len(original_author.username), original_author, original_author.username)
    return Draft(text=cut, mentions=[first, *kept])
