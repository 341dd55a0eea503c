"""Routes and frequencies as hospitals write them, in Chinese words or codes, to one form."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from functools import lru_cache
from typing import Final

from clinical.logic import UNKNOWN, Known
from clinical.value import Value

_WORDS: Final[dict[str, str]] = {
    "口服": "口服 po p.o. oral 内服 冲服 吞服 嚼服 餐前口服 餐后口服 饭前口服 饭后口服 顿服 "
    "煎服 水煎服 先煎 后下 包煎 另煎 烊化 26643006 1",
    "鼻饲": "鼻饲 胃管注入 经胃管 管饲 ng",
    "舌下含服": "舌下含服 舌下 舌下给药 sl 37839007 3",
    "含化": "含化 含服 含漱 610",
    "静脉滴注": "静脉滴注 静滴 静点 ivgtt iv.gtt ivdrip iv drip ivgtt. 静脉点滴 静脉输液 输液 静脉输注 静输 "
    "中心静脉滴注 经中心静脉滴注 深静脉滴注 picc滴注 cvc滴注",
    "静脉注射": "静脉注射 静注 静推 静脉推注 ivp ivpush iv push iv推 入壶 小壶",
    "静脉泵入": "静脉泵入 泵入 微泵 静脉泵注 微量泵 ivpump "
    "中心静脉泵入 经中心静脉泵入 中心静脉微泵 深静脉泵入 picc泵入 cvc泵入",
    "动脉注射": "动脉注射 动脉给药 动脉推注 动脉灌注 ia i.a. 58100008",
    "静脉给药": "静脉给药 静脉 iv i.v. 中心静脉 中心静脉给药 深静脉 picc cvc 47625008 404",
    "肌内注射": "肌内注射 肌肉注射 肌注 im i.m. 78421000 403",
    "皮下注射": "皮下注射 皮下 ih sc s.c. h 皮下埋植 皮下植入 34206005 401",
    "皮内注射": "皮内注射 皮内 皮试 id ast 372464004 402",
    "鞘内注射": "鞘内注射 鞘内 鞘注 it 椎管内注射 椎管内用药 蛛网膜下腔注射 72607000 601",
    "硬膜外注射": "硬膜外注射 硬膜外 硬膜外腔注射 404820008",
    "关节腔注射": "关节腔注射 关节腔内注射 关节腔内用药 12130007 602",
    "腹腔注射": "腹腔注射 腹腔灌注 腹腔用药 ip 38239002 604",
    "胸腔注射": "胸腔注射 胸腔灌注 胸膜腔用药 603",
    "吸入": "吸入 雾化吸入 雾化 气雾吸入 经口吸入 吸入给药 喷吸 inh neb 18679011000001101 447694001 5",
    "气管内给药": "气管内给药 气管内用药 气管滴入 606",
    "直肠给药": "直肠给药 纳肛 肛塞 灌肠 保留灌肠 直肠 pr p.r. 37161004 2",
    "阴道给药": "阴道给药 阴道用药 塞阴 阴道上药 阴道 pv 16857009 605",
    "滴眼": "滴眼 点眼 眼用 眼部给药 滴双眼 滴右眼 滴左眼 滴患眼 双眼滴 右眼滴 左眼滴 双眼 右眼 左眼 患眼 "
    "点双眼 点右眼 点左眼 涂眼 眼睑内涂 54485002 607",
    "滴耳": "滴耳 耳用 滴双耳 滴右耳 滴左耳 双耳 右耳 左耳 患耳 10547007",
    "滴鼻": "滴鼻 鼻用 46713006 608",
    "喷鼻": "喷鼻 鼻喷 鼻腔喷雾",
    "鼻腔给药": "鼻腔给药 鼻内给药 经鼻 鼻腔用药 nasal",
    "喷喉": "喷喉 咽喉喷雾 609",
    "外用": "外用 涂擦 涂抹 擦皮肤 局部外用 敷伤口 湿敷 外洗 洗剂外用 top 外敷 贴敷 "
    "熏洗 泡洗 坐浴 药浴 泡足 6064005 611 612 699",
    "贴皮": "贴皮 透皮 透皮贴 经皮 经皮给药 贴剂 外贴 45890007",
    "局部注射": "局部注射 局部浸润 局部浸润注射 封闭 浸润麻醉 皮损内注射 瘤内注射 病灶内注射 痛点注射",
    "冲洗": "冲洗 膀胱冲洗 漱口 伤口冲洗",
    "膀胱灌注": "膀胱灌注 膀胱内灌注 膀胱内给药",
    "宫腔给药": "宫腔给药 宫内给药 子宫腔内注入 羊膜腔内注射 宫腔内给药",
    "玻璃体腔注射": "玻璃体腔注射 玻璃体腔内注射 玻璃体内注射 眼内注射",
    "口腔局部": "口腔局部 口腔黏膜给药 口腔粘膜给药 牙周给药 口腔涂抹",
    "透析": "透析 腹膜透析 血液透析用",
}
_ROUTES: Final = {word: route for route, words in _WORDS.items() for word in (route, *words.split())}
_GENERAL: Final = {
    "静脉给药": frozenset({"静脉滴注", "静脉注射", "静脉泵入"}),
    "鼻腔给药": frozenset({"滴鼻", "喷鼻"}),
}
"""Words that stand for any of several routes, in an order as in a table."""
_WIDER: Final = _GENERAL | {"鼻饲": frozenset({"口服"})}  # through the tube: what holds by mouth holds here

ROUTE_OF_FORM: Final = {
    **dict.fromkeys(("滴眼液", "眼膏", "眼用凝胶"), "滴眼"),
    **dict.fromkeys(("乳膏剂", "软膏剂", "凝胶剂", "搽剂", "洗剂"), "外用"),
    **dict.fromkeys(("吸入气雾剂", "吸入溶液", "吸入用混悬液", "吸入粉雾剂"), "吸入"),
    **dict.fromkeys(("阴道片", "阴道栓"), "阴道给药"),
    "滴耳液": "滴耳",
    "滴鼻液": "滴鼻",
    "鼻喷雾剂": "喷鼻",
    "贴剂": "贴皮",
    "含漱液": "含化",
    "舌下片": "舌下含服",
}
"""The way of forms that have but one: what an order means that names no route or one nobody knows."""
_INJECTED_WIDELY: Final = frozenset("静脉滴注 静脉注射 静脉泵入 静脉给药 动脉注射 肌内注射 皮下注射".split())
INJECTED: Final = _INJECTED_WIDELY | {"皮内注射", "鞘内注射", "硬膜外注射"}
"""Routes that only an injection takes: an order that names one and no form is for an injection."""
SYSTEMIC: Final = _INJECTED_WIDELY | {"口服", "舌下含服", "直肠给药", "贴皮"}
"""Routes by which a drug reaches the whole body."""


@lru_cache(maxsize=4096)
def route_of(text: str) -> Known[str]:
    """Canonical route of a Chinese word, abbreviation or code (SNOMED CT, WS/T 364.12 CV06.00.102).

    UNKNOWN when nobody taught us the word: never a guess.
    """
    folded = unicodedata.normalize("NFKC", text).strip().casefold()
    found = _ROUTES.get(folded) or _ROUTES.get(folded.replace(" ", ""))
    return found if found else UNKNOWN


def route_among(route: str, routes: Collection[str]) -> bool:
    """Whether a route is among listed routes, where 静脉给药 on either side stands for any way into a vein."""
    if route in routes or not _WIDER.get(route, frozenset()).isdisjoint(routes):
        return True
    return route_within(route, routes)


def route_within(route: str, routes: Collection[str]) -> bool:
    """Whether a route certainly is one of listed routes: 静脉滴注 is within 静脉给药, not the other way round."""
    return route in routes or any(route in _GENERAL[listed] for listed in routes if listed in _GENERAL)


class Frequency(Value, frozen=True):
    """Mean number of doses a day and, where fixed, hours between doses. ``once`` is a single dose."""

    times_per_day: float
    interval_hours: float | None = None
    once: bool = False
    as_needed: bool = False


_FIXED: Final[dict[str, Frequency]] = {
    word: frequency
    for words, frequency in {
        "qd od qam qm qpm qn hs qhs 每晚 每早 睡前 晨起 晨服 每日一次 每天一次 一日一次 一天一次 日一次 "
        "每晚一次 睡前一次 每晨一次 早晨一次 每早一次 早一次 晚一次 "
        "每日1剂 每日一剂 1剂/日 一日一剂 日1剂": Frequency(1),
        "bid 早晚 早晚各一次 一日二次 一日两次": Frequency(2),
        "tid 三餐前 三餐后 三餐中": Frequency(3),
        "qid": Frequency(4),
        "qod 隔日一次 隔天一次 隔日 每两日一次 每2日1次": Frequency(0.5, 48),
        "q2d": Frequency(0.5, 48),
        "q3d 每三日一次 每72小时一次": Frequency(1 / 3, 72),
        "qw 每周一次 每星期一次 一周一次": Frequency(1 / 7, 168),
        "biw 每周两次 每周二次 一周两次": Frequency(2 / 7),
        "tiw 每周三次 一周三次": Frequency(3 / 7),
        "q2w 每两周一次 隔周一次": Frequency(1 / 14, 336),
        "q3w 每三周一次": Frequency(1 / 21, 504),
        "q4w qm(月) 每四周一次 每月一次": Frequency(1 / 28, 672),
        "st stat once 立即 即刻 临时 一次 1次 单次 一次性 术前 术前30分钟": Frequency(1, None, once=True),
        "prn sos 必要时 需要时": Frequency(1, None, as_needed=True),
        "qh 每小时一次": Frequency(24, 1),
    }.items()
    for word in words.split()
}
_DIGITS: Final = str.maketrans("一二两三四五六七八九", "1223456789")
_MONTHLY: Final = re.compile(r"^每(\d{1,2})个?月(?:1次)?$|^q(\d{1,2})m$")
_EVERY: Final = re.compile(r"^(?:q|每)(?:隔)?(\d{1,3})(?:h|小时)(?:1次)?$")
_DAILY: Final = re.compile(r"^(?:每|1)?[日天](\d{1,2})次$|^(\d{1,2})次/?(?:每)?[日天d]$")
_WEEKLY: Final = re.compile(r"^(?:每|1)?周(\d{1,2})次$|^(\d{1,2})次/?(?:每)?周$")
_SUFFIX: Final = re.compile(r"(?:prn|必要时|sos)$")


@lru_cache(maxsize=4096)
def frequency_of(text: str) -> Known[Frequency]:
    """Frequency of an abbreviation or a Chinese phrase: qd, bid, q8h, 每8小时一次, 3次/日, 每周1次.

    A trailing prn or 必要时 makes it as needed. UNKNOWN when not understood.
    """
    folded = unicodedata.normalize("NFKC", text).strip().casefold().replace(" ", "").replace(".", "")
    needed = _SUFFIX.search(folded)
    if needed and needed.start() > 0:
        base = frequency_of(folded[: needed.start()].rstrip(",，("))
        return (
            Frequency(base.times_per_day, base.interval_hours, False, True)
            if isinstance(base, Frequency)
            else UNKNOWN
        )
    if folded in _FIXED:
        return _FIXED[folded]
    return _counted(folded.translate(_DIGITS).replace("十2", "12"))


def _counted(folded: str) -> Known[Frequency]:
    if folded in _FIXED:
        return _FIXED[folded]
    if match := _EVERY.match(folded):
        hours = int(match[1])
        return Frequency(24 / hours, hours) if hours else UNKNOWN
    if match := _MONTHLY.match(folded):
        months = int(match[1] or match[2])
        return Frequency(1 / (30.4375 * months), 730.5 * months) if months else UNKNOWN
    for pattern, days in ((_DAILY, 1), (_WEEKLY, 7)):
        if match := pattern.match(folded):
            count = int(match[1] or match[2])
            return Frequency(count / days) if count else UNKNOWN
    return UNKNOWN
