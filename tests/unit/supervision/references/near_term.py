"""近期同类管理, reckoned a second time."""

from __future__ import annotations

from typing import Any

from tests.unit.supervision.references.reckoning import Reference, each, percent, yes


def _kind(d: Any, kind: str, *flags: str) -> Any:
    rows = d.tests[d.tests.kind == kind]
    for flag in flags:
        rows = rows[yes(rows[flag])]
    return rows


def _of_kind(kind: str, name: str) -> dict[str, Reference]:
    return {
        f"{name}s-avoided": lambda d: len(_kind(d, kind, "recognised")),
        f"{name}s-repeated": lambda d: len(_kind(d, kind, "repeated")),
        f"{name}-recognition": lambda d: percent(
            len(_kind(d, kind, "eligible", "recognised")), len(_kind(d, kind, "eligible"))
        ),
        f"{name}s-saved": lambda d: _kind(d, kind, "recognised").saved.sum(),
    }


def _repeated(d: Any) -> Any:
    return d.tests[yes(d.tests.repeated)]


def _kept(d: Any) -> Any:
    return d.repeated_drugs[d.repeated_drugs.avoided.eq(False)]


def _avoided(d: Any) -> Any:
    return d.repeated_drugs[yes(d.repeated_drugs.avoided)]


def _reminders(family: str, name: str) -> dict[str, Reference]:
    def shown(d: Any) -> Any:
        return d.findings[d.findings.family == family]

    return {
        name: lambda d: len(shown(d)),
        f"{name}-followed": lambda d: percent((shown(d).response == "accepted").sum(), len(shown(d))),
    }


REFERENCES: dict[str, Reference] = {
    "tests-eligible": lambda d: yes(d.tests.eligible).sum(),
    "recognition": lambda d: percent(
        (yes(d.tests.eligible) & yes(d.tests.recognised)).sum(), yes(d.tests.eligible).sum()
    ),
    "tests-repeated-share": lambda d: percent(
        len(_repeated(d)), (d.tests.recognised.eq(False) & d.tests.repeated.notna()).sum()
    ),
    "repeats-reasoned": lambda d: percent(yes(_repeated(d).reasoned).sum(), len(_repeated(d))),
    "repeats-unreasoned": lambda d: _repeated(d).reasoned.eq(False).sum(),
    "repeat-gap": lambda d: each(_repeated(d).gap_days.sum(), _repeated(d).gap_days.notna().sum()),
    "tests-saved": lambda d: d.tests[yes(d.tests.recognised)].saved.sum(),
    "repeats-cost": lambda d: _repeated(d).amount.sum(),
    "drug-repeats-reminded": lambda d: len(d.repeated_drugs),
    "drug-repeats-avoided": lambda d: len(_avoided(d)),
    "drug-repeats-kept": lambda d: len(_kept(d)),
    "drug-repeats-avoided-share": lambda d: percent(len(_avoided(d)), d.repeated_drugs.avoided.notna().sum()),
    "drug-repeats-reasoned": lambda d: percent(yes(_kept(d).reasoned).sum(), len(_kept(d))),
    "drug-repeats-saved": lambda d: _avoided(d).amount.sum(),
    "drug-repeats-cost": lambda d: _kept(d).amount.sum(),
}
REFERENCES |= _of_kind("lab", "laboratory") | _of_kind("exam", "examination")
REFERENCES |= _reminders("duplicate-exam", "examination-reminders")
REFERENCES |= _reminders("duplicate-lab", "laboratory-reminders")
REFERENCES |= _reminders("duplicate-therapy", "therapy-reminders")
