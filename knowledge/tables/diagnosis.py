"""What diseases look like: findings of twelve dimensions, how common a disease is, what tells it from others,
which tests settle it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from knowledge.building import Values, about, between, codes_in, concept, key_of, plain, statement
from knowledge.intake import by_name
from knowledge.model import ConceptKind, Predicate, Record
from knowledge.tables._shape import (
    AGES,
    CITATION,
    CONCEPTS,
    NAMED,
    SEXES,
    SOURCED,
    Column,
    Kind,
    Table,
    listed,
    number,
    text,
)

DIMENSIONS: Final[dict[str, object]] = {
    "诱因": "trigger",
    "症状": "symptom",
    "体征": "sign",
    "检验": "lab",
    "检查": "exam",
    "病史": "history",
    "过敏史": "allergy",
    "用药史": "medication",
    "手术史": "operation",
    "家族史": "family",
    "婚育史": "reproductive",
    "个人史": "personal",
}
"""The twelve dimensions that suspected diagnoses are drawn from (tender, 诊断决策支持)."""
FREQUENCIES: Final[dict[str, object]] = {
    "必有": "always",
    "很常见": "very-common",
    "常见": "common",
    "较常见": "fairly-common",
    "可见": "occasional",
    "少见": "uncommon",
    "罕见": "rare",
    "不见": "never",
}
SHARES: Final[dict[str, tuple[float, float]]] = {
    "always": (0.95, 1.0),
    "very-common": (0.75, 0.95),
    "common": (0.5, 0.75),
    "fairly-common": (0.25, 0.5),
    "occasional": (0.1, 0.25),
    "uncommon": (0.02, 0.1),
    "rare": (0.001, 0.02),
    "never": (0.0, 0.001),
}
"""Share of patients with the disease who show the finding, by band."""
TELLINGS: Final[dict[str, object]] = {"几乎必说": "nearly-always", "多会说": "often", "问才说": "seldom"}
TOLD: Final[dict[str, float]] = {"nearly-always": 0.9, "often": 0.65, "seldom": 0.2}
"""Share of patients with a finding who name it unasked when they say why they came, by band."""
COMMONNESS: Final[dict[str, object]] = {
    "很常见": "very-common",
    "常见": "common",
    "较常见": "fairly-common",
    "少见": "uncommon",
    "罕见": "rare",
    "极罕见": "very-rare",
}
PER_10_000: Final[dict[str, float]] = {
    "very-common": 300.0,
    "common": 80.0,
    "fairly-common": 20.0,
    "uncommon": 4.0,
    "rare": 0.6,
    "very-rare": 0.06,
}
"""Visits for the disease among ten thousand first visits for a new complaint, middle of the band."""
SEX_SHARES: Final[dict[str, object]] = {
    "仅男": "male-only",
    "男多": "mostly-male",
    "相当": "equal",
    "女多": "mostly-female",
    "仅女": "female-only",
}
AGE_BANDS: Final[dict[str, tuple[str, float, float]]] = {
    "newborn": ("新生儿", 0.0, 28.0),
    "infant": ("婴儿", 28.0, 365.25),
    "toddler": ("幼儿", 365.25, 1095.75),
    "child": ("儿童", 1095.75, 4383.0),
    "adolescent": ("青少年", 4383.0, 6574.5),
    "young": ("青年", 6574.5, 16436.25),
    "middle": ("中年", 16436.25, 23741.25),
    "old": ("老年", 23741.25, 1e6),
}
"""Field → (label, from, below) in days."""
LIKELIHOODS: Final[dict[str, object]] = {"高": "high", "中": "moderate", "低": "low", "无": "none"}
SEASONS: Final[dict[str, object]] = {"春": "spring", "夏": "summer", "秋": "autumn", "冬": "winter"}
URGENCIES: Final[dict[str, object]] = {"立即": "now", "当日": "today", "近期": "soon", "择期": "elective"}
TESTS: Final[dict[str, object]] = {"检验": "lab", "检查": "exam"}
PURPOSES: Final[dict[str, object]] = {
    "确诊": "confirm",
    "排除": "exclude",
    "病因": "cause",
    "评估": "assess",
    "随访": "follow-up",
}
GRADES: Final[dict[str, object]] = {"高": "high", "中": "moderate", "低": "low"}
HARMS: Final[dict[str, object]] = {"无": "none", **GRADES}
LEVELS: Final[dict[str, object]] = {"村": "village", "乡": "township", "县": "county", "市": "city"}
RESULTS: Final[dict[str, object]] = {"高": "high", "低": "low", "阳性": "positive", "异常": "abnormal"}
_BODILY: Final = frozenset({"symptom", "sign"})
_ATTRIBUTES: Final = ("dimension", "lab", "exam", "result", "at_least", "below", "unit", "incidental")


def _finding(v: Values) -> Iterator[Record]:
    kind = ConceptKind.SYMPTOM if v["dimension"] in _BODILY else ConceptKind.FINDING
    attributes = (*_ATTRIBUTES, "diseases", "drugs", "procedures")
    made = concept(kind, v, codes_in("hpo", v.get("hpo", ())), v.get("synonyms", ()), *attributes)
    yield made
    for parent in v.get("parents", ()):
        yield plain(made.id, Predicate.IS_A, by_name("finding", parent), v)


def _workup(v: Values) -> Iterator[Record]:
    kind: str = v["kind"]
    key = key_of(v, "purpose", "age_min", "age_max", "sex")
    disease, item = by_name("disease", v["disease"]), by_name(kind, v["item"])
    yield statement(v, Predicate.WORKUP, disease, item, key, "disease", "item")


def _item_profile(v: Values) -> Iterator[Record]:
    yield statement(v, Predicate.ITEM_PROFILE, by_name(v["kind"], v["item"]), "", (), "item")


_DISEASE: Final = Column("disease", "疾病", Kind.DISEASE, True)

TABLES: tuple[Table, ...] = (
    Table(
        "findings",
        "表现",
        "what a patient tells, shows or has behind them, in one of twelve dimensions; a result counts as the finding "
        "when the named test lies as 结果, 下限 and 上限 say",
        (
            *NAMED,
            listed("synonyms", "别名", "lay words and abbreviations too"),
            Column("dimension", "维度", Kind.ENUM, True, dict(DIMENSIONS)),
            listed("parents", "上级", "wider findings that are present whenever this one is"),
            Column("lab", "检验", Kind.LAB, help="the test that shows it"),
            text("exam", "检查", help="the examination whose report shows it"),
            Column("result", "结果", Kind.ENUM, False, dict(RESULTS), "against the reference range of the test"),
            number("at_least", "下限", "included; instead of 结果"),
            number("below", "上限", "excluded"),
            text("unit", "单位"),
            Column("diseases", "对应疾病", Kind.DISEASES, help="of 病史: conditions on record that mean it"),
            Column("drugs", "对应药品", Kind.DRUGS, help="of 用药史: drugs in use that mean it"),
            listed("procedures", "对应手术", "of 手术史: operations on record that mean it"),
            listed("hpo", "HPO", "HP:0001945"),
            Column(
                "incidental",
                "偶见率",
                Kind.ENUM,
                False,
                dict(FREQUENCIES),
                "how often patients show it whose disease has nothing to do with it; empty: 罕见",
            ),
            *SOURCED,
        ),
        _finding,
        rank=CONCEPTS,
    ),
    Table(
        "disease_findings",
        "疾病表现",
        "how often patients with a disease show a finding when they first come with it",
        (
            _DISEASE,
            text("finding", "表现", True, "a name in the table of findings"),
            Column("frequency", "频度", Kind.ENUM, True, dict(FREQUENCIES)),
            *AGES,
            Column("sex", "性别", Kind.ENUM, False, dict(SEXES)),
            text("note", "说明", help="what is peculiar about it: 清晨为重, 夜间加重, 转移至右下腹"),
            *CITATION,
        ),
        between(Predicate.HAS_FINDING, ("disease", "disease"), ("finding", "finding"), "age_min", "age_max", "sex"),
    ),
    Table(
        "complaints",
        "主诉倾向",
        "how surely a patient (or who brings them) who has a symptom names it unasked, so that silence about it says "
        "something; one without a row says nothing by not being mentioned",
        (
            text("finding", "表现", True, "a symptom, or a sign that the patient sees, in the table of findings"),
            Column(
                "telling",
                "自述",
                Kind.ENUM,
                True,
                dict(TELLINGS),
                "几乎必说: nine of ten; 多会说: two of three; 问才说: one of five",
            ),
            Column(
                "age_min", "年龄下限", Kind.AGE, help="of what is only felt: the age from which a child can say it"
            ),
            text("note", "说明"),
            *CITATION,
        ),
        about(Predicate.TOLD_UNASKED, subject="finding"),
    ),
    Table(
        "disease_profiles",
        "疾病概貌",
        "how common a disease is among new complaints, in whom, when and where; whether it must not be missed",
        (
            _DISEASE,
            Column("primary", "基层常见度", Kind.ENUM, True, dict(COMMONNESS), "at township and village level"),
            Column("hospital", "医院常见度", Kind.ENUM, True, dict(COMMONNESS), "at county hospitals and above"),
            Column("sex", "性别分布", Kind.ENUM, True, dict(SEX_SHARES)),
            *(Column(f, label, Kind.ENUM, True, dict(LIKELIHOODS)) for f, (label, _, _) in AGE_BANDS.items()),
            Column("seasons", "季节", Kind.ENUMS, False, dict(SEASONS), "when it is clearly more common"),
            listed("regions", "地区", "where it is clearly more common: 牧区, 高原, 内蒙古, 南方"),
            Column("red_flag", "不可漏诊", Kind.YES, help="是: missing it for a day does lasting harm"),
            Column("urgency", "紧急程度", Kind.ENUM, True, dict(URGENCIES)),
            listed("departments", "科室", "the first is where to refer"),
            text("advice", "首要处置", help="of 不可漏诊: what to do at once, one sentence"),
            *CITATION,
        ),
        about(Predicate.DISEASE_PROFILE, subject="disease", column="disease"),
    ),
    Table(
        "differentials",
        "鉴别诊断",
        "what tells one disease from another",
        (
            _DISEASE,
            Column("other", "鉴别疾病", Kind.DISEASE, True),
            text("points", "鉴别要点", True, "what speaks for the other disease, one or two sentences of our own"),
            listed("tests", "鉴别检查", "names of tests or examinations that decide"),
            *CITATION,
        ),
        between(Predicate.DIFFERS_FROM, ("disease", "disease"), ("other", "disease")),
    ),
    Table(
        "workups",
        "检查检验建议",
        "the test or examination that confirms, excludes, grades or follows a disease",
        (
            _DISEASE,
            Column("kind", "项目类型", Kind.ENUM, True, dict(TESTS)),
            text("item", "项目", True, "a name in the tables of tests or examinations"),
            Column("purpose", "目的", Kind.ENUM, True, dict(PURPOSES)),
            Column("value", "价值", Kind.ENUM, True, dict(GRADES), "how much it settles"),
            *AGES,
            Column("sex", "性别", Kind.ENUM, False, dict(SEXES)),
            text("expected", "支持结果", help="what speaks for the disease: 白细胞升高, 右下肺实变影"),
            text("note", "说明"),
            *CITATION,
        ),
        _workup,
    ),
    Table(
        "item_profiles",
        "项目概貌",
        "what a test or examination costs the patient, and at which level of care it is usually to be had",
        (
            Column("kind", "项目类型", Kind.ENUM, True, dict(TESTS)),
            text("item", "项目", True),
            Column("harm", "危害", Kind.ENUM, True, dict(HARMS), "radiation, contrast, invasion"),
            Column("cost", "费用", Kind.ENUM, True, dict(GRADES)),
            Column("level", "可及层级", Kind.ENUM, True, dict(LEVELS), "lowest level that usually offers it"),
            text("note", "说明"),
            *CITATION,
        ),
        _item_profile,
    ),
)
