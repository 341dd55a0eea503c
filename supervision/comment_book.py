"""Prescription comment on paper: the norm's worksheet and the results as .xlsx, and a worksheet that pharmacists
filled in read back, with every fault named by its cell."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from math import isfinite, nan
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile, ZipFile

from base.tabular import TableError, write_workbook
from clinical.coded import CHINA
from records.comment_codes import CODES, code_of
from records.comment_items import Item, Judgement, Result, Round, Status, Typed, on_sheet
from records.sampling import CommentError, Problem
from supervision.comments import (
    NO_DRUG,
    Results,
    Tally,
    generics,
    has_antimicrobial,
    has_injection,
    kinds,
    results,
)

SHEET: Final = "点评工作表"
VERDICT, PROBLEMS, REASON, BY = "是否合理(0/1)", "存在问题(代码)", "点评说明", "点评人"
NUMBER, REVIEW, VERSION = "序号", "审查编号", "版本"
AMOUNT, ESSENTIAL, GENERIC = "处方金额", "国家基本药物品种数", "药品通用名数"
_LARGEST: Final = 100_000_000
"""Bytes a workbook may unpack to."""
_UNREADABLE: Final = (BadZipFile, SyntaxError, KeyError, ValueError, TypeError, AttributeError, OSError)
"""What openpyxl raises of files that are no workbooks, or broken ones."""
_SIGNS: Final = re.compile(r"\s*[;；\n]+\s*")
_PROBLEM: Final = re.compile(r"^(?P<code>[^\s:：]+)\s*(?P<drug>[^:：]*)(?:[:：](?P<text>.*))?$", re.DOTALL)
_RESULTS: Final = {"1": Result.REASONABLE, "合理": Result.REASONABLE} | {
    "0": Result.UNREASONABLE,
    "不合理": Result.UNREASONABLE,
}


@dataclass(frozen=True, slots=True)
class CellError:
    """What is wrong with one cell of a filled-in worksheet."""

    cell: str
    message: str


@dataclass(frozen=True, slots=True)
class Filled:
    """One judged row of a worksheet: item, judgement, and the cell of the verdict."""

    number: int
    judgement: Judgement
    cell: str


# -- writing -------------------------------------------------------------------------------


def worksheet_rows(items: Iterable[Item]) -> list[dict[str, Any]]:
    """The norm's worksheet, one row a prescription, with what a judgement is sent back by."""
    return [_row(item) for item in items]


def _row(item: Item) -> dict[str, Any]:
    sheet, typed = item.sheet, item.typed
    return {
        NUMBER: item.number,
        "处方日期": item.issued.astimezone(CHINA).strftime("%Y-%m-%d"),
        "年龄": sheet.age,
        "诊断": "；".join(sheet.diagnoses),
        "药品品种": kinds(item),
        "抗菌药(0/1)": int(has_antimicrobial(item)),
        "注射剂(0/1)": int(has_injection(item)),
        ESSENTIAL: typed.essential,
        GENERIC: generics(item),
        AMOUNT: typed.amount,
        "处方医师": item.prescriber,
        "审核、调配药师": sheet.checked_by,
        "核对、发药药师": "",
        VERDICT: "" if item.result is None else int(item.result is Result.REASONABLE),
        PROBLEMS: written(item.problems if item.status is Status.JUDGED else sheet.suggested),
        REASON: item.reason,
        BY: item.assignee,
        "机构": item.institution,
        "科室": item.department,
        "处方号": sheet.number,
        "药品明细": "；".join(f"{line.text} {line.directions}".strip() for line in sheet.lines),
        REVIEW: item.review,
        VERSION: item.version,
    }


def written(problems: Iterable[Problem]) -> str:
    """Problems in one cell: ``2-5 阿莫西林: 单次剂量偏大; 1-10``."""
    return "; ".join(_written(problem) for problem in problems)


