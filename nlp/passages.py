"""The release as passages to be found: every statement as a sentence of ours, every section of an article.

Short statements of one subject that say the same kind of thing (symptoms of a disease, contents of a product) make
one passage together; everything else stands by itself. What a drug is for by custom makes one passage too: its rows
name the diagnoses beside which nobody queries it (an antidiabetic beside 不孕症), which are no indications.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Final, NamedTuple

import msgspec

from knowledge.model import Article, Citation, ConceptKind, Predicate, Standing, Statement
from knowledge.snapshot import Snapshot
from nlp import sentences
from nlp.questions import DRUGS

_LONGEST: Final = 500
"""Characters of a passage of grouped statements; more make another passage."""
_NAMED_IN: Final = {
    "diseases": ConceptKind.DISEASE,
    "items": None,
    "checks": None,
}
"""Qualifiers that name further objects."""
_GIVES_DEPARTMENT: Final = frozenset({Predicate.DISEASE_PROFILE, Predicate.TREATED_IN})
_SUITS: Final = frozenset({Predicate.INDICATED_FOR, Predicate.EXAM_INDICATED, Predicate.PROCEDURE_INDICATED})
"""Statements whose subject belongs where its objects do."""
_SUITED: Final = frozenset({Predicate.WORKUP, Predicate.PLAN})
"""Statements whose object belongs where its subject does."""
_FIRST_DEPARTMENTS: Final = 12


class Passage(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something to be found: ``concept`` is the id of its subject, ``objects`` those of what it is about besides;
    ``kind`` that of the subject; ``year`` 0 when the source has none."""

    id: str
    concept: str
    title: str
    heading: str
    text: str
    kind: str
    predicate: str = ""
    source: str = ""
    source_title: str = ""
    source_kind: str = ""
    edition: str = ""
    year: int = 0
    section: str = ""
    evidence: str = ""
    standing: str = Standing.REVIEWED.value
    departments: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()


def passages(snapshot: Snapshot) -> Iterator[Passage]:
    """Every passage of a release, in the same order for the same release."""
    made = _Maker(snapshot, departments(snapshot))
    groups: dict[_Shared, list[_Item]] = defaultdict(list)
    customs: dict[tuple[_Shared, str, str], list[_Item]] = defaultdict(list)
    for statement in snapshot.all_statements():
        if sentences.family_of(statement.predicate).group:
            groups[_Shared.of(statement)].append(made.item(statement))
        elif sentences.is_customary(statement):
            item = made.beside(statement)
            customs[_Shared.of(statement), made.purpose(statement), item.band].append(item)
        else:
            yield made.single(statement)
    for shared in sorted(groups):
        yield from made.grouped(shared, groups[shared])
    for shared, purpose, beside in sorted(customs):
        yield from made.customary(shared, purpose, beside, customs[shared, purpose, beside])
    for article in snapshot.articles():
        yield from made.article(article)


class _Shared(NamedTuple):
    """What statements must have in common to make one passage."""

    subject: str
    predicate: Predicate
    source: str
    section: str
    standing: Standing
    evidence: str

    @classmethod
    def of(cls, s: Statement) -> _Shared:
        cited = s.citations[0] if s.citations else Citation("")
        return cls(s.subject, s.predicate, cited.source, cited.section, s.standing, s.evidence)


class _Item(NamedTuple):
    """One of a group: its rank among them, how it is said, its object, the word of its band."""

    rank: float
    said: str
    object: str
    band: str = ""


