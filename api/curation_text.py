"""A record as lines of text, one thing on each, so that two revisions can be read side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from knowledge.lending import LENT
from knowledge.model import Article, Citation, Concept, Record, Rule, Source, Statement
from knowledge.tables import EVIDENCE, SEVERITIES, SOURCE_KINDS
from knowledge.titles import CONCEPTS
from nlp.sentences import family_of, heading
from nlp.wording import columns, said
from rules.authored import OUTCOMES

Name = Callable[[str], str]
_GRADES: Final = {meant: word for word, meant in EVIDENCE.items()}
_SEVERITIES: Final = {meant: word for word, meant in SEVERITIES.items()}
_KINDS: Final = {meant: word for word, meant in SOURCE_KINDS.items()}


def text_of(record: Record, name: Name) -> str:
    """The lines of a record; ``name`` gives what a concept or source is called."""
    return "\n".join(f"{label}：{value}" for label, value in _lines(record, name) if value) + "\n"


def title_of(record: Record, name: Name) -> str:
    """A record in one line."""
    if isinstance(record, Statement):
        about = f"{name(record.subject)} → {name(record.object)}" if record.object else name(record.subject)
        return f"{heading(record.predicate)}：{about}"
    return record.name if isinstance(record, Concept) else record.title


def _lines(record: Record, name: Name) -> Iterator[tuple[str, Any]]:
    if isinstance(record, Concept):
        return _concept(record)
    if isinstance(record, Statement):
        return _statement(record, name)
    if isinstance(record, Article):
        return _article(record, name)
    return _rule(record, name) if isinstance(record, Rule) else _source(record)


def _concept(c: Concept) -> Iterator[tuple[str, Any]]:
    yield from (("类型", CONCEPTS[c.kind]), ("名称", c.name), ("英文名", c.name_en))
    yield from (("别名", synonym) for synonym in c.synonyms)
    yield from (("编码", f"{ref.system} {ref.code}") for ref in c.codes)
    yield from ((field, said(None, value)) for field, value in sorted(c.attributes.items()) if field != LENT)


def _statement(s: Statement, name: Name) -> Iterator[tuple[str, Any]]:
    known = columns(*family_of(s.predicate).tables)
    yield from (("内容", heading(s.predicate)), ("主体", name(s.subject)))
    yield "对象", name(s.object) if s.object else ""
    for field, value in sorted(s.qualifiers.items()):
        column = known.get(field)
        yield column.label if column else field, said(column, value)
    yield from _cited(s.citations, name)
    yield from (("证据", _GRADES.get(s.evidence, s.evidence)), ("生效", s.valid_from), ("失效", s.valid_to))


def _article(a: Article, name: Name) -> Iterator[tuple[str, Any]]:
    yield from (("标题", a.title), ("概念", name(a.concept)))
    for section in a.sections:
        yield "小标题", section.heading
        yield from (("正文", line) for line in section.text.splitlines())
        yield from _cited(section.citations, name)


def _rule(r: Rule, name: Name) -> Iterator[tuple[str, Any]]:
    yield from (("标题", r.title), ("条件", r.condition), ("严重程度", _SEVERITIES.get(r.severity, r.severity)))
    yield from (("提示", r.message), ("建议", r.advice))
    yield from (("适用科室", one) for one in r.scope.get("departments", ()))
    yield from (("适用环节", one) for one in r.scope.get("stages", ()))
    yield from _cited(r.citations, name)
    yield from (("证据", _GRADES.get(r.evidence, r.evidence)), ("生效", r.valid_from), ("失效", r.valid_to))
    for case in r.cases:
        facts = "，".join(f"{fact} = {_figure(value)}" for fact, value in sorted(case.facts.items()))
        yield "用例", f"{case.name}：{facts or '无资料'} → {OUTCOMES.get(case.expect, case.expect)}"


def _source(s: Source) -> Iterator[tuple[str, Any]]:
    yield from (("名称", s.title), ("类型", _KINDS.get(s.kind, s.kind)), ("发布者", s.publisher))
    yield from (("版本", s.edition), ("年份", str(s.year or "")), ("网址", s.url))


def _cited(citations: Iterable[Citation], name: Name) -> Iterator[tuple[str, Any]]:
    yield from (("来源", f"{name(one.source)} {one.section}".strip()) for one in citations)


def _figure(value: Any) -> str:
    return {True: "是", False: "否"}[value] if isinstance(value, bool) else str(value)
