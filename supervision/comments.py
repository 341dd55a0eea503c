"""What a prescription comment comes to: rates by department, prescriber and drug, and the norm's indicators."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from records.comment_codes import CODES, Group
from records.comment_items import Item, Result, Round, Status
from records.sampling import norm_size

NO_DRUG = "(处方整体)"
"""Where a problem concerns no drug but the prescription as a whole."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Items of one department, prescriber or whole round. ``share``: reasonable among judged, None when none
    is judged; ``problems`` counts prescriptions with each code, the most frequent first."""

    institution: str
    department: str
    prescriber: str
    sampled: int
    judged: int
    reasonable: int
    unreasonable: int
    problems: dict[str, int]

    @property
    def share(self) -> float | None:
        return self.reasonable / self.judged if self.judged else None


@dataclass(frozen=True, slots=True)
class CodeLine:
    """Prescriptions with one problem; ``share`` among those judged."""

    code: str
    group: str
    title: str
    prescriptions: int
    share: float | None


@dataclass(frozen=True, slots=True)
class DrugLine:
    """One drug: judged prescriptions that hold it, and those of them with a problem of this drug."""

    drug: str
    prescriptions: int
    with_problem: int
    problems: dict[str, int]

    @property
    def share(self) -> float | None:
        return self.with_problem / self.prescriptions if self.prescriptions else None


@dataclass(frozen=True, slots=True)
class Indicator:
    """One indicator under its letter in the norm's worksheet; None with the reason where it is not known."""

    letter: str
    title: str
    value: float | None
    unit: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Results:
    """A round counted. ``enough``: as many were drawn as the norm asks of the kind (None: it asks nothing)."""

    round: Round
    whole: Tally
    enough: bool | None
    groups: dict[str, int]
    codes: tuple[CodeLine, ...]
    departments: tuple[Tally, ...]
    prescribers: tuple[Tally, ...]
    drugs: tuple[DrugLine, ...]
    indicators: tuple[Indicator, ...]


def results(found: Round, items: Sequence[Item]) -> Results:
    """Everything that is reported of a round."""
    whole = _tally(("", "", ""), items)
    asked = norm_size(found.kind, found.population)
    return Results(
        round=found,
        whole=whole,
        enough=len(items) >= min(asked, found.population) if asked else None,
        groups={group.value: _having(items, group) for group in Group},
        codes=tuple(_codes(whole)),
        departments=_grouped(items, lambda i: (i.institution, i.department, "")),
        prescribers=_grouped(items, lambda i: (i.institution, i.department, i.prescriber)),
        drugs=tuple(_drugs(items)),
        indicators=tuple(indicators(items)),
    )


def _having(items: Iterable[Item], group: Group) -> int:
    """Prescriptions with a problem of a group."""
    return sum(any(CODES[problem.code].group is group for problem in item.problems) for item in items)


def _grouped(items: Iterable[Item], key: Callable[[Item], tuple[str, str, str]]) -> tuple[Tally, ...]:
    """By a key, the least reasonable first."""
    gathered: dict[tuple[str, str, str], list[Item]] = {}
    for item in items:
        gathered.setdefault(key(item), []).append(item)
    made = (_tally(where, group) for where, group in gathered.items())
    return tuple(sorted(made, key=lambda t: (1.0 if t.share is None else t.share, -t.unreasonable, -t.sampled)))


def _tally(where: tuple[str, str, str], items: Sequence[Item]) -> Tally:
    reasonable = sum(item.result is Result.REASONABLE for item in items)
    unreasonable = sum(item.result is Result.UNREASONABLE for item in items)
    counted = _ranked(code for item in items for code in {problem.code for problem in item.problems})
    return Tally(*where, len(items), reasonable + unreasonable, reasonable, unreasonable, counted)


def _codes(whole: Tally) -> Iterator[CodeLine]:
    """Every code that was found, in the norm's order."""
    for code in CODES.values():
        count = whole.problems.get(code.code, 0)
        if count:
            yield CodeLine(code.code, code.group.value, code.title, count, count / whole.judged)


def _drugs(items: Iterable[Item]) -> list[DrugLine]:
    """Every drug with a problem, the most problems first."""
    judged = [item for item in items if item.status is Status.JUDGED]
    holding = Counter(name for item in judged for name in {line.name for line in item.sheet.lines})
    told: dict[str, list[frozenset[str]]] = {}
    for item in judged:
        for name in {problem.drug for problem in item.problems}:
            codes = frozenset(problem.code for problem in item.problems if problem.drug == name)
            told.setdefault(name, []).append(codes)
    made = [
        DrugLine(
            name or NO_DRUG,
            holding[name] if name else len(judged),
            len(found),
            _ranked(code for codes in found for code in codes),
        )
        for name, found in told.items()
    ]
    return sorted(made, key=lambda line: (-line.with_problem, line.drug))


