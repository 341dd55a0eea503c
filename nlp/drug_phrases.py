"""How drugs are taken, as a record says it around their names: 0.5g tid 口服×7天, 口服A 100mg qn、B 20mg qn."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

from clinical.administration import ROUTE_OF_FORM, Frequency, frequency_of, route_of
from clinical.forms import FORMS
from clinical.logic import Unknown
from nlp.durations import Duration, Kind, number_of
from nlp.senses import folded

_FORM_WORDS: Final = "|".join(sorted(map(re.escape, (*FORMS, "粉吸入剂", "饮片")), key=len, reverse=True))
_FORM: Final = re.compile(rf"(?:[(（][ⅠⅡⅢIVivx]+[)）])?(?P<form>{_FORM_WORDS})(?:[(（]?[ⅠⅡⅢ]+[)）]?)?")
_BEFORE: Final = re.compile(
    r"(?:注射用|吸入用|复方|盐酸|硫酸|琥珀酸|酒石酸|马来酸|富马酸|糠酸|丙酸|炒|炙|生|\d+(?:\.\d+)?%)$"
)
_UNITS: Final = (
    r"mg/kg|μg/kg|ug/kg|ml/kg|mg|g|μg|ug|µg|mcg|ml|mL|万单位|万[uU]|万IU|单位|IU|iu|U|u|mmol|毫克|克|毫升|"
    r"片|粒|支|袋|滴|喷|揿|吸|丸|瓶|枚|包|贴|条|颗|板|盒"
)
_DOSE: Final = re.compile(
    rf"(?<![\d.])(?P<dose>\d{{1,9}}(?:\.\d{{1,6}})?|[半一二两三四五六])\s*(?P<unit>{_UNITS})"
    r"(?![A-Za-z*]|/(?!日|天|d|次|kg|h))(?!\s*[*×x]\s*\d)"
)
_DAILY: Final = re.compile(r"\s*/\s*(?:日|天|d(?![a-z]))")
_N: Final = r"[\d一二两三四]"
_FREQUENCY: Final = re.compile(
    r"(?<![a-z])(?:q\d{1,2}h|qod|qid|bid|tid|qd|qn|qw|biw|tiw|q2w|prn|sos|st|hs|qhs|qm)(?![a-z])"
    rf"|每[日天]\s*{_N}\s*次|[一1]?[日天]\s*{_N}\s*次|{_N}\s*次\s*/\s*[日天d]|每\s*\d{{1,2}}\s*小时\s*(?:一次|1次)?"
    rf"|每周\s*{_N}\s*次|一周\s*{_N}\s*次|每晚(?:\d次|一次)?|睡前|必要时|可缓解|隔[日天](?:一次|1次)?|每[日天]早晚|早晚各"
    r"|每[日天]早上?(?:一次|1次)?|每早|每晨|晨起|立即|即刻|顿服|早\s*\d+\s*[u单]\S{0,3}?晚\s*\d+\s*[u单]"
)
_ROUTE: Final = re.compile(
    "口服|冲服|嚼服|顿服|送服|水煎服|煎服|分服|静脉滴注|静滴|静点|静脉点滴|静脉注射|静注|静推|静脉推注|静脉泵入|泵入|微量泵|"
    "肌肉注射|肌内注射|肌注|皮下注射|皮下|雾化吸入|雾化|吸入|外用|外涂|外敷|涂抹|涂患处|涂擦|滴眼|点眼|滴双眼|滴鼻|喷鼻|滴耳|"
    "含化|含服|舌下含服|舌下|纳肛|塞肛|灌肠|鼻饲|静脉输注|静脉输入|气管内给药|气管内滴入|"
    r"(?<![a-z])(?:po|ivgtt|ivdrip|iv\.gtt|iv|im|ih|sc)(?![a-z])"
)
_VERB: Final = re.compile(
    "(?P<mouth>口服|内服|服用过?|自服|服|吃了?|改服|偶服|加服)|(?P<vein>静滴|静点|静脉滴注|静脉点滴|输注|输液)|"
    "(?P<breath>吸入|喷)|(?P<tongue>含服|含化|舌下含服|含)|(?P<skin>外用|外涂|涂)|(?P<muscle>肌注)|"
    "(?P<under>皮下注射)|(?P<push>静推|静注)"
)
_BY_VERB: Final = {
    "mouth": "口服",
    "vein": "静脉滴注",
    "breath": "吸入",
    "tongue": "含化",
    "skin": "外用",
    "muscle": "肌内注射",
    "under": "皮下注射",
    "push": "静脉注射",
}
_SWALLOWED: Final = re.compile(r"[餐饭][前中后时]服|(?<![自改口])服(?!药|务)")
_RISING: Final = {
    "iv": "静脉注射",
    "雾化吸入": "雾化吸入",
    "雾化": "雾化吸入",
    "涂患处": "外用",
    "分服": "口服",
    "外涂": "外用",
    "送服": "口服",
    "静脉输入": "静脉滴注",
    "静脉输注": "静脉滴注",
}
"""Words that orders use in a narrower sense than ``clinical.administration`` knows."""
_BY_MOUTH: Final = re.compile(r"片|胶囊|颗粒|口服|糖浆|合剂|丸|冲剂|混悬|滴丸|散$|饮")
_CODES: Final = {1.0: "qd", 2.0: "bid", 3.0: "tid", 4.0: "qid", 0.5: "qod", 1 / 7: "qw", 2 / 7: "biw", 3 / 7: "tiw"}
_EVENING: Final = ("每晚", "睡前", "qn", "hs", "qhs")
_GOES_ON: Final = (
    r"\d|[半一二两三]|[qbt]i?d|q\d|每|早|晚|睡前|餐|饭|口服|静|肌|皮下|外用|冲服|顿服|疗程|共|连|隔|必要时|首|水煎|分"
)
_END: Final = re.compile(rf"[。；;\n]|[，,](?!.{{0,3}}?(?:{_GOES_ON}))")
"""Where what is said of a drug ends: with the sentence, or at a clause that does not go on about its use."""
_WHEN: Final = re.compile(
    r"[，,]?[^，,。；;\n\d]{0,8}(?:发作|[痛热烧喘憋闷痒咳悸吐泻晕慌]|失眠|不适|难受|加重)时(?:再|可|临时|即|按需)?"
    rf"(?P<verb>吸入?|喷|舌下含服|含[服化]?|口服|服用?|使?用|滴|涂)(?:{_DOSE.pattern}|(?=[，,。；;\n]|$))"
)
"""A clause that says when a drug is taken as needed: ，喘息发作时吸2喷."""
_LISTED: Final = re.compile(r"(?:联合|合用|[、+＋和及与\s，,/等])*")
_COURSE: Final = re.compile(r"(?:[×xX*\s,，、\dA-Za-z次服用滴注射推药晚早染疗炎]|疗程|共|续)$")
_PACKETS: Final = re.compile(r"(?:[×xX*]\s*)?(?P<days>\d{1,2})\s*[剂付]")
_PAUSE: Final = re.compile(r"[，,。；;、]")
_REACH: Final = 48
_SPANS: Final = 4
"""So many spans of time behind a name may be its course."""


class Name(NamedTuple):
    """A drug named in a text: where, with its form; ``limit`` is where what is said of it must end, ``routes`` the
    ways that its concept names."""

    start: int
    end: int
    limit: int
    routes: tuple[str, ...] = ()


class Taken(NamedTuple):
    """What is said of how a drug is taken: ``frequency`` a code (qd, q8h, prn), ``days`` the course."""

    dose: float | None = None
    unit: str = ""
    frequency: str = ""
    route: str = ""
    days: float | None = None


def form_after(text: str, end: int) -> int:
    """Where the name of a drug ends with its dosage form (布洛芬 in 布洛芬混悬液)."""
    match = _FORM.match(text, end)
    return match.end() if match else end


def form_before(text: str, start: int) -> int:
    """Where the name of a drug begins with what is written before it (注射用, 盐酸)."""
    match = _BEFORE.search(text, max(0, start - 6), start)
    return match.start() if match else start


def taken(text: str, names: Sequence[Name], spans: Sequence[Duration]) -> list[Taken]:
    """What is said of each drug, in order. Drugs of one list share what is said once: 口服A、B, A+B 静滴 qd."""
    low, starts = folded(text), [one.start for one in spans]
    found = []
    for name in names:
        at = bisect_left(starts, name.end)
        found.append(_said(text, low, name, spans[at : at + _SPANS]))
    between = [_between(text, low, name, after) for name, after in pairwise(names)]
    for number, joined in enumerate(between, 1):
        if found[number - 1].route and not found[number].route and _LISTED.fullmatch(joined) and "，" not in joined:
            found[number] = found[number]._replace(route=found[number - 1].route)
    for number in range(len(between) - 1, -1, -1):
        if _LISTED.fullmatch(between[number]):
            found[number] = _shared(found[number], found[number + 1])
    return [_completed(text, name, one) for name, one in zip(names, found, strict=True)]


def _said(text: str, low: str, name: Name, spans: Sequence[Duration]) -> Taken:
    """What stands behind a name, up to the next drug or sentence, and right before it."""
    limit = min(name.limit, name.end + _REACH)
    stop = _END.search(low, name.end, limit)
    when = _WHEN.match(low, name.end) or (_WHEN.match(low, stop.start()) if stop else None)
    if when is not None and when.end() <= limit:
        stop = _END.search(low, when.end(), limit)
    else:
        when = None
    until = stop.start() if stop else limit
    dose = _DOSE.search(text, name.end, until)
    frequency = _FREQUENCY.search(low, name.end, until)
    code = code_of(frequency[0]) if frequency else ""
    if dose is not None and not code and _DAILY.match(text, dose.end()):
        code = "qd"
    breathed = "吸入" if when is not None and when["verb"].startswith("吸") else ""
    return Taken(
        number_of(dose["dose"]) if dose else None,
        dose["unit"] if dose else "",
        code or ("prn" if when is not None else ""),
        _route_in(low, name.end, until) or _route_before(text, name) or breathed,
        _course(text, name, until, spans),
    )


def _course(text: str, name: Name, until: int, spans: Sequence[Duration]) -> float | None:
    """For how long: ×7天, 5天, 疗程7天, 7剂."""
    for one in spans:
        lead = text[max(name.end, one.start - 2) : one.start]
        told = not lead or (_COURSE.search(lead) is not None and "/" not in lead)
        whole = one.kind is Kind.LASTING or (one.kind is Kind.LATER and one.days >= 1)
        if told and whole and one.start < until:
            return one.days
    packets = _PACKETS.search(text, name.end, until)
    return float(packets["days"]) if packets else None


def _route_in(low: str, start: int, end: int) -> str:
    match = _ROUTE.search(low, start, end)
    if match:
        return _route(match[0])
    return "口服" if _SWALLOWED.search(low, start, end) else ""


def _route_before(text: str, name: Name) -> str:
    """The verb right before a name: 口服阿莫西林, 静滴头孢曲松."""
    verbs = list(_VERB.finditer(text, max(0, name.start - 8), name.start))
    if not verbs or _PAUSE.search(text, verbs[-1].end(), name.start):
        return ""
    return _BY_VERB[verbs[-1].lastgroup or ""]


def _route(word: str) -> str:
    if word in _RISING:
        return _RISING[word]
    found = route_of(word)
    return word if isinstance(found, Unknown) else found


def _between(text: str, low: str, name: Name, after: Name) -> str:
    """What stands between two drugs, without how the first is taken; all of it when it is long."""
    if after.start - name.end > _REACH:
        return low[name.end : after.start]
    between = text[name.end : after.start]
    bare = _ROUTE.sub("", _FREQUENCY.sub("", folded(_DOSE.sub("", between))))
    return bare.strip("()（） 入")


def _shared(first: Taken, second: Taken) -> Taken:
    """What the last of a list says once (静滴 qd, 7剂 水煎服) holds for those before it."""
    return first._replace(
        frequency=first.frequency or second.frequency,
        route=first.route or second.route,
        days=first.days if first.days is not None else second.days,
    )


def _completed(text: str, name: Name, said: Taken) -> Taken:
    """With the route that the form or the drug itself implies."""
    if said.route == "含化" and "舌下含服" in name.routes:
        return said._replace(route="舌下含服")
    if said.route:
        return said
    form = _form_of(text[name.start : name.end])
    return said._replace(route=form) if form else said


@lru_cache(4096)
def _form_of(name: str) -> str:
    """The route of a name's dosage form: 片 口服, 乳膏 外用, 滴眼液 滴眼."""
    for ending, form in FORMS.items():
        if name.endswith(ending) and form in ROUTE_OF_FORM:
            return ROUTE_OF_FORM[form]
    if name.endswith("吸入剂"):
        return "吸入"
    return "口服" if _BY_MOUTH.search(name) else ""


def code_of(text: str) -> str:
    """The code of a frequency: qd, bid, q8h, prn, st; empty when it is not understood."""
    bare = re.sub(r"\s+", "", text).lower()
    if re.fullmatch(r"q\d{1,2}h", bare):
        return bare
    if bare.startswith(_EVENING):
        return "qn"
    if bare.startswith("早") and "晚" in bare:
        return "bid"
    if bare in ("可缓解", "必要时", "sos"):
        return "prn"
    if bare.startswith(("每天早", "每日早", "顿服")):
        return "qd" if "晚" not in bare else "bid"
    found = frequency_of(bare)
    return "" if isinstance(found, Unknown) else _code(found)


def _code(found: Frequency) -> str:
    if found.once:
        return "st"
    if found.as_needed:
        return "prn"
    if found.interval_hours and found.interval_hours < 24:
        return f"q{found.interval_hours:g}h"
    return next((code for times, code in _CODES.items() if abs(times - found.times_per_day) < 1e-6), "")
