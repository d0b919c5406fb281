"""Owns the search language: query text -> tree, and back.

It must not know posts or HTTP. Invariant: `parse(to_text(tree)) == tree` for every tree that `parse`
gives.

Grammar: juxtaposition is AND and binds tighter than `OR`; `-` negates what follows; `( )` group;
`"..."` is a phrase. Operators and their kinds are in `OPERATORS`.
"""

import re
from dataclasses import dataclass

from simulator.text import tokens


class QueryError(ValueError):
    """A query that X would refuse; the message is what X would say."""


@dataclass(frozen=True)
class Term:
    """One operator and its value, in lower case.

    Keywords and phrases have the operator `word`; the value of `url` are the words of an address.
    """

    operator: str
    value: str


@dataclass(frozen=True)
class Not:
    """The child does not match."""

    child: "Node"


@dataclass(frozen=True)
class And:
    """All children match; two or more."""

    children: tuple["Node", ...]


@dataclass(frozen=True)
class Or:
    """At least one child matches; two or more."""

    children: tuple["Node", ...]


Node = Term | Not | And | Or

# Operator -> whether it may stand alone ("standalone") or needs one that may ("conjunction required").
OPERATORS = {
    "word": True,
    "from": True,
    "to": True,
    "@": True,
    "#": True,
    "url": True,
    "conversation_id": True,
    "quotes_of_tweet_id": True,
    "in_reply_to_tweet_id": True,
    "retweets_of_tweet_id": True,
    "retweets_of": True,
    "is": False,
    "has": False,
    "lang": False,
    "min_likes": False,
    "min_replies": False,
    "min_reposts": False,
}
_NUMERIC = {
    "conversation_id", "quotes_of_tweet_id", "in_reply_to_tweet_id", "retweets_of_tweet_id",
    "min_likes", "min_replies", "min_reposts",
}  # fmt: skip
_FLAGS = {
    "is": {"retweet", "quote", "reply", "verified"},
    "has": {"media", "images", "videos", "links", "mentions", "hashtags"},
}
_LEXEME = re.compile(r'\s+|(?P<open>-?\()|(?P<close>\))|(?P<quoted>-?"[^"]*")|(?P<bare>-?[^\s()"]+(?:"[^"]*")?)')
_TAG = re.compile(r"\w+\Z")
_LANG = re.compile(r"[a-z]{2,3}(-[a-z]{2,4})?\Z")
_NAME = re.compile(r"[A-Za-z0-9_]{1,15}\Z|\d{1,19}\Z")


def parse(text: str) -> Node:
    """Read a query; raise `QueryError` for what X would not accept, with the position of the fault."""
    lexemes = _split(text)
    node, rest = _parse_or(lexemes, 0)
    if rest != len(lexemes):
        raise QueryError(f"no viable alternative at input '{lexemes[rest][1]}' (at position {lexemes[rest][2]})")
    return node


def require_standalone(node: Node) -> None:
    """Raise `QueryError` when a branch of the query has no positive standalone operator."""
    if not standalone(node):
        raise QueryError(
            "There were errors processing your request: every clause must contain at least one positive "
            "standalone operator (a keyword, from:, to:, @, #, conversation_id: ...) (at position 1)"
        )


def standalone(node: Node) -> bool:
    """Whether every post that matches must match some positive standalone operator."""
    if isinstance(node, Term):
        return OPERATORS[node.operator]
    if isinstance(node, And):
        return any(map(standalone, node.children))
    return isinstance(node, Or) and all(map(standalone, node.children))


def to_text(node: Node) -> str:
    """Write a tree as a query that `parse` reads back as the same tree."""
    if isinstance(node, Term):
        return _term_text(node)
    if isinstance(node, Not):
        child = to_text(node.child)
        return f"-{child}" if isinstance(node.child, Term) else f"-({child})"
    if isinstance(node, And):
        return " ".join(to_text(c) if isinstance(c, Term | Not) else f"({to_text(c)})" for c in node.children)
    return " OR ".join(to_text(c) if isinstance(c, Term | Not | And) else f"({to_text(c)})" for c in node.children)


def _split(text: str) -> list[tuple[str, str, int]]:
    lexemes, at = [], 0
    while at < len(text):
        found = _LEXEME.match(text, at)
        if found is None:
            raise QueryError(f"no viable alternative at character '{text[at]}' (at position {at + 1})")
        if found.lastgroup is not None:
            lexemes.append((found.lastgroup, found.group(), at + 1))
        at = found.end()
    return lexemes


