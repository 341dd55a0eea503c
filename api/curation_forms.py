"""Records as forms: what a curator may fill in of each kind, and the record that a filled form makes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec import structs

from api.bodies import Body
from exchange.decoding import misread
from knowledge.cells import read_cell, written
from knowledge.model import (
    Article,
    Citation,
    CodeRef,
    Concept,
    ConceptKind,
    Predicate,
    Record,
    Rule,
    RuleCase,
    Section,
    Source,
    Statement,
)
from knowledge.shapes import attributes_of, said_of
from knowledge.tables import Column
from nlp.sentences import family_of
from rules.authored import Flaw

ORIGIN: Final = "curation"
Flaws = list[Flaw]


class Cited(Body, frozen=True):
    """Where something can be read."""

    source: str
    section: str = ""


class Code(Body, frozen=True):
    system: str
    code: str


class ConceptForm(Body, frozen=True):
    """A concept; ``cells`` are its attributes as the columns of its tables are written."""

    name: str
    name_en: str = ""
    synonyms: tuple[str, ...] = ()
    codes: tuple[Code, ...] = ()
    cells: dict[str, str] = {}


class StatementForm(Body, frozen=True):
    """A statement; ``cells`` are what it says, as the columns of its table are written."""

    cells: dict[str, str] = {}
    citations: tuple[Cited, ...] = ()
    evidence: str = ""
    valid_from: str = ""
    valid_to: str = ""


class Part(Body, frozen=True):
    """A section of an article."""

    heading: str
    text: str
    citations: tuple[Cited, ...] = ()


class ArticleForm(Body, frozen=True):
    concept: str
    title: str
    sections: tuple[Part, ...] = ()


class CaseForm(Body, frozen=True):
    """A rule's own test: facts by canonical text, and what must come of them."""

    name: str
    facts: dict[str, Any]
    expect: str


class RuleForm(Body, frozen=True):
    title: str
    condition: str
    severity: str
    message: str
    advice: str = ""
    departments: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    citations: tuple[Cited, ...] = ()
    evidence: str = ""
    cases: tuple[CaseForm, ...] = ()
    valid_from: str = ""
    valid_to: str = ""


class SourceForm(Body, frozen=True):
    title: str
    kind: str
    publisher: str = ""
    edition: str = ""
    year: int = 0
    url: str = ""


Form = ConceptForm | StatementForm | ArticleForm | RuleForm | SourceForm
FORMS: Final[dict[str, type[Form]]] = {
    "concept": ConceptForm,
    "statement": StatementForm,
    "article": ArticleForm,
    "rule": RuleForm,
    "source": SourceForm,
}
TYPES: Final[dict[str, type[Record]]] = {
    "concept": Concept,
    "statement": Statement,
    "article": Article,
    "rule": Rule,
    "source": Source,
}


def form_of(kind: str, given: Any) -> Form:
    """A form as it was sent. Raises ``ReadError`` that names the field."""
    try:
        return msgspec.convert(given, FORMS[kind])
    except msgspec.ValidationError as error:
        raise misread(error) from None


# -- from record to form -----------------------------------------------------------------------


def filled(record: Record) -> Form:
    """The form that makes a record."""
    return _FILLED[type(record)](record)


def columns_of(record: Record) -> tuple[Column, ...]:
    """Columns that the cells of a record's form stand in."""
    if isinstance(record, Concept):
        return attributes_of(record.kind)
    return _said_by(record.predicate, frozenset(record.qualifiers)) if isinstance(record, Statement) else ()


@lru_cache(512)
def _said_by(predicate: Predicate, fields: frozenset[str]) -> tuple[Column, ...]:
    """Of the tables that say a predicate, the columns of the one that has most of these fields."""
    tables = [said_of(table, predicate) for table in family_of(predicate).tables]
    return max(tables, key=lambda columns: sum(c.field in fields for c in columns), default=())


def _cells(record: Concept | Statement, said: Mapping[str, Any]) -> dict[str, str]:
    return {c.field: written(c, said[c.field]) for c in columns_of(record) if c.field in said}


def _cited(citations: Iterable[Citation]) -> tuple[Cited, ...]:
    return tuple(Cited(source=one.source, section=one.section) for one in citations)


def _concept(record: Concept) -> ConceptForm:
    codes = tuple(Code(system=ref.system, code=ref.code) for ref in record.codes)
    return ConceptForm(
        name=record.name,
        name_en=record.name_en,
        synonyms=record.synonyms,
        codes=codes,
        cells=_cells(record, record.attributes),
    )


def _statement(record: Statement) -> StatementForm:
    return StatementForm(
        cells=_cells(record, record.qualifiers),
        citations=_cited(record.citations),
        evidence=record.evidence,
        valid_from=record.valid_from,
        valid_to=record.valid_to,
    )


def _article(record: Article) -> ArticleForm:
    parts = tuple(Part(heading=s.heading, text=s.text, citations=_cited(s.citations)) for s in record.sections)
    return ArticleForm(concept=record.concept, title=record.title, sections=parts)


