"""A small release to search in: drugs, diseases, tests, and what loaders bring, with sources of several kinds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from knowledge.compile import Content, compile_release
from knowledge.model import (
    Article,
    Citation,
    CodeRef,
    Concept,
    ConceptKind,
    Predicate,
    Section,
    Source,
    Standing,
    Statement,
)
from knowledge.snapshot import Snapshot

K, P = ConceptKind, Predicate
WARFARIN, IBUPROFEN, AMOXICILLIN = "ingredient:warfarin", "ingredient:ibuprofen", "ingredient:amoxicillin"
METFORMIN, NSAID, VKA = "ingredient:metformin", "drug-class:nsaid", "drug-class:vka"
PNEUMONIA, GOUT, ASTHMA = "disease:pneumonia", "disease:gout", "disease:asthma"
POTASSIUM, CHEST_CT = "lab:potassium", "exam:chest-ct"
LABEL, GUIDE, GRAPH = "label:warfarin", "guide-2021", "graph"

CONCEPTS = (
    Concept(WARFARIN, K.INGREDIENT, "华法林", "warfarin", ("苄丙酮香豆素",), (CodeRef("atc", "B01AA03"),)),
    Concept(IBUPROFEN, K.INGREDIENT, "布洛芬", "ibuprofen", attributes={"brands": ["芬必得"]}),
    Concept(AMOXICILLIN, K.INGREDIENT, "阿莫西林", "amoxicillin"),
    Concept(METFORMIN, K.INGREDIENT, "二甲双胍", "metformin"),
    Concept(NSAID, K.DRUG_CLASS, "非甾体抗炎药", "nonsteroidal antiinflammatory drugs"),
    Concept(VKA, K.DRUG_CLASS, "维生素K拮抗剂", "vitamin K antagonists"),
    Concept(PNEUMONIA, K.DISEASE, "肺炎", "pneumonia", ("肺部感染",)),
    Concept(GOUT, K.DISEASE, "痛风", "gout"),
    Concept(ASTHMA, K.DISEASE, "支气管哮喘", "asthma", ("哮喘",)),
    Concept(POTASSIUM, K.LAB, "钾", "potassium", ("血钾",)),
    Concept(CHEST_CT, K.EXAM, "胸部CT", "chest CT"),
    Concept("symptom:cough", K.SYMPTOM, "咳嗽", "cough"),
    Concept("symptom:fever", K.SYMPTOM, "发热", "fever"),
    Concept("department:respiratory", K.DEPARTMENT, "呼吸内科", "respiratory medicine"),
    Concept("disease:kg-1", K.DISEASE, "华佗再造病", standing=Standing.UNREVIEWED, origin="graph"),
)
SOURCES = (
    Source(LABEL, "华法林钠片说明书", "label", "上市许可持有人", "国内现行核准说明书"),
    Source(GUIDE, "社区获得性肺炎指南", "guideline", "学会", "2021版", 2021),
    Source("old-book", "旧药物手册", "textbook", "出版社", "1", 1995),
    Source(GRAPH, "公开图谱", "standard"),
)


def said(
    id_: str,
    subject: str,
    predicate: P,
    object_: str = "",
    source: str = LABEL,
    standing: Standing = Standing.STARTER,
    **more: Any,
) -> Statement:
    cited = (Citation(source, "【注意事项】"),)
    return Statement(id_, subject, predicate, object_, more, cited, "high", standing, "yigong")


RISK = {"severity": "major", "reason": "有害", "advice": "换药"}
STATEMENTS = (
    said("is-1", IBUPROFEN, P.IS_A, NSAID),
    said("is-2", WARFARIN, P.IS_A, VKA),
    said("dose", AMOXICILLIN, P.DOSE_RANGE, "", GUIDE, population="adult", routes=["口服"], unit="g", single_min=0.25, single_max=0.5, daily_max=2.0),
    said("dose-child", IBUPROFEN, P.DOSE_RANGE, "", population="child", age_min=182.625, age_max=4383.0, routes=["口服"], unit="mg", per="kg", single_min=5.0, single_max=10.0, daily_max=40.0, daily_cap=1200.0),
    said("dose-w", WARFARIN, P.DOSE_RANGE, "", population="adult", routes=["口服"], unit="mg", single_max=10.0),
    said("pair", VKA, P.INTERACTS_WITH, NSAID, severity="major", effect="出血风险明显增加", mechanism="抗凝与黏膜损伤相加", advice="改对乙酰氨基酚"),
    said("pair-2", WARFARIN, P.INTERACTS_WITH, AMOXICILLIN, severity="moderate", effect="INR升高", mechanism="肠道菌群改变", advice="加测INR"),
    said("pregnant", WARFARIN, P.PREGNANCY_LACTATION, "", state="pregnancy", trimesters=[1, 3], **RISK),
    said("lactating", METFORMIN, P.PREGNANCY_LACTATION, "", state="lactation", **RISK),
    said("asthma", IBUPROFEN, P.CONTRAINDICATED_IN, ASTHMA, **RISK),
    said("gout", WARFARIN, P.CONTRAINDICATED_IN, GOUT, "old-book", **RISK),
    said("kidney", METFORMIN, P.RENAL_LIMIT, "", measure="egfr", at_least=0.0, below=30.0, action="avoid", **RISK),
    said("kidney-2", METFORMIN, P.RENAL_LIMIT, "", measure="egfr", at_least=30.0, below=45.0, action="reduce", daily_max=1000.0, unit="mg", **RISK),
    said("old", IBUPROFEN, P.AGE_LIMIT, "", age_min=23741.25, **RISK),
    said("food", METFORMIN, P.DRUG_FOOD, "", food="alcohol", severity="major", effect="乳酸酸中毒", advice="不饮酒"),
    said("low", POTASSIUM, P.CRITICAL_ACTION, "", direction="low", severity="major", reason="心律失常", advice="立即补钾并心电监护"),
    said("range", POTASSIUM, P.REFERENCE_RANGE, "", GUIDE, low=3.5, high=5.3, unit="mmol/L", age_min=6574.5, critical_low=2.8, critical_high=6.2),
    said("use", AMOXICILLIN, P.INDICATED_FOR, PNEUMONIA, GUIDE, basis="guideline", purpose="社区获得性肺炎", severity="minor"),
    said("ct", CHEST_CT, P.EXAM_INDICATED, "", GUIDE, diseases=["肺炎"], icd10=["J18"], severity="minor", reason="看病灶", advice="补录诊断"),
    said("plan", PNEUMONIA, P.PLAN, AMOXICILLIN, GUIDE, kind="drug", rank=1.0, route="口服", dose=1.0, unit="g", per="dose", frequency="tid", course=168.0, content="无并发症的门诊成人", monitoring="72小时评估", **{"class": "first-line"}),
    said("profile", PNEUMONIA, P.DISEASE_PROFILE, "", GUIDE, primary="common", hospital="common", sex="equal", departments=["呼吸内科", "儿科"], urgency="today"),
    said("symptom-1", PNEUMONIA, P.HAS_SYMPTOM, "symptom:cough", GRAPH, Standing.UNREVIEWED),
    said("symptom-2", PNEUMONIA, P.HAS_SYMPTOM, "symptom:fever", GRAPH, Standing.UNREVIEWED),
    said("finding-1", GOUT, P.HAS_FINDING, "symptom:fever", GUIDE, frequency="occasional"),
    said("finding-2", GOUT, P.HAS_FINDING, "symptom:cough", GUIDE, frequency="always", note="夜间为重"),
    said("treated-in", ASTHMA, P.TREATED_IN, "department:respiratory", GRAPH, Standing.UNREVIEWED),
    said("kg", "disease:kg-1", P.HAS_SYMPTOM, "symptom:cough", GRAPH, Standing.UNREVIEWED),
)  # fmt: skip
ARTICLE = Article(
    "article:pneumonia",
    PNEUMONIA,
    "肺炎",
    (
        Section("定义", "肺炎是终末气道、肺泡和肺间质的炎症。", (Citation(GUIDE, "1"),)),
        Section("预防", "接种肺炎球菌疫苗。"),
    ),
)


def compiled(path: Path) -> Snapshot:
    """The release, compiled to a file."""
    content = Content(list(CONCEPTS), list(STATEMENTS), [ARTICLE], [], list(SOURCES))
    compile_release(content, path)
    return Snapshot(path, "r" * 64)
