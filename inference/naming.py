"""Findings and diseases by the words people use for them: 拉肚子, 轻度头晕, 小儿支气管炎.

Findings: a name or synonym; the same without words of degree; the longest name that makes up most of the text;
the one finding whose name holds the text; a name that differs in a letter. Diseases: a name or synonym, also
without the age it is named for (小儿, 老年); what has a profile of it is the disease itself, its kinds, and
diseases whose name ends with its name (支原体肺炎 is a 肺炎). Nothing is guessed between two that fit equally
well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from base.remembered import remembered
from inference.profiles import Profiles
from knowledge.model import Concept, ConceptKind, Standing
from knowledge.naming import normal_name
from knowledge.snapshot import Snapshot

_DEGREE: Final = re.compile(
    r"轻度|中度|重度|轻微|明显|剧烈|严重|显著|持续性?|间断性?|间歇性?|阵发性?|反复|经常|偶尔|偶有|有时|时有|常有|"
    r"自觉|感觉|感到|觉得|出现|伴有|并有|有点儿?|有些|比较|稍微|突然|突发|近期|最近|一直|总是|老是|特别|非常|很"
)
_AGED: Final = re.compile(r"^(?:婴幼儿|小儿|儿童|婴儿|幼儿|老年性?|成人|青少年)(?=.{2})")
_CHILDREN: Final = ("小儿", "儿童", "婴", "幼儿", "新生儿")
_REMARK: Final = re.compile(r"[(\[（【].*?[)\]）】]")
_COVERED: Final = 0.6
"""Part of a text that a name in it must make up, or of a name that a text in it must."""
_ALIKE: Final = 90.0
_LONG: Final = 4
"""Fewer characters are too few for a letter to differ."""
_SHORTEST_END: Final = 2
_MODIFIER: Final = re.compile(r"(?:.*(?:[性型期菌虫后]|病毒|[支衣]原体)|新生儿|小儿|婴幼儿|儿童|老年)$")
"""What may stand before the name of a disease in that of a kind of it: 毛细支气管炎 is no 支气管炎."""


class Named(NamedTuple):
    """A disease by the words for it: its concept (empty: none of that name), the rows of profiles that are it or its
    kinds, and whether the words say that it is a child's."""

    words: str
    concept: str
    rows: tuple[int, ...]
    child: bool


