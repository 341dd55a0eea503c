"""Whether the documents of an operation name the operation that was done."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from clinical.medical_record import DocumentKind, Operation
from supervision.record_qc.meaning import finds, operations_of, related
from supervision.record_qc.model import INPATIENT, NORM, Aspect, Check, Defect, Gap, Group, Said, Severity
from supervision.record_qc.parts import parts
from supervision.record_qc.subject import Passage, Subject

_NAMED: Final = "手术名称|手术方式|术式|拟[行施]手术"
_GENERIC: Final = frozenset(
    "切除修补成形置换固定吻合手术腹腔镜下经全探查引流根治性检治疗植入内外左右双单侧开放微创人工及和的行拟急诊择期改良扩大部分次入路后前复位"
    "清创缝合止血取出活组织无张力松解高位结扎支架体"
)
"""Characters of operations that tell nothing of what is operated on."""
_OPEN: Final = re.compile(r"探查|[A-Za-z]|同上|备")
_EXTENTS: Final = (
    (re.compile(r"剔除|核除"), re.compile(r"全[^，,。；;+]{0,4}切除|根治")),
    (re.compile(r"部分切除|楔形切除|局部切除|局部扩大切除"), re.compile(r"全[^，,。；;+]{0,3}切除|全切|根治")),
    (re.compile(r"保[肢乳]"), re.compile(r"截肢|离断|改良根治")),
    (re.compile(r"[腹胸]腔镜"), re.compile(r"开[腹胸]|剖腹")),
)
"""Less and more of the same, through a scope or through an incision: a consent to the one is none to the other."""
_CHANGED: Final = re.compile(r"更改|变更|中转|改行|改为|改做|扩大|追加|加行")


@dataclass(frozen=True, slots=True)
class _Named:
    """A row: kinds of documents that must name the operation that was done."""

    name: str
    documents: tuple[DocumentKind, ...]
    called: str
    source: str
    group: Group = Group.OPERATION
    points: float = 3.0

    def check(self) -> Check:
        """The check of this row."""
        return Check(
            name=self.name,
            title=f"{self.called}的手术名称与所行手术不符",
            group=self.group,
            aspect=Aspect.CONSISTENT,
            kinds=INPATIENT,
            source=self.source,
            mend="核对所行手术，误写的更正；术中改变术式的，在手术记录中说明并补充告知",
            run=self._run,
            severity=Severity.SEVERE,
            points=self.points,
        )

    def _run(self, subject: Subject) -> Iterator[Said]:
        for document in subject.judged(*self.documents):
            passage = next((p for p in parts(document, _NAMED) if p.text.strip()), None)
            if passage is None:
                continue
            if subject.record.operations is None:
                yield Gap("手术信息")
            elif not _may_be(subject, passage, operations_of(subject, document)):
                done = "、".join(one.name for one in operations_of(subject, document))
                yield Defect(f"所行手术为“{done}”，{document.kind.value}写为其他手术", passage.place())


def _may_be(subject: Subject, passage: Passage, operations: list[Operation]) -> bool:
    """Whether a passage may name one of the operations; what was changed on the way, or left open, may be any."""
    notes = subject.of(DocumentKind.OPERATION, DocumentKind.POSTOP_COURSE)
    if not operations or _OPEN.search(passage.text) or finds(subject, notes, _CHANGED):
        return True
    return any(_alike(subject, passage.text, one.name) for one in operations)


def _alike(subject: Subject, text: str, name: str) -> bool:
    """Whether a text may name an operation: by concept, else by any character that tells what is operated on."""
    if any(_differ(text, name, *pair) or _differ(name, text, *pair) for pair in _EXTENTS):
        return False
    theirs = _procedures(subject, name)
    if any(related(subject, one, other) for one in _procedures(subject, text) for other in theirs):
        return True
    return bool(_OPEN.search(name)) or not _telling(text).isdisjoint(_telling(name))


def _differ(one: str, other: str, less: re.Pattern[str], more: re.Pattern[str]) -> bool:
    """Whether one name takes out a part and the other the whole."""
    return bool(less.search(one) and not more.search(one) and more.search(other) and not less.search(other))


def _procedures(subject: Subject, text: str) -> list[str]:
    return [fact.concept for fact in subject.facts(text) or () if fact.kind == "procedure" and fact.concept]


def _telling(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[\u4e00-\u9fa5]", text)) - _GENERIC


_ARTICLE: Final = f"{NORM}第二十二条"
CHECKS: Final = tuple(
    row.check()
    for row in (
        _Named(
            "operation-name-consent",
            (DocumentKind.CONSENT_OPERATION,),
            "手术知情同意书",
            f"{NORM}第二十三条",
            Group.CONSENT,
            5.0,
        ),
        _Named(
            "operation-name-preoperative",
            (DocumentKind.PREOP_SUMMARY, DocumentKind.PREOP_DISCUSSION),
            "术前小结(术前讨论)",
            f"{_ARTICLE}(十一)(十二)",
        ),
        _Named(
            "operation-name-safety-check",
            (DocumentKind.SAFETY,),
            "手术安全核查记录",
            "《手术安全核查制度》(卫办医政发〔2010〕41号)",
        ),
        _Named("operation-name-note", (DocumentKind.OPERATION,), "手术记录", f"{_ARTICLE}(十五)"),
    )
)
