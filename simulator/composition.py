"""Owns what goes into a new post: its text, what is attached to it, where it was written.

It must not know the world or publish anything. Invariant: a post has media or a poll, never both; an edit keeps the
media, the place and the restrictions of the version before.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from simulator.accounts import Account
from simulator.media import Media, draw_media
from simulator.places import PLACES, Place
from simulator.polls import Poll, draw_poll
from simulator.post import Post
from simulator.text import Draft, add_sentence, draw_lang, repost_draft

MEDIA_SHARE, LONG_SHARE, PLACE_SHARE, POLL_SHARE, WITHHELD_SHARE = 0.28, 0.015, 0.04, 0.02, 0.01
_COUNTRIES = ("DE", "FR", "IN", "TR")


@dataclass(frozen=True)
class Relation:
    """What a new post relates to; all None for a post of its own, `edit_of` for a new version of another."""

    reply_to: Post | None = None
    quote_of: Post | None = None
    retweet_of: Post | None = None
    edit_of: Post | None = None


@dataclass(frozen=True)
class Composition:
    """Everything that a new post says and carries; `withheld_in` are country codes."""

    draft: Draft
    lang: str
    media: tuple[Media, ...] = ()
    poll: Poll | None = None
    place: Place | None = None
    withheld_in: tuple[str, ...] = field(default=())


def compose(
    rng: Random, relation: Relation, mentioned: Sequence[Account], new_media_id: Callable[[], int], now_ms: int
) -> Composition:
    """Draw a post that answers, quotes or edits what `relation` says, and names `mentioned`."""
    draft, lang = Draft(), draw_lang(rng)
    if relation.reply_to is not None:
        draft.add_mention(relation.reply_to.author)
    add_sentence(draft, rng, lang)
    for account in mentioned:
        draft.add_mention(account)
    if rng.random() < LONG_SHARE:
        add_sentence(draft, rng, lang, 60)
    if relation.quote_of is not None:
        target = relation.quote_of
        draft.add_link(rng, f"https://x.com/{target.author.username}/status/{target.id}")
    old = relation.edit_of
    if old is not None:
        return Composition(draft, lang, old.media, None, old.place, old.withheld_in)
    media = draw_media(rng, new_media_id) if rng.random() < MEDIA_SHARE else ()
    poll = draw_poll(rng, new_media_id, now_ms) if not media and rng.random() < POLL_SHARE else None
    place = rng.choice(PLACES) if rng.random() < PLACE_SHARE else None
    withheld_in = tuple(rng.sample(_COUNTRIES, rng.randrange(1, 3))) if rng.random() < WITHHELD_SHARE else ()
    return Composition(draft, lang, media, poll, place, withheld_in)


def compose_repost(target: Post) -> Composition:
    """Return the text of a repost."""
    return Composition(repost_draft(target.author, target.text, target.mentions), target.lang)
