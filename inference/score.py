"""What a clinical score is: its items, how the record fills them, points, bands, and where it was published.

A file of ``inference/scores`` ends with ``SCORE``: one ``Score`` or a tuple of them. Most scores are sums:
every item carries its own points. Where several items give points together (a saturation and whether oxygen is
given) they form a ``Part``; where the result is no sum at all, ``judge`` computes it from all answers.
Labels are what clinicians read, in our own words; the instruments' texts are not reproduced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import Final, TypeAlias

Answer: TypeAlias = float | str | bool
"""A number in the item's unit, the key of a choice, or yes and no."""

_TOLERANCE: Final = 1e-9
MALE: Final = "male"
FEMALE: Final = "female"


class Kind(StrEnum):
    """How an item is answered."""

    CHOICE = "choice"
    NUMBER = "number"
    YES = "yes"


class Level(StrEnum):
    """How bad a band is, from nothing to be done to act at once."""

    NONE = "none"
    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"
    CRITICAL = "critical"


class Pick(StrEnum):
    """Which of several results within the window counts; ``WORST`` is the one with most points."""

    LATEST = "latest"
    HIGHEST = "highest"
    LOWEST = "lowest"
    WORST = "worst"


# How the record fills an item


@dataclass(frozen=True, slots=True)
class Lab:
    """Results of these tests or signs (preferred names) not older than ``hours``. ``molar``: a result by mass is
    ambiguous (urea or urea nitrogen) and is not taken."""

    names: tuple[str, ...]
    hours: float
    pick: Pick = Pick.LATEST
    molar: bool = False


@dataclass(frozen=True, slots=True)
class Age:
    """Completed years."""


@dataclass(frozen=True, slots=True)
class SexOf:
    """The choice ``male`` or ``female``."""


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """Yes when a diagnosis is one of these or a kind of them; ``ever`` counts those that are over."""

    names: tuple[str, ...]
    ever: bool = False


@dataclass(frozen=True, slots=True)
class Taking:
    """Yes when an active drug holds one of these substances or belongs to one of these classes."""

    names: tuple[str, ...]


Fill: TypeAlias = Lab | Age | SexOf | Diagnosed | Taking


# Items


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer of several."""

    key: str
    label: str
    points: float = 0


@dataclass(frozen=True, slots=True)
class Step:
    """Points from a limit on, the limit included unless ``over``."""

    limit: float
    points: float
    over: bool = False

    def reached(self, value: float) -> bool:
        """Whether a value is at the limit or beyond, as far as rounding of a conversion lets us tell."""
        if self.over:
            return value > self.limit + _TOLERANCE
        return value >= self.limit - _TOLERANCE


@dataclass(frozen=True, slots=True)
class Item:
    """One question. A number has a unit and limits, and points by ``steps`` (none: a formula uses it), which
    begin with the lowest; ``cuts`` are further limits where what it means changes. An ``optional`` item may stay
    empty: the instrument has another way to the same point."""

    field: str
    label: str
    kind: Kind
    choices: tuple[Choice, ...] = ()
    points: float = 0
    unit: str = ""
    low: float = -inf
    high: float = inf
    steps: tuple[Step, ...] = ()
    cuts: tuple[float, ...] = ()
    fill: Fill | None = None
    help: str = ""
    optional: bool = False

    def points_for(self, answer: Answer) -> float:
        """Points of a valid answer."""
        if self.kind is Kind.YES:
            return self.points if answer else 0
        if self.kind is Kind.CHOICE:
            return next(choice.points for choice in self.choices if choice.key == answer)
        return next((step.points for step in reversed(self.steps) if step.reached(float(answer))), 0)

    def probes(self) -> tuple[Answer, ...]:
        """Answers among which every number of points, or for a formula the lowest and highest result, occurs."""
        if self.kind is Kind.YES:
            return False, True
        if self.kind is Kind.CHOICE:
            return tuple(choice.key for choice in self.choices)
        limits = [step.limit for step in self.steps] + list(self.cuts)
        near = {limit + shift for limit in limits for shift in (-1e-4, 0, 1e-4)}
        return tuple(sorted({self.low, self.high, *(v for v in near if self.low <= v <= self.high)}))


@dataclass(frozen=True, slots=True)
class Band:
    """Totals from a limit on (beyond it when ``over``) and what they mean. Without a limit it is reached only by
    ``choose`` or a verdict."""

    at_least: float | None
    label: str
    level: Level
    meaning: str
    next_step: str
    over: bool = False

    def reached(self, total: float) -> bool:
        """Whether a total belongs to this band or one above."""
        return self.at_least is not None and Step(self.at_least, 0, self.over).reached(total)


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a score was published."""

    title: str
    publisher: str
    year: int
    section: str = ""

    def __str__(self) -> str:
        return f"{self.title}. {self.publisher}, {self.year}" + (f"; {self.section}" if self.section else "")


