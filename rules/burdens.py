"""Cumulative risks: from how many points they alert, which patient factors add to them, what to watch.

The points of drugs stand in the table ``burdens``. Everything here is a starting convention (source
``yigong-burden``, to be confirmed locally) modelled on the documents that each burden cites: factors of
QT prolongation on Tisdale 2013, of sedation on AGS Beers 2023 (three or more CNS-active drugs).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from clinical.finding import Datum, Severity
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.patient import Sex
from rules.measures import DIALYSIS, EGFR, egfr, measured
from rules.model import Case

Added = tuple[int, Datum]
NOTHING: Final[Added] = (0, Datum(""))
CONVENTION: Final = "yigong-burden"
"""Source that points and thresholds are cited under."""
INFINITE: Final = float("inf")
RULES_OUT: Final = -99
"""Points of what makes the burden a matter of no concern (potassium is low, the patient is dialysed)."""


@dataclass(frozen=True, slots=True)
class Factor:
    """What of a patient adds points. Only a ``decisive`` one may make an alert of two drugs: age and sex
    alone do not. ``needed`` names the gap to report when the input is unknown."""

    read: Callable[[Case], Known[Added]]
    decisive: bool = True
    needed: str = ""
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Level:
    """From how many points which severity."""

    points: int
    severity: Severity


@dataclass(frozen=True, slots=True)
class Usual:
    """Drugs that a guideline gives together in a disease: they alone are no finding."""

    drugs: frozenset[str]
    diseases: frozenset[str]


@dataclass(frozen=True, slots=True)
class Burden:
    """One cumulative risk. ``asks`` is the sum from which a missing decisive value is worth a gap; ``told``
    are the drugs an authored rule already speaks of when nothing else contributes, ``told_if_grave`` the new
    drugs it speaks of when a factor is grave and one other drug contributes."""

    title: str
    reason: str
    watch: str
    levels: tuple[Level, ...]
    factors: tuple[Factor, ...]
    source: str
    section: str
    asks: int = 99
    usual: Usual | None = None
    told: frozenset[str] = frozenset()
    told_if_grave: frozenset[str] = frozenset()


def bands(
    lab: str,
    unit: str,
    days: int,
    *steps: tuple[float, float, int],
    needed: str = "",
    missing: str = "",
    decisive: bool = True,
) -> Factor:
    """Points by the latest value of a test: (from, below, points)."""

    def read(case: Case) -> Known[Added]:
        if reported and lab not in case.observed:
            return UNKNOWN
        value = measured(case, lab, unit, days) if reported else egfr(case)
        if isinstance(value, Unknown):
            return UNKNOWN
        for low, high, points in steps:
            if low <= value.value < high:
                return points, value.data[0]
        return NOTHING

    reported = lab != EGFR
    return Factor(read, decisive, needed, missing)


def ill(points: int, *diseases: str, decisive: bool = True) -> Factor:
    """Points for a diagnosis; unknown diagnoses are the business of other families."""

    def read(case: Case) -> Known[Added]:
        conditions = case.conditions
        for disease in diseases:
            held = conditions.get(disease)
            if held is not None:
                return points, Datum.at("诊断", held.what.text, held.origin)
        return NOTHING

    return Factor(read, decisive)


def aged(points: int, least: int) -> Factor:
    """Points from an age in years on."""

    def read(case: Case) -> Known[Added]:
        years = case.age_years
        old = not isinstance(years, Unknown) and years >= least
        return (points, Datum("年龄", f"{years} 岁")) if old else NOTHING

    return Factor(read, decisive=False)


def female(points: int) -> Factor:
    """Points for women."""

    def read(case: Case) -> Known[Added]:
        sex = case.patient.sex
        return (points, Datum("性别", "女")) if not isinstance(sex, Unknown) and sex is Sex.FEMALE else NOTHING

    return Factor(read, decisive=False)


def beside(points: int, what: str, *classes: str) -> Factor:
    """Points (usually fewer) for a drug taken beside that works the other way."""

    def read(case: Case) -> Known[Added]:
        return NOTHING if case.whole_lineage.isdisjoint(classes) else (points, Datum("合用", what))

    return Factor(read, decisive=False)


def _levels(moderate: int, major: int) -> tuple[Level, ...]:
    return (Level(major, Severity.MAJOR), Level(moderate, Severity.MODERATE))


def _diseases(*names: str) -> tuple[str, ...]:
    return tuple(f"disease:{name}" for name in names)


_DIALYSED: Final = ill(RULES_OUT, DIALYSIS)
_POTASSIUM_LOW: Final = bands(
    *("lab:potassium", "mmol/L", 14),
    *((0, 3.0, 3), (3.0, 3.5, 2)),
    needed="potassium",
    missing="缺少近期血钾",
)
_POTASSIUM_HIGH: Final = bands(
    *("lab:potassium", "mmol/L", 14),
    *((5.5, INFINITE, 3), (5.0, 5.5, 2), (0, 4.0, RULES_OUT)),
    needed="potassium",
    missing="缺少近期血钾",
)
_FILTRATION: Final = bands(EGFR, "mL/min", 0, (0, 30, 2))
_ACUTE_CORONARY: Final = Usual(
    frozenset(
        {
            *("ingredient:aspirin", "drug-class:p2y12-inhibitor", "drug-class:heparin-class"),
            *("ingredient:fondaparinux", "ingredient:bivalirudin", "ingredient:tirofiban", "ingredient:eptifibatide"),
            *("ingredient:cangrelor", "drug-class:thrombolytic"),
        }
    ),
    frozenset(_diseases("acute-myocardial-infarction", "angina-unstable", "coronary-heart-disease")),
)
_CANCER_PAIN: Final = Usual(
    frozenset({"drug-class:opioid", "ingredient:gabapentin", "ingredient:pregabalin"}),
    frozenset(_diseases("cancer-pain")),
)
_TRIPLE: Final = frozenset({"drug-class:nsaid", "drug-class:raas-inhibitor", "drug-class:diuretic"})

BURDENS: Final[dict[str, Burden]] = {
    "qt": Burden(
        "QT间期延长",
        "多种药品均可延长QT间期，叠加后尖端扭转型室速风险升高",
        "用药前及达稳态后查心电图，QTc>500 ms或较基线延长>60 ms时停用可疑药物；血钾维持≥4.0 mmol/L，纠正低镁",
        _levels(6, 8),
        (
            bands("lab:qtc", "ms", 30, (500, INFINITE, 4), (450, 500, 2)),
            _POTASSIUM_LOW,
            bands("lab:magnesium", "mmol/L", 30, (0, 0.7, 2)),
            ill(3, *_diseases("long-qt", "torsades")),
            ill(1, *_diseases("heart-failure", "bradycardia", "acute-myocardial-infarction"), decisive=False),
            aged(1, 65),
        ),
        "tisdale-2013",
        "Risk score",
        asks=5,
    ),
    "serotonin": Burden(
        "5-羟色胺综合征",
        "多种药品均增强5-羟色胺能传递，叠加后可出现震颤、阵挛、高热和意识改变",
        "开始合用和加量后数小时至2天内观察有无震颤、反射亢进、阵挛、出汗、发热和激越，出现即全部停用",
        _levels(5, 6),
        (),
        "stockley-12",
        "Serotonin syndrome",
    ),
    "bleeding": Burden(
        "出血",
        "抗凝、抗血小板等作用叠加，消化道和颅内出血风险升高",
        "能停的抗栓药先停，必须合用者缩短疗程、加用质子泵抑制剂，监测血红蛋白、血小板和大便隐血(用华法林者加查INR)",
        _levels(5, 7),
        (
            bands("lab:platelets", "10*9/L", 30, (0, 50, 3), (50, 100, 1)),
            bands("lab:inr", "1", 14, (4.0, INFINITE, 2)),
            ill(2, *_diseases("active-bleeding", "gastrointestinal-bleeding", "active-peptic-ulcer")),
            ill(3, *_diseases("intracranial-haemorrhage", "haemorrhagic-stroke", "peptic-ulcer-bleeding")),
            aged(1, 75),
        ),
        "stockley-12",
        "Antiplatelets and anticoagulants: bleeding",
        usual=_ACUTE_CORONARY,
    ),
    "sedation": Burden(
        "中枢抑制",
        "多种中枢抑制药叠加，过度镇静、跌倒和呼吸抑制风险升高",
        "从最低剂量起、错开给药，避免驾驶和饮酒，监测意识、呼吸频率和血氧饱和度；老年人评估跌倒风险",
        _levels(5, 7),
        (
            ill(2, *_diseases("respiratory-failure", "respiratory-depression", "sleep-apnoea")),
            ill(1, *_diseases("copd", "dementia"), decisive=False),
            aged(1, 65),
        ),
        "beers-2023",
        "表5 药物相互作用: 三种及以上中枢活性药物",
        usual=_CANCER_PAIN,
    ),
    "hyperkalaemia": Burden(
        "高钾血症",
        "多种药品均使血钾升高，叠加后可致心律失常",
        "3–7天内复查血钾和肌酐，血钾≥5.5 mmol/L停用补钾和保钾药，≥6.0 mmol/L查心电图并急诊处理；限制高钾饮食",
        _levels(5, 6),
        (
            _POTASSIUM_HIGH,
            bands(EGFR, "mL/min", 0, (0, 30, 2), (30, 45, 1)),
            beside(-1, "排钾利尿药", "drug-class:potassium-losing-diuretic"),
            _DIALYSED,
        ),
        "kdigo-ckd-2024",
        "3.11 Hyperkalemia in CKD",
        asks=4,
        told_if_grave=frozenset({"drug-class:potassium-supplement", "drug-class:potassium-sparing-diuretic"}),
    ),
    "nephrotoxicity": Burden(
        "肾毒性",
        "多种肾毒性药物叠加，急性肾损伤风险升高",
        "停用可替代的肾毒性药物，补足容量；每1–2天查肌酐和尿量，能测血药浓度的(万古霉素、氨基糖苷类、他克莫司)按浓度给药",
        _levels(5, 7),
        (
            bands(EGFR, "mL/min", 0, (0, 30, 2)),
            bands(EGFR, "mL/min", 0, (30, 60, 1), decisive=False),
            ill(2, *_diseases("acute-kidney-injury")),
            ill(1, *_diseases("dehydration", "sepsis"), decisive=False),
            aged(1, 75),
            _DIALYSED,
        ),
        "kdigo-aki-2012",
        "3.8 Aminoglycoside and amphotericin nephrotoxicity",
        told=_TRIPLE,
    ),
    "anticholinergic": Burden(
        "抗胆碱能",
        "抗胆碱作用叠加，可致谵妄、尿潴留、便秘、眼压升高和跌倒",
        "换用无抗胆碱作用的同类药，观察意识、排尿、排便和视物；出现谵妄或尿潴留即停",
        _levels(6, 11),
        (
            ill(2, *_diseases("dementia", "delirium", "lewy-body-dementia")),
            ill(2, *_diseases("urinary-retention", "angle-closure-glaucoma", "paralytic-ileus")),
            ill(1, *_diseases("benign-prostatic-hyperplasia", "constipation"), decisive=False),
            aged(1, 65),
        ),
        "acb-2012",
        "总分≥3有临床意义",
    ),
    "hypotension": Burden(
        "低血压",
        "多种降压或扩血管作用叠加，可致直立性低血压、晕厥和跌倒",
        "测卧立位血压，错开服药时间，起立缓慢；收缩压<90 mmHg或有头晕时减停非必需的扩血管药",
        _levels(7, 9),
        (
            bands("lab:systolic-bp", "mmHg", 7, (0, 90, 4), (90, 100, 2), (140, INFINITE, -3)),
            ill(3, *_diseases("orthostatic-hypotension", "hypotension", "syncope")),
            ill(1, *_diseases("parkinson", "dehydration"), decisive=False),
            aged(1, 75),
        ),
        "stockley-12",
        "Antihypertensives: additive hypotension",
    ),
    "hypoglycaemia": Burden(
        "低血糖",
        "降糖药与其他可致低血糖的药品叠加，严重低血糖风险升高",
        "减少胰岛素或促泌剂剂量，加测餐前和睡前血糖，备糖；老年和肾功能减退者放宽血糖目标",
        _levels(6, 8),
        (
            bands("lab:poc-glucose", "mmol/L", 7, (0, 3.9, 3)),
            bands("lab:glucose", "mmol/L", 7, (0, 3.9, 3)),
            bands("lab:hba1c", "%", 90, (0, 6.0, 1)),
            ill(3, *_diseases("hypoglycaemia")),
            _FILTRATION,
            ill(1, *_diseases("adrenal-insufficiency", "decompensated-cirrhosis"), decisive=False),
            aged(1, 75),
        ),
        "ada-2024",
        "6 Glycemic goals and hypoglycemia",
    ),
    "hyponatraemia": Burden(
        "低钠血症",
        "多种药品均可致低钠血症，叠加后可出现意识障碍、抽搐和跌倒",
        "用药前及1–2周内查血钠，<130 mmol/L或下降快时停用可疑药物；抑郁者可改米氮平，高血压者改非利尿类降压药",
        _levels(6, 9),
        (
            bands("lab:sodium", "mmol/L", 14, (0, 130, 3), (130, 135, 2)),
            ill(2, *_diseases("hyponatraemia", "siadh")),
            aged(1, 65),
            female(1),
        ),
        "beers-2023",
        "表4 慎用药物: 低钠血症与SIADH",
    ),
    "seizure": Burden(
        "惊厥",
        "多种药品均降低惊厥阈，叠加后癫痫发作风险升高",
        "换用不降低惊厥阈的药物，按肾功能减量，茶碱类监测血药浓度，避免骤停苯二氮䓬类和酒精",
        _levels(6, 8),
        (
            ill(3, *_diseases("epilepsy", "convulsion", "alcohol-withdrawal")),
            _FILTRATION,
            ill(1, *_diseases("head-injury", "ischaemic-stroke", "alcohol-dependence"), decisive=False),
        ),
        "stockley-12",
        "Drugs that lower the convulsive threshold",
    ),
    "myelosuppression": Burden(
        "骨髓抑制",
        "多种药品均抑制骨髓，叠加后粒细胞缺乏和血小板减少风险升高",
        "每周查血常规，中性粒细胞<1.0×10⁹/L或血小板<50×10⁹/L时停用可疑药物；肾功能减退者减量",
        _levels(6, 8),
        (
            bands("lab:neutrophils", "10*9/L", 30, (0, 1.0, 3), (1.0, 1.5, 2)),
            bands("lab:platelets", "10*9/L", 30, (0, 50, 3), (50, 100, 1)),
            ill(3, *_diseases("bone-marrow-suppression", "agranulocytosis", "leukopenia")),
            _FILTRATION,
        ),
        "stockley-12",
        "Additive myelosuppression",
    ),
}
