"""药品, reckoned a second time."""

from __future__ import annotations

from typing import Any

from tests.unit.supervision.references.reckoning import Reference, each, kind, operated, percent, yes


def _ambulatory(d: Any) -> Any:
    return d.prescriptions[d.prescriptions.setting.isin(["outpatient", "emergency"])]


def _of_class(d: Any, name: str) -> int:
    return len(d.prescriptions[d.prescriptions.drug_class == name])


def _drugs_in_stock(rows: Any) -> Any:
    return rows[rows.goods == "drug"]


def _ward_antimicrobials(d: Any) -> Any:
    return d.drug_orders[(d.drug_orders.setting == "inpatient") & (d.drug_orders.antimicrobial != "none")]


def _clean(d: Any) -> Any:
    rows = operated(d)
    return rows[rows.incision == 1]


def _bought(d: Any, goods: str) -> float:
    return float(d.purchases[d.purchases.goods == goods].amount.sum())


REFERENCES: dict[str, Reference] = {
    "prescriptions": lambda d: len(d.prescriptions),
    "prescriptions-western": lambda d: _of_class(d, "western"),
    "prescriptions-patent": lambda d: _of_class(d, "patent"),
    "prescriptions-herbal": lambda d: _of_class(d, "herbal"),
    "prescriptions-western-share": lambda d: percent(_of_class(d, "western"), len(d.prescriptions)),
    "prescriptions-patent-share": lambda d: percent(_of_class(d, "patent"), len(d.prescriptions)),
    "prescriptions-herbal-share": lambda d: percent(_of_class(d, "herbal"), len(d.prescriptions)),
    "prescription-cost": lambda d: each(_ambulatory(d).amount.sum(), len(_ambulatory(d))),
    "prescription-kinds": lambda d: each(_ambulatory(d).kinds.sum(), len(_ambulatory(d))),
    "prescriptions-injection": lambda d: percent(yes(_ambulatory(d).injection).sum(), len(_ambulatory(d))),
    "prescriptions-hormone": lambda d: percent(yes(_ambulatory(d).hormone).sum(), len(_ambulatory(d))),
    "prescriptions-commented": lambda d: percent(yes(d.prescriptions.reviewed).sum(), len(d.prescriptions)),
    "prescriptions-rational": lambda d: percent(
        (yes(d.prescriptions.reviewed) & yes(d.prescriptions.rational)).sum(),
        (yes(d.prescriptions.reviewed) & d.prescriptions.rational.notna()).sum(),
    ),
    "prescriptions-overdose": lambda d: yes(d.prescriptions.overdose).sum(),
    "prescriptions-off-indication": lambda d: yes(d.prescriptions.off_indication).sum(),
    "essential-prescriptions": lambda d: percent(yes(_ambulatory(d).essential).sum(), len(_ambulatory(d))),
    "essential-use": lambda d: percent(yes(d.drug_orders.essential).sum(), d.drug_orders.essential.notna().sum()),
    "essential-amount": lambda d: d.drug_orders[yes(d.drug_orders.essential)].amount.sum(),
    "essential-amount-share": lambda d: percent(
        d.drug_orders[yes(d.drug_orders.essential)].amount.sum(), d.drug_orders.amount.sum()
    ),
    "essential-varieties": lambda d: _drugs_in_stock(d.stock)[yes(_drugs_in_stock(d.stock).essential)].item.nunique(),
    "essential-stocked-share": lambda d: percent(
        yes(_drugs_in_stock(d.stock).essential).sum(), len(_drugs_in_stock(d.stock))
    ),
    "antimicrobial-outpatient": lambda d: percent(
        yes(kind(d, "outpatient").antimicrobial).sum(), len(kind(d, "outpatient"))
    ),
    "antimicrobial-emergency": lambda d: percent(
        yes(kind(d, "emergency").antimicrobial).sum(), len(kind(d, "emergency"))
    ),
    "antimicrobial-inpatient": lambda d: percent(yes(d.stays.antimicrobial).sum(), len(d.stays)),
    "antimicrobial-intensity": lambda d: percent(d.stays.antimicrobial_ddds.sum(), d.stays.days.sum()),
    "antimicrobial-special-share": lambda d: percent(
        _ward_antimicrobials(d)[_ward_antimicrobials(d).antimicrobial == "special"].ddds.sum(),
        _ward_antimicrobials(d).ddds.sum(),
    ),
    "antimicrobial-prescriptions": lambda d: percent(yes(_ambulatory(d).antimicrobial).sum(), len(_ambulatory(d))),
    "incision-prophylaxis": lambda d: percent(yes(_clean(d).prophylaxis).sum(), len(_clean(d))),
    "drug-amount": lambda d: d.drug_orders.amount.sum(),
    "drug-lines": lambda d: len(d.drug_orders),
    "monitored-drug-share": lambda d: percent(
        d.drug_orders[yes(d.drug_orders.monitored)].amount.sum(), d.drug_orders.amount.sum()
    ),
    "procured-drug-share": lambda d: percent(
        d.drug_orders[yes(d.drug_orders.procured)].amount.sum(), d.drug_orders.amount.sum()
    ),
    "drugs-traced": lambda d: percent(
        ((d.drug_orders.drug_class != "herbal") & yes(d.drug_orders.traced)).sum(),
        (d.drug_orders.drug_class != "herbal").sum(),
    ),
    "drugs-bought": lambda d: _bought(d, "drug"),
    "materials-bought": lambda d: _bought(d, "material"),
    "goods-bought-quantity": lambda d: d.purchases.quantity.sum(),
    "purchase-price": lambda d: each(d.purchases.amount.sum(), d.purchases.quantity.sum()),
    "stock-value": lambda d: d.stock.value.sum(),
    "stock-quantity": lambda d: d.stock.on_hand.sum(),
    "stock-turnover": lambda d: each(
        _drugs_in_stock(d.all("stock")).outgoing_value.sum() / d.months,
        _drugs_in_stock(d.all("stock")).value.sum() / d.months,
    ),
    "stock-short": lambda d: yes(_drugs_in_stock(d.stock).short).sum(),
    "stock-expiring": lambda d: yes(_drugs_in_stock(d.stock).expiring).sum(),
}
