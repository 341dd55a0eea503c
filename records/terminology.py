"""Names and codes as they were sent become concepts of the release; what stays unmapped is listed.

Exact names and codes first, then the readings of a drug text, then its parts. Nothing is
guessed: where a name has several meanings of one rank, it stays unmapped and says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final, TypeVar

from base.remembered import remembered
from clinical.administration import INJECTED, ROUTE_OF_FORM
from clinical.coded import Coded, Origin, zoned
from clinical.codes import Code, Icd10
from clinical.forms import FORMS
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.order import Order, OrderKind
from clinical.patient import Allergy, Condition, Observation, PatientContext, Procedure, Report, pregnancy_in
from clinical.quantity import Quantity
from clinical.units import is_known
from clinical.value import Value, replace
from knowledge.model import Concept, ConceptKind, Predicate, Standing
from knowledge.naming import normal_name
from knowledge.snapshot import Snapshot
from nlp import operation_text as operations
from nlp.blood_text import blood_names
from nlp.exam_text import Imaging, imaging
from nlp.gene_text import gene_names, genes_of, is_restricted
from records.drug_names import Drug, DrugNames, is_founded
from records.plausibility import is_impossible

_N = TypeVar("_N", Condition, Allergy, Observation, Report, Procedure)
_Kinds = tuple[ConceptKind, ...]
_ALLERGIES: Final = (
    ConceptKind.ALLERGEN,
    ConceptKind.INGREDIENT,
    ConceptKind.DRUG_CLASS,
    ConceptKind.PRODUCT,
)
_NOT_HAVING: Final = re.compile(r"否认|排除|家族史|陈旧|愈合期|已愈|治愈|^无|^未见|除外|待排|待查|可能|疑似|\?")
_DOUBTED: Final = re.compile(r"待排|待查|可能|疑似|可疑|考虑|\?")
_RULED_OUT: Final = re.compile(r"否认|(?<!待)排除|家族史|陈旧|愈合期|已愈|治愈|^无|^未见|除外")
"""Of a diagnosis in doubt and of one that nobody has (any more)."""
_DECORATION: Final = re.compile(r"[(\[].*?[)\]]|\d+级|[ivxⅠⅡⅢⅣ]+[级期度型]?$|(?:极?高|中|低)危组?$|[,;:。\.\s]")
_BESIDE_PREGNANCY: Final = re.compile(r"[^,;产]{0,6}(?:妊娠|孕)[^,;产]{0,8}?(?:合并|伴有?|并发|期)")
"""The beginning of a diagnosis that names a pregnancy and something beside it."""
_IN_BRACKETS: Final = re.compile(r"[(\[]([^()\[\]]+)[)\]]")
_ALLERGY_WORDS: Final = re.compile(
    r"(?:药物)?过敏(?:个人)?(?:史|反应|者|状态)?|类药物?$|^对|皮试(?:阳性|\(\+\))?|[(\[].*?[)\]]"
)
_ALLERGY_CODES: Final = {"Z88.0": "青霉素", "Z88.2": "磺胺类", "Z88.4": "局部麻醉药"}
"""ICD-10 codes of allergies that stand among the diagnoses, as the allergen they name."""
_ALLERGY_HISTORY: Final = re.compile(r"过敏(?:个人)?(?:史|者|状态|体质史)$|过敏$")
_HARMED: Final = re.compile(r"^(.{2,20}?)(?:所致|所引起|引起|诱导|诱发|导致|致)的?(.{2,})")
"""A diagnosis that tells of a drug and what it did: 卡马西平致重症药疹史."""
_NOT_TAKEN: Final = re.compile(
    r"父|母亲|其母|祖母|兄|弟|姐|妹|儿子|女儿|亲属|未|不|停[用药服]|[骤突]停|漏服|中断|预防|防止"
)
"""Before a drug: that somebody else had it, or that it was not given: 其父别嘌醇致…, 停用达格列净致…."""
_NOT_YET: Final = re.compile(r"风险|高危|监测|筛查")
"""Of a harm: that it is only feared."""
_BESIDE: Final = re.compile(r"[,，;；。]|合并")
"""What stands between two diagnoses of one text."""
_ALLERGY_LIST: Final = re.compile(r"[、,;/;和及与]|以及")
_CLOCKS: Final = timedelta(days=1)
"""How far a result's time may lie ahead: clocks and time zones of senders differ."""
_ZONES: Final = timedelta(days=2)
"""Two clocks of any two zones are less than this apart."""
_PREGNANCY: Final = "disease:pregnancy"
_LONGEST_DRUG: Final = 12
"""Characters of the drug that a history begins with at most."""
_LONGEST_SYMBOL: Final = 12
"""Characters of a gene's symbol at most."""


