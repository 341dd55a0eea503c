"""What tells who a patient is, taken out of a text before it leaves the machine.

Names, identity, telephone and record numbers, addresses, institutions, mail and accounts become a word in brackets
that says what stood there; dates become times relative to today, because how long ago something was matters and the
day does not. Rather too much is taken than too little: what is asked is searched here with the text as it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final, NamedTuple

from nlp.lexicon import Lexicon
from nlp.tokens import jieba

NAME, IDENTITY, PHONE, RECORD, PLACE, ORGANISATION, ACCOUNT, BED, DAY, AGE = (
    *("姓名", "证件号", "电话", "编号", "住址", "医疗机构", "网络账号", "床号", "日期", "年龄"),
)
_OLD: Final = 90
_HAN: Final = r"[\u3400-\u4dbf\u4e00-\u9fff]"
_PLACED: Final = r"(?:(?![在于到从至去来前后天日月年的了和与就因])[\u4e00-\u9fff])"
"""A character of the name of a place: none of those that join words."""
_SEP: Final = r"[ \-—–_]?"
_LABEL: Final = r"[ \t]*(?:[:：=]|为|是|系)?[ \t]*"
_UNITS: Final = (
    r"(?![ \t]*(?:[×xX*]?10\^?|/|%|‰|[a-zA-Zμµ]{1,6}/|mg|μg|ug|g\b|ml|mL|kg|IU|U\b"
    r"|单位|拷贝|copies|个|万|亿|次|元))"
)
"""What makes a long number a quantity."""
_WIDE: Final = {
    code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))
}
_INVISIBLE: Final = dict.fromkeys((0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0xAD))
_COMPOUND: Final = (
    "欧阳 上官 司马 诸葛 东方 皇甫 尉迟 公孙 慕容 令狐 司徒 夏侯 长孙 宇文 呼延 端木 南宫 独孤 拓跋 完颜 赫连 申屠 "
    "轩辕 闻人 澹台 公冶 淳于 单于 太叔 仲孙 钟离 鲜于 闾丘 亓官 司寇 司空"
).split()
_SINGLE: Final = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马胡朱郭何林高罗郑梁谢宋唐许邓韩冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范"
    "汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤温康施文牛樊葛邢安齐易乔伍庞颜倪"
    "庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房"
    "滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁"
    "沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝官封谈匡鞠惠荆乐冀郁胥南班储原栗燕楚鄢劳谌奚皮粟冼蔺楼盘满闻位厉伊仝区郜海阚花权强帅"
    "屠豆朴盖练廉禹井祖漆巴丰支卿国狄平计索宣晋相初门云容敬来扈晁都普阙浦戈伏鹿薄邸雍辜羊阿乌母裘亓修邰赫杭况那宿鲜印"
    "逯隆茹诺战慕危玉银亢嵇公哈湛宾戎勾茅利於呼居揭干但尉冶斯元束檀衣信展阴昝智幸奉植衡富尧闭由"
)
_AFTER_NAME: Final = (
    r"(?=[，,。；;、：:\s（(]|$|因|于|主诉|诉|现|的|今|有|在|来|能|可|是|患|服|用|吃|住|男|女|\d|说|与|和)"
)
_CALLED: Final = (
    *("先生", "女士", "小姐", "大爷", "大妈", "大娘", "阿姨", "叔叔", "奶奶", "爷爷", "老师", "同志", "师傅"),
    *("老太太", "老先生", "医生", "医师", "大夫", "主任", "副主任", "教授", "护士长", "护士", "药师", "院长"),
    *("某某", "某"),
)
_WORDS: Final = "左史呼那和能班窦"
"""Surnames that records use as words far more often."""
_EPONYM: Final = re.compile(
    r"氏|病|征|试验|评分|分级|手术|法|体|菌|点|线|管|疗|素|片|丸|汤|散|膏|颗粒|胶囊|口服液|注射|综合征"
)


class Found(NamedTuple):
    """A place of a text that tells who somebody is: ``kind`` says what, ``instead`` what is written there."""

    start: int
    end: int
    kind: str
    instead: str


class Cleaned(NamedTuple):
    """A text without identifiers, and the kinds of what was taken out."""

    text: str
    removed: tuple[str, ...]


class _Rule(NamedTuple):
    kind: str
    pattern: re.Pattern[str]


def _group(found: re.Match[str]) -> tuple[int, int]:
    return found.span("it") if "it" in found.re.groupindex else found.span()


# -- numbers -----------------------------------------------------------------------------------

_IDENTITY: Final = re.compile(
    rf"(?<!\d)[1-9](?:{_SEP}\d){{5}}{_SEP}(?:18|19|20)(?:{_SEP}\d){{2}}{_SEP}(?:0{_SEP}[1-9]|1{_SEP}[0-2])"
    rf"{_SEP}[0-3]{_SEP}\d(?:{_SEP}\d){{3}}{_SEP}[\dXx](?!\d)"
    r"|(?<!\d)[1-9]\d{5}\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}(?!\d)"
)
_MOBILE: Final = re.compile(rf"(?<![\d.])(?:\+?86{_SEP})?1{_SEP}[3-9](?:{_SEP}\d){{9}}(?![\d.])")
_STRONG: Final = (
    _Rule(IDENTITY, _IDENTITY),
    _Rule(PHONE, _MOBILE),
    _Rule(ACCOUNT, re.compile(r"[\w.+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")),
)
"""What is an identifier wherever it stands."""
_LABELLED: Final = (
    (
        IDENTITY,
        r"身份证(?:号码?)?|证件(?:号码?)?|护照(?:号码?)?|军官证(?:号码?)?|社会?保障?(?:卡)?号|社保(?:卡)?号?|医保(?:卡)?(?:号码?|编号)|就诊卡号?"
        r"|居民健康卡号?|银行卡号?|出生证(?:号|编号)?",
        r"[A-Za-z0-9][A-Za-z0-9\-]{4,24}",
    ),
    (
        PHONE,
        r"(?:联系)?电话(?:号码)?|手机号?码?|联系方式|(?:Tel|TEL|tel)\.?",
        r"\+?[0-9][0-9\-—– ]{5,18}[0-9]",
    ),
    (
        RECORD,
        r"(?:住院|门诊|病案|病历|就诊|登记|检查|检验|影像|标本|样本|条码|病理|处方|医嘱|流水|病人|患者|放射|超声|申请单?|报告单?)(?:号码?|编号|序号|ID|Id|id)"
        r"|(?:MRN|PID|HIS号|ID号?|档案号|编号|单号)",
        r"[A-Za-z0-9][A-Za-z0-9\-/]{2,24}",
    ),
    (
        ACCOUNT,
        r"微信号?|QQ号?|qq号?|邮箱|电子邮件|E-?mail|微博|抖音号?",
        r"[A-Za-z0-9_.@+\-]{5,40}",
    ),
    (
        PLACE,
        r"(?:家庭|现|户籍|居住|通讯|联系|单位|工作)?(?:住址|地址)|户籍地?|籍贯|现居住?地?|家住|居住[于在]|工作单位|出生地",
        r"[^，,。；;\n]{2,60}",
    ),
    (
        NAME,
        r"(?:患者|病人|患儿|家属|母亲|父亲|配偶|联系人|监护人|申请人|报告|审核|主管|经治|主治|住院|责任|接诊|开单)?"
        r"(?:姓名|名字|医[师生]签[名字]|签名|签字)|联系人|监护人|(?:报告|审核|主管|经治|接诊|开单|申请)医[师生]|责任护士",
        rf"(?:{_HAN}{{2,8}}(?=[，,。；;、\s]|$)|{_HAN}{{2,4}}(?:[·•・]{_HAN}{{1,6}})*"
        r"|[A-Z][A-Za-z]+(?: [A-Z][A-Za-z]+)*)",
    ),
)
_NUMBERS: Final = (
    *_STRONG,
    *(
        _Rule(kind, re.compile(rf"(?:{label}){_LABEL}(?P<it>{value})", re.ASCII if kind in (RECORD, ACCOUNT) else 0))
        for kind, label, value in _LABELLED
    ),
    _Rule(PHONE, re.compile(r"(?<![\d.])0\d{2,3}[- ]?[2-9]\d{6,7}(?![\d.])" + _UNITS)),
    _Rule(PHONE, re.compile(r"(?<!\d)[48]00-?\d{3,4}-?\d{3,4}(?!\d)")),
    _Rule(PHONE, re.compile(r"[幺一1][三四五六七八九][〇零幺一二三四五六七八九两]{9}")),
    _Rule(BED, re.compile(r"(?<![\d.])(?:[A-Z]?\d{1,3}|加\d{1,2})[ ]?(?:号)?床(?!旁|边|头|上|垫)")),
    _Rule(RECORD, re.compile(r"(?<![\w.])(?!rs\d)[A-Za-z]{0,4}\d{7,20}(?![\d.])" + _UNITS, re.ASCII)),
)

# -- places ------------------------------------------------------------------------------------

_COUNTED: Final = r"[0-9０-９一二三四五六七八九十百甲乙丙丁A-Za-z]{1,6}"
_LOCAL: Final = r"大街|路|街|巷|胡同|小区|花园|家园|公寓|社区|村|嘎查|苏木|屯|镇|乡"
_PLACES: Final = (
    _Rule(
        PLACE,
        re.compile(
            rf"(?:{_PLACED}{{2,6}}?(?:省|自治区))?(?:{_PLACED}{{2,8}}?(?:市|盟|自治州|地区))?(?:{_PLACED}{{1,6}}?(?:区|县|旗|市))?{_PLACED}{{1,8}}?(?:{_LOCAL})"
            rf"(?:{_COUNTED}(?:号|栋|幢|弄|组|队|单元|室|楼|层|户))+"
        ),
    ),
    _Rule(PLACE, re.compile(rf"(?<!\d)\d{{1,4}}(?:号楼|栋|幢)(?:{_COUNTED}(?:单元|室|号|层))*")),
    _Rule(
        PLACE,
        re.compile(
            rf"{_PLACED}{{2,6}}?(?:省|自治区)(?:{_PLACED}{{2,8}}?(?:市|盟|自治州|地区|区|县|旗))?(?:{_PLACED}{{1,6}}?(?:区|县|旗|镇|乡|苏木|街道))?"
            rf"|{_PLACED}{{2,8}}?(?:市|盟|自治州){_PLACED}{{1,6}}?(?:区|县|旗|市)(?!域)(?:{_PLACED}{{1,8}}?(?:{_LOCAL}|街道))?"
        ),
    ),
    _Rule(
        ORGANISATION,
        re.compile(
            rf"{_PLACED}{{1,8}}?(?:省|市|县|区|旗|盟|州|镇|乡|苏木|大学|医学院)(?:第?[一二三四五六七八九十]|{_PLACED}){{0,10}}?"
            r"(?:医院|卫生院|卫生服务(?:中心|站)|卫生室|诊所|保健院|疗养院|分院)"
        ),
    ),
)

# -- dates -------------------------------------------------------------------------------------

_YEAR: Final = r"(?P<y>(?:19|20)\d{2})"
_BORN: Final = r"(?:出生(?:日期|年月日?|时间)?|生日|生于|DOB)[ \t]*(?:[:：]|为|于)?[ \t]*"
_DAYS: Final = re.compile(
    rf"(?P<born>{_BORN})?(?<![\d.])(?:"
    rf"{_YEAR}[ ]?[-/.年][ ]?(?P<m>0?[1-9]|1[0-2])[ ]?[-/.月][ ]?(?P<d>3[01]|[12]\d|0?[1-9])(?![\d])[日号]?"
    r"|(?P<y2>(?:19|20)\d{2})(?P<m2>0[1-9]|1[0-2])(?P<d2>3[01]|[12]\d|0[1-9])(?![\d.])"
    r"|(?P<y3>(?:19|20)\d{2})[ ]?年[ ]?(?P<m3>0?[1-9]|1[0-2])[ ]?月(?:份)?(?![ ]?\d)"
    r"|(?P<m4>0?[1-9]|1[0-2])月(?P<d4>3[01]|[12]\d|0?[1-9])[日号]"
    r")(?P<clock>[ T]?[012]?\d[:：时点]\d{2}(?:[:：分]\d{2}秒?)?分?)?"
)
_EDITION: Final = re.compile(r"[)）》]?[^，,。；;]{0,6}?(?:版|指南|共识|标准|规范|修订|发布|施行|印发|公告|目录)")
_AGED: Final = re.compile(r"(?<![\d.])(?P<it>9\d|1[01]\d|12[0-2])(?= ?(?:周?岁))")


def without(text: str, today: date, lexicon: Lexicon | None = None, names: Iterable[str] = ()) -> Cleaned:
    """A text without identifiers. ``lexicon`` knows what only looks like a name (黄连素); ``names`` are words that
    must not leave whatever they look like."""
    plain = text.translate(_INVISIBLE).translate(_WIDE)
    found = [*_given(plain, names), *_dates(plain, today), *_matched(plain, _NUMBERS), *_ages(plain)]
    found += _matched(plain, _PLACES)
    found += _names(plain, lexicon, found)
    return _replaced(plain, found)


def scrubbed(text: str) -> str:
    """A text without what is an identifier wherever it stands (identity and mobile numbers, mail): the last door."""
    return _replaced(text, list(_matched(text, _STRONG))).text


def told(text: str, names: Iterable[str] = ()) -> tuple[str, ...]:
    """Kinds of identifiers that a text tells for certain."""
    found = (*_given(text, names), *_matched(text, _STRONG))
    return tuple(dict.fromkeys(one.kind for one in found))


def _replaced(text: str, found: list[Found]) -> Cleaned:
    """Of places that overlap the one that begins first counts, of those the longest."""
    parts, kinds, at = [], dict[str, None](), 0
    for one in sorted(found, key=lambda f: (f.start, -f.end)):
        if one.start >= at:
            parts += [text[at : one.start], one.instead]
            kinds[one.kind] = None
            at = one.end
        elif one.end > at:  # the rest of what overlaps goes too
            at = one.end
    return Cleaned("".join((*parts, text[at:])), tuple(kinds))


def _given(text: str, names: Iterable[str]) -> Iterator[Found]:
    for name in names:
        if len(name.strip()) > 1:
            for match in re.finditer(re.escape(name.strip()), text):
                yield _found(NAME, *match.span())


def _found(kind: str, start: int, end: int) -> Found:
    return Found(start, end, kind, f"[{kind}]")


def _matched(text: str, rules: Iterable[_Rule]) -> Iterator[Found]:
    for rule in rules:
        for match in rule.pattern.finditer(text):
            yield _found(rule.kind, *_group(match))


# -- dates and ages ----------------------------------------------------------------------------


def _dates(text: str, today: date) -> Iterator[Found]:
    for match in _DAYS.finditer(text):
        if not match["born"] and _EDITION.match(text, match.end()):
            continue  # of a document, not of a patient
        day = _day(match, today)
        if day is not None:
            born = bool(match["born"]) or text.startswith("出生", match.end())
            instead = _age(day, today) if born else _ago(day, today, exact=not match["m3"])
            yield Found(match.start(), match.end(), AGE if born else DAY, instead)


def _day(match: re.Match[str], today: date) -> date | None:
    """The day of a match; of a month its first, of a day without a year the last such day."""
    part = match.groupdict()
    year = next((int(part[name]) for name in ("y", "y2", "y3") if part[name]), 0)
    month = next(int(part[name]) for name in ("m", "m2", "m3", "m4") if part[name])
    number = next((int(part[name]) for name in ("d", "d2", "d4") if part[name]), 1)
    for given in (year,) if year else (today.year, today.year - 1):
        try:
            day = date(given, month, number)
        except ValueError:
            continue
        if year or day <= today:
            return day
    return None


def _ago(day: date, today: date, exact: bool) -> str:
    days = (today - day).days
    side = "前" if days >= 0 else "后"
    far = abs(days)
    if exact and far <= 60:
        return {0: "今天"}.get(far, f"{far}天{side}")
    return f"约{max(1, round(far / 30.44))}个月{side}" if far <= 730 else f"约{round(far / 365.25)}年{side}"


def _age(born: date, today: date) -> str:
    years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    if years < 0:
        return "[日期]"
    if years < 3:
        days = (today - born).days
        return f"年龄{days}天" if days < 60 else f"年龄{round(days / 30.44)}个月"
    return f"年龄{years}岁" if years < _OLD else f"年龄≥{_OLD}岁"


def _ages(text: str) -> Iterator[Found]:
    """Ages that only few reach."""
    for match in _AGED.finditer(text):
        yield Found(*match.span("it"), AGE, f"≥{_OLD}")


# -- names -------------------------------------------------------------------------------------

_PERSON: Final = (
    r"患者|病人|患儿|产妇|孕妇|家属|伤者|病员|老人|婴儿|新生儿"
    r"|(?:其|我|他|她)?(?:丈夫|妻子|儿子|女儿|母亲|父亲|妈妈|爸爸|子|女|配偶|爱人)"
)
_SEXED: Final = re.compile(
    rf"(?:(?<=[^\u4e00-\u9fff])|^|{_PERSON})(?!{_PERSON})(?P<it>{_HAN}{{2,10}})(?=[，,、\s]{{1,2}}(?:男|女)(?:[，,、\s]|性|$))"
)
_IS_NAME: Final = re.compile(rf"(?<!\d)(?:{'|'.join(_COMPOUND)}|[{''.join(sorted(_SINGLE))}]){_HAN}{{1,3}}")
_CALLED_SO: Final = re.compile(rf"(?P<it>(?:{'|'.join(_COMPOUND)}|{_HAN}){_HAN}{{0,2}}?)(?={'|'.join(_CALLED)})")
_OF_PERSON: Final = re.compile(rf"(?:{_PERSON})[ ]?(?:名叫|叫)?(?P<it>{_HAN}{{2,8}})")
_NAMED_SO: Final = re.compile(rf"(?:我叫|名叫|叫做|本人)(?P<it>{_HAN}{{2,4}}){_AFTER_NAME}")


def _names(text: str, lexicon: Lexicon | None, found: Iterable[Found]) -> list[Found]:
    """Names of people: between a word for a person or the beginning and the sex, before a form of address, and what
    the segmenter takes for a name that begins with a surname; never what the release has a word for."""
    taken = [(one.start, one.end) for one in found]
    known = [] if lexicon is None else [(hit.start, hit.end) for hit in lexicon.matches(text)]
    names = [*_sexed(text), *_addressed(text), *_introduced(text), *_segmented(_hidden(text, known))]
    return [_found(NAME, a, b) for a, b in names if not _meets((a, b), known) and not _meets((a, b), taken)]


def _meets(span: tuple[int, int], others: Iterable[tuple[int, int]]) -> bool:
    return any(start < span[1] and span[0] < end for start, end in others)


def _sexed(text: str) -> Iterator[tuple[int, int]]:
    """张三，男，65岁; 乌云其木格，女."""
    for match in _SEXED.finditer(text):
        yield match.span("it")


def _addressed(text: str) -> Iterator[tuple[int, int]]:
    """王大爷, 李医生, 欧阳女士."""
    for match in _CALLED_SO.finditer(text):
        start, end = match.span("it")
        for at in range(start, end):
            if _surname(text[at:end]):
                yield at, end
                break


def _introduced(text: str) -> Iterator[tuple[int, int]]:
    """患者张建国因…, 我叫李雷."""
    for match in _OF_PERSON.finditer(text):
        start, end = match.span("it")
        token, kind, _ = _tagged(text[start:end])[0]
        if kind.startswith("nr") or (kind == "ns" and len(token) > 3):
            yield start, start + len(token)
    for match in _NAMED_SO.finditer(text):
        yield match.span("it")


def _segmented(text: str) -> Iterator[tuple[int, int]]:
    """What the segmenter takes for a name, or cuts behind a surname of two characters."""
    tokens = _tagged(text)
    for (token, kind, at), (after, kind_after, _) in zip(tokens, [*tokens[1:], ("", "", 0)], strict=True):
        compound = token in _COMPOUND
        if _EPONYM.match(after) or not (kind.startswith("nr") or compound):
            continue
        joined = len(after) <= 2 and (kind_after.startswith("nr") or len(token) == 1 or compound)
        end = at + len(token) + (len(after) if joined else 0)
        name = 2 <= end - at <= 4 and _IS_NAME.fullmatch(text, at, end) and text[at] not in _WORDS
        if name and not _EPONYM.search(text, at + 1, end):
            yield at, end


def _surname(text: str) -> bool:
    return text[:1] in _SINGLE or text[:2] in _COMPOUND


def _hidden(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text with a mark of the same length in place of what is known."""
    for start, end in spans:
        text = f"{text[:start]}{'，' * (end - start)}{text[end:]}"
    return text


def _tagged(text: str) -> list[tuple[str, str, int]]:
    """Tokens with their part of speech and place."""
    placed, at = [], 0
    for token, kind in jieba().tag(text):
        placed.append((token, kind, at))
        at += len(token)
    return placed
