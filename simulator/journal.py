"""Owns the bill by call: what each call was answered, and what it cost.

It must not charge. Invariant: every call to an endpoint with a credential that is known is in it once, and the sum of
its lines is the bill as long as no more than `KEPT` calls were made.

| outcome | |
|---|---|
| answered | 200, and all of it was handed to a connection that was open |
| unanswered | X answered, and billed; the answer was cut, reset, withheld, or the client had gone |
| failed | anything else: a refusal, an error, an answer that X did not make |

Memory: about 300 bytes a call, the newest `KEPT`.
"""

from collections import deque
from dataclasses import dataclass
from typing import Literal

from simulator.calls import Answer, Call, JsonObject
from simulator.clock import iso_ms
from simulator.money import Line

KEPT = 200_000
SHOWN = 10_000

Outcome = Literal["answered", "unanswered", "failed"]


@dataclass(slots=True)
class Entry:
    """One call."""

    number: int
    at_ms: int
    endpoint: str
    token: str
    project: str
    status: int
    outcome: Outcome
    bought: Line

    def as_json(self) -> JsonObject:
        """Return it by names."""
        at = {"number": self.number, "at": iso_ms(self.at_ms), "endpoint": self.endpoint, "token": self.token}
        became = {"project": self.project, "status": self.status, "outcome": self.outcome}
        return {**at, **became, **self.bought.as_json()}


class Journal:
    """The calls of one simulator, numbered from 1."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._count = 0

    def add(self, call: Call, answer: Answer, bought: Line) -> int:
        """Note a call, its answer and what was bought by it; return its number."""
        self._count += 1
        credential, outcome = call.credential, _outcome(answer)
        who = credential.label, credential.project
        self._entries.append(Entry(self._count, call.at_ms, call.endpoint, *who, answer.status, outcome, bought))
        return self._count

    def more(self, number: int, bought: Line) -> None:
        """Note what was bought by more of an answer that goes on."""
        place = number - self._count - 1
        if number and -place <= len(self._entries):
            self._entries[place].bought.add(bought)

    def lost(self, number: int) -> None:
        """Note that the answer to a call could not be handed over."""
        place = number - self._count - 1
        if number and -place <= len(self._entries) and self._entries[place].outcome == "answered":
            self._entries[place].outcome = "unanswered"

    def report(self, after: int, **wanted: str) -> JsonObject:
        """Return sums by outcome, and the calls numbered above `after` whose fields have the wanted values."""
        totals: dict[str, Line] = {name: Line() for name in ("answered", "unanswered", "failed")}
        for entry in self._entries:
            totals[entry.outcome].add(entry.bought)
        shown: list[JsonObject] = []
        for entry in self._entries:
            if entry.number > after and len(shown) < SHOWN:
                line = entry.as_json()
                if all(line.get(name) == value for name, value in wanted.items()):
                    shown.append(line)
        return {"totals": {name: line.as_json() for name, line in totals.items()}, "count": len(shown), "calls": shown}


def _outcome(answer: Answer) -> Outcome:
    if answer.status != 200 or answer.billed is False:
        return "failed"
    return "unanswered" if answer.delivery.ending in {"cut", "reset", "silent"} else "answered"
