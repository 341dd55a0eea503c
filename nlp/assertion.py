"""Whether what a record names is there: denied, in doubt, only feared or planned, past, over, or somebody else's.

A cue (``nlp.scope_cues``) opens a scope before it (阴性, 待查, ?) or after it (无, 考虑, 父亲, 如出现). A scope ends
with the sentence, at a cue of the other kind, or at a clause that says something of its own.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from nlp.scope import FAR, GAP, REACH, Ago, Event, Name, Scope, events_of
from nlp.scope_cues import (
    AFTER,
    AGAIN,
    AHEAD,
    BARE,
    COMMA,
    EITHER,
    FIRM,
    FOLLOWING,
    HABIT,
    JOINED,
    LIMIT,
    MARKS,
    SENTENCE,
    TELLING,
    Cue,
)


class Assertion(StrEnum):
    PRESENT = "present"
    ABSENT = "absent"
    POSSIBLE = "possible"
    HYPOTHETICAL = "hypothetical"


class When(StrEnum):
    CURRENT = "current"
    PAST = "past"
    RESOLVED = "resolved"


class Who(StrEnum):
    PATIENT = "patient"
    FAMILY = "family"


class Read(NamedTuple):
    """How a name in a text is meant."""

    assertion: Assertion = Assertion.PRESENT
    when: When = When.CURRENT
    who: Who = Who.PATIENT
    too: bool = False
    """Whether it is the patient's too, where it is a relative's."""


_PAST_SECTIONS: Final = frozenset({"既往史", "手术史", "过敏史", "输血史", "预防接种史", "出生史"})
_BORNE_SECTIONS: Final = _PAST_SECTIONS | {"婚育史", "个人史"}
_TOLD: Final = frozenset({"主诉", "现病史", "既往史", "病程", "病例特点"})
"""Sections that tell what was: 发热时口服布洛芬 happened."""
_ORDERS: Final = frozenset({"医嘱", "告知"})
_DIAGNOSES: Final = frozenset({"诊断", "拟诊"})
_WEIGHING: Final = frozenset({"鉴别诊断", "拟诊"})
"""Sections whose diseases are only thought of."""
_UNMARKED: Final = 40
"""A sentence of so many characters without a comma is told without marks."""
_BACK: Final = 6
"""So many names back a cue may look that speaks of what was named long before it."""
_ILL: Final = re.compile(r"(?:的)?(?:患者|患儿|病人|病例|感染者)")
_MEETING: Final = re.compile(r"(?:(?<![患伴没])有|(?<!意)见|接触过?|与|和|跟|同)(?:一|多|数)?(?:名|位|例|个|人)?$")
"""Words before a disease whose bearer is somebody met."""
_CAUSING: Final = re.compile(
    r"(?:考虑|倾向于?|怀疑|疑为?|可能[为是系])[^，,。；;、]{1,16}?(?<!可能)(?:相关性?|所致|引起|导致|诱发|造成)的?$"
)
"""What may have caused a complaint, right before it."""
_LEADING: Final = re.compile(r"[^，,。；;后]{0,8}")
"""What may stand between a name and what is to be done when it comes, or once it does not."""
_JOINING: Final = re.compile(r"了?[、及和与或者/伴]{0,2}(?:无|有|出现)?")
_HAD: Final = frozenset({"finding", "disease", "procedure"})
_DEEDS: Final = frozenset({"test", "exam", "procedure"})


def read(text: str, names: Sequence[Name], agos: Sequence[Ago] = (), section: str = "") -> list[Read]:
    """How each name is meant, in the order given (by position)."""
    events = events_of(text, names, agos)
    if section in _ORDERS:
        events = sorted([*events, *(Event(m.start(), 2, Cue.IF_LONG, "若", m.end()) for m in LIMIT.finditer(text))])
    reads: list[Read] = []
    at = place = 0
    for start, end in _sentences(text):
        until = at
        while until < len(names) and names[until].start < end:
            until += 1
        last = place
        while last < len(events) and events[last].start < end:
            last += 1
        if until > at:
            reads += _Sentence(text, start, end, names[at:until], section).reads(events[place:last])
        at, place = until, last
    return reads


def _sentences(text: str) -> list[tuple[int, int]]:
    found, start = [], 0
    for match in SENTENCE.finditer(text):
        if match.end() > start:
            found.append((start, match.end()))
            start = match.end()
    found.append((start, len(text)))
    return found


class _Sentence:
    """One sentence read from left to right."""

    def __init__(self, text: str, start: int, end: int, names: Sequence[Name], section: str) -> None:
        self._text, self._start, self._end, self._names, self._section = text, start, end, names, section
        self._starts = [name.start for name in names]
        self._plain = end - start > _UNMARKED and MARKS.search(text, start, end) is None
        self._found: list[Read] = []
        self._group = self._before = 0
        self._held: list[tuple[bool, bool, bool]] = []
        self._scope = Scope(section == "家族史")

    def reads(self, events: Sequence[Event]) -> list[Read]:
        for number, event in enumerate(events):
            if event.order == 1:
                self._name(self._names[len(self._found)])
            elif event.order == 0:
                self._mark(event)
            else:
                self._cue(event, events, number)
        return self._found

    # -- names and marks ---------------------------------------------------------------------------

    def _name(self, name: Name) -> None:
        scope = self._scope
        scope.reaches(self._text, name, self._plain)
        who = Who.FAMILY if scope.family or self._met(name) else Who.PATIENT
        if scope.no and not (name.done and name.kind in ("test", "exam")):
            assertion = Assertion.ABSENT
        elif self._supposed_now(name) or self._ordered(name):
            assertion = Assertion.HYPOTHETICAL
        elif scope.doubt and name.kind in _DEEDS | {"drug"}:
            assertion = Assertion.PRESENT if name.done else Assertion.HYPOTHETICAL
        else:
            doubted = scope.doubt and not self._caused(name)
            weighed = doubted or (name.kind == "disease" and self._section in _WEIGHING)
            assertion = Assertion.POSSIBLE if weighed else Assertion.PRESENT
        too = scope.both and who is Who.FAMILY and not self._met(name)
        self._found.append(Read(assertion, self._when(name, who), who, too))
        if assertion is Assertion.PRESENT and self._text.endswith("停药", name.start, name.end):
            self._ended()  # 自行停药 is a finding, and says so of the drug
        scope.begun = scope.begun or (assertion is Assertion.PRESENT and not scope.no)
        if name.denied:
            scope.no, scope.used, scope.edge = True, True, name.end

    def _met(self, name: Name) -> bool:
        """邻村有布病患者, 与肺结核患者同住: a disease of somebody who is met, not of the patient."""
        if name.kind != "disease" or _ILL.match(self._text, name.end) is None:
            return False
        return _MEETING.search(self._text, max(self._start, name.start - GAP), name.start) is not None

    def _caused(self, name: Name) -> bool:
        """考虑替格瑞洛相关呼吸困难: only the cause of a complaint is in doubt."""
        near = self._text[max(self._start, name.start - FAR) : name.start]
        return name.kind == "finding" and _CAUSING.search(near) is not None

    def _supposed_now(self, name: Name) -> bool:
        """Whether a condition or plan reaches a name: not one whose result is told, nor what a planned examination is
        to rule out."""
        scope = self._scope
        if not scope.if_ or (name.done and not scope.long_if):
            return False
        return not scope.doubt or name.kind not in ("finding", "disease")

    def _ordered(self, name: Name) -> bool:
        """Whether it stands among orders: tests and procedures named there are yet to be done."""
        return self._section in _ORDERS and name.kind in _DEEDS and not name.done

    def _when(self, name: Name, who: Who) -> When:
        past, kind = self._scope.past, name.kind
        if kind == "allergy" or (past == "停用" and kind != "drug"):
            return When.CURRENT
        if kind == "drug":
            taken = past and past not in _NOT_OF_DRUGS
            return When.PAST if taken or self._section in _GIVEN_BEFORE else When.CURRENT
        if self._scope.dated and who is Who.PATIENT and self._done_then(name):
            return When.PAST
        if (self._scope.doubt or kind in ("test", "exam")) and not self._scope.here:
            past = ""
        if past and (past not in _DATES or kind in _DEEDS or self._reason(name) or self._befell(name)):
            return When.PAST
        past_section = self._section in (_BORNE_SECTIONS if kind == "procedure" else _PAST_SECTIONS)
        now = self._scope.now and self._section != "过敏史"
        return When.PAST if past_section and who is Who.PATIENT and not now else When.CURRENT

    def _done_then(self, name: Name) -> bool:
        """1月前因心肌梗死行PCI: an operation is over, and the illness that it was done for some weeks ago."""
        if name.kind == "procedure":
            return True
        return name.kind == "disease" and self._scope.dated == "月前" and self._reason(name)

    def _reason(self, name: Name) -> bool:
        """10年前因头晕测血压, 5年前体检发现血糖升高: why something was done then, or what was found."""
        near = self._text[max(self._start, name.start - 8) : name.start]
        return "因" in near or (name.kind == "finding" and "体" in near and "发现" in near)

    def _befell(self, name: Name) -> bool:
        """2019年自然流产: what befell somebody in a year, unless it was diagnosed then and lasts."""
        near = self._text[max(self._start, name.start - 6) : name.start]
        return self._scope.past == "年" and not any(word in near for word in ("诊", "发现", "患", "确"))

    def _mark(self, event: Event) -> None:
        scope = self._scope
        if event.word in "(（":
            self._held.append((scope.no, scope.doubt, scope.if_))
            return
        if event.word in ")）":
            if self._held:
                scope.no, scope.doubt, scope.if_ = self._held.pop()
            return
        if scope.stands or scope.begun:
            scope.clause(self._bare(event.end), self._section == "家族史")
            scope.doubt = scope.doubt and self._section not in _DIAGNOSES
        self._before, self._group = self._group, len(self._found)

    def _bare(self, place: int) -> bool:
        """Whether the clause from here on is nothing but names and what joins them; a name that tells something of
        its own (排尿不畅), or more in brackets (青霉素过敏史（皮疹）), is there."""
        match = COMMA.search(self._text, place, self._end)
        end = match.start() if match else self._end
        if match and match[0] in "(（":
            return False
        first = at = bisect_left(self._starts, place)
        rest, reached = [], place
        while at < len(self._names) and self._names[at].start < end:
            rest.append(self._text[reached : self._names[at].start])
            reached = max(reached, self._names[at].end)
            at += 1
        if at > first and self._scope.reach != FAR and self._tells(self._names[first]):
            return False
        rest.append(self._text[reached:end])
        return at > first and not BARE.sub("", "".join(rest).strip("。；;！!？?\n "))

    def _tells(self, name: Name) -> bool:
        return TELLING.search(self._text[name.start : name.end]) is not None

    # -- cues --------------------------------------------------------------------------------------

    def _cue(self, event: Event, events: Sequence[Event], number: int) -> None:
        cue = event.cue
        assert cue is not None
        if cue in EITHER:
            forwards, backwards = EITHER[cue]
            cue = forwards if self._followed(event, events, number) else backwards
            if cue is Cue.DOUBT and event.word == "可能" and self._section == "告知":
                cue = Cue.IF
        if cue is Cue.PAST_AFTER and (self._section in _DIAGNOSES or self._habit()):
            return
        if cue in AFTER:
            self._after(cue, event)
            if cue is Cue.IF_AFTER and event.word.startswith("时") and self._section not in _TOLD:
                self._scope.if_ = True
        elif cue is Cue.OVER:
            self._over(event)
        elif cue is Cue.OVER_ALL:
            self._all_over()
        elif cue is Cue.STOPPED:
            self._stopped(event, events, number)
        elif cue is Cue.CHANGED:
            self._changed(event, events, number)
            self._scope.opened(cue, event, self._text)
        elif cue is Cue.IF_BACK:
            self._supposed()
        elif cue is Cue.ONCE:
            self._once(event)
        elif cue is Cue.COMING:
            self._coming(event)
        elif cue is not Cue.QUIET:
            if cue is Cue.IF and event.word in FOLLOWING and self._section in _TOLD and not self._ahead(event):
                return
            if cue is Cue.STILL and not self._followed(event, events, number):
                self._still()
            self._scope.opened(cue, event, self._text)

    def _ahead(self, event: Event) -> bool:
        """Whether 复查 lies ahead, in a section that tells what was done."""
        return AHEAD.search(self._text, max(self._start, event.start - 10), event.start) is not None

    def _followed(self, event: Event, events: Sequence[Event], number: int) -> bool:
        """Whether a name follows in the same clause."""
        for later in events[number + 1 : number + 6]:
            if later.order == 0 or later.start - event.end > REACH:
                return False
            if later.order == 1:
                return True
        return False

    def _habit(self) -> bool:
        """Whether what was named last is a habit: 吸烟史20年 says that it goes on."""
        if not self._found:
            return False
        name = self._names[len(self._found) - 1]
        return name.kind == "finding" and HABIT.search(self._text, name.start, name.end) is not None

    def _after(self, cue: Cue, event: Event) -> None:
        """A cue that speaks of the names before it: of the list that ends right before it."""
        far = cue is Cue.DOUBT_AFTER and event.word not in "?？"
        if len(self._found) == (self._before if far else self._group):
            return
        between = self._text[self._names[len(self._found) - 1].end : event.start]
        if not self._close(cue, between):
            return
        first = len(self._found) - 1 if cue is Cue.DOUBT_AFTER else self._first_of_list()
        for number in range(first, len(self._found)):
            self._found[number] = _after(self._found[number], cue, event.word, self._names[number])

    def _close(self, cue: Cue, between: str) -> bool:
        if cue in (Cue.PAST_AFTER, Cue.OVER_AFTER, Cue.IF_AFTER, Cue.FAMILY_AFTER):
            return len(between) <= 4
        if cue is Cue.DOUBT_AFTER and between.strip("，,") in ("性质", "原因", "诊断", ""):
            return True
        return JOINED.fullmatch(between) is not None

    def _first_of_list(self) -> int:
        """The first name of the list that the last name ends."""
        first = len(self._found) - 1
        while first > self._group:
            joined = self._text[self._names[first - 1].end : self._names[first].start]
            if BARE.sub("", joined):
                break
            first -= 1
        return first

    def _over(self, event: Event) -> None:
        """已愈: the last thing named that lasts is over; 均已愈: all that were named last."""
        every = self._text[event.start - 1 : event.start] in ("均", "都")
        for number in range(len(self._found) - 1, max(-1, len(self._found) - _BACK), -1):
            name, meant = self._names[number], self._found[number]
            between = self._text[name.end : event.start]
            habit = "戒" in event.word
            if len(between) > FAR:
                return
            mere = name.kind == "finding" and number == len(self._found) - 1 and len(between) <= GAP
            if (name.kind == "disease" or habit or mere) and meant.assertion is Assertion.PRESENT:
                self._found[number] = meant._replace(when=When.RESOLVED)
                if not every:
                    return

    def _stopped(self, event: Event, events: Sequence[Event], number: int) -> None:
        """停用X, X停用: what was taken is taken no more."""
        later = next((one for one in events[number + 1 : number + 4] if one.order != 2), None)
        if later is not None and later.order == 1 and later.start - event.end <= 2:
            self._scope.past, self._scope.no = "停用", False
            return
        self._ended()

    def _ended(self) -> None:
        """The drug named last is taken no more."""
        for place in range(len(self._found) - 1, max(-1, len(self._found) - _BACK), -1):
            if self._names[place].kind == "drug":
                self._found[place] = self._found[place]._replace(when=When.PAST)
                return

    def _all_over(self) -> None:
        """症状消失: every complaint of the sentence is over."""
        for number, meant in enumerate(self._found):
            if self._names[number].kind == "finding" and meant.assertion is Assertion.PRESENT:
                self._found[number] = meant._replace(when=When.RESOLVED)

    def _changed(self, event: Event, events: Sequence[Event], number: int) -> None:
        """将X改为Y: what was named last is taken no more, when another drug follows."""
        at = len(self._found)
        follows = at < len(self._names) and self._names[at].kind == "drug" and self._followed(event, events, number)
        earlier = [place for place in range(max(0, at - _BACK), at) if self._names[place].kind == "drug"]
        if follows and earlier and self._found[earlier[-1]].assertion is Assertion.PRESENT:
            self._found[earlier[-1]] = self._found[earlier[-1]]._replace(when=When.PAST)

    def _supposed(self) -> None:
        """及时就诊: what stands before it in this clause and the last is only supposed to come."""
        for number in range(self._before, len(self._found)):
            meant, kind = self._found[number], self._names[number].kind
            if meant.assertion is Assertion.PRESENT and kind in ("finding", "disease"):
                self._found[number] = meant._replace(assertion=Assertion.HYPOTHETICAL)

    def _once(self, event: Event) -> None:
        """无活动性出血可恢复抗凝: what is denied right before it is supposed not to come, unless told of now."""
        told = self._section in _TOLD or self._scope.now
        if FIRM.match(event.word) is None and told:
            return
        for number in self._led(event):
            if self._found[number].assertion is Assertion.ABSENT:
                self._found[number] = self._found[number]._replace(assertion=Assertion.HYPOTHETICAL)
                self._scope.if_, self._scope.no = True, False

    def _coming(self, event: Event) -> None:
        """喘了或烧到38.5再来: what stands right before it is only supposed to come, unless a tale says it did."""
        again = AGAIN.match(self._text, event.start) is not None
        if self._section not in _ORDERS and (self._section in _TOLD or self._scope.now or not again):
            return
        for number in self._led(event):
            meant, kind = self._found[number], self._names[number].kind
            if meant.assertion is Assertion.PRESENT and kind in ("finding", "disease"):
                self._found[number] = meant._replace(assertion=Assertion.HYPOTHETICAL)
                self._scope.if_ = True

    def _led(self, event: Event) -> range:
        """The names of this clause that lead up to a cue: the last, and what is joined to it."""
        first = len(self._found)
        if first == self._group or _LEADING.fullmatch(self._text, self._names[first - 1].end, event.start) is None:
            return range(0)
        while first > self._group + 1:
            joined = self._text[self._names[first - 2].end : self._names[first - 1].start]
            if _JOINING.fullmatch(joined) is None:
                break
            first -= 1
        return range(first - 1, len(self._found))

    def _still(self) -> None:
        """现仍: the disease named last goes on."""
        for number in range(len(self._found) - 1, max(-1, len(self._found) - _BACK), -1):
            if self._names[number].kind == "disease":
                self._found[number] = self._found[number]._replace(when=When.CURRENT)
                return


_DATES: Final = frozenset({"前", "年"})
"""Cues that date: a disease of ten years ago lasts, what was done then is past."""
_NOT_OF_DRUGS: Final = _DATES | {"既往", "既往有", "旧", "史有", "过去", "陈旧性"}
_GIVEN_BEFORE: Final = frozenset({"过敏史", "输血史", "预防接种史", "手术史", "既往用药"})


def _after(read: Read, cue: Cue, word: str, name: Name) -> Read:
    if cue is Cue.NO_AFTER:
        return read if name.kind in ("test", "exam") and name.done else read._replace(assertion=Assertion.ABSENT)
    if read.assertion is Assertion.ABSENT:
        return read._replace(who=Who.FAMILY) if cue is Cue.FAMILY_AFTER else read
    if cue is Cue.DOUBT_AFTER:
        complaint = name.kind == "finding" and word.startswith("待")
        return read if complaint or name.done else read._replace(assertion=Assertion.POSSIBLE)
    if cue is Cue.IF_AFTER:
        return read._replace(assertion=Assertion.HYPOTHETICAL)
    if cue is Cue.FAMILY_AFTER:
        return read._replace(who=Who.FAMILY)
    if read.assertion is not Assertion.PRESENT:
        return read
    if cue is Cue.PAST_AFTER and read.who is Who.FAMILY:
        return read
    if cue is Cue.PAST_AFTER:
        return read._replace(when=When.PAST) if name.kind in _HAD and read.when is When.CURRENT else read
    return read._replace(when=When.RESOLVED) if name.kind in ("finding", "disease") else read
