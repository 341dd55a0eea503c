"""The nouns of knowledge: concepts, statements, articles, rules, sources, and what may be said of them.

Free of SQL and of patients, so that rules may read it. All records are frozen msgspec
structs: cheap to make, and stored and shipped as MessagePack without conversion.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec
from msgspec import structs


class ConceptKind(StrEnum):
    """Anything medicine names."""

    INGREDIENT = "ingredient"
    DRUG_CLASS = "drug-class"
    PRODUCT = "product"
    DISEASE = "disease"
    SYMPTOM = "symptom"
    PHENOTYPE = "phenotype"
    LAB = "lab"
    EXAM = "exam"
    PROCEDURE = "procedure"
    ALLERGEN = "allergen"
    FOOD = "food"
    DEPARTMENT = "department"
    SERVICE = "service"
    BLOOD_PRODUCT = "blood-product"
    FINDING = "finding"


class Predicate(StrEnum):
    """The closed list of what a statement may say; ``PREDICATES`` documents each. New ones come last:
    compiled releases know predicates by their place."""

    IS_A = "is-a"
    CONTAINS = "contains"
    INTERACTS_WITH = "interacts-with"
    CONTRAINDICATED_IN = "contraindicated-in"
    PREGNANCY_LACTATION = "pregnancy-lactation"
    AGE_LIMIT = "age-limit"
    RENAL_LIMIT = "renal-limit"
    HEPATIC_LIMIT = "hepatic-limit"
    DOSE_RANGE = "dose-range"
    FREQUENCY_LIMIT = "frequency-limit"
    ROUTE_LIMIT = "route-limit"
    DUPLICATE_GROUP = "duplicate-group"
    ALLERGEN_OF = "allergen-of"
    CROSS_REACTS = "cross-reacts-with"
    REFERENCE_RANGE = "reference-range"
    REPEAT_INTERVAL = "repeat-interval"
    INSURANCE_LIMIT = "insurance-limit"
    SERVICE_DUPLICATE = "service-duplicate"
    DEFINED_DAILY_DOSE = "defined-daily-dose"
    HAS_SYMPTOM = "has-symptom"
    NEEDS_EXAM = "needs-exam"
    TREATED_WITH = "treated-with"
    COMPLICATED_BY = "complicated-by"
    TREATED_IN = "treated-in"
    HAS_PHENOTYPE = "has-phenotype"
    GOOD_FOOD = "good-food"
    BAD_FOOD = "bad-food"
    IV_INCOMPATIBLE = "iv-incompatible"
    INFUSION_LIMIT = "infusion-limit"
    LAB_LIMIT = "lab-limit"
    LAB_NEEDED = "lab-needed"
    PHARMACOGENOMIC = "pharmacogenomic"
    BURDEN = "burden"
    DURATION_LIMIT = "duration-limit"
    INDICATED_FOR = "indicated-for"
    DRUG_FOOD = "drug-food"
    LAB_INTERFERENCE = "lab-interference"
    ANTIMICROBIAL_GRADE = "antimicrobial-grade"
    PROPHYLAXIS = "prophylaxis"
    SKIN_TEST = "skin-test"
    CONTROLLED = "controlled"
    HIGH_ALERT = "high-alert"
    HERB_LIMIT = "herb-limit"
    HERB_INCOMPATIBLE = "herb-incompatible"
    EXAM_LIMIT = "exam-limit"
    EXAM_INDICATED = "exam-indicated"
    PROCEDURE_LIMIT = "procedure-limit"
    PROCEDURE_INDICATED = "procedure-indicated"
    PROCEDURE_NEEDS = "procedure-needs"
    PERIOPERATIVE = "perioperative"
    TRANSFUSION_THRESHOLD = "transfusion-threshold"
    NURSING_RISK = "nursing-risk"
    ADMINISTRATION_LIMIT = "administration-limit"
    DISEASE_ALERT = "disease-alert"
    PATHWAY_STEP = "pathway-step"
    WASHOUT = "washout"
    CRITICAL_ACTION = "critical-action"
    DOSE_BOUND = "dose-bound"
    COMPANION = "companion"
    ORGANISM_RESISTANCE = "organism-resistance"
    HAS_FINDING = "has-finding"
    DISEASE_PROFILE = "disease-profile"
    DIFFERS_FROM = "differs-from"
    WORKUP = "workup"
    ITEM_PROFILE = "item-profile"
    PLAN = "plan"
    TOLD_UNASKED = "told-unasked"


PREDICATES: dict[Predicate, str] = {
    Predicate.IS_A: "subject is a kind of object (drug to class, disease or exam to wider one)",
    Predicate.CONTAINS: "product contains ingredient, panel contains test; qualifiers amount, unit, per",
    Predicate.INTERACTS_WITH: "symmetric; two drugs or classes affect each other",
    Predicate.CONTRAINDICATED_IN: "drug should not, or only with care, be given in a disease",
    Predicate.PREGNANCY_LACTATION: "drug in pregnancy (trimesters) or lactation; qualifier state",
    Predicate.AGE_LIMIT: "drug should not be given within an age range (days)",
    Predicate.RENAL_LIMIT: "drug at a band of crcl or egfr, or on dialysis",
    Predicate.HEPATIC_LIMIT: "drug at a Child-Pugh class or a multiple of the transaminase limit",
    Predicate.DOSE_RANGE: "single and daily limits of an ingredient for population, route, form, indication",
    Predicate.FREQUENCY_LIMIT: "greatest number of doses a day or week, least interval",
    Predicate.ROUTE_LIMIT: "forbidden or only allowed routes",
    Predicate.DUPLICATE_GROUP: "no more than some members of a class together",
    Predicate.ALLERGEN_OF: "allergen covers a drug or class",
    Predicate.CROSS_REACTS: "allergy to subject makes object risky",
    Predicate.REFERENCE_RANGE: "reference and critical limits of a test by sex and age (days)",
    Predicate.REPEAT_INTERVAL: "an order within so many hours after a result is a repeat",
    Predicate.INSURANCE_LIMIT: "national insurance restricts payment (sex, age, grade, course, visit type …)",
    Predicate.SERVICE_DUPLICATE: "two services may not be charged together",
    Predicate.DEFINED_DAILY_DOSE: "WHO DDD of an ATC code by route",
    Predicate.HAS_SYMPTOM: "disease shows symptom",
    Predicate.NEEDS_EXAM: "disease calls for exam or test",
    Predicate.TREATED_WITH: "disease is treated with drug or product",
    Predicate.COMPLICATED_BY: "disease may lead to disease",
    Predicate.TREATED_IN: "disease belongs to department",
    Predicate.HAS_PHENOTYPE: "disease shows phenotype, qualifier frequency",
    Predicate.GOOD_FOOD: "food that suits a disease",
    Predicate.BAD_FOOD: "food to avoid in a disease",
    Predicate.IV_INCOMPATIBLE: "symmetric; two drugs (solvents too) not to be mixed; qualifier where (bag, line)",
    Predicate.INFUSION_LIMIT: "solvents, concentration, rate, stability, light for a drug given into a vein",
    Predicate.LAB_LIMIT: "drug at a laboratory value; object is the test",
    Predicate.LAB_NEEDED: "drug needs a recent value of the object test before or during use",
    Predicate.PHARMACOGENOMIC: "drug with a genotype or phenotype; object is the genetic test",
    Predicate.BURDEN: "drug adds to a cumulative risk (QT, serotonin, bleeding …); qualifiers burden, points",
    Predicate.DURATION_LIMIT: "longest (or shortest) course in days, object is the indication",
    Predicate.INDICATED_FOR: "drug is indicated in a disease; qualifier basis (label, guideline)",
    Predicate.DRUG_FOOD: "drug with food, alcohol or tobacco",
    Predicate.LAB_INTERFERENCE: "drug disturbs the object test",
    Predicate.ANTIMICROBIAL_GRADE: "non-restricted, restricted or special antimicrobial",
    Predicate.PROPHYLAXIS: "antimicrobials that suit a procedure or wound class, when and how long",
    Predicate.SKIN_TEST: "drug needs a negative skin test",
    Predicate.CONTROLLED: "narcotic, psychotropic or toxic drug of a class",
    Predicate.HIGH_ALERT: "drug on the high-alert list, with its grade",
    Predicate.HERB_LIMIT: "toxicity, dose (g a day), use and pregnancy of a herb",
    Predicate.HERB_INCOMPATIBLE: "symmetric; 十八反 and 十九畏",
    Predicate.EXAM_LIMIT: "examination with an implant, disease, drug, result or pregnancy",
    Predicate.EXAM_INDICATED: "examination is indicated in a disease or symptom",
    Predicate.PROCEDURE_LIMIT: "procedure is contraindicated in a disease or at a result",
    Predicate.PROCEDURE_INDICATED: "procedure is indicated in a disease",
    Predicate.PROCEDURE_NEEDS: "procedure needs a recent result of the object test or examination before it",
    Predicate.PERIOPERATIVE: "drug to stop, bridge or keep before a procedure",
    Predicate.TRANSFUSION_THRESHOLD: "blood product at a laboratory value",
    Predicate.NURSING_RISK: "drug or disease adds points to a nursing risk (falls, pressure injury, VTE)",
    Predicate.ADMINISTRATION_LIMIT: "drug or form not to be crushed, split, tube-fed …",
    Predicate.DISEASE_ALERT: "disease to report or to act on within hours",
    Predicate.PATHWAY_STEP: "disease calls for, or forbids, a drug, test or examination within hours",
    Predicate.WASHOUT: "drug acts on for so many hours after it was stopped: object must not be started before",
    Predicate.CRITICAL_ACTION: "what to do at a critical value of a test, and which orders answer it",
    Predicate.DOSE_BOUND: "a dose below which a treatment is useless, or above which it ruins: single, daily, course",
    Predicate.COMPANION: "drug that must not be given without another",
    Predicate.ORGANISM_RESISTANCE: "antibacterial without reliable activity against an organism",
    Predicate.HAS_FINDING: "disease shows a finding of one of twelve dimensions; qualifier frequency (band)",
    Predicate.DISEASE_PROFILE: "how common a disease is, by age, sex, season and region; must it not be missed",
    Predicate.DIFFERS_FROM: "disease is told from the object disease by the points in the qualifiers",
    Predicate.WORKUP: "disease is confirmed, excluded, graded or followed by the object test or examination",
    Predicate.ITEM_PROFILE: "harm, cost and usual level of care of a test or examination",
    Predicate.PLAN: "one option of a disease's treatment: class, for whom, drug with dose or other measure",
    Predicate.TOLD_UNASKED: "how surely a patient who has the finding names it unasked; qualifier telling (band)",
}
SYMMETRIC = frozenset(
    {
        Predicate.INTERACTS_WITH,
        Predicate.IV_INCOMPATIBLE,
        Predicate.HERB_INCOMPATIBLE,
        Predicate.SERVICE_DUPLICATE,
    }
)


class Standing(StrEnum):
    """How far a record may be trusted, from least to most.

    ``unreviewed`` never alerts; ``secondary`` never interrupts and never exceeds moderate;
    ``starter`` is what we ship, twice checked, for local experts to review; ``reviewed`` is
    what a local reviewer approved.
    """

    UNREVIEWED = "unreviewed"
    SECONDARY = "secondary"
    STARTER = "starter"
    REVIEWED = "reviewed"


class Status(StrEnum):
    """Where a record stands in the review workflow."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    REJECTED = "rejected"
    PUBLISHED = "published"
    RETIRED = "retired"