def _rule(record: Rule) -> RuleForm:
    return RuleForm(
        title=record.title,
        condition=record.condition,
        severity=record.severity,
        message=record.message,
        advice=record.advice,
        departments=record.scope.get("departments", ()),
        stages=record.scope.get("stages", ()),
        citations=_cited(record.citations),
        evidence=record.evidence,
        cases=tuple(CaseForm(name=c.name, facts=c.facts, expect=c.expect) for c in record.cases),
        valid_from=record.valid_from,
        valid_to=record.valid_to,
    )


def _source(record: Source) -> SourceForm:
    kept = {name: getattr(record, name) for name in SourceForm.__struct_fields__}
    return SourceForm(**kept)


_FILLED: Final[dict[type, Callable[[Any], Form]]] = {
    Concept: _concept,
    Statement: _statement,
    Article: _article,
    Rule: _rule,
    Source: _source,
}


# -- from form to record -----------------------------------------------------------------------


def made(form: Form, id_: str, before: Record | None) -> tuple[Record | None, Flaws]:
    """The record that a form makes, upon the one before it; None with the flaws for which there is none."""
    return _MADE[type(form)](form, id_, before)


def _read(
    record: Concept | Statement, cells: Mapping[str, str], said: Mapping[str, Any]
) -> tuple[dict[str, Any], Flaws]:
    """What cells say, beside what no column knows. Of a concept other sources may know less than our tables ask."""
    columns = {column.field: column for column in columns_of(record)}
    values = {name: value for name, value in said.items() if name not in columns}
    flaws = [Flaw(f"cells.{name}", "没有该字段") for name in cells if name not in columns]
    for name, column in columns.items():
        text = cells.get(name, "").strip()
        if not text and column.required and isinstance(record, Statement):
            flaws.append(Flaw(f"cells.{name}", f"{column.label}必填"))
        elif text:
            try:
                value = read_cell(column, text)
                values[name] = list(value) if isinstance(value, tuple) else value
            except ValueError as error:
                flaws.append(Flaw(f"cells.{name}", str(error)))
    return values, flaws


def _citations(given: Iterable[Cited]) -> tuple[Citation, ...]:
    return tuple(Citation(one.source.strip(), one.section.strip()) for one in given)


def _to_concept(form: ConceptForm, id_: str, before: Concept | None) -> tuple[Record | None, Flaws]:
    kind = id_.partition(":")[0]
    if before is None and kind not in set(ConceptKind):
        return None, [Flaw("id", f"编号须以概念类型开头，如 disease:…；可用类型：{', '.join(ConceptKind)}")]
    base = before or Concept(id_, ConceptKind(kind), form.name, origin=ORIGIN)
    attributes, flaws = _read(base, form.cells, base.attributes)
    made = structs.replace(
        base,
        name=form.name.strip(),
        name_en=form.name_en.strip(),
        synonyms=tuple(dict.fromkeys(s.strip() for s in form.synonyms if s.strip())),
        codes=tuple(CodeRef(c.system.strip(), c.code.strip()) for c in form.codes),
        attributes=attributes,
    )
    return made, flaws


def _to_statement(form: StatementForm, id_: str, before: Statement | None) -> tuple[Record | None, Flaws]:
    if before is None:
        return None, [Flaw("id", "新知识从其所属的表格录入")]
    said, flaws = _read(before, form.cells, before.qualifiers)
    made = structs.replace(
        before,
        qualifiers=said,
        citations=_citations(form.citations),
        evidence=form.evidence,
        valid_from=form.valid_from,
        valid_to=form.valid_to,
    )
    return made, flaws


def _to_article(form: ArticleForm, id_: str, before: Article | None) -> tuple[Record | None, Flaws]:
    sections = tuple(Section(p.heading.strip(), p.text.strip(), _citations(p.citations)) for p in form.sections)
    base = before or Article(id_, form.concept, form.title, origin=ORIGIN)
    return structs.replace(base, concept=form.concept, title=form.title.strip(), sections=sections), []


def _to_rule(form: RuleForm, id_: str, before: Rule | None) -> tuple[Record | None, Flaws]:
    scope = {"departments": form.departments, "stages": form.stages}
    base = before or Rule(id_, form.title, "authored", "", "", "", origin=ORIGIN)
    made = structs.replace(
        base,
        title=form.title.strip(),
        condition=form.condition.strip(),
        severity=form.severity,
        message=form.message.strip(),
        advice=form.advice.strip(),
        scope={name: places for name, places in scope.items() if places},
        citations=_citations(form.citations),
        evidence=form.evidence,
        cases=tuple(RuleCase(c.name, c.facts, c.expect) for c in form.cases),
        valid_from=form.valid_from,
        valid_to=form.valid_to,
    )
    return made, []


def _to_source(form: SourceForm, id_: str, before: Source | None) -> tuple[Record | None, Flaws]:
    return Source(id_, **structs.asdict(form)), []


_MADE: Final[dict[type, Callable[[Any, str, Any], tuple[Record | None, Flaws]]]] = {
    ConceptForm: _to_concept,
    StatementForm: _to_statement,
    ArticleForm: _to_article,
    RuleForm: _to_rule,
    SourceForm: _to_source,
}
