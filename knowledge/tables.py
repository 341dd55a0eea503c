"""The shape of Yigong's own tables: one declaration serves the shipped content,
a pharmacy's formulary (CSV or xlsx), the documentation and the error report.

A table is a file ``<name>*.csv`` (several files of one table are read as one) or a
sheet of the same name in a workbook. Headers are the Chinese labels below; the
English field names are accepted too. Lists inside a cell are separated by ``;``.
Cells that name a drug accept an ingredient, a class or a compound product.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

SEVERITIES = {"禁忌": "contraindicated", "严重": "major", "一般": "moderate", "提示": "minor", "信息": "info"}
EVIDENCE = {"高": "high", "中": "moderate", "低": "low", "专家意见": "expert"}
TRIMESTERS = {"早期": 1, "中期": 2, "晚期": 3}
SEXES = {"男": "male", "女": "female"}
SOURCE_KINDS = {
    "说明书": "label",
    "药典": "pharmacopoeia",
    "指南": "guideline",
    "处方集": "formulary",
    "法规": "regulation",
    "标准": "standard",
    "专著": "textbook",
}
ACTIONS = {
    "禁用": "avoid",
    "减量": "reduce",
    "延长间隔": "extend-interval",
    "监测": "monitor",
    "慎用": "caution",
}


class Kind(StrEnum):
    """How a cell is read."""

    TEXT = "text"
    LIST = "list"
    NUMBER = "number"
    INTEGER = "integer"
    AGE = "age"  # 28天, 6月, 12岁 → days
    DURATION = "duration"  # 12小时, 7天, 3月 → hours
    YES = "yes"  # 是 or empty
    DRUG = "drug"  # name of an ingredient, class or product
    DISEASE = "disease"
    LAB = "lab"
    DRUGS = "drugs"  # list of DRUG
    DISEASES = "diseases"  # list of DISEASE
    ICD10 = "icd10"  # list of codes and ranges: K25-K28;I20
    SOURCE = "source"  # id in the sources table, or 说明书:<药品名>
    ENUM = "enum"
    ENUMS = "enums"  # list of ENUM


@dataclass(frozen=True, slots=True)
class Column:
    """One column: field name, Chinese header, how to read it, whether it must be filled."""

    field: str
    label: str
    kind: Kind = Kind.TEXT
    required: bool = False
    choices: dict[str, object] | None = None
    help: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One table: file stem, Chinese title, columns, what one row says."""

    name: str
    title: str
    says: str
    columns: tuple[Column, ...]


def _text(field: str, label: str, required: bool = False, help: str = "") -> Column:
    return Column(field, label, Kind.TEXT, required, help=help)


def _list(field: str, label: str, help: str = "") -> Column:
    return Column(field, label, Kind.LIST, help=help)


def _number(field: str, label: str, help: str = "") -> Column:
    return Column(field, label, Kind.NUMBER, help=help)


def _drug(label: str = "药品", field: str = "drug") -> Column:
    return Column(field, label, Kind.DRUG, True)


_SEVERITY = Column("severity", "严重程度", Kind.ENUM, True, dict(SEVERITIES))
_REASON = _text("reason", "原因", True, "why, one or two sentences of our own")
_ADVICE = _text("advice", "建议", True, "what to do instead; name the alternative or the check")
_INSTEAD = Column("alternatives", "替代药品", Kind.DRUGS, help="ingredients to offer instead, the best first")
_ROUTES = _list("routes", "途径", "only when the statement holds for some routes: 口服;静脉滴注 …")
_AGES = (
    Column("age_min", "年龄下限", Kind.AGE, help="from this age on (included)"),
    Column("age_max", "年龄上限", Kind.AGE, help="below this age (excluded)"),
)
_CITATION = (
    Column("source", "来源", Kind.SOURCE, True),
    _text("section", "章节", True, "section of the source, e.g. 【禁忌】"),
    Column("evidence", "证据", Kind.ENUM, True, dict(EVIDENCE)),
)
_SOURCED = (Column("source", "来源", Kind.SOURCE, True), _text("section", "章节"))
_CAP = (
    _number("single_max", "单次最大"),
    _number("daily_max", "日最大"),
    _text("unit", "单位"),
    _number("times_per_day_max", "日次数最大"),
)

