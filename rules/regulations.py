"""What the families about law and payment share: what an order is as a whole, and how long it lasts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from msgspec import structs

from clinical.codes import Icd10
from clinical.finding import Gap, Outcome, Reference
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.order import Ingredient, Order
from clinical.patient import ClinicalStatus, Condition
from clinical.quantity import Quantity, UnitMismatch
from knowledge.model import Predicate, Standing, Statement
from rules.model import Case, Use, fault
from rules.saying import fitting

MALIGNANCY: Final = "disease:malignancy"
INCOMPLETE: Final = "incomplete-order"
"""Cause of findings about what an order leaves out: those of several families become one alert."""
_CHRONIC: Final = """
hypertension severe-hypertension diabetes type-1-diabetes type-2-diabetes coronary-heart-disease
atherosclerotic-cvd heart-failure reduced-ejection-fraction atrial-fibrillation cardiomyopathy
hypertrophic-cardiomyopathy pulmonary-hypertension dyslipidaemia familial-hypercholesterolaemia
hypertriglyceridaemia peripheral-arterial-disease ischaemic-stroke ischaemic-stroke-sequelae
haemorrhagic-stroke-sequelae transient-ischaemic-attack copd asthma interstitial-lung-disease bronchiectasis
chronic-kidney-disease nephrotic-syndrome glomerulonephritis lupus-nephritis dialysis hyperthyroidism
hypothyroidism osteoporosis gout hyperuricaemia rheumatoid-arthritis psoriatic-arthritis psoriasis sle
ankylosing-spondylitis osteoarthritis antiphospholipid systemic-sclerosis vasculitis dermatomyositis
myasthenia-gravis multiple-sclerosis epilepsy parkinson dementia alzheimer als migraine restless-legs depression
bipolar schizophrenia anxiety ocd adhd tourette benign-prostatic-hyperplasia overactive-bladder glaucoma
open-angle-glaucoma inflammatory-bowel-disease ulcerative-colitis crohn-disease cirrhosis hepatitis-b
hepatitis-c autoimmune-hepatitis primary-biliary-cholangitis tuberculosis active-tuberculosis
latent-tuberculosis hiv malignancy multiple-myeloma leukaemia lymphoma kidney-transplant liver-transplant
organ-transplant haematopoietic-transplant renal-anaemia iron-deficiency-anaemia aplastic-anaemia thalassaemia
haemophilia thrombophilia venous-thromboembolism mechanical-valve menopause endometriosis pcos
hyperprolactinaemia precocious-puberty growth-hormone-deficiency adrenal-insufficiency diabetes-insipidus
hypoparathyroidism hyperparathyroidism wilson-disease allergic-rhinitis atopic-dermatitis vitiligo
"""
LONG_TERM: Final = frozenset(f"disease:{name}" for name in _CHRONIC.split())
"""Diseases for which a prescription may cover weeks (长期处方管理规范, 2021)."""
_NOT_HAVING: Final = re.compile(r"否认|排除|除外|待排|待查|疑似|可能|家族史|[?？]")
_STRICTNESS: Final = ("narcotic", "psychotropic-1", "toxic", "psychotropic-2")


def stated(case: Case, predicate: Predicate, order: Order) -> Iterator[tuple[Use, tuple[Statement, ...]]]:
    """What is said of the order as a whole: of the product as it was ordered, and of its ingredient when
    that is the only one. What law or insurance says of an ingredient alone does not hold for compounds."""
    inside = [ingredient.concept for ingredient in order.ingredients]
    alone = len(inside) == 1
    for concept in order.what.concepts:
        if (alone or concept not in inside) and case.snapshot.statements(predicate, concept):
            yield from _fitting(case, predicate, order, concept)
    if alone and inside[0] not in order.what.concepts and case.snapshot.statements(predicate, inside[0]):
        yield from _fitting(case, predicate, order, inside[0])


def _fitting(
    case: Case, predicate: Predicate, order: Order, concept: str
) -> Iterator[tuple[Use, tuple[Statement, ...]]]:
    use = Use(order, Ingredient(concept), True, concept)
    rows = fitting(case, predicate, use)
    if rows:
        yield use, rows


def orders_in_focus(case: Case) -> tuple[Order, ...]:
    """The drug orders under review that the user is working on now."""
    focus = case.focus
    return tuple([order for order in case.drugs if order.id in focus]) if focus else case.drugs


def controlled(case: Case, order: Order) -> tuple[Use, Statement] | None:
    """What makes an order a controlled drug: a row for the diagnosis before a general one, then the
    strictest. What is said of a product goes before what is said of its ingredient; of an ingredient in a
    compound only rows that say they hold for compounds count."""
    for use, found in stated(case, Predicate.CONTROLLED, order):
        rows = _concerning(case, found)
        if rows:
            return use, min(rows, key=_precedence)
    for ingredient in order.ingredients if len(order.ingredients) > 1 else ():
        for use, found in _fitting(case, Predicate.CONTROLLED, order, ingredient.concept):
            rows = [row for row in _concerning(case, found) if row.qualifiers.get("compounds")]
            if rows:
                return use, min(rows, key=_precedence)
    return None


def _concerning(case: Case, rows: tuple[Statement, ...]) -> list[Statement]:
    return [row for row in rows if not row.object or row.object in case.conditions]


def _precedence(row: Statement) -> tuple[bool, int]:
    return not row.object, _STRICTNESS.index(row.qualifiers["category"])


def ruled(statement: Statement, severity: str, reason: str, advice: str) -> Statement:
    """A statement with what a family works out of it for one order in place of what its row says."""
    return structs.replace(
        statement, qualifiers={**statement.qualifiers, "severity": severity, "reason": reason, "advice": advice}
    )


def cited(case: Case, rule: str, source_id: str, section: str) -> Reference:
    """A reference to a document of the release for what stands in no statement: a rule of the law itself."""
    source = case.snapshot.source(source_id)
    title = source_id if source is None else f"《{source.title}》({source.edition or source.year})"
    return Reference(rule, title, section, "high", "" if source is None else source.url, Standing.STARTER.value)


def supply_days(order: Order) -> Known[float]:
    """Days an order covers: as it says, else what is dispensed ÷ (dose × times a day) in the same unit."""
    if not isinstance(order.dosage.duration_days, Unknown):
        return order.dosage.duration_days
    quantity = order.quantity
    if isinstance(quantity, Unknown):
        return UNKNOWN
    daily = needed_a_day(order)
    if isinstance(daily, Unknown) or daily.value <= 0:
        return UNKNOWN
    dispensed = in_unit(order, quantity, daily.unit)
    return UNKNOWN if isinstance(dispensed, Unknown) else dispensed / daily.value


def needed_a_day(order: Order) -> Known[Quantity]:
    """Dose × times a day, in the unit of the dose; UNKNOWN for what is taken as needed."""
    dose, times = order.dosage.dose, order.dosage.times_per_day
    if isinstance(dose, Unknown) or isinstance(times, Unknown) or order.dosage.as_needed:
        return UNKNOWN
    return dose.scale(times)


def in_unit(order: Order, quantity: Quantity, unit: str) -> Known[float]:
    """An amount of what is dispensed in another unit; pieces count by the amount in each, when known."""
    try:
        return quantity.to(unit).value
    except UnitMismatch:
        held = order.ingredients[0].amount if len(order.ingredients) == 1 else UNKNOWN
    if isinstance(held, Unknown) or not quantity.is_counted():
        return UNKNOWN
    try:
        return held.scale(quantity.value).to(unit).value
    except UnitMismatch:
        return UNKNOWN


def diagnoses(case: Case, order: Order) -> tuple[str, ...]:
    """Texts of the active diagnoses and of the reasons of an order, without what is ruled out or in doubt."""
    texts = (*(condition.what.text for condition in active(case)), *(reason.text for reason in order.reason))
    return tuple(text for text in texts if text and not _NOT_HAVING.search(text))


def active(case: Case) -> tuple[Condition, ...]:
    """The active diagnoses; empty when nobody told."""
    conditions = case.patient.conditions
    known = () if isinstance(conditions, Unknown) else conditions
    status = ClinicalStatus.ACTIVE
    return tuple(condition for condition in known if condition.status is status)


def has_code(case: Case, *prefixes: str) -> bool:
    """Whether an active diagnosis carries an ICD-10 code that begins so."""
    codes = (code for condition in active(case) for code in condition.what.codes if isinstance(code, Icd10))
    return any(code.value.startswith(prefixes) for code in codes)


def gathered(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    """Outcomes with gaps of one need and reason put together: one line, however many orders it concerns."""
    gaps: dict[tuple[str, str, str], list[str]] = {}
    for outcome in outcomes:
        if isinstance(outcome, Gap):
            gaps.setdefault((outcome.family, outcome.needed, outcome.reason), []).extend(outcome.orders)
        else:
            yield outcome
    for (family, needed, reason), orders in gaps.items():
        yield Gap(family, needed, reason, tuple(dict.fromkeys(orders)))


def each_order(family: str, case: Case, judge: Callable[[Case, Order], Iterable[Outcome]]) -> Iterator[Outcome]:
    """Judge every order; one that raises becomes a ``Fault`` and the rest goes on."""
    for order in orders_in_focus(case):
        try:
            yield from judge(case, order)
        except Exception as error:  # isolation is the point
            yield fault(family, "", error)
