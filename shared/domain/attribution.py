"""Why a post concerns a source: which of the members of the stream that found it explains it, and how. Pure.

    author       the account wrote it
    reply        it replies to a post of the account; or it is in the conversation
    quote        it quotes a post of the account, or the post
    mention      it names the account
    co_mention   it names the account only because the thread does: a reply to somebody else begins with the names of
                 all who were named before
    term         it matches the terms; or it is the post that the conversation began with

Accounts are told by their ids where both are known, else by their names. X finds by more than what it sends, so a post
that no member explains is no mistake: it concerns every member that may have found it.
Invariant: what a stream found concerns one of its members at least, if any of them is no account.
What no stream found concerns those alone who explain it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from shared.domain.matching import Said, matches
from shared.domain.models import Page, Post, ReferenceType
from shared.domain.sources import Source, SourceKind, source_of

_NONE: Mapping[int, Collection[str]] = MappingProxyType({})


class Why(StrEnum):
    """How a post concerns a source. Values appear in MongoDB."""

    AUTHOR = "author"
    REPLY = "reply"
    QUOTE = "quote"
    MENTION = "mention"
    CO_MENTION = "co_mention"
    TERM = "term"


@dataclass(frozen=True, slots=True)
class Concern:
    """One reason. source: its id. member: the key of what the source asks for."""

    source: str
    member: str
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A member of a stream, and who asks for it. user_id: as far as X told it. is_denied: X says that it has none."""

    key: str
    sources: tuple[Source, ...]
    user_id: int | None = None
    is_denied: bool = False


@dataclass(frozen=True, slots=True)
class _Person:
    """An account as far as a page tells."""

    id: int | None
    name: str | None


class Audience:
    """For whom a page is read. is_found: by a search of theirs. everyone: all sources that ask now, by id."""

    def __init__(
        self,
        asking: Iterable[Asking] = (),
        *,
        quotes_of: Mapping[int, Collection[str]] = _NONE,
        is_found: bool = True,
        everyone: Mapping[str, Source] = MappingProxyType({}),
    ) -> None:
        self._asking, self._quotes_of, self._is_found, self.everyone = tuple(asking), quotes_of, is_found, everyone
        accounts = [one for one in self._asking if source_of(one.key) is None]
        self._others = [one for one in self._asking if source_of(one.key) is not None]
        self._by_name = {one.key: one for one in accounts}
        self._by_id = {one.user_id: one for one in accounts if one.user_id is not None}
        self.tenants = {source.id: source.tenant for one in (*accounts, *self._others) for source in one.sources}

    @property
    def knows_accounts(self) -> bool:
        """Whether it has the ids of all its accounts that exist: else their posts are told by their names alone."""
        return all(one.user_id is not None or one.is_denied for one in self._by_name.values())

    def of_quotes(self, wrote: Mapping[int, Collection[str]]) -> Audience:
        """The same, of a page with the quotes of posts. wrote: the keys of those who wrote each of them."""
        return Audience(self._asking, quotes_of=wrote, everyone=self.everyone)

    def has_user(self, user_id: int) -> bool:
        """Whether an account, by its id, is one of those that are followed."""
        return user_id in self._by_id

    def concerns(self, page: Page) -> dict[int, tuple[Concern, ...]]:
        """Of each post of a page why it concerns whom; those that concern nobody are left out."""
        if not self.tenants:
            return {}
        about = _About(page)
        found = {post.id: tuple(dict.fromkeys(self._of(Said(post), about))) for post in page.posts}
        return {post_id: concerns for post_id, concerns in found.items() if concerns}

    def _of(self, said: Said, about: _About) -> Iterator[Concern]:
        is_explained = False
        for member, why in (*self._accounts(said, about), *self._by_themselves(said, about)):
            is_explained = True
            yield from (Concern(source.id, member.key, why) for source in member.sources)
        if not is_explained and self._is_found:
            for member in self._others:
                for source in member.sources:
                    if (guess := _may_have_found(source, said.post)) is not None:
                        yield Concern(source.id, member.key, guess)

    def _accounts(self, said: Said, about: _About) -> Iterator[tuple[Asking, Why]]:
        """The accounts that it concerns; each in the ways that say most."""
        post = said.post
        wrote = self._find(about.author(post))
        answered = self._find(about.answered(said))
        quoted = self._find(about.quoted(post))
        yield from ((one, why) for one, why in ((wrote, Why.AUTHOR),) if one is not None)
        for one, why in ((answered, Why.REPLY), (quoted, Why.QUOTE)):
            if one is not None and one is not wrote:
                yield one, why
        for one in self._authors(post.referenced(ReferenceType.QUOTED)):
            if one is not wrote and one is not quoted:
                yield one, Why.QUOTE
        carried = about.carried_along(said)
        for mention in said.mentions:
            one = self._find(_Person(mention.id, mention.name))
            if one is not None and one is not wrote and one is not answered:
                yield one, Why.CO_MENTION if mention.name in carried else Why.MENTION

    def _authors(self, quoted_id: int | None) -> list[Asking]:
        """Who wrote a post whose quotes were asked for."""
        keys = self._quotes_of.get(quoted_id, ()) if quoted_id is not None else ()
        return [self._by_name[key] for key in keys if key in self._by_name]

    def _by_themselves(self, said: Said, about: _About) -> Iterator[tuple[Asking, Why]]:
        for member in self._others:
            for source in member.sources:
                if (why := _explained_by(source, said, about)) is not None:
                    yield member, why

    def _find(self, person: _Person | None) -> Asking | None:
        if person is None:
            return None
        if person.id is not None and (found := self._by_id.get(person.id)) is not None:
            return found
        named = self._by_name.get(person.name or "")
        return None if named is None or (person.id is not None and named.user_id is not None) else named


