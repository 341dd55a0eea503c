"""服务: how much is done, how well beds are used, what it costs, how hard cases fare."""

from __future__ import annotations

from typing import Final

from supervision.figures.indicator import (
    Direction,
    Indicator,
    Limits,
    Theme,
    counted,
    different,
    number,
    percent,
    total,
)
from supervision.figures.measures import (
    ADMITTED,
    DISCHARGED,
    EMERGENCY,
    OCCUPIED_BED_DAYS,
    OPEN_BED_DAYS,
    OPERATIONS,
    OUTPATIENT,
    SEEN,
    SEEN_DRUG_FEES,
    SEEN_FEES,
    STAY_DAYS,
    STAY_DRUG_FEES,
    STAY_FEES,
    seen,
)
from supervision.figures.sources import hospital_appraisal, medical_statistics, tender

_IN: Final = (Theme.SERVICES,)
_OVERVIEW: Final = (Theme.SERVICES, Theme.OVERVIEW)
_COSTLY: Final = (*_OVERVIEW, Theme.PEOPLE)
_CAPACITY: Final = tender("四（十一）4 医疗服务能力监管")
_EFFICIENCY: Final = tender("四（十一）4 医疗服务效率监管")
_DISEASE: Final = tender("四（十一）4 疾病监管")
_COST: Final = tender("四（十一）4 医疗费用监管")
_VISIT_ROWS: Final = ("department", "doctor", "disease", "kind", "fee")
_STAY_ROWS: Final = ("department", "doctor", "disease", "admitted", "days", "outcome", "fee")
_PERSONAL: Final = ("sex", "age-band", "payer")
_MATERIAL_FEES: Final = total("stays", "住院卫生材料费", "fee_material")
_CHECKED: Final = counted("visits", "体检人次", "kind = 'checkup'")
_LABS: Final = counted("tests", "检验项次", "kind = 'lab' AND recognised = false")
_EXAMS: Final = counted("tests", "检查项次", "kind = 'exam' AND recognised = false")
_INPATIENT_OPERATIONS: Final = counted("operations", "住院手术例数", "setting = 'inpatient'")

