"""Names, and what the first families read: interactions, contraindications, doses, tests."""

from __future__ import annotations

from collections.abc import Iterator

from knowledge.building import (
    Build,
    Values,
    about,
    between,
    codes_in,
    concept,
    contents,
    pair,
    plain,
)
from knowledge.intake import by_name
from knowledge.model import ConceptKind, Predicate, Record, Source
from knowledge.tables._shape import (
    ACTIONS,
    ADVICE,
    AGES,
    CAP,
    CITATION,
    CONCEPTS,
    EXCEPT_IN,
    INSTEAD,
    NAMED,
    REASON,
    ROUTES,
    SEVERITY,
    SEXES,
    SOURCE_KINDS,
    SOURCED,
    SOURCES,
    TRIMESTERS,
    Column,
    Kind,
    Table,
    drug,
    listed,
    number,
    text,
)


def _sources(v: Values) -> Iterator[Record]:
    said = {k: v.get(k, "") for k in ("publisher", "edition", "url")}
    yield Source(v["id"], v["title"], v["kind"], said["publisher"], said["edition"], v["year"], said["url"])


def _classes(v: Values) -> Iterator[Record]:
    made = concept(ConceptKind.DRUG_CLASS, v, (), (), "atc")
    yield made
    for parent in v.get("parents", ()):
        yield plain(made.id, Predicate.IS_A, by_name("drug", parent), v)


def _drugs(v: Values) -> Iterator[Record]:
    synonyms = (*v.get("salts", ()), *v.get("synonyms", ()))
    codes = codes_in("atc", v.get("atc", ()))
    attributes = ("salts", "forms", "routes", "brands", "molar_mass", "iu_per_mg")
    made = concept(ConceptKind.INGREDIENT, v, codes, synonyms, *attributes)
    yield made
    for name in v.get("classes", ()):
        yield plain(made.id, Predicate.IS_A, by_name("drug", name), v)


def _products(v: Values) -> Iterator[Record]:
    codes = codes_in("atc", v.get("atc", ()))
    product = concept(ConceptKind.PRODUCT, v, codes, v.get("synonyms", ()), "forms", "brands", "kind", "per")
    yield product
    if not v.get("ingredients"):
        raise ValueError(f"{v['name']}: 成分 is empty; name at least one ingredient")
    yield from contents(product, v["ingredients"], v)


def _diseases(v: Values) -> Iterator[Record]:
    codes = codes_in("icd-10-prefix", v.get("icd10", ()))
    disease = concept(ConceptKind.DISEASE, v, codes, v.get("synonyms", ()))
    yield disease
    for parent in v.get("parents", ()):
        yield plain(disease.id, Predicate.IS_A, by_name("disease", parent), v)


def _allergens(v: Values) -> Iterator[Record]:
    allergen = concept(ConceptKind.ALLERGEN, v, (), v.get("synonyms", ()))
    yield allergen
    for member in v["members"]:
        yield plain(allergen.id, Predicate.ALLERGEN_OF, by_name("drug", member), v)


def _measurable(kind: ConceptKind, *attributes: str) -> Build:
    """A test or an examination: the concept, what it contains, how soon a repeat is one."""

    def build(v: Values) -> Iterator[Record]:
        synonyms = (*v.get("abbreviations", ()), *v.get("synonyms", ()))
        made = concept(kind, v, codes_in("loinc", v.get("loinc", ())), synonyms, *attributes)
        yield made
        for member in v.get("members", ()):
            yield plain(made.id, Predicate.CONTAINS, by_name(kind.value, member), v)
        if "repeat_within" in v:
            yield plain(made.id, Predicate.REPEAT_INTERVAL, "", v, hours=v["repeat_within"])

    return build


ONSETS = {"即刻": "immediate", "数日": "days", "数周": "weeks"}
WAYS = {"甲→乙": "a-to-b", "乙→甲": "b-to-a", "相互": "mutual"}
_TURNED = {"a-to-b": "b-to-a", "b-to-a": "a-to-b"}
_PAIRED = pair(
    Predicate.INTERACTS_WITH,
    *("routes", "routes_a", "routes_b", "dose_above_a", "dose_above_b", "dose_below_a", "dose_below_b"),
    sided=("alternatives_", "routes_", "dose_above_", "dose_below_"),
)


