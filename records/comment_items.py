"""What is said in prescription comment (处方点评), and what may be: samplings, items, judgements and how these are
checked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from knowledge.naming import normal_name
from records.comment_codes import CODES
from records.sampling import NAME_LENGTH, CommentError, Problem, Sheet

_LARGEST_AMOUNT = 1e9


class Status(StrEnum):
    """Of a sampling: open, then closed. Of an item: open, then judged."""

    OPEN = "open"
    JUDGED = "judged"
    CLOSED = "closed"


class Result(StrEnum):
    """What a comment comes to."""

    REASONABLE = "合理"
    UNREASONABLE = "不合理"


class MissingCommentError(CommentError):
    """There is no such sampling or item."""


class TakenError(CommentError):
    """Somebody else was quicker, or it is somebody else's."""


@dataclass(frozen=True, slots=True)
class Round:
    """A sampling with how far it is. ``population`` could have been drawn, ``unreadable`` could not be read."""

    id: str
    name: str
    kind: str
    source: str
    status: Status
    version: int
    created: datetime
    created_by: str
    since: datetime
    until: datetime
    institutions: tuple[str, ...]
    department: str
    concepts: tuple[str, ...]
    method: str
    seed: str
    size: int | None
    permille: float | None
    least: int
    population: int
    unreadable: int
    tenant: str = ""
    sampled: int = 0
    judged: int = 0


@dataclass(frozen=True, slots=True)
class Typed:
    """What only people know: amount in yuan, number of national essential drugs, and of drugs written by
    generic name where that was not understood. None: not told."""

    amount: float | None = None
    essential: int | None = None
    generic: int | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One sampled prescription with its sheet and what was said of it."""

    round: str
    number: int
    review: str
    institution: str
    department: str
    prescriber: str
    issued: datetime
    assignee: str
    status: Status
    result: Result | None
    version: int
    judged: datetime | None
    reason: str
    typed: Typed
    sheet: Sheet
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """Who says what of an item, based on which version (None: the present one). What was typed before stays
    where nothing new is typed. A ``supervisor`` may judge what is another's."""

    result: Result
    by: str
    at: datetime
    problems: tuple[Problem, ...] = ()
    reason: str = ""
    version: int | None = None
    typed: Typed = Typed()
    supervisor: bool = False


def same_version(found: Item, version: int | None) -> None:
    """Raises ``TakenError`` when somebody changed an item since it was seen."""
    if version is not None and version != found.version:
        raise TakenError(
            f"第 {found.number} 号处方已被处理 (版本 {found.version}，你看到的是 {version})，请刷新后再操作"
        )


def may_judge(found: Item, given: Judgement) -> None:
    """Raises ``TakenError`` for an item that is another's."""
    same_version(found, given.version)
    if given.supervisor or found.assignee in ("", given.by):
        return
    done = "已由 {} 点评" if found.status is Status.JUDGED else "已分配给 {}"
    raise TakenError(f"第 {found.number} 号处方{done.format(found.assignee)}")


def checked(found: Item, given: Judgement) -> tuple[Problem, ...]:
    """The problems with the names their drugs have on the sheet. Raises ``CommentError``."""
    if given.result is Result.REASONABLE and given.problems:
        raise CommentError("合理处方不能同时列出问题")
    if given.result is Result.UNREASONABLE and not given.problems:
        raise CommentError("不合理处方须至少列出一个问题")
    check_name(given.by)
    typed, most = given.typed, len(found.sheet.lines)
    if not 0 <= (typed.amount or 0) < _LARGEST_AMOUNT:
        raise CommentError("处方金额应为以元计的非负金额")
    if any(number is not None and not 0 <= number <= most for number in (typed.essential, typed.generic)):
        raise CommentError(f"国家基本药物、药品通用名数应在 0 与药品数 {most} 之间")
    return tuple(dict.fromkeys(on_sheet(found.sheet, problem) for problem in given.problems))


def check_name(name: str) -> None:
    """Raises ``CommentError`` for a name that nobody has."""
    if not name.strip() or len(name) > NAME_LENGTH:
        raise CommentError(f"须写明人员姓名，不超过 {NAME_LENGTH} 字")


def on_sheet(sheet: Sheet, problem: Problem) -> Problem:
    """A problem with its drug called as on the sheet. Raises ``CommentError`` for an unknown code or drug."""
    if problem.code not in CODES:
        raise CommentError(f"没有代码为 {problem.code} 的问题 (1-1 至 1-15，2-1 至 2-9，3-1 至 3-4)")
    if not problem.drug:
        return problem
    wanted = normal_name(problem.drug)
    for line in sheet.lines:
        if wanted in (normal_name(line.name), normal_name(line.text)):
            return Problem(problem.code, line.name, problem.text)
    raise CommentError(f"处方中没有药品“{problem.drug}”")
