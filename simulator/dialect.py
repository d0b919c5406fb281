"""Owns the two dialects of the API: which names each uses, and which one a request speaks.

It must not render. Invariant: all other code uses the canonical (old) names; only the tables here
translate. Source of the names: the published OpenAPI specs 2.166 (old) and 2.167 (new).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field


def _words(text: str) -> list[str]:
    return text.split()


_COMMON_POST = _words(
    "article attachments card_uri community_id context_annotations conversation_id created_at "
    "display_text_range edit_controls entities geo id lang matched_media_notes media_metadata "
    "non_public_metrics note_request_suggestions organic_metrics paid_partnership possibly_sensitive "
    "promoted_metrics public_metrics reply_settings scopes source suggested_source_links "
    "suggested_source_links_with_counts text withheld"
)
_COMMON_USER = _words(
    "confirmed_email connection_status created_at description entities id is_identity_verified location "
    "name parody profile_banner_url profile_image_url protected public_metrics receives_your_dm "
    "subscription subscription_type url username verified verified_followers_count verified_type withheld"
)
_MEDIA = _words(
    "alt_text duration_ms height media_key non_public_metrics organic_metrics preview_image_url "
    "promoted_metrics public_metrics type url variants width"
)
_POLL = ["duration_minutes", "end_datetime", "id", "options", "voting_status"]
_PLACE = ["contained_within", "country", "country_code", "full_name", "geo", "id", "name", "place_type"]
_COMMON_EXPANSIONS = _words(
    "article.cover_media article.media_entities attachments.media_keys attachments.media_source_tweet "
    "attachments.poll_ids author_id entities.mentions.username geo.place_id in_reply_to_user_id"
)


@dataclass(frozen=True)
class Dialect:
    """The names of one dialect; `canonical` maps its own names to those the code uses."""

    name: str
    problem_base: str
    post_parameter: str
    post_fields: frozenset[str]
    user_fields: frozenset[str]
    post_expansions: frozenset[str]
    user_expansions: frozenset[str]
    repost_count: str
    user_post_count: str
    references: str
    reference_parameter: str
    edit_history: str
    note: str
    included_posts: str
    post_word: str
    count: str
    latest_post: str
    canonical: dict[str, str] = field(default_factory=dict)

    def translate(self, names: Iterable[str]) -> frozenset[str]:
        """Return the canonical names of fields or expansions of this dialect."""
        return frozenset(self.canonical.get(name, name) for name in names)


OLD = Dialect(
    name="old",
    problem_base="https://api.twitter.com/2/problems/",
    post_parameter="tweet.fields",
    post_fields=frozenset(
        [*_COMMON_POST, "author_id", "edit_history_tweet_ids", "in_reply_to_user_id", "note_tweet", "referenced_tweets"]
    ),
    user_fields=frozenset([*_COMMON_USER, "affiliation", "most_recent_tweet_id", "pinned_tweet_id"]),
    post_expansions=frozenset(
        [
            *_COMMON_EXPANSIONS,
            "edit_history_tweet_ids",
            "entities.note.mentions.username",
            "referenced_tweets.id",
            "referenced_tweets.id.attachments.media_keys",
            "referenced_tweets.id.author_id",
        ]
    ),
    user_expansions=frozenset(["affiliation.user_id", "most_recent_tweet_id", "pinned_tweet_id"]),
    repost_count="retweet_count",
    user_post_count="tweet_count",
    references="referenced_tweets",
    reference_parameter="referenced_tweets.id",
    edit_history="edit_history_tweet_ids",
    note="note_tweet",
    included_posts="tweets",
    post_word="tweet",
    count="tweet_count",
    latest_post="most_recent_tweet_id",
)

NEW = Dialect(
    name="new",
    problem_base="https://api.x.com/2/problems/",
    post_parameter="post.fields",
    post_fields=frozenset([*_COMMON_POST, "article_title", "note_post"]),
    user_fields=frozenset([*_COMMON_USER, "subscribes_to_you"]),
    post_expansions=frozenset([*_COMMON_EXPANSIONS, "edit_history_post_ids", "referenced_posts", "username"]),
    user_expansions=frozenset(["affiliation", "most_recent_post_id", "pinned_post_id"]),
    repost_count="repost_count",
    user_post_count="post_count",
    references="referenced_posts",
    reference_parameter="referenced_posts",
    edit_history="edit_history_post_ids",
    note="note_post",
    included_posts="posts",
    post_word="post",
    count="post_count",
    latest_post="most_recent_post_id",
    canonical={
        "note_post": "note_tweet",
        "edit_history_post_ids": "edit_history_tweet_ids",
        "referenced_posts": "referenced_tweets.id",
        "most_recent_post_id": "most_recent_tweet_id",
        "pinned_post_id": "pinned_tweet_id",
    },
)

MEDIA_FIELDS = frozenset(_MEDIA)
POLL_FIELDS = frozenset(_POLL)
PLACE_FIELDS = frozenset(_PLACE)
USAGE_FIELDS = frozenset(
    ["cap_reset_day", "daily_client_app_usage", "daily_project_usage", "project_cap", "project_id", "project_usage"]
)


def choose_dialect(query: Iterable[tuple[str, str]], mode: str) -> Dialect:
    """Return the dialect to answer in: the forced one, or the one whose names the request uses.

    A request that uses no name of either gets the new one, the latest that X published.
    """
    if mode != "both":
        return OLD if mode == "old" else NEW
    for name, value in query:
        for dialect, other in ((OLD, NEW), (NEW, OLD)):
            if name == dialect.post_parameter:
                return dialect
            used = set(value.split(","))
            own = {
                "expansions": (dialect.post_expansions | dialect.user_expansions)
                - (other.post_expansions | other.user_expansions),
                "user.fields": dialect.user_fields - other.user_fields,
                "search_count.fields": frozenset({dialect.count}),
            }
            if used & own.get(name, frozenset()):
                return dialect
    return NEW
