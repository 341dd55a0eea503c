"""Data quality as a service: what routes, commands and intake share; reports as workbooks; the schedule."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from sqlalchemy import Engine

from api.again import again
from api.institution_names import Name, called, called_with_path
from base.keyring import KeyRing
from base.tabular import workbook
from clinical.coded import CHINA
from records.quality_cases import patient_of
from records.quality_figures import Asked, Figures, roll_up
from records.quality_rules import DIMENSIONS, KINDS, Dimension, Rule, Severity
from records.quality_standards import Standards
from records.quality_store import STATES, Faults, Held, Inspector, Query
from records.quality_surveys import SURVEYS, Surveyor
from records.store import Repository

MOST_ROWS: Final = 20_000
"""Faults in one report at most."""
_PAGE: Final = 1_000
SEVERITIES: Final = {Severity.REJECT: "拒收", Severity.WARN: "警告"}


class QualityDesk:
    """Everything about data quality of one installation."""

    def __init__(self, engine: Engine, ring: KeyRing, repository: Repository, league: str) -> None:
        self.engine, self.league, self.repository = engine, league, repository
        self.standards = Standards(engine, SURVEYS)
        self.faults = Faults(engine, ring)
        self.figures = Figures(engine)
        self.surveyor = Surveyor(engine, repository, self.standards)
        self.inspector = Inspector(self.standards)

    def rules(self, tenant: str = "") -> dict[str, Rule]:
        """The rules that hold for a tenant (the league without one), by id."""
        return {rule.id: rule for rule in self.standards.rules(tenant or self.league)}

    def all_faults(self, asked: Query, most: int = MOST_ROWS) -> Iterator[Held]:
        """Faults page by page, the newest first."""
        wanted, given = replace(asked, limit=_PAGE), 0
        while given < most:
            page = self.faults.search(wanted)
            yield from page[: most - given]
            given += len(page)
            if len(page) < _PAGE:
                return
            wanted = replace(wanted, before=page[-1].id)

    def patient(self, held: Held) -> str:
        """The institution's number of the patient whom a fault is about; empty when nobody is known."""
        return patient_of(self.engine, held)

    def name(self) -> Name:
        """What people call an institution, on screens."""
        return called(self.engine)

    def called(self) -> Name:
        """What people call an institution, as its column in reports."""
        return called_with_path(self.engine)

    def report(self, asked: Asked, query: Query) -> bytes:
        """质量报告 as .xlsx: its tables, and the faults themselves."""
        rules, called = self.rules(), self.called()
        faults = [fault_row(held, rules, called) for held in self.all_faults(query)]
        return workbook(self.report_tables(asked) | {"问题明细": faults})

    def report_tables(self, asked: Asked) -> dict[str, list[dict[str, Any]]]:
        """What 质量报告 says of a period: ranking, scores by type and rule, trend."""
        rules, called = self.rules(), self.called()
        return {
            "机构排名": [_ranked(one, called) for one in self.figures.ranking(asked, rules.values())],
            "数据类型得分": self._scored(asked, ("tenant", "kind"), rules, called),
            "规则得分": self._scored(asked, ("tenant", "rule"), rules, called),
            "每日趋势": self._scored(asked, ("tenant", "day"), rules, called),
        }

    def _scored(
        self, asked: Asked, by: tuple[str, ...], rules: Mapping[str, Rule], called: Name
    ) -> list[dict[str, Any]]:
        rows = []
        for score in self.figures.scores(asked, by, rules.values()):
            row: dict[str, Any] = {}
            for name, value in zip(by, score.group, strict=True):
                row |= _titled(name, value, rules, called)
            rows.append(row | {"检查数": score.checked, "问题数": score.failed, "得分": score.score})
        return rows

    async def keep_watch(self, hour: int, seconds: float = 30.0) -> None:
        """Add up what messages counted, and survey every institution once a day from an hour (Chinese time) on."""
        await again(partial(self._watch, hour), seconds, "quality not surveyed")

    def _watch(self, hour: int) -> None:
        roll_up(self.engine)
        now = datetime.now(UTC)
        if 0 <= hour <= now.astimezone(CHINA).hour:
            for tenant in self.surveyor.due(now):
                if self.surveyor.claim(tenant, now):
                    self.surveyor.run(tenant, now)


def csv_lines(rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """Rows as CSV that a spreadsheet opens as UTF-8, formulas defused."""
    buffer, header = io.StringIO(), True
    writer = csv.writer(buffer)
    for row in rows:
        if header:
            writer.writerow(map(_defused, row))
            yield b"\xef\xbb\xbf"
            header = False
        writer.writerow([_defused(value) for value in row.values()])
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()


def _defused(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@") else value


def fault_row(held: Held, rules: Mapping[str, Rule], called: Name) -> dict[str, Any]:
    """A fault as a line of a report; it names the resource, never a patient."""
    rule = rules.get(held.rule)
    return {
        "编号": held.id,
        "机构": called(held.tenant),
        "规则": held.rule,
        "规则名称": rule.title if rule else "",
        "维度": DIMENSIONS[Dimension(held.dimension)],
        "严重程度": SEVERITIES[Severity(held.severity)],
        "数据类型": KINDS.get(held.kind, held.kind),
        "记录": held.reference,
        "位置": held.path,
        "消息": held.message or "",
        "说明": rule.message if rule else "",
        "次数": held.times,
        "首次发现": _shown(held.found),
        "最近发现": _shown(held.seen),
        "状态": STATES[held.state],
        "整改期限": _shown(held.due) if held.due else "",
    }


def _ranked(one: Any, called: Name) -> dict[str, Any]:
    row = {"名次": one.rank, "机构": called(one.tenant), "综合得分": one.score}
    row |= {title: one.dimensions.get(dimension.value) for dimension, title in DIMENSIONS.items()}
    return row | {"数据量": one.resources, "检查数": one.checked, "问题数": one.failed}


def _titled(name: str, value: str, rules: Mapping[str, Rule], called: Name) -> dict[str, str]:
    if name == "tenant":
        return {"机构": called(value)}
    if name == "rule":
        rule = rules.get(value)
        return {"规则": value, "规则名称": rule.title if rule else ""}
    return {"数据类型": KINDS.get(value, value)} if name == "kind" else {"日期": value}


def _shown(time: datetime) -> str:
    return time.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
