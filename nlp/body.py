"""Where on the body: sites and sides as records name them (右下腹, 双下肢, 左侧股总静脉, 左手示指末节)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from nlp.words import lines

if TYPE_CHECKING:
    from ahocorasick_rs import AhoCorasick

SIDES: Final = {"左": "left", "右": "right", "双": "both", "两": "both"}
_ORDINALS: Final = r"(?:第\s?\d{1,2}(?:\s?[、,~～\-—及和至]\s?第?\d{1,2})*)?"
_SIDE_BEFORE: Final = re.compile(rf"(?:[左右双两]侧?|[左右]前?[上下]|[左右][前后]){_ORDINALS}$")
_LONGEST_SIDE: Final = 14
"""Characters that a side with numbers takes: 右侧第5、6(肋骨)."""
_QUALIFIER: Final = re.compile(
    r"(?:近端|远端|近侧|远侧|上段|中段|下段|末节|中节|近节|外侧|内侧|前侧|后侧|前壁|后壁|侧壁|上极|下极|上叶|中叶|下叶|尖段|背段|末端|中部|上部|下部|开口|远中邻面|近中邻面|远中|近中|邻面|颊面|舌面|牙合面)"
)
_SUFFIX: Final = re.compile(
    r"(?:第\s?[1-5一二三四五]\s?(?:[趾指]|跖骨|掌骨)|侧壁|前壁|后壁|[左右双]侧(?!肢|上|下)|部|区|侧|处|面|缘|旁|周围)"
)
_LEVEL: Final = re.compile(
    r"(?:颈|胸|腰|骶|(?<![A-Za-z])[CTLS])\d{1,2}(?![\d.℃度])(?:\s*[/\-~～、]\s*[CTLS骶]?\d{1,2})?(?:椎体|椎间隙|椎间盘|棘突)?(?P<side>[左右双]侧)?"
    r"|(?P<digit>[左右双]侧?[足手脚]?第\s?(?:[1-5]|[一二三四五])\s?(?:[趾指]|跖骨|掌骨|跖趾关节|掌指关节))"
    r"|(?P<tooth>[左右][上下][1-8](?!\d)(?:[远近]中)?(?:邻面|颊面|舌面|牙合面)?)|(?P<only>[左右双两]侧)"
)
"""Levels of the spine (腰4/5左侧), teeth (左下6), a side alone."""
_WITHIN: Final = re.compile(
    r"手[术续段机]|足[月够量]|头孢|肝素|鼻饲|舌下含|胃管|[眼骨]科|耳鼻喉科|[胸脑]外科|腰麻|叶酸|面[诊部]?色|(?<=肉)眼"
)
"""Words that begin like a part of the body and are none."""
_ALONG: Final = "沿"
"""What lies along a nerve or a vessel (沿肋间神经分布) is not at it."""
_MOST: Final = 8
"""Parts that one site may be made of."""


_WOUNDS: Final = frozenset(
    "切口 刀口 伤口 创面 断端 穿刺点 穿刺部位 吻合口 造瘘口 残端 患侧 患肢 患处 淋巴结 浅表淋巴结".split()
)
"""Places that lie at a part of the body named elsewhere."""


class Site(NamedTuple):
    """A part of the body: where, as written, the side (left, right, both; empty when none is said), and ``stem``, its
    name without the word for the side: empty for a side alone."""

    start: int
    end: int
    text: str
    side: str
    stem: str

    @property
    def weak(self) -> bool:
        """Whether it is one character without a side: it may be part of anything (手术, 足月)."""
        return len(self.text) == 1

    @property
    def vague(self) -> bool:
        """Whether it says where only together with another (断端, 切口)."""
        return self.stem in _WOUNDS and not self.side


def sites(text: str) -> list[Site]:
    """Parts of the body named in a text, from left to right."""
    within = {match.start() for match in _WITHIN.finditer(text)}
    parts = _automaton().find_matches_as_indexes(text)
    named = [one for one in parts if one[1] not in within and text[one[1] - 1 : one[1]] != _ALONG]
    found: list[Site] = []
    at = 0
    while at < len(named):
        site, at = _site(text, named, at)
        found.append(site)
    return _apart([*found, *_levels(text)])


def _site(text: str, named: list[tuple[int, int, int]], at: int) -> tuple[Site, int]:
    """The site that begins with the name at a place of the list, and the place behind it."""
    _, start, end = named[at]
    side_at, side = _side_of(text, start)
    last = at + 1
    while last - at < _MOST:
        qualifier = _QUALIFIER.match(text, end)
        reach = qualifier.end() if qualifier else end
        if last < len(named) and (
            (named[last][1] == reach and named[last][2] - reach > 1) or _goes_on(text, named, last, end, bool(side))
        ):
            end, last = named[last][2], last + 1
            continue
        end = reach
        break
    suffix = _SUFFIX.match(text, end)
    if suffix:
        end = suffix.end()
    side = side or next((SIDES[one] for one in text[start:end] if one in "左右双"), "")
    return Site(side_at, end, text[side_at:end], side, text[start:end]), last


def _side_of(text: str, start: int) -> tuple[int, str]:
    """Where the word for a side before a place begins, and which side it is."""
    before = _SIDE_BEFORE.search(text, max(0, start - _LONGEST_SIDE), start)
    if before is None:
        return start, SIDES.get(text[start : start + 1], "")
    return before.start(), SIDES[before[0][0]]


def _goes_on(text: str, named: list[tuple[int, int, int]], at: int, end: int, sided: bool) -> bool:
    """Whether the next name belongs to the same side: 左手示指、中指."""
    start = named[at][1]
    if not sided or start != end + 1 or text[end] not in "、及和":
        return False
    return text[start] not in SIDES and named[at][2] - start > 1


def _levels(text: str) -> Iterator[Site]:
    for match in _LEVEL.finditer(text):
        word = match["side"] or match["digit"] or match["tooth"] or match["only"] or ""
        stem = "" if match["only"] else match[0]
        yield Site(match.start(), match.end(), match[0], SIDES.get(word[:1], ""), stem)


def _apart(found: list[Site]) -> list[Site]:
    """Sites in order, without those that one before them covers or reaches into: 腰4/5左侧 is not 腰 too."""
    kept: list[Site] = []
    for one in sorted(found, key=lambda site: (site.start, -site.end)):
        if not kept or kept[-1].end <= one.start:
            kept.append(one)
    return kept


def last_part(stem: str) -> str:
    """The last of the parts that a site is made of: 硬膜下 of 额顶部硬膜下."""
    parts = _automaton().find_matches_as_indexes(stem)
    return stem[parts[-1][1] :] if parts else stem


@lru_cache(1)
def _automaton() -> AhoCorasick:
    from ahocorasick_rs import AhoCorasick, MatchKind

    return AhoCorasick(
        [site for line in lines("sites") for site in line.split()], matchkind=MatchKind.LeftmostLongest
    )