def _parse_or(lexemes: list[tuple[str, str, int]], at: int) -> tuple[Node, int]:
    branches: list[Node] = []
    while True:
        branch, at = _parse_and(lexemes, at)
        branches.append(branch)
        if at >= len(lexemes) or lexemes[at][1] != "OR":
            return (branches[0] if len(branches) == 1 else Or(tuple(branches))), at
        at += 1


def _parse_and(lexemes: list[tuple[str, str, int]], at: int) -> tuple[Node, int]:
    clauses: list[Node] = []
    while at < len(lexemes) and lexemes[at][0] != "close" and lexemes[at][1] != "OR":
        clause, at = _parse_clause(lexemes, at)
        clauses.append(clause)
    if not clauses:
        where = lexemes[at] if at < len(lexemes) else ("end", "<EOF>", lexemes[-1][2] if lexemes else 1)
        raise QueryError(f"no viable alternative at input '{where[1]}' (at position {where[2]})")
    return (clauses[0] if len(clauses) == 1 else And(tuple(clauses))), at


def _parse_clause(lexemes: list[tuple[str, str, int]], at: int) -> tuple[Node, int]:
    kind, text, position = lexemes[at]
    negated = text.startswith("-")
    node: Node
    if kind == "open":
        node, at = _parse_or(lexemes, at + 1)
        if at >= len(lexemes) or lexemes[at][0] != "close":
            raise QueryError(f"missing ')' for the '(' (at position {position})")
    else:
        node = _parse_term(kind, text[1:] if negated else text, position)
    return (Not(node) if negated else node), at + 1


def _parse_term(kind: str, text: str, position: int) -> Term:
    if kind == "quoted":
        return _word(text.strip('"'), position)
    if text.lower() in {"and", "or"}:
        join = "a space" if text.lower() == "and" else "OR"
        raise QueryError(
            f"There were errors processing your request: Ambiguous use of {text} as a keyword. Use {join} to logically "
            f'join two clauses, or "{text}" to find occurrences of {text} in text (at position {position})'
        )
    if text[:1] in {"@", "#"}:
        if not _TAG.match(text[1:]):
            raise QueryError(f"no viable alternative at input '{text}' (at position {position})")
        return Term(text[0], text[1:].lower())
    operator, colon, value = text.partition(":")
    if not colon:
        return _word(text, position)
    return _operator(operator.lower(), value.strip('"').lower(), position)


def _word(text: str, position: int) -> Term:
    found = tokens(text)
    if not found:
        raise QueryError(f"no viable alternative at input '{text}' (at position {position})")
    return Term("word", " ".join(found))


def _operator(operator: str, value: str, position: int) -> Term:
    known = operator in OPERATORS and operator not in {"word", "@", "#"}
    if not known or (operator in _FLAGS and value not in _FLAGS[operator]):
        name = f"{operator}:{value}" if known else operator
        raise QueryError(
            f"There were errors processing your request: Reference to invalid operator '{name}'. Operator is not "
            f"available in current product or product packaging. (at position {position})"
        )
    value = value.removeprefix("@") if operator in {"from", "to", "retweets_of"} else value
    numeric = operator in _NUMERIC
    if not value or (numeric and not (value.isascii() and value.isdigit() and len(value) <= 19)):
        raise QueryError(f"invalid value '{value}' for operator {operator}: (at position {position})")
    if operator in {"from", "to", "retweets_of"} and not _NAME.match(value):
        raise QueryError(f"invalid username '{value}' for operator {operator}: (at position {position})")
    if operator == "lang" and not _LANG.match(value):
        raise QueryError(f"invalid language '{value}' for operator lang: (at position {position})")
    if operator == "url":
        return Term("url", _word(value, position).value)
    return Term(operator, str(int(value)) if numeric else value)


def _term_text(term: Term) -> str:
    if term.operator == "word":
        plain = term.value.isalnum() and term.value not in {"and", "or"}
        return term.value if plain else f'"{term.value}"'
    if term.operator == "url":
        return f'url:"{term.value}"'
    return f"{term.operator}{term.value}" if term.operator in "@#" else f"{term.operator}:{term.value}"
