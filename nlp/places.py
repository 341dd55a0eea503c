"""Where on the body what a record names is: parts of the body given to the findings and diseases they belong to."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

from nlp.body import SIDES, Site
from nlp.composed import Matter, exact_at, sense_of
from nlp.draft import Draft
from nlp.layout import CLAUSE, Layout
from nlp.lexicon import Lexicon
from nlp.senses import Sense

_SMALL: Final = (
    r"可闻及|闻及|可触及|触及|可扪及|扪及|可见|见|有|无|未见|未闻及|未触及|未引出|呈|散在|少许|少量|少|多发|弥漫性?|明显|数枚|较多|突发|突然|出现|伴|"
    r"轻度|中度|重度|直径|约|[\d.×x*]+\s*(?:cm|mm|级|次)?|/|的|大小|一|枚|个|[、及和]|[IⅠⅡⅢ]+度|\s|为|稍|略|广泛|大片|多个|单个|轻|固定|局部|示|"
    r"较?大|可|及|均|尚|系|因|被|行|手术|新鲜|陈旧|未|不|断端|切口|伤口"
)  # fmt: skip
_FILLING: Final = re.compile(rf"[)）]?(?:{_SMALL})*")
"""Small words that may stand between a part of the body and what is there."""
_BREAK: Final = re.compile(r"[，,。；;！!？?\n:：、]|伴|后|致|因|时|及|和")
_ITEM: Final = re.compile(r"\d{1,2}[.、．)）]\s*$")
"""The number of an item of a list, which ends the item before."""
_LIST: Final = re.compile(r"[、及和与伴并或/\s“”\"]*(?:伴有|以及|伴)?[、及\s“”\"]*(?:[（(][^()（）]{0,10}[)）])?")
_MARKED: Final = re.compile(r"[，,]?以?(?P<side>左侧|右侧|双侧)(?:为著|为甚|明显|较重|为主|尤甚|重)")
_BRACKET: Final = re.compile(r"\s*[（(]")
_WITH: Final = "伴"
_HURT: Final = re.compile(r"[咬抓割砸刺烫烧扭挫撞压摔碰击划切戳夹绞蜇扎炸轧碾踢]伤$")
"""Ends of names of injuries that are said like verbs, so that the part that is hurt stands behind them: 割伤右手."""
_PREPOSITION: Final = re.compile(r"[了到在]*\s*")
_APPLIED: Final = re.compile(r"滴眼|眼膏|眼用|滴耳|滴鼻|喷鼻|鼻喷|软膏|乳膏|凝胶|贴膏?$")
_DOSED: Final = re.compile(
    r"[\s\d.,，%a-zA-Z]*(?:滴|喷|支|贴|适量)?[\s,，]*(?:点|滴|涂|外用|外涂|贴|滴入|滴于|涂于|贴于)?\s*"
)
"""What may stand between a drug and where it is put."""
_TURNED: Final = re.compile(r"(?P<side>[左右])(?:侧)?(?:偏|歪|斜|移|倾)")
_ORGANS: Final = {"眼": re.compile("视[力物野]|复视|畏光|流泪|失明|眼"), "耳": re.compile("听力|耳|聋")}
"""Paired organs, and names of what is theirs though the part is not said again."""
_NEAR: Final = 12
_FAR: Final = 24
_FURTHER: Final = 40
"""Characters between a part of the body and what is there: any words, small words, to what a sentence examines."""
_PLACED: Final = frozenset({"finding", "disease", "procedure"})
_SHARING: Final = frozenset({"finding", "disease", "test"})


def locate(layout: Layout, sites: Sequence[Site], lexicon: Lexicon) -> None:
    """Give findings, diseases, operations and blood pressures the part of the body they are at, and general findings
    (压痛) the more exact name that they have there (右下腹压痛)."""
    _Places(layout, sites, lexicon).give_all()


class _Places:
    def __init__(self, layout: Layout, sites: Sequence[Site], lexicon: Lexicon) -> None:
        self._layout, self._text, self._sites, self._lexicon = layout, layout.text, sites, lexicon
        self._starts = [site.start for site in sites]

    def give_all(self) -> None:
        last: Draft | None = None
        for one in self._layout.drafts:
            if one.kind == "drug":
                self._apply(one)
            elif one.kind in _PLACED or one.pressed or one.sided:
                self._give(one, last)
                if one.site or one.kind == "finding":
                    last = one

    def _give(self, one: Draft, last: Draft | None) -> None:
        site = self._named(one) or self._around(one)
        if site is not None:
            self._place(one, site)
            self._mark(one)
        elif last is not None and self._shares(last, one):
            one.site, one.side, one.stem = last.site, last.side, last.stem
            self._name_exactly(one)
        elif (examined := self._examined(one)) is not None:
            self._place(one, examined)
        if one.general and one.stem:
            self._name_at(one)
        turned = _TURNED.search(self._text, one.start, one.end)
        if turned is not None and not one.side:
            one.side = SIDES[turned["side"]]

    def _apply(self, one: Draft) -> None:
        """Where drops and ointments go: 滴眼液 1滴 右眼 qid."""
        if _APPLIED.search(self._text, one.start, one.end) is None:
            return
        at = bisect_left(self._starts, one.end)
        site = self._sites[at] if at < len(self._sites) else None
        if site is not None and site.side and _DOSED.fullmatch(self._text, one.end, site.start):
            one.site, one.side = site.text, site.side

    def _place(self, one: Draft, site: Site) -> None:
        if site.weak and not site.side and not one.general:
            return
        one.stem = site.stem
        if self._past_name(site.end) == site.end:
            one.site, one.side = site.text, site.side

    def _name_at(self, one: Draft) -> None:
        matter = Matter(one.kind, one.name, self._text[one.start : one.end])
        sense = sense_of(self._lexicon, matter, one.stem, one.site)
        if sense.concept:
            one.concept, one.name, one.kind = sense.concept, sense.name, sense.kind

    # -- which site --------------------------------------------------------------------------------

    def _named(self, one: Draft) -> Site | None:
        """The site that the name holds or reaches into, or that stands before it with small words between."""
        at = bisect_left(self._starts, one.end) - 1
        inside: Site | None = None
        while at >= 0 and self._sites[at].start >= one.start:
            inside, at = self._sites[at], at - 1
        if inside is not None and inside.side:
            return inside
        before = self._before(one, at)
        telling = inside is not None and inside.start == one.start and self._tells(inside, one)
        return inside if telling and (before is None or not before.side) else before

    def _tells(self, inside: Site, one: Draft) -> bool:
        """Whether a site in a name says more than the name: 脑干 of 脑干梗死 (脑梗死), not 胆囊 of 胆囊结石."""
        return not (inside.weak or inside.vague) and (one.kind == "finding" or inside.stem not in one.name)

    def _before(self, one: Draft, at: int) -> Site | None:
        """The site with a number, when it stands before a name and belongs to it."""
        if at >= 0 and self._sites[at].end > one.start:
            return self._sites[at]
        if at >= 0 and self._sites[at].vague:
            at -= 1
        if at < 0 or one.start - self._sites[at].end > _FAR:
            return None
        site = self._sites[at]
        between = self._layout.without_names(self._past_name(site.end), one.start)
        if _ITEM.search(between) is not None:
            return None
        if one.bodily and len(between) <= _NEAR and _BREAK.search(between) is None and not site.weak:
            return site
        return site if _FILLING.fullmatch(between) is not None else None

    def _past_name(self, place: int) -> int:
        """The end of the examination whose name goes on at a place (头颅|CT), or the place."""
        at = self._layout.last_until(place)
        one = self._layout.drafts[at] if at >= 0 else None
        return max(place, one.end) if one is not None and one.kind == "exam" else place

    def _around(self, one: Draft) -> Site | None:
        """A site in brackets behind a name (带状疱疹（左胸背部）), the side that is worse (右侧为著), or what an
        injury hurt (割伤右手)."""
        behind = _PREPOSITION if _HURT.search(self._text, one.start, one.end) else _BRACKET
        opened = behind.match(self._text, one.end)
        place = opened.end() if opened else None
        if (marked := self._marked(one)) is not None:
            place = marked.start("side")
        if place is None:
            return None
        at = bisect_left(self._starts, place)
        here = at < len(self._sites) and self._sites[at].start == place and self._sites[at].side
        return self._sites[at] if here else None

    def _marked(self, one: Draft) -> re.Match[str] | None:
        """What the next clause says of the side: 胸痛2周，以右侧为主."""
        return _MARKED.match(self._text, self._layout.clause_end(one.end)) if one.kind == "finding" else None

    def _mark(self, one: Draft) -> None:
        """Give the side that is worse to what is at a part of the body without a side."""
        if one.site and not one.side and (marked := self._marked(one)) is not None:
            one.side = SIDES[marked["side"][0]]

    def _shares(self, last: Draft, one: Draft) -> bool:
        """Whether a finding without a site of its own is at that of the one before it: 右下腹压痛、反跳痛."""
        between = self._text[last.end : one.start]
        if not last.site or one.kind not in _SHARING or self._is_elsewhere(last, one):
            return False
        if between and not one.bodily and (_WITH in between or not self._exact(one, last.stem)):
            return False
        return len(between) <= _FAR and CLAUSE.search(between) is None and _LIST.fullmatch(between) is not None

    def _is_elsewhere(self, last: Draft, one: Draft) -> bool:
        """Whether a name holds a part of the body that is not of the site of the one before it: 右腰痛、头痛."""
        at = bisect_left(self._starts, one.start)
        inside = at < len(self._sites) and self._sites[at].start < one.end
        return inside and self._sites[at].stem not in last.site

    def _exact(self, one: Draft, stem: str) -> Sense | None:
        """What the release calls it at a part of the body: 无力 of a limb; None when it has no name for that."""
        found = exact_at(self._lexicon, stem, self._text[one.start : one.end])
        return found if found is not None and found.concept != one.concept else None

    def _name_exactly(self, one: Draft) -> None:
        found = None if one.general else self._exact(one, one.stem)
        if found is not None:
            one.concept, one.name, one.kind = found.concept, found.name, found.kind

    def _examined(self, one: Draft) -> Site | None:
        """The part of the body that the sentence spoke of last, for what is at some part (右肩疼痛，抬举受限) or is
        of that organ (左眼红，视力下降)."""
        organ = next((part for part, of in _ORGANS.items() if of.search(one.name)), "")
        if not (one.carried or organ):
            return None
        at = bisect_left(self._starts, one.start) - 1
        while at >= 0 and self._sites[at].vague:
            at -= 1
        if at < 0 or one.start - self._sites[at].end > _FURTHER:
            return None
        site = self._sites[at]
        if _ITEM.search(self._text, max(0, one.start - 4), one.start) is not None:
            return None
        if not one.carried and organ not in site.stem:
            return None
        if site.weak:
            return site if one.general and self._layout.clause_start(one.start) <= site.start else None
        return site if site.side and self._layout.sentence_start(one.start) <= site.start else None
