"""Rows of tables as records: the few shapes that all tables are built from."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from knowledge.intake import by_name, statement_id
from knowledge.model import Citation, CodeRef, Concept, ConceptKind, Predicate, Record, Source, Statement

Values = dict[str, Any]
Build = Callable[[Values], Iterable[Record]]
CITING = ("source", "section", "evidence")


def label_source(v: Values) -> Iterator[Source]:
    """A product label cited as ``说明书:华法林钠片`` is a source by itself."""
    kind, _, name = str(v.get("source", "")).partition(":")
    if kind == "说明书" and name:
        yield Source(source_id(v["source"]), f"{name}说明书", "label", "药品上市许可持有人", "国内现行核准说明书")


def source_id(text: str) -> str:
    """Id of a cited source: of a label, or as the sources table has it."""
    return f"label:{text.partition(':')[2]}" if text.startswith("说明书:") else text


def citations(v: Values) -> tuple[Citation, ...]:
    """What a row cites."""
    return (Citation(source_id(v["source"]), v.get("section", "")),) if v.get("source") else ()


def qualifiers(v: Values, *without: str) -> Values:
    """What a row says beside subject, object and citation; lists as lists, so that it stores as JSON."""
    kept = {k: list(x) if isinstance(x, tuple) else x for k, x in v.items() if k not in (*without, *CITING)}
    if isinstance(kept.get("repeat_within"), float):
        kept["hours"] = kept.pop("repeat_within")
    return kept


def statement(
    v: Values, predicate: Predicate, subject: str, object_: str, key: tuple[str, ...], *without: str
) -> Statement:
    """A row as one statement: its id from predicate, subject, object and key, its qualifiers from all
    columns but those named in ``without`` and the citation."""
    return Statement(
        id=statement_id(predicate, subject, object_, *key),
        subject=subject,
        predicate=predicate,
        object=object_,
        qualifiers=qualifiers(v, *without),
        citations=citations(v),
        evidence=v.get("evidence", ""),
    )


def plain(subject: str, predicate: Predicate, object_: str, v: Values, **given: Any) -> Statement:
    """A statement that carries nothing of the row but its citation."""
    cited = {k: v[k] for k in CITING if k in v}
    key = tuple(f"{k}={x}" for k, x in sorted(given.items()))
    return statement({**cited, **given}, predicate, subject, object_, key)


def key_of(v: Values, *fields: str) -> tuple[str, ...]:
    """What tells rows with the same subject and object apart."""
    return tuple(f"{field}={v[field]}" for field in fields if field in v)


def concept(
    kind: ConceptKind, v: Values, codes: tuple[CodeRef, ...], synonyms: tuple[str, ...], *attributes: str
) -> Concept:
    """A row as a concept ``<kind>:<id>``."""
    kept = {k: list(v[k]) if isinstance(v[k], tuple) else v[k] for k in attributes if k in v}
    names = tuple(dict.fromkeys(name for name in synonyms if name != v["name"]))
    english = v.get("inn") or v.get("name_en", "")
    return Concept(f"{kind}:{v['id']}", kind, v["name"], english, names, codes, kept)


def codes_in(system: str, values: tuple[str, ...]) -> tuple[CodeRef, ...]:
    """Codes of one system."""
    return tuple(CodeRef(system, value) for value in values)


def about(predicate: Predicate, *fields: str, subject: str = "drug", column: str = "") -> Build:
    """Statements about the thing in the column ``subject`` (a drug unless ``column`` says it is a lab,
    exam, procedure, disease …), the indication (if any) as object; ``fields`` tell its rows apart."""
    group = column or subject

    def build(v: Values) -> Iterator[Record]:
        one = by_name(group, v[subject])
        key = key_of(v, *fields)
        if "indication" in v:
            yield statement(v, predicate, one, by_name("disease", v["indication"]), key, subject, "indication")
        else:
            yield statement(v, predicate, one, "", key, subject)

    return build


def between(predicate: Predicate, subject: tuple[str, str], object_: tuple[str, str], *fields: str) -> Build:
    """Statements from one thing to another; each side is (column, group): ``("drug", "drug")``,
    ``("lab", "lab")``."""
    (one, one_group), (other, other_group) = subject, object_

    def build(v: Values) -> Iterator[Record]:
        yield statement(
            v, predicate, by_name(one_group, v[one]), by_name(other_group, v[other]), key_of(v, *fields), one, other
        )

    return build


def pair(predicate: Predicate, *fields: str, sided: tuple[str, ...] = ()) -> Build:
    """Symmetric statements between the drugs of columns ``a`` and ``b``. The sides are sorted, so that A+B
    and B+A are one statement; ``sided`` are stems of columns that belong to one side (``routes_a``)."""
    other = {f"{stem}{x}": f"{stem}{y}" for stem in ("", *sided) for x, y in ("ab", "ba")}

    def build(v: Values) -> Iterator[Record]:
        a, b = sorted((v["a"], v["b"]))
        if a != v["a"]:
            v = {other.get(k, k): x for k, x in v.items()}
        yield statement(v, predicate, by_name("drug", a), by_name("drug", b), key_of(v, *fields), "a", "b")

    return build


_AMOUNT = re.compile(r"^(?P<name>.+?)\s+(?P<value>\d+(?:\.\d+)?)\s*(?P<unit>[^\s\d].*)$")


def contents(product: Concept, entries: Iterable[str], v: Values) -> Iterator[Statement]:
    """What a product contains: ``对乙酰氨基酚 250mg`` or a bare name."""
    for entry in entries:
        match = _AMOUNT.match(entry)
        name = match["name"] if match else entry
        amount = {"amount": float(match["value"]), "unit": match["unit"].strip()} if match else {}
        yield plain(product.id, Predicate.CONTAINS, by_name("drug", name), v, **amount, per=v.get("per", ""))
