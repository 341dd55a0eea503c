"""What drugs are for: indications, a hospital's registered off-label uses, and the scopes they name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from msgspec import structs

from knowledge.building import Values, codes_in, concept, key_of, plain, statement
from knowledge.intake import by_name
from knowledge.model import ConceptKind, Predicate, Record, Statement
from knowledge.tables._shape import (
    CITATION,
    CONCEPTS,
    EVIDENCE,
    NAMED,
    ROUTES,
    SEVERITY,
    SOURCED,
    Column,
    Kind,
    Table,
    drug,
    listed,
    text,
)

BASES: dict[str, object] = {
    "说明书": "label",
    "指南": "guideline",
    "国家处方集": "formulary",
    "临床常规": "practice",  # wider than any one document: what no pharmacist would query
}
_DISEASES = Column("diseases", "适应证", Kind.DISEASES, True, help="diseases, symptoms or 适应范围 (disease_groups)")
_DAY_MARK = re.compile(r"[/.]")
_FORMS = listed("forms", "剂型", "only when the row holds for some forms")


def _scope(v: Values) -> Iterator[Record]:
    scope = concept(ConceptKind.DISEASE, v, codes_in("icd-10-prefix", v.get("icd10", ())), v.get("synonyms", ()))
    yield scope
    for member in v["members"]:
        yield plain(by_name("disease", member), Predicate.IS_A, scope.id, v)


def _indicated(v: Values) -> Iterator[Statement]:
    """One statement for each disease, and one for each drug beside which this one is given."""
    subject = by_name("drug", v["drug"])
    objects = [by_name("disease", name) for name in v.get("diseases", ())]
    objects += [by_name("drug", name) for name in v.get("beside", ())]
    if not objects:
        raise ValueError(f"{v['drug']}: 适应证 and 合用药品 are both empty; fill in one of them")
    key = key_of(v, "basis", "routes", "forms", "valid_until")
    for one in objects:
        yield statement(v, Predicate.INDICATED_FOR, subject, one, key, "drug", "diseases", "beside")


def _registered(v: Values) -> Iterator[Statement]:
    """The same, by decision of the hospital, up to and including the last day it is valid. A renewal is a
    statement of its own: what was reviewed before is never overwritten."""
    last = _day(v["valid_until"])
    for made in _indicated({**v, "basis": "registry", "valid_until": last.isoformat()}):
        yield structs.replace(made, valid_to=(last + timedelta(days=1)).isoformat())


def _day(text: str) -> date:
    """A day as people and spreadsheets write it: 2027-06-30, 2027/06/30, 2027-06-30 00:00:00."""
    try:
        return date.fromisoformat(_DAY_MARK.sub("-", text)[:10])
    except ValueError:
        raise ValueError(f"有效期至 {text!r} is no date: write it like 2027-06-30") from None


TABLES: tuple[Table, ...] = (
    Table(
        "disease_groups",
        "适应范围",
        "a scope that indications name (适应范围:细菌性感染) and the diseases it takes in: infected or likely to be, "
        "say; no claim that each of them is one",
        (
            *NAMED,
            listed("synonyms", "别名"),
            Column("icd10", "ICD10", Kind.ICD10, help="codes that belong to it as they stand"),
            Column("members", "成员", Kind.DISEASES, True, help="diseases, symptoms or other scopes"),
            *SOURCED,
        ),
        _scope,
        rank=CONCEPTS,
    ),
    Table(
        "indications",
        "适应证",
        "what a drug, class or product is given for, as widely as no pharmacist would query it (so it is no "
        "advice to treat): an order that none of the rows of its drug fits alerts; a drug without rows never "
        "does, so list all of its uses or none",
        (
            drug(),
            Column("diseases", "适应证", Kind.DISEASES, help="diseases, symptoms or 适应范围 (disease_groups)"),
            Column(
                "beside",
                "合用药品",
                Kind.DRUGS,
                help="drugs beside which it is given without a diagnosis: 质子泵抑制剂 beside 非甾体抗炎药",
            ),
            ROUTES,
            _FORMS,
            text("purpose", "用途", True, "what the drug is for in a few words, as the alert says it"),
            SEVERITY,
            Column("symptomatic", "对症", Kind.YES, help="是: given for passing symptoms; not asked of inpatients"),
            Column("basis", "依据", Kind.ENUM, True, dict(BASES)),
            *CITATION,
        ),
        _indicated,
    ),
    Table(
        "off_label",
        "超说明书用药备案",
        "a use outside the label that the hospital has registered: it does not alert up to 有效期至 (that day "
        "included), then alerts again until a row with a later 有效期至 renews it; to end it early, "
        "retire the statement",
        (
            drug(),
            _DISEASES,
            ROUTES,
            _FORMS,
            text("usage", "用法用量", help="as registered"),
            text("reference", "循证依据", True, "guideline, consensus or study the registration rests on"),
            Column("evidence", "证据", Kind.ENUM, True, dict(EVIDENCE)),
            text("approved_by", "批准", True, "药事管理与药物治疗学委员会, 伦理委员会"),
            text("approved_on", "批准日期", help="2026-07-01"),
            text("valid_until", "有效期至", True, "last day it is valid: 2027-06-30"),
            Column("source", "来源", Kind.SOURCE),
            text("section", "章节"),
        ),
        _registered,
    ),
)
