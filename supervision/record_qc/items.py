"""Checks of what a document must tell, a table for each kind of document: a form and its items."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from clinical.medical_record import Document, DocumentKind, RecordKind, Section
from nlp.sections import section_of
from supervision.record_qc.model import INPATIENT, Aspect, Check, Defect, Gap, Group, Said, Severity
from supervision.record_qc.places import Place
from supervision.record_qc.subject import Passage, Subject

_NUMBER: Final = r"(?:[一二三四五六七八九十\d]{1,3}[、.．)）]\s*)?"
_OPENS: Final = rf"(?:^|(?<=[。；;！\s]))[ \t]*{_NUMBER}[【\[(（]?[ \t]*"
_CLOSES: Final = r"[ \t]*(?:[】\])）][ \t]*[:：]?|[:：]|$)"
_BARE: Final = re.compile(rf"^\s*{_NUMBER}[【\[(（]?\s*(?P<title>.*?)\s*[】\])）]?\s*[:：]?\s*$", re.DOTALL)
_DIAGNOSES: Final = "(?:初步|入院|出院|术[前中后]|门诊|目前|鉴别)?诊断"
"""What stands between other headings in every document."""
_UNFILLED: Final = re.compile(r"[\W_]*")
_NOTHING: Final = re.compile(r"[\W_无略]*")


@dataclass(frozen=True, slots=True)
class Item:
    """Something that a document must tell. ``headings``: a regular expression of the headings that it may stand
    under; ``words``: one of words that tell it, wherever they stand but in the sections ``outside``.
    ``none_will_do``: 无 is an answer. ``known``: whether the document's data tell it already; ``asked``: whether it
    is asked of this record at all, or what must be known."""

    name: str
    called: str
    headings: str = ""
    words: str = ""
    points: float = 1.0
    none_will_do: bool = False
    outside: frozenset[str] = frozenset()
    known: Callable[[Document], bool] | None = None
    asked: Callable[[Subject], bool | Gap] | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """Kinds of document with what they must tell; every item makes a check, ``<name>-<item's name>``. ``within``:
    sections that words are looked for in; without the first of them nothing is judged (that is another check's)."""

    name: str
    documents: tuple[DocumentKind, ...]
    source: str
    group: Group
    items: tuple[Item, ...]
    kinds: frozenset[RecordKind] = INPATIENT
    called: str = ""
    severity: Severity = Severity.MAJOR
    within: tuple[str, ...] = ()
    _any_heading: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        headings = "|".join(item.headings for item in self.items if item.headings)
        object.__setattr__(self, "_any_heading", _heading(f"{headings}|{_DIAGNOSES}"))

    def checks(self) -> tuple[Check, ...]:
        """The checks of this form."""
        return tuple(self._check(item) for item in self.items)

    def _check(self, item: Item) -> Check:
        called = self.called or self.documents[0].value
        asked = _Asked(item, self._any_heading)

        def run(subject: Subject) -> Iterator[Said]:
            wanted = item.asked(subject) if item.asked else True
            for document in subject.judged(*self.documents) if wanted else ():
                if self.within and subject.section(document, self.within[0]) is None:
                    continue
                yield from (
                    (wanted,) if isinstance(wanted, Gap) else asked.of(document, self._texts(subject, document, item))
                )

        return Check(
            name=f"{self.name}-{item.name}",
            title=f"{called}未记录{item.called}",
            group=self.group,
            aspect=Aspect.COMPLETE,
            kinds=self.kinds,
            source=self.source,
            mend=f"在{called}中补充{item.called}",
            run=run,
            severity=self.severity,
            points=item.points,
        )

    def _texts(self, subject: Subject, document: Document, item: Item) -> list[str]:
        """Where words are looked for."""
        if not self.within and not item.outside:
            return [section.text for section in document.sections]
        counted = [p for p in subject.passages(document) if p.name not in item.outside]
        return [passage.text for passage in counted if not self.within or passage.name in self.within]


class _Asked:
    """One item, looked for in a document."""

    def __init__(self, item: Item, any_heading: re.Pattern[str]) -> None:
        self._item, self._any_heading = item, any_heading
        self._title = re.compile(item.headings or "(?!)")
        self._heading = _heading(item.headings)
        self._words = re.compile(item.words or "(?!)")
        self._empty = _UNFILLED if item.none_will_do else _NOTHING

    def of(self, document: Document, texts: list[str]) -> Iterator[Said]:
        """What is wrong with it, its words being looked for in some texts."""
        if self._item.known is not None and self._item.known(document):
            return
        if not any(section.text.strip() for section in document.sections):
            yield Gap(f"{document.kind.value}的正文")
            return
        if any(self._words.search(text) for text in texts):
            return
        unfilled: Place | None = None
        for section in document.sections:
            span = self._span(section)
            if span is not None and span[1] > span[0]:
                return
            if span is not None and unfilled is None:
                unfilled = _place(document, section, span[0])
        if unfilled is None:
            yield Defect(f"{document.kind.value}未记录{self._item.called}", Place(document.id))
        else:
            yield Defect(f"{document.kind.value}的{self._item.called}未填写", unfilled)

    def _span(self, section: Section) -> tuple[int, int] | None:
        """What a section tells of the item under its heading: empty where nothing follows; None without a heading."""
        if self._title.fullmatch(bare(section.title)):
            return 0, 0 if self._empty.fullmatch(section.text) else len(section.text)
        found: tuple[int, int] | None = None
        for match in self._heading.finditer(section.text):
            following = self._any_heading.search(section.text, match.end())
            end = following.start() if following else len(section.text)
            if self._empty.fullmatch(section.text, match.end(), end) is None:
                return match.end(), end
            found = found or (match.end(), match.end())
        return found


def _heading(headings: str) -> re.Pattern[str]:
    return re.compile(f"{_OPENS}(?:{headings}){_CLOSES}" if headings else "(?!)", re.MULTILINE)


def _place(document: Document, section: Section, at: int) -> Place:
    return Passage(document, section.title, section_of(section.title), section.text).place(at, at)


def bare(title: str) -> str:
    """A heading without its number, brackets and colon."""
    match = _BARE.match(title)
    return match["title"] if match else title


def text_of(document: Document) -> str:
    """All that a document says, with its headings."""
    return "\n".join(f"{s.title}：{s.text}" if s.title else s.text for s in document.sections)