_WORKLOAD: Final = (
    number(
        *("outpatient-visits", "门诊人次", _IN, "人次", medical_statistics("门诊人次数")),
        OUTPATIENT,
        by=("department", "hour", "registration", "first", *_PERSONAL),
        rows=_VISIT_ROWS,
    ),
    number(
        *("emergency-visits", "急诊人次", _IN, "人次", medical_statistics("急诊人次数")),
        EMERGENCY,
        by=("department", "hour", *_PERSONAL),
        rows=_VISIT_ROWS,
    ),
    number(
        *("visits-seen", "门急诊人次", _OVERVIEW, "人次", _EFFICIENCY),
        SEEN,
        by=("department", "disease", *_PERSONAL),
        rows=_VISIT_ROWS,
    ),
    percent(
        *("visits-followed-up", "复诊占比", _IN, _CAPACITY),
        seen("复诊人次", "first = false"),
        SEEN,
        by=("department", "disease"),
        rows=_VISIT_ROWS,
    ),
    percent(
        *("visits-appointed", "门诊预约诊疗率", _IN, hospital_appraisal("服务流程")),
        counted("visits", "预约诊疗人次", "kind = 'outpatient' AND appointed"),
        OUTPATIENT,
        direction=Direction.HIGHER,
        by=("department",),
        rows=_VISIT_ROWS,
    ),
    number(
        *("admissions", "入院人次", _OVERVIEW, "人次", medical_statistics("入院人次数")),
        ADMITTED,
        by=("department", "disease", *_PERSONAL),
        rows=("department", "doctor", "disease", "urgent"),
    ),
    number(
        *("discharges", "出院人次", _OVERVIEW, "人次", medical_statistics("出院人次数")),
        DISCHARGED,
        by=("department", "disease", "outcome", *_PERSONAL),
        rows=_STAY_ROWS,
    ),
    Indicator(
        *("inpatients-present", "日均在院人数", _IN, "人", _CAPACITY),
        total("bed_days", "每日在院人数之和", "present"),
        different("bed_days", "有床位日报的天数", "date"),
        rows=("department", "present"),
        unknown="没有任何床位日报的日子不计入",
        decimals=1,
    ),
    number(
        *("laboratory-tests", "检验项次", _IN, "项次", _CAPACITY),
        _LABS,
        by=("department", "item", "setting"),
        rows=("department", "doctor", "item"),
    ),
    number(
        *("examinations", "检查项次", _IN, "项次", _CAPACITY),
        _EXAMS,
        by=("department", "item", "setting"),
        rows=("department", "doctor", "item"),
    ),
    number(
        *("operations", "手术例数", _IN, "例", medical_statistics("手术人次数")),
        OPERATIONS,
        by=("department", "setting", "grade"),
        rows=("department", "doctor", "code", "grade"),
    ),
    number(
        *("inpatient-operations", "住院手术例数", _IN, "例", tender("四（一）4.1 医疗服务监管")),
        _INPATIENT_OPERATIONS,
        by=("department", "grade"),
        rows=("department", "doctor", "code", "grade"),
    ),
    number(
        *("checkups", "体检人次", _IN, "人次", _CAPACITY),
        _CHECKED,
        by=("checkup_group", "age-band", "sex"),
        rows=("department", "checkup_group", "age"),
    ),
)
_HARD: Final = (
    percent(
        *("operations-fourth-grade", "四级手术占比", _IN, hospital_appraisal("功能定位")),
        counted("operations", "住院四级手术例数", "setting = 'inpatient' AND grade = 4"),
        _INPATIENT_OPERATIONS,
        direction=Direction.HIGHER,
        by=("department",),
        rows=("department", "doctor", "code", "grade"),
        unknown="未记手术级别的手术不计入分子，另列条数",
    ),
    percent(
        *("operations-minimally-invasive", "微创手术占比", _IN, hospital_appraisal("功能定位")),
        counted("operations", "住院微创手术例数", "setting = 'inpatient' AND minimally_invasive"),
        _INPATIENT_OPERATIONS,
        direction=Direction.HIGHER,
        by=("department",),
        rows=("department", "doctor", "code"),
    ),
    percent(
        *("operation-complications", "手术并发症发生率", _IN, hospital_appraisal("医疗质量")),
        counted("operations", "住院择期手术发生并发症例数", "setting = 'inpatient' AND elective AND complication"),
        counted("operations", "住院择期手术例数", "setting = 'inpatient' AND elective"),
        direction=Direction.LOWER,
        by=("department",),
        rows=("department", "doctor", "code", "complication"),
    ),
    percent(
        *("rescues-successful", "急危重症抢救成功率", _IN, _CAPACITY),
        counted("stays", "住院抢救成功人次", "rescue AND rescued"),
        counted("stays", "住院抢救人次", "rescue"),
        direction=Direction.HIGHER,
        by=("department", "disease"),
        rows=(*_STAY_ROWS, "rescued"),
    ),
    percent(
        *("difficult-cases-discussed", "疑难病例讨论率", _IN, _CAPACITY),
        counted("stays", "有讨论记录的疑难病例数", "difficult AND discussed"),
        counted("stays", "疑难病例数", "difficult"),
        direction=Direction.HIGHER,
        warn=100.0,
        by=("department",),
        rows=(*_STAY_ROWS, "discussed"),
        unknown="未标明是否讨论的病例不计入分子，另列条数；疑难病例按疑难病例讨论制度均应讨论",
    ),
    percent(
        *("urgent-consultations-timely", "急会诊及时到位率", _IN, _CAPACITY),
        counted("consultations", "10 分钟内到位的急会诊次数", "timely"),
        counted("consultations", "急会诊次数"),
        direction=Direction.HIGHER,
        by=("department",),
        rows=("department", "doctor", "timely"),
    ),
    percent(
        *("rounds-regular", "上级医师查房记录规范率", _IN, _CAPACITY),
        counted("stays", "上级医师查房记录规范的出院人次", "rounds_regular"),
        DISCHARGED,
        direction=Direction.HIGHER,
        by=("department",),
        rows=(*_STAY_ROWS, "rounds_regular"),
    ),
    percent(
        *("inpatient-deaths", "住院病死率", _IN, medical_statistics("住院病死率")),
        counted("stays", "住院死亡人数", "outcome = 'died'"),
        DISCHARGED,
        direction=Direction.LOWER,
        by=("department", "disease"),
        rows=_STAY_ROWS,
    ),
    percent(
        *("readmissions", "31 天内非计划再入院率", _IN, tender("四（十一）4 医疗服务质量监管")),
        counted("stays", "31 天内非计划再入院人次", "readmitted"),
        DISCHARGED,
        direction=Direction.LOWER,
        by=("department", "disease"),
        rows=_STAY_ROWS,
    ),
)
_BEDS: Final = (
    percent(
        *(
            "bed-use",
            "病床使用率",
            (Theme.SERVICES, Theme.CLINICIANS, Theme.RESOURCES),
            medical_statistics("病床使用率"),
        ),
        OCCUPIED_BED_DAYS,
        OPEN_BED_DAYS,
        usual=Limits(85.0, 93.0),
        by=("department",),
        rows=("department", "open", "occupied"),
        unknown="未报床位日报的日子，分子分母均不计入；高于预警区间为床位紧张，低于为闲置，"
        "区间取《医院管理评价指南（2008 年版）》三级综合医院评价指标参考值，其他机构可自设",
    ),
    Indicator(
        *("stay-length", "平均住院日", (Theme.SERVICES, Theme.POLICY, Theme.CLINICIANS, Theme.EVALUATION), "天"),
        medical_statistics("出院者平均住院日"),
        STAY_DAYS,
        DISCHARGED,
        direction=Direction.LOWER,
        by=("department", "disease", "drg"),
        rows=_STAY_ROWS,
    ),
    number(
        *("discharged-bed-days", "出院者占用总床日数", _IN, "床日", _EFFICIENCY),
        STAY_DAYS,
        by=("department",),
        rows=_STAY_ROWS,
    ),
    number(
        *("occupied-bed-days", "实际占用总床日数", _IN, "床日", _EFFICIENCY),
        OCCUPIED_BED_DAYS,
        by=("department",),
        rows=("department", "occupied"),
    ),
    number(
        *("open-bed-days", "实际开放总床日数", _IN, "床日", _EFFICIENCY),
        OPEN_BED_DAYS,
        by=("department",),
        rows=("department", "open"),
    ),
)
_COSTS: Final = (
    Indicator(
        *("medical-income", "医疗总收入", (Theme.SERVICES, Theme.CLINICIANS), "元", _EFFICIENCY),
        total("finance", "医疗收入", "medical_income"),
    ),
    Indicator(
        *("medical-income-growth", "医疗收入增长率", (Theme.SERVICES, Theme.CLINICIANS), "%"),
        tender("四（十一）1 惠医主题"),
        total("finance", "医疗收入", "medical_income"),
        growth=True,
        unknown="上年同期未报收支的机构，没有增长率",
    ),
    Indicator(
        *(
            "visit-cost",
            "门急诊次均费用",
            _COSTLY,
            "元",
            medical_statistics("门诊病人次均医药费用"),
            SEEN_FEES,
            SEEN,
        ),
        direction=Direction.LOWER,
        by=("department", "disease", "payer"),
        rows=_VISIT_ROWS,
    ),
    Indicator(
        *("visit-drug-cost", "门急诊次均药费", _IN, "元", tender("四（一）4.1 医疗服务监管"), SEEN_DRUG_FEES, SEEN),
        direction=Direction.LOWER,
        by=("department", "disease", "payer"),
        rows=(*_VISIT_ROWS, "fee_western", "fee_patent", "fee_herbal"),
    ),
    Indicator(
        *("stay-cost", "住院次均费用", _COSTLY, "元", medical_statistics("住院病人人均医药费用"), STAY_FEES),
        DISCHARGED,
        direction=Direction.LOWER,
        by=("department", "disease", "payer", "drg"),
        rows=_STAY_ROWS,
    ),
    Indicator(
        *(
            "stay-drug-cost",
            "住院次均药费",
            _IN,
            "元",
            tender("四（一）4.1 医疗服务监管"),
            STAY_DRUG_FEES,
            DISCHARGED,
        ),
        direction=Direction.LOWER,
        by=("department", "disease", "payer"),
        rows=(*_STAY_ROWS, "fee_western", "fee_patent", "fee_herbal"),
    ),
    Indicator(
        *("visit-cost-growth", "门急诊次均费用增幅", _IN, "%", _COST, SEEN_FEES, SEEN),
        growth=True,
        direction=Direction.LOWER,
        by=("department", "disease"),
        rows=_VISIT_ROWS,
    ),
    Indicator(
        *("stay-cost-growth", "住院次均费用增幅", _IN, "%", _COST, STAY_FEES, DISCHARGED),
        growth=True,
        direction=Direction.LOWER,
        by=("department", "disease"),
        rows=_STAY_ROWS,
    ),
    percent(
        *("visit-drug-share", "门急诊药占比", (Theme.SERVICES, Theme.DRUGS), _COST),
        SEEN_DRUG_FEES,
        SEEN_FEES,
        direction=Direction.LOWER,
        by=("department", "disease"),
        rows=(*_VISIT_ROWS, "fee_western", "fee_patent", "fee_herbal"),
    ),
    percent(
        *("stay-drug-share", "住院药占比", (Theme.SERVICES, Theme.DRUGS), _COST),
        STAY_DRUG_FEES,
        STAY_FEES,
        direction=Direction.LOWER,
        by=("department", "disease"),
        rows=(*_STAY_ROWS, "fee_western", "fee_patent", "fee_herbal"),
    ),
    percent(
        *("stay-material-share", "住院耗材占比", _IN, _COST),
        _MATERIAL_FEES,
        STAY_FEES,
        direction=Direction.LOWER,
        by=("department", "disease"),
        rows=(*_STAY_ROWS, "fee_material"),
    ),
    percent(
        *("stay-service-share", "住院医疗服务收入占比", _IN, _COST),
        total("stays", "住院治疗、手术与服务费", "fee_treatment + fee_service"),
        STAY_FEES,
        direction=Direction.HIGHER,
        by=("department",),
        rows=(*_STAY_ROWS, "fee_treatment", "fee_service"),
    ),
    percent(
        *("stay-diagnostic-share", "住院检查化验收入占比", _IN, _COST),
        total("stays", "住院检查费与检验费", "fee_lab + fee_exam"),
        STAY_FEES,
        by=("department",),
        rows=(*_STAY_ROWS, "fee_lab", "fee_exam"),
    ),
    Indicator(
        *("emergency-income", "急诊收入", _IN, "元", _COST),
        total("visits", "急诊医药费用", "fee", "kind = 'emergency'"),
        by=("department",),
        rows=_VISIT_ROWS,
    ),
    Indicator(
        *("outpatient-income", "门诊收入", (Theme.SERVICES, Theme.CLINICIANS), "元", _COST),
        total("visits", "门诊医药费用", "fee", "kind = 'outpatient'"),
        by=("department", "payer"),
        rows=_VISIT_ROWS,
    ),
    Indicator(
        *("inpatient-income", "住院收入", (Theme.SERVICES, Theme.CLINICIANS), "元", _COST, STAY_FEES),
        by=("department", "payer"),
        rows=_STAY_ROWS,
    ),
)
_DISEASES: Final = (
    number(
        *("outpatient-persons", "门急诊患者数", _IN, "人", _DISEASE),
        different("visits", "门急诊不同患者数", "person", "kind IN ('outpatient', 'emergency')"),
        by=("disease", "sex", "age-band"),
        rows=("department", "disease", "sex", "age"),
    ),
    number(
        *("inpatient-persons", "住院患者数", _IN, "人", _DISEASE),
        different("stays", "出院不同患者数", "person"),
        by=("disease", "sex", "age-band"),
        rows=("department", "disease", "sex", "age"),
    ),
    percent(
        *("outpatient-men-share", "门急诊患者男性占比", _IN, _DISEASE),
        seen("男性门急诊人次", "sex = 'male'"),
        seen("性别明确的门急诊人次", "sex IN ('male', 'female')"),
        by=("disease",),
        rows=("disease", "sex"),
    ),
)

INDICATORS: Final = (*_WORKLOAD, *_HARD, *_BEDS, *_COSTS, *_DISEASES)
