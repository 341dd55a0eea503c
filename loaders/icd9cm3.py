"""ICD-9-CM-3 procedures in Chinese: a TSV of code and name without a header."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from base.tabular import count_lines, text_of
from knowledge.intake import Loader, Row, RowError, statement_id
from knowledge.model import Citation, CodeRef, Concept, ConceptKind, Predicate, Source, Standing, Statement

_SOURCE: Final = Source("icd-9-cm-3", "国际疾病分类 手术与操作 (ICD-9-CM-3)", "standard", "国家卫生健康委员会")
_FILE: Final = "icd9cm3_procedures_zh.tsv"


def rows(path: Path) -> Iterator[Row | RowError]:
    """Procedures and what each is a kind of, by the prefix of its code.

    Raises ``FileNotFoundError`` when the TSV is missing.
    """
    file = path / _FILE if path.is_dir() else path
    if not file.exists():
        raise FileNotFoundError(f"{path}: {_FILE} is not here")
    yield Row(_SOURCE)
    entries = [line.split("\t") for line in text_of(file).splitlines()]
    known = {entry[0].strip() for entry in entries}
    for number, entry in enumerate(entries, 1):
        if len(entry) < 2 or not entry[0].strip() or not entry[1].strip():
            yield RowError(file.name, number, "", "must be code, tab, name")
            continue
        code, name = entry[0].strip(), entry[1].strip()
        codes = (CodeRef("icd-9-cm-3", code),)
        yield Row(Concept(_id(code), ConceptKind.PROCEDURE, name, codes=codes), file.name, number)
        parent = _parent(code, known)
        if parent:
            yield Row(_is_a(_id(code), _id(parent)), file.name, number)


def total(path: Path) -> int:
    """A concept and a parent for every line."""
    return 2 * count_lines(path / _FILE if path.is_dir() else path)


def _parent(code: str, known: set[str]) -> str:
    """The longest shorter code that exists: 00.0100 → 00.01 → 00.0 → 00."""
    for length in range(len(code) - 1, 1, -1):
        shorter = code[:length].rstrip(".")
        if shorter in known:
            return shorter
    return ""


def _is_a(subject: str, object_: str) -> Statement:
    key = statement_id(Predicate.IS_A, subject, object_)
    return Statement(key, subject, Predicate.IS_A, object_, citations=(Citation(_SOURCE.id),))


def _id(code: str) -> str:
    return f"procedure:icd9-{code}"


LOADER = Loader("icd-9-cm-3", "ICD-9-CM-3 手术与操作", Standing.SECONDARY, rows, total)