@dataclass(frozen=True, slots=True)
class Population:
    """For whom a score was made: ages in completed years, bounds included, and diagnoses that exclude."""

    text: str = "成人(≥18岁)"
    min_age: float = 18
    max_age: float = inf
    excluded: tuple[str, ...] = ()


EVERYONE: Final = Population("各年龄", 0)


class Answers:
    """Valid answers of one score, by field."""

    def __init__(self, items: Mapping[str, Item], values: Mapping[str, Answer]) -> None:
        self._items, self._values = items, values

    def has(self, field: str) -> bool:
        """Whether the item was answered."""
        return field in self._values

    def number(self, field: str) -> float:
        """A number as it was given."""
        return float(self._values[field])

    def yes(self, field: str) -> bool:
        """Whether a yes-or-no item was answered with yes; an optional one left empty was not."""
        return self._values.get(field) is True

    def choice(self, field: str) -> str:
        """The key that was chosen."""
        return str(self._values[field])

    def points(self, *fields: str) -> float:
        """Sum of the points that these items carry themselves, all items without a name; none for what is empty."""
        wanted = fields or tuple(self._items)
        return sum(self._items[f].points_for(self._values[f]) for f in wanted if f in self._values)

    def count(self, *fields: str) -> int:
        """How many of these yes-or-no items were answered with yes."""
        return sum(1 for field in fields if self.yes(field))