_DRUG: Final = OrderKind.DRUG  # bound once: looked up on the enumeration for every order it costs
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


class Terminology:
    """Resolves names and codes against one release. Answers are remembered; safe between threads."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        drugs = DrugNames(snapshot)
        self.drug, self._named, self._coded = drugs.drug, drugs.named, drugs.coded
        self._disease_text = remembered(self._disease_in, 65536)
        self._found = remembered(self._find, 65536)
        self._understood = remembered(self._understand, 65536)
        self._diagnosis = remembered(self._diagnose, 65536)
        self._ordered = remembered(self._read_order, 65536)
        self._worded_gene = remembered(self._gene_of_words, 4096)

    def _find(self, kind: str, text: str, codes: tuple[Code, ...]) -> tuple[str, ...]:
        return self._finders[kind](self, Coded(text, codes))

    def _understand(self, kind: str, what: Coded) -> Coded:
        return replace(what, concepts=self._found(kind, what.text, what.codes))

    def _diagnose(self, what: Coded) -> tuple[Coded, Coded | None]:
        return self._understood("condition", what), self._as_allergy(what)

    def _gene_of_words(self, text: str) -> tuple[str, ...]:
        return self._gene(f"{normal_name(text)}基因") if len(text) < _LONGEST_SYMBOL else ()

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
                return tuple(dict.fromkeys((*exact, *self._remarked(text, exact))))
        plain = normal_name(text)
        if len(plain) > 60:
            return ()
        if _NOT_HAVING.search(plain):
            return tuple(self._doubted(plain, kinds))
        return tuple(dict.fromkeys((*self._munched(plain, kinds), *self._beside_pregnancy(plain))))

    def _beside_pregnancy(self, text: str) -> Iterator[str]:
        """What a diagnosis names in full beside a pregnancy, however short: 妊娠合并哮喘, 孕32周合并肺炎(左下)."""
        beside = _BESIDE_PREGNANCY.match(text)
        if beside is None or text.endswith("史"):
            return
        parts = re.split(r"[,;、]|合并|伴有?|及|和", text[beside.end() :])
        named = [self._best(self._named(_DECORATION.sub("", part), (ConceptKind.DISEASE,))) for part in parts if part]
        if any(named):
            yield from (c for c in (_PREGNANCY,) if self.snapshot.concept(c))
            yield from (concept for concepts in named for concept in concepts)

    def _doubted(self, plain: str, kinds: tuple[ConceptKind, ...]) -> Iterator[str]:
        """Of a diagnosis in doubt what the release says of the doubt itself (消化道穿孔? is 可疑消化道穿孔):
        most that is only thought of decides nothing, some forbids until it is ruled out."""
        if _DOUBTED.search(plain) and not _RULED_OUT.search(plain):
            for concept in dict.fromkeys(self._munched(plain, kinds)):
                known = self.snapshot.concept(concept)
                yield from (c.id for c in self._named(f"可疑{known.name}", kinds)) if known else ()

    def _remarked(self, text: str, known: tuple[str, ...]) -> Iterator[str]:
        """Diseases that the remark of a diagnosis names in full: 病态窦房结综合征(起搏器植入术后)."""
        plain = normal_name(text)
        if "(" not in plain or _NOT_HAVING.search(plain):
            return
        for remark in _IN_BRACKETS.findall(plain):
            for part in re.split(r"[,;]", remark):
                named = self._named(part, (ConceptKind.DISEASE,)) if len(part) > 2 else ()
                yield from (c.id for c in named if c.standing is not Standing.UNREVIEWED and c.id not in known)

    def _munched(self, text: str, kinds: tuple[ConceptKind, ...]) -> Iterator[str]:
        """Longest names of three characters and more from left to right; only knowledge that may decide."""
        start = 0
        while start < len(text) - 2:
            ends = () if _in_word(text, start) else range(min(len(text), start + 20), start + 2, -1)
            for end in ends:
                if _goes_on(text, end):
                    continue
                named = [c for c in self._named(text[start:end], kinds) if c.standing is not Standing.UNREVIEWED]
                if named:
                    yield from (c.id for c in named)
                    start = end - 1
                    break
            start += 1

    @staticmethod
    def _best(concepts: tuple[Concept, ...]) -> tuple[str, ...]:
        """Those that may decide, else all."""
        founded = tuple(c.id for c in concepts if is_founded(c))
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
        if not found and len(bare) > 1:
            found = dict.fromkeys(self.drug(bare, ()).concepts)
        return tuple(dict.fromkeys((*found, *self._allergens_called(found))))

    def _allergens_called(self, found: Iterable[str]) -> Iterator[str]:
        """Allergens that bear the plain name of an ingredient: 马来酸依那普利 stands for what 依那普利 does."""
        for concept in map(self.snapshot.concept, found):
            if concept is not None and concept.kind is ConceptKind.INGREDIENT:
                yield from (c.id for c in self._named(concept.name, (ConceptKind.ALLERGEN,)) if is_founded(c))

    def measurable(self, what: Coded, *kinds: ConceptKind) -> tuple[str, ...]:
        """A laboratory test or examination by code, then by name with specimen and remarks left out."""
        coded = self._coded(what.codes, kinds)
        if coded:
            return tuple(dict.fromkeys(c.id for c in coded))
        names = blood_names(what.text) if ConceptKind.BLOOD_PRODUCT in kinds else _test_names(what.text)
        for name in names:
            found = self._best(self._named(name, kinds))
            if found:
                return found
        if ConceptKind.PROCEDURE in kinds:
            return self._operations(what.text)
        genes = self._genes(what.text) if ConceptKind.LAB in kinds and what.text.strip() else ()
        return genes or (self._imaging(what.text) if ConceptKind.EXAM in kinds else ())

    def _genes(self, text: str) -> tuple[str, ...]:
        """The genetic test, or each of the several, that a name stands for."""
        several = [self._gene(part) or self._gene(f"{part}基因") for part in genes_of(text)]
        if several and all(several):
            return tuple(dict.fromkeys(concept for found in several for concept in found))
        return next(filter(None, map(self._gene, gene_names(text))), ())

    def _gene(self, name: str) -> tuple[str, ...]:
        """A genetic test of that very name; other tests that are called so (HIV) are none."""
        found = self._best(self._named(name, (ConceptKind.LAB,)))
        return tuple(concept for concept in found if self._is_genetic(concept))

    def _is_genetic(self, concept: str) -> bool:
        parts = (s.object for s in self.snapshot.statements(Predicate.CONTAINS, concept))
        asked = (s for lab in (concept, *parts) for s in self.snapshot.pointing_at(lab))
        return any(s.predicate is Predicate.PHARMACOGENOMIC for s in asked)

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
            if concept.kind is ConceptKind.PROCEDURE and is_founded(concept):
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
            if concept.kind is ConceptKind.EXAM and is_founded(concept):
                for name in concept.names():
                    said = imaging(name)
                    if said is not None:
                        index.setdefault(said, set()).add(concept.id)
        return index

    # -- a whole request -------------------------------------------------------------------

    def resolve(
        self, patient: PatientContext, orders: tuple[Order, ...]
    ) -> tuple[PatientContext, tuple[Order, ...], tuple[Unmapped, ...]]:
        """Patient and orders with concepts filled in, and the list of what was not understood."""
        missing: list[Unmapped] = []
        orders = self._orders(orders, missing)
        medications = patient.medications
        if not isinstance(medications, Unknown):
            medications = self._orders(medications, missing)
        conditions, diagnosed = self._conditions(patient.conditions, missing)
        allergies = self._all("allergy", patient.allergies, missing)
        if diagnosed:
            allergies = tuple(diagnosed) if isinstance(allergies, Unknown) else (*allergies, *diagnosed)
        observations = self._observations(patient.observations, zoned(patient.as_of), missing)
        reports = self._all("report", patient.reports, missing)
        procedures = self._all("procedure", patient.procedures, missing)
        patient = replace(
            patient,
            medications=medications,
            conditions=self._with_states(conditions, procedures, zoned(patient.as_of)),
            allergies=allergies,
            observations=observations,
            reports=reports,
            procedures=procedures,
        )
        return patient, orders, tuple(dict.fromkeys(missing))

    def _with_states(
        self, conditions: Known[tuple[Condition, ...]], procedures: Known[tuple[Procedure, ...]], as_of: datetime
    ) -> Known[tuple[Condition, ...]]:
        """The diagnoses with the states that operations have left (脑深部电刺激术 → 脑深部电刺激术后)."""
        if isinstance(conditions, Unknown) or isinstance(procedures, Unknown) or not procedures:
            return conditions
        left = (p for p in procedures if self._is_state(p.what) and not p.lies_ahead(as_of))
        return (*conditions, *(Condition(p.what, origin=p.origin) for p in left))

    def _is_state(self, what: Coded) -> bool:
        known = map(self.snapshot.concept, what.concepts)
        return any(concept is not None and concept.kind is ConceptKind.DISEASE for concept in known)

    def _state_after(self, text: str) -> tuple[str, ...]:
        """The state that an operation leaves, where the release names it by the operation and 后."""
        for part in operations.parts(text):
            for name in operations.ends(f"{part}后"):
                found = self._named(name, (ConceptKind.DISEASE,))
                if found:
                    return self._best(found)
        return ()

    def _as_allergy(self, what: Coded) -> Coded | None:
        """What somebody is allergic to, where a diagnosis says so (Z88.0, 青霉素过敏史)."""
        text = next((_ALLERGY_CODES[c.value[:5]] for c in what.codes if c.value[:5] in _ALLERGY_CODES), "")
        said = _ALLERGY_HISTORY.search(what.text) if "过敏" in what.text else None
        named = said and not _NOT_HAVING.search(what.text)
        for name in (what.text if named else "", text):
            concepts = self._found("allergy", name, ()) if name else ()
            if concepts:
                return Coded(what.text or name, what.codes, concepts)
        harmed = self._harmed_by(what.text)
        return Coded(what.text, what.codes, harmed) if harmed else None

    def _harmed_by(self, text: str) -> tuple[str, ...]:
        """The drug of a diagnosis that tells what it did (别嘌醇致重症药疹史), where the release knows that harm
        as one after which it or its kin must not be given again."""
        if _NOT_HAVING.search(normal_name(text)):
            return ()
        clauses = map(normal_name, _BESIDE.split(text))
        return next((found for clause in clauses if (found := self._harmed_in(clause))), ())

    def _harmed_in(self, clause: str) -> tuple[str, ...]:
        told = _HARMED.match(clause)
        drug, harm = (told[1], told[2]) if told else self._named_first(clause) if clause.endswith("史") else ("", "")
        if not drug or _NOT_TAKEN.search(drug) or _NOT_YET.search(harm):
            return ()
        concepts = self._found("allergy", f"{drug}过敏", ())
        return concepts if any(self._warned(concept, harm) for concept in concepts) else ()

    def _named_first(self, plain: str) -> tuple[str, str]:
        """The longest drug, class or allergen that a history begins with, and what it tells of (磺胺类严重药疹史)."""
        ends = range(min(len(plain) - 2, _LONGEST_DRUG), 1, -1)
        end = next((end for end in ends if self._named(plain[:end], _ALLERGIES)), 0)
        return plain[:end], re.split("[史、,]", plain[end:])[0]  # 利拉鲁肽用药史、胰腺炎史 are two histories

    def _warned(self, concept: str, harm: str) -> bool:
        rows = self.snapshot.statements(Predicate.CROSS_REACTS, concept)
        return any(normal_name(word) in harm for s in rows for word in s.qualifiers.get("reactions", ()))

    def _conditions(
        self, items: Known[tuple[Condition, ...]], missing: list[Unmapped]
    ) -> tuple[Known[tuple[Condition, ...]], list[Allergy]]:
        """Diagnoses understood, and the allergies that stand among them."""
        allergies: list[Allergy] = []
        if isinstance(items, Unknown):
            return items, allergies
        found = []
        for condition in items:
            what, allergy = self._diagnosis(condition.what)
            if not what.concepts:
                missing.append(_unmapped("condition", what, condition.origin))
            if allergy is not None:
                allergies.append(Allergy(allergy, origin=condition.origin))
            found.append(replace(condition, what=what))
        return tuple(found), allergies

    def _all(self, kind: str, items: Known[tuple[_N, ...]], missing: list[Unmapped]) -> Known[tuple[_N, ...]]:
        if isinstance(items, Unknown) or not items:
            return items
        found = []
        for item in items:
            what = self._understood(kind, item.what)
            if not what.concepts:
                missing.append(_unmapped(kind, what, item.origin))
            found.append(replace(item, what=what))
        return tuple(found)

    def _worded(self, o: Observation) -> Observation:
        """A result in words under a name that is both a gene's and another test's (EGFR 野生型) is the gene's."""
        if not isinstance(o.value, str) or not o.what.text or any(map(str.isdigit, o.value)):
            return o
        genes = self._worded_gene(o.what.text)
        return replace(o, what=replace(o.what, concepts=genes)) if genes else o

    def _observations(
        self, items: Known[tuple[Observation, ...]], now: datetime, missing: list[Unmapped]
    ) -> Known[tuple[Observation, ...]]:
        """Results understood, without those that cannot be true, which are listed: an earlier one counts instead."""
        if isinstance(items, Unknown):
            return items
        latest, recent = now + _CLOCKS, (now - _ZONES).date()
        kept, doubtful = [], []
        for sent in items:
            o = replace(sent, what=self._understood("observation", sent.what))
            value, time = o.value, o.origin.time
            if not o.what.concepts:
                missing.append(_unmapped("observation", o.what, o.origin))
            if isinstance(value, str):
                o = self._worded(o)
            elif isinstance(value, Quantity) and not is_known(value.unit):
                doubtful.append(_doubtful(o, "单位无法识别，数值未采用"))
            if time is not None and time.date() >= recent and zoned(time) > latest:  # the date alone tells most times
                doubtful.append(_doubtful(o, "时间晚于当前，未采用"))
            elif is_impossible(self.snapshot, o):
                doubtful.append(_doubtful(o, "数值超出可能范围，未采用"))
            else:
                kept.append(o)
        missing += doubtful
        return tuple(kept)

    def _orders(self, orders: tuple[Order, ...], missing: list[Unmapped]) -> tuple[Order, ...]:
        return tuple(
            [
                self._drug_order(order, missing) if order.kind is _DRUG else self._service_order(order, missing)
                for order in orders
            ]
        )

    def _service_order(self, order: Order, missing: list[Unmapped]) -> Order:
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
        sent, dosage = order.what, order.dosage
        text = sent.text or _codes(sent)
        if not text:
            missing.append(Unmapped("order", "", "医嘱未写明药品", order.id))
            return order
        drug, note, what = self._ordered(sent)
        if note:
            missing.append(Unmapped("order", text, note, order.id, self._names(drug)))
        form = FORMS.get(order.form, order.form) or drug.form or ("注射剂" if dosage.route in INJECTED else "")
        if dosage.route is UNKNOWN and form in ROUTE_OF_FORM:
            dosage = replace(dosage, route=ROUTE_OF_FORM[form])
        found = replace(order, what=what, ingredients=drug.ingredients, form=form, dosage=dosage)
        return self._with_reason(found) if order.reason else found

    def _with_reason(self, order: Order) -> Order:
        """The order with the diagnoses it is given for understood."""
        understood = [replace(r, concepts=self._found("condition", r.text, r.codes)) for r in order.reason]
        return replace(order, reason=tuple(understood))

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
        "procedure": lambda self, what: self.measurable(what, ConceptKind.PROCEDURE) or self._state_after(what.text),
    }