class Citation(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a statement can be read: source id and section."""

    source: str
    section: str = ""


class Source(msgspec.Struct, frozen=True, omit_defaults=True):
    """A document: label, guideline, standard … with edition and year."""

    id: str
    title: str
    kind: str
    publisher: str = ""
    edition: str = ""
    year: int = 0
    url: str = ""


class CodeRef(msgspec.Struct, frozen=True, order=True):
    """A code in a system; ``system`` is a short name (icd-10, atc, loinc, icd-9-cm-3, hpo …)."""

    system: str
    code: str


class Concept(msgspec.Struct, frozen=True, omit_defaults=True):
    """Anything medicine names. ``name`` is the preferred Chinese name; ``attributes`` holds what
    is true of the thing itself (routes, forms, molar_mass, iu_per_mg, specimen, unit)."""

    id: str
    kind: ConceptKind
    name: str
    name_en: str = ""
    synonyms: tuple[str, ...] = ()
    codes: tuple[CodeRef, ...] = ()
    attributes: dict[str, Any] = {}
    standing: Standing = Standing.REVIEWED
    origin: str = ""
    revision: int = 1

    def names(self) -> tuple[str, ...]:
        """Every name it is found by: preferred, English, synonyms, brands."""
        return tuple(n for n in (self.name, self.name_en, *self.synonyms, *self.attributes.get("brands", ())) if n)


class Statement(msgspec.Struct, frozen=True, omit_defaults=True):
    """subject – predicate – object, or a value in ``qualifiers``, with source and evidence.

    ``qualifiers`` carries the typed fields of the content tables (severity, reason, advice,
    routes, age_min …; ages in days, durations in hours). ``valid_from`` and ``valid_to`` are
    ISO dates; empty means always.
    """

    id: str
    subject: str
    predicate: Predicate
    object: str = ""
    qualifiers: dict[str, Any] = {}
    citations: tuple[Citation, ...] = ()
    evidence: str = ""
    standing: Standing = Standing.REVIEWED
    origin: str = ""
    author: str = ""
    reviewer: str = ""
    valid_from: str = ""
    valid_to: str = ""
    revision: int = 1

    def holds_on(self, day: str) -> bool:
        """Whether the statement is effective on an ISO date."""
        return (not self.valid_from or self.valid_from <= day) and (not self.valid_to or day < self.valid_to)


class Section(msgspec.Struct, frozen=True, omit_defaults=True):
    heading: str
    text: str
    citations: tuple[Citation, ...] = ()


class Article(msgspec.Struct, frozen=True, omit_defaults=True):
    """Sectioned text for reading about one concept."""

    id: str
    concept: str
    title: str
    sections: tuple[Section, ...] = ()
    standing: Standing = Standing.REVIEWED
    origin: str = ""
    author: str = ""
    reviewer: str = ""
    revision: int = 1


class RuleCase(msgspec.Struct, frozen=True, omit_defaults=True):
    """A rule's own test: facts about a patient and orders, and whether the rule should fire.

    ``expect`` is ``fired``, ``passed`` or ``unknown``.
    """

    name: str
    facts: dict[str, Any]
    expect: str


class Rule(msgspec.Struct, frozen=True, omit_defaults=True):
    """An authored rule: data, not code. ``condition`` is text of the closed language."""

    id: str
    title: str
    family: str
    condition: str
    severity: str
    message: str
    advice: str = ""
    scope: dict[str, tuple[str, ...]] = {}
    citations: tuple[Citation, ...] = ()
    evidence: str = ""
    cases: tuple[RuleCase, ...] = ()
    standing: Standing = Standing.REVIEWED
    origin: str = ""
    author: str = ""
    reviewer: str = ""
    valid_from: str = ""
    valid_to: str = ""
    revision: int = 1


Record = Concept | Statement | Article | Rule | Source


def same_content(a: Record, b: Record) -> bool:
    """Equal in everything but the revision number and who handled it."""
    bare = {field: type(getattr(a, field))() for field in ("revision", "author", "reviewer") if hasattr(a, field)}
    return type(a) is type(b) and structs.replace(a, **bare) == structs.replace(b, **bare)