def _written(problem: Problem) -> str:
    text = _SIGNS.sub("，", problem.text).strip()
    return " ".join(filter(None, (problem.code, problem.drug))) + (f": {text}" if text else "")


def save_worksheet(path: Path, items: Iterable[Item]) -> None:
    """Write the worksheet of some items, with the codes to fill in beside it."""
    write_workbook(path, {SHEET: worksheet_rows(items), "问题代码": _code_rows()})


def save_results(path: Path, found: Round, items: Sequence[Item]) -> None:
    """Write worksheet and results of a round."""
    made = results(found, items)
    tables = {
        SHEET: worksheet_rows(items),
        "问题汇总": list(_problem_rows(made)),
        "按科室": [_tally_row(tally, "机构", "科室") for tally in made.departments],
        "按医师": [_tally_row(tally, "机构", "科室", "医师") for tally in made.prescribers],
        "按药品": list(_drug_rows(made)),
        "指标": list(_indicator_rows(made)),
        "问题代码": _code_rows(),
    }
    write_workbook(path, tables)


def _code_rows() -> list[dict[str, Any]]:
    return [{"代码": c.code, "类别": c.group.value, "问题": c.title} for c in CODES.values()]


def _problem_rows(made: Results) -> Iterator[dict[str, Any]]:
    for group, count in made.groups.items():
        share = count / made.whole.judged if made.whole.judged else None
        yield {"代码": "", "类别": group, "问题": "合计", "处方数": count, "占已点评处方(%)": _percent(share)}
    for line in made.codes:
        row = {"代码": line.code, "类别": line.group, "问题": line.title}
        yield row | {"处方数": line.prescriptions, "占已点评处方(%)": _percent(line.share)}


def _tally_row(tally: Tally, *columns: str) -> dict[str, Any]:
    where = zip(columns, (tally.institution, tally.department, tally.prescriber), strict=False)
    return dict(where) | {
        "抽样处方数": tally.sampled,
        "已点评": tally.judged,
        "合理": tally.reasonable,
        "不合理": tally.unreasonable,
        "合理率(%)": _percent(tally.share),
        "主要问题": _counted(tally.problems),
    }


def _drug_rows(made: Results) -> Iterator[dict[str, Any]]:
    for line in made.drugs:
        yield {
            "药品": line.drug,
            "含该药处方数": line.prescriptions,
            "有问题处方数": line.with_problem,
            "问题率(%)": _percent(line.share),
            "问题": _counted(line.problems),
        }


def _indicator_rows(made: Results) -> Iterator[dict[str, Any]]:
    found, whole = made.round, made.whole
    asked = {None: "专项点评无最低抽样要求", True: "达到规范最低要求", False: "未达到规范最低要求"}[made.enough]
    yield _indicator("", "符合条件的处方总数", found.population, "张", found.kind)
    rate = 1000 * whole.sampled / found.population if found.population else None
    yield _indicator("", "抽样处方数", whole.sampled, "张", f"{asked}；随机种子 {found.seed}")
    yield _indicator("", "抽样率", None if rate is None else round(rate, 2), "‰", "")
    for one in made.indicators:
        yield _indicator(one.letter, one.title, one.value, one.unit, one.note)


def _indicator(letter: str, title: str, value: float | None, unit: str, note: str) -> dict[str, Any]:
    return {"代号": letter, "指标": title, "数值": "" if value is None else value, "单位": unit, "说明": note}


def _counted(problems: Mapping[str, int]) -> str:
    return "; ".join(f"{code} {CODES[code].title}×{count}" for code, count in problems.items())


def _percent(share: float | None) -> float | str:
    return "" if share is None else round(100 * share, 1)


# -- reading back --------------------------------------------------------------------------