def _interactions(v: Values) -> Iterator[Record]:
    """The sides of a pair are sorted: whom it affects turns with them."""
    way = v.get("direction")
    if way in _TURNED and v["a"] > v["b"]:
        v = {**v, "direction": _TURNED[way]}
    yield from _PAIRED(v)


_DOSING = ("population", "age_min", "age_max", "weight_min", "weight_max", "routes", "forms", "indication", "per")
_BUILD: dict[str, Build] = {
    "sources": _sources,
    "classes": _classes,
    "drugs": _drugs,
    "products": _products,
    "diseases": _diseases,
    "interactions": _interactions,
    "contraindications": between(Predicate.CONTRAINDICATED_IN, ("drug", "drug"), ("disease", "disease"), "routes"),
    "pregnancy_lactation": about(Predicate.PREGNANCY_LACTATION, "state", "trimesters", "routes"),
    "age_limits": about(Predicate.AGE_LIMIT, "age_min", "age_max", "routes"),
    "renal": about(Predicate.RENAL_LIMIT, "measure", "at_least", "below", "dialysis", "routes"),
    "hepatic": about(Predicate.HEPATIC_LIMIT, "child_pugh", "alt_times_uln", "routes"),
    "dosing": about(Predicate.DOSE_RANGE, *_DOSING, "loading"),
    "frequency": about(Predicate.FREQUENCY_LIMIT, "forms", "routes", "indication"),
    "route": about(Predicate.ROUTE_LIMIT, "forms", "forbidden", "allowed"),
    "duplicate_groups": about(Predicate.DUPLICATE_GROUP, "routes", subject="group", column="drug"),
    "allergens": _allergens,
    "cross_reactivity": between(Predicate.CROSS_REACTS, ("allergen", "allergy"), ("drug", "drug"), "reactions"),
    "labs": _measurable(ConceptKind.LAB, "specimen", "unit", "molar_mass"),
    "lab_ranges": about(Predicate.REFERENCE_RANGE, "sex", "age_min", "age_max", "unit", subject="lab", column="lab"),
    "exams": _measurable(ConceptKind.EXAM, "modality", "body_site"),
}
NEVER = Column("never", "不可关闭", Kind.YES, help="是: on the never list; no policy of a tenant hides it")

