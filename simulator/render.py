"""Owns the JSON of posts, users, media and polls: which fields appear, under which names, and `includes`.

It must not search or page. Invariant: beyond the defaults of X only what was asked for appears, and
everything an expansion names is in `includes` exactly once, or is in `errors`.
"""

from collections.abc import Iterable

from simulator.accounts import Account
from simulator.calls import JsonObject, Returned
from simulator.dialect import Dialect
from simulator.fields import POST_FIELDS, edit_controls, note, references, user_fields, withheld
from simulator.media import Media, MediaFile, avatar
from simulator.params import Fields
from simulator.places import Place, place_json
from simulator.polls import poll_json
from simulator.post import Post
from simulator.problems import post_error, user_error
from simulator.world import World, mentioned_accounts

# A field that an expansion names is shown even when the field itself was not asked for.
_IMPLIED = {
    "author_id": "author_id",
    "in_reply_to_user_id": "in_reply_to_user_id",
    "referenced_tweets.id": "referenced_tweets",
    "referenced_tweets.id.author_id": "referenced_tweets",
    "referenced_tweets.id.attachments.media_keys": "referenced_tweets",
    "attachments.media_keys": "attachments",
    "attachments.poll_ids": "attachments",
    "geo.place_id": "geo",
    "entities.mentions.username": "entities",
    "edit_history_tweet_ids": "edit_history_tweet_ids",
    "username": "username",
}


