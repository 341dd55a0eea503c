"""What a record says: facts with their place in the text, how each is meant, since when, where, how much.

Names come from the release (``nlp.lexicon``) and are put together with what stands beside them (``nlp.naming``); how
they are meant comes from ``nlp.assertion``, how long they last from ``nlp.lasting``, where they are from
``nlp.places``, how drugs are taken from ``nlp.drug_phrases``. Reading takes time in proportion to the length.
"""

from __future__ import annotations

import re
from math import inf
from typing import Final

from clinical.value import Value, replace
from nlp import assertion
from nlp.assertion import Assertion, When, Who
from nlp.differential import weigh
from nlp.draft import Draft
from nlp.drug_phrases import Name as DrugName
from nlp.drug_phrases import taken
from nlp.durations import durations
from nlp.lasting import last
from nlp.layout import Layout
from nlp.lexicon import Lexicon
from nlp.naming import drafts
from nlp.places import locate
from nlp.scope import Ago, Name
from nlp.sections import sections


class Fact(Value, frozen=True, gc=False):
    """One thing a record says. ``start`` and ``end`` are places in the record's text, ``text`` what stands there.

    ``kind``: finding, disease, drug, test, exam, procedure, allergy. ``concept`` is the id in the release, empty
    where it has none; ``name`` the preferred name. ``days`` is how long it has lasted, how long ago it was, or a
    drug's course; ``value`` a number, ``low`` and ``high`` a range; ``unit`` as written; ``side`` left, right, both.
    """

    start: int
    end: int
    text: str
    kind: str
    concept: str
    name: str
    assertion: Assertion = Assertion.PRESENT
    when: When = When.CURRENT
    who: Who = Who.PATIENT
    value: float | None = None
    low: float | None = None
    high: float | None = None
    comparator: str = ""
    unit: str = ""
    days: float | None = None
    side: str = ""
    site: str = ""
    dose: float | None = None
    dose_unit: str = ""
    frequency: str = ""
    route: str = ""
    section: str = ""


_YEAR: Final = re.compile(r"(?<!\d)(?:19|20)\d\d\s*年(?!内|来)")
_RESULT: Final = re.compile(
    r"[^，,。；;\n]{0,6}?(?:提示|显示|示|未见|可见|见|[:：]|结果(?!回|出|待)|正常|无明显|无动态|(?<!结果)回报|检出|培养)"
)
"""What tells that a test or an examination was done."""
_STOPPED: Final = re.compile(r"停(?!.{0,8}至少)")


def read(text: str, lexicon: Lexicon, section: str = "") -> list[Fact]:
    """The facts of a record or a part of one, in order of place. ``section`` is the heading the text stands under."""
    found: list[Fact] = []
    for part in sections(text, section):
        found += _Part(text[part.start : part.end], lexicon, part.name, part.start).facts()
    return found


class _Part:
    """One section of a record that begins at a place of the whole text."""

    def __init__(self, text: str, lexicon: Lexicon, section: str, at: int) -> None:
        self._text, self._lexicon, self._section, self._at = text, lexicon, section, at
        self._spans = durations(text)
        self._drafts, self._sites = drafts(text, lexicon, section)

    def facts(self) -> list[Fact]:
        """Names and values, read, with what is said of each."""
        names = [self._name(one) for one in self._drafts]
        reads = assertion.read(self._text, names, self._agos(), self._section)
        for draft, how in zip(self._drafts, reads, strict=True):
            draft.read(how, self._section)
        if self._section == "鉴别诊断":
            self._drafts = weigh(self._text, self._drafts)
        self._stop()
        layout = Layout(self._text, self._drafts)
        last(layout, self._spans)
        locate(layout, self._sites, self._lexicon)
        self._dose()
        return [fact for draft in self._drafts if draft.counts() for fact in self._told(draft)]

    def _name(self, draft: Draft) -> Name:
        done = draft.measured or bool(draft.signed)
        if not done and draft.kind in ("test", "exam"):
            done = _RESULT.match(self._text, draft.end) is not None
        return Name(draft.start, draft.end, draft.kind, done, draft.denied)

    def _agos(self) -> list[Ago]:
        found = [Ago(one.start, one.days) for one in self._spans if one.ago]
        return sorted([*found, *(Ago(match.start(), inf) for match in _YEAR.finditer(self._text))])

    def _stop(self) -> None:
        """A drug that is stopped is taken no more, where it was named before too."""
        stopped: set[str] = set()
        for one in reversed(self._drafts):
            if one.kind != "drug":
                continue
            if one.how.when is When.PAST and _STOPPED.search(self._text, max(0, one.start - 6), one.end + 8):
                stopped.add(one.name)
            elif one.name in stopped and one.how.assertion is Assertion.PRESENT:
                one.how = one.how._replace(when=When.PAST)

    def _dose(self) -> None:
        drugs = [one for one in self._drafts if one.kind == "drug"]
        limits = [*(later.start for later in drugs[1:]), len(self._text)][: len(drugs)]
        pairs = zip(drugs, limits, strict=True)
        names = [DrugName(one.start, one.end, limit, one.routes) for one, limit in pairs]
        for one, said in zip(drugs, taken(self._text, names, self._spans), strict=True):
            one.dose, one.dose_unit, one.frequency = said.dose, said.unit, said.frequency
            one.route = said.route
            one.days = one.days if said.days is None else said.days

    def _told(self, one: Draft) -> list[Fact]:
        """A fact, and the patient's own beside a relative's where one thing is told of both."""
        fact = self._fact(one)
        return [fact, replace(fact, who=Who.PATIENT)] if one.how.too else [fact]

    def _fact(self, one: Draft) -> Fact:
        how, text = one.how, self._text[one.start : one.end]
        return Fact(
            one.start + self._at, one.end + self._at, text, one.kind, one.concept, one.name,
            how.assertion, how.when, how.who,
            one.value, one.low, one.high, one.comparator, one.unit, one.days, one.side, one.site,
            one.dose, one.dose_unit, one.frequency, one.route, self._section,
        )  # fmt: skip