TABLES: tuple[Table, ...] = (
    Table(
        "sources",
        "来源",
        "a document that statements cite",
        (
            _text("id", "编号", True),
            _text("title", "名称", True),
            Column("kind", "类型", Kind.ENUM, True, dict(SOURCE_KINDS)),
            _text("publisher", "发布者", True),
            _text("edition", "版本"),
            Column("year", "年份", Kind.INTEGER, True),
            _text("url", "网址"),
        ),
    ),
    Table(
        "classes",
        "药理分类",
        "a class of drugs that statements may name",
        (
            _text("id", "编号", True),
            _text("name", "名称", True),
            _text("name_en", "英文名", True),
            _list("parents", "上级", "names of wider classes"),
            _list("atc", "ATC"),
            *_SOURCED,
        ),
    ),
    Table(
        "drugs",
        "药品成分",
        "one active ingredient",
        (
            _text("id", "编号", True, "slug of the INN: metformin"),
            _text("name", "通用名", True, "Chinese general name without salt and form: 二甲双胍"),
            _text("inn", "英文名", True),
            _list("atc", "ATC", "seven-character codes"),
            _list("classes", "分类", "names from the classes table"),
            _list("salts", "盐基全名", "盐酸二甲双胍"),
            _list("forms", "剂型", "片剂;缓释片;胶囊;注射剂 …"),
            _list("routes", "途径"),
            _list("brands", "商品名"),
            _list("synonyms", "别名"),
            _number(
                "molar_mass",
                "摩尔质量",
                "g/mol of the substance that doses are written in, where mmol occurs",
            ),
            _number("iu_per_mg", "每毫克单位数", "only where a pharmacopoeia fixes it"),
            *_SOURCED,
        ),
    ),
    Table(
        "products",
        "复方制剂",
        "a compound product and what is in one unit of it",
        (
            _text("id", "编号", True),
            _text("name", "名称", True),
            _list(
                "ingredients",
                "成分",
                "对乙酰氨基酚 250mg;盐酸金刚烷胺 100mg (amount per unit, may be missing)",
            ),
            _text("per", "每", help="the unit the amounts are for: 片, 粒, 袋, 支, 10ml"),
            _list("forms", "剂型"),
            _list("brands", "商品名"),
            _list("synonyms", "别名"),
            _list("atc", "ATC"),
            _text("kind", "类型", True, "西药 or 中成药"),
            *_SOURCED,
        ),
    ),
    Table(
        "diseases",
        "疾病",
        "a disease or state that statements name, and the ICD-10 codes under it",
        (
            _text("id", "编号", True),
            _text("name", "名称", True),
            _text("name_en", "英文名", True),
            _list("synonyms", "别名"),
            Column("icd10", "ICD10", Kind.ICD10),
            _list("parents", "上级"),
            *_SOURCED,
        ),
    ),
    Table(
        "interactions",
        "药物相互作用",
        "two drugs or classes that affect each other",
        (
            _drug("药品A", "a"),
            _drug("药品B", "b"),
            _SEVERITY,
            _text("effect", "后果", True),
            _text("mechanism", "机制", True),
            _ADVICE,
            Column("alternatives_a", "替代A", Kind.DRUGS, help="ingredients to offer instead of 药品A"),
            Column("alternatives_b", "替代B", Kind.DRUGS, help="ingredients to offer instead of 药品B"),
            _ROUTES,
            _list("routes_a", "途径A", "only when 药品A is given so"),
            _list("routes_b", "途径B", "only when 药品B is given so"),
            *_CITATION,
        ),
    ),
    Table(
        "contraindications",
        "疾病禁忌",
        "a drug that should not be given, or only with care, in a disease",
        (
            _drug(),
            Column("disease", "疾病", Kind.DISEASE, True),
            _SEVERITY,
            _REASON,
            _ADVICE,
            _INSTEAD,
            _ROUTES,
            *_CITATION,
        ),
    ),
    Table(
        "pregnancy_lactation",
        "妊娠哺乳",
        "a drug in pregnancy or breast-feeding",
        (
            _drug(),
            Column("state", "人群", Kind.ENUM, True, {"妊娠": "pregnancy", "哺乳": "lactation"}),
            Column("trimesters", "孕期", Kind.ENUMS, False, dict(TRIMESTERS), "empty: the whole pregnancy"),
            _SEVERITY,
            _REASON,
            _ADVICE,
            _INSTEAD,
            _ROUTES,
            *_CITATION,
        ),
    ),
    Table(
        "age_limits",
        "年龄限制",
        "a drug that should not be given at some age",
        (_drug(), *_AGES, _SEVERITY, _REASON, _ADVICE, _INSTEAD, _ROUTES, *_CITATION),
    ),
    Table(
        "renal",
        "肾功能",
        "a drug at a level of renal function",
        (
            _drug(),
            Column("measure", "指标", Kind.ENUM, True, {"CrCl": "crcl", "eGFR": "egfr"}),
            _number("at_least", "下限", "ml/min or ml/min/1.73m², included"),
            _number("below", "上限", "excluded"),
            Column("dialysis", "透析", Kind.YES),
            _SEVERITY,
            Column("action", "处理", Kind.ENUM, True, dict(ACTIONS)),
            *_CAP,
            _REASON,
            _ADVICE,
            _INSTEAD,
            _ROUTES,
            *_CITATION,
        ),
    ),
    Table(
        "hepatic",
        "肝功能",
        "a drug at a level of hepatic function",
        (
            _drug(),
            Column("child_pugh", "Child-Pugh", Kind.LIST, help="A;B;C"),
            _number(
                "alt_times_uln",
                "转氨酶倍数",
                "holds when ALT or AST exceeds this multiple of the upper limit",
            ),
            _SEVERITY,
            Column("action", "处理", Kind.ENUM, True, dict(ACTIONS)),
            *_CAP,
            _REASON,
            _ADVICE,
            _INSTEAD,
            _ROUTES,
            *_CITATION,
        ),
    ),
    Table(
        "dosing",
        "剂量范围",
        "the usual and greatest doses of an ingredient for a population, route and indication",
        (
            _drug(),
            Column("population", "人群", Kind.ENUM, True, {"成人": "adult", "儿童": "child", "老年": "elderly"}),
            *_AGES,
            _number("weight_min", "体重下限", "kg"),
            _number("weight_max", "体重上限", "kg"),
            Column("routes", "途径", Kind.LIST, True),
            _list("forms", "剂型", "only when the limits hold for some forms"),
            _text("indication", "适应症", help="a disease name; empty: the general limits of the label"),
            _text("unit", "单位", True, "mg, g, ug, 万IU, IU, ml, mmol"),
            Column("per", "按", Kind.ENUM, False, {"kg": "kg", "m2": "m2"}, "numbers below are per kg or per m²"),
            _number("single_min", "单次最小"),
            _number("single_max", "单次最大"),
            _number("daily_min", "日最小"),
            _number("daily_max", "日最大"),
            _number("single_cap", "单次绝对上限", "in the same unit, not per kg or m²"),
            _number("daily_cap", "日绝对上限", "in the same unit, not per kg or m²"),
            Column("times_per_day_min", "日次数最小", Kind.NUMBER),
            Column("times_per_day_max", "日次数最大", Kind.NUMBER),
            Column("loading", "负荷剂量", Kind.YES, help="是: the row is a loading dose"),
            *_CITATION,
        ),
    ),
    Table(
        "frequency",
        "给药频次",
        "how often a drug or a form may be given at the most",
        (
            _drug(),
            _list("forms", "剂型"),
            _ROUTES,
            _text("indication", "适应症"),
            _number("per_day_max", "每日最多次数"),
            _number("per_week_max", "每周最多次数"),
            _number("interval_hours_min", "最短间隔小时"),
            _SEVERITY,
            _REASON,
            _ADVICE,
            *_CITATION,
        ),
    ),
    Table(
        "route",
        "给药途径",
        "routes by which a drug or a form must not be given, or the only ones",
        (
            _drug(),
            _list("forms", "剂型"),
            _list("forbidden", "禁止途径"),
            _list("allowed", "允许途径", "when filled: every other route alerts"),
            _SEVERITY,
            _REASON,
            _ADVICE,
            *_CITATION,
        ),
    ),
    Table(
        "duplicate_groups",
        "重复用药分类",
        "a class of which no more than some members should be given together",
        (
            _drug("分类", "group"),
            Column("allowed_count", "允许个数", Kind.INTEGER, True),
            Column("except_for", "例外", Kind.LIST, help="allowed pairs: A+B;C+D"),
            _SEVERITY,
            _REASON,
            _ADVICE,
            _ROUTES,
            *_CITATION,
        ),
    ),
    Table(
        "allergens",
        "过敏原",
        "an allergen or allergy class as written in records, and the drugs that belong to it",
        (
            _text("id", "编号", True),
            _text("name", "名称", True),
            _list("synonyms", "别名", "青霉素类过敏;PCN …"),
            Column("members", "成员", Kind.DRUGS, True),
            *_SOURCED,
        ),
    ),
    Table(
        "cross_reactivity",
        "交叉过敏",
        "an allergen that makes another drug or class risky",
        (
            _text("allergen", "过敏原", True, "name in the allergens table or a drug"),
            _drug(),
            _SEVERITY,
            _REASON,
            _ADVICE,
            _INSTEAD,
            *_CITATION,
        ),
    ),
    Table(
        "labs",
        "检验项目",
        "a laboratory test or a panel of tests",
        (
            _text("id", "编号", True),
            _text("name", "名称", True),
            _text("name_en", "英文名", True),
            _list("abbreviations", "缩写"),
            _list("loinc", "LOINC", "only codes that are certain"),
            _text("specimen", "标本", True),
            _text("unit", "单位", help="UCUM-like: mmol/L, 10*9/L, g/L; empty for panels and qualitative tests"),
            _list("synonyms", "别名"),
            _list("members", "包含", "a panel names its tests"),
            _number("molar_mass", "摩尔质量", "g/mol, where mass and molar units are both in use"),
            Column(
                "repeat_within",
                "重复间隔",
                Kind.DURATION,
                help="an order within this time after a result is a repeat",
            ),
            *_SOURCED,
        ),
    ),
    Table(
        "lab_ranges",
        "参考区间",
        "reference and critical limits of a test",
        (
            Column("lab", "检验", Kind.LAB, True),
            Column("sex", "性别", Kind.ENUM, False, dict(SEXES)),
            *_AGES,
            _text("unit", "单位", True),
            _number("low", "下限"),
            _number("high", "上限"),
            _number("critical_low", "危急低"),
            _number("critical_high", "危急高"),
            *_SOURCED,
        ),
    ),
    Table(
        "exams",
        "检查项目",
        "an examination: imaging, endoscopy, function tests",
        (
            _text("id", "编号", True),
            _text("name", "名称", True),
            _text("name_en", "英文名", True),
            _text("modality", "类别", True, "CT, MRI, X线, 超声, 内镜, 心电, 核医学, 功能"),
            _list("body_site", "部位"),
            _list("synonyms", "别名"),
            _list("members", "包含", "an examination that includes others: 胸腹部CT → 胸部CT;腹部CT"),
            Column("repeat_within", "重复间隔", Kind.DURATION),
            *_SOURCED,
        ),
    ),
)

BY_NAME: dict[str, Table] = {table.name: table for table in TABLES}