def _ranked(codes: Iterable[str]) -> dict[str, int]:
    counted = Counter(codes)
    return dict(sorted(counted.items(), key=lambda pair: (-pair[1], *_number(pair[0]))))


def _number(code: str) -> tuple[int, int]:
    chapter, _, number = code.partition("-")
    return int(chapter), int(number)


# -- the norm's indicators -----------------------------------------------------------------


def kinds(item: Item) -> int:
    """Number of different drugs, without what only dissolves the others (药品品种)."""
    return len(_names(item))


def has_antimicrobial(item: Item) -> bool:
    """Whether a systemic antibacterial or antifungal is prescribed."""
    return any(line.antimicrobial for line in item.sheet.lines)


def has_injection(item: Item) -> bool:
    """Whether anything is injected or infused."""
    return any(line.injection for line in item.sheet.lines)


def generics(item: Item) -> int | None:
    """Number of drugs written by generic name, as typed or as understood; None when a drug was not."""
    if item.typed.generic is not None:
        return item.typed.generic
    known = [line for line in item.sheet.lines if not line.solvent]
    if any(line.generic is None for line in known):
        return None
    return len({line.name for line in known if line.generic})


def _names(item: Item) -> frozenset[Hashable]:
    return frozenset(line.name for line in item.sheet.lines if not line.solvent)


def indicators(items: Sequence[Item]) -> Iterator[Indicator]:
    """A to P of the worksheet. A and what follows count all that was sampled, O and P what was judged;
    what only people know counts where they typed it, and says how often that was."""
    count, drugs = len(items), sum(map(kinds, items))
    yield Indicator("A", "用药品种总数", drugs, "种", "溶媒不计")
    yield Indicator("B", "平均每张处方用药品种数", _ratio(drugs, count), "种")
    yield from _users(items, "C", "D", "抗菌药物", has_antimicrobial, "全身用抗细菌药和抗真菌药，不含抗结核药")
    yield from _users(items, "E", "F", "注射剂", has_injection, "")
    yield from _named(items, "G", "H", "国家基本药物", lambda item: item.typed.essential)
    yield from _named(items, "I", "J", "药品通用名", generics)
    yield from _amounts(items)
    reasonable = sum(item.result is Result.REASONABLE for item in items)
    judged = sum(item.result is not None for item in items)
    yield Indicator("O", "合理处方总数", reasonable, "张", f"已点评 {judged} 张")
    yield Indicator("P", "合理处方百分率", _percent(reasonable, judged), "%", "" if judged else "尚未点评")


def _users(
    items: Sequence[Item], total: str, share: str, what: str, has: Callable[[Item], bool], note: str
) -> Iterator[Indicator]:
    using = sum(map(has, items))
    yield Indicator(total, f"使用{what}的处方数", using, "张", note)
    yield Indicator(share, f"{what}使用百分率", _percent(using, len(items)), "%")


def _named(
    items: Sequence[Item], total: str, share: str, what: str, counted: Callable[[Item], int | None]
) -> Iterator[Indicator]:
    """Drugs of a sort among all drugs, over the prescriptions of which it is known."""
    known = [(number, kinds(item)) for item in items if (number := counted(item)) is not None]
    note = _coverage(len(known), len(items))
    number = sum(pair[0] for pair in known)
    yield Indicator(total, f"{what}品种总数", number if known else None, "种", note)
    yield Indicator(share, f"{what}占处方用药的百分率", _percent(number, sum(k for _, k in known)), "%", note)


def _amounts(items: Sequence[Item]) -> Iterator[Indicator]:
    known = [item.typed.amount for item in items if item.typed.amount is not None]
    note = _coverage(len(known), len(items))
    yield Indicator("K", "处方总金额", round(sum(known), 2) if known else None, "元", note)
    yield Indicator("L", "平均每张处方金额", _ratio(sum(known), len(known)), "元", note)


def _coverage(known: int, count: int) -> str:
    if not known:
        return "系统无此数据，须在点评工作表中填写后才能统计"
    return "" if known == count else f"仅统计有数据的 {known}/{count} 张处方"


def _ratio(number: float, of: float) -> float | None:
    return round(number / of, 2) if of else None


def _percent(number: float, of: float) -> float | None:
    return round(100 * number / of, 1) if of else None
