"""A drug as it was written becomes what it names and what is in it: by code, by name, as several ingredients one
after the other, as one pack of several drugs, behind the name of its maker.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Final

from base.remembered import remembered
from clinical.codes import Atc, Code, DrugInsurance, HospitalCode, Hpo, Icd9Cm3, Icd10, Loinc, Snomed
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.order import Ingredient
from clinical.quantity import Quantity, QuantityError, Strength
from clinical.value import Value, replace
from knowledge.model import Concept, ConceptKind, Predicate, Standing
from knowledge.naming import normal_name
from knowledge.snapshot import Snapshot
from nlp.drug_text import DrugText, cut_forms, is_maker, may_be_maker, read_drug, readings

SYSTEMS: Final[dict[type[Code], str]] = {
    Icd10: "icd-10",
    Icd9Cm3: "icd-9-cm-3",
    Atc: "atc",
    Loinc: "loinc",
    Snomed: "snomed",
    DrugInsurance: "nhsa-drug",
    Hpo: "hpo",
}
"""Short names of code systems, as concepts carry them."""
_DRUGS: Final = (ConceptKind.INGREDIENT, ConceptKind.PRODUCT)
_CURATED: Final = (Standing.STARTER, Standing.REVIEWED)
_PACKED: Final = re.compile(r"(?<=[A-Za-z])\s*[/+]\s*(?=[一-鿿]{2})")
"""What stands between the strength of one drug of a pack and the next drug."""
_REMARKS: Final = re.compile(r"[(（][^()（）]*[)）]")
_FLUID: Final = "drug-class:infusion-fluid"
_SEVERAL: Final = "名称有多种含义"
_COMMON: Final = "名称有多种含义，仅按各含义共有的成分检查"


class Drug(Value, frozen=True):
    """A drug text understood: what it names, what is in it, its form, and what was passed over."""

    concepts: tuple[str, ...] = ()
    ingredients: tuple[Ingredient, ...] = ()
    form: str = ""
    ignored: str = ""
    reason: str = "未收录的药品名称"


class DrugNames:
    """Names and codes of drugs against one release. Answers are remembered; safe between threads."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.drug: Callable[[str, tuple[Code, ...]], Drug] = remembered(self._drug, 65536)
        self.named: Callable[[str, tuple[ConceptKind, ...]], tuple[Concept, ...]] = lru_cache(maxsize=262144)(
            lambda text, kinds: snapshot.by_name(text, *kinds)
        )

    def coded(self, codes: Iterable[Code], kinds: tuple[ConceptKind, ...]) -> list[Concept]:
        """Concepts of some kinds that carry one of these codes."""
        found: dict[str, Concept] = {}
        for code in codes:
            system = code.system if isinstance(code, HospitalCode) else SYSTEMS.get(type(code), "")
            for concept in self.snapshot.by_code(system, code.value):
                if concept.kind in kinds:
                    found[concept.id] = concept
        return list(found.values())

    def _drug(self, text: str, codes: tuple[Code, ...]) -> Drug:
        """What a drug name or code means. By code first, except that an ATC code never says more
        than its name: many products share one."""
        coded = self.coded(codes, _DRUGS)
        parts = read_drug(text) if text.strip() else None
        strength = UNKNOWN if parts is None else parts.strength
        if coded and not any(isinstance(code, Atc) for code in codes):
            return self._made(coded[0], "", "", strength)
        found = self._by_text(text) if parts else None
        if found is not None:
            return _solution(found, parts)
        return self._made(coded[0], "", "", strength) if len(coded) == 1 else Drug(reason=self._why(text))

    def _by_text(self, text: str) -> Drug | None:
        parts = read_drug(text)
        for stem in (parts.stem, *parts.remarks):
            found = self._whole(stem, parts.strength)
            if found is not None:
                found = self._fuller(found, text, parts.remarks)
                return found if found.ingredients else self._inside(found, text, parts.strength) or found
        whole = self._one_of(self.named(text, _DRUGS), normal_name(text))
        if whole is not None:
            found = self._made(whole, "", "", parts.strength)
            return found if found.ingredients else self._inside(found, text, parts.strength) or found
        return self._after_maker(parts.stem, parts.strength)

    def _fuller(self, first: Drug, text: str, remarks: tuple[str, ...]) -> Drug:
        """Of several drugs in one pack (A片150mg/B片100mg组合包装(brand)) all: the compound that the brand in
        brackets names when it holds the first and more, else what each part names."""
        if not remarks and not _PACKED.search(text):
            return first
        held = {ingredient.concept for ingredient in first.ingredients}
        others = [self._whole(remark, UNKNOWN) for remark in remarks]
        parts = [self._whole(read_drug(part).stem, UNKNOWN) for part in _PACKED.split(_REMARKS.sub("", text))]
        named = [part for part in parts if part is not None and part.ingredients]
        if len(named) == len(parts) > 1:
            concepts = tuple(dict.fromkeys(c for part in named for c in part.concepts))
            made = {ingredient.concept: ingredient for part in named for ingredient in part.ingredients}
            others.append(Drug(concepts, tuple(made.values()), first.form))
        fuller = (d for d in others if d is not None and held < {i.concept for i in d.ingredients})
        return next(fuller, first) if held else first

    def _inside(self, product: Drug, text: str, strength: Known[Strength]) -> Drug | None:
        """For a marketed product of unknown contents: what the text says once the maker is left out. The
        product's own generic name, when it stands in the text, tells where the maker's name ends; when none
        of its generic names does (they are cut up or name another form), the text is read without it."""
        plain = normal_name(text)
        about = (s for concept in product.concepts for s in self.snapshot.about(concept))
        generics = [normal_name(self.snapshot.name(s.object)) for s in about if s.predicate is Predicate.IS_A]
        places = [(generic, _where(generic, plain)) for generic in generics]
        for generic, at in places:
            found = self._whole(read_drug(generic).stem, strength) if at > 0 else None
            if found is not None and found.ingredients:
                return replace(found, ignored=plain[:at])
        own = not places or any(at >= 0 for _, at in places)
        return None if own else self._after_maker(read_drug(text).stem, strength)

    def _whole(self, stem: str, strength: Known[Strength]) -> Drug | None:
        """The stem as a name, with form and salt taken off, or as several ingredients."""
        weak: Drug | None = None
        for name, form in readings(stem):
            concept = self._one_of(self.named(name, _DRUGS), name)
            found = None if concept is None else self._made(concept, form, "", strength)
            if found is not None and concept is not None and is_founded(concept) and found.ingredients:
                return found
            weak = weak or found or self._common(name, form)
        mixed = self._mixture(stem, strength)
        return mixed or weak

    def _common(self, name: str, form: str) -> Drug | None:
        """What all meanings of an ambiguous name contain: checked, and said to be all that was checked."""
        named = self.named(name, _DRUGS)
        meanings = [c for c in named if _curated(c)] or [c for c in named if is_founded(c)]
        if len(meanings) < 2:
            return None
        shared = frozenset.intersection(*(self._holds(concept) for concept in meanings))
        return Drug((), tuple(Ingredient(i) for i in sorted(shared)), form, reason=_COMMON) if shared else None

    def _mixture(self, stem: str, strength: Known[Strength]) -> Drug | None:
        """A name that is nothing but ingredients one after the other: 头孢哌酮钠舒巴坦钠."""
        for name, form in readings(stem):
            parts = self._split(name)
            if parts:
                amounts = _amounts(strength, len(parts))
                made = tuple(Ingredient(c.id, a) for c, a in zip(parts, amounts, strict=True))
                return Drug(tuple(c.id for c in parts), made, form)
        return None

    def _split(self, name: str) -> list[Concept]:
        """Two to four ingredients that cover the whole name, or nothing."""
        ends: dict[int, list[Concept]] = {0: []}
        for start in range(len(name)):
            if start not in ends or len(ends[start]) == 4:
                continue
            if start and name[start] in "/+-和与及,":
                ends.setdefault(start + 1, ends[start])
            for end in range(len(name), start + 1, -1):
                concept = self._ingredient(name[start:end])
                if concept is not None and concept not in ends[start]:
                    ends.setdefault(end, [*ends[start], concept])
        parts = ends.get(len(name), [])
        return parts if len(parts) > 1 else []

    def _ingredient(self, text: str) -> Concept | None:
        for name, form in readings(text):
            if not form:
                concept = self._one_of(self.named(name, (ConceptKind.INGREDIENT,)), name)
                if concept is not None and is_founded(concept) and _generic(concept, name):
                    return concept
        return None

    def _after_maker(self, stem: str, strength: Known[Strength]) -> Drug | None:
        """The longest end of the text that names a drug, when what stands before it can be a maker.
        When it cannot, a shorter end must not be tried: it would turn one drug into another."""
        for start in range(1, len(stem) - 1):
            prefix, rest = stem[:start], stem[start:]
            found = self._whole(rest, strength)
            if found is not None and (is_maker(prefix) or not self._is_weak(found, rest)):
                drops_a_drug = not may_be_maker(prefix) or self._names_a_drug(prefix)
                return None if drops_a_drug else replace(found, ignored=prefix)
        for name in cut_forms(stem):
            for start in range(len(name) - 1):
                prefix, rest = name[:start], name[start:]
                if start == 0 or may_be_maker(prefix):
                    found = self._whole(rest, strength)
                    if found is not None and (start == 0 or is_maker(prefix) or not self._is_short(rest)):
                        return replace(found, ignored=name[:start] + stem[len(name) :])
        return None

    def _names_a_drug(self, prefix: str) -> bool:
        """Whether a generic name of three characters or more stands in what would be dropped as a maker."""
        ends = range(3, len(prefix) + 1)
        return any(self._ingredient(prefix[start:end]) for end in ends for start in range(end - 2))

    def _is_weak(self, drug: Drug, rest: str) -> bool:
        """Whether an end of a text is likely part of another drug's name: what drugs are dissolved in
        (saline, glucose), or a short name."""
        if drug.ingredients and all(self.snapshot.is_a(i.concept, _FLUID) for i in drug.ingredients):
            return True
        return self._is_short(rest)

    def _is_short(self, rest: str) -> bool:
        """Whether an end is called by two characters (喉舒宁 is not 舒宁)."""
        return all(len(name) < 3 for name, _ in readings(rest) if self.named(name, _DRUGS))

    def _one_of(self, concepts: tuple[Concept, ...], name: str = "") -> Concept | None:
        """The best-founded concept of a name; None when two of the same rank compete. What experts wrote
        comes before what was collected elsewhere: loading a source takes no understood drug away."""
        ranks = ([c for c in concepts if _curated(c)], [c for c in concepts if is_founded(c)], list(concepts))
        for found in ranks:
            single = [c for c in found if c.kind is ConceptKind.INGREDIENT and _generic(c, name)] or found
            if len(single) == 1:
                return single[0]
            if len(found) > 1:
                return self._same_contents(found)
        return None

    def _same_contents(self, concepts: list[Concept]) -> Concept | None:
        """Several concepts of one name that contain the same (a brand known as such and as a product)
        are one; the ingredient itself when it is among them."""
        contents = {self._holds(concept) for concept in concepts}
        if len(contents) > 1 or contents == {frozenset()}:
            return None
        return min(concepts, key=lambda c: (c.kind is not ConceptKind.INGREDIENT, c.id))

    def _holds(self, concept: Concept) -> frozenset[str]:
        if concept.kind is ConceptKind.INGREDIENT:
            return frozenset({concept.id})
        return frozenset(i.concept for i in self._contents(concept.id))

    def _made(self, concept: Concept, form: str, ignored: str, strength: Known[Strength]) -> Drug:
        """An ingredient is its own content; a product is what the release says it contains."""
        forms = concept.attributes.get("forms", ())
        form = form or (forms[0] if len(forms) == 1 else "")
        if concept.kind is ConceptKind.INGREDIENT:
            made = Ingredient(concept.id, _amounts(strength, 1)[0], _per_ml(strength))
            return Drug((concept.id,), (made,), form, ignored)
        return Drug((concept.id,), tuple(self._contents(concept.id)), form, ignored)

    def _contents(self, product: str, *within: str) -> Iterator[Ingredient]:
        """The ingredients of a product, as the best-founded source says. A brand of a dictionary contains
        products: the strengths and makes it may be, of which only what all of them hold is certain, in an
        amount that is not."""
        said = tuple(self.snapshot.statements(Predicate.CONTAINS, product))
        curated = tuple(s for s in said if s.standing in _CURATED)
        makes: list[frozenset[str]] = []
        direct: set[str] = set()
        for s in curated or said:
            made = self.snapshot.concept(s.object)
            if made is not None and made.kind is ConceptKind.PRODUCT:
                if made.id not in (product, *within):  # dictionaries go in circles
                    makes.append(frozenset(i.concept for i in self._contents(made.id, product, *within)))
            elif s.object not in direct:
                amount, unit = s.qualifiers.get("amount"), s.qualifiers.get("unit")
                direct.add(s.object)
                yield Ingredient(s.object, UNKNOWN if amount is None else _quantity(amount, unit))
        for ingredient in sorted(frozenset.intersection(*makes) - direct) if makes else ():
            yield Ingredient(ingredient)

    def _why(self, text: str) -> str:
        several = any(len(self.named(name, _DRUGS)) > 1 for name, _ in readings(read_drug(text).stem))
        return _SEVERAL if several else "未收录的药品名称"


