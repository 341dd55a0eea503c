"""Results of tests as findings: 白细胞 15.2×10^9/L is 白细胞升高, and no 白细胞减少.

A finding names its test and when a result counts as it: above or below the reference range for this age and sex,
within limits of its own, positive, or abnormal. A result without a unit is taken in the unit of the range. Where no
reference range is stated (of many tests for children), a result that is critical is a finding, and none is normal.
Of an unknown age or sex a result is what it is by the range of everybody whom the patient may be, else nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from clinical.logic import Known, Unknown
from clinical.patient import Sex
from clinical.quantity import Quantity, QuantityError, UnitMismatch
from inference.limits import Limits, possible_limits
from inference.profiles import Profiles
from knowledge.model import Concept, ConceptKind
from knowledge.naming import normal_name
from knowledge.snapshot import Snapshot
from nlp.assertion import Assertion
from nlp.facts import Fact

_EVER: Final = float("inf")
_POSITIVE: Final = re.compile(r"阳性|检出|可见|发现|^[（(]?\+|[（(]\+|^[1-4]\+|positive", re.IGNORECASE)
_NEGATIVE: Final = re.compile(r"阴性|未检出|未见|未发现|^[（(]?[-－−]|[（(]-|正常|negative", re.IGNORECASE)
_RAISED: Final = re.compile(r"升高|增高|偏高|增多|[↑高]")
_LOWERED: Final = re.compile(r"降低|减低|偏低|减少|[↓低]")
Value = Known[Quantity | str]


class Results:
    """The findings of one release that tests show."""

    def __init__(self, profiles: Profiles) -> None:
        self._snapshot = profiles.snapshot
        self._by_test: dict[str, list[Concept]] = {}
        for finding in profiles.findings:
            for test in _tests(self._snapshot, str(finding.attributes.get("lab", ""))):
                self._by_test.setdefault(test, []).append(finding)

    @classmethod
    def of(cls, snapshot: Snapshot) -> Results:
        """Those of a release, made once."""
        return snapshot.remember("results-as-findings", lambda: cls(Profiles.of(snapshot)))

    def of_observation(
        self, test: str, value: Value, age: Known[float], sex: Known[Sex]
    ) -> Iterator[tuple[str, bool]]:
        """Findings that a result of a test (concept) decides about, each with whether it is there."""
        for finding in self._shown_by(test):
            there = self._is(finding, test, value, age, sex)
            if there is not None:
                yield finding.id, there

    def of_fact(self, fact: Fact, age: Known[float], sex: Known[Sex]) -> Iterator[tuple[str, bool]]:
        """The same of a result in a text: a number, or the word for positive or negative."""
        number = fact.value if fact.value is not None else fact.high if fact.high is not None else fact.low
        if number is not None:
            yield from self.of_observation(fact.concept, _quantity(number, fact.unit), age, sex)
        elif fact.assertion in (Assertion.PRESENT, Assertion.ABSENT):
            word = "阳性" if fact.assertion is Assertion.PRESENT else "阴性"
            yield from self.of_observation(fact.concept, word, age, sex)

    def _shown_by(self, test: str) -> list[Concept]:
        if not test:
            return []
        return [finding for kind in sorted(self._snapshot.ancestors(test)) for finding in self._by_test.get(kind, ())]

    def _is(self, finding: Concept, test: str, value: Value, age: Known[float], sex: Known[Sex]) -> bool | None:
        """Whether a result is a finding; None where that cannot be said."""
        told = finding.attributes
        if isinstance(value, Unknown):
            return None
        if isinstance(value, str):
            return _in_words(value, str(told.get("result", "")))
        if "at_least" in told or "below" in told:
            return self._within(told, test, value)
        each, result = possible_limits(test, value.unit, age, sex, self._snapshot), str(told.get("result", ""))
        return _agreed(_outside(value.value, limits, result) for limits in each)

    def _within(self, told: dict[str, Any], test: str, value: Quantity) -> bool | None:
        number = self._in_unit(value, str(told.get("unit", "")), test)
        if number is None:
            return None
        return bool(told.get("at_least", -_EVER) <= number < told.get("below", _EVER))

    def _in_unit(self, value: Quantity, unit: str, test: str) -> float | None:
        if not unit or not value.unit:
            return value.value
        try:
            return value.to(unit, self._snapshot.substance(test)).value
        except UnitMismatch:
            return None


def _tests(snapshot: Snapshot, name: str) -> list[str]:
    found = snapshot.by_name(name, ConceptKind.LAB) if name else ()
    preferred = [c.id for c in found if normal_name(c.name) == normal_name(name)]
    return preferred or [c.id for c in found]


def _agreed(said: Iterable[bool | None]) -> bool | None:
    """What all say who say anything; None where they differ."""
    known = {one for one in said if one is not None}
    return known.pop() if len(known) == 1 else None


def _outside(number: float, limits: Limits, result: str) -> bool | None:
    high, low = limits.is_high(number), limits.is_low(number)
    if result == "abnormal":
        return True if high or low else None if high is None and low is None else False
    return {"high": high, "positive": high, "low": low}.get(result)


def _in_words(words: str, result: str) -> bool | None:
    if result in ("high", "low"):
        raised, lowered = _RAISED.search(words), _LOWERED.search(words)
        if not (raised or lowered):
            return False if "正常" in words else None
        return bool(raised if result == "high" else lowered)
    if _NEGATIVE.search(words):
        return False
    return True if _POSITIVE.search(words) or (result == "abnormal" and "异常" in words) else None


def _quantity(number: float, unit: str) -> Value:
    try:
        return Quantity(number, unit)
    except QuantityError:
        return Quantity(number, "")
