"""行为监管, reckoned a second time."""

from __future__ import annotations

from typing import Any

from tests.unit.supervision.references.reckoning import Reference, each, percent, seen, yes


def _confirmed(d: Any) -> Any:
    return d.violations[yes(d.violations.confirmed)]


def _stage(name: str) -> Reference:
    return lambda d: (d.violations.stage == name).sum()


def _counted_kinds(d: Any) -> Any:
    rows = d.prescriptions[d.prescriptions.drug_class.isin(["western", "patent"])]
    return rows.kinds.dropna()


def _over_five(d: Any) -> int:
    return int((_counted_kinds(d) > 5).sum())


def _ward(flag: str) -> Reference:
    def of(d: Any) -> float | None:
        rows = d.drug_orders[d.drug_orders.setting == "inpatient"][flag].dropna()
        return percent(yes(rows).sum(), len(rows))

    return of


def _passed(d: Any) -> float | None:
    rows = d.trainings[yes(d.trainings.examined)].passed.dropna()
    return percent(yes(rows).sum(), len(rows))


def _insured(d: Any) -> float | None:
    rows = d.drug_orders[d.drug_orders.insured.notna()]
    return percent(rows[yes(rows.insured)].amount.sum(), rows.amount.sum())


REFERENCES: dict[str, Reference] = {
    "trainings": lambda d: len(d.trainings),
    "trained-doctors": lambda d: d.trainings.doctor.nunique(),
    "training-sheets-read": lambda d: percent(yes(d.trainings["read"]).sum(), d.trainings["read"].notna().sum()),
    "trainings-passed": _passed,
    "violations": lambda d: len(d.violations),
    "violations-before": _stage("before"),
    "violations-during": _stage("during"),
    "violations-after": _stage("after"),
    "violations-confirmed": lambda d: len(_confirmed(d)),
    "violations-confirmed-share": lambda d: percent(len(_confirmed(d)), d.violations.confirmed.notna().sum()),
    "violations-amount": lambda d: d.violations.amount.sum(),
    "violations-confirmed-amount": lambda d: _confirmed(d).amount.sum(),
    "violating-doctors": lambda d: _confirmed(d).doctor.nunique(),
    "prescriptions-over-five": _over_five,
    "prescriptions-over-five-share": lambda d: percent(_over_five(d), len(_counted_kinds(d))),
    "doctor-prescribed": lambda d: d.prescriptions[
        d.prescriptions.setting.isin(["outpatient", "emergency"])
    ].amount.sum(),
    "visits-injected": lambda d: percent(yes(seen(d).injection).sum(), len(seen(d))),
    "visits-hormone": lambda d: percent(yes(seen(d).hormone).sum(), len(seen(d))),
    "ward-injections": _ward("injection"),
    "ward-hormone": _ward("hormone"),
    "insured-drugs": _insured,
    "stay-out-of-pocket": lambda d: each(d.stays.out_of_pocket.sum(), len(d.stays)),
}
