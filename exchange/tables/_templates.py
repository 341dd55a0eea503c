"""Templates of rows: which columns there are, and where in a FHIR resource each goes.

A row is of one resource. Columns are data: heading, place in the resource, kind, whether it must be there. What a
cell says is checked here, so that a wrong one is told by its heading and line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from typing import Any, Final

from clinical.coded import zoned
from exchange.building import extension, identifier
from exchange.message import Json

Cells = Mapping[str, str]
_ACT: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_CLINICAL: Final = "http://terminology.hl7.org/CodeSystem/condition-clinical"
_CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/observation-category"


class CellError(ValueError):
    """A cell that cannot be read: its heading, and what would be right; never what it holds."""

    def __init__(self, heading: str, problem: str) -> None:
        super().__init__(f"{heading}: {problem}")
        self.heading, self.problem = heading, problem


@dataclass(frozen=True, slots=True)
class Column:
    """``path`` is where the value goes: ``code.text``, ``identifier.+.value`` (``+`` adds to a list)."""

    heading: str
    path: str
    read: Callable[[str], Any]
    required: bool = False


@dataclass(frozen=True, slots=True)
class Template:
    """Rows of one kind: ``fixed`` is what every resource made of them says."""

    name: str
    title: str
    resource: str
    columns: tuple[Column, ...]
    fixed: Mapping[str, Any]

    def resource_of(self, cells: Cells) -> Json:
        """The resource of a row. Raises ``CellError``."""
        known = {column.heading for column in self.columns}
        unknown = sorted(set(cells) - known)
        if unknown:
            raise CellError(unknown[0], f"不是{self.title}的列: {'、'.join(sorted(known))}")
        made: Json = {"resourceType": self.resource}
        for path, value in self.fixed.items():
            _put(made, path, value)
        for column in self.columns:
            text = cells.get(column.heading, "").strip()
            if text:
                _put(made, column.path, _read(column, text))
            elif column.required:
                raise CellError(column.heading, "不能为空")
        return made


def _read(column: Column, text: str) -> Any:
    try:
        return column.read(text)
    except ValueError as error:
        raise CellError(column.heading, str(error)) from None


def _put(into: Json, path: str, value: Any) -> None:
    """Put a value at a path, making what lies between. ``+`` begins a new entry of a list, ``0`` is its first."""
    here: Any = into
    steps = path.split(".")
    for step, after in zip(steps, [*steps[1:], ""], strict=True):
        made: Any = value if not after else [] if after in ("+", "0") else {}
        if step == "+":
            here.append(made)
            here = made
        elif step == "0":
            if not here:
                here.append(made)
            here = here[0]
        elif after:
            here = here.setdefault(step, made)
        else:
            here[step] = value


def _text(text: str) -> str:
    return text


def _number(text: str) -> float:
    try:
        number = float(text.replace(",", ""))
    except ValueError:
        raise ValueError("须为数字") from None
    if not isfinite(number):
        raise ValueError("须为数字")
    return number


def _time(text: str) -> str:
    """ISO 8601 of ``2026-11-26``, ``2026/11/26 8:30``, ``20261126083000``; China's time where no zone is told."""
    plain = text.replace("/", "-").replace("年", "-").replace("月", "-").replace("日", "")
    shapes = ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y%m%d", "%Y%m%d%H%M%S", "%Y-%m-%d %H:%M:%S.%f")
    for shape in shapes:
        try:
            found = datetime.strptime(plain, shape)
        except ValueError:
            continue
        return found.date().isoformat() if "%H" not in shape else zoned(found).isoformat(timespec="seconds")
    try:
        return zoned(datetime.fromisoformat(text)).isoformat(timespec="seconds")
    except ValueError:
        raise ValueError("须为日期或时间，如 2026-11-26、2026-11-26 08:30:00") from None


def _date(text: str) -> str:
    return _time(text)[:10]


