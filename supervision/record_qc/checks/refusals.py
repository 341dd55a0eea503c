"""What patients refuse: that they were told what it means stands in the record (article 22, 2 of the norm)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from clinical.medical_record import Document, DocumentKind
from supervision.record_qc.days import NORM_NOTES, day
from supervision.record_qc.items import text_of
from supervision.record_qc.model import INPATIENT, LATER, NORM, Aspect, Check, Defect, Group, Said
from supervision.record_qc.subject import Subject

_WHO: Final = r"(?:患者|患儿|患方|病人|家属|家长|(?:其|患者)?(?:父母?|母亲|父亲|[子女]儿?|儿子|女儿|配偶|丈夫|妻子))"
_WHAT: Final = (
    r"(?:检查|化验|穿刺|治疗|手术|住院|转[院科]|输血|化疗|放疗|抢救|插管|气管切开|机械通气|透析|监护|用药|造影|"
    r"[胃肠]镜|活检|引产|"
    r"留观)"
)
_REFUSED: Final = re.compile(
    rf"{_WHO}[^。；\n]{{0,24}}(?:拒绝|不同意|放弃)[^。；，\n]{{0,12}}{_WHAT}|{_WHO}[^。；\n]{{0,12}}要求自动出院"
)
_TOLD: Final = re.compile(r"告知|交[代待]|说明|讲明|解释|沟通|签[字名署]|知情|风险|后果|劝")
_CONSENTS: Final = (DocumentKind.CONSENT_OTHER, DocumentKind.CONSENT_SPECIAL, DocumentKind.CONSENT_OPERATION)
_NOTES: Final = (*NORM_NOTES, DocumentKind.DISCHARGE, DocumentKind.OTHER)


def _untold(subject: Subject) -> Iterator[Said]:
    """A refusal, where nothing written that day, no earlier note of a refusal, no signed form tells that risks were
    explained."""
    if any(re.search("拒绝|放弃|自动出院", d.title + text_of(d)) for d in subject.of(*_CONSENTS)):
        return
    for passage in subject.texts(subject.judged(*NORM_NOTES)):
        for match in _REFUSED.finditer(passage.text):
            if not any(_TOLD.search(text_of(note)) for note in _about(subject, passage.document)):
                says = "患方拒绝(放弃)诊疗，病历中未见告知风险和后果的记录"
                yield Defect(says, passage.place(match.start(), match.end()))
                return


def _about(subject: Subject, document: Document) -> list[Document]:
    """The note itself, others of that day, and earlier ones that tell of a refusal."""
    if document.written is None:
        return [document]
    dated = [(d, day(d.written)) for d in subject.of(*_NOTES) if d.written]
    today = day(document.written)
    return [document, *(d for d, on in dated if on == today or (on < today and _REFUSED.search(text_of(d))))]


CHECKS: Final = (
    Check(
        name="refusal-untold",
        title="患方拒绝诊疗未记录告知",
        group=Group.CONSENT,
        aspect=Aspect.COMPLETE,
        kinds=INPATIENT,
        source=f"{NORM}第二十二条(向患者及其近亲属告知的重要事项)",
        mend="在病程中记录已告知拒绝(放弃)的风险和后果，必要时请患方签字",
        run=_untold,
        points=2.0,
        stages=LATER,
    ),
)
