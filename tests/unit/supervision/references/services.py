"""服务, reckoned a second time."""

from __future__ import annotations

from typing import Any

from tests.unit.supervision.references.reckoning import (
    Reference,
    done,
    drug_fees,
    each,
    growth,
    kind,
    operated,
    percent,
    seen,
    stay_cost,
    visit_cost,
    yes,
)


def _elective(d: Any) -> Any:
    rows = operated(d)
    return rows[yes(rows.elective)]


REFERENCES: dict[str, Reference] = {
    "outpatient-visits": lambda d: len(kind(d, "outpatient")),
    "emergency-visits": lambda d: len(kind(d, "emergency")),
    "visits-seen": lambda d: len(seen(d)),
    "visits-followed-up": lambda d: percent((seen(d)["first"].eq(False)).sum(), len(seen(d))),
    "visits-appointed": lambda d: percent(yes(kind(d, "outpatient").appointed).sum(), len(kind(d, "outpatient"))),
    "admissions": lambda d: len(d.admissions),
    "discharges": lambda d: len(d.stays),
    "inpatients-present": lambda d: each(d.bed_days.present.sum(), d.bed_days.date.nunique()),
    "laboratory-tests": lambda d: len(done(d, "lab")),
    "examinations": lambda d: len(done(d, "exam")),
    "operations": lambda d: len(d.operations),
    "inpatient-operations": lambda d: len(operated(d)),
    "checkups": lambda d: len(kind(d, "checkup")),
    "operations-fourth-grade": lambda d: percent((operated(d).grade == 4).sum(), len(operated(d))),
    "operations-minimally-invasive": lambda d: percent(yes(operated(d).minimally_invasive).sum(), len(operated(d))),
    "operation-complications": lambda d: percent(yes(_elective(d).complication).sum(), len(_elective(d))),
    "rescues-successful": lambda d: percent(
        (yes(d.stays.rescue) & yes(d.stays.rescued)).sum(), yes(d.stays.rescue).sum()
    ),
    "difficult-cases-discussed": lambda d: percent(
        (yes(d.stays.difficult) & yes(d.stays.discussed)).sum(), yes(d.stays.difficult).sum()
    ),
    "urgent-consultations-timely": lambda d: percent(yes(d.consultations.timely).sum(), len(d.consultations)),
    "rounds-regular": lambda d: percent(yes(d.stays.rounds_regular).sum(), len(d.stays)),
    "inpatient-deaths": lambda d: percent((d.stays.outcome == "died").sum(), len(d.stays)),
    "readmissions": lambda d: percent(yes(d.stays.readmitted).sum(), len(d.stays)),
    "bed-use": lambda d: percent(d.bed_days.occupied.sum(), d.bed_days.open.sum()),
    "stay-length": lambda d: each(d.stays.days.sum(), len(d.stays)),
    "discharged-bed-days": lambda d: d.stays.days.sum(),
    "occupied-bed-days": lambda d: d.bed_days.occupied.sum(),
    "open-bed-days": lambda d: d.bed_days.open.sum(),
    "medical-income": lambda d: d.finance.medical_income.sum(),
    "medical-income-growth": growth(lambda d: d.finance.medical_income.sum()),
    "visit-cost": visit_cost,
    "visit-drug-cost": lambda d: each(drug_fees(seen(d)), len(seen(d))),
    "stay-cost": stay_cost,
    "stay-drug-cost": lambda d: each(drug_fees(d.stays), len(d.stays)),
    "visit-cost-growth": growth(visit_cost),
    "stay-cost-growth": growth(stay_cost),
    "visit-drug-share": lambda d: percent(drug_fees(seen(d)), seen(d).fee.sum()),
    "stay-drug-share": lambda d: percent(drug_fees(d.stays), d.stays.fee.sum()),
    "stay-material-share": lambda d: percent(d.stays.fee_material.sum(), d.stays.fee.sum()),
    "stay-service-share": lambda d: percent((d.stays.fee_treatment + d.stays.fee_service).sum(), d.stays.fee.sum()),
    "stay-diagnostic-share": lambda d: percent((d.stays.fee_lab + d.stays.fee_exam).sum(), d.stays.fee.sum()),
    "emergency-income": lambda d: kind(d, "emergency").fee.sum(),
    "outpatient-income": lambda d: kind(d, "outpatient").fee.sum(),
    "inpatient-income": lambda d: d.stays.fee.sum(),
    "outpatient-persons": lambda d: seen(d).person.nunique(),
    "inpatient-persons": lambda d: d.stays.person.nunique(),
    "outpatient-men-share": lambda d: percent((seen(d).sex == "male").sum(), seen(d).sex.notna().sum()),
}
