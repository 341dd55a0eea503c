"""Drugs and test results: limits at a value, tests that must be there, genes, and how long a course may be."""

from __future__ import annotations

from knowledge.building import about, between
from knowledge.model import Predicate
from knowledge.tables._shape import (
    ADVICE,
    AGES,
    CAP,
    CITATION,
    EXCEPT_IN,
    INSTEAD,
    REASON,
    ROUTES,
    SEVERITY,
    Column,
    Kind,
    Table,
    drug,
    listed,
    number,
    text,
)

_DRUG_LAB = (("drug", "drug"), ("lab", "lab"))
_LAB = Column("lab", "检验", Kind.LAB, True)
_COMPARISONS = {">": ">", "≥": ">=", "<": "<", "≤": "<="}
_WHEN = {"用药前": "before", "用药中": "during", "每次用药": "always"}

TABLES: tuple[Table, ...] = (
    Table(
        "lab_limits",
        "检验值限制",
        "a drug that should not be given, or only with care, at a laboratory value",
        (
            drug(),
            _LAB,
            Column("comparison", "比较", Kind.ENUM, True, dict(_COMPARISONS), "> ≥ < ≤"),
            number("value", "值", "the limit in 单位; empty when 倍数 is filled"),
            number("times_uln", "倍数", "multiple of the upper reference limit for the patient's sex and age"),
            text("unit", "单位", True),
            Column("max_age_days", "有效天数", Kind.INTEGER, help="an older value is unknown"),
            Column("starting", "仅起始", Kind.YES, help="是: holds only where the drug is not yet in use"),
            Column("expected", "须有结果", Kind.YES, help="是: say so when there is no recent value"),
            *AGES,
            ROUTES,
            EXCEPT_IN,
            SEVERITY,
            REASON,
            ADVICE,
            INSTEAD,
            *CITATION,
        ),
        between(
            Predicate.LAB_LIMIT, *_DRUG_LAB, "comparison", "severity", "starting", "age_min", "age_max", "routes"
        ),
    ),
    Table(
        "lab_needed",
        "须有检验",
        "a drug that needs a test before or during use",
        (
            drug(),
            _LAB,
            Column("when", "时机", Kind.ENUM, True, dict(_WHEN)),
            Column("days", "天数", Kind.INTEGER, help="how old the result may be; empty: once in a lifetime"),
            *AGES,
            ROUTES,
            SEVERITY,
            REASON,
            ADVICE,
            *CITATION,
        ),
        between(Predicate.LAB_NEEDED, *_DRUG_LAB, "when", "age_min", "age_max", "routes"),
    ),
    Table(
        "pharmacogenomics",
        "药物基因",
        "a drug in patients with a genotype or phenotype",
        (
            drug(),
            Column("lab", "基因检测", Kind.LAB, True),
            Column("results", "结果", Kind.LIST, True, help="阳性;慢代谢型;*2/*2;TT … any of them"),
            Column("tolerated_days", "耐受天数", Kind.INTEGER, help="taken so long without harm: nothing is said"),
            *CAP,
            Column("per", "按", Kind.ENUM, False, {"kg": "kg", "m2": "m2"}, "the greatest doses are per kg or m²"),
            ROUTES,
            SEVERITY,
            REASON,
            ADVICE,
            INSTEAD,
            *CITATION,
        ),
        between(Predicate.PHARMACOGENOMIC, *_DRUG_LAB, "results", "routes"),
    ),
    Table(
        "durations",
        "疗程",
        "the longest or shortest course of a drug",
        (
            drug(),
            text("indication", "适应症", help="a disease name; empty: whatever it is given for"),
            ROUTES,
            listed("forms", "剂型"),
            *AGES,
            number("max_days", "最长天数"),
            number("min_days", "最短天数", "only with 适应症"),
            EXCEPT_IN,
            SEVERITY,
            REASON,
            ADVICE,
            INSTEAD,
            *CITATION,
        ),
        about(Predicate.DURATION_LIMIT, "severity", "routes", "forms", "age_min", "age_max"),
    ),
)
