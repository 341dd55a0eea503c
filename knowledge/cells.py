"""Reading the cells of Yigong's tables: text to typed values, every fault gathered."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import isfinite
from typing import Any, Final

from base.tabular import TextRow
from clinical.age import MONTH, YEAR
from knowledge.intake import RowError
from knowledge.tables import Column, Kind, Table

MISSING_COLUMN: Final = "缺少必需的列，请补上"
_AGE = re.compile(r"^(\d+(?:\.\d+)?)\s*(天|日|周|月|岁|年)$")
_DAYS = {"天": 1.0, "日": 1.0, "周": 7.0, "月": MONTH, "岁": YEAR, "年": YEAR}
_DURATION = re.compile(r"^(\d+(?:\.\d+)?)\s*(小时|时|天|日|周|月|年)$")
_HOURS = {"小时": 1.0, "时": 1.0, "天": 24.0, "日": 24.0, "周": 168.0, "月": 730.5, "年": 8766.0}
_ICD10 = re.compile(r"^([A-Z]\d{2})(?:\.(\d{1,4}))?$")


def read_row(table: Table, row: TextRow) -> tuple[dict[str, Any], list[RowError]]:
    """Typed values by field name (empty cells left out) and every fault of the row."""
    values: dict[str, Any] = {}
    errors: list[RowError] = []
    for column in table.columns:
        text = row.cells.get(column.label)
        text = (row.cells.get(column.field, "") if text is None else text).strip()
        try:
            if text:
                values[column.field] = read_cell(column, text)
            elif column.required:
                raise ValueError("必填，不能为空")
        except ValueError as error:
            errors.append(RowError(row.file, row.line, column.label, str(error)))
    return values, errors


def check_header(table: Table, row: TextRow) -> list[RowError]:
    """Headers that the table does not know and required ones that are missing."""
    known = {name for column in table.columns for name in (column.label, column.field)}
    errors = [
        RowError(
            row.file,
            1,
            header,
            f"表“{table.title}”没有该列；可用：{'、'.join(c.label for c in table.columns)}",
        )
        for header in row.cells
        if header and header not in known
    ]
    errors += [
        RowError(row.file, 1, column.label, MISSING_COLUMN)
        for column in table.columns
        if column.required and column.label not in row.cells and column.field not in row.cells
    ]
    return errors


def read_cell(column: Column, text: str) -> Any:
    """One cell as its column says. Raises ``ValueError`` that says what is expected."""
    return _READERS[column.kind](text, column)


def split(text: str) -> tuple[str, ...]:
    """Entries of a list cell; full-width semicolons count."""
    return tuple(part.strip() for part in text.replace("；", ";").split(";") if part.strip())


def icd10_prefixes(text: str) -> tuple[str, ...]:
    """Codes and ranges as code prefixes: ``K25-K27;I20.0`` → K25, K26, K27, I20.0."""
    found: list[str] = []
    for part in split(text.replace("–", "-")):
        start, _, end = part.partition("-")
        found += _range(start.strip(), end.strip()) if end else [_icd10(start.strip())]
    return tuple(found)


def _icd10(code: str) -> str:
    if not _ICD10.match(code):
        raise ValueError(f"“{code}”不是 ICD-10 编码，写作 K25、I20.0 或范围 K25-K28")
    return code


def _range(start: str, end: str) -> list[str]:
    first, last = _ICD10.match(_icd10(start)), _ICD10.match(_icd10(end))
    assert first is not None
    assert last is not None
    stem = start[0] if first[2] is None else first[1]
    low, high = (int(start[1:3]), int(end[1:3])) if first[2] is None else (int(first[2]), int(last[2] or -1))
    if start[0] != end[0] or high < low or (first[2] is not None and first[1] != last[1]):
        raise ValueError(f"范围 {start}-{end} 须在同一字母（或同一类目）内且由小到大")
    return [f"{stem}{n:02d}" if first[2] is None else f"{stem}.{n}" for n in range(low, high + 1)]


def _measure(pattern: re.Pattern[str], factors: dict[str, float], example: str) -> Callable[[str, Column], float]:
    def read(text: str, column: Column) -> float:
        match = pattern.match(text)
        if not match:
            raise ValueError(f"“{text}”不能识别，写作 {example}")
        return round(float(match[1]) * factors[match[2]], 4)

    return read


def _number(text: str, column: Column) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"“{text}”不是数字") from None
    if not isfinite(value):  # nan is no dose, and no limit is ever above it
        raise ValueError(f"“{text}”不是数字")
    if value < 0:
        raise ValueError(f"{text} 不能为负数")
    return value


def _integer(text: str, column: Column) -> int:
    value = _number(text, column)
    if value != int(value):
        raise ValueError(f"{text} 不是整数")
    return int(value)


def _yes(text: str, column: Column) -> bool:
    if text not in ("是", "否", "yes", "no"):
        raise ValueError(f"“{text}”：写“是”或留空")
    return text in ("是", "yes")


def _enum(text: str, column: Column) -> Any:
    choices = column.choices or {}
    if text in choices:
        return choices[text]
    if text in choices.values():
        return text
    raise ValueError(f"“{text}”不在可选值中：{'、'.join(choices)}")


def _enums(text: str, column: Column) -> tuple[Any, ...]:
    return tuple(_enum(part, column) for part in split(text))


def _text(text: str, column: Column) -> str:
    return text


def _list(text: str, column: Column) -> tuple[str, ...]:
    return split(text)


_READERS: dict[Kind, Callable[[str, Column], Any]] = {
    Kind.TEXT: _text,
    Kind.DRUG: _text,
    Kind.DISEASE: _text,
    Kind.LAB: _text,
    Kind.SOURCE: _text,
    Kind.LIST: _list,
    Kind.DRUGS: _list,
    Kind.DISEASES: _list,
    Kind.NUMBER: _number,
    Kind.INTEGER: _integer,
    Kind.AGE: _measure(_AGE, _DAYS, "28天、6月、12岁"),
    Kind.DURATION: _measure(_DURATION, _HOURS, "12小时、7天、3月"),
    Kind.YES: _yes,
    Kind.ENUM: _enum,
    Kind.ENUMS: _enums,
    Kind.ICD10: lambda text, column: icd10_prefixes(text),
}


# -- and back ----------------------------------------------------------------------------------


def written(column: Column, value: Any) -> str:
    """A value as its cell is written: what ``read_cell`` makes the same of."""
    if isinstance(value, list | tuple):
        return ";".join(written(column, one) for one in value)
    if isinstance(value, bool) and not column.choices:
        return "是" if value else "否"
    if column.choices:
        return next((word for word, meant in column.choices.items() if meant == value), str(value))
    if not isinstance(value, int | float):
        return str(value)
    units = {Kind.AGE: _DAYS, Kind.DURATION: _HOURS}.get(column.kind)
    return _in_units(value, units) if units else _figure(value)


def _in_units(value: float, units: dict[str, float]) -> str:
    """In the largest unit that it is a whole number of, else in the smallest."""
    by_size = sorted(units.items(), key=lambda one: -one[1])
    whole = ((value / size, name) for name, size in by_size if value >= size)
    times, unit = next(((t, n) for t, n in whole if abs(t - round(t)) * units[n] < _ROUNDED), (0.0, ""))
    name, size = by_size[-1]
    return f"{round(times)}{unit}" if unit else f"{_figure(value / size)}{name}"


_ROUNDED: Final = 0.001
"""Days and hours are kept to four digits: what differs by less is the same."""


def _figure(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")
