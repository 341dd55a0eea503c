"""A scheme (考核方案): what is appraised, in levels with weights, by which method each, over which periods."""

from __future__ import annotations

import math
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Final, NamedTuple

import msgspec

from clinical.value import Value
from supervision.appraisal.library import CODE, AppraisalError
from supervision.appraisal.methods import Method, check
from supervision.figures.periods import Period

FULL: Final = 100.0
"""Points of a whole scheme."""
_CENTS: Final = 10_000
_DEEPEST, _MOST_LINES = 4, 300


class Each(StrEnum):
    """How long a period is."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


EACH: Final = {Each.MONTH: "月度", Each.QUARTER: "季度", Each.YEAR: "年度"}
_MONTHS: Final = {Each.MONTH: 1, Each.QUARTER: 3, Each.YEAR: 12}


class Whom(StrEnum):
    """Who is appraised."""

    INSTITUTION = "institution"
    DEPARTMENT = "department"
    PERSON = "person"


WHOM: Final = {Whom.INSTITUTION: "机构", Whom.DEPARTMENT: "科室", Whom.PERSON: "个人"}


class Missing(StrEnum):
    """What a value that is not known means: it must be had before results are published, its points are left out and
    the others count for more, or it earns nothing."""

    OPEN = "open"
    LEFT_OUT = "left-out"
    NOTHING = "nothing"


class _Part(Value, frozen=True, forbid_unknown_fields=True, rename="camel"):
    pass


class Line(_Part, frozen=True, tag="line", tag_field="node"):
    """An item of the library, weighed against its neighbours."""

    item: str
    method: Method
    weight: Annotated[float, msgspec.Meta(gt=0, le=1e6)] = 1.0
    missing: Missing = Missing.OPEN


class Branch(_Part, frozen=True, tag="branch", tag_field="node"):
    """A level: its parts are weighed against each other within its own weight."""

    title: str
    nodes: tuple[Line | Branch, ...]
    weight: Annotated[float, msgspec.Meta(gt=0, le=1e6)] = 1.0


class Scheme(_Part, frozen=True):
    """A scheme; its branches are the levels (一级指标 …)."""

    code: str
    title: str
    whom: Whom
    each: Each
    branches: tuple[Branch, ...]
    note: str = ""

    def fits(self, period: Period) -> bool:
        """Whether a period is one of the scheme's."""
        months = len(list(period.months()))
        return period.is_whole and months == _MONTHS[self.each] and (period.since.month - 1) % months == 0


class Placed(NamedTuple):
    """A line with the titles of the levels above it and its points."""

    line: Line
    path: tuple[str, ...]
    points: float


def lines(scheme: Scheme) -> list[Placed]:
    """Every line with its points; these make exactly a hundred."""
    found = [(line, path, share) for line, path, share in _walk(scheme.branches, (), 1.0)]
    exact = [share * _CENTS for _, _, share in found]
    cents = [math.floor(one) for one in exact]
    most = sorted(range(len(exact)), key=lambda place: (cents[place] - exact[place], place))
    for place in most[: _CENTS - sum(cents)]:
        cents[place] += 1
    return [Placed(line, path, c * FULL / _CENTS) for (line, path, _), c in zip(found, cents, strict=True)]


def _walk(
    nodes: tuple[Line | Branch, ...], path: tuple[str, ...], share: float
) -> Iterator[tuple[Line, tuple[str, ...], float]]:
    whole = sum(node.weight for node in nodes)
    for node in nodes:
        part = share * node.weight / whole
        if isinstance(node, Line):
            yield node, path, part
        else:
            yield from _walk(node.nodes, (*path, node.title), part)


def checked(scheme: Scheme) -> Scheme:
    """The scheme when it can be. Raises ``AppraisalError``."""
    if not CODE.fullmatch(scheme.code):
        raise AppraisalError("code", "须为小写字母、数字和连字符，至多 60 个")
    if not scheme.title.strip():
        raise AppraisalError("title", "不能为空")
    if not scheme.branches:
        raise AppraisalError("branches", "须至少有一项一级指标")
    for place, branch in enumerate(scheme.branches):
        _branch(branch, f"branches[{place}]", 1)
    placed = lines(scheme)
    if len(placed) > _MOST_LINES:
        raise AppraisalError("branches", f"指标须至多 {_MOST_LINES} 项")
    seen: set[str] = set()
    for one in placed:
        if one.line.item in seen:
            raise AppraisalError("branches", f"指标 {one.line.item} 在方案中出现了两次")
        if not one.points:
            raise AppraisalError("branches", f"指标 {one.line.item} 的权重过小，不足 0.01 分")
        seen.add(one.line.item)
    return scheme


def _branch(branch: Branch, where: str, depth: int) -> None:
    if not branch.title.strip():
        raise AppraisalError(f"{where}.title", "不能为空")
    if not branch.nodes or depth > _DEEPEST:
        raise AppraisalError(f"{where}.nodes", f"须至少有一项，层次至多 {_DEEPEST} 级")
    for place, node in enumerate(branch.nodes):
        inner = f"{where}.nodes[{place}]"
        if isinstance(node, Line):
            check(node.method, f"{inner}.method")
        else:
            _branch(node, inner, depth + 1)
