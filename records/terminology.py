"""Names and codes as they were sent become concepts of the release; what stays unmapped is listed.

Exact names and codes first, then the readings of a drug text, then its parts. Nothing is
guessed: where a name has several meanings of one rank, it stays unmapped and says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final, TypeVar

from clinical.administration import INJECTED, ROUTE_OF_FORM
from clinical.coded import Coded, zoned
from clinical.codes import Atc, Code, DrugInsurance, HospitalCode, Hpo, Icd9Cm3, Icd10, Loinc, Snomed
from clinical.forms import FORMS
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.order import Ingredient, Order, OrderKind
from clinical.patient import Allergy, Condition, Observation, PatientContext, Procedure, Report, pregnancy_in
from clinical.quantity import Quantity, QuantityError, Strength
from clinical.units import is_known
from clinical.value import Value, replace
from knowledge.model import Concept, ConceptKind, Predicate, Standing
from knowledge.naming import normal_name
from knowledge.snapshot import Snapshot
from nlp import operation_text as operations
from nlp.drug_text import DrugText, cut_forms, is_maker, may_be_maker, read_drug, readings
from nlp.exam_text import Imaging, imaging
from records.plausibility import is_impossible

_T = TypeVar("_T")
_N = TypeVar("_N", Condition, Allergy, Observation, Report, Procedure)
_Kinds = tuple[ConceptKind, ...]
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
_ALLERGIES: Final = (
    ConceptKind.ALLERGEN,
    ConceptKind.INGREDIENT,
    ConceptKind.DRUG_CLASS,
    ConceptKind.PRODUCT,
)
_NOT_HAVING: Final = re.compile(r"否认|排除|家族史|陈旧|愈合期|已愈|治愈|^无|^未见|除外|待排|待查|可能|疑似|\?")
_DECORATION: Final = re.compile(r"[(\[].*?[)\]]|\d+级|[ivxⅠⅡⅢⅣ]+[级期度型]?$|(?:极?高|中|低)危组?$|[,;:。\.\s]")
_ALLERGY_WORDS: Final = re.compile(
    r"(?:药物)?过敏(?:个人)?(?:史|反应|者|状态)?|类药物?$|^对|皮试(?:阳性|\(\+\))?|[(\[].*?[)\]]"
)
_ALLERGY_CODES: Final = {"Z88.0": "青霉素", "Z88.2": "磺胺类", "Z88.4": "局部麻醉药"}
"""ICD-10 codes of allergies that stand among the diagnoses, as the allergen they name."""
_ALLERGY_HISTORY: Final = re.compile(r"过敏(?:个人)?(?:史|者|状态|体质史)$|过敏$")
_ALLERGY_LIST: Final = re.compile(r"[、,;/;和及与]|以及")
_CURATED: Final = (Standing.STARTER, Standing.REVIEWED)
_CLOCKS: Final = timedelta(days=1)
"""How far a result's time may lie ahead: clocks and time zones of senders differ."""
_PREGNANCY: Final = "disease:pregnancy"
_FLUID: Final = "drug-class:infusion-fluid"
_SEVERAL: Final = "名称有多种含义"
_COMMON: Final = "名称有多种含义，仅按各含义共有的成分检查"


_SERVICES: Final = {
    OrderKind.LAB: ConceptKind.LAB,
    OrderKind.EXAM: ConceptKind.EXAM,
    OrderKind.PROCEDURE: ConceptKind.PROCEDURE,
    OrderKind.BLOOD: ConceptKind.BLOOD_PRODUCT,
}


class Unmapped(Value, frozen=True):
    """What was sent and not (or not fully) understood. ``reason`` is Chinese."""

    kind: str
    text: str
    reason: str
    reference: str = ""
    understood: str = ""


class Drug(Value, frozen=True):
    """A drug text understood: what it names, what is in it, its form, and what was passed over."""

    concepts: tuple[str, ...] = ()
    ingredients: tuple[Ingredient, ...] = ()
    form: str = ""
    ignored: str = ""
    reason: str = "未收录的药品名称"


