"""Diagnoses that documents give, and whether two of them mean the same disease."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from clinical.medical_record import Diagnosis, Document, DocumentKind
from nlp.assertion import Assertion, Who
from supervision.record_qc.meaning import related
from supervision.record_qc.parts import parts
from supervision.record_qc.places import NOWHERE, Place
from supervision.record_qc.subject import Passage, Subject

_COMMON: Final = re.compile(
    r"急性|慢性|双侧|左侧|右侧|疾病|综合征|功能|不全|病变|其他|未特指|原因|恶性|良性|感染|损伤|伴有|[病症炎]$"
)
_ITEM: Final = re.compile(r"[\u4e00-\u9fa5A-Za-z][\u4e00-\u9fa5A-Za-z()（）\-]{2,30}")
_DOUBT: Final = re.compile(r"待|\?|？|可能|疑")
_ABSENT: Final = Assertion.ABSENT
_SHARE: Final = 0.5
_RUN: Final = 2


class Diagnosed(NamedTuple):
    """A diagnosis: as written, its concept (empty: unknown), whether it names a disease, whether it is in doubt."""

    text: str
    concept: str
    disease: bool
    doubted: bool
    place: Place


def given(subject: Subject, documents: Iterable[Document], headings: str = "诊断") -> list[Diagnosed]:
    """What documents give as diagnoses under headings that match; not what is only told apart or reasoned about."""
    return [
        one
        for document in documents
        for passage in _passages(subject, document, headings)
        for one in read(subject, passage)
    ]


def _passages(subject: Subject, document: Document, headings: str) -> list[Passage]:
    found = list(parts(document, rf"(?:{headings})(?!依据|分析)"))
    found = [passage for passage in found if "鉴别" not in passage.title and "依据" not in passage.title]
    return found or [p for p in subject.passages(document) if p.name == "诊断" and headings == "诊断"]


def read(subject: Subject, passage: Passage) -> list[Diagnosed]:
    """The diagnoses of a passage in order; an item of the list that names nothing known is one as it stands."""
    text = passage.text
    found: list[Diagnosed] = []
    for fact in subject.facts(text, "诊断") or ():
        if fact.kind not in ("disease", "finding") or fact.who is not Who.PATIENT or fact.assertion is _ABSENT:
            continue
        doubted, disease = fact.assertion is not Assertion.PRESENT, fact.kind == "disease"
        if fact.concept:
            found.append(Diagnosed(fact.text, fact.concept, disease, doubted, passage.place(fact.start, fact.end)))
    for match in _ITEM.finditer(text):
        if not any(match.start() <= one.place.start < match.end() for one in found):
            doubted = _DOUBT.search(text, match.start(), match.end() + 1) is not None
            found.append(Diagnosed(match[0], "", False, doubted, passage.place(match.start(), match.end())))
    return sorted(found, key=lambda one: one.place.start)


def coded(subject: Subject, diagnosis: Diagnosis) -> Diagnosed:
    """A diagnosis that came as data."""
    found = next((fact for fact in subject.facts(diagnosis.name, "诊断") or () if fact.kind == "disease"), None)
    return Diagnosed(diagnosis.name, found.concept if found else "", True, False, NOWHERE)


def same(subject: Subject, one: Diagnosed, other: Diagnosed) -> bool:
    """Whether two diagnoses may be one disease: by concept, else by words that only some share. In doubt they are."""
    if related(subject, one.concept, other.concept):
        return True
    mine, theirs = _runs(one.text), _runs(other.text)
    return bool(mine and theirs) and len(mine & theirs) >= _SHARE * min(len(mine), len(theirs))


def among(subject: Subject, one: Diagnosed, others: Iterable[Diagnosed]) -> bool:
    """Whether a diagnosis is among others."""
    return any(same(subject, one, other) for other in others)


def _runs(text: str) -> frozenset[str]:
    bare = _COMMON.sub(" ", re.sub(r"[\d\W]+", " ", text))
    return frozenset(
        word[at : at + _RUN] for word in bare.split() for at in range(len(word) - _RUN + 1) if len(word) >= _RUN
    )


def at_end(subject: Subject) -> list[Diagnosed]:
    """The diagnoses that the records of discharge or death give."""
    return [
        *given(subject, subject.of(DocumentKind.DISCHARGE, DocumentKind.DAY_STAY), "出院诊断"),
        *given(subject, subject.of(DocumentKind.DEATH, DocumentKind.DAY_DEATH), "死亡诊断"),
    ]
