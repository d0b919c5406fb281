"""Owns the truth: all accounts and posts, and every event that makes, changes or ends a post.

It must not know HTTP, queries or wire formats. Invariant: events happen in the order of their time and
draw from one generator, so the world depends on (config, start time) alone and never on when it was
looked at; after `advance(now)` every post with `created_at <= now` is there, and none is later.

Memory: 1.6 KB a post (76 MB of resident memory for 50,000, measured), at most `max_posts` posts; beyond that the oldest
are forgotten.
"""

from functools import partial
from random import Random

from simulator.accounts import Account, AccountBook
from simulator.agenda import Agenda
from simulator.composition import Composition, Relation, compose, compose_repost
from simulator.config import HOUR_MS, Config
from simulator.endings import count, delete, withdraw
from simulator.engagement import draw_engagement, poisson
from simulator.happenings import Happening, Happenings
from simulator.index import PostIndex
from simulator.lateness import Lateness
from simulator.lifetimes import EDIT_WINDOW_MS, MAX_EDITS, deletion_delay_ms, edit_delay_ms
from simulator.lives import Lives
from simulator.media import Media
from simulator.pace import RATES_PER_HOUR, Pace
from simulator.post import MentionSpan, Post
from simulator.snowflake import Mint
from simulator.text import MAX_TEXT, SOURCES


