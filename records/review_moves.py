"""What may happen to a prescription in the pharmacist's queue (前置审方): its states, and who moves it when."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final


class State(StrEnum):
    """Where a prescription stands. ``FINAL`` ones move no more but for an appeal or a recall."""

    PASSED = "passed"
    NOTICED = "passed-with-notice"
    PENDING = "pending"
    CLAIMED = "claimed"
    RETURNED = "returned"
    HELD = "held"
    APPROVED = "approved"
    RELEASED = "released"
    BYPASSED = "bypassed"
    FAULTED = "faulted"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"


WAITING: Final = (State.PENDING, State.HELD)
"""In the queue for any pharmacist who covers the institution."""
DISPENSABLE: Final = frozenset({State.PASSED, State.NOTICED, State.APPROVED, State.RELEASED, State.BYPASSED})
"""States in which the pharmacy may hand the drugs out."""


class Role(StrEnum):
    PRESCRIBER = "prescriber"
    PHARMACIST = "pharmacist"
    SUPERVISOR = "supervisor"
    SYSTEM = "system"


class Action(StrEnum):
    """What somebody does to a prescription."""

    CLAIM = "claim"
    UNCLAIM = "unclaim"
    APPROVE = "approve"
    RETURN = "return"
    ANSWER = "answer"
    CONFIRM = "confirm"
    APPEAL = "appeal"
    WITHDRAW = "withdraw"
    BYPASS = "bypass"
    REASSIGN = "reassign"
    RECALL = "recall"
    SUPERSEDE = "supersede"
    RELEASE = "release"
    HOLD = "hold"
    EXPIRE = "expire"


_OPEN: Final = (State.PENDING, State.HELD, State.CLAIMED)
_PHARMACY: Final = frozenset({Role.PHARMACIST, Role.SUPERVISOR})
_PRESCRIBER: Final = frozenset({Role.PRESCRIBER})
_SYSTEM: Final = frozenset({Role.SYSTEM})
_MOVES: Final[dict[Action, tuple[tuple[State, ...], State, frozenset[Role]]]] = {
    Action.CLAIM: ((State.PENDING, State.HELD), State.CLAIMED, _PHARMACY),
    Action.UNCLAIM: ((State.CLAIMED,), State.PENDING, _PHARMACY),
    Action.APPROVE: ((State.CLAIMED, State.BYPASSED), State.APPROVED, _PHARMACY),
    Action.RETURN: ((State.CLAIMED, State.BYPASSED), State.RETURNED, _PHARMACY),
    Action.ANSWER: ((State.RETURNED,), State.PENDING, _PRESCRIBER),
    Action.CONFIRM: ((State.RETURNED,), State.PENDING, _PRESCRIBER),
    Action.APPEAL: ((State.RETURNED, State.FAULTED), State.PENDING, _PRESCRIBER),
    Action.WITHDRAW: ((*_OPEN, State.RETURNED), State.WITHDRAWN, _PRESCRIBER),
    Action.BYPASS: ((*_OPEN, State.RETURNED), State.BYPASSED, _PRESCRIBER),
    Action.REASSIGN: (_OPEN, State.PENDING, _PHARMACY),
    Action.RECALL: ((State.PASSED, State.NOTICED, State.RELEASED), State.CLAIMED, _PHARMACY),
    Action.SUPERSEDE: ((*_OPEN, State.RETURNED), State.SUPERSEDED, _PRESCRIBER | _SYSTEM),
    Action.RELEASE: ((State.PENDING, State.CLAIMED), State.RELEASED, _SYSTEM),
    Action.HOLD: ((State.PENDING, State.CLAIMED), State.HELD, _SYSTEM),
    Action.EXPIRE: ((State.RETURNED,), State.EXPIRED, _SYSTEM),
}
"""Action → states it may start from, state it leads to, who may do it."""
NEEDS_REASON: Final = frozenset({Action.RETURN, Action.ANSWER, Action.CONFIRM, Action.APPEAL, Action.BYPASS})


class QueueError(Exception):
    """A move that is not allowed; the message is Chinese and says what would be."""


class MissingCaseError(QueueError):
    """There is no such prescription."""


class MovedError(QueueError):
    """Somebody else moved it first."""


@dataclass(frozen=True, slots=True)
class Move:
    """Who does what, based on which version (None: the present one), and why. ``verdicts`` say of
    findings (by id) whether they were right (``true``) or false alarms (``false``)."""

    action: Action
    actor: str
    role: Role
    at: datetime
    reason: str = ""
    code: str = ""
    version: int | None = None
    to: str = ""
    due: datetime | None = None
    verdicts: dict[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Case:
    """A prescription in the queue, without what it says."""

    id: str
    state: State
    version: int
    institution: str
    department: str
    prescriber: str
    tenant: str
    release: str
    severity: str
    urgent: bool
    never: bool
    signed_twice: bool
    assignee: str
    not_by: str
    submitted: datetime
    due: datetime | None
    decided: datetime | None
    replaces: str
    callback: str


@dataclass(frozen=True, slots=True)
class Event:
    """One move that happened."""

    number: int
    review: str
    version: int
    at: datetime
    actor: str
    role: Role
    action: str
    before: str
    after: State
    code: str
    reason: str


def allowed(found: Case, move: Move) -> State:
    """The state a move leads to. Raises ``QueueError`` that says why it may not be made."""
    starts, after, roles = _MOVES[move.action]
    if move.version is not None and move.version != found.version:
        raise MovedError(f"该处方已被处理 (版本 {found.version}，你看到的是 {move.version})，请刷新后再操作")
    if found.state not in starts:
        taken = f"，由 {found.assignee} 处理" if found.assignee and found.state is State.CLAIMED else ""
        raise MovedError(f"处方当前为 {found.state.value}{taken}，不能进行 {move.action.value}")
    if move.role not in roles:
        raise QueueError(f"{move.role.value} 不能进行 {move.action.value}")
    if move.action in NEEDS_REASON and not move.reason.strip():
        raise QueueError(f"{move.action.value} 须填写理由 (reason)")
    if found.state is State.CLAIMED and move.role is Role.PHARMACIST and move.actor != found.assignee:
        raise MovedError(f"处方已由 {found.assignee} 领取")
    if move.action is Action.CLAIM:
        _claimable(found, move)
    if move.action is Action.APPROVE:
        _approvable(found)
    if move.action is Action.REASSIGN and not move.to:
        raise QueueError("reassign 须指明接收药师 (to)")
    if move.action is Action.RETURN and found.state is State.BYPASSED:
        return State.FAULTED
    return after


def _claimable(found: Case, move: Move) -> None:
    if found.not_by == move.actor:
        raise QueueError("该处方经申诉，须由另一名药师审核")
    if found.assignee not in ("", move.actor) and move.role is Role.PHARMACIST:
        raise MovedError(f"该处方已转给 {found.assignee}")


def _approvable(found: Case) -> None:
    if found.state is State.BYPASSED:
        return  # judged afterwards: the drugs were given
    if found.never:
        raise QueueError("处方含不可放行的严重差错，不能通过，只能退回修改")
    if found.severity == "contraindicated" and not found.signed_twice:
        raise QueueError("处方含禁忌，须医师双签确认 (confirm) 后才能通过")


def changed(found: Case, move: Move, after: State) -> dict[str, Any]:
    """Columns that a move changes."""
    kept = found.due if after in _OPEN and found.state in _OPEN else None  # the clock runs on in other hands
    made: dict[str, Any] = {"state": after.value, "version": found.version + 1, "due": move.due or kept}
    if move.action in (Action.CLAIM, Action.RECALL):
        made["assignee"] = move.actor
    elif move.action is Action.REASSIGN:
        made["assignee"] = move.to
    elif after is State.PENDING:
        made["assignee"] = ""
    if move.action is Action.CONFIRM:
        made["signed_twice"] = True
    if move.action is Action.APPEAL:
        made["not_by"] = found.assignee
    made["decided"] = None if after in _OPEN else (found.decided or move.at)
    return made
