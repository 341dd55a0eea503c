"""What an admission record must hold (article 18 of the norm), and that its complaint says how long."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from clinical.medical_record import DocumentKind, Signer
from nlp.durations import durations
from supervision.record_qc.content import Needed, Signed
from supervision.record_qc.model import INPATIENT, NORM, Aspect, Check, Defect, Group, Said
from supervision.record_qc.subject import Subject

_NOTES: Final = (DocumentKind.ADMISSION, DocumentKind.READMISSION)
_ARTICLE: Final = f"{NORM}第十八条"


def _needed(
    name: str, headings: tuple[str, ...], item: str, points: float = 1.0, none_will_do: bool = False
) -> Check:
    source = f"{_ARTICLE}({item})"
    return Needed(f"admission-note-{name}", _NOTES, headings, source, Group.ADMISSION, none_will_do, points).check()


def _without_duration(subject: Subject) -> Iterator[Said]:
    for document in subject.judged(*_NOTES):
        complaint = subject.section(document, "主诉")
        if complaint is not None and complaint.text.strip() and not durations(complaint.text):
            yield Defect("主诉未写明症状(或体征)的持续时间", complaint.place())


CHECKS: Final = (
    _needed("complaint", ("主诉",), "二", points=3.0),
    _needed("present-illness", ("现病史",), "三", points=3.0),
    _needed("past-history", ("既往史",), "四"),
    _needed("personal-history", ("个人史",), "五", none_will_do=True),
    _needed("family-history", ("家族史",), "五", none_will_do=True),
    _needed("examination", ("体格检查", "查体"), "六", points=3.0),
    _needed("auxiliary", ("辅助检查",), "八", none_will_do=True),
    _needed("diagnosis", ("初步诊断", "诊断"), "九", points=3.0),
    Signed(
        "admission-note-signature", _NOTES, (Signer.AUTHOR, Signer.SUPERIOR), f"{_ARTICLE}(十)", Group.ADMISSION
    ).check(),
    Check(
        name="admission-note-complaint-duration",
        title="主诉未写明持续时间",
        group=Group.ADMISSION,
        aspect=Aspect.PROPER,
        kinds=INPATIENT,
        source=f"{_ARTICLE}(二)",
        mend="主诉写明促使患者就诊的主要症状(或体征)及持续时间",
        run=_without_duration,
    ),
)