class _Maker:
    """Makes passages of the records of one release."""

    def __init__(self, snapshot: Snapshot, departments: dict[str, tuple[str, ...]]) -> None:
        self._snapshot, self._departments = snapshot, departments

    def single(self, s: Statement) -> Passage:
        """A statement that stands by itself."""
        subject, object_ = self._name(s.subject), self._name(s.object)
        heading, text = sentences.said(s, subject, object_)
        title = " ".join(part for part in (subject, object_, heading) if part)
        objects = tuple(dict.fromkeys(one for one in (s.object, *self._further(s)) if one))
        return self._passage(_Shared.of(s), s.id, title, heading, text, objects)

    def item(self, s: Statement) -> _Item:
        """A statement that is said together with others."""
        one = sentences.saying(s, self._name(s.subject), self._name(s.object))
        said = one.filled(sentences.family_of(s.predicate).pattern).strip()
        band = str(s.qualifiers.get("frequency", ""))
        if band in sentences.BANDS:
            return _Item(list(sentences.BANDS).index(band), said, s.object, sentences.BANDS[band])
        return _Item(-float(s.qualifiers.get("share_max", s.qualifiers.get("age_max", 0)) or 0), said, s.object)

    def grouped(self, shared: _Shared, items: list[_Item]) -> Iterator[Passage]:
        """What is said of one subject together, in as many passages as its length asks for."""
        family, subject = sentences.family_of(shared.predicate), self._name(shared.subject)
        for number, part in enumerate(_parts(sorted(items, key=lambda item: (item.rank, item.said)))):
            text = f"{subject}{family.group}{_listed(part)}。"
            objects = tuple(dict.fromkeys(item.object for item in part if item.object))
            title = f"{subject} {family.heading}"
            yield self._passage(shared, _key(*shared, str(number)), title, family.heading, text, objects)

    def purpose(self, s: Statement) -> str:
        """What a drug is for by custom."""
        return sentences.saying(s, self._name(s.subject), "").filled(sentences.CUSTOM)

    def beside(self, s: Statement) -> _Item:
        """A diagnosis, or another drug, beside which nobody asks what a drug is for."""
        name, known = self._name(s.object), self._snapshot.concept(s.object)
        short = name.removeprefix(sentences.SCOPE)
        beside = "诊断" if known is None or known.kind not in DRUGS else "合用药品"
        return _Item(0 if short != name else 1, short, s.object, beside)

    def customary(self, shared: _Shared, purpose: str, beside: str, items: list[_Item]) -> Iterator[Passage]:
        """What a drug is for by custom, and beside which diagnoses (or drugs) that goes unasked."""
        heading = sentences.heading(shared.predicate)
        for number, part in enumerate(_parts(sorted(items, key=lambda item: (item.rank, item.said)))):
            text = f"{purpose}{sentences.UNASKED.format(beside, '、'.join(item.said for item in part))}"
            objects = tuple(dict.fromkeys(item.object for item in part))
            title = f"{self._name(shared.subject)} {heading}"
            yield self._passage(shared, _key(*shared, purpose, beside, str(number)), title, heading, text, objects)

    def article(self, article: Article) -> Iterator[Passage]:
        """Each section of an article."""
        for number, section in enumerate(article.sections):
            cited = section.citations[0] if section.citations else Citation("")
            shared = _Shared(article.concept, Predicate.IS_A, cited.source, cited.section, article.standing, "")
            title = f"{article.title} {section.heading}".strip()
            made = self._passage(shared, f"{article.id}#{number}", title, section.heading, section.text, ())
            yield msgspec.structs.replace(made, predicate="")

    def _passage(
        self, shared: _Shared, id_: str, title: str, heading: str, text: str, objects: tuple[str, ...]
    ) -> Passage:
        concept, source = self._snapshot.concept(shared.subject), self._snapshot.source(shared.source)
        about = (shared.subject, *objects[:1])
        return Passage(
            id=id_,
            concept=shared.subject,
            title=title,
            heading=heading,
            text=text,
            kind=concept.kind.value if concept is not None else "",
            predicate=shared.predicate.value,
            source=shared.source,
            source_title=source.title if source is not None else "",
            source_kind=source.kind if source is not None else "",
            edition=source.edition if source is not None else "",
            year=source.year if source is not None else 0,
            section=shared.section,
            evidence=shared.evidence,
            standing=shared.standing.value,
            departments=_joined(self._departments.get(one, ()) for one in about),
            objects=objects,
        )

    def _name(self, concept: str) -> str:
        return self._snapshot.name(concept) if concept else ""

    def _further(self, s: Statement) -> Iterator[str]:
        """Ids of what qualifiers name besides the object."""
        for field, kind in _NAMED_IN.items():
            for name in s.qualifiers.get(field, ()):
                found = self._snapshot.by_name(name, *((kind,) if kind else ()))
                yield from (concept.id for concept in found[:1])


def _parts(items: list[_Item]) -> Iterator[list[_Item]]:
    part: list[_Item] = []
    length = 0
    for item in items:
        if part and length + len(item.said) > _LONGEST:
            yield part
            part, length = [], 0
        part.append(item)
        length += len(item.said) + 1
    yield part


def _listed(items: list[_Item]) -> str:
    """Items one after another, by band where they have one."""
    bands: dict[str, list[str]] = defaultdict(list)
    for item in items:
        bands[item.band].append(item.said)
    joined = {
        band: ("、" if band else "；" if any(" " in s for s in said) else "、").join(said)
        for band, said in bands.items()
    }
    return "；".join(f"{band}：{said}" if band else said for band, said in joined.items())


def _key(*parts: str) -> str:
    return blake2b("\n".join(parts).encode(), digest_size=12).hexdigest()


def _joined(found: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for names in found for name in names))


# -- departments -------------------------------------------------------------------------------


def departments(snapshot: Snapshot) -> dict[str, tuple[str, ...]]:
    """Concept → names of departments: of diseases as their profiles and the loaded graph say, of what is used in
    diseases those of the diseases, the most frequent first."""
    own: dict[str, dict[str, None]] = defaultdict(dict)
    links: list[tuple[str, str]] = []
    for s in snapshot.all_statements():
        if s.predicate in _GIVES_DEPARTMENT:
            named = s.qualifiers.get("departments", ()) if not s.object else (snapshot.name(s.object),)
            own[s.subject].update(dict.fromkeys(named))
        elif s.standing is not Standing.UNREVIEWED and s.object:
            if s.predicate in _SUITS:
                links.append((s.subject, s.object))
            elif s.predicate in _SUITED:
                links.append((s.object, s.subject))
    return {k: tuple(v) for k, v in own.items()} | _inherited(own, links)


def _inherited(own: dict[str, dict[str, None]], links: list[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    counted: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for item, disease in links:
        if item not in own:
            for name in own.get(disease, ()):
                counted[item][name] += 1
    return {
        item: tuple(sorted(found, key=lambda name: (-found[name], name))[:_FIRST_DEPARTMENTS])
        for item, found in counted.items()
    }
