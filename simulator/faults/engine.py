"""Owns the script in force: counts the calls of each rule, decides which rule acts, and lets it.

It must not know HTTP. Invariant: the first rule that matches and can be applied to the answer acts, and no other;
every rule counts its own calls whether it acts or not, so rules do not disturb each other's numbers; the
same script and the same calls give the same faults.
"""

from dataclasses import dataclass, field, replace
from random import Random

from simulator.calls import Answer, Call, JsonObject, Returned
from simulator.dialect import Dialect
from simulator.faults import bodies
from simulator.faults.acts import Scene, act
from simulator.faults.bodies import Again
from simulator.faults.kinds import DuplicatePost, Html200, InvalidJson, NamedProblem, ServerError, Status, WrongShape
from simulator.faults.memory import Memory
from simulator.faults.oddities import OlderObject
from simulator.faults.script import AWAY, Rule, Script
from simulator.faults.traces import Traces
from simulator.limits import RateLimits

# Answers that X did not make: they cost nothing.
_NOT_BILLED = (Status, NamedProblem, ServerError, Html200, InvalidJson, WrongShape)
_REMEMBERING = (DuplicatePost, OlderObject)


@dataclass
class _State:
    """What one rule remembers."""

    rule: Rule
    rng: Random
    calls: int = 0
    fired: int = 0
    unfit: int = 0
    memory: Memory = field(default_factory=Memory)
    traces: Traces = field(default_factory=Traces)


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

    def fired(self) -> JsonObject:
        """Return every deed of each rule: `{rules: [{name, kind, deeds: [{call, at, endpoint, ids}]}]}`."""
        rules = [
            {"name": state.rule.name, "kind": state.rule.answer.kind, "deeds": state.traces.listed()}
            for state in self._states
        ]
        return {"rules": rules}

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
                if chosen is not None:
                    state.traces.note(state.calls, call, answer, chosen)
            if isinstance(state.rule.answer, _REMEMBERING) and _concerns(state.rule, call, answer):
                state.memory.remember(call, answer)
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

    def _applied(self, state: _State, call: Call, answer: Answer, dialect: Dialect, again: Again) -> Answer | None:
        fault = state.rule.answer
        changed = act(fault, Scene(call, answer, dialect, again, state.rng, state.memory, self._limits))
        if changed is None:
            return None
        billed = not isinstance(fault, _NOT_BILLED) if fault.billed is None else fault.billed
        if not billed:
            changed = replace(changed, returned=Returned(), billed=False)
        elif isinstance(fault, _NOT_BILLED):
            changed = replace(changed, returned=answer.returned, billed=True)
        return replace(changed, delivery=replace(changed.delivery, delay_ms=fault.delay_ms))


def _concerns(rule: Rule, call: Call, answer: Answer) -> bool:
    match = rule.match
    if call.endpoint not in match.endpoint and ("*" not in match.endpoint or call.endpoint in AWAY):
        return False
    if match.token is not None and match.token not in {call.credential.token, call.credential.label}:
        return False
    if match.status is not None and match.status != answer.status:
        return False
    return match.page is None or (match.page == "later") == (bodies.page_token(call) is not None)
