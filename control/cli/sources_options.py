"""The options of `covey sources add` and `edit`, and what was given of them as the fields of a source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import typer

Words = list[str] | None
Word = str | None
Name = Annotated[Word, typer.Option(help="What people call it; else its id.")]
Accounts = Annotated[Words, typer.Option(help="An account: name, @name or the address of a profile. May be repeated.")]
Keywords = Annotated[Words, typer.Option(help="A word. May be repeated; any of all terms is enough.")]
Phrases = Annotated[Words, typer.Option(help="Several words in this order. May be repeated.")]
Hashtags = Annotated[Words, typer.Option(help="A hashtag, with or without #. May be repeated.")]
Mentions = Annotated[Words, typer.Option(help="An account that is mentioned. May be repeated.")]
Excluded = Annotated[Words, typer.Option(help="A word, phrase, #hashtag or @name that must not be there.")]
Languages = Annotated[Words, typer.Option(help="Only posts in this language: en, de. May be repeated.")]
Conversation = Annotated[Word, typer.Option(help="A conversation: the id or address of its first post.")]
QuotesOfPost = Annotated[Word, typer.Option(help="Quotes of this post: its id or address.")]
QuotesOf = Annotated[Word, typer.Option(help="Quotes of all posts of this account.")]
Interval = Annotated[Word, typer.Option(help="How often: 60s to 7d. Else COVEY_SEARCH_INTERVAL_SECONDS.")]
LookBack = Annotated[Word, typer.Option(help="Also what was posted before: 30m, 2h, up to 7d. Costs reads.")]
Priority = Annotated[Word, typer.Option(help="0 to 100: which gaps are filled first. 50 is usual.")]
QuotaShare = Annotated[
    Word, typer.Option(help="The part of a day's money, such as 0.2, that searches for it alone may spend.")
]
Credential = Annotated[Word, typer.Option(help="The only one X is asked with: an id of covey credentials list.")]
Live = Annotated[bool | None, typer.Option("--live/--no-live", help="Also over X's streams, as it is posted.")]
AlertVelocity = Annotated[
    Word, typer.Option(help="A post with more acts an hour is told of; else COVEY_ALERT_VELOCITY.")
]
RetentionDays = Annotated[Word, typer.Option(help="How many days its posts are kept; else for ever.")]
Refresh = Annotated[
    Word,
    typer.Option(
        metavar="all|none|min_engagement=N,authors=followed",
        help="Of which of its posts the engagement is read again; else of all.",
    ),
]
Tenant = Annotated[Word, typer.Option(help="Whose it is.")]
AddedAccounts = Annotated[Words, typer.Option(help="An account beside those that are there. May be repeated.")]
DroppedAccounts = Annotated[Words, typer.Option(help="An account that is there. May be repeated.")]

# Options that say one part of the terms.
_TERMS: Final = {
    "keyword": "keywords",
    "phrase": "phrases",
    "hashtag": "hashtags",
    "mention": "mentions",
    "exclude": "exclude",
    "language": "languages",
}
_AS_THEY_ARE: Final = (
    *("name", "conversation", "interval", "look_back", "priority", "quota_share", "credential", "retention_days"),
    *("alert_velocity", "refresh", "tenant"),
)
NONE: Final = "none"
_MAY_BE_NONE: Final = frozenset({"id", "refresh"})  # of which it is a value


def given(options: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a source that the options of a command say."""
    fields: dict[str, Any] = {"id": options["source_id"]}
    fields |= {name: options[name] for name in _AS_THEY_ARE if options[name] is not None}
    if options["account"]:
        fields["accounts"] = list(options["account"])
    if terms := {part: list(options[name]) for name, part in _TERMS.items() if options[name]}:
        fields["terms"] = terms
    quotes_of = {"post": options["quotes_of_post"], "account": options["quotes_of"]}
    if quotes_of := {name: value for name, value in quotes_of.items() if value is not None}:
        fields["quotes_of"] = quotes_of
    if options["live"] is not None:
        fields["live"] = str(options["live"]).lower()
    return fields


def over(
    before: Mapping[str, Any], given: Mapping[str, Any], *, added: Sequence[str], dropped: Sequence[str]
) -> dict[str, Any]:
    """The fields of a source with those that were given in their place; `none` takes one away. All scalars are text."""
    fields = {name: _text(value) for name, value in before.items()}
    for name, value in given.items():
        if value in (NONE, [NONE]) and name not in _MAY_BE_NONE:
            fields.pop(name, None)
        elif name == "terms":
            fields[name] = {k: v for k, v in {**fields.get(name, {}), **value}.items() if v != [NONE]}
        else:
            fields[name] = value
    if added or dropped:
        gone = {name.lower().removeprefix("@") for name in dropped}
        there = [name for name in (*fields.get("accounts", ()), *added) if name.lower().removeprefix("@") not in gone]
        fields["accounts"] = there
    return fields


def _text(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _text(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_text(one) for one in value]
    return str(value).lower() if isinstance(value, bool) else str(value)