def read_back(
    book: bytes, items: Mapping[int, Item], by: str, now: datetime
) -> tuple[list[Filled], int, list[CellError]]:
    """Judgements of a filled-in worksheet, how many rows say what is already stored, and what is wrong with the
    others. Rows without a verdict are not judged yet. Raises ``TableError`` when it is no such workbook."""
    filled: list[Filled] = []
    wrong: list[CellError] = []
    same, seen = 0, set[int]()
    for row in _rows(book):
        try:
            read = _filled(row, items, by, now)
        except _CellFault as fault:
            wrong.append(CellError(fault.cell, fault.message))
            continue
        if read is None:
            continue
        if read.number in seen:
            wrong.append(CellError(row.cell(NUMBER), f"序号 {read.number} 重复"))
        elif _says(items[read.number], read.judgement):
            same += 1
        elif read.judgement.version != items[read.number].version:
            wrong.append(CellError(row.cell(VERSION), "导出后该处方已被他人点评或分配，请重新导出后填写"))
        else:
            filled.append(read)
        seen.add(read.number)
    return filled, same, wrong


class _CellFault(Exception):  # noqa: N818
    def __init__(self, cell: str, message: str) -> None:
        super().__init__(message)
        self.cell, self.message = cell, message


@dataclass(frozen=True, slots=True)
class _Line:
    """One row: values by header, and where each stands."""

    line: int
    columns: Mapping[str, int]
    values: Sequence[Any]

    def cell(self, header: str) -> str:
        from openpyxl.utils import get_column_letter

        return f"{get_column_letter(self.columns[header] + 1)}{self.line}"

    def value(self, header: str) -> Any:
        place = self.columns[header]
        return self.values[place] if place < len(self.values) else None

    def text(self, header: str) -> str:
        """The text as it was typed; a quote that kept it from being a formula is dropped."""
        found = self.value(header)
        text = "" if found is None else str(found).strip()
        return text[1:] if re.match(r"'[=+\-@]", text) else text

    def fault(self, header: str, message: str) -> _CellFault:
        return _CellFault(self.cell(header), message)


_NEEDED: Final = (NUMBER, REVIEW, VERSION, VERDICT, PROBLEMS, REASON, BY, AMOUNT, ESSENTIAL, GENERIC)


def _rows(book: bytes) -> Iterator[_Line]:
    """Rows under the header. Raises ``TableError`` that says what is missing."""
    rows = _opened(book)
    columns: dict[str, int] = {}
    for place, header in enumerate(next(rows, ())):
        columns.setdefault(str(header or "").strip(), place)
    missing = [header for header in _NEEDED if header not in columns]
    if missing:
        raise TableError(f"工作表“{SHEET}”第1行缺少列: {'、'.join(missing)}；请在导出的工作表上填写")
    for line, values in enumerate(rows, start=2):
        if any(value not in (None, "") for value in values):
            yield _Line(line, columns, values)


def _opened(book: bytes) -> Iterator[Sequence[Any]]:
    try:
        with ZipFile(BytesIO(book)) as archive:
            if sum(part.file_size for part in archive.infolist()) > _LARGEST:
                raise TableError("工作簿解压后过大，请只保留点评工作表")
        from openpyxl import load_workbook  # a quarter of a second that no worker need wait for at its start

        opened = load_workbook(BytesIO(book), read_only=True, data_only=True)
        if SHEET not in opened.sheetnames:
            raise TableError(f"工作簿中没有名为“{SHEET}”的工作表")
        opened[SHEET].reset_dimensions()  # a file may claim a million empty rows
        return iter(list(opened[SHEET].iter_rows(values_only=True)))
    except _UNREADABLE:
        raise TableError("不是可读取的 .xlsx 工作簿") from None


