"""Every indicator reckoned a second time, in pandas, from the rows themselves and from nothing that the engine uses.

``d.visits`` are the rows of a fact within the period (of a stock, of its last month), ``d.all("stock")`` those of all its
months, ``d.months`` how many that are, ``d.before`` the same of the year before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Reference = Callable[[Any], float | None]


def _percent(above: Any, below: Any) -> float | None:
    return float(above) / float(below) * 100 if below else None


def _each(above: Any, below: Any) -> float | None:
    return float(above) / float(below) if below else None


def _growth(of: Reference) -> Reference:
    def grown(d: Any) -> float | None:
        now, then = of(d), of(d.before)
        return None if now is None or not then else (now - then) / abs(then) * 100

    return grown


def _yes(column: Any) -> Any:
    """Rows that say yes; no and unknown are left out."""
    return column.eq(True)


def _seen(d: Any) -> Any:
    return d.visits[d.visits.kind.isin(["outpatient", "emergency"])]


def _kind(d: Any, kind: str) -> Any:
    return d.visits[d.visits.kind == kind]


def _drug_fees(rows: Any) -> float:
    return float((rows.fee_western + rows.fee_patent + rows.fee_herbal).sum())


def _operated(d: Any) -> Any:
    return d.operations[d.operations.setting == "inpatient"]


def _ambulatory(d: Any) -> Any:
    return d.prescriptions[d.prescriptions.setting.isin(["outpatient", "emergency"])]


def _of_class(d: Any, name: str) -> int:
    return len(d.prescriptions[d.prescriptions.drug_class == name])


def _drugs_in_stock(rows: Any) -> Any:
    return rows[rows.goods == "drug"]


def _ward_antimicrobials(d: Any) -> Any:
    return d.drug_orders[(d.drug_orders.setting == "inpatient") & (d.drug_orders.antimicrobial != "none")]


def _clean(d: Any) -> Any:
    operated = _operated(d)
    return operated[operated.incision == 1]


def _done(d: Any, kind: str) -> int:
    return len(d.tests[(d.tests.kind == kind) & d.tests.recognised.eq(False)])


def _bought(d: Any, goods: str) -> float:
    return float(d.purchases[d.purchases.goods == goods].amount.sum())


def _visit_cost(d: Any) -> float | None:
    return _each(_seen(d).fee.sum(), len(_seen(d)))


def _stay_cost(d: Any) -> float | None:
    return _each(d.stays.fee.sum(), len(d.stays))


def _elective(d: Any) -> Any:
    operated = _operated(d)
    return operated[_yes(operated.elective)]


_SERVICES: dict[str, Reference] = {
    "outpatient-visits": lambda d: len(_kind(d, "outpatient")),
    "emergency-visits": lambda d: len(_kind(d, "emergency")),
    "visits-seen": lambda d: len(_seen(d)),
    "visits-followed-up": lambda d: _percent((_seen(d)["first"].eq(False)).sum(), len(_seen(d))),
    "visits-appointed": lambda d: _percent(_yes(_kind(d, "outpatient").appointed).sum(), len(_kind(d, "outpatient"))),
    "admissions": lambda d: len(d.admissions),
    "discharges": lambda d: len(d.stays),
    "inpatients-present": lambda d: _each(d.bed_days.present.sum(), d.bed_days.date.nunique()),
    "laboratory-tests": lambda d: _done(d, "lab"),
    "examinations": lambda d: _done(d, "exam"),
    "operations": lambda d: len(d.operations),
    "inpatient-operations": lambda d: len(_operated(d)),
    "checkups": lambda d: len(_kind(d, "checkup")),
    "operations-fourth-grade": lambda d: _percent((_operated(d).grade == 4).sum(), len(_operated(d))),
    "operations-minimally-invasive": lambda d: _percent(
        _yes(_operated(d).minimally_invasive).sum(), len(_operated(d))
    ),
    "operation-complications": lambda d: _percent(_yes(_elective(d).complication).sum(), len(_elective(d))),
    "rescues-successful": lambda d: _percent(
        (_yes(d.stays.rescue) & _yes(d.stays.rescued)).sum(), _yes(d.stays.rescue).sum()
    ),
    "difficult-cases-discussed": lambda d: _percent(
        (_yes(d.stays.difficult) & _yes(d.stays.discussed)).sum(), _yes(d.stays.difficult).sum()
    ),
    "urgent-consultations-timely": lambda d: _percent(_yes(d.consultations.timely).sum(), len(d.consultations)),
    "rounds-regular": lambda d: _percent(_yes(d.stays.rounds_regular).sum(), len(d.stays)),
    "inpatient-deaths": lambda d: _percent((d.stays.outcome == "died").sum(), len(d.stays)),
    "readmissions": lambda d: _percent(_yes(d.stays.readmitted).sum(), len(d.stays)),
    "bed-use": lambda d: _percent(d.bed_days.occupied.sum(), d.bed_days.open.sum()),
    "stay-length": lambda d: _each(d.stays.days.sum(), len(d.stays)),
    "discharged-bed-days": lambda d: d.stays.days.sum(),
    "occupied-bed-days": lambda d: d.bed_days.occupied.sum(),
    "open-bed-days": lambda d: d.bed_days.open.sum(),
    "medical-income": lambda d: d.finance.medical_income.sum(),
    "medical-income-growth": _growth(lambda d: d.finance.medical_income.sum()),
    "visit-cost": _visit_cost,
    "visit-drug-cost": lambda d: _each(_drug_fees(_seen(d)), len(_seen(d))),
    "stay-cost": _stay_cost,
    "stay-drug-cost": lambda d: _each(_drug_fees(d.stays), len(d.stays)),
    "visit-cost-growth": _growth(_visit_cost),
    "stay-cost-growth": _growth(_stay_cost),
    "visit-drug-share": lambda d: _percent(_drug_fees(_seen(d)), _seen(d).fee.sum()),
    "stay-drug-share": lambda d: _percent(_drug_fees(d.stays), d.stays.fee.sum()),
    "stay-material-share": lambda d: _percent(d.stays.fee_material.sum(), d.stays.fee.sum()),
    "stay-service-share": lambda d: _percent((d.stays.fee_treatment + d.stays.fee_service).sum(), d.stays.fee.sum()),
    "stay-diagnostic-share": lambda d: _percent((d.stays.fee_lab + d.stays.fee_exam).sum(), d.stays.fee.sum()),
    "emergency-income": lambda d: _kind(d, "emergency").fee.sum(),
    "outpatient-income": lambda d: _kind(d, "outpatient").fee.sum(),
    "inpatient-income": lambda d: d.stays.fee.sum(),
    "outpatient-persons": lambda d: _seen(d).person.nunique(),
    "inpatient-persons": lambda d: d.stays.person.nunique(),
    "outpatient-men-share": lambda d: _percent((_seen(d).sex == "male").sum(), _seen(d).sex.notna().sum()),
}
_DRUGS: dict[str, Reference] = {
    "prescriptions": lambda d: len(d.prescriptions),
    "prescriptions-western": lambda d: _of_class(d, "western"),
    "prescriptions-patent": lambda d: _of_class(d, "patent"),
    "prescriptions-herbal": lambda d: _of_class(d, "herbal"),
    "prescriptions-western-share": lambda d: _percent(_of_class(d, "western"), len(d.prescriptions)),
    "prescriptions-patent-share": lambda d: _percent(_of_class(d, "patent"), len(d.prescriptions)),
    "prescriptions-herbal-share": lambda d: _percent(_of_class(d, "herbal"), len(d.prescriptions)),
    "prescription-cost": lambda d: _each(_ambulatory(d).amount.sum(), len(_ambulatory(d))),
    "prescription-kinds": lambda d: _each(_ambulatory(d).kinds.sum(), len(_ambulatory(d))),
    "prescriptions-injection": lambda d: _percent(_yes(_ambulatory(d).injection).sum(), len(_ambulatory(d))),
    "prescriptions-hormone": lambda d: _percent(_yes(_ambulatory(d).hormone).sum(), len(_ambulatory(d))),
    "prescriptions-commented": lambda d: _percent(_yes(d.prescriptions.reviewed).sum(), len(d.prescriptions)),
    "prescriptions-rational": lambda d: _percent(
        (_yes(d.prescriptions.reviewed) & _yes(d.prescriptions.rational)).sum(),
        (_yes(d.prescriptions.reviewed) & d.prescriptions.rational.notna()).sum(),
    ),
    "prescriptions-overdose": lambda d: _yes(d.prescriptions.overdose).sum(),
    "prescriptions-off-indication": lambda d: _yes(d.prescriptions.off_indication).sum(),
    "essential-prescriptions": lambda d: _percent(_yes(_ambulatory(d).essential).sum(), len(_ambulatory(d))),
    "essential-use": lambda d: _percent(_yes(d.drug_orders.essential).sum(), d.drug_orders.essential.notna().sum()),
    "essential-amount": lambda d: d.drug_orders[_yes(d.drug_orders.essential)].amount.sum(),
    "essential-amount-share": lambda d: _percent(
        d.drug_orders[_yes(d.drug_orders.essential)].amount.sum(), d.drug_orders.amount.sum()
    ),
    "essential-varieties": lambda d: _drugs_in_stock(d.stock)[
        _yes(_drugs_in_stock(d.stock).essential)
    ].item.nunique(),
    "essential-stocked-share": lambda d: _percent(
        _yes(_drugs_in_stock(d.stock).essential).sum(), len(_drugs_in_stock(d.stock))
    ),
    "antimicrobial-outpatient": lambda d: _percent(
        _yes(_kind(d, "outpatient").antimicrobial).sum(), len(_kind(d, "outpatient"))
    ),
    "antimicrobial-emergency": lambda d: _percent(
        _yes(_kind(d, "emergency").antimicrobial).sum(), len(_kind(d, "emergency"))
    ),
    "antimicrobial-inpatient": lambda d: _percent(_yes(d.stays.antimicrobial).sum(), len(d.stays)),
    "antimicrobial-intensity": lambda d: _percent(d.stays.antimicrobial_ddds.sum(), d.stays.days.sum()),
    "antimicrobial-special-share": lambda d: _percent(
        _ward_antimicrobials(d)[_ward_antimicrobials(d).antimicrobial == "special"].ddds.sum(),
        _ward_antimicrobials(d).ddds.sum(),
    ),
    "antimicrobial-prescriptions": lambda d: _percent(_yes(_ambulatory(d).antimicrobial).sum(), len(_ambulatory(d))),
    "incision-prophylaxis": lambda d: _percent(_yes(_clean(d).prophylaxis).sum(), len(_clean(d))),
    "drug-amount": lambda d: d.drug_orders.amount.sum(),
    "drug-lines": lambda d: len(d.drug_orders),
    "monitored-drug-share": lambda d: _percent(
        d.drug_orders[_yes(d.drug_orders.monitored)].amount.sum(), d.drug_orders.amount.sum()
    ),
    "procured-drug-share": lambda d: _percent(
        d.drug_orders[_yes(d.drug_orders.procured)].amount.sum(), d.drug_orders.amount.sum()
    ),
    "drugs-traced": lambda d: _percent(
        ((d.drug_orders.drug_class != "herbal") & _yes(d.drug_orders.traced)).sum(),
        (d.drug_orders.drug_class != "herbal").sum(),
    ),
    "drugs-bought": lambda d: _bought(d, "drug"),
    "materials-bought": lambda d: _bought(d, "material"),
    "goods-bought-quantity": lambda d: d.purchases.quantity.sum(),
    "purchase-price": lambda d: _each(d.purchases.amount.sum(), d.purchases.quantity.sum()),
    "stock-value": lambda d: d.stock.value.sum(),
    "stock-quantity": lambda d: d.stock.on_hand.sum(),
    "stock-turnover": lambda d: _each(
        _drugs_in_stock(d.all("stock")).outgoing_value.sum() / d.months,
        _drugs_in_stock(d.all("stock")).value.sum() / d.months,
    ),
    "stock-short": lambda d: _yes(_drugs_in_stock(d.stock).short).sum(),
    "stock-expiring": lambda d: _yes(_drugs_in_stock(d.stock).expiring).sum(),
}
REFERENCES: dict[str, Reference] = _SERVICES | _DRUGS
"""By indicator."""
