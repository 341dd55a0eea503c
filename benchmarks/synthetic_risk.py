"""Synthetic cases for risk models: made up by a formula, so that it is known what a model should find. They say
nothing of any patient and nothing of how well a model does on real data."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import exp, nan
from random import Random
from typing import Final

from inference.learned import AGE, FEMALE, LAB, Feature
from inference.learning import Case

FEATURES: Final = (
    Feature(AGE),
    Feature(FEMALE),
    Feature(LAB, "乳酸", "mmol/L"),
    Feature(LAB, "血肌酐", "umol/L"),
    Feature(LAB, "钠", "mmol/L"),
)
_START: Final = datetime(2024, 1, 1, tzinfo=UTC)


def cases(count: int, seed: int = 1, shift: float = 0.0, missing: float = 0.3) -> list[Case]:
    """Cases over two years. Risk rises with age, lactate and creatinine, not with sex or sodium; tests are ordered
    more often for the ill. ``shift`` adds to every lactate, for drift."""
    draw = Random(seed)
    made = []
    for number in range(count):
        age, female = min(95.0, max(18.0, draw.gauss(62, 16))), float(draw.random() < 0.5)
        lactate, creatinine = exp(draw.gauss(0.5, 0.5)) + shift, exp(draw.gauss(4.4, 0.5))
        sodium = draw.gauss(139, 4)
        logit = -2.4 + 0.035 * (age - 60) + 0.55 * (lactate - 1.8) + 0.006 * (creatinine - 85)
        event = draw.random() < 1 / (1 + exp(-logit))
        absent = missing * (0.5 if event else 1.0)
        labs = [value if draw.random() >= absent else nan for value in (lactate, creatinine, sodium)]
        at = _START + timedelta(days=730 * number / count)
        made.append(Case(at, f"p{draw.randrange(20 * count)}", (age, female, *labs), event))
    return made
