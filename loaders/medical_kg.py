"""A Chinese medical knowledge graph as CSV: ``nodes/*.csv`` (name) and ``rels/medical_*.csv`` (start, end).

Broad and noisy (crawled, no sources, no weights): *unreviewed*, for reading and as a weak prior,
never for alerts.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from base.tabular import count_lines, read
from knowledge.intake import Loader, Row, RowError, statement_id
from knowledge.model import Citation, Concept, ConceptKind, Predicate, Source, Standing, Statement

_SOURCE: Final = Source("medical-kg", "中文医学知识图谱 (网络采集)", "standard", "jiangnanboy/intelligent_medical")
_NODES: Final = {
    "disease": ConceptKind.DISEASE,
    "symptom": ConceptKind.SYMPTOM,
    "check": ConceptKind.EXAM,
    "drug": ConceptKind.PRODUCT,
    "producer": ConceptKind.PRODUCT,
    "food": ConceptKind.FOOD,
    "department": ConceptKind.DEPARTMENT,
}
_RELATIONS: Final = {
    "has_symptom": (Predicate.HAS_SYMPTOM, "disease", ("symptom",)),
    "need_check": (Predicate.NEEDS_EXAM, "disease", ("check",)),
    "common_drug": (Predicate.TREATED_WITH, "disease", ("drug", "producer")),
    "recommand_drug": (Predicate.TREATED_WITH, "disease", ("drug", "producer")),
    "acompany_with": (Predicate.COMPLICATED_BY, "disease", ("disease", "symptom")),
    "dept_path": (Predicate.TREATED_IN, "disease", ("department",)),
    "belongs_to": (Predicate.IS_A, "department", ("department",)),
    "do_eat": (Predicate.GOOD_FOOD, "disease", ("food",)),
    "recommand_eat": (Predicate.GOOD_FOOD, "disease", ("food",)),
    "no_eat": (Predicate.BAD_FOOD, "disease", ("food",)),
    "drugs_of": (Predicate.IS_A, "producer", ("drug",)),
}
_CITED: Final = (Citation(_SOURCE.id),)


def rows(path: Path) -> Iterator[Row | RowError]:
    """Concepts of all node files, then the relations between them.

    Raises ``FileNotFoundError`` when ``nodes`` or ``rels`` is missing.
    """
    if not (path / "nodes").is_dir() or not (path / "rels").is_dir():
        raise FileNotFoundError(f"{path}: no folders `nodes` and `rels` of the knowledge graph here")
    yield Row(_SOURCE)
    known: dict[str, set[str]] = {}
    for stem, kind in _NODES.items():
        known[stem] = set()
        for row in read(path / "nodes" / f"{stem}.csv"):
            name = row.cells["name"]
            if name and name not in known[stem]:
                known[stem].add(name)
                yield Row(Concept(_id(stem, name), kind, name), row.file, row.line)
    for stem in _RELATIONS:
        yield from _relation(path / "rels" / f"medical_{stem}.csv", stem, known)


def total(path: Path) -> int:
    """Lines of all files."""
    return sum(count_lines(file) for file in path.glob("*/*.csv"))


def _relation(file: Path, stem: str, known: dict[str, set[str]]) -> Iterator[Row | RowError]:
    predicate, start_kind, end_kinds = _RELATIONS[stem]
    for row in read(file):
        start, end = row.cells["start"], row.cells["end"]
        kind = next((k for k in end_kinds if end in known[k]), "")
        if start not in known[start_kind] or not kind:
            missing = end if start in known[start_kind] else start
            yield RowError(row.file, row.line, "start/end", f"{missing!r} is in no node file")
        elif start != end:
            subject, object_ = _id(start_kind, start), _id(kind, end)
            key = statement_id(predicate, subject, object_)
            yield Row(Statement(key, subject, predicate, object_, citations=_CITED), row.file, row.line)


def _id(stem: str, name: str) -> str:
    return f"{_NODES[stem]}:kg-{statement_id(stem, name)}"


LOADER = Loader("medical-kg", "中文医学知识图谱", Standing.UNREVIEWED, rows, total, ordered=True)
