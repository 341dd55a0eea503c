"""What the names of a release, and the words of our own vocabulary, may mean in a record.

A name may mean several things; a treatment that the release keeps as a state (PCI术后) is read as a treatment, a
history (高血压病史) as what it is a history of, and the name of a mere scope of rules (术后, 查体) as nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from knowledge.model import Concept, ConceptKind, Standing
from knowledge.snapshot import Snapshot
from nlp.words import Word, allergens, lines, swallowing, words

KINDS: Final = {
    ConceptKind.SYMPTOM: "finding",
    ConceptKind.FINDING: "finding",
    ConceptKind.DISEASE: "disease",
    ConceptKind.INGREDIENT: "drug",
    ConceptKind.DRUG_CLASS: "drug",
    ConceptKind.PRODUCT: "drug",
    ConceptKind.BLOOD_PRODUCT: "drug",
    ConceptKind.ALLERGEN: "allergy",
    ConceptKind.LAB: "test",
    ConceptKind.EXAM: "exam",
    ConceptKind.PROCEDURE: "procedure",
}
"""Kinds of concepts that a record speaks of, and what a fact about them is called."""
_RESTATED: Final = frozenset({"history", "allergy", "medication", "operation", "family"})
"""Dimensions of findings that say again, as a history, what a disease, drug, operation or allergen names."""
_EXPOSURES: Final = frozenset({"trigger", "personal"})
"""Dimensions of findings that a name means before a disease: 吸烟 is a habit before a dependence."""
_TREATMENT: Final = re.compile(
    r"(?:术|[化放]疗|化学治疗|放射治疗|透析|通气|(?<!困难)插管|剖宫产|人工流产|药物流产|人流|药流|引产|顺产|拔牙|终止妊娠|"
    r"免疫治疗|靶向治疗|[植置]入|切除|置换|搭桥|胰岛素泵治疗)(?P<after>术?后(?:状态|恢复期)?|状态)?"
)
"""Names of diseases of the release that are treatments, and what says that they lie behind."""
_ALLERGY: Final = re.compile(r"过敏|皮试|阳性|\(\+\)|allerg")
_EXAMINATION: Final = re.compile(r".*(?:检查|[胃肠腔道管]镜)")
_SILENT: Final = frozenset(name for line in lines("silent") for name in line.split())
"""Names that say under which heading, for which visit or about which rule somebody writes: they are no facts."""
_SCOPES: Final = frozenset("围手术期 健康查体 营养支持 预防接种 预防感染 康复 戒烟 备孕 避孕 整形美容".split())
"""Diseases of a release that are mere scopes of rules, with all their names."""
_OPEN: Final = ("待查", "查因", "待排")
"""Ends of names that say that a cause is sought: they are read as words of doubt."""
_PAIRS: Final = ("咳喘", "烟酒", "呕泻")
"""Words of two characters that name two things."""
SINGLE: Final = {"咳": "咳嗽", "喘": "喘息", "烟": "吸烟", "酒": "饮酒", "呕": "呕吐", "泻": "腹泻"}
_WIDE: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_RANKS: Final = {
    Standing.REVIEWED: 0,
    Standing.STARTER: 1,
    Standing.SECONDARY: 2,
    Standing.UNREVIEWED: 3,
}
_ORDER: Final = {
    kind: rank
    for rank, kind in enumerate(
        (
            ConceptKind.SYMPTOM,
            ConceptKind.PROCEDURE,
            ConceptKind.DISEASE,
            ConceptKind.INGREDIENT,
            ConceptKind.PRODUCT,
            ConceptKind.DRUG_CLASS,
            ConceptKind.LAB,
            ConceptKind.EXAM,
            ConceptKind.FINDING,
            ConceptKind.BLOOD_PRODUCT,
            ConceptKind.ALLERGEN,
        )
    )
}
"""What a name means first, where several kinds of things bear it."""
CHARACTER: Final = re.compile(r"[\u4e00-\u9fff]")


class Sense(NamedTuple):
    """One thing a name may mean: kind of fact, concept (empty where the release has none), preferred name, and when
    it counts (see ``nlp.words``)."""

    kind: str
    concept: str
    name: str
    gate: str = ""
    general: bool = False


class Entry(NamedTuple):
    """What is kept of a name. ``cut`` is how many of its last characters only date it (术后: 后); ``split`` where its
    second half begins, when it names two things one after the other."""

    concepts: tuple[str, ...]
    senses: tuple[Sense, ...]
    cut: int = 0
    split: int = 0


def folded(text: str) -> str:
    """Width and case folded, of the same length: full-width letters and digits become half-width ones."""
    low = text.translate(_WIDE).lower()
    return low if len(low) == len(text) else "".join(map(_lower, text.translate(_WIDE)))


@lru_cache(4096)
def _lower(character: str) -> str:
    low = character.lower()
    return low if len(low) == 1 else character


def entries(snapshot: Snapshot) -> dict[str, Entry]:
    """Folded name → what it may mean: what the release says before our own words."""
    senses = _of_release(snapshot)
    for word in words():
        known = _known(snapshot, word)
        found = senses.setdefault(folded(word.text), [])
        if found and found[0].kind == word.kind == "procedure" and found[0].concept.startswith("disease:"):
            found[0] = known._replace(concept=known.concept or found[0].concept)
        elif not found or word.gate or word.kind not in {one.kind for one in found}:
            found.append(known)
        if word.general:
            found[:] = _made_general(found, known)
    for word in allergens():
        _add_allergen(snapshot, word, senses)
    for name in [name for name, found in senses.items() if _result_of(name, found, senses)]:
        del senses[name]
    made = {name: _entry(found) for name, found in senses.items() if found}
    for name in [name for name in made if _lists_many(name, made)]:
        del made[name]
    for name in list(made):
        _date(name, made)
    for name in [*made, *_PAIRS]:
        _halve(name, made)
    return made | {folded(word): Entry((), ()) for word in swallowing() if folded(word) not in made}


def _made_general(found: list[Sense], known: Sense) -> list[Sense]:
    """The senses of a general word: what the release calls a disease of that name is the general thing first."""
    same = [one._replace(general=True) for one in found if one.kind == known.kind]
    if not same:
        same = [known._replace(concept=known.concept or found[0].concept)]
    return [*same, *(one for one in found if one.kind != known.kind)]


_POSITIVE: Final = re.compile(r"(?:阳性|\d?\++|\(\++\)|[↑↓])$")


def _result_of(name: str, found: list[Sense], senses: dict[str, list[Sense]]) -> bool:
    """Whether a name is that of a test with its result (HBsAg阳性): it is read as the test."""
    result = _POSITIVE.search(name)
    if result is None or found[0].kind not in ("finding", "disease"):
        return False
    return any(one.kind == "test" for one in senses.get(name[: result.start()], ()))


def _entry(senses: list[Sense]) -> Entry:
    return Entry(tuple(dict.fromkeys(one.concept for one in senses if one.concept)), tuple(senses))


def _of_release(snapshot: Snapshot) -> dict[str, list[Sense]]:
    """Folded name → senses: preferred names before synonyms, ours before loaded ones."""
    ranked: dict[str, list[tuple[tuple[int, int, int], str, Sense]]] = {}
    for concept in snapshot.concepts():
        if concept.kind not in KINDS or _restated(concept):
            continue
        for place, name in enumerate(names_of(concept)):
            if name in _SILENT or name.endswith(_OPEN):
                continue
            order = 0 if concept.attributes.get("dimension") in _EXPOSURES else _ORDER[concept.kind]
            rank = (_RANKS[concept.standing], order, min(place, 1))
            ranked.setdefault(name, []).append((rank, concept.id, _sense(concept, name)))
    return {name: [one[-1] for one in sorted(found)] for name, found in ranked.items()}


def _restated(concept: Concept) -> bool:
    """Whether a finding is a history of what has a name of its own, or a concept a mere scope of rules."""
    if concept.name.startswith("适应范围") or (concept.kind is ConceptKind.DISEASE and concept.name in _SCOPES):
        return True
    dimension = concept.attributes.get("dimension")
    linked = any(concept.attributes.get(field) for field in ("diseases", "drugs", "procedures"))
    return dimension in _RESTATED and (linked or dimension != "history")


def _sense(concept: Concept, name: str) -> Sense:
    kind = KINDS[concept.kind]
    if concept.kind is ConceptKind.DISEASE:
        treatment = _TREATMENT.search(name)
        if treatment is not None and treatment.end() == len(name):
            kind = "procedure"
        elif _EXAMINATION.fullmatch(name):
            kind = "exam"
    brand = len(name) == 2 and kind == "drug" and name in map(folded, concept.attributes.get("brands", ()))
    gate = "brand" if brand else ""
    if kind == "allergy" and not _ALLERGY.search(name):
        gate = "allergy"
    return Sense(kind, concept.id, concept.name, gate)


_KINDS_OF: Final = {
    fact: tuple(kind for kind in sorted(KINDS, key=_ORDER.__getitem__) if KINDS[kind] == fact)
    for fact in set(KINDS.values())
} | {"finding": (ConceptKind.SYMPTOM, ConceptKind.FINDING, ConceptKind.DISEASE)}


def _known(snapshot: Snapshot, word: Word) -> Sense:
    """What a word of ours means in this release."""
    if word.gate == "planned":
        return Sense(word.kind, "", word.name, word.gate)
    kinds = (*_KINDS_OF[word.kind], ConceptKind.SYMPTOM, ConceptKind.DISEASE)
    for kind in kinds if word.kind in ("disease", "finding", "procedure") else _KINDS_OF[word.kind]:
        found = snapshot.by_name(word.name, kind)
        if found:
            return Sense(word.kind, found[0].id, found[0].name, word.gate, word.general)
    return Sense(word.kind, "", word.name, word.gate, word.general)


def _add_allergen(snapshot: Snapshot, word: Word, senses: dict[str, list[Sense]]) -> None:
    known = senses.setdefault(folded(word.text), [])
    if not any(one.kind == "allergy" for one in known):
        known.append(_known(snapshot, word))


def _lists_many(name: str, made: dict[str, Entry]) -> bool:
    """Whether a name of three and more complaints one after the other (尿频尿急尿痛): each is read by itself."""
    if len(name) < 6 or made[name].senses[0].kind not in ("finding", "disease"):
        return False
    pairs = [name[at : at + 2] for at in range(0, len(name), 2)]
    return len(name) % 2 == 0 and all(_complaint(made, one) for one in pairs)


def _date(name: str, made: dict[str, Entry]) -> None:
    """PCI术后 names PCI, and that it lies behind; 输血史 names 输血."""
    entry = made[name]
    told = made.get(name.removesuffix("史")) if name.endswith("史") else None
    if told is not None and told.senses and told.senses[0].kind == "procedure":
        made[name] = told._replace(cut=1)
        return
    match = _TREATMENT.search(name)
    if entry.senses[0].kind != "procedure" or match is None or not match["after"]:
        return
    after = len(match["after"]) - match["after"].startswith("术")
    kernel = name[: match.start("after")]
    operated = made.get(kernel)
    if operated is not None and operated.senses[0].kind == "disease":
        made[name] = operated._replace(cut=len(match["after"]))
        return
    bare = made.get(name[: len(name) - after]) or operated
    senses = entry.senses
    if bare is not None and bare.senses[0].kind == "procedure":
        senses = (*bare.senses, *senses)
    made[name] = Entry(tuple(dict.fromkeys(one.concept for one in senses if one.concept)), senses, after)


def _halve(name: str, made: dict[str, Entry]) -> None:
    """恶心呕吐 names two complaints, unless it is one itself."""
    if name in _PAIRS:
        made[name] = Entry((), (Sense("finding", "", name),), 0, 1)
        return
    entry = made[name]
    first = entry.senses[0]
    if len(name) < 4 or first.kind not in ("finding", "disease") or (first.kind == "finding" and first.name == name):
        return
    for split in range(2, len(name) - 1):
        if _complaint(made, name[:split]) and _complaint(made, name[split:].removeprefix("伴")):
            made[name] = entry._replace(split=split)
            return


def _complaint(made: dict[str, Entry], name: str) -> bool:
    entry = made.get(name)
    return len(name) > 1 and entry is not None and not entry.split and entry.senses[0].kind == "finding"


def names_of(concept: Concept) -> Iterator[str]:
    """Folded names by which a concept stands in a text, the preferred one first."""
    spoken = concept.kind is ConceptKind.SYMPTOM
    for name in dict.fromkeys(folded(unicodedata.normalize("NFKC", name).strip()) for name in concept.names()):
        if (len(name) > 1 or (spoken and CHARACTER.match(name))) and not name.isdigit():
            yield name