class Renderer:
    """Renders one answer: collects what must be included while it renders what was asked for."""

    def __init__(self, world: World, dialect: Dialect, fields: Fields, base_url: str) -> None:
        """Prepare for one request; `base_url` is where the media files are."""
        self._world, self._dialect, self._fields, self._base_url = world, dialect, fields, base_url
        self._shown = fields.post | {_IMPLIED[name] for name in fields.expansions if name in _IMPLIED}
        self._users: dict[int, Account] = {}
        self._posts: dict[int, Post] = {}
        self._media: dict[str, Media] = {}
        self._polls: dict[int, Post] = {}
        self._places: dict[str, Place] = {}
        self._errors: list[JsonObject] = []

    # -- whole answers

    def posts_body(self, posts: list[Post], errors: Iterable[JsonObject] = ()) -> JsonObject:
        """Return `data`, `includes` and `errors` for posts; keys with nothing under them are left out."""
        data = [self.post(post) for post in posts]
        for post in posts:
            self._expand(post)
        return self._body(data, errors)

    def users_body(self, accounts: list[Account], errors: Iterable[JsonObject] = ()) -> JsonObject:
        """Return `data`, `includes` and `errors` for users."""
        data = [self.user(account) for account in accounts]
        if "most_recent_tweet_id" in self._fields.expansions:
            for account in accounts:
                newest = self._world.index.by_id.get(account.latest_post_id or 0)
                if newest is not None and newest.live:
                    self._posts[newest.id] = newest
        return self._body(data, errors)

    def returned(self, posts: Iterable[Post] = (), users: Iterable[Account] = ()) -> Returned:
        """Return the ids handed out, includes too; call it after the body was made."""
        post_ids, user_ids = {post.id for post in posts}, {account.id for account in users}
        included_posts, included_users = set(self._posts) - post_ids, set(self._users) - user_ids
        return Returned(
            posts=(*post_ids, *included_posts),
            users=(*user_ids, *included_users),
            included_posts=tuple(included_posts),
            included_users=tuple(included_users),
        )

    def _body(self, data: list[JsonObject], errors: Iterable[JsonObject]) -> JsonObject:
        includes: JsonObject = {}
        if self._users:
            includes["users"] = [self.user(account) for account in self._users.values()]
        if self._posts:
            included = list(self._posts.values())
            includes[self._dialect.included_posts] = [self.post(post) for post in included]
        if self._media:
            includes["media"] = [self.media(media) for media in self._media.values()]
        if self._polls:
            includes["polls"] = [self._poll(post) for post in self._polls.values()]
        if self._places:
            includes["places"] = [place_json(place, self._fields.place) for place in self._places.values()]
        all_errors = [*errors, *self._errors]
        parts = (("data", data), ("includes", includes), ("errors", all_errors))
        return {name: part for name, part in parts if part}

    # -- expansions

    def _expand(self, post: Post) -> None:
        asked = self._fields.expansions
        if "author_id" in asked:
            self._include_user(post.author, "author_id")
        if "in_reply_to_user_id" in asked and post.reply_to is not None:
            self._include_user(post.reply_to.author, "in_reply_to_user_id")
        if "entities.mentions.username" in asked:
            for account in mentioned_accounts(post.mentions):
                self._include_user(account, "entities.mentions.username")
        if "attachments.media_keys" in asked:
            self._media.update((media.key, media) for media in post.media)
        if "attachments.poll_ids" in asked and post.poll is not None:
            self._polls[post.poll.id] = post
        if "geo.place_id" in asked and post.place is not None:
            self._places[post.place.id] = post.place
        if "edit_history_tweet_ids" in asked:
            for version_id in post.chain:
                self._include_post(version_id, self._dialect.edit_history)
        if _IMPLIED.keys() & asked and "referenced_tweets" in self._shown:
            for _, other in references(post):
                self._include_reference(other)

    def _include_reference(self, other: Post) -> None:
        asked = self._fields.expansions
        if not self._include_post(other.id, self._dialect.reference_parameter):
            return
        if "referenced_tweets.id.author_id" in asked:
            self._include_user(other.author, "referenced_tweets.id.author_id")
        if "referenced_tweets.id.attachments.media_keys" in asked:
            self._media.update((media.key, media) for media in other.media)

    def _include_post(self, post_id: int, parameter: str) -> bool:
        if not any(name.startswith(("referenced_tweets.id", "edit_history")) for name in self._fields.expansions):
            return False
        post = self._world.index.by_id.get(post_id)
        if post is not None and post.live:
            self._posts[post_id] = post
            return True
        self._note(post_error(self._dialect, parameter, post_id, post, "includes"))
        return False

    def _include_user(self, account: Account, parameter: str) -> None:
        if account.suspended_at_ms is None:
            self._users[account.id] = account
        else:
            value = account.username if parameter.endswith("username") else str(account.id)
            self._note(user_error(self._dialect, parameter, value, account))

    def _note(self, error: JsonObject) -> None:
        if error not in self._errors:
            self._errors.append(error)

    # -- objects

    def post(self, post: Post) -> JsonObject:
        """Return one post with its default and requested fields."""
        dialect, shown = self._dialect, self._shown
        item: JsonObject = {"id": str(post.id), "text": post.text}
        item[dialect.edit_history] = [str(version_id) for version_id in post.chain]
        for name in shown & POST_FIELDS.keys():
            value = POST_FIELDS[name](post)
            if value is not None:
                item[name] = value
        if "referenced_tweets" in shown and (found := references(post)):
            item[dialect.references] = [{"type": kind, "id": str(other.id)} for kind, other in found]
        if "note_tweet" in shown and (whole := note(post)) is not None:
            item[dialect.note] = whole
        if "withheld" in shown and (where := withheld(post, dialect.post_word)) is not None:
            item["withheld"] = where
        if "public_metrics" in shown:
            metrics = post.metrics_at(self._world.now_ms)
            item["public_metrics"] = {dialect.repost_count: metrics.pop("retweet_count"), **metrics}
        if "edit_controls" in shown:
            item["edit_controls"] = edit_controls(post, self._world.now_ms)
        return item

    def user(self, account: Account) -> JsonObject:
        """Return one user with its default and requested fields."""
        item: JsonObject = {"id": str(account.id), "name": account.name, "username": account.username}
        asked_fields = self._fields.user
        if asked_fields:
            item.update((name, value) for name, value in user_fields(account) if name in asked_fields and value != "")
        if "profile_image_url" in asked_fields:
            item["profile_image_url"] = self._base_url + avatar(account.id).image.path
        if "public_metrics" in self._fields.user:
            item["public_metrics"] = {
                "followers_count": account.followers,
                "following_count": account.following,
                self._dialect.user_post_count: account.earlier_posts + account.posts_made,
                "listed_count": account.listed,
                "like_count": account.following * 7,
            }
        asked = self._fields.user | self._fields.expansions
        if "most_recent_tweet_id" in asked and account.latest_post_id is not None and not account.hidden:
            item[self._dialect.latest_post] = str(account.latest_post_id)
        return item

    def media(self, media: Media) -> JsonObject:
        """Return one media object with its default and requested fields."""
        asked = self._fields.media
        item: JsonObject = {"media_key": media.key, "type": media.kind}
        values: tuple[tuple[str, object], ...] = (
            ("width", media.width),
            ("height", media.height),
            ("alt_text", media.alt_text),
            ("duration_ms", media.duration_ms),
            ("url" if media.kind == "photo" else "preview_image_url", self._base_url + media.image.path),
        )
        item.update((name, value) for name, value in values if name in asked and value is not None)
        if "variants" in asked and media.kind != "photo":
            item["variants"] = [self._variant(film) for film in media.variants]
        if "public_metrics" in asked and media.kind == "video":
            item["public_metrics"] = {"view_count": self._views(media)}
        return item

    def _poll(self, post: Post) -> JsonObject:
        if post.poll is None:
            raise TypeError(f"post {post.id} has no poll")
        now_ms = self._world.now_ms
        return poll_json(post.poll, post.voters_at(now_ms), now_ms, self._fields.poll)

    def _variant(self, film: MediaFile) -> JsonObject:
        item: JsonObject = {"content_type": film.content_type, "url": self._base_url + film.path}
        return item if film.bit_rate is None else {"bit_rate": film.bit_rate, **item}

    def _views(self, media: Media) -> int:
        first = self._world.media_posts[media.key][0]
        return first.metrics_at(self._world.now_ms)["impression_count"] // 3
