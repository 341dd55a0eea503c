"""Checks of what a document must hold, a row each: its sections, its signatures; and words that must not be there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from clinical.medical_record import DocumentKind, RecordKind, Signer
from supervision.record_qc.model import (
    ANY_RECORD,
    INPATIENT,
    LATER,
    Aspect,
    Check,
    Defect,
    Gap,
    Grade,
    Group,
    Said,
    Severity,
)
from supervision.record_qc.places import Place
from supervision.record_qc.subject import Subject, signed

_NOTHING: Final = re.compile(r"[\s\-—_/、，。.,;；:：无]*")
"""What stands in a section that nobody filled in. 无 alone is an answer in some: ``none_will_do``."""


@dataclass(frozen=True, slots=True)
class Needed:
    """A section that a kind of document must hold; any of ``headings`` will do, the first is what it is called."""

    name: str
    documents: tuple[DocumentKind, ...]
    headings: tuple[str, ...]
    source: str
    group: Group
    none_will_do: bool = False
    points: float = 1.0
    kinds: frozenset[RecordKind] = INPATIENT
    severity: Severity = Severity.MAJOR

    def check(self) -> Check:
        """The check of this row."""
        called = f"{self.documents[0].value}的“{self.headings[0]}”"
        return Check(
            name=self.name,
            title=f"{called}缺如或未填",
            group=self.group,
            aspect=Aspect.COMPLETE,
            kinds=self.kinds,
            source=self.source,
            mend=f"补充{called}",
            run=self._run,
            points=self.points,
            severity=self.severity,
        )

    def _run(self, subject: Subject) -> Iterator[Said]:
        for document in subject.judged(*self.documents):
            if not any(passage.text.strip() for passage in subject.passages(document)):
                yield Gap(f"{document.kind.value}的正文")
                continue
            found = subject.section(document, *self.headings)
            if found is None:
                yield Defect(f"{document.kind.value}缺“{self.headings[0]}”", Place(document.id))
            elif self._is_empty(found.text):
                yield Defect(f"{document.kind.value}的“{found.title}”未填写", found.place())

    def _is_empty(self, text: str) -> bool:
        return not text.strip() or (not self.none_will_do and _NOTHING.fullmatch(text) is not None)


@dataclass(frozen=True, slots=True)
class Signed:
    """Who must have signed a kind of document: somebody in each of ``roles`` (one of several where a row groups
    them)."""

    name: str
    documents: tuple[DocumentKind, ...]
    roles: tuple[Signer, ...]
    source: str
    group: Group
    points: float = 2.0
    veto: Grade | None = None
    kinds: frozenset[RecordKind] = INPATIENT

    def check(self) -> Check:
        """The check of this row."""
        who = "或".join(role.value for role in self.roles)
        what = "、".join(kind.value for kind in self.documents[:3]) + ("等" if len(self.documents) > 3 else "")
        return Check(
            name=self.name,
            title=f"{what}缺{who}签名",
            group=self.group,
            aspect=Aspect.COMPLETE,
            kinds=self.kinds,
            source=self.source,
            mend=f"由{who}本人核对后签名",
            run=self._run,
            points=self.points,
            veto=self.veto,
            stages=LATER,
        )

    def _run(self, subject: Subject) -> Iterator[Said]:
        for document in subject.judged(*self.documents):
            if document.signatures is None:
                yield Gap(f"{document.kind.value}的签名")
            elif not signed(document, *self.roles):
                who = "或".join(role.value for role in self.roles)
                yield Defect(f"{document.kind.value}无{who}签名", Place(document.id))


@dataclass(frozen=True, slots=True)
class Wording:
    """Words (a regular expression) that must not stand in a record, or not in some documents or sections of it."""

    name: str
    title: str
    pattern: str
    source: str
    mend: str
    documents: tuple[DocumentKind, ...] = ()
    sections: tuple[str, ...] = ()
    group: Group = Group.WRITING
    aspect: Aspect = Aspect.PROPER
    points: float = 1.0
    most: float | None = 3.0
    severity: Severity = Severity.MINOR
    kinds: frozenset[RecordKind] = ANY_RECORD

    def check(self) -> Check:
        """The check of this row."""
        find = re.compile(self.pattern)

        def run(subject: Subject) -> Iterator[Said]:
            for passage in subject.texts(subject.judged(*self.documents)):
                if self.sections and passage.name not in self.sections and passage.title not in self.sections:
                    continue
                for match in find.finditer(passage.text):
                    where = passage.place(match.start(), match.end())
                    yield Defect(f"{self.title}：“{match[0].strip()}”", where)

        return Check(
            name=self.name,
            title=self.title,
            group=self.group,
            aspect=self.aspect,
            kinds=self.kinds,
            source=self.source,
            mend=self.mend,
            run=run,
            severity=self.severity,
            points=self.points,
            most=self.most,
        )
