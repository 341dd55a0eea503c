"""A scheduled report made: figures of its period in the scope of its institution, as a text and a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from base.security import sm3
from base.tabular import XLSX, workbook
from base.tenancy import Scope, acting
from supervision.figures.analysis import indicators
from supervision.figures.answers import Answers, Each, Line
from supervision.figures.datasets import Datasets
from supervision.figures.dimension import Dimension, dimensions
from supervision.figures.indicator import Indicator, Theme
from supervision.figures.lines import WarningLines
from supervision.figures.periods import Period, month_of
from supervision.figures.sums import Asked, AskError
from supervision.figures.tables import Name, rows_of, sheets, titled
from supervision.operations.channels import Enclosed
from supervision.reports.pdf import Page, render, require
from supervision.reports.plan import Content, Format, Plan
from supervision.reports.store import Made

_TREND_MONTHS: Final = 12
_MOST_SAID: Final = 12
_MOST_WARNED: Final = 50


@dataclass(frozen=True, slots=True)
class Found:
    """Figures that a report is made of: of which indicators, how broken down, the lines of each."""

    chosen: Sequence[Indicator]
    by: Sequence[Dimension]
    told: Mapping[str, Sequence[Line]]
    asked: Asked

    @property
    def warned(self) -> int:
        return sum(line.warns for lines in self.told.values() for line in lines)

    def lines(self) -> Iterator[tuple[Indicator, Line]]:
        for one in self.chosen:
            for line in self.told[one.name]:
                yield one, line


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes reports of figures; ``called`` tells what people call an institution."""

    answers: Answers
    lines: WarningLines
    datasets: Datasets
    called: Name

    def check(self, plan: Plan, tenant: str) -> None:
        """Whether a plan can be made here. Raises ``AskError``, ``MissingError``, ``MissingPdfError``."""
        if plan.format is Format.PDF:
            require()
        with acting(_scope(tenant)):
            self._chosen(plan, tenant)

    def make(self, plan: Plan, tenant: str, period: Period, standing: Mapping[str, str]) -> Made:
        """A report; ``standing`` is what was told before to lie beyond its line. Raises ``RefusedError``,
        ``MissingError``."""
        with acting(_scope(tenant)):
            found = self._found(plan, tenant, period)
            head = f"【医共】{plan.title}（{period}，{self.called(tenant)}）"
            if plan.content is Content.WARNINGS:
                return self._changes(plan, found, head, standing)
            file = self._file(plan, tenant, period, found)
            said = "；".join(
                _said(one, line) for one, line in found.lines() if not found.by and line.period == period
            )
            return Made(f"{head}。共 {len(found.chosen)} 项指标，{found.warned} 条越过预警线。{_cut(said)}", file)

    # -- figures -----------------------------------------------------------------------------

    def _chosen(self, plan: Plan, tenant: str) -> tuple[list[Indicator], Asked, Each]:
        """Raises ``AskError``, ``MissingError``."""
        if plan.content is Content.DATASET:
            form = self.datasets.one(plan.of).form
            only = {name: tuple(values) for name, values in form.only.items()}
            asked = Asked(tuple(dict.fromkeys(form.by)), only, (tenant,))
            return indicators(form, self.answers.known), asked, Each(form.each)
        asked = Asked(tuple(dict.fromkeys(plan.by)), plan.only, (tenant,))
        known = self.answers.known
        every = known.of_theme(Theme(plan.of)) if plan.of else [*known.indicators.values()]
        if plan.content is Content.WARNINGS:
            lines = self.lines.standing(tenant)
            every = [one for one in every if lines.concern(one)]
        chosen = [one for one in every if self.answers.fits(one, asked)]
        if not chosen:
            raise AskError("by", "没有一个指标能按这些维度分组和筛选")
        return chosen, asked, Each.WHOLE

    def _found(self, plan: Plan, tenant: str, period: Period) -> Found:
        chosen, asked, each = self._chosen(plan, tenant)
        drawn = self.lines.standing(tenant)
        told = self.answers.ask(chosen, period, asked, each=each, compare=plan.compare, drawn=drawn)
        known = dimensions(self.answers.known.facts[chosen[0].numerator.fact])
        return Found(chosen, [known[name] for name in asked.by], told, asked)

    # -- files -------------------------------------------------------------------------------

    def _file(self, plan: Plan, tenant: str, period: Period, found: Found) -> Enclosed | None:
        if plan.format is Format.MESSAGE:
            return None
        name = f"{plan.title} {period}.{plan.format.value}"
        named = {one.name: one for one in found.chosen}
        if plan.format is Format.XLSX:
            return Enclosed(name, XLSX, workbook(sheets(found.told, named, found.by, self.called)))
        rows = [row for one in found.chosen for row in rows_of(one, found.told[one.name], found.by, self.called)]
        page = Page(plan.title, f"{self.called(tenant)}　{period}", {"": rows}, self._trends(found, period))
        return Enclosed(name, "application/pdf", render(page))

    def _trends(self, found: Found, period: Period) -> dict[str, list[tuple[str, float | None]]]:
        """Values of the last whole months, by the title of the indicator."""
        last = month_of(period.last)
        last = last if last.until <= period.until else last.previous()
        span = Period(last.back(_TREND_MONTHS)[0].since, last.until)
        asked = Asked((), found.asked.only, found.asked.tenants)
        told = self.answers.ask(found.chosen, span, asked, each=Each.MONTH, compare=False)
        return {
            f"{one.title}（{one.unit}）" if one.unit else one.title: [
                (str(line.period), line.now.value) for line in sorted(told[one.name], key=lambda line: line.period)
            ]
            for one in found.chosen
        }

    # -- warnings ----------------------------------------------------------------------------

    def _changes(self, plan: Plan, found: Found, head: str, standing: Mapping[str, str]) -> Made:
        """What newly lies beyond its line and what is back; of what has no figure now nothing is known."""
        crossed: dict[str, str] = {}
        back: dict[str, str] = {}
        for one, line in found.lines():
            key = sm3("\0".join((one.name, *(part or "" for part in line.group))).encode())
            if line.warns and key not in standing:
                crossed[key] = self._named(one, line, found)
            elif key in standing and not line.warns and line.now.value is not None:
                back[key] = self._named(one, line, found)
        told = [f"{what} {len(some)} 条：{_cut('；'.join(some.values()), _MOST_WARNED)}" for what, some in (
            ("新越过预警线", crossed),
            ("已恢复", back),
        ) if some]  # fmt: skip
        return Made(f"{head}。{''.join(told)}", None, crossed, tuple(back), quiet=not told)

    def _named(self, one: Indicator, line: Line, found: Found) -> str:
        group = " ".join(titled(d, value, self.called) for d, value in zip(found.by, line.group, strict=True))
        return f"{group} {_said(one, line)}".strip()


def _scope(tenant: str) -> Scope:
    return Scope("scheduled report", reads=(tenant,))


def _said(one: Indicator, line: Line) -> str:
    """A figure in words, with what it is compared with."""
    if line.now.value is None:
        return f"{one.title} 无数据"
    beside = [
        f"{title} {compared.change:+g}%"
        for title, compared in (("同比", line.same), ("环比", line.previous))
        if compared is not None and compared.change is not None
    ]
    return f"{one.title} {line.now.value:g} {one.unit}".rstrip() + (f"（{'，'.join(beside)}）" if beside else "")


def _cut(said: str, most: int = _MOST_SAID) -> str:
    """So many parts of a text at most."""
    if not said:
        return ""
    parts = said.split("；")
    return "；".join(parts[:most]) + (f"；等 {len(parts)} 项。" if len(parts) > most else "。")
