"""Yigong's own tables (CSV folder or workbook): the shipped content and a pharmacy's formulary."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import yaml

from base.tabular import TextRow, count_lines, read, sheets
from knowledge.cells import check_header, read_row
from knowledge.intake import Loader, Row, RowError, by_name, statement_id
from knowledge.model import (
    Citation,
    CodeRef,
    Concept,
    ConceptKind,
    Predicate,
    Record,
    Rule,
    Source,
    Standing,
    Statement,
)
from knowledge.tables import BY_NAME, TABLES, Table

Values = dict[str, Any]
_AMOUNT = re.compile(r"^(?P<name>.+?)\s+(?P<value>\d+(?:\.\d+)?)\s*(?P<unit>[^\s\d].*)$")
_CITING = ("source", "section", "evidence")


def rows(path: Path) -> Iterator[Row | RowError]:
    """Records of every table found in a folder, a workbook or a single ``<table>*.csv``.

    Raises ``FileNotFoundError`` when nothing there is named after a table.
    """
    found = list(_tables(path))
    if not found:
        names = ", ".join(table.name for table in TABLES)
        raise FileNotFoundError(f"{path}: no table of Yigong's here; files or sheets are named {names}")
    for table, file, sheet in found:
        yield from _table_rows(table, file, sheet)
    for file in _rule_files(path):
        yield from _rules(file)


def total(path: Path) -> int:
    """Lines in the CSV files (a workbook is counted as a thousand rows a sheet)."""
    return sum(1000 if sheet else max(count_lines(file) - 1, 0) for _, file, sheet in _tables(path))


def _tables(path: Path) -> Iterator[tuple[Table, Path, str]]:
    """(table, file, sheet), in the order the tables are declared: names before what uses them."""
    if path.suffix.lower() in (".xlsx", ".xlsm"):
        names = sheets(path)
        yield from ((t, path, n) for t in TABLES for n in names if n in (t.name, t.title))
        return
    files = sorted(path.glob("*.csv")) if path.is_dir() else [path]
    yield from ((t, file, "") for t in TABLES for file in files if _belongs(file.stem, t))


def _rule_files(path: Path) -> list[Path]:
    """Authored rules stand in ``rules*.yaml``: conditions and cases do not fit into table cells."""
    return sorted(path.glob("rules*.yaml")) if path.is_dir() else []


def _rules(file: Path) -> Iterator[Row | RowError]:
    try:
        entries = yaml.safe_load(file.read_text("utf-8")) or []
    except yaml.YAMLError as error:
        yield RowError(file.name, 1, "", f"is no YAML: {error}")
        return
    for number, entry in enumerate(entries, 1):
        try:
            records: tuple[Record, ...] = (*_label_source(entry), _rule(entry))
            for record in records:
                yield Row(record, file.name, number)
        except (msgspec.ValidationError, KeyError, TypeError) as error:
            yield RowError(file.name, number, str(entry)[:40], f"rule {number}: {error}")


def _rule(entry: Values) -> Rule:
    given = {k: v for k, v in entry.items() if k not in ("source", "section")}
    citation = {"source": _source_id(entry["source"]), "section": entry.get("section", "")}
    made = {**given, "id": f"rule:{entry['id']}", "family": "authored", "citations": [citation]}
    return msgspec.convert(made, Rule, strict=True)


def _belongs(stem: str, table: Table) -> bool:
    longest = max((t.name for t in TABLES if stem == t.name or stem.startswith(f"{t.name}_")), key=len, default="")
    return longest == table.name


def _table_rows(table: Table, file: Path, sheet: str) -> Iterator[Row | RowError]:
    build = _BUILDERS[table.name]
    for number, row in enumerate(read(file, sheet)):
        if number == 0:
            wrong = check_header(table, row)
            yield from wrong
            if any("missing" in error.message for error in wrong):
                return
        values, errors = read_row(table, row)
        yield from errors
        if not errors:
            yield from _built(build, values, row)


def _built(build: Callable[[Values], Iterator[Record]], values: Values, row: TextRow) -> Iterator[Row | RowError]:
    try:
        for record in (*_label_source(values), *build(values)):
            yield Row(record, row.file, row.line)
    except ValueError as error:
        yield RowError(row.file, row.line, "", str(error))


def _label_source(v: Values) -> Iterator[Source]:
    """A product label cited as ``说明书:华法林钠片`` is a source by itself."""
    kind, _, name = str(v.get("source", "")).partition(":")
    if kind == "说明书" and name:
        yield Source(_source_id(v["source"]), f"{name}说明书", "label", "药品上市许可持有人", "国内现行核准说明书")


def _source_id(text: str) -> str:
    return f"label:{text.partition(':')[2]}" if text.startswith("说明书:") else text


def _citations(v: Values) -> tuple[Citation, ...]:
    return (Citation(_source_id(v["source"]), v.get("section", "")),) if v.get("source") else ()


def _qualifiers(v: Values, *without: str) -> Values:
    """What a row says beside subject, object and citation; lists as lists, so that it stores as JSON."""
    kept = {k: list(x) if isinstance(x, tuple) else x for k, x in v.items() if k not in (*without, *_CITING)}
    if isinstance(kept.get("repeat_within"), float):
        kept["hours"] = kept.pop("repeat_within")
    return kept


def _statement(
    v: Values, predicate: Predicate, subject: str, object_: str, key: tuple[str, ...], *without: str
) -> Statement:
    return Statement(
        id=statement_id(predicate, subject, object_, *key),
        subject=subject,
        predicate=predicate,
        object=object_,
        qualifiers=_qualifiers(v, *without),
        citations=_citations(v),
        evidence=v.get("evidence", ""),
    )


def _plain(subject: str, predicate: Predicate, object_: str, v: Values, **qualifiers: Any) -> Statement:
    """A statement that carries nothing of the row but its citation."""
    cited = {k: v[k] for k in _CITING if k in v}
    key = tuple(f"{k}={x}" for k, x in sorted(qualifiers.items()))
    return _statement({**cited, **qualifiers}, predicate, subject, object_, key)


def _key(v: Values, *fields: str) -> tuple[str, ...]:
    return tuple(f"{field}={v[field]}" for field in fields if field in v)


def _concept(
    kind: ConceptKind, v: Values, codes: tuple[CodeRef, ...], synonyms: tuple[str, ...], *attributes: str
) -> Concept:
    kept = {k: list(v[k]) if isinstance(v[k], tuple) else v[k] for k in attributes if k in v}
    names = tuple(dict.fromkeys(name for name in synonyms if name != v["name"]))
    english = v.get("inn") or v.get("name_en", "")
    return Concept(f"{kind}:{v['id']}", kind, v["name"], english, names, codes, kept)


def _codes(system: str, values: tuple[str, ...]) -> tuple[CodeRef, ...]:
    return tuple(CodeRef(system, value) for value in values)


def _sources(v: Values) -> Iterator[Record]:
    text = {k: v.get(k, "") for k in ("publisher", "edition", "url")}
    yield Source(v["id"], v["title"], v["kind"], text["publisher"], text["edition"], v["year"], text["url"])


def _classes(v: Values) -> Iterator[Record]:
    codes = _codes("atc", v.get("atc", ()))
    concept = (
        _concept(ConceptKind.DRUG_CLASS, v, (), (), "atc") if codes else _concept(ConceptKind.DRUG_CLASS, v, (), ())
    )
    yield concept
    for parent in v.get("parents", ()):
        yield _plain(concept.id, Predicate.IS_A, by_name("drug", parent), v)


def _drugs(v: Values) -> Iterator[Record]:
    synonyms = (*v.get("salts", ()), *v.get("synonyms", ()))
    codes = _codes("atc", v.get("atc", ()))
    attributes = ("salts", "forms", "routes", "brands", "molar_mass", "iu_per_mg")
    concept = _concept(ConceptKind.INGREDIENT, v, codes, synonyms, *attributes)
    yield concept
    for name in v.get("classes", ()):
        yield _plain(concept.id, Predicate.IS_A, by_name("drug", name), v)


def _products(v: Values) -> Iterator[Record]:
    codes = _codes("atc", v.get("atc", ()))
    product = _concept(ConceptKind.PRODUCT, v, codes, v.get("synonyms", ()), "forms", "brands", "kind", "per")
    yield product
    if not v.get("ingredients"):
        raise ValueError(f"{v['name']}: 成分 is empty; name at least one ingredient")
    for entry in v["ingredients"]:
        match = _AMOUNT.match(entry)
        name = match["name"] if match else entry
        amount = {"amount": float(match["value"]), "unit": match["unit"].strip()} if match else {}
        yield _plain(product.id, Predicate.CONTAINS, by_name("drug", name), v, **amount, per=v.get("per", ""))


def _diseases(v: Values) -> Iterator[Record]:
    codes = _codes("icd-10-prefix", v.get("icd10", ()))
    disease = _concept(ConceptKind.DISEASE, v, codes, v.get("synonyms", ()))
    yield disease
    for parent in v.get("parents", ()):
        yield _plain(disease.id, Predicate.IS_A, by_name("disease", parent), v)


_OTHER_SIDE = {
    f"{field}{one}": f"{field}{two}" for field in ("", "alternatives_", "routes_") for one, two in ("ab", "ba")
}


def _interactions(v: Values) -> Iterator[Record]:
    a, b = sorted((v["a"], v["b"]))
    if a != v["a"]:  # the sides are sorted, so that A+B and B+A are one statement
        v = {_OTHER_SIDE.get(k, k): x for k, x in v.items()}
    key = _key(v, "routes", "routes_a", "routes_b")
    yield _statement(v, Predicate.INTERACTS_WITH, by_name("drug", a), by_name("drug", b), key, "a", "b")


def _contraindications(v: Values) -> Iterator[Record]:
    subject, disease = by_name("drug", v["drug"]), by_name("disease", v["disease"])
    yield _statement(v, Predicate.CONTRAINDICATED_IN, subject, disease, _key(v, "routes"), "drug", "disease")


def _about_drug(predicate: Predicate, *fields: str) -> Callable[[Values], Iterator[Record]]:
    """Statements about a drug, the indication (if any) as object; ``fields`` tell its rows apart."""

    def build(v: Values) -> Iterator[Record]:
        subject = by_name("drug", v["drug"])
        key = _key(v, *fields)
        if "indication" in v:
            yield _statement(v, predicate, subject, by_name("disease", v["indication"]), key, "drug", "indication")
        else:
            yield _statement(v, predicate, subject, "", key, "drug")

    return build


def _duplicate_groups(v: Values) -> Iterator[Record]:
    yield _statement(v, Predicate.DUPLICATE_GROUP, by_name("drug", v["group"]), "", _key(v, "routes"), "group")


def _allergens(v: Values) -> Iterator[Record]:
    allergen = _concept(ConceptKind.ALLERGEN, v, (), v.get("synonyms", ()))
    yield allergen
    for member in v["members"]:
        yield _plain(allergen.id, Predicate.ALLERGEN_OF, by_name("drug", member), v)


def _cross_reactivity(v: Values) -> Iterator[Record]:
    subject, object_ = by_name("allergy", v["allergen"]), by_name("drug", v["drug"])
    yield _statement(v, Predicate.CROSS_REACTS, subject, object_, (), "allergen", "drug")


def _measurable(kind: ConceptKind, *attributes: str) -> Callable[[Values], Iterator[Record]]:
    """A test or an examination: the concept, what it contains, how soon a repeat is one."""

    def build(v: Values) -> Iterator[Record]:
        synonyms = (*v.get("abbreviations", ()), *v.get("synonyms", ()))
        concept = _concept(kind, v, _codes("loinc", v.get("loinc", ())), synonyms, *attributes)
        yield concept
        for member in v.get("members", ()):
            yield _plain(concept.id, Predicate.CONTAINS, by_name(kind.value, member), v)
        if "repeat_within" in v:
            yield _plain(concept.id, Predicate.REPEAT_INTERVAL, "", v, hours=v["repeat_within"])

    return build


def _lab_ranges(v: Values) -> Iterator[Record]:
    key = _key(v, "sex", "age_min", "age_max", "unit")
    yield _statement(v, Predicate.REFERENCE_RANGE, by_name("lab", v["lab"]), "", key, "lab")


_BUILDERS: dict[str, Callable[[Values], Iterator[Record]]] = {
    "sources": _sources,
    "classes": _classes,
    "drugs": _drugs,
    "products": _products,
    "diseases": _diseases,
    "interactions": _interactions,
    "contraindications": _contraindications,
    "pregnancy_lactation": _about_drug(Predicate.PREGNANCY_LACTATION, "state", "trimesters", "routes"),
    "age_limits": _about_drug(Predicate.AGE_LIMIT, "age_min", "age_max", "routes"),
    "renal": _about_drug(Predicate.RENAL_LIMIT, "measure", "at_least", "below", "dialysis", "routes"),
    "hepatic": _about_drug(Predicate.HEPATIC_LIMIT, "child_pugh", "alt_times_uln", "routes"),
    "dosing": _about_drug(
        Predicate.DOSE_RANGE,
        *(
            "population",
            "age_min",
            "age_max",
            "weight_min",
            "weight_max",
            "routes",
            "forms",
            "indication",
            "per",
            "loading",
        ),
    ),
    "frequency": _about_drug(Predicate.FREQUENCY_LIMIT, "forms", "routes", "indication"),
    "route": _about_drug(Predicate.ROUTE_LIMIT, "forms", "forbidden", "allowed"),
    "duplicate_groups": _duplicate_groups,
    "allergens": _allergens,
    "cross_reactivity": _cross_reactivity,
    "labs": _measurable(ConceptKind.LAB, "specimen", "unit", "molar_mass"),
    "lab_ranges": _lab_ranges,
    "exams": _measurable(ConceptKind.EXAM, "modality", "body_site"),
}
assert _BUILDERS.keys() == BY_NAME.keys()

LOADER = (
    Loader("yigong", "医共起步内容", Standing.STARTER, rows, total),
    Loader(
        "formulary",
        "机构自有表格 (药品目录、相互作用、剂量、禁忌、检验、检查)",
        Standing.UNREVIEWED,
        rows,
        total,
        own=True,
    ),
)