def _explained_by(source: Source, said: Said, about: _About) -> Why | None:
    """How the post is what a source of terms, a conversation or quotes asks for; None: nothing says that it is."""
    post, quoted = said.post, said.post.referenced(ReferenceType.QUOTED)
    if source.terms is not None:
        return Why.TERM if matches(said, source.terms) else None
    if source.conversation_id is not None:
        if post.id == source.conversation_id:
            return Why.TERM
        return Why.REPLY if post.conversation_id == source.conversation_id else None
    if source.quotes_of is None or quoted is None:
        return None
    if source.quotes_of.post_id is not None:
        return Why.QUOTE if quoted == source.quotes_of.post_id else None
    author = about.quoted(post)
    is_theirs = author is not None and author.name == (source.quotes_of.account or "").lower()
    return Why.QUOTE if is_theirs else None


def _may_have_found(source: Source, post: Post) -> Why | None:
    """How a post that nothing explains may concern a source: X's search sees more than what it sends."""
    if source.kind is SourceKind.TERMS:
        return Why.TERM
    is_quote = post.referenced(ReferenceType.QUOTED) is not None
    return Why.QUOTE if source.kind is SourceKind.QUOTES and is_quote else None


class _About:
    """What a page says of the people and posts around its posts."""

    def __init__(self, page: Page) -> None:
        self._names: dict[int, str] = {user.id: user.username.lower() for user in page.users}
        self._posts: Mapping[int, Post] = {post.id: post for post in (*page.posts, *page.included_posts)}

    def author(self, post: Post) -> _Person:
        """Who wrote it."""
        return self._person(post.author_id)

    def answered(self, said: Said) -> _Person | None:
        """Whose post it replies to."""
        user_id = said.post.in_reply_to_user_id
        parent_id = said.post.referenced(ReferenceType.REPLIED_TO)
        parent = self._posts.get(parent_id) if parent_id is not None else None
        if user_id is None:
            return None if parent is None else self.author(parent)
        named = next((one.name for one in said.mentions if one.id == user_id), None)
        return _Person(user_id, named or self._names.get(user_id))

    def quoted(self, post: Post) -> _Person | None:
        """Whose post it quotes: by that post, else by the address of it in the text."""
        quoted_id = post.referenced(ReferenceType.QUOTED)
        if quoted_id is None:
            return None
        if (quoted := self._posts.get(quoted_id)) is not None and quoted.author_id is not None:
            return self._person(quoted.author_id)
        return _Person(None, _name_in_address(post, quoted_id))

    def carried_along(self, said: Said) -> frozenset[str]:
        """The names that a reply to somebody begins with only because its thread has them."""
        post = said.post
        if post.in_reply_to_user_id is None and post.referenced(ReferenceType.REPLIED_TO) is None:
            return frozenset()
        leading: list[str] = []
        reached = 0
        for one in said.mentions:
            if post.text[reached : one.start].strip():
                break
            leading.append(one.name)
            reached = max(reached, one.end)
        later = {one.name for one in said.mentions[len(leading) :]}
        thread = self._named_before(post)
        return frozenset(name for name in leading if name not in later and (thread is None or name in thread))

    def _named_before(self, post: Post) -> frozenset[str] | None:
        """Whom the post that it replies to names, and who wrote that; None where it did not come along."""
        parent_id = post.referenced(ReferenceType.REPLIED_TO)
        parent = self._posts.get(parent_id) if parent_id is not None else None
        if parent is None:
            return None
        author = self.author(parent).name
        return Said(parent).names | ({author} if author else frozenset())

    def _person(self, user_id: int | None) -> _Person:
        return _Person(user_id, None if user_id is None else self._names.get(user_id))


def _name_in_address(post: Post, post_id: int) -> str | None:
    """The name in the address of a post, as the text links to it: https://x.com/NAME/status/ID."""
    links = post.entities.get("urls")
    for link in links if isinstance(links, list) else ():
        parts = str(link.get("expanded_url", "")).split("/") if isinstance(link, dict) else []
        if len(parts) >= 6 and parts[4] == "status" and parts[5].partition("?")[0] == str(post_id):
            return parts[3].lower()
    return None
