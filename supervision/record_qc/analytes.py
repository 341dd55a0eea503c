"""Results of the laboratory as checks see them: which test, how far from normal, by which words notes speak of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple

from clinical.medical_record import Document, Result, ResultKind
from knowledge.model import ConceptKind
from supervision.record_qc.meaning import finds
from supervision.record_qc.subject import Subject

_BRACKET: Final = re.compile(r"[(（\[].*?[)）\]]")
_WIDE: Final = 1.0
_HALF: Final = 0.5


class Analyte(NamedTuple):
    """Tests that are judged together: what they are called, and the words of which a note holds one that speaks of
    them, by value or by what it means; ``low`` and ``high`` count only for a value on that side."""

    called: str
    concepts: frozenset[str]
    words: re.Pattern[str]
    low: str = ""
    high: str = ""


def _analyte(called: str, concepts: str, words: str, low: str = "", high: str = "") -> Analyte:
    ids = frozenset(f"lab:{one}" for one in concepts.split())
    return Analyte(called, ids, re.compile(words, re.IGNORECASE), low, high)


ANALYTES: Final = (
    _analyte("血钾", "potassium", r"血钾|K\+|K\s*[:：]?\s*\d|钾\s*[\d:：为]|电解质", "低钾|补钾", "高钾|降钾"),
    _analyte("血钠", "sodium", r"血钠|Na\+|Na\s*[:：]?\s*\d|钠\s*[\d:：为]|电解质", "低钠|补钠", "高钠"),
    _analyte("血钙", "calcium ionized-calcium", r"血钙|Ca|钙\s*[\d:：为]|电解质", "低钙|补钙", "高钙|降钙"),
    _analyte("血糖", "glucose fasting-glucose", r"血糖|糖尿病|低血糖|GLU|葡萄糖\s*[\d:：]|糖\s*\d"),
    _analyte("血红蛋白", "hemoglobin", r"血红蛋白|血色素|贫血|Hb|HGB|输血|失血"),
    _analyte("血小板", "platelets", r"血小板|PLT"),
    _analyte("白细胞", "wbc neutrophils", r"白细胞|粒细胞|血象|血常规|WBC|感染指标|炎症指标"),
    _analyte("肌酐、尿素", "creatinine urea", r"肌酐|尿素|肾功|肾损|肾衰|肾病|透析|Cr\b|Scr|BUN"),
    _analyte("转氨酶", "alt ast", r"转氨酶|谷丙|谷草|肝功|肝酶|肝损|保肝|护肝|肝炎|ALT|AST"),
    _analyte("胆红素", "total-bilirubin direct-bilirubin", r"胆红素|黄疸|黄染|肝功|TBIL|DBIL|退黄"),
    _analyte("白蛋白", "albumin", r"白蛋白|低蛋白|ALB"),
    _analyte(
        "心肌损伤标志物",
        "troponin-i troponin-t hs-troponin-i hs-troponin-t ck-mb ck-mb-mass",
        r"肌钙|cTn|TnI|TnT|心肌|CK|心梗",
    ),
    _analyte("利钠肽", "bnp nt-probnp", r"BNP|钠尿肽|利钠肽|脑钠肽|心功能|心衰|心力衰竭"),
    _analyte("D-二聚体", "d-dimer", r"D-?\s*二聚体|D-?D\b|血栓|抗凝"),
    _analyte("凝血功能", "inr pt aptt fibrinogen", r"INR|凝血|APTT|PT\b|纤维蛋白原|FIB"),
    _analyte("淀粉酶、脂肪酶", "amylase lipase", r"淀粉酶|脂肪酶|胰腺|AMY|LIP"),
    _analyte(
        "血气、乳酸",
        "blood-ph po2 pco2 lactate",
        r"血气|乳酸|pH|氧分压|碳分压|呼吸衰竭|呼衰|酸中毒|碱中毒|PO2|PCO2|Lac",
    ),
    _analyte("感染指标", "crp hs-crp procalcitonin", r"CRP|C-?反应|降钙素原|PCT|炎症|感染指标|感染性指标"),
)
"""The tests whose abnormal results a note must speak of."""


def concept_of(subject: Subject, result: Result) -> str:
    """The test of a result, as a concept; empty when nobody knows it."""
    if subject.release is None or result.kind is not ResultKind.LAB:
        return ""
    for name in (result.name, _BRACKET.sub("", result.name)):
        found = subject.release.by_name(name, ConceptKind.LAB)
        if found:
            return found[0].id
    return ""


def analyte_of(concept: str) -> Analyte | None:
    """What a test is judged with."""
    return next((one for one in ANALYTES if concept in one.concepts), None)


def far_off(result: Result) -> bool:
    """Whether a value is plainly abnormal: critical, or by its own limits above by more than the width of the normal
    range, or below by more than half of it or at less than half of its lower end."""
    value, low, high = result.value, result.low, result.high
    if value is None:
        return False
    width = (high or 0) - (low or 0) if high is not None else low or 0
    if result.critical or width <= 0:
        return bool(result.critical)
    above = high is not None and value - high > width * _WIDE
    return above or (low is not None and (low - value > width * _HALF or value < low * _HALF))


def shown(result: Result) -> str:
    """A result as staff read it: 血钾 2.6mmol/L."""
    value = f"{result.value:g}{result.unit}" if result.value is not None else result.text[:40]
    return f"{result.name} {value}".strip()


def known_at(result: Result) -> datetime | None:
    """When a result was known."""
    return result.reported or result.at


def spoken_of(subject: Subject, documents: Iterable[Document], analyte: Analyte | None, result: Result) -> bool:
    """Whether notes speak of a result: by the words for its test, or by its name."""
    name = re.escape(_BRACKET.sub("", result.name).strip())
    words = [name, *((analyte.words.pattern, *_by_side(analyte, result)) if analyte else ())]
    return finds(subject, documents, re.compile("|".join(filter(None, words)) or "(?!)", re.IGNORECASE))


def _by_side(analyte: Analyte, result: Result) -> tuple[str, ...]:
    """The words for a value that is too low, or too high; both where the result does not tell."""
    if result.value is not None and result.low is not None and result.value < result.low:
        return (analyte.low,)
    if result.value is not None and result.high is not None and result.value > result.high:
        return (analyte.high,)
    return analyte.low, analyte.high
