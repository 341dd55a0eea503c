"""Which side texts speak of: of operations they name, of parts of the body."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from clinical.medical_record import Document, DocumentKind
from nlp.body import sites
from nlp.facts import Fact
from supervision.record_qc.meaning import clause, operations_of
from supervision.record_qc.parts import parts
from supervision.record_qc.subject import Passage, Subject

SAID: Final = {"left": "左侧", "right": "右侧", "both": "双侧"}
OTHER: Final = {"left": "right", "right": "left"}
_OPERATION: Final = re.compile(r"(?P<side>[左右双])[^，,。；;、：:\n左右双术]{1,24}?术(?![后史前中式者野区术])")
_SIDES: Final = {"左": "left", "右": "right", "双": "both"}
_EARLIER: Final = re.compile(r"既往|曾|[年月天日]前|病史|术后")
_POSITION: Final = re.compile(
    r"卧位|体位|站位|术者|助手|垫高|支架|固定于|臂架|上肢静脉|输液|置管|取(?:骨|皮|材)|对侧|健侧"
)
_TAIL: Final = re.compile(r"(?:侧|区域?|部位?|处)$")
_VAGUE: Final = frozenset(("", "手", "肢体", "上肢", "下肢", "肢", "腹部", "腰部切口"))


class Sided(NamedTuple):
    """A side with the words that say it."""

    side: str
    passage: Passage
    start: int
    end: int


def sides_of(name: str) -> frozenset[str]:
    """The sides in the name of an operation."""
    return frozenset(_SIDES[letter] for letter in name if letter in _SIDES)


def one_side(sides: Iterable[str]) -> str:
    """Left or right where sides are that alone, else empty."""
    found = frozenset(sides)
    return next(iter(found)) if len(found) == 1 and "both" not in found else ""


def operations_named(passages: Iterable[Passage]) -> Iterator[Sided]:
    """The sides of operations that passages name as those to be done or done now."""
    for passage in passages:
        for match in _OPERATION.finditer(passage.text):
            around = clause(passage.text, match.start(), match.end())
            if not _EARLIER.search(around) and not _POSITION.search(match[0]):
                yield Sided(_SIDES[match["side"]], passage, match.start(), match.end())


def places_named(passage: Passage) -> Iterator[tuple[Sided, str]]:
    """Parts of the body with a side that a passage names, and which part; not how the patient lies."""
    for site in sites(passage.text):
        if site.side and not _POSITION.search(clause(passage.text, site.start, site.end)):
            yield Sided(site.side, passage, site.start, site.end), stem(site.text)


def stem(site: str) -> str:
    """A part of the body without its side: 左侧腹股沟区 and 右腹股沟 are the same. Empty for what is too wide."""
    bare = _TAIL.sub("", re.sub(r"[左右双两]侧?", "", site))
    return "" if bare in _VAGUE else bare


def shares_part(part: str, name: str) -> bool:
    """Whether the name of an operation is of a part of the body: it has two characters of it in a row, or its only
    one (肾, 眼, 膝)."""
    runs = {part[at : at + 2] for at in range(len(part) - 1)} or {part} - {""}
    return any(run in name for run in runs)


def side_near(fact: Fact, text: str) -> str:
    """The side of a fact, by itself or as its clause says it when it names one side alone."""
    if fact.side:
        return fact.side
    around = clause(text, fact.start, fact.end)
    return one_side(sides_of(around)) if "双" not in around else "both"


def operated_side(subject: Subject, document: Document) -> str | None:
    """The side of the operation that a document belongs to, where it has one alone (else empty): as the system says,
    else as the operation note's title says. None when nobody tells of the operation."""
    if subject.record.operations:
        return one_side(side for one in operations_of(subject, document) for side in sides_of(one.name))
    named = [
        one
        for note in subject.of(DocumentKind.OPERATION)
        if note is not document
        for one in operations_named(parts(note, "手术名称|手术方式"))
    ]
    return one_side(one.side for one in named) if named else None
