"""What a compiled release must pass before it is published: every statement that decides is usable."""

from __future__ import annotations

from collections.abc import Iterator

from clinical.finding import Severity
from clinical.units import QuantityError, canonical_unit
from knowledge.model import Predicate, Standing, Statement
from knowledge.release import Gate
from knowledge.snapshot import Snapshot
from rules.authored import flaws

ALERTING = frozenset(
    {
        Predicate.INTERACTS_WITH,
        Predicate.CONTRAINDICATED_IN,
        Predicate.PREGNANCY_LACTATION,
        Predicate.AGE_LIMIT,
        Predicate.RENAL_LIMIT,
        Predicate.HEPATIC_LIMIT,
        Predicate.FREQUENCY_LIMIT,
        Predicate.ROUTE_LIMIT,
        Predicate.DUPLICATE_GROUP,
        Predicate.CROSS_REACTS,
        Predicate.IV_INCOMPATIBLE,
        Predicate.INFUSION_LIMIT,
        Predicate.LAB_LIMIT,
        Predicate.LAB_NEEDED,
        Predicate.PHARMACOGENOMIC,
        Predicate.DURATION_LIMIT,
        Predicate.DRUG_FOOD,
        Predicate.LAB_INTERFERENCE,
        Predicate.WASHOUT,
        Predicate.DOSE_BOUND,
        Predicate.COMPANION,
        Predicate.ORGANISM_RESISTANCE,
        Predicate.SKIN_TEST,
        Predicate.HERB_INCOMPATIBLE,
        Predicate.EXAM_LIMIT,
        Predicate.PROCEDURE_LIMIT,
        Predicate.PERIOPERATIVE,
    }
)
_NEEDED = (
    "body-weight",
    "body-height",
    "creatinine",
    "egfr",
    "creatinine-clearance",
    "alt",
    "ast",
    "child-pugh",
)
_MOST = 20


def statements_are_usable(snapshot: Snapshot) -> list[str]:
    """Severities known, units readable, sources given, for everything that may alert."""
    found: list[str] = []
    for s in snapshot.all_statements():
        if s.standing is not Standing.UNREVIEWED and s.predicate is not Predicate.IS_A:
            found += _faults(snapshot, s)
            if len(found) >= _MOST:
                break
    return found


def measures_are_known(snapshot: Snapshot) -> list[str]:
    """The measurements that rules compute with must be in the release under their ids."""
    wanted = [f"lab:{name}" for name in _NEEDED] + [f"disease:{n}" for n in ("pregnancy", "lactation", "dialysis")]
    return [f"concept {concept_id} is missing" for concept_id in wanted if snapshot.concept(concept_id) is None]


def _faults(snapshot: Snapshot, s: Statement) -> Iterator[str]:
    q = s.qualifiers
    if s.predicate in ALERTING:
        if q.get("severity") not in set(Severity):
            yield f"{s.id}: severity {q.get('severity')!r} is none of ours"
        if s.standing is not Standing.SECONDARY and not s.citations:
            yield f"{s.id}: cites no source"
    if q.get("unit") and s.predicate in (
        Predicate.DOSE_RANGE,
        Predicate.RENAL_LIMIT,
        Predicate.HEPATIC_LIMIT,
    ):
        try:
            canonical_unit(q["unit"])
        except QuantityError as error:
            yield f"{s.id} ({snapshot.name(s.subject)}): {error}"


def authored_rules_hold(snapshot: Snapshot) -> list[str]:
    """Every authored rule parses, names what exists, and passes its own cases."""
    return [f"{rule.id}: {fault}" for rule in snapshot.rules for fault in flaws(rule, snapshot)][:_MOST]


GATES: tuple[Gate, ...] = (statements_are_usable, measures_are_known, authored_rules_hold)
