"""Owns the script in force: counts the calls of each rule, decides which rule acts, and lets it.

It must not know HTTP. Invariant: the first rule that matches and can be applied to the answer acts, and no other;
every rule counts its own calls whether it acts or not, so rules do not disturb each other's numbers; the
same script and the same calls give the same faults.
"""

from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from simulator.calls import Answer, Call, Delivery, JsonObject, Returned
from simulator.dialect import Dialect
from simulator.faults import bodies, refusals
from simulator.faults.bodies import Again
from simulator.faults.kinds import (
    CutBody,
    CutWindow,
    DropHeader,
    DuplicatePost,
    EmptyPageWithToken,
    Html200,
    HugeIds,
    InvalidJson,
    LosePosts,
    NamedProblem,
    NoAnswer,
    OlderThanCursor,
    Pass,
    RepeatNextToken,
    Reset,
    ServerError,
    Status,
    Stranger,
    WrongShape,
)
from simulator.faults.script import AWAY, Rule, Script
from simulator.limits import RateLimits

# Answers that X did not make: they cost nothing.
_NOT_BILLED = (Status, NamedProblem, ServerError, Html200, InvalidJson, WrongShape)


@dataclass
class _State:
    """What one rule remembers."""

    rule: Rule
    rng: Random
    calls: int = 0
    fired: int = 0
    unfit: int = 0
    last_items: dict[tuple[str, str], JsonObject] = field(default_factory=dict)


class Faults:
    """The script of one simulator; an empty one changes nothing."""

    def __init__(self, limits: RateLimits, script: Script) -> None:
        """Act by `script` from now on."""
        self._limits = limits
        self.load(script)

    def load(self, script: Script) -> None:
        """Put another script in force; all counts begin again."""
        self._script = script
        self._states = [_State(rule, Random(f"{script.seed}/{number}")) for number, rule in enumerate(script.rules)]

    def report(self) -> JsonObject:
        """Return what each rule did: calls it counted, answers it changed, answers that it did not fit."""
        rules = [
            {
                "name": state.rule.name,
                "kind": state.rule.answer.kind,
                "calls": state.calls,
                "fired": state.fired,
                "unfit": state.unfit,
            }
            for state in self._states
        ]
        return {"seed": self._script.seed, "rules": rules}

    def replace(self, call: Call, answer: Answer, dialect: Dialect, again: Again) -> Answer:
        """Return the answer to send: the given one, or what the first rule that acts makes of it."""
        if not self._states:
            return answer
        chosen: Answer | None = None
        for state in self._states:
            due = _concerns(state.rule, call, answer) and self._due(state)
            if due and chosen is None:
                chosen = self._applied(state, call, answer, dialect, again)
                state.fired += chosen is not None
                state.unfit += chosen is None
            if isinstance(state.rule.answer, DuplicatePost) and _concerns(state.rule, call, answer):
                self._remember(state, call, answer)
        return answer if chosen is None else chosen

    @staticmethod
    def _due(state: _State) -> bool:
        """Count one call of a rule; return whether it is one that the rule is about."""
        match = state.rule.match
        state.calls += 1
        number = state.calls
        # Drawn for every call, so that the other conditions do not shift what chance gives.
        lucky = match.probability >= 1 or state.rng.random() < match.probability
        return (
            lucky
            and (match.nth is None or number in match.nth)
            and (match.every is None or number % match.every == 0)
            and match.from_call <= number <= (match.to_call or number)
            and (match.times is None or state.fired < match.times)
        )

    @staticmethod
    def _remember(state: _State, call: Call, answer: Answer) -> None:
        items = bodies.items_of(answer)
        if items:
            state.last_items[call.credential.key, call.endpoint] = items[-1]

    def _applied(self, state: _State, call: Call, answer: Answer, dialect: Dialect, again: Again) -> Answer | None:
        fault = state.rule.answer
        changed = self._changed(state, call, answer, dialect, again)
        if changed is None:
            return None
        billed = not isinstance(fault, _NOT_BILLED) if fault.billed is None else fault.billed
        if not billed:
            changed = replace(changed, returned=Returned(), billed=False)
        elif isinstance(fault, _NOT_BILLED):
            changed = replace(changed, returned=answer.returned, billed=True)
        return replace(changed, delivery=replace(changed.delivery, delay_ms=fault.delay_ms))

    def _changed(self, state: _State, call: Call, answer: Answer, dialect: Dialect, again: Again) -> Answer | None:
        match state.rule.answer:
            case Status() as fault:
                return refusals.with_status(fault, answer)
            case NamedProblem() as fault:
                return refusals.named_problem(fault, call, answer, dialect)
            case ServerError() as fault:
                return refusals.server_error(fault, answer)
            case Html200() as fault:
                return refusals.html_page(fault, answer)
            case InvalidJson() as fault:
                return bodies.invalid_json(fault, answer)
            case WrongShape() as fault:
                return bodies.wrong_shape(fault, answer)
            case RepeatNextToken():
                return bodies.repeat_next_token(call, answer)
            case EmptyPageWithToken():
                return bodies.empty_page_with_token(answer)
            case DuplicatePost():
                return bodies.duplicate_post(state.last_items.get((call.credential.key, call.endpoint)), answer)
            case OlderThanCursor():
                return bodies.older_than_cursor(call, answer, again)
            case HugeIds() as fault:
                return bodies.huge_ids(fault, answer)
            case LosePosts() as fault:
                return bodies.lose_posts(fault, answer, dialect.problem_base, state.rng)
            case CutWindow() | Stranger() as fault:
                return self._behind(fault, call, answer)
            case other:
                return _delivered(other, answer)

    def _behind(self, fault: CutWindow | Stranger, call: Call, answer: Answer) -> Answer | None:
        if call.endpoint in AWAY:
            return None
        if isinstance(fault, CutWindow):
            self._limits.cut(call.endpoint, fault.limit, call.credential, call.at_ms, lasting=fault.lasting)
        else:
            self._limits.spend(call.credential, call.endpoint, fault.calls, call.at_ms)
        return answer


def _concerns(rule: Rule, call: Call, answer: Answer) -> bool:
    match = rule.match
    if call.endpoint not in match.endpoint and ("*" not in match.endpoint or call.endpoint in AWAY):
        return False
    if match.token is not None and match.token not in {call.credential.token, call.credential.label}:
        return False
    if match.status is not None and match.status != answer.status:
        return False
    return match.page is None or (match.page == "later") == (bodies.page_token(call) is not None)


def _delivered(fault: Any, answer: Answer) -> Answer:
    match fault:
        case DropHeader():
            return replace(answer, delivery=Delivery(dropped=frozenset(name.lower() for name in fault.names)))
        case CutBody():
            by_reset = fault.by == "reset"
            return replace(answer, delivery=Delivery(ending="cut", share=fault.share, by_reset=by_reset))
        case Reset():
            return replace(answer, delivery=Delivery(ending="reset"))
        case NoAnswer():
            return replace(answer, delivery=Delivery(ending="silent", hold_ms=fault.close_after_ms))
        case Pass():
            return answer
    raise TypeError(f"no way to deliver {fault!r}")