@dataclass(frozen=True, slots=True)
class Part:
    """Items that give points together."""

    fields: tuple[str, ...]
    points: Callable[[Answers], float]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a formula comes to; ``band`` names one where the total alone does not decide, ``notes`` say more."""

    total: float
    band: str = ""
    notes: tuple[str, ...] = ()


class DefinitionError(ValueError):
    """A score contradicts itself; the message names it and what is wrong."""


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """A published score.

    ``name`` identifies it in the API, ``title`` is what clinicians read. ``diseases`` and ``findings`` are the
    names for which it is suggested, ``stages`` the moments (``encounter-start``: at every admission). ``parts`` see
    the module; ``judge`` replaces the sum; ``choose`` names the band where the total alone does not decide (empty:
    it does). ``any_of``: of each group of optional items at least one is needed. ``digits`` are shown of the total.
    """

    name: str
    title: str
    purpose: str
    items: tuple[Item, ...]
    bands: tuple[Band, ...]
    citation: Citation
    population: Population = Population()
    diseases: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    judge: Callable[[Answers], Verdict] | None = None
    choose: Callable[[Answers, float], str] | None = None
    any_of: tuple[tuple[str, ...], ...] = ()
    unit: str = "分"
    digits: int = 0
    note: str = ""

    def __post_init__(self) -> None:
        for wrong in self._faults():
            raise DefinitionError(f"{self.name}: {wrong}")

    def _faults(self) -> Iterable[str]:
        fields = [item.field for item in self.items]
        if len(set(fields)) < len(fields):
            yield "two items share a field"
        if unknown := {f for group in self._groups() for f in group} - set(fields):
            yield f"no such items: {', '.join(sorted(unknown))}"
        limits = [(band.at_least, band.over) for band in self.bands if band.at_least is not None]
        if not self.bands or limits != sorted(limits):
            yield "bands must be there and ascend"
        if len({band.label for band in self.bands}) < len(self.bands):
            yield "two bands share a label"
        yield from (f"{item.label}: {fault}" for item in self.items for fault in _item_faults(item))

    def _groups(self) -> tuple[tuple[str, ...], ...]:
        return (*(part.fields for part in self.parts), *self.any_of)

    def fields(self) -> dict[str, Item]:
        """Items by field."""
        return {item.field: item for item in self.items}

    def band_named(self, label: str) -> Band:
        """The band of a label. Raises ``DefinitionError``."""
        for band in self.bands:
            if band.label == label:
                return band
        raise DefinitionError(f"{self.name}: no band {label!r}")

    def band_of(self, total: float) -> Band:
        """The highest band that a total reaches; the lowest of all when it reaches none."""
        ordered = [band for band in self.bands if band.at_least is not None]
        return next((band for band in reversed(ordered) if band.reached(total)), ordered[0])


def _item_faults(item: Item) -> Iterable[str]:
    if item.kind is Kind.CHOICE and len({choice.key for choice in item.choices}) < max(2, len(item.choices)):
        yield "a choice needs two answers or more with keys of their own"
    if item.kind is Kind.NUMBER and not -inf < item.low < item.high < inf:
        yield "a number needs a lower and a higher limit"
    limits = [(step.limit, step.over) for step in item.steps]
    if limits != sorted(limits):
        yield "steps must ascend"


# Short ways to write items


def start(points: float) -> Step:
    """Points below all other limits."""
    return Step(-inf, points)


def at(limit: float, points: float) -> Step:
    """Points from a limit on, the limit included."""
    return Step(limit, points)


def over(limit: float, points: float) -> Step:
    """Points beyond a limit."""
    return Step(limit, points, True)


def yes(field: str, label: str, points: float = 0, fill: Fill | None = None, help: str = "") -> Item:
    """A question answered with yes or no."""
    return Item(field, label, Kind.YES, points=points, fill=fill, help=help)


def choice(field: str, label: str, *rows: tuple[str, float], fill: Fill | None = None, help: str = "") -> Item:
    """One answer of several, each a label with points; keys are ``a``, ``b``, …"""
    return keyed(field, label, *((chr(97 + i), *row) for i, row in enumerate(rows)), fill=fill, help=help)


def keyed(field: str, label: str, *rows: tuple[str, str, float], fill: Fill | None = None, help: str = "") -> Item:
    """One answer of several, each a key, a label and points."""
    return Item(field, label, Kind.CHOICE, tuple(Choice(*row) for row in rows), fill=fill, help=help)


def scale(field: str, label: str, *labels: str, first: int = 0, help: str = "") -> Item:
    """One answer of several whose points, and keys, are consecutive numbers from ``first``."""
    return keyed(field, label, *((str(first + i), text, first + i) for i, text in enumerate(labels)), help=help)


def number(
    field: str,
    label: str,
    unit: str,
    low: float,
    high: float,
    *steps: Step,
    cuts: tuple[float, ...] = (),
    fill: Fill | None = None,
    help: str = "",
    optional: bool = False,
) -> Item:
    """A number within limits, with points by steps."""
    return Item(
        field,
        label,
        Kind.NUMBER,
        unit=unit,
        low=low,
        high=high,
        steps=steps,
        cuts=cuts,
        fill=fill,
        help=help,
        optional=optional,
    )


def age(*steps: Step, low: float = 18, high: float = 120, cuts: tuple[float, ...] = (), help: str = "") -> Item:
    """Age in completed years, from the record."""
    return number("age", "年龄", "岁", low, high, *steps, cuts=cuts, fill=Age(), help=help)


def sex(male: float = 0, female: float = 0) -> Item:
    """Sex, from the record."""
    return keyed("sex", "性别", (MALE, "男", male), (FEMALE, "女", female), fill=SexOf())


def measured(
    field: str,
    *steps: Step,
    hours: float = 24,
    pick: Pick = Pick.LATEST,
    cuts: tuple[float, ...] = (),
    label: str = "",
    help: str = "",
    optional: bool = False,
) -> Item:
    """A vital sign or a test result that the record knows, see ``MEASURES``."""
    name, unit, low, high, labs = MEASURES[field]
    fill = Lab(labs, hours, pick, field == "urea")
    return number(field, label or name, unit, low, high, *steps, cuts=cuts, fill=fill, help=help, optional=optional)


MEASURES: Final[Mapping[str, tuple[str, str, float, float, tuple[str, ...]]]] = {
    "temperature": ("体温", "℃", 25, 45, ("体温",)),
    "heart_rate": ("心率", "次/分", 10, 300, ("心率",)),
    "respiratory_rate": ("呼吸频率", "次/分", 1, 100, ("呼吸频率",)),
    "systolic": ("收缩压", "mmHg", 30, 300, ("收缩压",)),
    "diastolic": ("舒张压", "mmHg", 10, 200, ("舒张压",)),
    "map": ("平均动脉压", "mmHg", 10, 250, ("平均动脉压",)),
    "spo2": ("血氧饱和度", "%", 30, 100, ("血氧饱和度",)),
    "weight": ("体重", "kg", 0.3, 400, ("体重",)),
    "height": ("身高", "cm", 30, 250, ("身高",)),
    "bmi": ("体重指数", "kg/m2", 8, 100, ("体重指数",)),
    "waist": ("腰围", "cm", 30, 250, ("腰围",)),
    "gcs": ("格拉斯哥昏迷评分", "分", 3, 15, ("格拉斯哥昏迷评分",)),
    "urine_24h": ("24小时尿量", "mL/d", 0, 30000, ("24小时尿量",)),
    "qt": ("QT间期", "ms", 200, 800, ()),
    "lvef": ("左室射血分数", "%", 5, 90, ("左室射血分数",)),
    "creatinine": ("血肌酐", "μmol/L", 5, 5000, ("血肌酐",)),
    "egfr": ("估算肾小球滤过率", "mL/min/1.73m2", 1, 200, ("eGFR",)),
    "acr": ("尿白蛋白肌酐比值", "mg/g", 0, 30000, ("尿白蛋白肌酐比值",)),
    "urea": ("尿素", "mmol/L", 0.1, 150, ("尿素",)),
    "bilirubin": ("总胆红素", "μmol/L", 0.5, 1500, ("总胆红素",)),
    "albumin": ("白蛋白", "g/L", 5, 80, ("白蛋白",)),
    "ast": ("天门冬氨酸氨基转移酶", "U/L", 1, 50000, ("天门冬氨酸氨基转移酶",)),
    "alt": ("丙氨酸氨基转移酶", "U/L", 1, 50000, ("丙氨酸氨基转移酶",)),
    "ldh": ("乳酸脱氢酶", "U/L", 10, 50000, ("乳酸脱氢酶",)),
    "inr": ("国际标准化比值", "1", 0.5, 20, ("国际标准化比值",)),
    "pt": ("凝血酶原时间", "s", 5, 200, ("凝血酶原时间",)),
    "fibrinogen": ("纤维蛋白原", "g/L", 0.1, 20, ("纤维蛋白原",)),
    "platelets": ("血小板计数", "10^9/L", 1, 3000, ("血小板计数",)),
    "wbc": ("白细胞计数", "10^9/L", 0.01, 1000, ("白细胞计数",)),
    "neutrophils_percent": ("中性粒细胞百分比", "%", 0, 100, ("中性粒细胞百分比",)),
    "hemoglobin": ("血红蛋白", "g/L", 10, 300, ("血红蛋白",)),
    "hematocrit": ("红细胞比容", "%", 5, 80, ("红细胞比容",)),
    "sodium": ("血钠", "mmol/L", 90, 200, ("钠",)),
    "potassium": ("血钾", "mmol/L", 0.5, 15, ("钾",)),
    "chloride": ("血氯", "mmol/L", 50, 160, ("氯",)),
    "bicarbonate": ("碳酸氢根", "mmol/L", 1, 60, ("碳酸氢根",)),
    "calcium": ("血钙", "mmol/L", 0.5, 6, ("钙",)),
    "glucose": ("血糖", "mmol/L", 0.3, 150, ("葡萄糖",)),
    "lactate": ("乳酸", "mmol/L", 0.1, 40, ("乳酸",)),
    "ph": ("动脉血pH", "1", 6.5, 8, ("酸碱度",)),
    "pao2": ("动脉血氧分压", "mmHg", 10, 700, ("氧分压",)),
    "paco2": ("动脉血二氧化碳分压", "mmHg", 5, 200, ("二氧化碳分压",)),
    "pf": ("氧合指数(PaO2/FiO2)", "mmHg", 20, 700, ("氧合指数",)),
    "crp": ("C反应蛋白", "mg/L", 0, 1000, ("C反应蛋白",)),
    "esr": ("红细胞沉降率", "mm/h", 1, 200, ("红细胞沉降率",)),
    "total_cholesterol": ("总胆固醇", "mmol/L", 0.5, 40, ("总胆固醇",)),
    "triglycerides": ("甘油三酯", "mmol/L", 0.1, 100, ("甘油三酯",)),
    "hdl": ("高密度脂蛋白胆固醇", "mmol/L", 0.1, 6, ("高密度脂蛋白胆固醇",)),
}
"""What the record knows: label, unit, lowest, highest, names of the tests. Limits are wide enough for every living
patient; a value beyond is a slip of the pen or of the unit."""
