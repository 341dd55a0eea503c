"""The qualifiers of a statement in Chinese words, as the columns of our tables name and read them.

A sentence is a pattern: ``{field}`` is said in words, a part in brackets is left out when a field of it is empty.
What no pattern names is said after it by the label of its column, so that nothing of a statement is lost.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from itertools import chain
from typing import Any, Final, NamedTuple

from knowledge.model import Statement
from knowledge.tables import BY_NAME, Column, Kind

_SLOT: Final = re.compile(r"\{(\w+)\}")
_BRACKETS: Final = re.compile(r"\[([^\[\]]*)\]")
_ENDS: Final = re.compile(r"[。；，：、]*([。])")
_DAYS: Final = ((365.25, "岁"), (30.4375, "个月"))
_HOURS: Final = ((8766.0, "年"), (730.5, "个月"), (24.0, "天"))
_NEVER_SAID: Final = frozenset({"icd10", "never", "hpo"})
_LOADED: Final = (
    Column("note", "说明"),
    Column("period", "周期"),
    Column("level", "分级"),
    Column("amount", "含量", Kind.NUMBER),
    Column("unit", "单位"),
    Column("per", "每"),
    Column("route", "途径"),
    Column("hours", "间隔", Kind.DURATION),
)
"""Qualifiers that loaders and ``contains`` write without a column of their own."""


# -- figures -----------------------------------------------------------------------------------


def number(value: float) -> str:
    """``2.0`` → 2, ``0.25`` → 0.25, never with an exponent."""
    return f"{value:.4f}".rstrip("0").rstrip(".")


def age(days: float) -> str:
    """An age in the largest unit that it is a whole number of."""
    return _whole(days, _DAYS, "天")


def duration(hours: float) -> str:
    """A duration in the largest unit that it is a whole number of; below an hour in minutes."""
    return f"{number(hours * 60)}分钟" if 0 < hours < 1 else _whole(hours, _HOURS, "小时")


def _whole(value: float, units: tuple[tuple[float, str], ...], smallest: str) -> str:
    for size, name in units:
        times = value / size
        if times >= 1 and abs(times - round(times)) < 0.005:
            return f"{round(times)}{name}"
    return f"{number(value)}{smallest}"


def between(low: float | None, high: float | None, unit: str = "", included: bool = True) -> str:
    """``0.25–0.5 g``, ``≥30 ml/min``, ``≤2 g`` (``<2 g`` when the upper end is excluded)."""
    tail = f" {unit}" if unit else ""
    if low is not None and high is not None:
        return f"{number(low)}{tail}" if low == high else f"{number(low)}–{number(high)}{tail}"
    if high is not None:
        return f"{'≤' if included else '<'}{number(high)}{tail}"
    return f"≥{number(low)}{tail}" if low is not None else ""


def ages(low: float | None, high: float | None) -> str:
    """``3个月至12岁``, ``18岁及以上``, ``18岁以下``; empty without limits."""
    if low is not None and high is not None:
        return f"{age(low)}至{age(high)}"
    if high is not None:
        return f"{age(high)}以下"
    return f"{age(low)}及以上" if low else ""


# -- columns -----------------------------------------------------------------------------------


@lru_cache(256)
def columns(*tables: str) -> Mapping[str, Column]:
    """Columns of some tables by field, and those that loaders write."""
    named = {column.field: column for column in _LOADED}
    for table in tables:
        named |= {column.field: column for column in BY_NAME[table].columns}
    return named


def said(column: Column | None, value: Any) -> str:
    """A value in words, as its column reads it."""
    if isinstance(value, list | tuple):
        return "、".join(said(column, one) for one in value)
    if isinstance(value, bool):
        return "是" if value else ""
    if column is not None and column.choices:
        return _choice(column, value)
    if isinstance(value, int | float):
        kind = column.kind if column is not None else Kind.NUMBER
        return age(value) if kind is Kind.AGE else duration(value) if kind is Kind.DURATION else number(value)
    return str(value)


def _choice(column: Column, value: Any) -> str:
    return next((word for word, meant in (column.choices or {}).items() if meant == value), str(value))


# -- sentences ---------------------------------------------------------------------------------


class Whole(NamedTuple):
    """Several qualifiers that are said together: which, and how (empty when they say nothing)."""

    fields: tuple[str, ...]
    say: Callable[[Saying], str]


class Saying:
    """One statement while it is put into words. ``names`` gives subject and object, ``wholes`` what is said
    together."""

    def __init__(
        self,
        statement: Statement,
        names: Mapping[str, str],
        tables: Iterable[str],
        wholes: Mapping[str, Whole],
        hidden: frozenset[str] = frozenset(),
    ) -> None:
        self.qualifiers = statement.qualifiers
        self._names, self._wholes = names, wholes
        self._columns = columns(*tables)
        self._done: set[str] = set(hidden | _NEVER_SAID)

    def get(self, field: str) -> Any:
        """The value of a qualifier, None without one."""
        return self.qualifiers.get(field)

    def word(self, field: str) -> str:
        """A qualifier, a name or a whole in words; empty when there is none."""
        if field in self._names:
            return self._names[field]
        if field in self._wholes:
            return self._wholes[field].say(self)
        value = self.qualifiers.get(field)
        return "" if value is None else said(self._columns.get(field), value).rstrip("。；;，")

    def filled(self, pattern: str) -> str:
        """A pattern with its slots filled."""
        return "".join(self._part(part) for part in _parsed(pattern))

    def rest(self) -> str:
        """What was not said yet, by the labels of its columns."""
        fields = self.qualifiers.keys() - self._done
        left = [field for field in self._columns if field in fields] if fields else []
        return "；".join(self._labelled(field) for field in left if self.word(field))

    def _labelled(self, field: str) -> str:
        column = self._columns[field]
        return column.label if self.qualifiers[field] is True else f"{column.label}：{self.word(field)}"

    def _part(self, part: _Part) -> str:
        words = [self.word(field) for field in part.slots]
        if part.optional and not all(words):
            return ""
        for field in part.slots:
            self._done.update(self._wholes[field].fields if field in self._wholes else (field,))
        return "".join(chain.from_iterable(zip(part.literals, words, strict=False))) + part.literals[-1]


class _Part(NamedTuple):
    """A stretch of a pattern: literals around slots, one more than those."""

    optional: bool
    literals: tuple[str, ...]
    slots: tuple[str, ...]


@lru_cache(256)
def _parsed(pattern: str) -> tuple[_Part, ...]:
    parts = []
    for number, text in enumerate(_BRACKETS.split(pattern)):
        pieces = _SLOT.split(text)
        parts.append(_Part(number % 2 == 1, tuple(pieces[::2]), tuple(pieces[1::2])))
    return tuple(parts)


def sentence(saying: Saying, pattern: str) -> str:
    """A pattern filled, with what it does not name after it."""
    told = saying.filled(pattern)
    rest = saying.rest()
    return _ENDS.sub(r"\1", f"{told}{rest}。" if rest else told).strip("，；： ")


class Family(NamedTuple):
    """How statements of one predicate are said: heading (a pattern too), the tables whose columns they have, the
    sentence, what is left unsaid. With ``group``, all that is said alike of one subject makes one passage: the
    pattern is then how one of them is said, ``{subject}`` and what it says standing before."""

    heading: str
    tables: tuple[str, ...]
    pattern: str
    hidden: frozenset[str] = frozenset()
    group: str = ""