class Names:
    """The names of one release's findings and diseases. Answers are remembered; safe between threads."""

    def __init__(self, profiles: Profiles) -> None:
        self._profiles, self._snapshot = profiles, profiles.snapshot
        self._findings = _findings(profiles)
        self._ends = _ends(profiles)
        self.finding = remembered(self._finding, 16384)
        self.disease = remembered(self._disease, 16384)
        self.rows = remembered(self._rows, 16384)

    @classmethod
    def of(cls, snapshot: Snapshot) -> Names:
        """The names of a release, made once."""
        return snapshot.remember("finding-names", lambda: cls(Profiles.of(snapshot)))

    # -- findings ----------------------------------------------------------------------------------

    def exact_finding(self, words: str) -> str:
        """The finding that bears exactly this name; empty when none does."""
        return self._findings.get(normal_name(words), "")

    def _finding(self, words: str) -> str:
        """The finding that words mean; empty when none, or several equally well."""
        plain = normal_name(words)
        bare = _DEGREE.sub("", plain)
        for text in dict.fromkeys((plain, bare)):
            if text in self._findings:
                return self._findings[text]
        return self._within(bare) or self._around(bare) or self._near(bare)

    def _within(self, text: str) -> str:
        """The longest name in the text that makes up most of it."""
        spans = ((i, j) for i in range(len(text)) for j in range(i + 2, len(text) + 1))
        named = [text[i:j] for i, j in spans if (j - i) >= _COVERED * len(text) and text[i:j] in self._findings]
        return self._findings[max(named, key=len)] if named else ""

    def _around(self, text: str) -> str:
        """The only finding that has a name in which the text makes up most."""
        if len(text) < 2:
            return ""
        found = {f for name, f in self._findings.items() if text in name and len(text) >= _COVERED * len(name)}
        return self._only(found)

    def _near(self, text: str) -> str:
        from rapidfuzz import fuzz, process

        if len(text) < _LONG:
            return ""
        near = process.extract(text, self._findings.keys(), scorer=fuzz.ratio, score_cutoff=_ALIKE, limit=3)
        return self._only({self._findings[name] for name, _, _ in near})

    @staticmethod
    def _only(found: set[str]) -> str:
        return found.pop() if len(found) == 1 else ""

    # -- diseases ----------------------------------------------------------------------------------

    def _disease(self, words: str) -> Named:
        """The disease that words mean."""
        plain = _REMARK.sub("", normal_name(words)) or normal_name(words)
        child = plain.startswith(_CHILDREN)
        for text in dict.fromkeys((normal_name(words), plain, _AGED.sub("", plain))):
            concept = self._called(text)
            rows = self._of(concept, text)
            if concept or rows:
                return Named(words, concept, rows, child)
        near = self._near_disease(plain)
        return Named(words, near, self._of(near, plain) if near else (), child)

    def _of(self, concept: str, text: str) -> tuple[int, ...]:
        """The rows of a concept and of what its name, or the text, ends the names of; without any, those of the
        nearest wider disease that has a profile."""
        names = {text, *(normal_name(n) for n in self._known(concept))} if concept else {text}
        rows = {*self.rows(concept), *(row for name in names for row in self._ends.get(name, ()))}
        return tuple(sorted(rows)) or self._wider(concept)

    def _known(self, concept: str) -> tuple[str, ...]:
        known = self._snapshot.concept(concept)
        return () if known is None else (known.name,)

    def _rows(self, concept: str) -> tuple[int, ...]:
        """Rows of profiles of a concept and its kinds."""
        ids = self._profiles.diseases
        return tuple(row for row, disease in enumerate(ids) if concept in self._snapshot.ancestors(disease))

    def _wider(self, concept: str) -> tuple[int, ...]:
        if not concept:
            return ()
        above = [a for a in self._snapshot.ancestors(concept) if a in self._profiles.row]
        deepest = max(above, key=lambda a: (len(self._snapshot.ancestors(a)), a), default="")
        return (self._profiles.row[deepest],) if deepest else ()

    def _called(self, text: str) -> str:
        """The disease of a name: one with a profile first, then one that may decide, then any; empty when two fit."""
        found = self._snapshot.by_name(text, ConceptKind.DISEASE)
        for fits in (self._profiled, _is_founded, _is_any):
            kept = [c for c in found if fits(c)]
            kept = [c for c in kept if normal_name(c.name) == text] or kept
            if kept:
                return kept[0].id if len(kept) == 1 else ""
        return ""

    def _profiled(self, concept: Concept) -> bool:
        return concept.id in self._profiles.row

    def _near_disease(self, text: str) -> str:
        from rapidfuzz import fuzz, process

        if len(text) < _LONG:
            return ""
        names = {normal_name(n): row for row, d in enumerate(self._profiles.diseases) for n in self._names(d)}
        near = process.extractOne(text, names.keys(), scorer=fuzz.ratio, score_cutoff=_ALIKE)
        return self._profiles.diseases[names[near[0]]] if near else ""

    def _names(self, disease: str) -> tuple[str, ...]:
        known = self._snapshot.concept(disease)
        return () if known is None else known.names()


def _is_founded(concept: Concept) -> bool:
    return concept.standing is not Standing.UNREVIEWED


def _is_any(concept: Concept) -> bool:
    return True


def _findings(profiles: Profiles) -> dict[str, str]:
    """Plain names → findings, preferred names before synonyms."""
    found = {normal_name(finding.name): finding.id for finding in profiles.findings}
    for finding in profiles.findings:
        for name in finding.names():
            found.setdefault(normal_name(name), finding.id)
    return found


def _ends(profiles: Profiles) -> dict[str, list[int]]:
    """Ends of the preferred names of diseases → their rows: 支气管炎 → 毛细支气管炎, 慢性支气管炎."""
    found: dict[str, list[int]] = {}
    for row, disease in enumerate(profiles.diseases):
        for end in _tails(normal_name(profiles.snapshot.name(disease))):
            found.setdefault(end, []).append(row)
    return found


def _tails(name: str) -> Iterator[str]:
    bare = _REMARK.sub("", name)
    cuts = range(1, len(bare) - _SHORTEST_END + 1)
    return (bare[cut:] for cut in cuts if _MODIFIER.match(bare[:cut]))