class Terminology:
    """Resolves names and codes against one release. Answers are remembered; safe between threads."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.drug: Callable[[str, tuple[Code, ...]], Drug] = lru_cache(maxsize=65536)(self._drug)
        self._disease_text: Callable[[str], tuple[str, ...]] = lru_cache(maxsize=65536)(self._disease_in)
        self._found: Callable[[str, str, tuple[Code, ...]], tuple[str, ...]] = lru_cache(maxsize=65536)(
            lambda kind, text, codes: self._finders[kind](self, Coded(text, codes))
        )
        self._understood: Callable[[str, Coded], Coded] = lru_cache(maxsize=65536)(
            lambda kind, what: replace(what, concepts=self._found(kind, what.text, what.codes))
        )
        self._ordered: Callable[[Coded], tuple[Drug, str, Coded]] = lru_cache(maxsize=65536)(self._read_order)
        self._named: Callable[[str, tuple[ConceptKind, ...]], tuple[Concept, ...]] = lru_cache(maxsize=262144)(
            lambda text, kinds: self.snapshot.by_name(text, *kinds)
        )

    def _look_up(self, text: str, kinds: _Kinds) -> tuple[Concept, ...]:
        return self.snapshot.by_name(text, *kinds)

    # -- drugs ---------------------------------------------------------------------------

    def _drug(self, text: str, codes: tuple[Code, ...]) -> Drug:
        """What a drug name or code means. By code first, except that an ATC code never says more
        than its name: many products share one."""
        coded = self._coded(codes, _DRUGS)
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
                return found if found.ingredients else self._inside(found, text, parts.strength) or found
        whole = self._one_of(self._named(text, _DRUGS), normal_name(text))
        if whole is not None:
            found = self._made(whole, "", "", parts.strength)
            return found if found.ingredients else self._inside(found, text, parts.strength) or found
        return self._after_maker(parts.stem, parts.strength)

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
            concept = self._one_of(self._named(name, _DRUGS), name)
            found = None if concept is None else self._made(concept, form, "", strength)
            if found is not None and concept is not None and _founded(concept) and found.ingredients:
                return found
            weak = weak or found or self._common(name, form)
        mixed = self._mixture(stem, strength)
        return mixed or weak

    def _common(self, name: str, form: str) -> Drug | None:
        """What all meanings of an ambiguous name contain: checked, and said to be all that was checked."""
        named = self._named(name, _DRUGS)
        meanings = [c for c in named if _curated(c)] or [c for c in named if _founded(c)]
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
                concept = self._one_of(self._named(name, (ConceptKind.INGREDIENT,)), name)
                if concept is not None and _founded(concept) and _generic(concept, name):
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
        return all(len(name) < 3 for name, _ in readings(rest) if self._named(name, _DRUGS))

    def _one_of(self, concepts: tuple[Concept, ...], name: str = "") -> Concept | None:
        """The best-founded concept of a name; None when two of the same rank compete. What experts wrote
        comes before what was collected elsewhere: loading a source takes no understood drug away."""
        ranks = ([c for c in concepts if _curated(c)], [c for c in concepts if _founded(c)], list(concepts))
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
        several = any(len(self._named(name, _DRUGS)) > 1 for name, _ in readings(read_drug(text).stem))
        return _SEVERAL if several else "未收录的药品名称"

    # -- other kinds ---------------------------------------------------------------------

    def disease(self, what: Coded) -> tuple[str, ...]:
        """Diseases of ICD-10 codes (by category where the release names categories) and of the text."""
        found: dict[str, None] = {}
        for code in what.codes:
            if isinstance(code, Icd10):
                found |= dict.fromkeys(self._icd10(code.value))
        found |= dict.fromkeys(c.id for c in self._coded(what.codes, (ConceptKind.DISEASE,)))
        if what.text:
            found |= dict.fromkeys(self._disease_text(what.text))
        return tuple(found)

    def _icd10(self, code: str) -> Iterator[str]:
        """Concepts by exact code, then by every prefix, the longest first."""
        yield from (c.id for c in self.snapshot.by_code("icd-10", code))
        for length in range(len(code), 2, -1):
            prefix = code[:length].rstrip(".")
            yield from (c.id for c in self.snapshot.by_code("icd-10-prefix", prefix))

    def _disease_in(self, text: str) -> tuple[str, ...]:
        """The diagnosis as a name, without stages and remarks, else every disease named in it."""
        carrying = (_PREGNANCY,) if pregnancy_in(text) and self.snapshot.concept(_PREGNANCY) else ()
        return tuple(dict.fromkeys((*self._diseases_named(text), *carrying)))

    def _diseases_named(self, text: str) -> tuple[str, ...]:
        kinds = (ConceptKind.DISEASE,)
        for name in (text, _DECORATION.sub("", normal_name(text))):
            exact = self._best(self._named(name, kinds)) if name else ()
            if exact:
                return exact
        plain = normal_name(text)
        if _NOT_HAVING.search(plain) or len(plain) > 60:
            return ()
        return tuple(dict.fromkeys(self._munched(plain, kinds)))

    def _munched(self, text: str, kinds: tuple[ConceptKind, ...]) -> Iterator[str]:
        """Longest names of three characters and more from left to right; only knowledge that may decide."""
        start = 0
        while start < len(text) - 2:
            for end in range(min(len(text), start + 20), start + 2, -1):
                named = [c for c in self._named(text[start:end], kinds) if c.standing is not Standing.UNREVIEWED]
                if named:
                    yield from (c.id for c in named)
                    start = end - 1
                    break
            start += 1

    @staticmethod
    def _best(concepts: tuple[Concept, ...]) -> tuple[str, ...]:
        """Those that may decide, else all."""
        founded = tuple(c.id for c in concepts if _founded(c))
        return founded or tuple(c.id for c in concepts)

    def allergen(self, what: Coded) -> tuple[str, ...]:
        """Allergens, ingredients and classes of an allergy entry; a list (青霉素、头孢) gives several."""
        found = dict.fromkeys(c.id for c in self._coded(what.codes, _ALLERGIES))
        for text in (what.text, *_ALLERGY_LIST.split(what.text)):
            found |= dict.fromkeys(self._allergen_text(text))
        return tuple(found)

    def _allergen_text(self, text: str) -> tuple[str, ...]:
        """What the text names as a whole together with what it names without 过敏: 阿莫西林过敏 is an
        allergy to the penicillins and to amoxicillin, whose side chain cephalosporins may share."""
        bare = _ALLERGY_WORDS.sub("", normal_name(text))
        names = [name for name in dict.fromkeys((text, bare)) if name.strip()]
        found = dict.fromkeys(c for name in names for c in self._best(self._named(name, _ALLERGIES)))
        if not found and bare:
            found = dict.fromkeys(self._best(self._named(f"{bare}类", _ALLERGIES)))
        if found:
            return tuple(found)
        return self.drug(bare, ()).concepts if len(bare) > 1 else ()

    def measurable(self, what: Coded, *kinds: ConceptKind) -> tuple[str, ...]:
        """A laboratory test or examination by code, then by name with specimen and remarks left out."""
        coded = self._coded(what.codes, kinds)
        if coded:
            return tuple(dict.fromkeys(c.id for c in coded))
        names = _blood_names(what.text) if ConceptKind.BLOOD_PRODUCT in kinds else _test_names(what.text)
        for name in names:
            found = self._best(self._named(name, kinds))
            if found:
                return found
        if ConceptKind.PROCEDURE in kinds:
            return self._operations(what.text)
        return self._imaging(what.text) if ConceptKind.EXAM in kinds else ()

    def _operations(self, text: str) -> tuple[str, ...]:
        """Each operation of a combined name: the longest end of it that is a name, else the one that says
        the same of another approach."""
        return tuple(dict.fromkeys(c for part in operations.parts(text) for c in self._operation(part)))

    def _operation(self, part: str) -> tuple[str, ...]:
        kinds = (ConceptKind.PROCEDURE,)
        for name in operations.ends(part):
            found = self._best(self._named(name, kinds))
            if len(found) == 1:
                return found
        index = self.snapshot.remember("operations", self._operation_index)
        same = index.get(operations.essence(part), ())
        return tuple(same) if len(same) == 1 else ()

    def _operation_index(self) -> dict[frozenset[str], set[str]]:
        index: dict[frozenset[str], set[str]] = {}
        for concept in self.snapshot.concepts():
            if concept.kind is ConceptKind.PROCEDURE and _founded(concept):
                for name in concept.names():
                    index.setdefault(operations.essence(name), set()).add(concept.id)
        return index

    def _imaging(self, text: str) -> tuple[str, ...]:
        """The one imaging examination that says the same in other words; nothing when there are several."""
        asked = imaging(text) if text.strip() else None
        if asked is None:
            return ()
        return self.snapshot.remember(("imaging", asked), lambda: self._same_imaging(asked))

    def _same_imaging(self, asked: Imaging) -> tuple[str, ...]:
        index = self.snapshot.remember("imaging", self._imaging_index)
        found = index.get(asked, ())
        return tuple(found) if len(found) == 1 else ()

    def _imaging_index(self) -> dict[Imaging, set[str]]:
        index: dict[Imaging, set[str]] = {}
        for concept in self.snapshot.concepts():
            if concept.kind is ConceptKind.EXAM and _founded(concept):
                for name in concept.names():
                    said = imaging(name)
                    if said is not None:
                        index.setdefault(said, set()).add(concept.id)
        return index

    def _coded(self, codes: Iterable[Code], kinds: tuple[ConceptKind, ...]) -> list[Concept]:
        found: dict[str, Concept] = {}
        for code in codes:
            system = code.system if isinstance(code, HospitalCode) else SYSTEMS.get(type(code), "")
            for concept in self.snapshot.by_code(system, code.value):
                if concept.kind in kinds:
                    found[concept.id] = concept
        return list(found.values())

    # -- a whole request -------------------------------------------------------------------

    def resolve(
        self, patient: PatientContext, orders: tuple[Order, ...]
    ) -> tuple[PatientContext, tuple[Order, ...], tuple[Unmapped, ...]]:
        """Patient and orders with concepts filled in, and the list of what was not understood."""
        missing: list[Unmapped] = []
        orders = tuple(self._order(order, missing) for order in orders)
        medications = _each(patient.medications, lambda o: self._order(o, missing))
        patient = replace(
            patient,
            medications=medications,
            conditions=self._all("condition", patient.conditions, missing),
            allergies=self._all("allergy", patient.allergies, missing),
            observations=self._possible(
                self._all("observation", patient.observations, missing), zoned(patient.as_of), missing
            ),
            reports=self._all("report", patient.reports, missing),
            procedures=self._all("procedure", patient.procedures, missing),
        )
        patient = replace(patient, allergies=self._with_diagnosed(patient))
        return patient, orders, tuple(dict.fromkeys(missing))

    def _with_diagnosed(self, patient: PatientContext) -> Known[tuple[Allergy, ...]]:
        """The allergies with those that stand among the diagnoses (Z88.0, 青霉素过敏史)."""
        diagnosed = tuple(self._diagnosed(patient))
        if not diagnosed:
            return patient.allergies
        return diagnosed if isinstance(patient.allergies, Unknown) else (*patient.allergies, *diagnosed)

    def _diagnosed(self, patient: PatientContext) -> Iterator[Allergy]:
        for condition in () if isinstance(patient.conditions, Unknown) else patient.conditions:
            what = condition.what
            text = next((_ALLERGY_CODES[c.value[:5]] for c in what.codes if c.value[:5] in _ALLERGY_CODES), "")
            said = _ALLERGY_HISTORY.search(what.text) if "过敏" in what.text else None
            named = said and not _NOT_HAVING.search(what.text)
            for name in (what.text if named else "", text):
                concepts = self._found("allergy", name, ()) if name else ()
                if concepts:
                    yield Allergy(Coded(what.text or name, what.codes, concepts), origin=condition.origin)
                    break

    def _all(self, kind: str, items: Known[tuple[_N, ...]], missing: list[Unmapped]) -> Known[tuple[_N, ...]]:
        return _each(items, lambda i: replace(i, what=self._mapped(kind, i.what, missing, i.origin.reference)))

    def _possible(
        self, items: Known[tuple[Observation, ...]], now: datetime, missing: list[Unmapped]
    ) -> Known[tuple[Observation, ...]]:
        """Results without those that cannot be true, which are listed: an earlier one counts instead."""
        if isinstance(items, Unknown):
            return items
        kept = []
        for o in items:
            if isinstance(o.value, Quantity) and not is_known(o.value.unit):
                text = f"{o.what.text or _codes(o.what)} {o.value}"
                missing.append(Unmapped("observation", text, "单位无法识别，数值未采用", o.origin.reference))
            later = o.origin.time is not None and zoned(o.origin.time) > now + _CLOCKS
            if later or is_impossible(self.snapshot, o):
                text = f"{o.what.text or _codes(o.what)} {o.value}"
                reason = "时间晚于当前，未采用" if later else "数值超出可能范围，未采用"
                missing.append(Unmapped("observation", text, reason, o.origin.reference))
            else:
                kept.append(o)
        return tuple(kept)

    def _mapped(self, kind: str, what: Coded, missing: list[Unmapped], reference: str) -> Coded:
        found = self._understood(kind, what)
        if not found.concepts:
            missing.append(Unmapped(kind, what.text or _codes(what), "未收录的名称或编码", reference))
        return found

    def _order(self, order: Order, missing: list[Unmapped]) -> Order:
        if order.kind is OrderKind.DRUG:
            return self._drug_order(order, missing)
        found, kind = self._service(order)
        if not found:
            missing.append(Unmapped("order", order.what.text or _codes(order.what), "未收录的项目", order.id))
        return replace(order, kind=kind, what=replace(order.what, concepts=found))

    def _service(self, order: Order) -> tuple[tuple[str, ...], OrderKind]:
        """Concepts of a service order; one sent without a usable category is what its name says."""
        kinds = sorted(_SERVICES, key=lambda kind: kind is not order.kind)
        for kind in kinds:
            found = self.measurable(order.what, _SERVICES[kind])
            if found:
                return found, kind
        return (), order.kind

    def _drug_order(self, order: Order, missing: list[Unmapped]) -> Order:
        text = order.what.text or _codes(order.what)
        if not text:
            missing.append(Unmapped("order", "", "医嘱未写明药品", order.id))
            return order
        drug, note, what = self._ordered(order.what)
        if note:
            missing.append(Unmapped("order", text, note, order.id, self._names(drug)))
        reason = tuple(replace(r, concepts=self._found("condition", r.text, r.codes)) for r in order.reason)
        form = FORMS.get(order.form, order.form) or drug.form or ("注射剂" if order.dosage.route in INJECTED else "")
        dosage = order.dosage
        if isinstance(dosage.route, Unknown) and form in ROUTE_OF_FORM:
            dosage = replace(dosage, route=ROUTE_OF_FORM[form])
        return replace(order, what=what, ingredients=drug.ingredients, form=form, reason=reason, dosage=dosage)

    def _read_order(self, what: Coded) -> tuple[Drug, str, Coded]:
        """What is ordered, why it must be listed, and the order's words with concepts filled in."""
        drug = self.drug(what.text, what.codes)
        return drug, self._note(drug), replace(what, concepts=drug.concepts, text=what.text or self._names(drug))

    def _names(self, drug: Drug) -> str:
        return "、".join(self.snapshot.name(c) for c in drug.concepts)

    def _note(self, drug: Drug) -> str:
        """Why a drug must be listed although something was understood; empty when all is well."""
        if not drug.concepts:
            return drug.reason
        if not drug.ingredients:
            return "仅未审核来源收录，成分未知，未能检查"
        return f"按生产企业等略去“{drug.ignored}”" if drug.ignored else ""

    _finders: Final[dict[str, Callable[[Terminology, Coded], tuple[str, ...]]]] = {
        "condition": disease,
        "allergy": allergen,
        "observation": lambda self, what: self.measurable(what, ConceptKind.LAB),
        "report": lambda self, what: self.measurable(what, ConceptKind.EXAM, ConceptKind.LAB),
        "procedure": lambda self, what: self.measurable(what, ConceptKind.PROCEDURE),
    }