_SPECIMEN: Final = re.compile(
    r"[(\[].*?[)\]]|(?:测定|检测|检查|定量|项目|化验|试验)$|^(?:急诊|急查|床旁|复查)|[*★#△]"
)


def _test_names(text: str) -> Iterator[str]:
    """A test name as written, without brackets and 测定/检查, and what stands in its brackets."""
    if not text.strip():
        return
    plain = normal_name(text)
    yield text
    bare = _SPECIMEN.sub("", plain)
    if bare and not is_restricted(plain):
        yield bare
        yield f"{bare}检查"
        yield f"{bare}测定"
    yield from re.findall(r"[(\[]([^()\[\]]+)[)\]]", plain)


def _unmapped(kind: str, what: Coded, origin: Origin) -> Unmapped:
    return Unmapped(kind, what.text or _codes(what), "未收录的名称或编码", origin.reference)


def _doubtful(o: Observation, reason: str) -> Unmapped:
    """A result, or its unit, that is not believed."""
    return Unmapped("observation", f"{o.what.text or _codes(o.what)} {o.value}", reason, o.origin.reference)


def _codes(what: Coded) -> str:
    return " ".join(code.value for code in what.codes)


def _in_word(text: str, at: int) -> bool:
    """Whether a Latin letter follows two others: NSAIDs are not AIDS."""
    letters = text[at - 2 : at + 1] if at > 1 else ""
    return letters.isascii() and letters.isalpha()


def _goes_on(text: str, end: int) -> bool:
    """Whether a Latin word goes on behind a place: ASDF is not ASD."""
    letters = text[end - 1 : end + 1]
    return len(letters) > 1 and letters.isascii() and letters.isalpha()
