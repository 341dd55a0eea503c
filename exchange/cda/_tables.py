"""What the shared documents call things: document types, identifiers, sections, data elements.

What differs between platforms is in one ``Table``; ``loaded`` reads a site's changes from JSON. What is here stands
in public samples of several vendors; ``docs/cda.md`` says which entries a site should look at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import msgspec

TEMPLATES: Final = "2.16.156.10011.2.1.1"
DOCUMENTS: Final = "2.16.156.10011.2.4"
"""卫生信息共享文档规范编码体系: ``C0001`` … ``C0053``."""
ELEMENTS: Final = "2.16.156.10011.2.2.1"
"""卫生信息数据元目录."""
LOINC: Final = "2.16.840.1.113883.6.1"
_FIRST_TEMPLATE: Final = 20
_TITLES: Final = (
    "病历概要 门（急）诊病历 急诊留观病历 西药处方 中药处方 检查报告 "
    "检验报告 治疗记录 一般手术记录 麻醉术前访视记录 麻醉记录 麻醉术后访视记录 "
    "输血记录 待产记录 阴道分娩记录 剖宫产记录 一般护理记录 病重（病危）护理记录 "
    "手术护理记录 生命体征测量记录 出入量记录 高值耗材使用记录 入院评估 护理计划 "
    "出院评估与指导 手术知情同意书 麻醉知情同意书 输血治疗同意书 特殊检查及特殊治疗同意书 病危（重）通知书 "
    "其他知情告知同意书 住院病案首页 中医住院病案首页 入院记录 24小时内入出院记录 24小时内入院死亡记录 "
    "首次病程记录 日常病程记录 上级医师查房记录 疑难病例讨论记录 交接班记录 转科记录 "
    "阶段小结 抢救记录 会诊记录 术前小结 术前讨论 术后首次病程记录 "
    "出院记录 死亡记录 死亡病例讨论记录 住院医嘱 出院小结 "
).split()
TITLES: Final = {f"C{number:04d}": title for number, title in enumerate(_TITLES, 1)}
"""The 53 shared documents by their code."""
OUTPATIENT, PRESCRIPTION, EXAMINATION, LABORATORY, DISCHARGE_RECORD, DISCHARGE = (
    "C0002",
    "C0004",
    "C0006",
    "C0007",
    "C0049",
    "C0053",
)


def template_of(code: str) -> str:
    """The template id of a document's code: numbers in the same order, from 21 on."""
    return f"{TEMPLATES}.{_FIRST_TEMPLATE + int(code[1:])}"


@dataclass(frozen=True, slots=True)
class Section:
    """A section: its code in LOINC (empty where the standard gives only a name) and what it is called."""

    code: str
    title: str


ALLERGIES: Final = Section("48765-2", "过敏史")
COMPLAINT: Final = Section("10154-3", "主诉")
ILLNESS: Final = Section("10164-2", "现病史")
PAST: Final = Section("11348-0", "既往史")
EXAM: Final = Section("29545-1", "体格检查")
STUDIES: Final = Section("30954-2", "辅助检查")
DIAGNOSES: Final = Section("29548-5", "诊断")
MEDICATIONS: Final = Section("10160-0", "用药")
PROBLEMS: Final = Section("11450-4", "主要健康问题")
ADMISSION_DX: Final = Section("46241-6", "入院诊断")
DISCHARGE_DX: Final = Section("11535-2", "出院诊断")
PROCEDURES: Final = Section("47519-4", "手术操作")
PLAN: Final = Section("18776-5", "治疗计划")
COURSE: Final = Section("8648-8", "住院过程")
ORDERS: Final = Section("46209-3", "医嘱")
PAYMENT: Final = Section("48768-6", "费用")
EXAM_REPORT: Final = Section("", "检查报告")
LAB_REPORT: Final = Section("", "检验报告")

ADMITTING_SECTIONS: Final = frozenset({ADMISSION_DX.code})
"""Diagnoses that are not settled yet."""


@dataclass(frozen=True, slots=True)
class Element:
    """A data element of the catalogue."""

    code: str
    title: str


