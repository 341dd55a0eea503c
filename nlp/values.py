"""Measured values in running text: T 38.9℃, BP 160/95mmHg, WBC 15.2×10^9/L, Cr<44, INR 2.1↑, 血糖波动于7-10mmol/L."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from nlp.durations import number_of

_FILLER: Final = (
    r"(?:\s*[(（][^()（）\d]{1,8}[)）])?"
    r"(?:[\s:：=＝]|最高|最低|最大|曾|高|低|约|为|达到|可?达|升至|降至|升高至|下降至|增至|减至|升高|下降|波动于|波动在|波动|维持在|控制在|稳定在|测得|测|"
    r"示|值|计数|水平|浓度|是|提示|结果|均|入院时?|复查|定量|评分|总分|仅|已|在){0,6}?"
)
_SAID: Final = {
    "<": "<",
    "＜": "<",
    ">": ">",
    "＞": ">",
    "≤": "≤",
    "≦": "≤",
    "⩽": "≤",
    "≥": "≥",
    "≧": "≥",
    "<=": "≤",
    ">=": "≥",
    "超过": ">",
    "高于": ">",
    "大于": ">",
    "低于": "<",
    "小于": "<",
    "不足": "<",
    "未超过": "≤",
    "不超过": "≤",
    "不高于": "≤",
    "不低于": "≥",
    "至少": "≥",
    "以上": "≥",
    "以下": "≤",
}
_LEADING: Final = sorted((re.escape(w) for w in _SAID if w not in ("以上", "以下")), key=len, reverse=True)
_COMPARATOR: Final = rf"(?P<comparator>{'|'.join(_LEADING)})?"
_NUMBER: Final = r"\d{1,9}(?:\.\d{1,6})?"
_POWER: Final = r"(?:[×xX*]\s*10\s*\^?\s*(?:1[0-2]|[2-9]|¹²|[²³⁴⁵⁶⁷⁸⁹])(?!\d))"
_ATOM: Final = (
    r"(?:mm\s?Hg|mmH2O|cmH2O|kPa|[mμµunp]?mol|mOsm|mEq|[mμµuk]?IU|copies|拷贝|[mμµunpfk]?g|[mμµudf]?[Ll]|[muk]?U|RU|AU|COI|S/CO|bpm|DPM|dpm|"
    r"cm|mm|[μu]m|ms|min|s|mV|Gy|HP|kg|分钟?|秒|岁|次每分钟?|次|个|度|小时|℃|°C|%|‰)"
)
_BELOW: Final = r"(?:24\s*h|1\.73\s*m[2²²]|m[2²]|100ml|d(?![Ll])|h|[日天]|高倍视野|分钟?|㎡|L|HP|" + _ATOM + ")"
_UNIT: Final = (
    rf"(?P<unit>{_POWER}?\s*{_ATOM}(?:\s*[/·]\s*{_BELOW}){{0,2}}(?![A-Za-z])|{_POWER}(?:\s*/\s*{_BELOW})?|"
    rf"/\s*(?:{_BELOW}))?"
)
_RANGE: Final = rf"(?P<low>{_NUMBER})(?:(?:%|℃)?\s*(?:[-~～—–]|至|到)\s*(?P<high>{_NUMBER}))?"
_AFTER_NAME: Final = re.compile(
    rf"{_FILLER}{_COMPARATOR}\s*(?:1\s*[:：]\s*(?=\d{{2}}))?{_RANGE}\s*{_UNIT}\s*(?P<more>以上|以下)?(?P<arrow>[↑↓])?"
)
_CHANGE: Final = re.compile(
    rf"(?P<lead>\s*[由从自]?\s*(?:入院时?|术前|治疗前|前次|上次|原来?|最高|最低)?的?\s*)(?P<old>{_NUMBER})\s*(?:{_ATOM}(?:/{_BELOW})?)?\s*(?:[→]|(?:逐渐|快速)?(?:[上下]?[升降增减]至|[升降增减]到|下降至|下降到|升高至|升高到))\s*"
    rf"(?P<new>(?P<low>{_NUMBER})\s*{_UNIT})"
)
_EARLIER: Final = re.compile(
    rf"\s*[(（](?:术前|入院时|前次|上次|原|治疗前|既往|基础)[^()（）\d]{{0,4}}(?P<value>(?P<low>{_NUMBER})\s*{_UNIT})[)）]"
)
_PRESSURE: Final = re.compile(
    r"(?<![\d/.])(?P<high>\d{2,3}(?:\s*[-~～—–至]\s*\d{2,3})?)\s*/\s*(?P<low>\d{2,3}(?:\s*[-~～—–至]\s*\d{2,3})?)(?![\d/.])\s*(?P<unit>mm\s?Hg|kPa)?"
)
_PRESSED: Final = re.compile(rf"(?:BP|Bp|bp|血压){_FILLER}$")
_COMPARED: Final = re.compile(rf"(?:{'|'.join(_LEADING)})\s*$")
_OTHER_ARM: Final = re.compile(r"[\s，,、；;]*[左右](?:侧)?(?:上肢|下肢|臂|上臂)?[:：]?\s*")
"""What may stand between the pressures of two arms."""
_PRESSING: Final = re.compile(r"(?:BP|血压|降压|收缩压|舒张压|最高|最低)[^，,。；;]{0,8}$")
_VITAL: Final = re.compile(
    r"(?<![A-Za-z0-9])(?P<sign>HR|SpO2|T|P|R)\s*[:：]?\s*(?P<value>\d{1,3}(?:\.\d{1,2})?)(?![\d.(（/-]|\s*[(（][+阳阴])"
    r"\s*(?P<unit>℃|°C|度|(?:次|bpm)(?:\s*/\s*(?:分钟?|min))?|/min|%)?(?![A-Za-z]{2})"
)
_PLAUSIBLE: Final = {
    "T": (33.0, 43.0),
    "P": (25.0, 260.0),
    "R": (5.0, 90.0),
    "HR": (25.0, 300.0),
    "SpO2": (30.0, 100.0),
}
_WARMTH: Final = re.compile(
    r"(?<![\d.])(?P<value>(?:3[4-9]|4[0-2])(?:\.\d{1,2})?)\s*(?:(?P<unit>℃|°C)|度(?P<tenth>[1-9一二三四五六七八九])?(?![ACE以后]))"
)
_WEEKS: Final = re.compile(
    r"(?:宫内)?(?:孕|妊娠)\s*(?P<weeks>[1-4]?\d)\s*(?:\+\s*(?P<days>[0-6]))?\s*(?:周|W|w)(?:\s*\+\s*(?P<days2>[0-6])天?)?"
)
_WORD: Final = re.compile(
    r"(?:[\s:：,，]|检测|检查|测定|试验|抗体|定性|两次|多次|均|呈|为|结果|弱|强|\d{1,2}°|[IⅠⅡ]+度)*"
    r"(?P<word>阳性|阴性|[(（][+＋]{1,4}[)）]|[(（][1-4][+＋][)）]|[1-4][+＋]|[(（][-－—][)）]|[+＋]{1,4}(?!\d)|[(（]±[)）]|±)"
)
SIGNS: Final = {"T": "体温", "P": "脉搏", "R": "呼吸频率", "HR": "心率", "SpO2": "血氧饱和度"}
_POWERED: Final = re.compile(r"10\^(?P<power>\d{1,2})(?=[A-Za-z拷])")
_PER: Final = re.compile(r"^[×xX*]\s*10\s*\^?\s*")
_SUPER: Final = str.maketrans("¹²³⁴⁵⁶⁷⁸⁹", "123456789")
_MORE: Final = frozenset("年月日天周个次hH级型期小片粒枚支/~")


class Measured(NamedTuple):
    """A value: where it stands, its number or range, what was said beside it. Units stand as written."""

    start: int
    end: int
    value: float | None
    low: float | None
    high: float | None
    comparator: str
    unit: str


class Pressure(NamedTuple):
    """A blood pressure: where it stands, systolic and diastolic (each low and high, equal when no range is given),
    unit as written, what was said beside it (高于)."""

    start: int
    end: int
    systolic: tuple[float, float]
    diastolic: tuple[float, float]
    unit: str
    comparator: str = ""


def value_after(text: str, end: int) -> Measured | None:
    """The value that follows a name which ends here; None when none does."""
    match = _AFTER_NAME.match(text, end)
    if match is None or _goes_on(text, match):
        return None
    comparator = _SAID.get(match["comparator"] or "", "") or _SAID.get(match["more"] or "", "")
    low = float(match["low"])
    high = float(match["high"]) if match["high"] else None
    unit, times = _multiplied(match["unit"])
    low, high = low * times, None if high is None else high * times
    value = None if high is not None else low
    return Measured(end, match.end(), value, None if high is None else low, high, comparator, unit)


def change_after(text: str, end: int) -> tuple[Measured, Measured] | None:
    """The earlier and the later value of one that changed: CRP由128降至16mg/L."""
    match = _CHANGE.match(text, end)
    if match is None:
        return None
    unit = unit_of(match["unit"])
    old = Measured(end, match.end("old"), float(match["old"]), None, None, "", unit)
    return old, Measured(match.start("new"), match.end("new"), float(match["low"]), None, None, "", unit)


def earlier_after(text: str, end: int) -> Measured | None:
    """An earlier value in brackets behind a value: Hb 102g/L（术前128g/L）."""
    match = _EARLIER.match(text, end)
    if match is None:
        return None
    return Measured(
        match.start("value"), match.end("value"), float(match["low"]), None, None, "", unit_of(match["unit"])
    )


def word_after(text: str, end: int) -> tuple[int, bool] | None:
    """Where a result in words (阳性, (-)) that follows a name ends, and whether it is positive."""
    match = _WORD.match(text, end)
    if match is None or "±" in match["word"]:
        return None
    return match.end(), match["word"] != "阴性" and not set("-－—").intersection(match["word"])


def pressures(text: str) -> list[Pressure]:
    """Blood pressures of a text: with their name, with their unit, or where the words before speak of pressure."""
    found: list[Pressure] = []
    for match in _PRESSURE.finditer(text):
        systolic, diastolic = _pair(match["high"]), _pair(match["low"])
        named = _PRESSED.search(text, max(0, match.start() - 24), match.start())
        said = named or match["unit"] or _PRESSING.search(text, max(0, match.start() - 12), match.start())
        said = said or (found and _OTHER_ARM.fullmatch(text, found[-1].end, match.start()))
        unit = re.sub(r"\s+", "", match["unit"] or "")
        limits = (2.0, 40.0) if unit == "kPa" else (20.0, 300.0)
        if said and limits[0] <= diastolic[0] < systolic[1] <= limits[1]:
            compared = _COMPARED.search(text, max(0, match.start() - 4), match.start())
            start = named.start() if named else compared.start() if compared else match.start()
            comparator = _SAID[compared[0].strip()] if compared else ""
            found.append(Pressure(start, match.end(), systolic, diastolic, unit, comparator))
    return found


def _pair(text: str) -> tuple[float, float]:
    numbers = [float(number) for number in re.findall(r"\d+", text)]
    return numbers[0], numbers[-1]


def signs(text: str) -> list[tuple[str, Measured]]:
    """Vital signs by their letters (T 38.9℃ P102 R22), by the name of the test; only values that can be."""
    found = []
    for match in _VITAL.finditer(text):
        value, (low, high) = float(match["value"]), _PLAUSIBLE[match["sign"]]
        bare = match["unit"] is None and match.end() < len(text) and text[match.end()] in _MORE
        if low <= value <= high and not bare:
            unit = (match["unit"] or "").replace(" ", "")
            found.append((SIGNS[match["sign"]], Measured(match.start(), match.end(), value, None, None, "", unit)))
    return found


def warmths(text: str) -> list[Measured]:
    """Temperatures that say no name: 39.2℃, 38度5."""
    found = []
    for match in _WARMTH.finditer(text):
        value = float(match["value"]) + (number_of(match["tenth"] or "0") or 0.0) / 10
        found.append(Measured(match.start(), match.end(), round(value, 2), None, None, "", match["unit"] or ""))
    return found


def weeks(text: str) -> list[tuple[int, int, int]]:
    """Pregnancies by their age: where they stand, and the days (孕35+4周: 249)."""
    return [
        (match.start(), match.end(), int(match["weeks"]) * 7 + int(match["days"] or match["days2"] or 0))
        for match in _WEEKS.finditer(text)
        if not _DONE_THEN.match(text, match.end())
    ]


_DONE_THEN: Final = re.compile(r"(?:时|起|前|后|因|曾)?\s*(?:行|查|做|复查|检查|发现|出现|开始)")
"""What follows a week of pregnancy that something was done in: a date within it, not its age."""


def _multiplied(written: str | None) -> tuple[str, float]:
    """A unit, and by what the number before it is multiplied: copies/ml and 1000 for ×10^3 copies/ml. What is counted
    (×10^9/L) keeps its power."""
    unit = unit_of(written)
    power = _POWERED.match(unit)
    return (unit, 1.0) if power is None else (unit[power.end() :], 10.0 ** int(power["power"]))


def unit_of(text: str | None) -> str:
    """A unit as written, without blanks; ×10^9/L and *10⁹/L as 10^9/L."""
    bare = re.sub(r"\s+", "", text or "")
    return f"10^{_PER.sub('', bare).translate(_SUPER)}" if _PER.match(bare) else bare


def _goes_on(text: str, match: re.Match[str]) -> bool:
    """A number that is part of something else: a date, a count of days, a pair of pressures, an ordinal."""
    if match["unit"]:
        return False
    rest = text[match.end() : match.end() + 1]
    return rest in _MORE or rest.isdigit() or rest == "-"
