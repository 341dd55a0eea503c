"""What must be so before a draft is kept: faults by field, all at once, in words a curator understands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Final

from api.gates import ALERTING
from clinical.finding import Severity
from clinical.units import QuantityError, canonical_unit
from knowledge.model import Article, Citation, Concept, Predicate, Record, Rule, Source, Statement, Status
from knowledge.references import namesakes
from knowledge.snapshot import Snapshot
from knowledge.store import Store
from knowledge.tables import EVIDENCE, SOURCE_KINDS
from rules.authored import Flaw, flaws

_ID: Final = re.compile(r"[a-z][a-z-]{1,20}:[^\s/?#]{1,120}")
_UNITS: Final = (Predicate.DOSE_RANGE, Predicate.RENAL_LIMIT, Predicate.HEPATIC_LIMIT)
_ID_HINT: Final = "编号写作 类型:名称，如 rule:warfarin-over-75，不含空格和 / ? #"


class Checker:
    """Looks at drafts beside what is known: the store for concepts and sources, the release for names in rules."""

    def __init__(self, store: Store, release: Callable[[], Snapshot]) -> None:
        self._store, self._release = store, release

    def flaws(self, record: Record) -> list[Flaw]:
        """Everything wrong with a record."""
        if isinstance(record, Statement):
            return list(self._statement(record))
        if isinstance(record, Concept):
            return list(self._concept(record))
        if isinstance(record, Article):
            return list(self._article(record))
        return list(self._rule(record)) if isinstance(record, Rule) else list(_source(record))

    def told(self, record: Record) -> list[str]:
        """The same as texts, for the workflow."""
        return [str(flaw) for flaw in self.flaws(record)]

    def _concept(self, record: Concept) -> Iterator[Flaw]:
        yield from _identified(record.id)
        if not record.name:
            yield Flaw("name", "名称不能为空")
        for number, ref in enumerate(record.codes):
            if not ref.system or not ref.code:
                yield Flaw(f"codes[{number}]", "编码系统和编码都要填写")
        rival = namesakes(self._store, [record]).get(record.id)
        if rival:
            yield Flaw("name", f"已有同名的概念 {rival}")

    def _statement(self, record: Statement) -> Iterator[Flaw]:
        places = ("subject", record.subject), ("object", record.object)
        yield from self._known((field, one) for field, one in places if one)
        q = record.qualifiers
        if record.predicate in ALERTING and q.get("severity") not in set(Severity):
            yield Flaw("cells.severity", "须选择严重程度")
        if record.predicate in ALERTING and not record.citations:
            yield Flaw("citations", "须注明来源")
        if record.predicate in _UNITS and q.get("unit"):
            try:
                canonical_unit(q["unit"])
            except QuantityError:
                yield Flaw("cells.unit", f"不认识的单位 {q['unit']}，写作 mg、g、μg、ml、IU …")
        yield from self._cited(record.citations, record.evidence)
        yield from _dates(record.valid_from, record.valid_to)

    def _article(self, record: Article) -> Iterator[Flaw]:
        yield from _identified(record.id)
        yield from self._known([("concept", record.concept)])
        if not record.title:
            yield Flaw("title", "标题不能为空")
        if not record.sections:
            yield Flaw("sections", "至少写一节")
        for number, section in enumerate(record.sections):
            if not section.heading or not section.text:
                yield Flaw(f"sections[{number}]", "小标题和正文都要填写")
            yield from (Flaw(f"sections[{number}]", f.problem) for f in self._cited(section.citations, ""))

    def _rule(self, record: Rule) -> Iterator[Flaw]:
        yield from _identified(record.id)
        if not record.title:
            yield Flaw("title", "标题不能为空")
        yield from flaws(record, self._release())
        yield from self._cited(record.citations, record.evidence)
        yield from _dates(record.valid_from, record.valid_to)

    def _known(self, named: Iterable[tuple[str, str]]) -> Iterator[Flaw]:
        fields = {("concept", concept): field for field, concept in named}
        heads = self._store.many(fields)
        for key, field in fields.items():
            if key not in heads or heads[key].status is Status.RETIRED:
                yield Flaw(field, f"没有概念 {key[1]}，或已停用")

    def _cited(self, citations: Iterable[Citation], evidence: str) -> Iterator[Flaw]:
        wanted = [c.source for c in citations]
        known = self._store.many(("source", source) for source in wanted)
        for number, source in enumerate(wanted):
            if ("source", source) not in known:
                yield Flaw(f"citations[{number}]", f"没有来源 {source}，请先登记" if source else "请选择来源")
        if evidence and evidence not in EVIDENCE.values():
            yield Flaw("evidence", f"证据等级应为 {'、'.join(EVIDENCE.values())}")


def _identified(id_: str) -> Iterator[Flaw]:
    if not _ID.fullmatch(id_):
        yield Flaw("id", _ID_HINT)


def _source(record: Source) -> Iterator[Flaw]:
    if not record.id.strip() or record.id != record.id.strip():
        yield Flaw("id", "编号不能为空，前后不留空格")
    if not record.title.strip():
        yield Flaw("title", "名称不能为空")
    if record.kind not in SOURCE_KINDS.values():
        yield Flaw("kind", f"类型应为 {'、'.join(SOURCE_KINDS.values())}")
    if record.year and not 1900 <= record.year <= date.today().year + 1:
        yield Flaw("year", "年份应为四位数字，如 2024")


def _dates(start: str, end: str) -> Iterator[Flaw]:
    for field, text in (("validFrom", start), ("validTo", end)):
        if text and not _is_day(text):
            yield Flaw(field, "日期写作 2026-11-01")
    if start and end and _is_day(start) and _is_day(end) and end <= start:
        yield Flaw("validTo", "失效日期须晚于生效日期")


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
