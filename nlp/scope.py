"""The way through a record from left to right: names, marks and cues in order, and what holds at each point of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isinf
from typing import Final, NamedTuple

from nlp.scope_cues import (
    AGED,
    ALIKE,
    BARE,
    BOTH,
    BY_WORD,
    CLAUSE_PAST,
    COMING,
    COMMA,
    HAVING,
    ONCE,
    Cue,
    automaton,
)


class Name(NamedTuple):
    """A name found in a text, to be read. ``done`` marks a test or examination whose result is told, ``denied`` a
    name with a word of denial inside."""

    start: int
    end: int
    kind: str
    done: bool = False
    denied: bool = False


class Ago(NamedTuple):
    """How long ago something was, in days (infinite for a year of the calendar), and where that is said."""

    start: int
    days: float


_LONG_AGO: Final = 60.0
_WEEKS_AGO: Final = 14.0
_SINCE: Final = frozenset({"日前", "月前"})
"""Words of events that date what is not long ago: operations are over all the same."""
REACH: Final = 14
"""So many characters may stand between a word of denial and what it denies."""
FAR: Final = 28
_CLOSE: Final = 6
GAP: Final = 4
"""So many characters, beside what joins names, may stand between two names that one word denies."""


class Event(NamedTuple):
    """Something on the way through a text: a cue with its word, a comma or bracket, a name (``cue`` is None)."""

    start: int
    order: int
    cue: Cue | None
    word: str
    end: int


def events_of(text: str, names: Sequence[Name], agos: Sequence[Ago]) -> list[Event]:
    """Names, commas and cues from left to right; a cue or comma within a name is part of the name."""
    machine, words = automaton()
    marks = [Event(m.start(), 0, None, m[0], m.end()) for m in COMMA.finditer(text)]
    marks += [
        Event(start, 2, BY_WORD[words[number]], words[number], end)
        for number, start, end in machine.find_matches_as_indexes(text)
    ]
    marks.sort()
    kept, at = [], 0
    for mark in marks:
        while at < len(names) and names[at].end <= mark.start:
            at += 1
        if at == len(names) or mark.end <= names[at].start:
            kept.append(mark)
        elif mark.order == 2:
            kept += _clipped(mark, names[at])
    kept += [Event(name.start, 1, None, "", name.end) for name in names]
    kept += [_dated(one) for one in agos]
    kept += [Event(match.start(), 2, Cue.PAST, "岁", match.end()) for match in AGED.finditer(text)]
    for cue, pattern in ((Cue.ONCE, ONCE), (Cue.COMING, COMING)):
        kept += [Event(match.start(), 2, cue, match[0], match.end()) for match in pattern.finditer(text)]
    return sorted(kept)


def _clipped(mark: Event, name: Name) -> Iterator[Event]:
    """What a name leaves of a cue that it overlaps: 史 of 高血压病|史, 未 of 未|到过牧区."""
    for start, end in ((mark.start, name.start), (name.end, mark.end)):
        word = mark.word[start - mark.start : end - mark.start] if start < end else ""
        if word in BY_WORD:
            yield Event(start, 2, BY_WORD[word], word, end)


def _dated(ago: Ago) -> Event:
    if ago.days < _LONG_AGO:
        return Event(ago.start, 2, Cue.NOW, "日前" if ago.days < _WEEKS_AGO else "月前", ago.start)
    return Event(ago.start, 2, Cue.PAST, "年" if isinf(ago.days) else "前", ago.start)


class Scope:
    """What holds at a point of a sentence."""

    __slots__ = (
        "bearers", "begun", "both", "dated", "doubt", "edge", "family", "here", "if_", "long_if", "no", "now",
        "past", "reach", "used", "whose",
    )  # fmt: skip

    def __init__(self, family: bool) -> None:
        self.no = self.doubt = self.if_ = self.long_if = self.used = self.now = self.here = self.begun = False
        self.past = self.dated = ""
        self.edge = self.reach = self.whose = 0
        self.family, self.both = family, False
        self.bearers: frozenset[Cue] = frozenset()

    @property
    def stands(self) -> bool:
        """Whether anything holds that a comma may end."""
        return self.no or self.doubt or self.if_ or self.family or self.now or bool(self.past)

    def opened(self, cue: Cue, event: Event, text: str) -> None:
        """A cue that speaks of what follows."""
        if cue is Cue.NO and self.if_ and event.word in ("排除", "除外"):
            cue = Cue.DOUBT
        if cue in (Cue.NO, Cue.DOUBT):
            self.begun = self.begun and cue is Cue.NO
            self.no, self.doubt = cue is Cue.NO, cue is Cue.DOUBT
            self.edge, self.used = event.end, False
            self.reach = FAR if event.word.endswith("否认") or cue is Cue.DOUBT else REACH
        elif cue is Cue.YES:
            wanting = event.word in HAVING and not self.used and event.start - self.edge <= _CLOSE
            self.no, self.doubt = self.no and wanting, False
        elif cue is Cue.CHANGED:
            self.no, self.past = False, "" if self.past == "停用" else self.past
        elif cue is Cue.CERTAIN:
            self.if_ = self.long_if
        elif cue in (Cue.IF, Cue.IF_LONG):
            self.if_, self.no = True, False
            self.long_if = self.long_if or cue is Cue.IF_LONG
        elif cue in (Cue.FAMILY, Cue.PATIENT):
            self._bearer(cue, event, text)
            self.no = self.no and event.word in ("家族中", "家族内", "家族", "一级亲属")
        elif cue is Cue.PAST:
            self.here = True
            self.past, self.now = self.past or event.word if event.word == "前" else event.word, False
        elif cue in (Cue.NOW, Cue.STILL):
            self.past, self.now = "", True
            self.dated = event.word if event.word in _SINCE else ""

    def _bearer(self, cue: Cue, event: Event, text: str) -> None:
        """Of whom it is told from here on: 母亲及患者本人均有 tells of both."""
        if BOTH.fullmatch(text, self.whose, event.start) is None or not self.bearers:
            self.bearers = frozenset()
        self.bearers, self.whose = self.bearers | {cue}, event.end
        self.both = len(self.bearers) > 1 and ALIKE.match(text, event.end) is not None
        self.family = cue is Cue.FAMILY or self.both

    def clause(self, bare: bool, always_family: bool) -> None:
        """A comma: what is denied, doubted, planned or another's goes on only through a bare list of names."""
        self.here = self.here and bare
        if not bare:
            self.now = False
            if self.past in ("年", "岁") or self.past.startswith(CLAUSE_PAST):
                self.past = ""
        if self.begun:
            self.no = False
        if not (bare and (self.used or self.if_ or self.family)):
            self.no = self.doubt = False
            self.if_ = self.long_if
            self.family = self.family and always_family
            self.both = False
        elif not self.used:
            self.no = self.doubt = False
        self.begun = False

    def reaches(self, text: str, name: Name, plain: bool) -> None:
        """A word of denial or doubt ends where too much stands between it and the next name, and in a text told
        without marks (``plain``) behind the first name."""
        if not (self.no or self.doubt):
            return
        between = text[self.edge : name.start]
        far = len(between) > self.reach if not self.used else len(BARE.sub("", between)) > GAP
        far = far or (plain and self.no and self.used and not between)
        if far and "，" not in between:
            self.no = self.doubt = False
        else:
            self.used, self.edge = True, name.end
