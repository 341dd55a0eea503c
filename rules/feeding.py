"""How a solid form is to be given: through a tube, crushed, split or chewed, by the route, the dose and the note."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from clinical.finding import Datum
from clinical.logic import Unknown
from clinical.order import Order

TUBE: Final = "tube"
WORDS: Final = {TUBE: "鼻饲", "crush": "研磨", "split": "掰开", "chew": "嚼碎"}
_WRITTEN: Final = {
    TUBE: re.compile(r"鼻饲|胃管|空肠管|管饲"),
    "crush": re.compile(r"研磨|研碎|磨碎|碾碎|捣碎|研末|打碎|倒出胶囊|打开胶囊"),
    "split": re.compile(r"掰|切开|分半|对半|半片"),
    "chew": re.compile(r"嚼"),
}
_NEGATED: Final = re.compile(r"[不勿禁忌]|避免|请别")
_REACH: Final = 8
"""How many characters before a word may turn it into its opposite: 不可掰开或嚼碎."""
_SOLID: Final = re.compile(r"片|胶囊|丸|缓释颗粒|微球")
_MADE_TO_DISSOLVE: Final = ("分散", "泡腾", "口腔崩解", "咀嚼", "阴道")
_BY_MOUTH: Final = frozenset({"口服", "鼻饲"})
_TUBE_ROUTE: Final = WORDS[TUBE]
_COUNTED: Final = ("片", "粒")


def is_solid(form: str) -> bool:
    """Whether a form is one to be swallowed whole; dispersible and effervescent tablets are made to dissolve."""
    return bool(_SOLID.search(form)) and not any(
        word in form for word in ("分散", "泡腾", "口腔崩解", "咀嚼", "阴道")
    )


def by_mouth(order: Order) -> bool:
    """Whether it goes into the stomach; an unknown route may."""
    route = order.dosage.route
    return isinstance(route, Unknown) or route in _BY_MOUTH


def asks_any(order: Order) -> bool:
    """Whether ``ways`` could find anything in the order; most say nothing of it."""
    dosage = order.dosage
    if order.note or dosage.route == _TUBE_ROUTE:
        return True
    dose = dosage.dose
    return not isinstance(dose, Unknown) and dose.unit in _COUNTED and bool(dose.value % 1)


def ways(order: Order) -> Iterator[tuple[str, Datum]]:
    """Every way the order asks for, with where it says so."""
    route, dose = order.dosage.route, order.dosage.dose
    if route == _TUBE_ROUTE:
        yield TUBE, Datum("给药途径", _TUBE_ROUTE)
    if not isinstance(dose, Unknown) and dose.unit in _COUNTED and dose.value % 1:
        yield "split", Datum("单次剂量", str(dose))
    for way, pattern in _WRITTEN.items() if order.note else ():
        if any(not _negated(order.note, match.start()) for match in pattern.finditer(order.note)):
            yield way, Datum("医嘱说明", order.note)


def _negated(note: str, at: int) -> bool:
    """Whether the clause a word stands in forbids it."""
    clause = re.split(r"[,，;；。]", note[max(0, at - _REACH) : at])[-1]
    return bool(_NEGATED.search(clause))
