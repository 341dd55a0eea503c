"""National medical-insurance supervision rules: workbooks by rule type, and CSV tables of limits.

Values are Chinese phrases; what can be read is put into typed qualifiers, the phrase itself stays.
They decide about payment, never about care (family ``insurance-limit``). Orders are understood as
ingredients or as our own products, so a limit on a western drug is said twice: of the product under its
national name, and of the drug that this name without its dosage form means, for the forms it is about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from msgspec import structs

from base.tabular import TextRow, count_lines, read, sheets
from clinical.forms import BY_LENGTH, FORMS, bare_name
from knowledge.intake import Loader, Row, RowError, by_name, statement_id
from knowledge.model import Citation, CodeRef, Concept, ConceptKind, Predicate, Source, Standing, Statement

_SOURCE: Final = Source("nhsa-rules", "国家医疗保障基金智能监管规则库、知识库", "regulation", "国家医疗保障局")
_CITED: Final = Citation(_SOURCE.id)
_NAMES: Final = ("药品通用名", "项目名称", "药品名称", "诊疗名称")
_CODES: Final = ("国标代码", "药品代码", "项目代码", "项目编码", "药品编码", "诊疗编码")
_VALUES: Final = ("限定对象", "限定值域", "限定性别", "备注")
_LIMITS: Final = {
    "险种限制": "insurance",
    "机构限制": "grade",
    "就医限制": "visit",
    "专科限制": "specialty",
    "性别限制": "sex",
    "年龄限制": "age",
    "疾病限制": "disease",
    "阶梯限制": "step",
    "极量限制": "most",
    "疗程限制": "course",
    "总额限制": "amount",
    "数量限制": "quantity",
    "频次限制": "frequency",
}
_TYPES: Final = {
    "限定年龄": "age",
    "限定性别": "sex",
    "限定保险类型": "insurance",
    "限定机构等级": "grade",
    "限定支付疗程": "course",
    "限定疗程": "course",
    "限定就医方式": "visit",
    "限定主次操作": "main-procedure",
    "限定频次": "frequency",
    "限定周期": "frequency",
}
_SEXES: Final = {"男": "male", "女": "female"}
_GRADES: Final = {"一级": 1, "二级": 2, "三级": 3}
_VISITS: Final = {"住院": "inpatient", "门诊": "outpatient"}
_SOLID: Final = ("片剂", "分散片", "咀嚼片", "口腔崩解片", "肠溶片", "胶囊", "软胶囊", "肠溶胶囊")
_FORMS: Final = {
    "A": _SOLID,
    "B": ("注射剂",),
    "D": ("栓剂", "阴道栓"),
    "E": _SOLID,
    "F": ("乳膏剂", "软膏剂"),
    "K": ("糖浆剂",),
    "N": ("颗粒剂",),
    "P": ("散剂",),
    "U": ("凝胶剂",),
    "V": ("贴剂",),
}
"""Dosage forms by the eleventh character of a western drug's national code, as names with a form show it."""
_WESTERN: Final = "X"
"""First character of the codes of western drugs."""


def rows(path: Path) -> Iterator[Row | RowError]:
    """Drugs and services with the limits on their payment, and services that exclude each other.

    Raises ``FileNotFoundError`` when there is neither a workbook nor a table of limits.
    """
    files = _files(path)
    yield Row(_SOURCE)
    for file in files:
        if file.suffix == ".xlsx":
            codes = _codes(file)
            for sheet in sheets(file):
                yield from _sheet(file, sheet, codes)
        else:
            yield from _table(file)


def total(path: Path) -> int:
    """Lines of the tables; a workbook is counted as a thousand rows."""
    return sum(2 * count_lines(file) if file.suffix == ".csv" else 2000 for file in _files(path))


def _files(path: Path) -> list[Path]:
    found = [path] if path.is_file() else [*sorted(path.glob("*.xlsx")), *sorted(path.glob("*_rules.csv"))]
    if not found:
        raise FileNotFoundError(f"{path}: neither *.xlsx nor *_rules.csv here")
    return found


def _codes(file: Path) -> dict[str, str]:
    """National codes by name: a workbook lists the limits on one sheet and the codes on another."""
    rows = (row for sheet in sheets(file) for row in read(file, sheet))
    return {_first(row, _NAMES): code for row in rows if (code := _first(row, _CODES))}


def _sheet(file: Path, sheet: str, codes: Mapping[str, str]) -> Iterator[Row | RowError]:
    kind = next((value for word, value in _TYPES.items() if word in file.name), "")
    for row in read(file, sheet):
        if "主项名称" in row.cells:
            yield from _duplicate(row)
            continue
        name, code = _first(row, _NAMES), _first(row, _CODES)
        if not name:
            yield RowError(row.file, row.line, "名称", "is empty: a rule needs the name of a drug or service")
            continue
        drug = "药品通用名" in row.cells
        yield Row(_concept(name, code, drug), row.file, row.line)
        phrase = _phrase(row)
        if phrase:
            said = _limit(name, kind, phrase, row.cells.get("药品说明", ""), drug)
            yield from _said(row, said, name, codes.get(name, ""), drug)


