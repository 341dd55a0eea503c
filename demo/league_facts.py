"""What the generated league does, column by column: SQL over a row number ``n``, in which every draw is a hash of it.

``u`` is a draw between 0 and 1. A row of each fact has ``n``, ``date``, and where it has people ``department``,
``doctor`` and ``disease``; a few entries are left empty, as they are in life.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from typing import Final

Columns = Mapping[str, str]
SEED: Final = "{seed}"
"""Stands for the seed of an institution in the SQL."""


def u(place: int) -> str:
    return f"(hash(n, {place}, {SEED}) % 100000 / 100000.0)"


def chance(place: int, share: float, left_out: float = 0.0) -> str:
    """Yes with a probability; left empty now and then."""
    drawn = f"{u(place)} < {share}"
    return f"CASE WHEN {u(place + 500)} >= {left_out} THEN {drawn} END" if left_out else drawn


def pick(place: int, weights: Mapping[str, float]) -> str:
    """A code by weight."""
    total = sum(weights.values())
    cuts = [whole / total for whole in accumulate(weights.values())]
    cases = " ".join(f"WHEN {u(place)} < {cut:.5f} THEN '{code}'" for code, cut in zip(weights, cuts, strict=True))
    return f"CASE {cases} ELSE '{next(reversed(weights))}' END"


def between(place: int, low: float, high: float) -> str:
    """An amount: small ones are more frequent."""
    return f"round({low} + {high - low} * {u(place)} * {u(place + 1)}, 2)"


def whole(place: int, low: int, high: int) -> str:
    return f"({low} + (hash(n, {place}, {SEED}) % {high - low + 1}))::BIGINT"


PERSON: Final = f"'p' || (hash(n, 90, {SEED}) % 40000)"
_WHO: Final = {
    "person": PERSON,
    "sex": pick(91, {"male": 48, "female": 52}),
    "age": whole(92, 0, 92),
    "payer": pick(93, {"resident": 62, "employee": 28, "self": 8, "other": 2}),
    "home": f"CASE WHEN {u(94)} < 0.93 THEN '{{county}}' WHEN {u(94)} < 0.99 THEN '{{neighbour}}' END",
}
_VISITOR: Final = f"CASE WHEN {u(94)} < 0.99 THEN {u(94)} >= 0.93 END"
"""As ``home`` says."""
_CLINICAL: Final = {"department": "department", "doctor": "doctor", "disease": "disease"}


def _fees(place: int, scale: float) -> dict[str, str]:
    parts = {
        "fee_western": (12, 90),
        "fee_patent": (0, 40),
        "fee_herbal": (0, 25),
        "fee_lab": (0, 70),
        "fee_exam": (0, 90),
        "fee_treatment": (0, 60),
        "fee_material": (0, 45),
        "fee_service": (5, 30),
    }
    drawn = {
        name: between(place + 2 * k, low * scale, high * scale) for k, (name, (low, high)) in enumerate(parts.items())
    }
    together = " + ".join(f"({sql})" for sql in drawn.values())
    return drawn | {
        "fee": f"round({together}, 2)",
        "fund": f"round(({together}) * (0.35 + 0.4 * {u(place + 40)}), 2)",
    }


_GRADES: Final = {"none": 84, "free": 10, "restricted": 5, "special": 1}
_WHY: Final = {"病情变化": 60, "既往结果存疑": 25, "患者要求": 15}
_REFERRED: Final = {"none": 92, "up": 5, "down": 3}
EVENTS: Final[Mapping[str, Columns]] = {
    "visits": _CLINICAL
    | _WHO
    | _fees(200, 1)
    | {
        "kind": pick(1, {"outpatient": 84, "emergency": 8, "checkup": 4, "online": 3, "home": 1}),
        "hour": whole(2, 7, 20),
        "first": chance(3, 0.55, 0.01),
        "first_contact": chance(4, 0.6, 0.02),
        "appointed": chance(5, 0.35),
        "registration": pick(6, {"general": 80, "expert": 15, "special": 1, "none": 4}),
        "checkup_group": chance(7, 0.7),
        "visitor": _VISITOR,
        "referred": pick(8, _REFERRED),
        "drugs": chance(9, 0.7),
        "drug_kinds": whole(10, 1, 6),
        "antimicrobial": chance(11, 0.14, 0.01),
        "injection": chance(12, 0.12, 0.01),
        "hormone": chance(13, 0.03, 0.01),
        "tcm": chance(14, 0.22),
        "rescue": chance(15, 0.01),
        "rescued": chance(16, 0.92),
        "followup": chance(17, 0.6),
        "saved": between(18, 0, 120),
        "saved_registration": between(20, 0, 12),
    },
    "admissions": _CLINICAL | _WHO | {"referred": pick(1, _REFERRED), "urgent": chance(2, 0.3)},
    "stays": _CLINICAL
    | _WHO
    | _fees(200, 28)
    | {
        "visitor": _VISITOR,
        "referred": pick(1, _REFERRED),
        "days": "days",
        "admitted": "date - days::INT",
        "outcome": pick(3, {"discharged": 88, "up": 4, "down": 3, "left": 4, "died": 1}),
        "operation_grade": whole(4, 0, 4),
        "drg": f"'DRG-' || {whole(5, 100, 180)}",
        "critical": chance(6, 0.12),
        "rescue": chance(7, 0.05),
        "rescued": chance(8, 0.9),
        "difficult": chance(9, 0.06),
        "discussed": chance(10, 0.85, 0.02),
        "rounds_regular": chance(11, 0.9, 0.02),
        "readmitted": chance(12, 0.03),
        "followed": chance(13, 0.7, 0.05),
        "antimicrobial": chance(14, 0.42, 0.01),
        "antimicrobial_ddds": f"CASE WHEN {u(14)} < 0.42 THEN {between(15, 0.5, 14)} ELSE 0 END",
        "out_of_pocket": between(17, 200, 6000),
    },
    "operations": _CLINICAL
    | {k: _WHO[k] for k in ("person", "sex", "age", "payer", "home")}
    | {
        "setting": pick(1, {"outpatient": 35, "inpatient": 65}),
        "code": f"'{{place}}' || {whole(2, 10, 86)} || '.' || {whole(3, 0, 9)}",
        "grade": whole(4, 1, 4),
        "elective": chance(5, 0.8),
        "minimally_invasive": chance(6, 0.3),
        "complication": chance(7, 0.02, 0.01),
        "died": chance(8, 0.001),
        "incision": whole(9, 1, 3),
        "prophylaxis": chance(10, 0.35, 0.01),
    },
    "consultations": _CLINICAL | {"timely": chance(1, 0.95, 0.02)},
    "prescriptions": _CLINICAL
    | {k: _WHO[k] for k in ("person", "sex", "age")}
    | {
        "setting": pick(1, {"outpatient": 70, "emergency": 8, "inpatient": 15, "discharge": 7}),
        "drug_class": pick(2, {"western": 68, "patent": 22, "herbal": 10}),
        "kinds": whole(3, 1, 6),
        "amount": between(4, 8, 420),
        "antimicrobial": chance(6, 0.13, 0.01),
        "injection": chance(7, 0.11, 0.01),
        "hormone": chance(8, 0.03, 0.01),
        "essential": chance(9, 0.72),
        "reviewed": chance(10, 0.1),
        "rational": f"CASE WHEN {u(10)} < 0.1 THEN {u(11)} < 0.93 END",
        "overdose": chance(12, 0.01),
        "off_indication": chance(13, 0.015),
    },
    "drug_orders": _CLINICAL
    | {
        "person": PERSON,
        "setting": pick(1, {"outpatient": 48, "emergency": 7, "inpatient": 40, "discharge": 5}),
        "drug_class": pick(2, {"western": 70, "patent": 20, "herbal": 10}),
        "drug": f"'药品' || {whole(3, 1, 600)}",
        "atc": f"chr((65 + (hash(n, 4, {SEED}) % 14))::INT) || '0' || {whole(5, 1, 9)}",
        "essential": chance(6, 0.62, 0.005),
        "insured": chance(7, 0.88),
        "antimicrobial": pick(8, _GRADES),
        "injection": chance(9, 0.2),
        "hormone": chance(10, 0.03),
        "monitored": chance(11, 0.04),
        "procured": chance(12, 0.35),
        "traced": chance(13, 0.8, 0.02),
        "quantity": whole(14, 1, 30),
        "amount": between(15, 1, 180),
        "ddds": f"CASE WHEN {u(8)} >= 0.84 THEN {between(17, 0.2, 6)} END",
    },
    "purchases": {
        "goods": pick(1, {"drug": 75, "material": 25}),
        "item": f"'品种' || {whole(2, 1, 400)}",
        "essential": chance(3, 0.6, 0.01),
        "supplier": f"'供应商' || {whole(4, 1, 20)}",
        "procured": chance(5, 0.45),
        "price": between(6, 1, 300),
        "quantity": whole(8, 10, 500),
        "amount": between(9, 100, 40_000),
    },
    "tests": _CLINICAL
    | {
        "person": PERSON,
        "kind": pick(1, {"lab": 74, "exam": 26}),
        "setting": pick(2, {"outpatient": 55, "emergency": 10, "inpatient": 35}),
        "item": f"'项目' || {whole(3, 1, 240)}",
        "large": chance(4, 0.06),
        "positive": chance(5, 0.45, 0.03),
        "eligible": chance(6, 0.12),
        "recognised": f"{u(6)} < 0.12 AND {u(7)} < 0.55",
        "repeated": f"{u(6)} < 0.12 AND {u(7)} >= 0.55",
        "reasoned": f"{u(6)} < 0.12 AND {u(7)} >= 0.75",
        "reason": f"CASE WHEN {u(6)} < 0.12 AND {u(7)} >= 0.75 THEN {pick(15, _WHY)} END",
        "gap_days": f"CASE WHEN {u(6)} < 0.12 THEN {whole(8, 1, 90)} END",
        "amount": between(9, 5, 600),
        "saved": f"CASE WHEN {u(6)} < 0.12 AND {u(7)} < 0.55 THEN {between(9, 5, 600)} ELSE 0 END",
        "hours": between(11, 0.2, 72),
        "critical": chance(13, 0.01),
        "critical_handled": f"CASE WHEN {u(13)} < 0.01 THEN {u(14)} < 0.96 END",
    },
    "services": {
        "service": pick(
            1,
            {
                "lecture": 2,
                "consultation": 4,
                "elderly-check": 10,
                "child-visit": 12,
                "newborn-visit": 3,
                "prenatal": 6,
                "postnatal": 3,
                "vaccination": 24,
                "screening": 6,
                "tcm": 8,
                "chronic-visit": 16,
                "mental-visit": 2,
                "infectious-report": 0.6,
                "emergency-report": 0.05,
                "inspection": 1,
                "birth": 0.6,
                "death": 0.5,
                "infant-death": 0.02,
            },
        ),
        "doctor": "doctor",
        "disease": "disease",
        "person": PERSON,
        "sex": _WHO["sex"],
        "age": _WHO["age"],
        "occupation": pick(7, {"牧民": 30, "农民": 25, "学生": 20, "职员": 15, "离退休人员": 10}),
        "people": whole(2, 1, 60),
        "complete": chance(3, 0.9, 0.02),
        "timely": chance(4, 0.93, 0.02),
        "high_risk": chance(5, 0.08),
        "positive": chance(6, 0.1),
    },
    "settlements": {
        "department": "department",
        "disease": "disease",
        "person": PERSON,
        "insurance": pick(1, {"resident": 68, "employee": 32}),
        "setting": pick(2, {"outpatient": 72, "inpatient": 8, "pharmacy": 20}),
        "place": pick(3, {"inside": 82, "league": 11, "outside": 7}),
        "home": _WHO["home"],
        "total": between(4, 30, 4_000),
        "eligible": f"round({between(4, 30, 4_000)} * 0.9, 2)",
        "fund": f"round({between(4, 30, 4_000)} * (0.4 + 0.3 * {u(7)}), 2)",
        "out_of_pocket": f"round({between(4, 30, 4_000)} * 0.25, 2)",
        "refused": f"CASE WHEN {u(9)} < 0.02 THEN {between(10, 5, 300)} ELSE 0 END",
        "cycle_days": whole(12, 3, 45),
    },
    "referrals": _CLINICAL
    | {
        "person": PERSON,
        "direction": pick(1, {"up": 60, "down": 40}),
        "setting": pick(2, {"outpatient": 65, "inpatient": 35}),
        "to_tenant": "'{lead}'",
        "to_tier": pick(3, {"county": 55, "primary": 35, "city": 10}),
        "accepted": chance(4, 0.93),
        "complete": chance(5, 0.88, 0.02),
        "standard": chance(6, 0.85, 0.02),
        "hours": between(7, 0.5, 72),
        "followed": chance(9, 0.7, 0.03),
        "readmitted": chance(10, 0.05),
    },
    "remote": {
        "department": "department",
        "disease": "disease",
        "service": pick(
            1, {"consultation": 12, "outpatient": 8, "imaging": 40, "ecg": 30, "laboratory": 8, "pathology": 2}
        ),
        "by_tenant": "'{lead}'",
        "completed": chance(2, 0.95),
        "expert_present": chance(3, 0.94, 0.02),
        "timely": chance(4, 0.92, 0.02),
        "response_minutes": between(5, 1, 240),
        "report_hours": between(7, 0.1, 48),
    },
    "requests": _CLINICAL
    | {
        "service": pick(1, {"yigong-order-sign": 70, "yigong-order-select": 20, "yigong-patient-view": 10}),
        "findings": whole(2, 0, 3),
        "gaps": whole(3, 0, 2),
        "faults": "0",
        "elapsed_ms": between(4, 1, 40),
    },
    "uses": _CLINICAL
    | {
        "kind": pick(1, {"diagnoses": 30, "treatments": 25, "scores": 15, "risks": 15, "answers": 15}),
        "answered": chance(2, 0.9),
        "elapsed_ms": between(3, 5, 400),
    },
    "findings": _CLINICAL
    | {
        "severity": pick(1, {"contraindicated": 2, "major": 14, "moderate": 40, "minor": 24, "info": 20}),
        "family": pick(
            2,
            {
                "interaction": 22,
                "dose": 20,
                "contraindication": 16,
                "duplicate-exam": 12,
                "duplicate-lab": 12,
                "duplicate-therapy": 8,
                "allergy": 10,
            },
        ),
        "rule": f"'rule-' || {whole(3, 1, 300)}",
        "response": pick(4, {"accepted": 46, "overridden": 34, "none": 20}),
        "reasoned": f"CASE WHEN {u(4)} >= 0.46 AND {u(4)} < 0.8 THEN {u(5)} < 0.7 END",
        "reason": f"CASE WHEN {u(4)} >= 0.46 AND {u(4)} < 0.8 AND {u(5)} < 0.7 THEN {pick(8, _WHY)} END",
        "response_seconds": f"CASE WHEN {u(4)} < 0.8 THEN {between(6, 2, 600)} END",
    },
    "concordance": _CLINICAL
    | {
        "person": PERSON,
        "first": chance(1, 0.68),
        "among": chance(1, 0.9),
        "plan_offered": chance(2, 0.7),
        "plan_followed": f"CASE WHEN {u(2)} < 0.7 THEN {u(3)} < 0.8 END",
    },
    "violations": _CLINICAL
    | {
        "person": PERSON,
        "rule": f"'违规' || {whole(1, 1, 60)}",
        "stage": pick(2, {"before": 10, "during": 60, "after": 30}),
        "confirmed": chance(3, 0.6, 0.1),
        "amount": between(4, 5, 900),
    },
    "repeated_drugs": _CLINICAL
    | {
        "person": PERSON,
        "setting": pick(1, {"outpatient": 78, "emergency": 8, "discharge": 14}),
        "kind": pick(2, {"same": 60, "alike": 30, "excess": 10}),
        "drug": f"'药品' || {whole(3, 1, 600)}",
        "antimicrobial": chance(4, 0.4),
        "avoided": chance(5, 0.6, 0.02),
        "reasoned": f"CASE WHEN {u(5)} >= 0.6 THEN {u(6)} < 0.6 END",
        "reason": f"CASE WHEN {u(5)} >= 0.6 AND {u(6)} < 0.6 THEN {pick(10, _WHY)} END",
        "gap_days": whole(7, 0, 30),
        "amount": between(8, 3, 260),
    },
    "trainings": {
        "department": "department",
        "doctor": "doctor",
        "subject": pick(1, {"处方书写": 40, "抗菌药物": 35, "医保规则": 25}),
        "induction": chance(2, 0.3),
        "read": chance(3, 0.9, 0.02),
        "examined": chance(4, 0.7),
        "passed": f"CASE WHEN {u(4)} < 0.7 THEN {u(5)} < 0.9 END",
        "score": f"CASE WHEN {u(4)} < 0.7 THEN {whole(6, 40, 100)} END",
    },
    "record_scores": _CLINICAL
    | {
        "kind": pick(1, {"outpatient": 50, "inpatient": 35, "front-page": 15}),
        "score": f"round(100 - 45 * {u(2)} * {u(3)}, 1)",
        "grade": f"CASE WHEN {u(2)} * {u(3)} <= 0.22 THEN 'A' WHEN {u(2)} * {u(3)} <= 0.55 THEN 'B' ELSE 'C' END",
        "defects": whole(4, 0, 9),
        "stage": pick(5, {"final": 80, "running": 20}),
    },
    "record_defects": {
        "department": "department",
        "doctor": "doctor",
        "kind": pick(1, {"outpatient": 30, "inpatient": 55, "front-page": 15}),
        "stage": pick(2, {"final": 80, "running": 20}),
        "part": pick(3, {"course": 40, "admission": 20, "orders": 20, "front-page": 10, "consent": 10}),
        "aspect": pick(4, {"complete": 40, "timely": 30, "consistent": 20, "coding": 10}),
        "severity": pick(5, {"minor": 40, "major": 50, "severe": 10}),
        "rule": f"'check-' || {whole(6, 1, 150)}",
        "state": pick(7, {"standing": 60, "mended": 35, "withdrawn": 5}),
    },
    "gaps": {
        "department": "department",
        "kind": pick(1, {"term": 80, "question": 20}),
        "subject": pick(3, {"drug": 50, "condition": 30, "observation": 20}),
        "name": f"'名称' || {whole(2, 1, 200)}",
    },
    "incidents": {
        "department": "department",
        "grade": pick(1, {"1": 1, "2": 5, "3": 44, "4": 50}),
        "kind": pick(2, {"event": 80, "accident": 2, "risk": 18}),
        "mended": chance(3, 0.85, 0.02),
    },
}
"""Facts that happen, drawn."""

__all__ = ["EVENTS", "SEED", "Columns", "between", "chance", "pick", "u", "whole"]
