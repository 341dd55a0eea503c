"""What is on record as findings: a disease, drug, operation or allergy means the histories that name it, an operation
that is not long over more than that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from inference.naming import Names
from inference.profiles import Profiles
from knowledge.model import Concept, ConceptKind, Predicate
from knowledge.naming import normal_name
from knowledge.snapshot import Snapshot

_DRUGS: Final = (ConceptKind.INGREDIENT, ConceptKind.DRUG_CLASS, ConceptKind.PRODUCT)
_RECENT_SURGERY: Final = 28
"""Days (Wells 2000)."""
_AFTER_BIRTH: Final = 42
"""Days of the puerperium."""
_BIRTHS: Final = ("剖宫产术", "阴道分娩")


def of_disease(disease: str, snapshot: Snapshot) -> tuple[str, ...]:
    """Findings of a history that mean a disease."""
    index = snapshot.remember("histories", lambda: _by_meaning(snapshot, "diseases", (ConceptKind.DISEASE,)))
    return index.get(disease, ())


def of_drug(drug: str, snapshot: Snapshot) -> list[str]:
    """Findings that a drug, or what it is a kind of, means."""
    index = snapshot.remember("drug-histories", lambda: _by_meaning(snapshot, "drugs", _DRUGS))
    return list(dict.fromkeys(f for a in sorted(snapshot.ancestors(drug)) for f in index.get(a, ())))


def _by_meaning(snapshot: Snapshot, attribute: str, kinds: tuple[ConceptKind, ...]) -> dict[str, tuple[str, ...]]:
    """Findings by the concepts that an attribute of theirs names."""
    found: dict[str, list[str]] = {}
    for finding in Profiles.of(snapshot).findings:
        for name in finding.attributes.get(attribute, ()):
            for concept in _named(snapshot, name, kinds):
                found.setdefault(concept.id, []).append(finding.id)
    return {concept: tuple(findings) for concept, findings in found.items()}


def _named(snapshot: Snapshot, name: str, kinds: tuple[ConceptKind, ...]) -> list[Concept]:
    found = snapshot.by_name(name, *kinds)
    return [c for c in found if normal_name(c.name) == normal_name(name)] or list(found)


def of_allergy(concept: str, name: str, snapshot: Snapshot) -> str:
    """The history that an allergy is: the one named after it, else that of drugs where it covers some."""
    names = Names.of(snapshot)
    named = names.exact_finding(f"{snapshot.name(concept) if concept else name}过敏")
    known = snapshot.concept(concept) if concept else None
    is_drug = known is not None and (known.kind in _DRUGS or snapshot.statements(Predicate.ALLERGEN_OF, concept))
    return named or (names.exact_finding("药物过敏史") if is_drug else "")


def of_operation(operation: str, snapshot: Snapshot) -> list[str]:
    """Findings that an operation means: one of its names is in that of the operation."""
    return snapshot.remember(("operated", operation), lambda: list(_operations(snapshot, operation)))


def _operations(snapshot: Snapshot, operation: str) -> Iterator[str]:
    plain = normal_name(operation)
    for finding in Profiles.of(snapshot).findings:
        if any(normal_name(name) in plain for name in finding.attributes.get("procedures", ())):
            yield finding.id


def of_recent(operation: str, name: str, days: float | None, snapshot: Snapshot) -> Iterator[str]:
    """What an operation (concept) or a birth means as long as it is not long over; of an unknown time nothing."""
    known = snapshot.concept(operation) if operation else None
    is_operation, names = known is not None and "wound" in known.attributes, Names.of(snapshot)
    if days is not None and 0 <= days <= _RECENT_SURGERY and is_operation:
        yield names.exact_finding("近期手术")
    if days is not None and 0 <= days <= _AFTER_BIRTH and name in _BIRTHS:
        yield names.exact_finding("产后")


def of_relative(disease: str, snapshot: Snapshot) -> str:
    """The history that a relative's disease is: that of the family, else of contact with it, named after it or after
    what it is a kind of; empty for none."""
    names, profiles = Names.of(snapshot), Profiles.of(snapshot)
    for concept in (disease, *sorted(snapshot.ancestors(disease) - {disease})) if disease else ():
        for told in (f"{snapshot.name(concept)}家族史", f"{snapshot.name(concept).removesuffix('病')}接触史"):
            finding = names.exact_finding(told)
            if finding and profiles.dimensions[profiles.place[finding]] in ("family", "trigger", "personal"):
                return finding
    return ""