DX_CODE: Final = Element("DE05.01.024.00", "诊断代码")
DX_NAME: Final = Element("DE05.01.025.00", "诊断名称")
TCM_CODE: Final = Element("DE05.10.130.00", "中医病名代码")
TCM_NAME: Final = Element("DE05.10.172.00", "中医病名名称")
ALLERGY_FLAG: Final = Element("DE02.10.023.00", "过敏史标志")
ALLERGY_TEXT: Final = Element("DE02.10.022.00", "过敏史")
ALLERGY_TEXTS: Final = frozenset({"DE02.10.022.00", "DE05.01.022.00"})
"""The catalogue's number and the one that samples print."""
STRENGTH: Final = Element("DE08.50.043.00", "药物规格")
TOTAL_DOSE: Final = Element("DE06.00.135.00", "药物使用总剂量")
VALID_DAYS: Final = Element("DE06.00.294.00", "处方有效天数")
GROUP: Final = Element("DE08.50.056.00", "处方药品组号")
ITEM: Final = Element("DE04.30.019.00", "检验项目代码")
RESULT_CODE: Final = Element("DE04.30.017.00", "检验结果代码")
RESULT_NUMBER: Final = Element("DE04.30.015.00", "检验定量结果")
RESULT_UNIT: Final = Element("DE04.30.016.00", "检验定量结果计量单位")
RESULT_TEXT: Final = Element("DE04.30.009.00", "检验结果")
SERVICE_CLASS: Final = Element("DE04.30.018.00", "检查类别")
SPECIMEN: Final = Element("DE04.50.134.00", "标本类别")
LAB_CONCLUSION: Final = Element("DE04.50.130.00", "检验报告结果")
EXAM_CONCLUSION: Final = Element("DE04.50.132.00", "检查报告结果-主观提示")

ICD_10: Final = "2.16.156.10011.2.3.3.11"
ICD_9_CM_3: Final = "2.16.156.10011.2.3.3.12"
TCM: Final = "2.16.156.10011.2.3.3.14"
GENDER: Final = "2.16.156.10011.2.3.3.4"


@dataclass(frozen=True, slots=True)
class Table:
    """What differs between platforms. ``patients`` are roots of numbers that may be a patient's id with the sender,
    the best first, each with what is put before the number: those of visits must not be taken for those of patients.
    ``placeholders`` are texts that stand for nothing. ``elements`` gives more names to data elements: another code to
    the one it means."""

    document: str = "2.16.156.10011.1.1"
    id_card: str = "2.16.156.10011.1.3"
    health_card: str = "2.16.156.10011.1.19"
    health_record: str = "2.16.156.10011.1.2"
    staff: tuple[str, ...] = ("2.16.156.10011.1.7", "2.16.156.10011.1.4")
    organisation: str = "2.16.156.10011.1.5"
    department: str = "2.16.156.10011.1.26"
    outpatient: str = "2.16.156.10011.1.11"
    inpatient: str = "2.16.156.10011.1.12"
    patients: Mapping[str, str] = field(
        default_factory=lambda: {
            "2.16.156.10011.2.5.1.4": "",
            "2.16.156.10011.1.12": "zy",
            "2.16.156.10011.1.11": "mz",
        }
    )
    prescription: str = "2.16.156.10011.1.20"
    request: str = "2.16.156.10011.1.24"
    exam_report: str = "2.16.156.10011.1.32"
    lab_report: str = "2.16.156.10011.1.33"
    placeholders: frozenset[str] = frozenset({"NA", "N/A", "/", "-", "--", "——", "NULL", "null"})
    templates: Mapping[str, str] = field(default_factory=lambda: {template_of(code): code for code in TITLES})
    elements: Mapping[str, str] = field(default_factory=dict)


STANDARD: Final = Table()


def loaded(file: Path) -> Table:
    """The table with a site's changes (JSON, by the names of ``Table``). Raises ``ValueError``, naming the entry."""
    try:
        said: dict[str, Any] = msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise ValueError(f"{file.name}: {error}") from None
    unknown = sorted(set(said) - set(Table.__dataclass_fields__))
    if unknown:
        raise ValueError(
            f"{file.name}: {unknown[0]!r} is no entry; known are {', '.join(Table.__dataclass_fields__)}"
        )
    types = {name: type(getattr(STANDARD, name)) for name in said}
    try:
        return replace(STANDARD, **{name: msgspec.convert(value, types[name]) for name, value in said.items()})
    except msgspec.ValidationError as error:
        raise ValueError(f"{file.name}: {error}") from None
