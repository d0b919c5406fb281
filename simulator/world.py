"""Owns the truth: all accounts and posts, and every event that makes, changes or ends a post.

It must not know HTTP, queries or wire formats. Invariant: events happen in the order of their time and
draw from one generator, so the world depends on (config, start time) alone and never on when it was
looked at; after `advance(now)` every post with `created_at <= now` is there, and none is later.

Memory: 1.6 KB a post (76 MB of resident memory for 50,000, measured), at most `max_posts` posts; beyond that the oldest
are forgotten.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from simulator.accounts import Account, AccountBook
from simulator.config import HOUR_MS, Config
from simulator.endings import count, delete, hide_account, withdraw
from simulator.engagement import MINUTE_MS, draw_engagement, poisson
from simulator.index import PostIndex
from simulator.lifetimes import (
    EDIT_WINDOW_MS,
    MAX_EDITS,
    deletion_delay_ms,
    edit_delay_ms,
)
from simulator.media import Media, draw_media
from simulator.pace import RATES_PER_HOUR, Pace
from simulator.post import MentionSpan, Post
from simulator.snowflake import Mint
from simulator.text import MAX_TEXT, SOURCES, Draft, add_sentence, draw_lang, repost_draft

MEDIA_SHARE, LONG_SHARE = 0.28, 0.015


@dataclass(frozen=True)
class Part:
    """What a new post relates to; all None for a post of its own."""

    reply_to: Post | None = None
    quote_of: Post | None = None
    retweet_of: Post | None = None
    media: tuple[Media, ...] = ()
    chain: list[int] = field(default_factory=list)


class World:
    """The simulated X behind the API; call `advance` before reading."""

    def __init__(self, config: Config, start_ms: int) -> None:
        """Draw the accounts and set the first events; history is made by the first `advance`."""
        self._rng = Random(f"{config.seed}/{start_ms}")
        self._config = config
        self.start_ms = start_ms
        self.now_ms = start_ms - round(config.history_hours * HOUR_MS)
        self.history_start_ms = self.now_ms
        self.accounts = AccountBook(self._rng, config.accounts, start_ms)
        self.index = PostIndex()
        self.media: dict[str, Media] = {}
        self.media_posts: dict[str, list[Post]] = {}
        self.forgotten_before_id = 0
        self._mint, self._media_mint = Mint(), Mint()
        self._events: list[tuple[int, int, Callable[[], None]]] = []
        self._event_count = 0
        self._kinds, self._weights = tuple(RATES_PER_HOUR), tuple(RATES_PER_HOUR.values())
        self._pace = Pace(config, start_ms)
        self._next_ms = self._pace.draw_next(self._rng, self.now_ms)
        self._schedule_withdrawals()

    # -- time

    def advance(self, now_ms: int) -> None:
        """Let everything happen that is due by `now_ms`; a time in the past changes nothing."""
        while True:
            due_ms = min(self._next_ms, self._events[0][0] if self._events else self._next_ms)
            if due_ms > now_ms:
                break
            self.now_ms = due_ms
            if self._events and self._events[0][0] <= self._next_ms:
                heapq.heappop(self._events)[2]()
            else:
                self._act()
                self._next_ms = self._pace.draw_next(self._rng, due_ms)
        self.now_ms = max(self.now_ms, now_ms)
        if len(self.index.posts) > self._config.max_posts * 1.1:
            self._forget()

    def _at(self, at_ms: int, event: Callable[[], None]) -> None:
        self._event_count += 1
        heapq.heappush(self._events, (at_ms, self._event_count, event))

    def _forget(self) -> None:
        self.index.drop_oldest(self._config.max_posts)
        self.forgotten_before_id = self.index.posts[0].id
        for key, posts in list(self.media_posts.items()):
            kept = [post for post in posts if post.id >= self.forgotten_before_id]
            if kept:
                self.media_posts[key] = kept
            else:
                del self.media_posts[key], self.media[key]

    # -- what people do

    def _act(self) -> None:
        kind = self._rng.choices(self._kinds, self._weights)[0]
        if kind == "original":
            self._write(self.accounts.pick_tracked(self._rng), Part())
        elif kind == "mention":
            self._write(self.accounts.pick_crowd(self._rng), Part(), self.accounts.pick_tracked(self._rng))
        elif kind == "chatter":
            self._chatter()
        else:
            self._answer_or_repost(kind)

    def _chatter(self) -> None:
        # The one account of the crowd that was always protected still talks, to itself.
        shy = self.accounts.crowd[0]
        author = shy if self._rng.random() < 0.08 else self.accounts.pick_crowd(self._rng)
        post = self._write(author, Part())
        if author.hidden:
            withdraw(self.index, post, self.now_ms, hidden=True)

    def _answer_or_repost(self, kind: str) -> None:
        """A tracked account answers or reposts one of the newest posts of others."""
        author = self.accounts.pick_tracked(self._rng)
        recent = self.index.posts[-40:]
        target = self._rng.choice(recent) if recent else None
        if target is None or not target.searchable or target.retweet_of or target.author is author:
            return
        if kind == "answer":
            self._write(author, Part(reply_to=target))
        else:
            self._repost(author, target)

    def _react(self, kind: str, target: Post) -> None:
        while target.successor is not None:
            target = target.successor
        if not target.live:
            return
        author = self.accounts.pick_crowd(self._rng)
        if kind == "reply":
            self._write(author, Part(reply_to=target))
        elif kind == "quote":
            self._write(author, Part(quote_of=target))
        else:
            self._repost(author, target)

    # -- posts

    def _write(self, author: Account, part: Part, mentioned: Account | None = None) -> Post:
        rng, draft = self._rng, Draft()
        if part.reply_to is not None:
            draft.add_mention(part.reply_to.author)
        lang = draw_lang(rng)
        add_sentence(draft, rng, lang)
        if mentioned is not None:
            draft.add_mention(mentioned)
            if rng.random() < 0.15:
                draft.add_mention(self.accounts.pick_tracked(rng))
        if rng.random() < LONG_SHARE:
            add_sentence(draft, rng, lang, 60)
        media = part.media
        if not media and rng.random() < MEDIA_SHARE:
            media = draw_media(rng, lambda: self._media_mint.next(self.now_ms))
        if part.quote_of is not None:
            target = part.quote_of
            draft.add_link(rng, f"https://x.com/{target.author.username}/status/{target.id}")
        part = Part(part.reply_to, part.quote_of, None, media, part.chain)
        return self._publish(author, draft, lang, part)

    def _publish(self, author: Account, draft: Draft, lang: str, part: Part) -> Post:
        post_id = self._mint.next(self.now_ms)
        if part.media:
            kind = "photo" if part.media[0].kind == "photo" else "video"
            link = f"https://x.com/{author.username}/status/{post_id}/{kind}/1"
            draft.add_link(self._rng, link, part.media[0])
        popularity = author.popularity * (0.3 if part.reply_to is not None else 1.0) * self._config.reactions
        engagement, size = draw_engagement(self._rng, popularity, self._config.tempo)
        long = len(draft.text) > MAX_TEXT
        short = draft.text[: MAX_TEXT - 1] + "…" if long else draft.text
        post = Post(
            id=post_id,
            author=author,
            created_at_ms=self.now_ms,
            text=short,
            note_text=draft.text if long else None,
            lang=lang,
            source=self._rng.choice(SOURCES),
            words=tuple(draft.words),
            mentions=tuple(draft.mentions),
            hashtags=tuple(draft.hashtags),
            urls=tuple(draft.urls),
            media=part.media,
            engagement=engagement,
            conversation_id=post_id if part.reply_to is None else part.reply_to.conversation_id,
            reply_to=part.reply_to,
            quote_of=part.quote_of,
            retweet_of=part.retweet_of,
            chain=part.chain,
        )
        self._enter(post)
        if part.retweet_of is None:
            self._plan_reactions(post, size)
        self._plan_end(post)
        return post

    def _repost(self, author: Account, target: Post) -> None:
        draft = repost_draft(target.author, target.text, target.mentions)
        self._publish(author, draft, target.lang, Part(retweet_of=target))

    def _enter(self, post: Post) -> None:
        post.chain.append(post.id)
        post.author.posts_made += 1
        post.author.latest_post_id = post.id
        self.index.add(post)
        count(post, 1)
        for media in post.media:
            self.media[media.key] = media
            self.media_posts.setdefault(media.key, []).append(post)

    def _plan_reactions(self, post: Post, size: float) -> None:
        """Set when replies, quotes and reposts of a new post will come, along its own growth curve."""
        means = (("reply", min(0.7 * size, 25)), ("quote", min(0.4 * size, 25)), ("repost", min(0.2 * size, 8)))
        for kind, mean in means:
            for _ in range(poisson(self._rng, mean)):
                at_ms = post.created_at_ms + post.engagement.arrival_age_ms(self._rng)
                self._at(at_ms, lambda kind=kind: self._react(kind, post))  # type: ignore[misc]

    def _plan_end(self, post: Post) -> None:
        """Draw whether a post will be edited or deleted, and when."""
        deleted, edited = self._config.deleted_share, self._config.edited_share
        roll = self._rng.random()
        if roll < deleted:
            self._at(
                self.now_ms + deletion_delay_ms(self._rng, self._config.tempo),
                lambda: delete(self.index, post, self.now_ms),
            )
        elif roll < deleted + edited and not (post.reply_to or post.quote_of or post.retweet_of):
            self._plan_edit(post, post.created_at_ms)

    def _plan_edit(self, post: Post, first_ms: int) -> None:
        at_ms = self.now_ms + edit_delay_ms(self._rng, self._config.tempo)
        if at_ms < first_ms + EDIT_WINDOW_MS and len(post.chain) <= MAX_EDITS:
            self._at(at_ms, lambda: self._edit(post, first_ms))

    def _edit(self, old: Post, first_ms: int) -> None:
        if not old.live:
            return
        mentioned = old.mentions[0].account if old.mentions else None
        new = self._write(old.author, Part(media=old.media, chain=old.chain), mentioned)
        old.superseded_at_ms, old.successor = self.now_ms, new
        if self._rng.random() < 0.3:
            self._plan_edit(new, first_ms)

    # -- ends

    def _schedule_withdrawals(self) -> None:
        """One account is protected from the first day, one suspended in the past, two go while we watch."""
        shy, banned, banned_live, shy_live = self.accounts.crowd[:4]
        shy.protected_at_ms = self.now_ms
        half = (self.start_ms + self.now_ms) // 2
        self._at(half, lambda: self._hide(banned, suspended=True))
        self._at(self.start_ms + 10 * MINUTE_MS, lambda: self._hide(banned_live, suspended=True))
        self._at(self.start_ms + 20 * MINUTE_MS, lambda: self._hide(shy_live, suspended=False))

    def _hide(self, account: Account, *, suspended: bool) -> None:
        hide_account(self.index, account, self.now_ms, suspended=suspended)


def mentioned_accounts(spans: tuple[MentionSpan, ...]) -> list[Account]:
    """Return the accounts that spans name, each once, in order."""
    return list({span.account.id: span.account for span in spans}.values())
