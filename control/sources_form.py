"""A source as people write it, in a file or as options, made a `Source`; and back. Pure.

    id: floods                      accounts: [nasa, "@esa"]        one of the four says of which kind it is
    terms: {keywords: [flood]}      conversation: "1234"            quotes_of: {post: "1234"} or {account: nasa}

Every scalar is text here, whatever a file takes it for: `no` is a language, and an id has no decimals.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from typing import Any, TypeVar

from control import inputs, sources_refresh
from shared.domain.engagement.selection import ALL, RefreshRule
from shared.domain.errors import InputError
from shared.domain.sources import QuotesOf, Source, SourceKind, Terms, check, with_accounts
from shared.platforms.x.addresses import post_id_of, quoted, username_of
from shared.platforms.x.clauses import clause_of

Value = str | None | Sequence[Any] | Mapping[str, Any]
T = TypeVar("T")
TERMS = tuple(Terms.__dataclass_fields__)
KINDS = {"accounts": SourceKind.ACCOUNTS, "terms": SourceKind.TERMS}
KINDS |= {"conversation": SourceKind.CONVERSATION, "quotes_of": SourceKind.QUOTES}
FIELDS = (
    *("id", "name", "tenant", "platform", *KINDS, "interval", "look_back", "priority", "paused", "quota_share"),
    *("credential", "live", "retention_days", "alert_velocity", "refresh"),
)
_FLAGS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_MOST_DIGITS = 9
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


@dataclass(slots=True)
class Reader:
    """Reads the fields of one source and notes all that is wrong. place: of a field, for people."""

    fields: Mapping[str, Value]
    now: datetime
    place: Callable[[str], str]
    faults: list[str] = field(default_factory=list)

    def read(self) -> Source | None:
        """The source; None where `faults` says why there is none."""
        for name in self.fields:
            if name not in FIELDS:
                self._fault(name, _no_field(name, "a source", FIELDS))
        kinds = [kind for name, kind in KINDS.items() if self.fields.get(name) is not None]
        source_id = self._value("id", _text) or ""
        if len(kinds) != 1:
            self._fault("id", f"needs one of {', '.join(KINDS)}, and has {len(kinds) or 'none'}")
        if self.faults:
            return None
        source = self._source(source_id, kinds[0])
        if not self.faults:
            self._checked(source)
        return None if self.faults else source

    def _source(self, source_id: str, kind: SourceKind) -> Source:
        terms, quotes_of = self.fields.get("terms"), self.fields.get("quotes_of")
        return Source(
            id=source_id,
            name=self._value("name", _text) or source_id,
            kind=kind,
            accounts=with_accounts(self._words("accounts", username_of)),
            terms=self._terms(terms) if terms is not None else None,
            conversation_id=self._value("conversation", self._post_id),
            quotes_of=self._quotes(quotes_of) if quotes_of is not None else None,
            tenant=self._value("tenant", _text) or "default",
            platform=self._value("platform", _text) or "x",
            interval_seconds=self._value("interval", seconds),
            look_back_seconds=self._value("look_back", seconds) or 0,
            priority=50 if (priority := self._value("priority", _whole)) is None else priority,
            paused=self._value("paused", _flag) or False,
            quota_share=self._value("quota_share", _number),
            credential=self._value("credential", _text),
            live=self._value("live", _flag) or False,
            retention_days=self._value("retention_days", _whole),
            alert_velocity=self._value("alert_velocity", _whole),
            refresh=self._refresh(self.fields.get("refresh")),
        )

    def _checked(self, source: Source) -> None:
        try:
            check(source)
            if source.kind is not SourceKind.ACCOUNTS:
                clause_of(source)
        except InputError as error:
            self._fault("", str(error).removeprefix(f"source {source.id}: "))

    def _terms(self, value: Value) -> Terms | None:
        within = self._within("terms", value, TERMS)
        return Terms(**{part: tuple(within._words(part, _text)) for part in TERMS}) if within else None

    def _quotes(self, value: Value) -> QuotesOf | None:
        within = self._within("quotes_of", value, ("post", "account"))
        if within is None:
            return None
        account = within._value("account", username_of)
        return QuotesOf(post_id=within._value("post", within._post_id), account=account and account.lower())

    def _refresh(self, value: Value) -> RefreshRule:
        if isinstance(value, str):
            if (rule := sources_refresh.rule(value)) is not None:
                return rule
            value = self._read("refresh", value, sources_refresh.conditions)
        within = None if value is None else self._within("refresh", value, sources_refresh.CONDITIONS)
        if within is None:
            return ALL
        return RefreshRule(
            min_engagement=within._value("min_engagement", _whole) or 0,
            of_followed=within._value("authors", sources_refresh.is_of_followed) or False,
        )

    def _within(self, name: str, value: Value, known: Sequence[str]) -> Reader | None:
        """A reader of the fields inside a field, whose faults are ours."""
        if not isinstance(value, Mapping):
            self._fault(name, f"has fields of its own: {', '.join(known)}")
            return None
        for one in value:
            if one not in known:
                self._fault(f"{name}.{one}", _no_field(one, name, known))
        return Reader(value, self.now, lambda part: self.place(f"{name}.{part}"), self.faults)

    def _post_id(self, text: str) -> int:
        return post_id_of(text, now=self.now, old_ids=True)

    def _value(self, name: str, read: Callable[[str], T]) -> T | None:
        value = self.fields.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            self._fault(name, "is one value, not several")
            return None
        return self._read(name, value, read)

    def _words(self, name: str, read: Callable[[str], str]) -> list[str]:
        value = self.fields.get(name)
        words = [value] if isinstance(value, str) else [] if value is None else value
        if isinstance(words, Mapping) or not all(isinstance(word, str) for word in words):
            self._fault(name, "is a list of words")
            return []
        return list(dict.fromkeys(found for word in words if (found := self._read(name, word, read)) is not None))

    def _read(self, name: str, text: str, read: Callable[[str], T]) -> T | None:
        try:
            return read(text)
        except InputError as error:
            self._fault(name, str(error))
            return None

    def _fault(self, name: str, what: str) -> None:
        self.faults.append(f"{self.place(name)}: {what}")


def _no_field(name: str, of: str, known: Sequence[str]) -> str:
    """What is wrong with a name, and the one that was meant, or all that there are."""
    close = get_close_matches(name, known, n=1, cutoff=0.6)
    return f"is no field of {of}; " + (f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}")


def fields_of(source: Source) -> dict[str, Any]:
    """The source as people write it; what is as it is without saying is left out."""
    written: dict[str, Any] = {"id": source.id}
    if source.name != source.id:
        written["name"] = source.name
    for name, usual in (("tenant", "default"), ("platform", "x")):
        if (value := getattr(source, name)) != usual:
            written[name] = value
    written |= _what(source)
    if source.interval_seconds is not None:
        written["interval"] = span(source.interval_seconds)
    if source.look_back_seconds:
        written["look_back"] = span(source.look_back_seconds)
    usual_values = {"priority": 50, "paused": False, "quota_share": None, "credential": None, "live": False}
    for name, usual_value in {**usual_values, "retention_days": None, "alert_velocity": None}.items():
        if (value := getattr(source, name)) != usual_value:
            written[name] = value
    return written | sources_refresh.written(source.refresh)


def seconds(text: str) -> int:
    """A span such as 5m in whole seconds; a number alone is seconds. Raises InputError."""
    whole = inputs.duration(f"{text.strip()}s" if _is_digits(text) else text).total_seconds()
    if whole != int(whole):
        raise InputError(f"{quoted(text)} is no whole number of seconds")
    return int(whole)


def span(whole_seconds: int) -> str:
    """Seconds as people write them: in the greatest unit of which they are a whole number."""
    unit, size = next((unit, size) for unit, size in _UNITS if whole_seconds % size == 0)
    return f"{whole_seconds // size}{unit}"


def _what(source: Source) -> dict[str, Any]:
    if source.terms is not None:
        return {"terms": {part: list(words) for part in TERMS if (words := getattr(source.terms, part))}}
    if source.conversation_id is not None:
        return {"conversation": str(source.conversation_id)}
    if source.quotes_of is not None:
        of = source.quotes_of
        return {"quotes_of": {"account": of.account} if of.account is not None else {"post": str(of.post_id)}}
    return {"accounts": list(source.accounts)}


def _text(text: str) -> str:
    if not text.strip():
        raise InputError("is empty")
    return text.strip()


def _whole(text: str) -> int:
    if not _is_digits(text):
        raise InputError(f"{quoted(text)} is no whole number")
    if len(text.strip()) > _MOST_DIGITS:
        raise InputError(f"{quoted(text)} has more than {_MOST_DIGITS} digits")
    return int(text)


def _is_digits(text: str) -> bool:
    return text.isascii() and text.strip().isdecimal()


def _number(text: str) -> float:
    if _NUMBER.fullmatch(text.strip()) is None:
        raise InputError(f"{quoted(text)} is no number")
    return float(text)


def _flag(text: str) -> bool:
    if text.strip().lower() not in _FLAGS:
        raise InputError(f"{quoted(text)} is neither true nor false")
    return _FLAGS[text.strip().lower()]
