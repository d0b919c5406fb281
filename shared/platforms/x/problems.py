"""What the partial errors of an answer with status 200 say of what was asked for.

Pure. Rules taken from several hundred real errors: only an error about the parameter `ids` or `id`, and not about an
included object, speaks of the post itself; the others speak of something around it. An error without a parameter, as
the newer spec allows, speaks of the resource it names.
Invariant: a post is gone only where X says so about that very id; everything else is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from shared.domain.models import JsonObject, PostState
from shared.platforms.x.body import identifier, text

_ASKED_FOR = frozenset({"ids", "id", "usernames", "username"})
# What X calls a post and an account; None where it does not say.
_POST, _USER = frozenset({None, "tweet", "post"}), frozenset({None, "user"})
# Of two things X says of one id, the one that can still heal is believed.
_BELIEF = (PostState.PROTECTED, PostState.SUSPENDED, PostState.DELETED, PostState.UNKNOWN)


def post_states(asked: Sequence[int], found: Iterable[int], problems: Sequence[JsonObject]) -> dict[int, PostState]:
    """The state of every id that was asked for."""
    said: dict[int, set[PostState]] = {}
    for problem in problems:
        subject = identifier(_subject(problem, _POST))
        if subject is not None:
            said.setdefault(subject, set()).add(_state(problem))
    alive = set(found)
    return {post_id: PostState.ALIVE if post_id in alive else _believed(said.get(post_id)) for post_id in asked}


def missing_accounts(asked: Sequence[str], found: Iterable[str], problems: Sequence[JsonObject]) -> dict[str, str]:
    """Why each account that was asked for is missing; names in lower case."""
    reasons = {(_subject(problem, _USER) or "").lower(): _reason(problem) for problem in problems}
    present = {name.lower() for name in found}
    names = dict.fromkeys(name.lower() for name in asked)
    return {name: reasons.get(name, "unknown") for name in names if name not in present}


def all_settled(problems: Sequence[JsonObject]) -> bool:
    """Whether there are problems, and every one is for good: gone or not to be seen, no passing fault of X."""
    return bool(problems) and all(_state(problem) is not PostState.UNKNOWN for problem in problems)


def count_settled(problems: Sequence[JsonObject]) -> int:
    """Of how many posts of a page the problems say for good why they are not in it.

    An error that names no parameter counts as one of them; one about something around a post does not.
    """
    own = [p for p in problems if p.get("parameter") in {None, *_ASKED_FOR} and p.get("section") != "includes"]
    names = [_name(problem) for problem in own if _state(problem) is not PostState.UNKNOWN]
    return len({name for name in names if name is not None}) + names.count(None)


def problem_type(problem: JsonObject) -> str:
    """The last part of a problem's type, which is the same in both dialects; empty where it has none."""
    return (text(problem.get("type")) or "").rstrip("/").rsplit("/", 1)[-1]


def _subject(problem: JsonObject, kind: frozenset[str | None]) -> str | None:
    """What may have been asked for and the problem is about; None when it is about something else."""
    if problem.get("section") == "includes":
        return None
    if problem.get("parameter") is None:
        return _resource(problem) if text(problem.get("resource_type")) in kind else None
    return _name(problem) if problem["parameter"] in _ASKED_FOR else None


def _name(problem: JsonObject) -> str | None:
    """The id or name that the problem gives."""
    return _resource(problem) or text(problem.get("value")) or None


def _resource(problem: JsonObject) -> str | None:
    """The id or name of the resource itself, which X may write as a number."""
    given = problem.get("resource_id")
    return text(given) or (None if (found := identifier(given)) is None else str(found))


def _state(problem: JsonObject) -> PostState:
    kind, title = problem_type(problem), (text(problem.get("title")) or "").lower()
    if kind == "not-authorized-for-resource":
        return PostState.PROTECTED
    if kind == "resource-not-found":
        return {"not found error": PostState.DELETED, "forbidden": PostState.SUSPENDED}.get(title, PostState.UNKNOWN)
    return PostState.UNKNOWN


def _believed(said: set[PostState] | None) -> PostState:
    return next((state for state in _BELIEF if said and state in said), PostState.UNKNOWN)


def _reason(problem: JsonObject) -> str:
    state = _state(problem)
    if state is PostState.UNKNOWN:
        return problem_type(problem) or "unknown"
    return "not-found" if state is PostState.DELETED else state.value
