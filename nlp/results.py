"""Tests of a record with their results: by name, by letter (T 38.9℃), by the fluid examined (脑脊液：蛋白1.8g/L)."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final

from knowledge.model import ConceptKind, Predicate
from nlp import values
from nlp.draft import Draft
from nlp.lexicon import Lexicon
from nlp.senses import Sense
from nlp.values import Measured

_PANEL: Final = re.compile(r"常规|四项|三项|五项|全套|功能|分析|培养|涂片|试验|标志物|酶谱|两对半|检查")
_CHANGED: Final = re.compile(
    r"(?:明显|轻度|中度|重度|稍|略|显著|进行性|持续|均|较前)?"
    r"(?:升高|增高|偏高|高(?![敏密血压])|降低|下降|减低|偏低|低(?![血密分钾])|减少|增多|增快|延长|缩短|异常|↑|↓)(?!至|到|\d)"
)
_NOT: Final = re.compile(r"(?:不|未见|无)(?=(?:明显)?(?:[升增偏]?[高低]|减低|降低))")
_UP: Final = re.compile(r"升高|增高|偏高|高|增多|增快|延长|↑")
_SPECIMEN: Final = re.compile(r"(?P<fluid>脑脊液|CSF|尿(?:常规|液分析|检)|[大便粪]便?常规)")
_FLUIDS: Final = {"脑": "脑脊液", "C": "脑脊液", "尿": "尿", "大": "粪便", "便": "粪便", "粪": "粪便"}
_OF_FLUID: Final = re.compile(
    r"(?<![尿液便血])(?:压力|蛋白质?(?:定量)?|葡萄糖|糖|氯化物|白细胞(?:计数)?|红细胞(?:计数)?|细胞(?:总)?数|酮体|潜血|隐血|"
    r"胆红素|尿胆原|脓细胞)"
)
_STOP: Final = re.compile(r"[。；;\n]|血常规|生化")
_REACH: Final = 200
"""So far behind the name of a fluid its tests may stand."""


class Results:
    """The tests of one section."""

    def __init__(self, text: str, lexicon: Lexicon) -> None:
        self._text, self._lexicon, self._snapshot = text, lexicon, lexicon.snapshot

    def of(self, test: Draft) -> Iterator[Draft]:
        """A test with the value or the word that follows it; one that changed, or was another before, twice."""
        change = values.change_after(self._text, test.end)
        if change is not None:
            before, after = change
            later = self._again(test, after, old=False)
            test.measure(before)
            test.old = True
            yield from (test, later)
            return
        yield self._with_result(test)
        earlier = values.earlier_after(self._text, test.end)
        if earlier is not None:
            yield self._again(test, earlier, old=True)

    def _with_result(self, test: Draft) -> Draft:
        found = values.value_after(self._text, test.end)
        if found is not None:
            test.measure(found)
            return test
        word = values.word_after(self._text, test.end)
        if word is None:
            test.panel = self._is_panel(test)
            return self._abnormal(test) or test
        test.end, test.signed = word[0], "+" if word[1] else "-"
        return test

    def _again(self, test: Draft, found: Measured, old: bool) -> Draft:
        other = Draft(found.start, found.end, Sense("test", test.concept, test.name))
        other.measure(found)
        other.old = old
        return other

    def _abnormal(self, test: Draft) -> Draft | None:
        """A test said to be high or low without a number is a finding (白细胞偏高); one that is not high denies no
        disease by that."""
        denied = _NOT.match(self._text, test.end)
        match = _CHANGED.match(self._text, denied.end() if denied else test.end)
        if match is None:
            return None
        change = "异常" if "异常" in match[0] else "升高" if _UP.search(match[0]) else "降低"
        names = (f"{test.name}{change}", f"{self._text[test.start : test.end]}{change}")
        sense = self._lexicon.finding(names)
        if denied is not None and sense.kind == "disease":
            sense = Sense("finding", "", names[0])
        found = Draft(test.start, match.end(), sense)
        found.denied = denied is not None
        return found

    def _is_panel(self, test: Draft) -> bool:
        if _PANEL.search(test.name) is not None:
            return True
        return bool(test.concept) and bool(self._snapshot.statements(Predicate.CONTAINS, test.concept))

    # -- without their names -----------------------------------------------------------------------

    def unnamed(self, named: Sequence[Draft]) -> Iterator[Draft]:
        """Vital signs by their letters, tests of a fluid, temperatures that nobody names, blood pressures."""
        for name, found in values.signs(self._text):
            yield self._test(name, found)
        yield from self._of_fluids()
        starts = [one.start for one in named]
        for found in values.warmths(self._text):
            at = bisect_left(starts, found.end) - 1
            if at < 0 or named[at].end <= found.start or not named[at].measured:
                yield self._test("体温", found)

    def pressures(self) -> Iterator[Draft]:
        """Blood pressures, two tests each."""
        for pair in values.pressures(self._text):
            for name, (low, high) in (("收缩压", pair.systolic), ("舒张压", pair.diastolic)):
                value, low_, high_ = (None, low, high) if low < high else (low, None, None)
                draft = self._test(
                    name, Measured(pair.start, pair.end, value, low_, high_, pair.comparator, pair.unit)
                )
                draft.pressed = True
                yield draft

    def _test(self, name: str, found: Measured) -> Draft:
        concepts = self._snapshot.by_name(name, ConceptKind.LAB)
        draft = Draft(found.start, found.end, Sense("test", concepts[0].id if concepts else "", name))
        draft.measure(found)
        return draft

    def _of_fluids(self) -> Iterator[Draft]:
        """脑脊液：压力280mmH2O, 尿常规：白细胞(+++)."""
        for match in _SPECIMEN.finditer(self._text):
            reach = match.end() + _REACH
            stop = _STOP.search(self._text, match.end(), reach)
            fluid = _FLUIDS[match["fluid"][0]]
            for test in _OF_FLUID.finditer(self._text, match.end(), stop.start() if stop else reach):
                yield from self._of_fluid(fluid, test)

    def _of_fluid(self, fluid: str, test: re.Match[str]) -> Iterator[Draft]:
        senses = [one for one in self._lexicon.senses(f"{fluid}{test[0]}") if one.kind == "test"]
        if senses:
            draft = Draft(test.start(), test.end(), senses[0]._replace(gate=""))
            yield from (one for one in self.of(draft) if one.measured or one.signed)
