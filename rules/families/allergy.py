"""Drugs the patient is allergic to, by ingredient, class, allergen or cross-reactivity."""

from __future__ import annotations

from collections.abc import Iterator

from clinical.finding import Datum, Finding, Gap, Outcome, Passed, Reference, Severity
from clinical.logic import Unknown
from clinical.patient import Allergy
from knowledge.model import Predicate, Statement
from rules.model import Case, Family, Use, fault, order_datum
from rules.saying import drop, found, named

NAME = "allergy"


def check(case: Case) -> Iterator[Outcome]:
    """Every new drug against every recorded allergy; what stays unmapped is said to be unchecked."""
    allergies = case.patient.allergies
    orders = tuple(dict.fromkeys(use.order.id for use in case.new_uses))
    if isinstance(allergies, Unknown):
        if orders:
            yield Gap(NAME, "allergies", "未提供过敏史，未能检查过敏", orders)
        return
    for allergy in allergies:
        if not allergy.what.concepts:
            yield Gap(NAME, "allergy-concept", f"过敏原“{allergy.what.text}”未能识别，未能检查", orders)
    for use in case.new_uses:
        if case.in_focus(use.order.id):
            yield from _judge(case, use, allergies)


def _judge(case: Case, use: Use, allergies: tuple[Allergy, ...]) -> Iterator[Outcome]:
    """Of each allergy: the drug itself, then what a row says of allergen and drug, which is closer than
    membership (horse serum and antitoxins), then the class or allergen that covers the drug."""
    hit = False
    for allergy in allergies:
        try:
            outcome = _itself(case, use, allergy) or _crossed(case, use, allergy) or _covered(case, use, allergy)
        except Exception as error:  # one malformed statement must not hide other allergies
            yield fault(NAME, "", error)
            continue
        if outcome is not None:
            hit = True
            yield outcome
    if case.explain and not hit:
        yield Passed(NAME, "", f"{named(case, use)}: 与已记录的过敏史无关", (use.order.id,))


def _itself(case: Case, use: Use, allergy: Allergy) -> Finding | None:
    """The ingredient or the product that was ordered."""
    for concept in allergy.what.concepts:
        if concept in (use.concept, use.product):
            return _same(case, use, allergy, f"{NAME}:{concept}", ())
    return None


def _covered(case: Case, use: Use, allergy: Allergy) -> Finding | None:
    """A class the ingredient belongs to, or an allergen that covers it."""
    lineage = case.lineage[use.concept]
    for concept in allergy.what.concepts:
        if concept in lineage:
            return _same(case, use, allergy, f"{NAME}:{concept}", ())
        for s in case.statements(Predicate.ALLERGEN_OF, concept):
            if s.object in lineage:
                return _same(case, use, allergy, s.id, case.references(s), str(s.revision))
    return None


def _same(
    case: Case,
    use: Use,
    allergy: Allergy,
    rule_id: str,
    references: tuple[Reference, ...],
    version: str = "1",
) -> Finding:
    return Finding(
        family=NAME,
        rule_id=rule_id,
        rule_version=version,
        severity=Severity.CONTRAINDICATED,
        summary=f"患者对{_said(allergy)}过敏，新开 {named(case, use)}",
        detail="记录的过敏原即本药、其所属类别或包含本药。",
        orders=(use.order.id,),
        data=(order_datum(use.order), _datum(allergy)),
        references=references,
        advice="换用无交叉过敏的其他类别药物；如过敏记录有误，请核实并更正过敏史。",
        suggestions=(drop(use),),
        cause=f"{NAME}:{use.concept}",
    )


def _crossed(case: Case, use: Use, allergy: Allergy) -> Finding | None:
    """The worst cross-reactivity that any concept or class of the allergy has with this drug."""
    crossing = [s for s in _cross_statements(case, allergy) if s.object in case.lineage[use.concept]]
    if not crossing:
        return None
    worst = max(crossing, key=lambda s: (s.object == use.concept, Severity(s.qualifiers["severity"]).rank, s.id))
    summary = f"患者对{_said(allergy)}过敏，{named(case, use)} 可能交叉过敏"
    return found(case, NAME, worst, (use,), summary, (_datum(allergy),), cause=f"{NAME}:{use.concept}")


def _cross_statements(case: Case, allergy: Allergy) -> Iterator[Statement]:
    """Cross-reactivity of what was recorded, and of the allergens that cover a recorded drug."""
    for concept in allergy.what.concepts:
        yield from case.statements(Predicate.CROSS_REACTS, concept)


def _said(allergy: Allergy) -> str:
    return allergy.what.text or "所记录的过敏原"


def _datum(allergy: Allergy) -> Datum:
    reactions = "、".join(allergy.reactions)
    return Datum.at("过敏史", f"{_said(allergy)} ({reactions})" if reactions else _said(allergy), allergy.origin)


FAMILY = Family(NAME, "过敏", check, reads=(Predicate.ALLERGEN_OF, Predicate.CROSS_REACTS))
