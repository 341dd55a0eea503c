"""Record QC (病历质控) as a service: what routes and commands share; figures as workbooks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Engine

from api.institution_names import Name, called_with_path
from api.record_examiner import Examined, Examiner
from base.keyring import KeyRing
from base.tabular import workbook
from clinical.medical_record import MedicalRecord
from knowledge.snapshot import Snapshot
from records.qc_faults import MissingQcError, QcError
from records.store import Repository
from supervision.record_qc.disputes import Disputes
from supervision.record_qc.model import Check
from supervision.record_qc.nationals import Figure, Nationals
from supervision.record_qc.places import Stage
from supervision.record_qc.reports import Checked, Query, Report, Reports, Standing
from supervision.record_qc.scheme import Score, score
from supervision.record_qc.schemes import Edition, Schemes
from supervision.record_qc.statistics import GROUPS, Statistics
from supervision.record_qc.stored import Visits

_SHEETS: Final = (("tenant",), ("department",), ("doctor",), ("month",))


@dataclass(frozen=True, slots=True)
class Result:
    """What checking a record came to; ``report`` is its number where it was kept, ``new`` that it was not before."""

    examined: Examined
    score: Score | None
    edition: Edition
    report: int | None = None
    new: bool = False


class RecordQcDesk:
    """Everything about record QC of one installation."""

    def __init__(self, engine: Engine, ring: KeyRing, league: str, release: Callable[[], Snapshot | None]) -> None:
        self.league = league
        self._engine = engine
        self._examiner = Examiner(release)
        self.visits = Visits(engine, Repository(engine, ring))
        self.schemes = Schemes(engine, self.checks)
        self.reports = Reports(engine, ring, self.checks)
        self.disputes = Disputes(engine, ring, self.reports, self.schemes, self.checks)
        self.statistics = Statistics(engine)
        self.nationals = Nationals(engine, self.checks)

    @property
    def checks(self) -> Mapping[str, Check]:
        return self._examiner.checks

    def check(
        self, record: MedicalRecord, tenant: str, now: datetime, stage: Stage | None = None, writing: str = ""
    ) -> Result:
        """Check a record by the scheme of a tenant; nothing is kept. Raises ``ApiError`` 400."""
        edition = self.schemes.of(tenant)
        examined = self._examiner.examine(record, edition.scheme, now, stage, writing)
        found = Counter(check.name for check, _ in examined.examination.defects())
        return Result(examined, score(found, record.kind, edition.scheme, self.checks), edition)

    def keep(self, record: MedicalRecord, tenant: str, by: str, now: datetime, stage: Stage | None = None) -> Result:
        """Check a record and keep the report. Raises ``QcError``."""
        if stage is Stage.WRITING:
            raise QcError("书写中的文书只做实时提示，不保存报告 (store 须为 false)")
        made = self.check(record, tenant, now, stage)
        examined = made.examined
        checked = Checked(
            tenant, record, examined.stage, examined.examination, examined.measures, made.edition, by, now
        )
        report, new = self.reports.keep(checked)
        return Result(examined, made.score, made.edition, report, new)

    def recheck(self, report: int, by: str, now: datetime) -> Result:
        """Check the record of a report again as the repository has it now. Raises ``MissingQcError``."""
        before, _ = self.reports.one(report)
        stored = self.visits.one(before.tenant, before.record)
        if stored is None:
            raise MissingQcError("数据中心没有该次就诊的资料，请由病历系统重新提交 (POST /api/v1/qc/records)")
        return self.keep(stored.record, before.tenant, by, now)

    def explained(self, report: Report, standing: Sequence[Standing]) -> Score | None:
        """The score of a stored report, with each deduction."""
        found = Counter(one.check for one in standing if one.state.stands)
        return score(found, report.kind, self.schemes.one(report.scheme).scheme, self.checks)

    # -- figures -----------------------------------------------------------------------------

    def book(self, asked: Query) -> bytes:
        """Scores, defects and national indicators of a period as .xlsx."""
        names = called_with_path(self._engine)
        tables = {f"评分-{GROUPS[by[0]]}": self.scored(by, asked, names) for by in _SHEETS}
        tables |= {f"缺陷-{GROUPS[by[0]]}": self.counted(by, asked, names) for by in (*_SHEETS, ("check",))}
        figures = self.nationals.figures(asked.tenant, asked.since, asked.until)
        return workbook(tables | {"国家病案质控指标": [national_row(figure) for figure in figures]})

    def scored(self, by: Sequence[str], asked: Query, names: Name | None = None) -> list[dict[str, Any]]:
        """Scores as lines of a table. Raises ``QcError``."""
        called = called_with_path(self._engine) if names is None else names
        return [
            self._group(by, one.group, called) | {"病历数": one.records, "平均分": one.mean, **one.grades}
            for one in self.statistics.scores(by, asked)
        ]

    def counted(self, by: Sequence[str], asked: Query, names: Name | None = None) -> list[dict[str, Any]]:
        """Defects as lines of a table. Raises ``QcError``."""
        called = called_with_path(self._engine) if names is None else names
        titles = ("缺陷数", "涉及病历数", "待处理", "申诉撤销", "已整改")
        return [
            self._group(by, one.group, called) | dict(zip(titles, one[1:], strict=True))
            for one in self.statistics.defects(by, asked)
        ]

    def _group(self, by: Sequence[str], group: Sequence[str], called: Name) -> dict[str, str]:
        made: dict[str, str] = {}
        for name, value in zip(by, group, strict=True):
            made[GROUPS[name]] = called(value) if name == "tenant" else value
            if name == "check":
                made["检查名称"] = self.checks[value].title if value in self.checks else ""
        return made


def national_row(figure: Figure) -> dict[str, Any]:
    """An indicator as a line of a table."""
    one = figure.indicator
    return {
        "序号": one.number,
        "指标": one.title,
        "分子": "" if figure.numerator is None else figure.numerator,
        "分母": "" if figure.denominator is None else figure.denominator,
        "数值": "" if figure.value is None else figure.value,
        "单位": one.unit,
        "无法判断": figure.unknown,
        "说明": figure.note,
        "来源": one.source,
    }
