"""What a record names: hits of the lexicon put together with results, dosage forms and parts of the body."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from nlp import gates, values
from nlp.body import Site, sites
from nlp.composed import composed
from nlp.draft import Draft, place
from nlp.drug_phrases import form_after, form_before
from nlp.lexicon import Hit, Lexicon
from nlp.results import Results

_RESISTANT: Final = re.compile(r"[、及和\u4e00-\u9fff]{0,12}?(?:敏感|耐药|中介)")
_SPUTUM: Final = re.compile(
    r"咳(?:出|少许|少量|大量)?"
    r"(?P<what>(?:[白黄绿灰黑褐]{1,3}色?|泡沫样?|粘稠?|黏稠?|稠|稀|脓性?|血性|铁锈色|粉红色)+)样?痰(?!中)"
)
_POWER: Final = re.compile(r"肌力\s*(?:约|为)?\s*(?:[0-4](?:\s*[-~+]\s*[0-4]?)?|[ⅠⅡⅢⅣ]|I{1,3}|IV)\s*级")
_STOOLS: Final = re.compile(
    r"(?:[一每][天日])?大便\s*(?:[4-9]|1\d|[四五六七八九十])(?:[余多四五六七八九十]|[-~]\d+)?\s*(?:次|回|趟)"
)
_NODES: Final = re.compile(r"[触扪]及[^，,。；;]{0,6}?(?P<node>淋巴结)(?!肿大|增大)")
_FUNCTION: Final = re.compile(
    r"(?P<what>视力|听力|嗅觉|味觉|记忆力|记忆|计算力|理解力|定向力|注意力|判断力|智力|肌力|肌张力|腱反射|膝反射|膝腱反射|"
    r"跟腱反射|腹壁反射|提睾反射|咽反射|角膜反射|对光反射|吸吮反射|拥抱反射|觅食反射|感觉|浅感觉|深感觉|痛觉|触觉|温度觉|"
    r"振动觉|位置觉|触觉语颤|语颤|语音共振|呼吸音|心音|第一心音|第二心音|肠鸣音|脉搏|搏动|足背动脉搏动|桡动脉搏动|胎动|"
    r"尿量|食欲|食量|性欲|睡眠|吞咽|排尿|排便|发音|言语|语言|步态|情绪|意识|精神|发育|月经|经量|活动度|活动耐力|运动耐量|"
    r"体力|乳汁|汗液|肺活量|呼吸动度|皮肤弹性|毛细血管充盈|会阴感觉)"
    r"(?:明显|轻度|中度|重度|稍|略|较前|有所|逐渐|进行性|均|亦|[^，,。；;]{0,2}侧)?"
    r"(?P<change>减退|减弱|减低|减少|下降|降低|障碍|消失|丧失|亢进|增强|增高|增快|增多|迟钝|困难|紊乱|缺失|异常|倒错|受限|"
    r"变差|延迟|落后|不稳|低钝|活跃|过敏)"
)
"""What the body does, and how it is changed: 右耳听力下降, 膝反射减弱."""
_ALIKE: Final = (("减退", "下降", "减弱", "减低"), ("亢进", "增强", "活跃"), ("障碍", "困难", "异常"))
_ENLARGED: Final = re.compile(
    r"(?P<organ>[肝脾])脏?(?:于)?[左右]?(?:侧)?肋(?:缘|弓)?下(?:约|可触?及|触及|可及)?\s*(?:约)?\d{1,2}(?:\.\d)?\s*(?:cm|厘米|横指|指)"
)
"""A liver or spleen so much below the ribs."""
_DOSE_BEFORE: Final = re.compile(r"(?:mg|ml|g|ug|μg|支|万?U|单位)\s*$", re.IGNORECASE)
_ROUTES: Final = frozenset({"雾化", "雾化吸入"})
"""Names of treatments that behind a dose only say how a drug is given."""
_OPERATED: Final = re.compile(r".{1,7}?(?:癌|瘤|结石|炎|疝)(?=.*(?:术|切除|根治))")


def drafts(text: str, lexicon: Lexicon, section: str = "") -> tuple[list[Draft], list[Site]]:
    """Everything named in a text, in order of place, and the parts of the body. Names do not overlap, but for the two
    pressures of a pair and the disease that an operation names (乳腺癌改良根治术)."""
    found = sites(text)
    return _Names(text, lexicon, section, found).all(), found


class _Names:
    """The names of one section."""

    def __init__(self, text: str, lexicon: Lexicon, section: str, found: list[Site]) -> None:
        self._text, self._lexicon, self._section, self._sites = text, lexicon, section, found
        self._results = Results(text, lexicon)

    def all(self) -> list[Draft]:
        """Drafts in order of place."""
        named = [*self._hits(), *self._composed(), *self._patterns(), *self._pregnancies()]
        whole = _longest(sorted(named, key=place))
        whole = sorted([*whole, *self._operated(whole)], key=place)
        unnamed = _longest(sorted(self._results.unnamed(whole), key=place))
        return _together(whole, sorted([*unnamed, *self._results.pressures()], key=place))

    def _hits(self) -> Iterator[Draft]:
        hits = self._lexicon.matches(self._text)
        allergic = gates.allergic(self._text, hits, self._section)
        for number, hit in enumerate(hits):
            yield from self._hit(hit, number in allergic)

    def _hit(self, hit: Hit, is_allergic: bool) -> Iterable[Draft]:
        sense = gates.sense_of(hit, self._text, self._section, is_allergic)
        if sense is None or self._only_route(hit):
            return ()
        draft = Draft(hit.start, hit.end, sense)
        draft.denied = hit.denied or sense.gate == "denied"
        draft.planned = gates.counts_only_planned(sense, hit, self._text)
        if draft.kind == "test":
            return self._results.of(draft)
        return self._drug(draft) if draft.kind == "drug" else (draft,)

    def _only_route(self, hit: Hit) -> bool:
        if self._text[hit.start : hit.end] not in _ROUTES:
            return False
        return _DOSE_BEFORE.search(self._text, max(0, hit.start - 4), hit.start) is not None

    def _drug(self, draft: Draft) -> Iterable[Draft]:
        """A drug with its form; what a germ is sensitive to is not given."""
        if _RESISTANT.match(self._text, draft.end):
            return ()
        draft.start, draft.end = form_before(self._text, draft.start), form_after(self._text, draft.end)
        concept = self._lexicon.snapshot.concept(draft.concept) if draft.concept else None
        draft.routes = tuple(concept.attributes.get("routes", ())) if concept else ()
        return (draft,)

    def _composed(self) -> Iterator[Draft]:
        for one in composed(self._text, self._sites, self._lexicon):
            draft = Draft(one.start, one.end, one.sense)
            draft.composed, draft.denied = True, one.denied
            yield draft

    def _operated(self, named: Sequence[Draft]) -> Iterator[Draft]:
        """The disease that the name of an operation names: 乳腺癌 of 乳腺癌改良根治术."""
        for one in named:
            match = _OPERATED.match(self._text, one.start, one.end) if one.kind == "procedure" else None
            if match is None:
                continue
            sense = next((s for s in self._lexicon.senses(match[0]) if s.kind == "disease" and not s.gate), None)
            if sense is not None:
                yield Draft(one.start, one.start + len(match[0]), sense)

    def _pregnancies(self) -> Iterator[Draft]:
        for start, end, days in values.weeks(self._text):
            draft = Draft(start, end, self._lexicon.finding(("妊娠",))._replace(kind="disease"))
            draft.days = days
            yield draft

    def _patterns(self) -> Iterator[Draft]:
        """What no list of words holds: sputum of a colour, so many stools a day, a function that is less."""
        for match in _SPUTUM.finditer(self._text):
            what = match["what"]
            pus = any(one in what for one in "脓绿黄") and "白" not in what
            yield self._found(match, ("咯血" if "血" in what else "脓痰" if pus else "咳痰",))
        for match in _FUNCTION.finditer(self._text):
            alike = next((words for words in _ALIKE if match["change"] in words), ())
            yield self._found(match, [f"{match['what']}{one}" for one in (match["change"], *alike)])
        for match in _NODES.finditer(self._text):
            yield Draft(match.start("node"), match.end(), self._lexicon.finding(("淋巴结肿大",)))
        for match in _ENLARGED.finditer(self._text):
            yield self._found(match, (f"{match['organ']}大",))
        for pattern, name in ((_STOOLS, "腹泻"), (_POWER, "肌力下降")):
            for match in pattern.finditer(self._text):
                yield self._found(match, (name,))

    def _found(self, match: re.Match[str], names: Sequence[str]) -> Draft:
        return Draft(match.start(), match.end(), self._lexicon.finding(names))


def _longest(ordered: Sequence[Draft]) -> list[Draft]:
    """Drafts that do not overlap: of two the longer one; what the lexicon knows before what was put together of the
    same length."""
    kept: list[Draft] = []
    for one in ordered:
        while kept and kept[-1].end > one.start and _yields(kept[-1], one):
            kept.pop()
        if not kept or kept[-1].end <= one.start:
            kept.append(one)
    return kept


def _yields(other: Draft, one: Draft) -> bool:
    longer = one.end - one.start - (other.end - other.start)
    return longer > 0 or (longer == 0 and other.composed and not one.composed)


def _together(names: Sequence[Draft], unnamed: Sequence[Draft]) -> list[Draft]:
    """Names and values without a name, in order; names that a value covers give way to it."""
    kept, at = [], 0
    for one in names:
        while at < len(unnamed) and unnamed[at].end <= one.start:
            at += 1
        if at == len(unnamed) or unnamed[at].start >= one.end or _outweighs(one, unnamed[at]):
            kept.append(one)
    spans = [(one.start, one.end) for one in kept]
    return sorted([*kept, *(one for one in unnamed if not _overlaps(spans, one))], key=place)


def _outweighs(one: Draft, value: Draft) -> bool:
    return one.measured and not value.pressed and one.end - one.start >= value.end - value.start


def _overlaps(spans: Sequence[tuple[int, int]], one: Draft) -> bool:
    at = bisect_left(spans, (one.end, 0)) - 1
    return at >= 0 and spans[at][1] > one.start