class World:
    """The simulated X behind the API; call `advance` before reading."""

    def __init__(self, config: Config, start_ms: int) -> None:
        """Draw the accounts and set the first events; history is made by the first `advance`."""
        self._rng = Random(f"{config.seed}/{start_ms}")
        self._config = config
        self.start_ms = start_ms
        self.history_start_ms = start_ms - round(config.history_hours * HOUR_MS)
        self.agenda = Agenda(self.history_start_ms)
        self.accounts = AccountBook(self._rng, config.accounts, start_ms)
        self.index = PostIndex()
        self.happenings = Happenings()
        self.lives = Lives(config, self.accounts, self.index, self.agenda, self.happenings, start_ms)
        self.media: dict[str, Media] = {}
        self.media_posts: dict[str, list[Post]] = {}
        self.forgotten_before_id = 0
        self._mint, self._media_mint = Mint(), Mint()
        self._kinds, self._weights = tuple(RATES_PER_HOUR), tuple(RATES_PER_HOUR.values())
        self._pace = Pace(config, start_ms)
        self._lateness = Lateness(config, start_ms)
        self._plan_act()

    # -- time

    @property
    def now_ms(self) -> int:
        """How far the world has come."""
        return self.agenda.now_ms

    def advance(self, now_ms: int) -> None:
        """Let everything happen that is due by `now_ms`; a time in the past changes nothing."""
        self.agenda.advance(now_ms)
        if len(self.index.posts) > self._config.max_posts * 1.1:
            self._forget()

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

    def _plan_act(self) -> None:
        self.agenda.at(self._pace.draw_next(self._rng, self.now_ms), self._act)

    def _act(self) -> None:
        kind = self._rng.choices(self._kinds, self._weights)[0]
        if kind == "original":
            self._write(self.accounts.pick_tracked(self._rng), Relation())
        elif kind == "mention":
            self._write(self.accounts.pick_crowd(self._rng), Relation(), [self.accounts.pick_tracked(self._rng)])
        elif kind == "chatter":
            self._chatter()
        else:
            self._answer_or_repost(kind)
        self._plan_act()

    def _chatter(self) -> None:
        # The one account of the crowd that was always protected still talks, to itself.
        shy = self.accounts.crowd[0]
        self._write(shy if self._rng.random() < 0.08 else self.accounts.pick_crowd(self._rng), Relation())

    def _answer_or_repost(self, kind: str) -> None:
        """A tracked account answers or reposts one of the newest posts of others."""
        author = self.accounts.pick_tracked(self._rng)
        recent = self.index.posts[-40:]
        target = self._rng.choice(recent) if recent else None
        if target is None or not target.current or target.retweet_of or target.author is author:
            return
        self._write(author, Relation(reply_to=target)) if kind == "answer" else self.repost(author, target)

    def _react(self, kind: str, target: Post) -> None:
        while target.successor is not None:
            target = target.successor
        if not target.live:
            return
        author = self.accounts.pick_crowd(self._rng)
        if kind in (relations := {"reply": Relation(reply_to=target), "quote": Relation(quote_of=target)}):
            self._write(author, relations[kind])
        else:
            self.repost(author, target)

    def delete(self, post: Post) -> None:
        """Let an author delete a post, with every version of it and its reposts."""
        there = [one for id_ in post.chain if (one := self.index.by_id.get(id_)) and one.deleted_at_ms is None]
        delete(self.index, post, self.now_ms)
        for one in there:
            self.happenings.tell(Happening("delete", self.now_ms, one.author, one))

    def quote(self, target: Post, late_ms: int = 0) -> Post:
        """Let a stranger whose posts can be seen quote a post, to come so much later than others into the search."""
        with self._lateness.of(late_ms):
            author = self.accounts.pick_crowd(self._rng)
            while author.hidden or (quote := self._write(author, Relation(quote_of=target))) is None:
                author = self.accounts.pick_crowd(self._rng)
        return quote

    # -- posts

    def _write(self, author: Account, relation: Relation, mentioned: list[Account] | None = None) -> Post | None:
        """Let an account write a post; None when it may not, being suspended."""
        if author.state == "suspended":
            return None
        named = list(mentioned or ())
        if named and self._rng.random() < 0.15:
            named.append(self.accounts.pick_tracked(self._rng))
        composed = compose(self._rng, relation, named, lambda: self._media_mint.next(self.now_ms), self.now_ms)
        return self._publish(author, relation, composed)

    def repost(self, author: Account, target: Post) -> bool:
        """Repost, unless the author may not or has done so already; answer whether it did."""
        again = any(post.author is author and post.live for post in self.index.under(f"repost:{target.id}"))
        if author.state == "suspended" or again:
            return False
        self._publish(author, Relation(retweet_of=target), compose_repost(target))
        return True

    def _publish(self, author: Account, relation: Relation, composed: Composition) -> Post:
        post_id, draft = self._mint.next(self.now_ms), composed.draft
        if composed.media:
            kind = "photo" if composed.media[0].kind == "photo" else "video"
            link = f"https://x.com/{author.username}/status/{post_id}/{kind}/1"
            draft.add_link(self._rng, link, composed.media[0])
        popularity = author.popularity * (0.3 if relation.reply_to is not None else 1.0) * self._config.reactions
        engagement, size = draw_engagement(self._rng, popularity, self._config.tempo)
        long = len(draft.text) > MAX_TEXT
        short = draft.text[: MAX_TEXT - 1] + "…" if long else draft.text
        post = Post(
            id=post_id,
            author=author,
            created_at_ms=self.now_ms,
            text=short,
            note_text=draft.text if long else None,
            lang=composed.lang,
            source=self._rng.choice(SOURCES),
            words=tuple(draft.words),
            mentions=tuple(draft.mentions),
            hashtags=tuple(draft.hashtags),
            urls=tuple(draft.urls),
            media=composed.media,
            engagement=engagement,
            conversation_id=post_id if relation.reply_to is None else relation.reply_to.conversation_id,
            reply_to=relation.reply_to,
            quote_of=relation.quote_of,
            retweet_of=relation.retweet_of,
            poll=composed.poll,
            place=composed.place,
            withheld_in=composed.withheld_in,
            late_ms=self._lateness.draw_ms(),
            chain=[] if relation.edit_of is None else relation.edit_of.chain,
        )
        self._enter(post)
        if post.retweet_of is None:
            self._plan_reactions(post, size)
        self._plan_end(post)
        return post

    def _enter(self, post: Post) -> None:
        post.chain.append(post.id)
        post.author.posts_made += 1
        post.author.latest_post_id = post.id
        self.index.add(post)
        count(post, 1)
        if post.late_ms:
            self._lateness.hold_back(post, self.agenda)
        if post.author.hidden:
            withdraw(self.index, post, self.now_ms, hidden=True)
        for media in post.media:
            self.media[media.key] = media
            self.media_posts.setdefault(media.key, []).append(post)
        self.happenings.tell(Happening("post", self.now_ms, post.author, post))

    def _plan_reactions(self, post: Post, size: float) -> None:
        """Set when replies, quotes and reposts of a new post will come, along its own growth curve."""
        means = (("reply", min(0.7 * size, 25)), ("quote", min(0.4 * size, 25)), ("repost", min(0.4 * size, 15)))
        for kind, mean in means:
            for _ in range(poisson(self._rng, mean)):
                at_ms = post.created_at_ms + post.engagement.arrival_age_ms(self._rng)
                self.agenda.at(at_ms, partial(self._react, kind, post))

    def _plan_end(self, post: Post) -> None:
        """Draw whether a post will be edited or deleted, and when."""
        deleted, edited = self._config.deleted_share, self._config.edited_share
        roll = self._rng.random()
        if roll < deleted:
            self.agenda.at(
                self.now_ms + deletion_delay_ms(self._rng, self._config.tempo),
                lambda: self.delete(post),
            )
        elif roll < deleted + edited and post.editable and len(post.chain) == 1:
            self._plan_edit(post, post.created_at_ms)  # the edit before draws that of a later version

    def _plan_edit(self, post: Post, first_ms: int) -> None:
        at_ms = self.now_ms + edit_delay_ms(self._rng, self._config.tempo)
        if at_ms < first_ms + EDIT_WINDOW_MS and len(post.chain) <= MAX_EDITS:
            self.agenda.at(at_ms, lambda: self._edit(post, first_ms))

    def _edit(self, old: Post, first_ms: int) -> None:
        if not old.live:
            return
        new = self._write(old.author, Relation(edit_of=old), [old.mentions[0].account] if old.mentions else None)
        if new is None:
            return
        old.superseded_at_ms, old.successor = self.now_ms, new
        if self._rng.random() < 0.3:
            self._plan_edit(new, first_ms)


def mentioned_accounts(spans: tuple[MentionSpan, ...]) -> list[Account]:
    """Return the accounts that spans name, each once, in order."""
    return list({span.account.id: span.account for span in spans}.values())
