"""What a patient has had of a drug before, all in all, as the record says it: 多柔比星累积剂量 510 mg/m².

It may stand as an observation, in a diagnosis, a report or the note of the order; the drug is named, the word
累积 or 累计 stands before the figure. Figures per m² are taken for the surface the patient has now.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from clinical.coded import Origin
from clinical.logic import UNKNOWN, Known, Unknown
from clinical.quantity import Quantity, UnitMismatch
from clinical.value import Value
from rules.dosing import scale
from rules.model import Case, Use

_FIGURE: Final = re.compile(
    r"累[积计](?P<between>[^\d,;。]{0,14})(?P<value>\d+(?:\.\d+)?)\s*"
    r"(?P<unit>mg|g|万IU|IU|万U|U|万单位|单位)\s*(?P<per>/\s*(?:m2|kg))?",
    re.IGNORECASE,
)
_NOT_HAD: Final = re.compile(r"不超|不得超|不能超|上限|限量|最大|小于|低于|本次|将达|将至|[<≤]")
_CLAUSE: Final = re.compile(r"[;。\n]")
_OTHER: Final = re.compile(r"[\u4e00-\u9fff](?<![史往曾经受过用给注射及和与的])$")
"""A character before a name that makes it the end of another: 阿霉素 in 表阿霉素."""


class Had(Value, frozen=True):
    """An amount that was given before, the words that say so and where they stand."""

    amount: float
    shown: str
    origin: Origin


def had(case: Case, use: Use, unit: str) -> Known[Had]:
    """The most that the record says was given of the drug of an order, in a unit; UNKNOWN where it says nothing."""
    return case.once(("had", use.order.id, use.concept, unit), lambda: _had(case, use, unit))


def _had(case: Case, use: Use, unit: str) -> Known[Had]:
    concept = case.snapshot.concept(use.concept)
    names = [_plain(name) for name in (concept.names() if concept else ()) if len(name) >= 3]
    found = []
    for shown, origin in _texts(case, use):
        for clause in _CLAUSE.split(_plain(shown)) if "累" in shown else ():
            amount = _amount(case, clause, unit) if _names(clause, names) else UNKNOWN
            if not isinstance(amount, Unknown):
                found.append(Had(amount, shown, origin))
    return max(found, key=lambda one: one.amount, default=UNKNOWN)


def _texts(case: Case, use: Use) -> Iterator[tuple[str, Origin]]:
    """Every text of the record in which a sum may stand."""
    p = case.patient
    for o in () if isinstance(p.observations, Unknown) else p.observations:
        if isinstance(o.value, str):
            yield f"{o.what.text} {o.value}", o.origin
        elif not isinstance(o.value, Unknown):
            yield f"{o.what.text} {o.value.value:g} {o.value.unit}", o.origin
    for c in () if isinstance(p.conditions, Unknown) else p.conditions:
        yield c.what.text, c.origin
    for r in () if isinstance(p.reports, Unknown) else p.reports:
        yield f"{r.what.text} {r.conclusion}", r.origin
    yield f"{case.name(use.concept)} {use.order.note}", use.order.origin


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _names(clause: str, names: list[str]) -> bool:
    return any((at := clause.find(name)) >= 0 and not _OTHER.search(clause[:at]) for name in names)


def _amount(case: Case, clause: str, unit: str) -> Known[float]:
    figure = _FIGURE.search(clause)
    if figure is None or _NOT_HAD.search(figure["between"]):
        return UNKNOWN
    factor = 1.0
    if figure["per"]:
        measure = scale(case, "kg" if "kg" in figure["per"].lower() else "m2")
        if isinstance(measure, Unknown):
            return UNKNOWN
        factor = measure.value
    try:
        return Quantity(float(figure["value"]), figure["unit"]).to(unit).value * factor
    except UnitMismatch:
        return UNKNOWN
