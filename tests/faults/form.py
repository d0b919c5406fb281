"""What a fault program looks like to those who run it, and how many of them are run.

A form is a function of an empty folder. Its docstring begins with what happens, after the id of its requirement.
"""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.faults.finding import Finding

Form = Callable[[Path], Finding]
Say = Callable[[str], None]

# Programs that mostly wait, run at the same time on two cores.
AT_ONCE = 2


def _no_forms(_seed: int) -> dict[str, Form]:
    return {}


@dataclass(frozen=True, slots=True)
class Group:
    """Fault programs that make one report. Both functions answer forms by id, for a seed.

    stock_forms: the same faults on what is compared with; their findings stand beside, and decide nothing.
    mostly_waiting: ids of forms that may run beside another one; all others run alone.
    """

    long_forms: Callable[[int], Mapping[str, Form]]
    stock_forms: Callable[[int], Mapping[str, Form]] = _no_forms
    mostly_waiting: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one program found, beside what was found on the stock library, if that was asked."""

    id: str
    what: str
    finding: Finding
    stock: Finding | None
    seconds: float


def what_happens(form: Form) -> str:
    """The first sentence of a form's docstring, without the id in front."""
    text = " ".join((inspect.getdoc(form.func if isinstance(form, partial) else form) or "").split())
    return text.partition(": ")[2].partition(". ")[0].rstrip(".") or text


def is_chosen(id: str, only: list[str]) -> bool:
    """Whether `--only` means this form: its id, or the first word of it."""
    return not only or id in only or id.split(" ")[0] in only


@dataclass
class Run:
    """The programs of one group, run in folders of their own."""

    group: Group
    seed: int
    only: list[str]
    folder: Path
    say: Say
    _began: float = field(default_factory=time.monotonic)
    _made: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def all(self) -> list[Outcome]:
        """Run the chosen programs: first, each by itself, those that use the machine, then those that wait."""
        chosen = {id: form for id, form in self.group.long_forms(self.seed).items() if is_chosen(id, self.only)}
        found: dict[str, Outcome] = {}
        for id in [id for id in chosen if id not in self.group.mostly_waiting]:
            found[id] = self._one(id, chosen[id])
        with ThreadPoolExecutor(AT_ONCE) as pool:
            waiting = [id for id in chosen if id in self.group.mostly_waiting]
            for outcome in pool.map(lambda id: self._one(id, chosen[id]), waiting):
                found[outcome.id] = outcome
        return [found[id] for id in chosen]

    def _one(self, id: str, form: Form) -> Outcome:
        self._tell(f"{id} runs: {what_happens(form)}")
        started = time.monotonic()
        stock_form = self.group.stock_forms(self.seed).get(id)
        with ThreadPoolExecutor(1) as beside:
            stock: Future[Finding] | None = beside.submit(self._find, id, stock_form) if stock_form else None
            finding = self._find(id, form)
            outcome = Outcome(
                id, what_happens(form), finding, stock.result() if stock else None, time.monotonic() - started
            )
        self._tell(f"{id} {'passed' if finding.passed else 'FAILED'} after {outcome.seconds:.0f} s: {finding.figure}")
        return outcome

    def _find(self, id: str, form: Form) -> Finding:
        """What the form finds; a form that breaks off has found that."""
        with self._lock:
            self._made += 1
            folder = self.folder / str(self._made)
        folder.mkdir()
        try:
            return form(folder)
        except Exception as error:  # noqa: BLE001  # the other programs go on, and this one has failed
            return Finding(id, passed=False, figure=f"broke off: {type(error).__name__}: {error}", limit="an end")

    def _tell(self, text: str) -> None:
        self.say(f"{time.monotonic() - self._began:5.0f} s  {text}")