def _founded(concept: Concept) -> bool:
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


def _each(items: Known[tuple[_T, ...]], change: Callable[[_T], _T]) -> Known[tuple[_T, ...]]:
    return UNKNOWN if isinstance(items, Unknown) else tuple(change(item) for item in items)


_SPECIMEN: Final = re.compile(
    r"[(\[].*?[)\]]|(?:测定|检测|检查|定量|项目|化验|试验)$|^(?:急诊|急查|床旁|复查)|[*★#△]"
)


_BLOOD_GROUP: Final = re.compile(r"(?:ab|[abo])型|rh\(?d?\)?(?:阳性|阴性)|\s")
_BLOOD_AMOUNT: Final = re.compile(r"\s*[×x*]?\s*\d+(?:\.\d+)?\s*(?:单位|u|ml|毫升|治疗量|人份|袋|份)\s*$")
_BLOOD_WORDS: Final = re.compile(r"去白细胞|少白细胞|去白|病毒灭活")


def _blood_names(text: str) -> Iterator[str]:
    """A blood product as written, without the amount and group that are asked for, then without its treatment."""
    if text.strip():
        yield text
        bare = _BLOOD_GROUP.sub("", _BLOOD_AMOUNT.sub("", normal_name(text)))
        yield bare
        yield _BLOOD_WORDS.sub("", bare)


def _test_names(text: str) -> Iterator[str]:
    """A test name as written, without brackets and 测定/检查, and what stands in its brackets."""
    if not text.strip():
        return
    plain = normal_name(text)
    yield text
    bare = _SPECIMEN.sub("", plain)
    if bare:
        yield bare
        yield f"{bare}检查"
        yield f"{bare}测定"
    yield from re.findall(r"[(\[]([^()\[\]]+)[)\]]", plain)


def _codes(what: Coded) -> str:
    return " ".join(code.value for code in what.codes)


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
