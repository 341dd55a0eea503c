"""What records put together from a part of the body and what is the matter with it: 左腰部绞痛, 桡骨远端骨折.

No table lists them all. The most exact concept that the release has for the two parts is taken, else that of the
second part alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from nlp.body import Site, last_part
from nlp.lexicon import Lexicon
from nlp.senses import Sense
from nlp.words import pairs

_DEGREE: Final = (
    r"(?:压榨样|压榨性|针刺样|刀割样|撕裂样|烧灼样|搏动性|持续性|持续|阵发性|间断性?|反复|剧烈|明显|轻度|中度|重度|稍|略|少量|大量|多发|弥漫性?|散在|"
    r"广泛|凹陷性|陈旧性|急性|慢性|隐|绞|钝|刺|坠|胀|酸|灼|闷|剧|窜|跳|抽|冷|肿|放射|红|轻|微|时有|经常|固定性?|楔形|部分|大部|次全|根治性|有点|突发|一过性)"
)
_DENIAL: Final = r"(?P<no>未见明显|未见|未触及|未扪及|无明显|没有|无|不)"


_MOST_KEPT: Final = 20_000


class Matter(NamedTuple):
    """What is the matter: kind of fact, what it is called, the word for it that was written."""

    kind: str
    head: str
    word: str


class Composed(NamedTuple):
    """A part of the body and what is the matter with it: where, and what that is called; ``denied`` when a word of
    denial stands between."""

    start: int
    end: int
    sense: Sense
    denied: bool


def _table() -> tuple[dict[str, tuple[str, str]], str]:
    words: dict[str, tuple[str, str]] = {}
    for name, others in pairs("matters", bare=True):
        kind, head = name.split()
        for word in others.split():
            words.setdefault(word, (kind, head))
    return words, "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_BY_WORD, _WORDS = _table()
_MATTER: Final = re.compile(rf"(?:{_DENIAL})?{_DEGREE}{{0,2}}?(?P<head>{_WORDS})(?![样型科醉疹黄痹])")
_FALSE: Final = re.compile(r"胃酸|胃胀气|骨感染|皮肤科")
_OTHER_NAMES: Final = dict(pairs("wider_sites", bare=True))
"""What a part is called in names of findings, or the wider part that it belongs to."""
_LAST: Final = re.compile(r".*?(?:[、及和侧])")
_SPECIFIC: Final = re.compile(
    r"近端|远端|上段|中段|下段|末节|中节|近节|上极|下极|上叶|中叶|下叶|外侧|内侧|前壁|后壁|侧壁|末端|[内外][上下]象限|第\s?[1-5一二三四五]\s?(?:[趾指]|跖骨|掌骨)|[部区侧处旁面]$|^[左右双两]侧?"
)


def composed(text: str, found: list[Site], lexicon: Lexicon) -> Iterator[Composed]:
    """Matters named right behind the sites of a text."""
    parts = {one.start for one in found}
    for site in found:
        match = _MATTER.match(text, site.end) if site.stem else None
        if match is None or _FALSE.match(site.stem + match[0]):
            continue
        if match["no"] and match.end() + text.startswith("的", match.end()) in parts:
            continue  # 颈部未见肿大|淋巴结: what is denied is of the next part
        kind, head = _BY_WORD[match["head"]]
        if head == "不适" and match["no"]:
            continue
        sense = sense_of(lexicon, Matter(kind, head, match["head"]), site.stem, site.text)
        start = site.end - len(site.stem)
        yield Composed(start, match.end(), sense, match["no"] is not None)


def exact_at(lexicon: Lexicon, site: str, word: str) -> Sense | None:
    """What the release calls a matter at a site, when the word is the matter's own name and it has a concept."""
    kind, head = _BY_WORD.get(word, ("", ""))
    sense = sense_of(lexicon, Matter(kind, head, word), site) if word == head else None
    return sense if sense is not None and sense.concept else None


def sense_of(lexicon: Lexicon, matter: Matter, site: str, sided: str = "") -> Sense:
    """The most exact sense that the release has of a matter at a site; ``sided`` is the site with its side, which
    some names hold (左下腹痛)."""
    key = (*matter, site, sided)
    found = lexicon.kept.get(key)
    if found is None:
        found = _sense_of(lexicon, matter, site, sided)
        if len(lexicon.kept) < _MOST_KEPT:
            lexicon.kept[key] = found
    return found


def _sense_of(lexicon: Lexicon, matter: Matter, site: str, sided: str) -> Sense:
    kind, head, word = matter
    like = {"finding", "disease"} if kind in ("finding", "disease") else {kind}
    for name in _names((*([sided] if sided else ()), *_places(site)), head, word):
        for sense in lexicon.senses(name):
            if sense.kind in like and sense.concept:
                return sense._replace(kind=kind if kind in ("procedure", "exam") else sense.kind, gate="")
    return Sense(kind, "", f"{site}{head}")


def _names(places: Iterable[str], head: str, word: str) -> Iterator[str]:
    """Names under which the release may know it, the most exact first."""
    words = list(dict.fromkeys((word, head)))
    for place in dict.fromkeys(places):
        for matter in words:
            yield f"{place}{matter}"
            yield f"{place}部{matter}"
    for matter in (*words, f"{head}检查"):
        yield matter


def _places(site: str) -> Iterator[str]:
    """A site as written, its last part, without what places it within its organ, and the wider parts that it
    belongs to."""
    yield site
    yield last_part(site)
    bare = _SPECIFIC.sub("", _LAST.sub("", site)) or site
    yield bare
    seen = 0
    while bare in _OTHER_NAMES and seen < 4:
        bare, seen = _OTHER_NAMES[bare], seen + 1
        yield bare
