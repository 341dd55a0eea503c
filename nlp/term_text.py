"""Names of diagnoses, operations, tests … as they are compared: without remarks and sides, and in common words.

A name is read in three ways. ``plain`` folds width, case and brackets; ``bare`` leaves out codes, remarks and sides;
``common`` puts one word for all that mean the same there (取出, 拔除, 拆除 → 去除). ``marks`` are the common words
with what they tell: what is done, on which way, to what kind of lesion, with what device, how much of it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from knowledge.naming import normal_name

_TABLE: Final = Path(__file__).parent / "term_words.csv"
_CODES: Final = re.compile(r"\(*[\d.;+x]{5,}\)*")
"""Codes that a hospital's form puts behind a name: ((34.3002)), (57.4901+96.4901)."""
_FOREIGN: Final = re.compile(r"[a-z ,.'-]{16,}$")
_FORM: Final = re.compile(
    r"手术(?:方式及根据|代码|名称[:;]).*$|^(?:主要|拟行)?手术(?:名称)?[:;]|^(?:双侧)?主要手术名称|^拟行?"
)
"""What forms say of themselves."""
_EDGES: Final = re.compile(r"^[\s:.,;*+]+|[\s:.,;*。]+$")
_SIDES: Final = re.compile(
    r"左侧|右侧|双侧|两侧|单侧(?=.)|[左右](?!半|心|室|房|冠|旋)|双(?!腔|j|囊|极|眼皮|相|氯|嘧|糖|胍|膦|醋|黄)"
)
_BOTH: Final = re.compile(r"双侧|两侧|双眼|双肾|双乳|双下肢|双上肢|左.*右|右.*左")
_ONE: Final = re.compile(r"单侧|一侧|[左右](?!半|心|室|房|冠|旋)")
FACETS: Final = ("action", "approach", "lesion", "device", "extent")


class View(NamedTuple):
    """One name as it is compared; ``marks`` are (facet, common word)."""

    plain: str
    bare: str
    common: str
    marks: frozenset[tuple[str, str]]
    sides: str = ""

    @property
    def both(self) -> str:
        """The name bare and in common words: what n-grams are counted of."""
        return f"{self.bare}\n{self.common}"

    @property
    def sided(self) -> str:
        """The same with how many sides it speaks of."""
        return f"{self.bare}\n{self.common}\n{self.sides}"

    @property
    def rest(self) -> str:
        """What is left of a name without its marks, line by line: mostly the part of the body."""
        left = self.common
        for _, word in sorted(self.marks, key=lambda mark: (-len(mark[1]), mark)):
            left = left.replace(word, "\n")
        return left


@lru_cache(maxsize=65536)
def view(text: str, subject: str) -> View:
    """Read a name of a subject (procedure, disease, symptom, lab, exam, drug)."""
    whole = normal_name(text)
    plain = _EDGES.sub("", _FORM.sub("", _FOREIGN.sub("", _CODES.sub("", whole)))) or whole
    bare = _SIDES.sub("", plain) or plain
    words, pattern = _words(subject)
    if pattern is None:
        return View(plain, bare, bare, frozenset(), _sides(plain))
    common = pattern.sub(lambda found: words[found.group()][1], bare)
    marks = frozenset(words[found.group()] for found in pattern.finditer(plain))
    return View(plain, bare, common, marks, _sides(plain))


def _sides(plain: str) -> str:
    """``双侧`` when both are named, ``单侧`` when one is."""
    if _BOTH.search(plain):
        return "双侧"
    return "单侧" if _ONE.search(plain) else ""


@lru_cache(maxsize=16)
def _words(subject: str) -> tuple[dict[str, tuple[str, str]], re.Pattern[str] | None]:
    """Written word → (facet, common word) of a subject, and a pattern that finds the longest of them."""
    known: dict[str, tuple[str, str]] = {}
    for facet, word, written in _rows(subject):
        known.setdefault(written, (facet, word))
    longest = sorted(known, key=len, reverse=True)
    return known, re.compile("|".join(map(re.escape, longest))) if longest else None


def _rows(subject: str) -> Iterator[tuple[str, str, str]]:
    with _TABLE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["subject"] == subject:
                for written in row["written"].split("|"):
                    yield row["facet"], row["word"], normal_name(written)
