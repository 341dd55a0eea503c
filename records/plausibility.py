"""Results no living patient can have: the 0 of an analyser that measured nothing, a slipped decimal point, another
unit's number. They count as not measured and are listed with what was not understood: an alert, or a
reassuring eGFR, must not rest on them."""

from __future__ import annotations

from typing import Final

from clinical.formulas import is_possible
from clinical.patient import Observation
from clinical.quantity import Quantity, UnitMismatch
from knowledge.snapshot import Snapshot

_FIELDS: Final = {
    "lab:body-weight": ("weight_kg", "kg"),
    "lab:body-height": ("height_cm", "cm"),
    "lab:heart-rate": ("heart_rate", "/min"),
    "lab:creatinine": ("creatinine_umol_l", "umol/L"),
    "lab:albumin": ("albumin_g_l", "g/L"),
    "lab:inr": ("inr", "1"),
    "lab:total-bilirubin": ("bilirubin_umol_l", "umol/L"),
    "lab:potassium": ("potassium_mmol_l", "mmol/L"),
    "lab:sodium": ("sodium_mmol_l", "mmol/L"),
    "lab:chloride": ("chloride_mmol_l", "mmol/L"),
    "lab:calcium": ("calcium_mmol_l", "mmol/L"),
    "lab:bicarbonate": ("bicarbonate_mmol_l", "mmol/L"),
}
"""Measured concept → the field of ``clinical.formulas`` whose range holds for it, and its unit."""


def is_impossible(snapshot: Snapshot, observation: Observation) -> bool:
    """Whether a resolved result is outside what any living patient can have; False where no range is known
    or its unit cannot be converted (units that do not fit are told elsewhere)."""
    told = observation.value
    if not isinstance(told, Quantity):
        return False
    for concept in observation.what.concepts:
        known = _FIELDS.get(concept)
        if known is None:
            continue
        field, unit = known
        try:
            value = told.value if told.unit == unit else told.to(unit, snapshot.substance(concept)).value
        except UnitMismatch:
            continue
        if not is_possible(field, value):
            return True
    return False