def _filled(row: _Line, items: Mapping[int, Item], by: str, now: datetime) -> Filled | None:
    said = row.text(VERDICT)
    if not said:
        return None
    number, version = _whole(row, NUMBER), _whole(row, VERSION)
    item = items.get(number or 0)
    if item is None:
        raise row.fault(NUMBER, f"该次抽样没有序号 {row.text(NUMBER)}")
    if row.text(REVIEW) != item.review:
        raise row.fault(REVIEW, f"审查编号与序号 {item.number} 不符，请勿移动或修改编号列")
    if said not in _RESULTS:
        raise row.fault(VERDICT, f"应填 1 (合理) 或 0 (不合理)，不能是“{said}”")
    result = _RESULTS[said]
    judgement = Judgement(
        result=result,
        by=row.text(BY) or by,
        at=now,
        problems=_problems(row, item, result),
        reason=row.text(REASON),
        version=version,
        typed=_typed(row, item),
    )
    return Filled(item.number, judgement, row.cell(VERDICT))


def _problems(row: _Line, item: Item, result: Result) -> tuple[Problem, ...]:
    """What the cell says. Suggestions left standing beside 合理 are suggestions that were not taken."""
    text = _undated(row.value(PROBLEMS), row)
    if result is Result.REASONABLE:
        if text and text != written(item.sheet.suggested):
            raise row.fault(PROBLEMS, "是否合理填 1 时不能列出问题")
        return ()
    found = tuple(_problem(row, item, part) for part in _SIGNS.split(text) if part.strip())
    if not found:
        raise row.fault(PROBLEMS, "是否合理填 0 时须填写问题代码，如 2-5")
    return tuple(dict.fromkeys(found))


def _undated(value: Any, row: _Line) -> str:
    """The text of the cell. Spreadsheets take a bare 2-5 for the fifth of February: it is turned back."""
    return f"{value.month}-{value.day}" if isinstance(value, date) else row.text(PROBLEMS)


def _problem(row: _Line, item: Item, part: str) -> Problem:
    match = _PROBLEM.match(part.strip())
    code = code_of(match["code"]) if match else ""
    if match is None or not code:
        raise row.fault(PROBLEMS, f"“{part.strip()}”不以问题代码开头 (见“问题代码”工作表)")
    drug, text = match["drug"].strip(), (match["text"] or "").strip()
    try:
        return on_sheet(item.sheet, Problem(code, "" if drug == NO_DRUG else drug, text))
    except CommentError as error:
        raise row.fault(PROBLEMS, str(error)) from None


def _typed(row: _Line, item: Item) -> Typed:
    """What only people know. A number of generic names that stands as it was worked out was not typed."""
    generic = _whole(row, GENERIC)
    essential, most = _whole(row, ESSENTIAL), kinds(item)
    for header, number in ((ESSENTIAL, essential), (GENERIC, generic)):
        if number is not None and number > most:
            raise row.fault(header, f"不能多于药品品种数 {most}")
    typed = item.typed.generic if generic == generics(item) else generic
    return Typed(_amount(row), essential, typed)


def _whole(row: _Line, header: str) -> int | None:
    number = _number(row, header, float)
    if number is not None and (number != int(number) or number < 0):
        raise row.fault(header, "应为非负整数")
    return None if number is None else int(number)


def _amount(row: _Line) -> float | None:
    number = _number(row, AMOUNT, lambda text: float(text.removeprefix("¥").removesuffix("元").replace(",", "")))
    if number is not None and not 0 <= number < 1e9:
        raise row.fault(AMOUNT, "应为以元计的非负金额")
    return number


def _number(row: _Line, header: str, read: Callable[[str], float]) -> float | None:
    text = row.text(header)
    try:
        found = read(text) if text else None
    except ValueError:
        found = nan
    if found is not None and not isfinite(found):
        raise row.fault(header, f"“{text}”不是数")
    return found


def _says(item: Item, given: Judgement) -> bool:
    """Whether a judgement says nothing that is not stored."""
    typed = given.typed
    kept = (
        (typed.amount, item.typed.amount),
        (typed.essential, item.typed.essential),
        (typed.generic, item.typed.generic),
    )
    return (
        item.result is given.result
        and item.assignee == given.by
        and [*map(_written, item.problems)] == [*map(_written, given.problems)]
        and item.reason == given.reason
        and all(new is None or new == old for new, old in kept)
    )
