"""Owns which act each kind of fault is: what takes the place of the real answer, or what is done to it.

It must not decide when. Invariant: an act that does not fit an answer gives None and changes nothing.
"""

from dataclasses import dataclass, replace
from random import Random

from simulator.calls import Answer, Call, Delivery
from simulator.dialect import Dialect
from simulator.faults import bodies, odd_bodies, refusals
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
from simulator.faults.memory import Memory
from simulator.faults.oddities import (
    BareDeletion,
    BrokenObject,
    ContinueFlood,
    Drip,
    LongContentLength,
    MillisecondReset,
    OddObject,
    ShortPage,
    StrayDate,
)
from simulator.faults.script import AWAY, AnyFault
from simulator.limits import RateLimits


@dataclass(frozen=True)
class Scene:
    """What an act has to work with: the call, the real answer, and what the rule has and remembers."""

    call: Call
    answer: Answer
    dialect: Dialect
    again: Again
    rng: Random
    memory: Memory
    limits: RateLimits


def act(fault: AnyFault, scene: Scene) -> Answer | None:
    """Return the answer to send, or None when the fault does not fit."""
    call, answer = scene.call, scene.answer
    match fault:
        case Status():
            return refusals.with_status(fault, answer)
        case NamedProblem():
            return refusals.named_problem(fault, call, answer, scene.dialect)
        case ServerError():
            return refusals.server_error(fault, answer)
        case Html200():
            return refusals.html_page(fault, answer)
        case InvalidJson():
            return bodies.invalid_json(fault, answer)
        case WrongShape():
            return bodies.wrong_shape(fault, answer)
        case RepeatNextToken():
            return bodies.repeat_next_token(call, answer)
        case EmptyPageWithToken():
            return bodies.empty_page_with_token(answer)
        case DuplicatePost():
            return bodies.duplicate_post(None if fault.within_page else scene.memory.last(call), answer)
        case OlderThanCursor():
            return bodies.older_than_cursor(call, answer, scene.again)
        case HugeIds():
            return bodies.huge_ids(fault, answer)
        case LosePosts():
            return bodies.lose_posts(fault, answer, scene.dialect.problem_base, scene.rng)
        case OddObject():
            return odd_bodies.odd_objects(fault, answer, scene.rng, scene.memory)
        case BrokenObject():
            return odd_bodies.broken_object(fault, answer, scene.rng)
        case BareDeletion():
            return odd_bodies.bare_deletion(answer)
        case ShortPage():
            return odd_bodies.short_page(fault, call, answer, scene.again)
        case CutWindow() | Stranger():
            return _behind(fault, scene)
        case MillisecondReset() | StrayDate():
            return refusals.stray_header(fault, call, answer)
        case _:
            return replace(answer, delivery=_delivery(fault))


def _behind(fault: CutWindow | Stranger, scene: Scene) -> Answer | None:
    call = scene.call
    if call.endpoint in AWAY:
        return None
    if isinstance(fault, CutWindow):
        scene.limits.cut(call.endpoint, fault.limit, call.credential, call.at_ms, lasting=fault.lasting)
    else:
        scene.limits.spend(call.credential, call.endpoint, fault.calls, call.at_ms)
    return scene.answer


def _delivery(fault: AnyFault) -> Delivery:
    match fault:
        case DropHeader():
            return Delivery(dropped=frozenset(name.lower() for name in fault.names))
        case CutBody():
            return Delivery(ending="cut", share=fault.share, by_reset=fault.by == "reset")
        case Reset():
            return Delivery(ending="reset")
        case NoAnswer():
            return Delivery(ending="silent", hold_ms=fault.close_after_ms)
        case Drip():
            return Delivery(ending="raw", drip=fault.part, pause_ms=fault.byte_ms)
        case ContinueFlood():
            return Delivery(ending="raw", continues=fault.count, pause_ms=fault.every_ms)
        case LongContentLength():
            return Delivery(ending="raw", length_digits=fault.digits)
        case Pass():
            return Delivery()
    raise TypeError(f"no way to deliver {fault!r}")