def _choice(**words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            raise ValueError(f"须为 {'、'.join(words)} 之一")
        return words[text]

    return read


def _refers(kind: str) -> Callable[[str], str]:
    return lambda text: f"{kind}/{_id(text)}"


def _id(text: str) -> str:
    if len(text) > 64 or not all(c.isascii() and (c.isalnum() or c in "-._") for c in text):
        raise ValueError("须为编号: 字母、数字、-、.、_，至多 64 个")
    return text


def _yes(text: str) -> bool:
    return _choice(是="1", 否="")(text) == "1"


_SEX: Final = _choice(男="male", 女="female", 未知="unknown", 未说明="unknown")
_VISIT: Final = _choice(门诊="AMB", 急诊="EMER", 住院="IMP", 留观="OBSENC", 家庭="HH")
_STAY: Final = _choice(进行中="in-progress", 已结束="finished", 已取消="cancelled", 预约="planned")
_DRUG: Final = _choice(执行中="active", 已停止="stopped", 已完成="completed", 已取消="cancelled")
_FLAG: Final = _choice(高="H", 低="L", 正常="N", 危急高="HH", 危急低="LL", 异常="A")
_PATIENT: Final = Column("患者编号", "subject.reference", _refers("Patient"), required=True)
_VISIT_ID: Final = Column("就诊编号", "encounter.reference", _refers("Encounter"))
_INSTITUTION: Final = Column("机构名称", "performer.0.display", _text)


def _own(heading: str) -> Column:
    return Column(heading, "id", _id, required=True)


def _coded(name: str, path: str, *, required: bool = True) -> tuple[Column, Column]:
    """Columns of what something is called here and its code in the hospital's dictionary."""
    return (
        Column(f"{name}名称", f"{path}.text", _text, required),
        Column(f"{name}编码", f"{path}.coding.0.code", _text),
    )


def _identifier(heading: str, kind: str) -> Column:
    """A number of a person, of a kind of HL7 table 0203."""
    return Column(heading, "identifier.+", lambda text: identifier(text, kind=kind))


_DOSAGE: Final = "dosageInstruction.0"
_DOSE: Final = f"{_DOSAGE}.doseAndRate.0.doseQuantity"
_TAKEN: Final = (
    Column("单次剂量", f"{_DOSE}.value", _number),
    Column("剂量单位", f"{_DOSE}.unit", _text),
    Column("频次", f"{_DOSAGE}.timing.code.text", _text),
    Column("给药途径", f"{_DOSAGE}.route.text", _text),
)
_RESULT: Final = (
    _own("结果编号"),
    _PATIENT,
    _VISIT_ID,
    *_coded("项目", "code"),
    Column("数值", "valueQuantity.value", _number),
    Column("单位", "valueQuantity.unit", _text),
    Column("文字结果", "valueString", _text),
    Column("参考范围", "referenceRange.0.text", _text),
    Column("异常标志", "interpretation.0.coding.0.code", _FLAG),
    Column("报告时间", "effectiveDateTime", _time, required=True),
    _INSTITUTION,
)
TEMPLATES: Final = {
    template.name: template
    for template in (
        Template(
            "patients",
            "患者",
            "Patient",
            (
                _own("患者编号"),
                Column("姓名", "name.0.text", _text),
                Column("性别", "gender", _SEX),
                Column("出生日期", "birthDate", _date),
                _identifier("身份证号", "NI"),
                _identifier("医保号", "SS"),
                _identifier("就诊卡号", "VN"),
                Column("电话", "telecom.+", lambda text: {"system": "phone", "value": text}),
                Column("地址", "address.0.text", _text),
            ),
            {},
        ),
        Template(
            "encounters",
            "就诊",
            "Encounter",
            (
                _own("就诊编号"),
                _PATIENT,
                Column("就诊类型", "class.code", _VISIT, required=True),
                Column("状态", "status", _STAY),
                Column("科室", "serviceType.text", _text),
                Column("开始时间", "period.start", _time, required=True),
                Column("结束时间", "period.end", _time),
                Column("机构名称", "serviceProvider.display", _text),
            ),
            {"status": "finished", "class.system": _ACT},
        ),
        Template(
            "diagnoses",
            "诊断",
            "Condition",
            (
                _own("诊断编号"),
                _PATIENT,
                _VISIT_ID,
                *_coded("诊断", "code"),
                Column(
                    "状态", "clinicalStatus.coding.0.code", _choice(当前="active", 既往="inactive", 治愈="resolved")
                ),
                Column("诊断时间", "recordedDate", _time),
                Column("发病日期", "onsetDateTime", _date),
            ),
            {"clinicalStatus.coding.0.code": "active", "clinicalStatus.coding.0.system": _CLINICAL},
        ),
        Template(
            "allergies",
            "过敏",
            "AllergyIntolerance",
            (
                _own("过敏编号"),
                Column("患者编号", "patient.reference", _refers("Patient"), required=True),
                *_coded("过敏原", "code"),
                Column("反应", "reaction.0.manifestation.0.text", _text),
                Column("严重", "criticality", _choice(是="high", 否="low")),
                Column("记录时间", "recordedDate", _time),
            ),
            {},
        ),
        Template(
            "drug-orders",
            "药品医嘱",
            "MedicationRequest",
            (
                _own("医嘱编号"),
                _PATIENT,
                _VISIT_ID,
                *_coded("药品", "medicationCodeableConcept"),
                *_TAKEN,
                Column("天数", "dispenseRequest.expectedSupplyDuration.value", _number),
                Column("状态", "status", _DRUG),
                Column("开具时间", "authoredOn", _time, required=True),
                Column("停止时间", "dispenseRequest.validityPeriod.end", _time),
                Column("医师", "requester.display", _text),
                Column("组号", "groupIdentifier.value", _text),
            ),
            {"status": "active", "intent": "order"},
        ),
        Template(
            "dispenses",
            "发药",
            "MedicationDispense",
            (
                _own("发药编号"),
                _PATIENT,
                *_coded("药品", "medicationCodeableConcept"),
                *_TAKEN,
                Column("数量", "quantity.value", _number),
                Column("数量单位", "quantity.unit", _text),
                Column("供应天数", "daysSupply.value", _number),
                Column("发药时间", "whenHandedOver", _time, required=True),
                Column("医嘱编号", "authorizingPrescription.+.reference", _refers("MedicationRequest")),
                Column("机构名称", "performer.0.actor.display", _text),
            ),
            {"status": "completed"},
        ),
        Template(
            "lab-results",
            "检验结果",
            "Observation",
            _RESULT,
            {"status": "final", "category.0.coding.0.code": "laboratory", "category.0.coding.0.system": _CATEGORY},
        ),
        Template(
            "vital-signs",
            "生命体征",
            "Observation",
            _RESULT,
            {"status": "final", "category.0.coding.0.code": "vital-signs", "category.0.coding.0.system": _CATEGORY},
        ),
        Template(
            "exam-reports",
            "检查报告",
            "DiagnosticReport",
            (
                _own("报告编号"),
                _PATIENT,
                _VISIT_ID,
                *_coded("检查", "code"),
                Column("结论", "conclusion", _text),
                Column("报告时间", "effectiveDateTime", _time, required=True),
                Column(
                    "互认",
                    "extension.+",
                    lambda text: extension("recognised", valueBoolean=_yes(text)),
                ),
                _INSTITUTION,
            ),
            {"status": "final"},
        ),
        Template(
            "procedures",
            "手术操作",
            "Procedure",
            (
                _own("操作编号"),
                _PATIENT,
                _VISIT_ID,
                *_coded("操作", "code"),
                Column("操作时间", "performedDateTime", _time, required=True),
                Column("术者", "performer.0.actor.display", _text),
            ),
            {"status": "completed"},
        ),
        Template(
            "immunizations",
            "预防接种",
            "Immunization",
            (
                _own("接种编号"),
                Column("患者编号", "patient.reference", _refers("Patient"), required=True),
                *_coded("疫苗", "vaccineCode"),
                Column("接种时间", "occurrenceDateTime", _time, required=True),
                Column("批号", "lotNumber", _text),
            ),
            {"status": "completed"},
        ),
    )
}
"""Templates by name."""
