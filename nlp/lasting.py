"""How long what a record names has lasted, or how long ago it was: spans of time given to the names they speak of."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

from nlp.draft import Draft
from nlp.durations import Duration, Kind
from nlp.layout import Layout

_LIST: Final = re.compile(r"[、及和与伴并或/\s“”\"（(]*(?:伴有|以及|伴)?[、及\s“”\"]*(?:[（(][^()（）]{0,10}[)）])?")
_LASTED: Final = re.compile(
    r"(?:术?后)?[\s“”\"'）)]*"
    r"(?:病史|病程|史|症状|反复发作|间断发作|发作|明显|不适|多次|约|已|达|近|持续|可|为|有|长达|频繁|间断|反复|"
    r"[\d一二两三四五六七八九十数]{1,3}余?次)*"
    r"\s*(?:约|近|已)?\s*"
)
"""What may stand between a name and how long it has lasted: 高血压病史10年."""
_WORSE: Final = re.compile(r"加重|再发|好转|缓解|复发|停药|减轻")
_BRIEF: Final = 0.5
"""Days: an attack that lasts less (持续约10分钟) is no course of an illness."""
_BEFORE: Final = re.compile(r"后|时")
_LEADING: Final = 26
"""So many characters may stand between 3天前 and what began then."""
_NTH_DAY: Final = re.compile(r"(?:术?后)?\s*第")
_WORSENED: Final = re.compile(r"(?:加重|再发|复发)(?:约|近|已)?$")
_WITH: Final = "伴"
_COMING: Final = re.compile(r"[，,]伴")
"""加重1天伴发热, 腹痛1天，伴呕吐: what came with something is as old as it."""
_DIAGNOSED: Final = re.compile(r"(?:[左右双]侧?\S{0,4}|诊为|诊断为?|确诊为?|诊断|考虑|伴有?)?[“\"]?")
"""What may begin a clause that tells on: 2小时前突发右侧肢体无力，言语不清; 10年前查血压高，诊断高血压."""
_GIVEN: Final = re.compile(r"(?:接种|注射)了?$")


def last(layout: Layout, spans: Sequence[Duration]) -> None:
    """Give each span of time to the names it speaks of."""
    _Lasting(layout, spans).give_all()


class _Lasting:
    def __init__(self, layout: Layout, spans: Sequence[Duration]) -> None:
        self._layout, self._text, self._drafts, self._spans = layout, layout.text, layout.drafts, spans
        self._starts = [one.start for one in spans]

    def give_all(self) -> None:
        for number, span in enumerate(self._spans):
            if span.kind in (Kind.LASTING, Kind.RECENT) and self._belongs_before(number, span):
                coming = _COMING.match(self._text, span.end)
                if coming is not None:
                    self._since(span, coming.end())
                continue
            if span.kind is Kind.NTH:
                self._nth(span)
            elif span.kind in (Kind.AGO, Kind.RECENT) or self._came_with(span):
                self._since(span, span.end)

    # -- a span behind a name ----------------------------------------------------------------------

    def _belongs_before(self, number: int, span: Duration) -> bool:
        """Give a span to the list of names that ends right before it: 多饮、多尿3年."""
        at = self._named_before(span)
        floor = max(self._layout.clause_start(span.start), self._spans[number - 1].end if number else 0)
        if at < 0 or self._drafts[at].start < floor:
            return self._course_of_all(span) or self._alone(span, floor)
        name = self._drafts[at]
        between = self._text[name.end : span.start]
        if name.end > span.start or _LASTED.fullmatch(between) is None:
            return False
        if "持续" in between and span.days < _BRIEF:
            return False
        self._give(span, at, floor)
        return True

    def _give(self, span: Duration, at: int, floor: int) -> None:
        end = self._drafts[at].end
        while at >= 0 and self._drafts[at].start >= floor:
            one = self._drafts[at]
            if one.end < end and _LIST.fullmatch(self._text[one.end : end]) is None:
                return
            if one.lasts():
                one.days = span.days
            end, at = one.start, at - 1

    def _course_of_all(self, span: Duration) -> bool:
        """病程已8年: the course of the complaint that the sentence began with."""
        if "病程" not in self._text[max(0, span.start - 4) : span.start]:
            return False
        first = self._layout.first_from(self._layout.sentence_start(span.start))
        if first == len(self._drafts) or self._drafts[first].start > span.start or not self._drafts[first].lasts():
            return False
        self._drafts[first].days = span.days
        return True

    def _alone(self, span: Duration, floor: int) -> bool:
        """四肢麻木，双手为重，1周: a span that is a clause by itself is that of the complaint named first."""
        end = self._layout.clause_end(span.end)
        if self._text[floor : span.start].strip() or self._text[span.end : end].strip():
            return False
        first = self._layout.first_from(self._layout.sentence_start(span.start))
        end = self._layout.clause_end(self._drafts[first].start) if first < len(self._drafts) else 0
        begun = [one for one in self._drafts[first:] if one.start < end and one.lasts() and one.days is None]
        for one in begun:
            one.days = span.days
        return bool(begun)

    def _nth(self, span: Duration) -> None:
        """术后第2天, 产后第3天: the day counted from what stands before it."""
        at = self._named_before(span)
        end = self._drafts[at].end if at >= 0 else span.start
        if _NTH_DAY.fullmatch(self._text, end, span.start) and "后" in self._text[end - 1 : span.start]:
            self._drafts[at].days = span.days

    def _named_before(self, span: Duration) -> int:
        """The number of the last name before a span, -1 when there is none; of an operation and the disease that its
        name holds, the operation."""
        at = self._layout.last_until(span.start)
        return at - 1 if at > 0 and self._drafts[at].end < self._drafts[at - 1].end else at

    # -- a span before a name ----------------------------------------------------------------------

    def _came_with(self, span: Duration) -> bool:
        worse = _WORSENED.search(self._text, max(0, span.start - 4), span.start) is not None
        return worse and self._text.startswith(_WITH, span.end)

    def _since(self, span: Duration, start: int) -> None:
        """3天前(无明显诱因)出现发热, 近2天咳嗽: what is named from a place on in its clause began then."""
        at = self._layout.first_from(start)
        end, reached, given = self._layout.clause_end(start), start, False
        while at < len(self._drafts):
            one = self._drafts[at]
            if one.start >= end:
                if not self._tells_on(one, span, end, reached, given):
                    return
                end = self._layout.clause_end(end + 1)
                continue
            if self._starts_anew(reached, one):
                return
            if self._began(one):
                one.days, given = span.days, True
            reached, at = one.end, at + 1

    def _began(self, one: Draft) -> bool:
        """Whether it may have begun then: not what went before the illness (受凉后), nor a drug but a vaccine."""
        if not one.lasts() or one.days is not None:
            return False
        if one.kind == "drug":
            return _GIVEN.search(self._text, max(0, one.start - 3), one.start) is not None
        before = self._text[one.end - 1] == "后" or _BEFORE.match(self._text, one.end) is not None
        return one.kind != "finding" or not before

    def _tells_on(self, one: Draft, span: Duration, comma: int, reached: int, given: bool) -> bool:
        """Whether the clause behind a comma still tells what began then: a mere name, when something was named."""
        if self._text[comma] not in "，," or one.start > reached + _LEADING:
            return False
        if not given:
            return span.kind is Kind.AGO
        return _DIAGNOSED.fullmatch(self._text, comma + 1, one.start) is not None

    def _starts_anew(self, place: int, one: Draft) -> bool:
        """Whether another span of time or a worsening stands between."""
        at = bisect_left(self._starts, place)
        other = at < len(self._spans) and self._spans[at].start < one.start
        near = self._text[max(place, one.start - _LEADING) : one.start]
        return other or _WORSE.search(near) is not None or _WORSE.match(self._text, one.end) is not None