def _table(file: Path) -> Iterator[Row | RowError]:
    for row in read(file):
        if "主项名称" in row.cells:
            yield from _duplicates(row)
            continue
        name, code = _first(row, _NAMES), _first(row, _CODES)
        if not name:
            yield RowError(row.file, row.line, "名称", "is empty: a rule needs the name of a drug or service")
            continue
        drug = "药品名称" in row.cells
        yield Row(_concept(name, code, drug), row.file, row.line)
        for column, kind in _LIMITS.items():
            if row.cells.get(column):
                yield from _said(row, _limit(name, kind, row.cells[column], "", drug), name, code, drug)


def _said(row: TextRow, said: Statement, name: str, code: str, drug: bool) -> Iterator[Row]:
    """A limit of a product, and of the drug its name means in the forms it is about. Chinese patent
    medicines and names whose form nobody tells stay with the product: a limit on an ointment says nothing
    of capsules."""
    yield Row(said, row.file, row.line)
    forms = _forms_of(name, code)
    if drug and forms and code.startswith(_WESTERN):
        key = statement_id(Predicate.INSURANCE_LIMIT, "drug", said.id, *forms)
        meant = structs.replace(
            said, id=key, subject=by_name("drug", bare_name(name)), qualifiers={**said.qualifiers, "forms": forms}
        )
        yield Row(meant, row.file, row.line, many=True)


def _forms_of(name: str, code: str) -> list[str]:
    """Dosage forms that a national name, else its code, is about; empty when neither tells."""
    if name.startswith("注射用"):
        return ["注射剂"]
    bare = bare_name(name)
    word = next((word for word in BY_LENGTH if name == bare + word), "")
    return [FORMS[word]] if word else list(_FORMS.get(code[10:11], ()))


def _phrase(row: TextRow) -> str:
    if "限制数量" in row.cells:
        return f"{row.cells['限制数量']}次/{row.cells['数量单位']}"
    if "频次上限" in row.cells:
        return f"{row.cells['疗程周期']}天内不超过{row.cells['频次上限']}次"
    return _first(row, _VALUES)


def _duplicate(row: TextRow) -> Iterator[Row]:
    """One pair of services that may not be charged together."""
    main = _concept(row.cells["主项名称"], row.cells["主项编码"], False)
    other = _concept(row.cells["从项名称"], row.cells["从项编码"], False)
    yield Row(main, row.file, row.line)
    yield Row(other, row.file, row.line)
    yield Row(_excludes(main, other, {"period": row.cells.get("频度", ""), "note": row.cells.get("备注", "")}))


def _duplicates(row: TextRow) -> Iterator[Row]:
    """The table form: ``(名称|名称)`` with codes in the same order."""
    main = _concept(row.cells["主项名称"], row.cells["主项编码"], False)
    yield Row(main, row.file, row.line)
    names, codes = (row.cells[key].strip("()").split("|") for key in ("从项名称", "从项编码"))
    for name, code in zip(names, [*codes, *[""] * len(names)], strict=False):
        if name:
            other = _concept(name, code, False)
            yield Row(other, row.file, row.line)
            yield Row(_excludes(main, other, {}), row.file, row.line)


def _excludes(main: Concept, other: Concept, qualifiers: Mapping[str, str]) -> Statement:
    a, b = sorted((main.id, other.id))
    key = statement_id(Predicate.SERVICE_DUPLICATE, a, b)
    kept = {k: v for k, v in qualifiers.items() if v}
    return Statement(key, a, Predicate.SERVICE_DUPLICATE, b, kept, (_CITED,))


def _limit(name: str, kind: str, phrase: str, note: str, drug: bool) -> Statement:
    subject = _id(name, drug)
    qualifiers: dict[str, Any] = {"limit": kind, "phrase": phrase, **_read(kind, phrase)}
    if note:
        qualifiers["note"] = note
    key = statement_id(Predicate.INSURANCE_LIMIT, subject, kind, phrase)
    return Statement(key, subject, Predicate.INSURANCE_LIMIT, "", qualifiers, (_CITED,))


def _read(kind: str, phrase: str) -> dict[str, Any]:
    """What a phrase says in typed values, as far as it is plain."""
    if kind == "sex" and phrase in _SEXES:
        return {"sex": _SEXES[phrase]}
    if kind == "grade":
        return next(({"grade_min": level} for word, level in _GRADES.items() if word in phrase), {})
    if kind == "visit":
        return next(({"visit": visit} for word, visit in _VISITS.items() if word in phrase), {})
    if kind == "course" and (days := re.search(r"(\d+)\s*(天|日|周|月)", phrase)):
        return {"course_days": int(days[1]) * {"天": 1, "日": 1, "周": 7, "月": 30}[days[2]]}
    if kind == "age" and "儿童" in phrase:
        return {"age_group": "child"}
    if kind in ("disease", "insurance"):
        words = [word for word in phrase.strip("()（）").split("|") if word]
        return {"diseases" if kind == "disease" else "insurance": words}
    return {}


def _concept(name: str, code: str, drug: bool) -> Concept:
    system = "nhsa-drug" if drug else "nhsa-service"
    kind = ConceptKind.PRODUCT if drug else ConceptKind.SERVICE
    return Concept(_id(name, drug), kind, name, codes=(CodeRef(system, code),) if code else ())


def _id(name: str, drug: bool) -> str:
    return f"{'product' if drug else 'service'}:nhsa-{statement_id('nhsa', name)}"


def _first(row: TextRow, headers: tuple[str, ...]) -> str:
    return next((row.cells[header] for header in headers if row.cells.get(header)), "")


LOADER = Loader("insurance", "国家医保基金监管规则", Standing.SECONDARY, rows, total)
