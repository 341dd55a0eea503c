"""Drugs the patient is allergic to, by ingredient, class, allergen or cross-reactivity."""

from __future__ import annotations

from collections.abc import Iterator

from clinical.finding import Datum, Finding, Gap, Outcome, Passed, Reference, Severity
from clinical.logic import Unknown
from clinical.patient import Allergy
from knowledge.model import ConceptKind, Predicate, Statement
from rules.model import Case, Family, Use, fault, order_datum
from rules.saying import drop, found, named

NAME = "allergy"
_OF = Predicate.ALLERGEN_OF


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
    """The ingredient or the product that was ordered; by the row that tells of giving it again after what it
    did, where there is one."""
    for concept in allergy.what.concepts:
        if concept in (use.concept, use.product):
            again = _crossed(case, use, allergy)
            if (
                again is not None
                and again.severity is Severity.CONTRAINDICATED
                and _is_told(case, again.rule_id, allergy, concept)
            ):
                return again
            return _same(case, use, allergy, f"{NAME}:{concept}", ())
    return None


def _is_told(case: Case, rule_id: str, allergy: Allergy, concept: str) -> bool:
    """Whether a row speaks of giving that very drug again after a reaction."""
    rows = _cross_statements(case, allergy)
    return any(s.id == rule_id and s.object == concept and s.qualifiers.get("reactions") for s in rows)


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
        summary=f"{_allergic(allergy)}，新开 {named(case, use)}",
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
    lineage = case.lineage[use.concept]
    crossing = [s for s in _cross_statements(case, allergy) if s.object in lineage and _reacted(s, allergy)]
    if not crossing:
        return None
    worst = max(crossing, key=lambda s: _closeness(s, use))
    crossed = "可能再发" if _is_history(allergy) else "可能交叉过敏"
    summary = f"{_allergic(allergy)}，{named(case, use)} {crossed}"
    return found(case, NAME, worst, (use,), summary, (_datum(allergy),), cause=f"{NAME}:{use.concept}")


def _closeness(s: Statement, use: Use) -> tuple[bool, int, bool, str]:
    """A row about the drug itself before one about its class; the more severe; one for the reaction that is told."""
    severity = Severity(s.qualifiers["severity"])
    return s.object == use.concept, severity.rank, bool(s.qualifiers.get("reactions")), s.id


def _cross_statements(case: Case, allergy: Allergy) -> Iterator[Statement]:
    """Cross-reactivity of what was recorded, and of the allergens that cover the class of a recorded drug. What a
    row says of a class within itself (头孢菌素类 and another of them) is of a recorded member, not of the whole
    class: who is said not to tolerate any has no other."""
    for concept in allergy.what.concepts:
        yield from (s for s in case.statements(Predicate.CROSS_REACTS, concept) if not _is_within(case, s))
        for allergen in _covering(case, concept):
            yield from case.statements(Predicate.CROSS_REACTS, allergen)


def _is_within(case: Case, s: Statement) -> bool:
    if s.qualifiers.get("reactions") or not _is_class(case, s.object):
        return False
    return any(covered.object == s.object for covered in case.statements(_OF, s.subject))


def _covering(case: Case, concept: str) -> tuple[str, ...]:
    """Allergens that are a class of drugs to which a drug belongs: cefaclor is one of 头孢菌素类. Not what only lists
    it: who does not tolerate a fat emulsion need not be allergic to soy."""
    return case.snapshot.remember(
        ("allergens-over", concept, case.iso_day), lambda: tuple(sorted(_classes_over(case, concept)))
    )


def _classes_over(case: Case, concept: str) -> Iterator[str]:
    classes = {one for one in case.snapshot.lineage[concept] if one != concept and _is_class(case, one)}
    told = {s.subject for one in classes for s in case.snapshot.pointing_at(one) if s.predicate is _OF}
    for allergen in told:
        if any(s.object in classes for s in case.statements(_OF, allergen)):
            yield allergen


def _is_class(case: Case, concept: str) -> bool:
    known = case.snapshot.concept(concept)
    return known is not None and known.kind is ConceptKind.DRUG_CLASS


def _reacted(s: Statement, allergy: Allergy) -> bool:
    """Whether the record tells of a reaction that a row is restricted to (反应): rhabdomyolysis under one statin
    speaks against the others, an itch does not."""
    words = s.qualifiers.get("reactions")
    return not words or any(word in told for told in (allergy.what.text, *allergy.reactions) for word in words)


def _allergic(allergy: Allergy) -> str:
    """What is recorded, as the beginning of a sentence: an allergy, or a history written among the diagnoses."""
    return f"患者有{_said(allergy)}" if _is_history(allergy) else f"患者对{_said(allergy).removesuffix('过敏')}过敏"


def _is_history(allergy: Allergy) -> bool:
    return "致" in allergy.what.text or allergy.what.text.endswith("史")


def _said(allergy: Allergy) -> str:
    return allergy.what.text or "所记录的过敏原"


def _datum(allergy: Allergy) -> Datum:
    reactions = "、".join(allergy.reactions)
    return Datum.at("过敏史", f"{_said(allergy)} ({reactions})" if reactions else _said(allergy), allergy.origin)


FAMILY = Family(NAME, "过敏", check, reads=(Predicate.ALLERGEN_OF, Predicate.CROSS_REACTS))
