"""Owns the record of one post (one version of it), and what can be read from it alone.

It must not know the world or any wire format. Invariant: what a post says never changes after it was
made; only its end (deleted, hidden, superseded), whether it is indexed and the counts of its reactions do.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from simulator.accounts import Account
from simulator.engagement import Engagement
from simulator.media import Media
from simulator.places import Place
from simulator.polls import Poll


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of the text, in characters, that stands for a hashtag."""

    start: int
    end: int
    value: str


@dataclass(frozen=True, slots=True)
class MentionSpan:
    """A piece of the text that names an account, by the name it had then."""

    start: int
    end: int
    account: Account
    username: str


@dataclass(frozen=True, slots=True)
class UrlSpan:
    """A piece of the text that is a short link; `media_key` when it stands for attached media."""

    start: int
    end: int
    url: str
    expanded_url: str
    display_url: str
    media_key: str | None = None


@dataclass(slots=True, eq=False)
class Post:
    """One version of a post; times in ms since the Unix epoch. `chain` is shared by all versions.

    `late_ms` is how much later than others it comes into the search; until then it is not `indexed`.
    """

    id: int
    author: Account
    created_at_ms: int
    text: str
    note_text: str | None
    lang: str
    source: str
    words: tuple[str, ...]
    mentions: tuple[MentionSpan, ...]
    hashtags: tuple[Span, ...]
    urls: tuple[UrlSpan, ...]
    media: tuple[Media, ...]
    engagement: Engagement
    conversation_id: int
    reply_to: "Post | None" = None
    quote_of: "Post | None" = None
    retweet_of: "Post | None" = None
    poll: Poll | None = None
    place: Place | None = None
    withheld_in: tuple[str, ...] = ()
    late_ms: int = 0
    indexed: bool = True
    chain: list[int] = field(default_factory=list)
    deleted_at_ms: int | None = None
    hidden_at_ms: int | None = None
    superseded_at_ms: int | None = None
    successor: "Post | None" = None
    reply_count: int = 0
    quote_count: int = 0
    retweet_count: int = 0

    @property
    def live(self) -> bool:
        """Whether it exists and its author can be seen (a superseded version is still live)."""
        return self.deleted_at_ms is None and self.hidden_at_ms is None

    @property
    def current(self) -> bool:
        """Whether it is the newest version of a live post."""
        return self.deleted_at_ms is None and self.hidden_at_ms is None and self.superseded_at_ms is None

    @property
    def searchable(self) -> bool:
        """Whether a search may find it: only the newest version of a live post, once it is indexed."""
        return self.indexed and self.current

    @property
    def editable(self) -> bool:
        """Whether a post of its kind may be edited at all."""
        return not (self.reply_to or self.quote_of or self.retweet_of or self.poll)

    @property
    def unsearchable_at_ms(self) -> int | None:
        """When it left the search, or None while it is there."""
        ends = [at for at in (self.deleted_at_ms, self.hidden_at_ms, self.superseded_at_ms) if at is not None]
        return min(ends, default=None)

    @property
    def state(self) -> str:
        """One word: live, superseded, deleted, suspended or protected."""
        if self.deleted_at_ms is not None:
            return "deleted"
        if self.hidden_at_ms is not None:
            return "suspended" if self.author.suspended_at_ms is not None else "protected"
        return "live" if self.superseded_at_ms is None else "superseded"

    def metrics_at(self, now_ms: int) -> dict[str, int]:
        """Return the public counts at `now_ms` by their old-dialect names, in O(1).

        A repost carries the repost count of its original and nothing else, as on X.
        """
        if self.retweet_of is not None:
            original = self.retweet_of.metrics_at(now_ms)["retweet_count"]
            return dict.fromkeys(METRICS, 0) | {"retweet_count": original}
        end_ms = self.unsearchable_at_ms
        counts = self.engagement.at((now_ms if end_ms is None else min(end_ms, now_ms)) - self.created_at_ms)
        return {
            "retweet_count": self.retweet_count,
            "reply_count": self.reply_count,
            "like_count": counts.likes,
            "quote_count": self.quote_count,
            "bookmark_count": counts.bookmarks,
            "impression_count": counts.impressions,
        }

    def voters_at(self, now_ms: int) -> int:
        """Return how many voted in its poll by `now_ms`, 0 without one."""
        if self.poll is None:
            return 0
        return self.engagement.at(min(now_ms, self.poll.ends_ms) - self.created_at_ms).impressions // 20


def addresses(post: Post) -> Iterator[str]:
    """Yield the addresses that a post links to, each as the short link and whole."""
    for span in post.urls:
        yield from (span.url, span.expanded_url)


METRICS = ("retweet_count", "reply_count", "like_count", "quote_count", "bookmark_count", "impression_count")