TABLES: tuple[Table, ...] = (
    Table(
        "sources",
        "来源",
        "a document that statements cite",
        (
            text("id", "编号", True),
            text("title", "名称", True),
            Column("kind", "类型", Kind.ENUM, True, dict(SOURCE_KINDS)),
            text("publisher", "发布者", True),
            text("edition", "版本"),
            Column("year", "年份", Kind.INTEGER, True),
            text("url", "网址"),
        ),
        _BUILD["sources"],
        rank=SOURCES,
    ),
    Table(
        "classes",
        "药理分类",
        "a class of drugs that statements may name",
        (
            *NAMED,
            listed("parents", "上级", "names of wider classes"),
            listed("atc", "ATC"),
            *SOURCED,
        ),
        _BUILD["classes"],
        rank=CONCEPTS,
    ),
    Table(
        "drugs",
        "药品成分",
        "one active ingredient",
        (
            text("id", "编号", True, "slug of the INN: metformin"),
            text("name", "通用名", True, "Chinese general name without salt and form: 二甲双胍"),
            text("inn", "英文名", True),
            listed("atc", "ATC", "seven-character codes"),
            listed("classes", "分类", "names from the classes table"),
            listed("salts", "盐基全名", "盐酸二甲双胍"),
            listed("forms", "剂型", "片剂;缓释片;胶囊;注射剂 …"),
            listed("routes", "途径"),
            listed("brands", "商品名"),
            listed("synonyms", "别名"),
            number(
                "molar_mass",
                "摩尔质量",
                "g/mol of the substance that doses are written in, where mmol occurs",
            ),
            number("iu_per_mg", "每毫克单位数", "only where a pharmacopoeia fixes it"),
            *SOURCED,
        ),
        _BUILD["drugs"],
        rank=CONCEPTS,
    ),
    Table(
        "products",
        "复方制剂",
        "a compound product and what is in one unit of it",
        (
            text("id", "编号", True),
            text("name", "名称", True),
            listed(
                "ingredients",
                "成分",
                "对乙酰氨基酚 250mg;盐酸金刚烷胺 100mg (amount per unit, may be missing)",
            ),
            text("per", "每", help="the unit the amounts are for: 片, 粒, 袋, 支, 10ml"),
            listed("forms", "剂型"),
            listed("brands", "商品名"),
            listed("synonyms", "别名"),
            listed("atc", "ATC"),
            text("kind", "类型", True, "西药 or 中成药"),
            *SOURCED,
        ),
        _BUILD["products"],
        rank=CONCEPTS,
    ),
    Table(
        "diseases",
        "疾病",
        "a disease or state that statements name, and the ICD-10 codes under it",
        (
            *NAMED,
            listed("synonyms", "别名"),
            Column("icd10", "ICD10", Kind.ICD10),
            listed("parents", "上级"),
            *SOURCED,
        ),
        _BUILD["diseases"],
        rank=CONCEPTS,
    ),
    Table(
        "interactions",
        "药物相互作用",
        "two drugs or classes that affect each other",
        (
            drug("药品A", "a"),
            drug("药品B", "b"),
            SEVERITY,
            text("effect", "后果", True),
            text("mechanism", "机制", True),
            ADVICE,
            Column("alternatives_a", "替代A", Kind.DRUGS, help="ingredients to offer instead of 药品A"),
            Column("alternatives_b", "替代B", Kind.DRUGS, help="ingredients to offer instead of 药品B"),
            ROUTES,
            listed("routes_a", "途径A", "only when 药品A is given so"),
            listed("routes_b", "途径B", "only when 药品B is given so"),
            number("dose_above_a", "日剂量高于A", "only when 药品A is given at more than this a day, in 剂量单位"),
            number("dose_above_b", "日剂量高于B", "only when 药品B is given at more than this a day, in 剂量单位"),
            number("dose_below_a", "日剂量低于A", "only when 药品A is given at less than this a day: not raised yet"),
            number("dose_below_b", "日剂量低于B", "only when 药品B is given at less than this a day: not raised yet"),
            text("dose_unit", "剂量单位", help="unit of the daily doses: mg, g, ug"),
            Column(
                "needed_in", "指征疾病", Kind.DISEASES, help="diseases that call for the two together: only 提示 then"
            ),
            Column("needed_within", "指征期限", Kind.DURATION, help="so long after 指征疾病 that is of a known day"),
            Column(
                "forbidden_in", "禁忌疾病", Kind.DISEASES, help="diseases that forbid the two together: then 禁忌"
            ),
            number("forbidden_egfr", "禁忌eGFR", "below this eGFR (ml/min/1.73m²) the two together are 禁忌"),
            Column(
                "direction",
                "方向",
                Kind.ENUM,
                False,
                dict(WAYS),
                "who is affected: 甲→乙 药品A changes the effect of 药品B, 相互 each the other's, or they add up",
            ),
            Column("onset", "起效", Kind.ENUM, False, dict(ONSETS), "how soon the harm shows: when to look for it"),
            NEVER,
            *CITATION,
        ),
        _BUILD["interactions"],
    ),
    Table(
        "contraindications",
        "疾病禁忌",
        "a drug that should not be given, or only with care, in a disease",
        (
            drug(),
            Column("disease", "疾病", Kind.DISEASE, True),
            Column(
                "guarded_by", "保护药品", Kind.DRUGS, help="while one of these is in use, only 提示: 质子泵抑制剂"
            ),
            Column(
                "needed_in", "指征疾病", Kind.DISEASES, help="保护药品 helps only where one of these needs the drug"
            ),
            SEVERITY,
            REASON,
            ADVICE,
            INSTEAD,
            ROUTES,
            NEVER,
            *CITATION,
        ),
        _BUILD["contraindications"],
    ),
    Table(
        "pregnancy_lactation",
        "妊娠哺乳",
        "a drug in pregnancy or breast-feeding",
        (
            drug(),
            Column("state", "人群", Kind.ENUM, True, {"妊娠": "pregnancy", "哺乳": "lactation"}),
            Column("trimesters", "孕期", Kind.ENUMS, False, dict(TRIMESTERS), "empty: the whole pregnancy"),
            SEVERITY,
            REASON,
            ADVICE,
            INSTEAD,
            ROUTES,
            EXCEPT_IN,
            *CITATION,
        ),
        _BUILD["pregnancy_lactation"],
    ),
    Table(
        "age_limits",
        "年龄限制",
        "a drug that should not be given at some age, or (单次最大, 日最大) not at more than some dose",
        (drug(), *AGES, *CAP, SEVERITY, REASON, ADVICE, INSTEAD, ROUTES, EXCEPT_IN, NEVER, *CITATION),
        _BUILD["age_limits"],
    ),
    Table(
        "renal",
        "肾功能",
        "a drug at a level of renal function",
        (
            drug(),
            Column("measure", "指标", Kind.ENUM, True, {"CrCl": "crcl", "eGFR": "egfr"}),
            number("at_least", "下限", "ml/min or ml/min/1.73m², included"),
            number("below", "上限", "excluded"),
            Column("dialysis", "透析", Kind.YES),
            SEVERITY,
            Column("action", "处理", Kind.ENUM, True, dict(ACTIONS)),
            *CAP,
            REASON,
            ADVICE,
            INSTEAD,
            ROUTES,
            *CITATION,
        ),
        _BUILD["renal"],
    ),
    Table(
        "hepatic",
        "肝功能",
        "a drug at a level of hepatic function",
        (
            drug(),
            Column("child_pugh", "Child-Pugh", Kind.LIST, help="A;B;C"),
            number(
                "alt_times_uln",
                "转氨酶倍数",
                "holds when ALT or AST exceeds this multiple of the upper limit",
            ),
            SEVERITY,
            Column("action", "处理", Kind.ENUM, True, dict(ACTIONS)),
            *CAP,
            REASON,
            ADVICE,
            INSTEAD,
            ROUTES,
            *CITATION,
        ),
        _BUILD["hepatic"],
    ),
    Table(
        "dosing",
        "剂量范围",
        "the usual and greatest doses of an ingredient for a population, route and indication",
        (
            drug(),
            Column("population", "人群", Kind.ENUM, True, {"成人": "adult", "儿童": "child", "老年": "elderly"}),
            *AGES,
            number("weight_min", "体重下限", "kg"),
            number("weight_max", "体重上限", "kg"),
            Column("routes", "途径", Kind.LIST, True),
            listed("forms", "剂型", "only when the limits hold for some forms"),
            text("indication", "适应症", help="a disease name; empty: the general limits of the label"),
            text("unit", "单位", True, "mg, g, ug, 万IU, IU, ml, mmol"),
            Column("per", "按", Kind.ENUM, False, {"kg": "kg", "m2": "m2"}, "numbers below are per kg or per m²"),
            number("single_min", "单次最小"),
            number("single_max", "单次最大"),
            number("daily_min", "日最小"),
            number("daily_max", "日最大"),
            number("single_cap", "单次绝对上限", "in the same unit, not per kg or m²"),
            number("daily_cap", "日绝对上限", "in the same unit, not per kg or m²"),
            Column("times_per_day_min", "日次数最小", Kind.NUMBER),
            Column("times_per_day_max", "日次数最大", Kind.NUMBER),
            Column("loading", "负荷剂量", Kind.YES, help="是: the row is a loading dose"),
            *CITATION,
        ),
        _BUILD["dosing"],
    ),
    Table(
        "frequency",
        "给药频次",
        "how often a drug or a form may be given at the most",
        (
            drug(),
            listed("forms", "剂型"),
            ROUTES,
            text("indication", "适应症"),
            number("per_day_max", "每日最多次数"),
            number("per_week_max", "每周最多次数"),
            number("interval_hours_min", "最短间隔小时"),
            SEVERITY,
            REASON,
            ADVICE,
            NEVER,
            *CITATION,
        ),
        _BUILD["frequency"],
    ),
    Table(
        "route",
        "给药途径",
        "routes by which a drug or a form must not be given, or the only ones",
        (
            drug(),
            listed("forms", "剂型"),
            listed("forbidden", "禁止途径"),
            listed("allowed", "允许途径", "when filled: every other route alerts"),
            SEVERITY,
            REASON,
            ADVICE,
            NEVER,
            *CITATION,
        ),
        _BUILD["route"],
    ),
    Table(
        "duplicate_groups",
        "重复用药分类",
        "a class of which no more than some members should be given together",
        (
            drug("分类", "group"),
            Column("allowed_count", "允许个数", Kind.INTEGER, True),
            Column("except_for", "例外", Kind.LIST, help="allowed pairs: A+B;C+D"),
            SEVERITY,
            REASON,
            ADVICE,
            ROUTES,
            *CITATION,
        ),
        _BUILD["duplicate_groups"],
    ),
    Table(
        "allergens",
        "过敏原",
        "an allergen or allergy class as written in records, and the drugs that belong to it",
        (
            text("id", "编号", True),
            text("name", "名称", True),
            listed("synonyms", "别名", "青霉素类过敏;PCN …"),
            Column("members", "成员", Kind.DRUGS, True),
            *SOURCED,
        ),
        _BUILD["allergens"],
        rank=CONCEPTS,
    ),
    Table(
        "cross_reactivity",
        "交叉过敏",
        "an allergen that makes another drug or class risky",
        (
            text("allergen", "过敏原", True, "name in the allergens table or a drug"),
            drug(),
            listed("reactions", "反应", "only where the recorded reaction holds one of these: 横纹肌溶解;血小板减少"),
            SEVERITY,
            REASON,
            ADVICE,
            INSTEAD,
            *CITATION,
        ),
        _BUILD["cross_reactivity"],
    ),
    Table(
        "labs",
        "检验项目",
        "a laboratory test or a panel of tests",
        (
            *NAMED,
            listed("abbreviations", "缩写"),
            listed("loinc", "LOINC", "only codes that are certain"),
            text("specimen", "标本", True),
            text("unit", "单位", help="UCUM-like: mmol/L, 10*9/L, g/L; empty for panels and qualitative tests"),
            listed("synonyms", "别名"),
            listed("members", "包含", "a panel names its tests"),
            number("molar_mass", "摩尔质量", "g/mol, where mass and molar units are both in use"),
            Column(
                "repeat_within",
                "重复间隔",
                Kind.DURATION,
                help="an order within this time after a result is a repeat",
            ),
            *SOURCED,
        ),
        _BUILD["labs"],
        rank=CONCEPTS,
    ),
    Table(
        "lab_ranges",
        "参考区间",
        "reference and critical limits of a test",
        (
            Column("lab", "检验", Kind.LAB, True),
            Column("sex", "性别", Kind.ENUM, False, dict(SEXES)),
            *AGES,
            text("unit", "单位", True),
            number("low", "下限"),
            number("high", "上限"),
            number("critical_low", "危急低"),
            number("critical_high", "危急高"),
            *SOURCED,
        ),
        _BUILD["lab_ranges"],
    ),
    Table(
        "exams",
        "检查项目",
        "an examination: imaging, endoscopy, function tests",
        (
            *NAMED,
            text("modality", "类别", True, "CT, MRI, X线, 超声, 内镜, 心电, 核医学, 功能"),
            listed("body_site", "部位"),
            listed("synonyms", "别名"),
            listed("members", "包含", "an examination that includes others: 胸腹部CT → 胸部CT;腹部CT"),
            Column("repeat_within", "重复间隔", Kind.DURATION),
            *SOURCED,
        ),
        _BUILD["exams"],
        rank=CONCEPTS,
    ),
)
