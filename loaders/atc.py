"""WHO ATC with DDDs: ``atc_code, atc_name, ddd, uom, adm_r, note``, English.

Substances join ingredients of the same English name; classes stand beside our own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from base.tabular import TextRow, count_lines, read
from knowledge.intake import Loader, Row, RowError, statement_id
from knowledge.model import Citation, CodeRef, Concept, ConceptKind, Predicate, Source, Standing, Statement

_SOURCE: Final = Source("atc", "ATC分类与DDD索引", "standard", "WHO药物统计方法学合作中心")
_CITED: Final = (Citation(_SOURCE.id),)
_SEVERAL: Final = re.compile(r"\band\b|combination|,|\bother\b|various", re.IGNORECASE)
_LEVELS: Final = (1, 3, 4, 5, 7)


def rows(path: Path) -> Iterator[Row | RowError]:
    """Classes, substances and defined daily doses.

    Raises ``FileNotFoundError`` when there is no file named ``*atc*.csv``.
    """
    file = _file(path)
    yield Row(_SOURCE)
    for row in read(file):
        code, name = row.cells["atc_code"], row.cells["atc_name"]
        if len(code) not in _LEVELS or not name:
            yield RowError(row.file, row.line, "atc_code", f"{code!r} is no ATC code of five levels")
            continue
        yield Row(_concept(code, name), row.file, row.line)
        if len(code) > 1:
            parent = code[: _LEVELS[_LEVELS.index(len(code)) - 1]]
            yield Row(_is_a(_id(code, name), f"drug-class:atc-{parent}"), row.file, row.line)
        yield from _ddd(row, _id(code, name))


def total(path: Path) -> int:
    """A concept and a parent for every line."""
    return 2 * count_lines(_file(path))


def _file(path: Path) -> Path:
    found = path if path.is_file() else next(iter(sorted(path.glob("*atc*.csv"))), None)
    if found is None:
        raise FileNotFoundError(f"{path}: no file named *atc*.csv here")
    return found


def _concept(code: str, name: str) -> Concept:
    """Level 5 is a substance unless its name stands for several; everything above is a class."""
    codes = (CodeRef("atc", code),)
    if len(code) < 7:
        return Concept(_id(code, name), ConceptKind.DRUG_CLASS, name.capitalize(), name, (), codes)
    kind = ConceptKind.PRODUCT if _SEVERAL.search(name) else ConceptKind.INGREDIENT
    return Concept(_id(code, name), kind, name, name, (), codes)


def _ddd(row: TextRow, subject: str) -> Iterator[Row]:
    dose, unit, route = (row.cells[key] for key in ("ddd", "uom", "adm_r"))
    if re.fullmatch(r"\d+(?:\.\d+)?", dose) and unit != "NA":
        qualifiers = {"amount": float(dose), "unit": unit, "route": "" if route == "NA" else route}
        key = statement_id(Predicate.DEFINED_DAILY_DOSE, row.cells["atc_code"], route, unit)
        said = Statement(key, subject, Predicate.DEFINED_DAILY_DOSE, "", qualifiers, _CITED)
        yield Row(said, row.file, row.line)


def _is_a(subject: str, object_: str) -> Statement:
    key = statement_id(Predicate.IS_A, subject, object_)
    return Statement(key, subject, Predicate.IS_A, object_, citations=_CITED)


def _id(code: str, name: str) -> str:
    if len(code) < 7:
        return f"drug-class:atc-{code}"
    return f"{'product' if _SEVERAL.search(name) else 'ingredient'}:atc-{code}"


LOADER = Loader("atc", "WHO ATC/DDD", Standing.SECONDARY, rows, total)
