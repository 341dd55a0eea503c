"""How a value becomes a score. Each method gives the share of the points that is earned, and says in Chinese how it
came to it; what is not known has no share."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from clinical.value import Value
from supervision.appraisal.library import AppraisalError
from supervision.figures.indicator import Direction

_MOST_SHARE: Final = 2.0


class _Method(Value, frozen=True, forbid_unknown_fields=True, rename="camel", tag_field="kind"):
    pass


class Target(_Method, frozen=True, tag="target"):
    """目标法: the value over the target (the target over the value where lower is better); with ``base`` how far it
    went from there to the target. At most ``most``; an attainment below ``floor`` earns nothing."""

    target: float | None = None
    base: float | None = None
    most: float = 1.0
    floor: float = 0.0


class Steps(_Method, frozen=True, tag="steps"):
    """区间法: the share of the last step (a value from which on it holds, a share) that is reached, ``below`` before
    the first. ``smooth``: in a straight line from step to step."""

    steps: tuple[tuple[float, float], ...]
    below: float = 0.0
    smooth: bool = False


class Ranked(_Method, frozen=True, tag="rank"):
    """排名法: by the place among those of one group; ``bands`` give the share of the best so many per cent, else it
    falls in a straight line from 1 to ``last``."""

    bands: tuple[tuple[float, float], ...] = ()
    last: float = 0.0


class Walsh(_Method, frozen=True, tag="walsh"):
    """沃尔比重法: the value over its standard, within ``least`` and ``most``. With ``best`` (the best of the trade)
    as improved: the standard earns the points, the best ``most`` times as many, in a straight line. ``against``: the
    standard is the period before (环比) or the same of the year before (同比), which scores improvement."""

    standard: float | None = None
    best: float | None = None
    against: Literal["standard", "previous", "same"] = "standard"
    least: float = 0.5
    most: float = 1.5


class Deduct(_Method, frozen=True, tag="deduct"):
    """扣分法: ``each`` points less for every one beyond ``free``, down to nothing."""

    each: float
    free: float = 0.0


class Manual(_Method, frozen=True, tag="manual"):
    """评议法: somebody gives the share, with evidence."""


Method: TypeAlias = Target | Steps | Ranked | Walsh | Deduct | Manual
TITLES: Final[Mapping[type, str]] = {
    Target: "目标法",
    Steps: "区间法",
    Ranked: "排名法",
    Walsh: "沃尔比重法",
    Deduct: "扣分法",
    Manual: "评议法",
}


class Case(NamedTuple):
    """What a line of a scheme is judged by: the value, what it is held against, its place among how many, the share
    that somebody gave."""

    points: float
    direction: Direction = Direction.HIGHER
    value: float | None = None
    target: float | None = None
    previous: float | None = None
    same: float | None = None
    place: int | None = None
    peers: int = 0
    given: float | None = None


class Scored(NamedTuple):
    """The share earned (None: not known), and how it came about."""

    share: float | None
    how: str


def judge(method: Method, case: Case) -> Scored:
    """Score a case."""
    if not isinstance(method, Manual) and case.value is None:
        return Scored(None, "没有取得数值")
    judged: Callable[[Any, Case], Scored] = _JUDGES[type(method)]
    return judged(method, case)


def _target(method: Target, case: Case) -> Scored:
    assert case.value is not None
    target = method.target if case.target is None else case.target
    if target is None:
        return Scored(None, "没有设定目标")
    if method.base is not None:
        attained = _ratio(case.value - method.base, target - method.base)
        how = f"（实际 {n(case.value)} − 基准 {n(method.base)}）÷（目标 {n(target)} − 基准 {n(method.base)}）"
    else:
        attained, how = _held(case, target, "目标")
    if attained is None:
        return Scored(None, f"{how}：不能计算")
    if attained < method.floor:
        return Scored(0.0, f"{how} = {n(attained)}，低于 {n(method.floor)}，不得分")
    return _within(attained, 0.0, method.most, how)


def _steps(method: Steps, case: Case) -> Scored:
    value = case.value
    assert value is not None
    reached = [step for step in method.steps if step[0] <= value]
    if not reached:
        share = method.steps[0][1] if method.smooth else method.below
        return Scored(share, f"实际 {n(value)}，低于第一档 {n(method.steps[0][0])}")
    start, share = reached[-1]
    if not method.smooth or len(reached) == len(method.steps):
        return Scored(share, f"实际 {n(value)}，达到 {n(start)} 一档")
    end, more = method.steps[len(reached)]
    part = (value - start) / (end - start)
    told = f"实际 {n(value)}，在 {n(start)} 与 {n(end)} 之间按比例"
    return Scored(share + part * (more - share), told)


def _ranked(method: Ranked, case: Case) -> Scored:
    if case.place is None:
        return Scored(None, "没有可比的对象")
    told = f"在 {case.peers} 个对象中列第 {case.place}"
    percent = 100 * case.place / case.peers
    if method.bands:
        share = next((share for upto, share in method.bands if percent <= upto), method.last)
        return Scored(share, f"{told}（前 {n(percent)}%）")
    if case.peers == 1:
        return Scored(1.0, told)
    return Scored(1 - (1 - method.last) * (case.place - 1) / (case.peers - 1), told)


def _walsh(method: Walsh, case: Case) -> Scored:
    assert case.value is not None
    own = method.standard if case.target is None else case.target
    standard = {"standard": own, "previous": case.previous, "same": case.same}[method.against]
    title = {"standard": "标准值", "previous": "上期", "same": "上年同期"}[method.against]
    if standard is None:
        return Scored(None, f"没有{title}")
    if method.best is None:
        share, how = _held(case, standard, title)
    else:
        way = _ratio(case.value - standard, method.best - standard)
        share = None if way is None else 1 + way * (method.most - 1)
        spread = (
            f"（实际 {n(case.value)} − {title} {n(standard)}）÷（最优值 {n(method.best)} − {title} {n(standard)}）"
        )
        how = f"1 + {spread} × {n(method.most - 1)}"
    return Scored(None, f"{how}：不能计算") if share is None else _within(share, method.least, method.most, how)


def _deduct(method: Deduct, case: Case) -> Scored:
    assert case.value is not None
    beyond = max(0.0, case.value - method.free)
    lost = min(case.points, beyond * method.each)
    free = f"，免扣 {n(method.free)}" if method.free else ""
    return Scored(
        1 - lost / case.points, f"实际 {n(case.value)}{free}，每 1 扣 {n(method.each)} 分，共扣 {n(lost)} 分"
    )


def _manual(_: Manual, case: Case) -> Scored:
    if case.given is None:
        return Scored(None, "尚未评议")
    return Scored(case.given, f"评议给 {n(100 * case.given)}%")


_JUDGES: Final[Mapping[type, Callable[[Any, Case], Scored]]] = {
    Target: _target,
    Steps: _steps,
    Ranked: _ranked,
    Walsh: _walsh,
    Deduct: _deduct,
    Manual: _manual,
}


def _held(case: Case, against: float, title: str) -> tuple[float | None, str]:
    """The value over what it is held against; the other way round where lower is better."""
    assert case.value is not None
    if case.direction is not Direction.LOWER:
        return _ratio(case.value, against), f"实际 {n(case.value)} ÷ {title} {n(against)}"
    how = f"{title} {n(against)} ÷ 实际 {n(case.value)}（越低越好）"
    if case.value <= 0:
        return math.inf, how
    return against / case.value, how


def _ratio(above: float, below: float) -> float | None:
    return above / below if below else None


def _within(share: float, least: float, most: float, how: str) -> Scored:
    bounded = min(max(share, least), most)
    said = "" if bounded == share else f"，限于 {n(least)} 到 {n(most)} 之间，计 {n(bounded)}"
    exact = "不限" if math.isinf(share) else n(share)
    return Scored(bounded, f"{how} = {exact}{said}")


def n(number: float) -> str:
    """A number as people write it: at most four decimals."""
    text = f"{number:.4f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


# -- what can be -------------------------------------------------------------------------------------


def check(method: Method, where: str) -> None:
    """Whether a method can be. Raises ``AppraisalError``."""
    if isinstance(method, Steps):
        _rising(f"{where}.steps", method.steps)
    elif isinstance(method, Ranked):
        if method.bands:
            _rising(f"{where}.bands", method.bands)
        _share(f"{where}.last", method.last)
    elif isinstance(method, Walsh):
        if not 0 <= method.least <= 1 <= method.most <= _MOST_SHARE:
            raise AppraisalError(f"{where}.most", f"须为 0 ≤ least ≤ 1 ≤ most ≤ {_MOST_SHARE:g}")
        if method.best is not None and method.best == method.standard:
            raise AppraisalError(f"{where}.best", "最优值须不同于标准值")
    elif isinstance(method, Target):
        _share(f"{where}.most", method.most)
        _share(f"{where}.floor", method.floor)
    elif isinstance(method, Deduct) and not method.each > 0:
        raise AppraisalError(f"{where}.each", "须为大于 0 的分数")


def _rising(where: str, steps: tuple[tuple[float, float], ...]) -> None:
    if not steps or any(a[0] >= b[0] for a, b in zip(steps, steps[1:], strict=False)):
        raise AppraisalError(where, "须至少一档，且按数值从小到大排列")
    for place, (_, share) in enumerate(steps):
        _share(f"{where}[{place}]", share)


def _share(where: str, share: float) -> None:
    if not 0 <= share <= _MOST_SHARE:
        raise AppraisalError(where, f"得分比例须在 0 到 {_MOST_SHARE:g} 之间")