def is_founded(concept: Concept) -> bool:
    """Whether somebody stands for a concept: it may decide."""
    return concept.standing is not Standing.UNREVIEWED


def _curated(concept: Concept) -> bool:
    return concept.standing in _CURATED


def _where(generic: str, text: str) -> int:
    """Where a generic name begins in a product's name, which may break off in the middle of it
    (systems that keep only the first fourteen characters do this); -1 when it does not."""
    if generic in text:
        return text.find(generic)
    least = max(3, (len(generic) + 1) // 2)
    ends = (length for length in range(len(generic) - 1, least - 1, -1) if text.endswith(generic[:length]))
    length = next(ends, 0)
    return len(text) - length if length else -1


def _generic(concept: Concept, name: str) -> bool:
    """Whether a part of a longer name is a generic name: a maker is often called like a brand of its."""
    brands = {normal_name(brand) for brand in concept.attributes.get("brands", ())}
    return name not in brands


def _quantity(amount: float, unit: str | None) -> Known[Quantity]:
    try:
        return Quantity(amount, unit or "")
    except QuantityError:
        return UNKNOWN


def _per_ml(strength: Known[Strength]) -> Known[Quantity]:
    """Amount of a single ingredient in one millilitre, when the strength names a volume (10ml:1g)."""
    fitting = UNKNOWN if isinstance(strength, Unknown) else strength.of(1)
    if isinstance(fitting, Unknown) or fitting.per is None:
        return UNKNOWN
    try:
        held = fitting.within(Quantity(1.0, "mL"))
    except QuantityError:
        return UNKNOWN
    return UNKNOWN if isinstance(held, Unknown) else held[0]


def _solution(drug: Drug, parts: DrugText | None) -> Drug:
    """A single drug in a solution whose percentage the text begins with; what its strength says goes first."""
    if parts is None or isinstance(parts.percent, Unknown) or len(drug.ingredients) != 1:
        return drug
    (ingredient,) = drug.ingredients
    if not isinstance(ingredient.per_ml, Unknown):
        return drug
    dissolved = replace(ingredient, amount=UNKNOWN, per_ml=Quantity(parts.percent / 100, "g"))
    return replace(drug, ingredients=(dissolved,))


def _amounts(strength: Known[Strength], ingredients: int) -> tuple[Known[Quantity], ...]:
    """Amount of each ingredient in one piece, when the strength says it for that many."""
    fitting = UNKNOWN if isinstance(strength, Unknown) else strength.of(ingredients)
    if isinstance(fitting, Unknown) or len(fitting.amounts) != ingredients:
        return (UNKNOWN,) * ingredients
    return fitting.amounts
