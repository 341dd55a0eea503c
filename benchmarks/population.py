"""A synthetic county: households with names, identity cards, phones and addresses, and how hospitals write them down.

Everything is drawn from one seed; nobody in it exists. ``people`` gives who lives there, ``registrations`` what
several hospitals recorded of them, with the slips that registration desks make, and whom each record truly means.
Shares of slips stand in ``Slips``, so that a measurement says what it was made with.
"""

from __future__ import annotations

from bisect import bisect
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import accumulate
from random import Random
from typing import Final

from pypinyin import lazy_pinyin

from clinical.logic import UNKNOWN
from clinical.patient import Sex
from clinical.person import Card, CardKind, Demographics, Document, DocumentKind, check_digit

TODAY: Final = date(2026, 11, 1)
_SURNAMES: Final = (
    "王李张刘陈杨黄赵吴周徐孙马胡朱郭何林高罗郑梁谢宋唐许邓韩冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾"
    "夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤温康施牛樊葛邢安齐乔庞翟申焦单解"
)
_GIVEN: Final = {
    (Sex.MALE, 0): "国建德文明志忠义福贵财有永成宝玉树根生友山海林森军民华东胜利保卫庆喜来祥顺长发才旺",
    (Sex.FEMALE, 0): "秀桂玉凤兰英珍芳素淑梅莲花翠香菊荣琴云彩霞玲金银月爱巧美改枝叶娥仙",
    (Sex.MALE, 1): "伟强军勇斌涛波鹏杰磊刚峰平辉建国志明永海超飞龙俊华文东红亮春林宏利庆海旭凯健宁",
    (Sex.FEMALE, 1): "丽娟艳芳敏静霞红燕玲梅萍娜英华秀莉琴云慧洁雪春晓婷丹颖琳凤菊娥晶颖蓉",
    (Sex.MALE, 2): "浩宇鹏飞磊鑫超杰俊凯帅博文龙涛旭阳晨辉志明强伟雷东亮哲瑞嘉豪天子健康宏达",
    (Sex.FEMALE, 2): "婷婷雪莹倩颖静悦欣佳慧敏娜文雅琪瑶露丹晶梦思雨琳璐蕾洁晓玉媛甜甜楠茹",
    (Sex.MALE, 3): "子轩浩然宇泽梓睿博文一诺奕辰俊熙铭昊天佑嘉明轩皓宸沐阳逸景瑞霖恒恩泽楷瑞",
    (Sex.FEMALE, 3): "子涵梓萱欣怡诗雨一诺可馨语桐若汐思彤佳琪雨桐艺涵依诺梦瑶舒雅沐妍安然悦芷晴",
}
_MONGOLIAN: Final = {
    Sex.MALE: "巴特尔 苏和 阿古拉 孟和 那顺 宝音 布和 朝鲁 额尔敦 哈斯 格日勒图 乌恩 满都拉 吉日嘎拉 达来 呼和 毕力格 "
    "巴图 敖其尔 青格勒 特木尔 白音 朝克图 那日苏 苏日格 海日罕 斯日古楞 乌力吉 德力格尔 巴雅尔 孟和巴特尔 巴图孟和 宝力道 "
    "额尔敦巴特尔 阿拉坦 钢巴图 牧仁 查干巴拉 图门 哈日巴拉",
    Sex.FEMALE: "乌云 斯琴 高娃 其其格 萨仁 娜仁 托娅 琪琪格 乌兰 格日乐 塔娜 哈斯其其格 萨日娜 乌日娜 娜布其 阿茹娜 斯琴高娃 "
    "乌云其木格 娜仁托娅 萨仁高娃 乌云其其格 通拉嘎 苏布道 乌仁 图雅 乌日汗 其木格 金花 银花 白乙拉 莎仁其木格 敖登 娜仁花 "
    "阿拉腾其其格 哈申 赛罕 乌尼尔 诺敏 苏日娜",
}
_TOWNS: Final = "城关镇 白音镇 敖包苏木 河西镇 查干苏木 哈达镇 新民镇 巴彦苏木 红旗镇 达来镇 平安乡 双河镇".split()
_STREETS: Final = "文化路 团结街 民族大街 建设路 新华街 草原路 振兴街 光明路".split()
_ESTATES: Final = "阳光花园 草原明珠 锦绣家园 河畔新城 幸福小区 和谐家园 金桥小区 学府苑".split()
_VILLAGES: Final = "东营子 西营子 前河 后河 大榆树 小榆树 白音花 乌兰图嘎 哈日根台 宝日胡硕 查干淖尔 石门 柳树沟 杨家湾 三家子".split()
_REGIONS: Final = ("152501", "152522", "152524", "152527", "150121", "150422", "150525", "152221", "130724", "220721")
_MOBILE: Final = (
    "130 131 132 135 136 137 138 139 147 150 151 152 155 157 158 159 176 177 178 182 183 186 187 188 189 198".split()
)
_COMMON: Final = (
    "安昂宝贝本斌兵炳波伯博才采彩灿昌长常超朝辰晨成诚程春纯聪翠达丹旦道德登迪丁东栋冬都敦朵恩尔发凡方芳飞菲芬丰风锋峰凤福富刚钢"
    "高歌格耿功贡古谷光广贵桂国果海涵汉行航豪浩皓禾合和河荷鹤黑恒横红宏虹洪鸿厚华花化桦怀欢环焕辉会惠慧火吉季纪佳家嘉甲坚建健剑"
    "江姜将杰洁捷金津锦进晋京经晶精景静敬靖久菊举娟军君俊骏开凯楷康珂可克坤兰岚蓝郎朗乐雷磊蕾力立丽利莉连莲廉良亮林琳霖玲凌灵龙隆"
    "露璐鹿伦洛满曼茂美梅媚萌孟梦米敏民名明鸣铭沫墨木沐牧娜楠宁妞诺盼佩朋鹏平萍苹其奇琪琦祺启千茜倩强乔巧勤琴青清晴庆秋泉权荣蓉融如"
    "茹汝锐瑞睿若赛三森珊善尚韶少绍深慎升生胜圣诗石时世士守寿书淑舒树双爽顺硕思斯松苏素岁太泰涛桃特腾天田甜铁庭廷婷亭同桐童彤图婉万"
    "望威薇巍为维伟炜玮卫未文雯武希西溪熙喜霞夏仙先贤娴显香湘祥翔向小晓孝笑新欣馨鑫信星兴雄修秀旭绪轩萱玄雪雅亚言妍岩炎彦艳燕阳扬洋"
    "瑶尧耀野业叶一伊依仪怡义艺亦易益逸毅音银英樱莹颖盈永勇友有佑宇羽雨语玉育钰裕渊媛元园远苑月悦云芸允韵泽增展占章兆哲珍真振震正"
    "政之芝知直志治智中忠钟舟珠竹卓姿子梓紫宗祖"
)
_SEEN_AS: Final = dict(
    pair.split("/")
    for pair in (
        "伟/玮 玮/伟 芳/芬 丽/雨 洁/浩 浩/洁 杰/木 林/材 秀/季 季/秀 娟/捐 敏/敬 静/净 强/张 军/车 建/健 健/建 明/朋 峰/锋 锋/峰 "
        "宇/字 子/于 梓/辞 涵/函 轩/杆 琪/淇 淇/琪 佳/住 怡/治 欣/欢 桂/佳 玉/王 王/玉 凤/风 风/凤 春/秦 荣/荧 永/水 海/梅 梅/海 "
        "乌/鸟 那/哪 娜/哪 斯/期 孟/盂 巴/巳 高/商 其/共 杨/扬 陈/阵 候/侯 侯/候 郭/郎 曹/曾 徐/除 田/由 于/干 余/佘 萍/苹 雪/雷 "
        "晨/辰 辰/晨 飞/乙 文/丈 平/乎 勇/男 波/坡 亮/高 龙/尤 瑶/摇 悦/说 诗/侍 睿/容 皓/浩 泽/译 鑫/森 磊/垒 超/起 兰/三 英/莫"
    ).split()
)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who lives in the county. ``kin`` are phones of the household that are not their own; ``twin`` is the
    order among twins, 0 for others; ``mother`` and ``mother_card`` are known for children."""

    id: int
    household: int
    name: str
    sex: Sex
    birth: date
    card: str
    phone: str
    kin: tuple[str, ...]
    address: str
    ethnicity: str
    insurance: str
    health: str
    mother: str = ""
    mother_card: str = ""
    twin: int = 0


@dataclass(frozen=True, slots=True)
class Registration:
    """What a hospital wrote down when somebody came: ``person`` is whom it truly means."""

    person: int
    tenant: str
    local_id: str
    given: Demographics
    at: datetime


@dataclass(frozen=True, slots=True)
class Slips:
    """How often things are missing or wrong, as shares of registrations."""

    no_card: float = 0.20
    no_card_child: float = 0.40
    wrong_digit: float = 0.012
    card_of_kin: float = 0.003
    card_of_mother: float = 0.10
    old_card: float = 0.01
    homophone: float = 0.02
    seen_as: float = 0.01
    other_character: float = 0.003
    turned_name: float = 0.003
    cut_name: float = 0.03
    no_name: float = 0.001
    sex_wrong: float = 0.003
    sex_missing: float = 0.005
    birth_slip: float = 0.012
    birth_year_only: float = 0.012
    birth_first_day: float = 0.008
    birth_lunar: float = 0.008
    birth_missing: float = 0.005
    no_phone: float = 0.08
    other_phone: float = 0.10
    phone_of_kin: float = 0.08
    phone_slip: float = 0.01
    phone_of_desk: float = 0.01
    no_address: float = 0.12
    moved: float = 0.05
    short_address: float = 0.30
    fields_swapped: float = 0.003
    insurance: float = 0.55
    health: float = 0.25
    newborn_unnamed: float = 0.7


USUAL: Final = Slips()


# -- who lives there -----------------------------------------------------------------------------


@dataclass(slots=True)
class _County:
    """What is handed out once: numbers of cards, phones and persons."""

    draw: Random
    numbers: dict[tuple[str, date, Sex], int] = field(default_factory=lambda: defaultdict(int))
    persons: int = 0
    households: int = 0

    def card(self, birth: date, sex: Sex) -> str:
        region = self.draw.choices(_REGIONS, (30, 14, 10, 8, 8, 8, 8, 6, 4, 4))[0]
        self.numbers[region, birth, sex] += 1
        order = 2 * self.numbers[region, birth, sex] - (sex is Sex.MALE)
        body = f"{region}{birth:%Y%m%d}{order % 1000:03}"
        return body + check_digit(body)

    def phone(self) -> str:
        return self.draw.choice(_MOBILE) + f"{self.draw.randrange(10**8):08}"

    def address(self) -> str:
        draw, town = self.draw, self.draw.choice(_TOWNS)
        if town == _TOWNS[0] or draw.random() < 0.25:
            if draw.random() < 0.6:
                return (
                    f"锡盟安定县{town}{draw.choice(_ESTATES)}{draw.randint(1, 30)}号楼{draw.randint(1, 5)}单元"
                    f"{draw.randint(1, 18)}0{draw.randint(1, 4)}室"
                )
            return f"锡盟安定县{town}{draw.choice(_STREETS)}{draw.randint(1, 400)}号"
        kind = "嘎查" if town.endswith("苏木") else "村"
        return f"锡盟安定县{town}{draw.choice(_VILLAGES)}{kind}{draw.randint(1, 12)}组{draw.randint(1, 99)}号"


def people(n: int, seed: int) -> Iterator[Person]:
    """``n`` people in households, always the same for a seed."""
    county = _County(Random(f"people {seed}"))
    made = 0
    while made < n:
        for person in _household(county):
            if made < n:
                made += 1
                yield person


@dataclass(slots=True)
class _Home:
    number: int
    mongolian: bool
    surname: str
    address: str
    phones: list[str] = field(default_factory=list)


def _household(county: _County) -> Iterator[Person]:
    """A couple or one person, often with children, sometimes with parents."""
    draw = county.draw
    county.households += 1
    mongolian = draw.random() < 0.18
    home = _Home(county.households, mongolian, _surname(draw), county.address())
    husband_age = round(min(92, max(23, draw.gauss(50, 16))))
    members: list[Person] = []
    if draw.random() < 0.88:
        members.append(_member(county, home, Sex.MALE, _born(draw, husband_age)))
    if draw.random() < 0.92 or not members:
        other = replace_surname(home, _surname(draw))
        members.append(_member(county, other, Sex.FEMALE, _born(draw, max(21, husband_age + draw.randint(-5, 3)))))
    mother = next((m for m in members if m.sex is Sex.FEMALE), None)
    if mother is not None:
        members += _children(county, home, mother)
    if husband_age < 60 and draw.random() < 0.15:
        members.append(_member(county, home, Sex.MALE, _born(draw, min(97, husband_age + draw.randint(22, 34)))))
    phones = tuple(dict.fromkeys(m.phone for m in members if m.phone))
    for member in members:
        kin = tuple(p for p in phones if p != member.phone)
        yield replace(member, kin=kin, phone=member.phone or (kin[0] if kin else county.phone()))


def replace_surname(home: _Home, surname: str) -> _Home:
    """The same home for somebody who married into it."""
    return _Home(home.number, home.mongolian, surname, home.address, home.phones)


def _children(county: _County, home: _Home, mother: Person) -> Iterator[Person]:
    draw = county.draw
    age = TODAY.year - mother.birth.year
    for _ in range(draw.choices((0, 1, 2, 3), (18, 46, 28, 8))[0]):
        oldest = age - 20
        years = draw.randint(max(0, age - 42), oldest) if oldest > 0 else 0
        if years > 26 and draw.random() < 0.7:
            continue  # grown up and moved out
        born = _born(draw, years)
        twins = draw.random() < 0.011
        first = _member(county, home, _sex(draw), born, mother, int(twins))
        yield first
        if twins:
            second = _member(county, home, first.sex if draw.random() < 0.6 else _sex(draw), born, mother, 2)
            yield replace(second, name=_twin_name(draw, first, second))


def _member(
    county: _County, home: _Home, sex: Sex, birth: date, mother: Person | None = None, twin: int = 0
) -> Person:
    draw = county.draw
    county.persons += 1
    age = TODAY.year - birth.year
    has_phone = draw.random() < (0.0 if age < 12 else 0.6 if age < 16 else 0.95 if age < 65 else 0.6)
    mongolian = home.mongolian and draw.random() < 0.75
    name = _mongolian_name(draw, sex) if mongolian else home.surname + _given(draw, sex, birth.year)
    card = county.card(birth, sex)
    return Person(
        id=county.persons,
        household=home.number,
        name=name,
        sex=sex,
        birth=birth,
        card=card,
        phone=county.phone() if has_phone else "",
        kin=(),
        address=home.address,
        ethnicity="蒙古族" if home.mongolian else "汉族",
        insurance=f"15{draw.randrange(10**10):010}",
        health=f"HC{county.persons:010}{draw.randrange(100):02}",
        mother=mother.name if mother else "",
        mother_card=mother.card if mother else "",
        twin=twin,
    )


def _sex(draw: Random) -> Sex:
    return Sex.MALE if draw.random() < 0.52 else Sex.FEMALE


def _born(draw: Random, age: int) -> date:
    """A birthday that makes somebody so old today."""
    return TODAY - timedelta(days=age * 365.25 + draw.randrange(365))


@cache
def _cumulative(count: int, power: float) -> tuple[float, ...]:
    return tuple(accumulate(1 / (rank + 1) ** power for rank in range(count)))


def _often(draw: Random, choices: Sequence[str], power: float) -> str:
    """One of the choices, the first far more often than the last (Zipf)."""
    weights = _cumulative(len(choices), power)
    return choices[bisect(weights, draw.random() * weights[-1])]


def _surname(draw: Random) -> str:
    return _often(draw, _SURNAMES, 0.85)


def _given(draw: Random, sex: Sex, year: int) -> str:
    generation = 0 if year < 1966 else 1 if year < 1986 else 2 if year < 2005 else 3
    letters = _GIVEN[sex, generation]
    one = draw.random() < (0.08, 0.35, 0.30, 0.08)[generation]
    first = _often(draw, letters, 0.55)
    if one:
        return first
    rare = draw.random() < 0.35
    return first + (draw.choice(_COMMON) if rare else _often(draw, letters, 0.35))


def _mongolian_name(draw: Random, sex: Sex) -> str:
    name = _often(draw, _MONGOLIAN[sex].split(), 0.3)
    if draw.random() < 0.35:  # many add a second element or the first of their father's name
        other = draw.choice(_MONGOLIAN[sex].split())
        return f"{draw.choice(_MONGOLIAN[Sex.MALE].split())[0]}·{name}" if draw.random() < 0.4 else name + other
    return name


def _twin_name(draw: Random, first: Person, second: Person) -> str:
    """Twins often share a character: 张子涵 and 张子轩."""
    if "·" in first.name or len(first.name) < 3 or draw.random() < 0.3 or len(second.name) < 3:
        return second.name if second.name != first.name else first.name + "尔"
    name = first.name[:2] + second.name[-1]
    return name if name != first.name else first.name[:2] + draw.choice(_COMMON)


# -- what hospitals write down ---------------------------------------------------------------------


def registrations(
    people: Iterable[Person], hospitals: Sequence[str], seed: int, slips: Slips = USUAL
) -> Iterator[Registration]:
    """What the hospitals (tenants) recorded: one to seven registrations of each person, those of one person together,
    with times over four years. A hospital may register somebody twice under two numbers."""
    draw = Random(f"registrations {seed}")
    number = 0
    for person in people:
        home = draw.randrange(len(hospitals))
        other_phone, other_address = "", ""
        for visit in range(draw.choices((1, 2, 3, 4, 5, 7), (42, 28, 15, 8, 5, 2))[0]):
            number += 1
            hospital = hospitals[home if draw.random() < 0.5 else draw.randrange(len(hospitals))]
            desk = _Desk(draw, slips, person, _day(draw, person, first=visit == 0))
            other_phone = other_phone or (_County(draw).phone() if draw.random() < slips.other_phone else "")
            other_address = other_address or (_County(draw).address() if draw.random() < slips.moved else "")
            given = desk.written(other_phone, other_address)
            yield Registration(person.id, hospital, f"{number:09}", given, desk.at)


def _day(draw: Random, person: Person, first: bool) -> datetime:
    """When somebody came: a newborn's first visit is the birth."""
    begin = max(person.birth, TODAY - timedelta(days=4 * 365))
    if first and begin == person.birth:
        day = begin
    else:
        day = begin + timedelta(days=draw.randrange(max(1, (TODAY - begin).days)))
    return datetime(day.year, day.month, day.day, draw.randint(0, 14), draw.randint(0, 59), tzinfo=UTC)


@dataclass(slots=True)
class _Desk:
    """One registration being written down."""

    draw: Random
    slips: Slips
    person: Person
    at: datetime

    def written(self, other_phone: str, other_address: str) -> Demographics:
        person, draw = self.person, self.draw
        newborn = (self.at.date() - person.birth).days < 30
        unnamed = newborn and self.hit("newborn_unnamed") and bool(person.mother)
        name = self.newborn_name() if unnamed else self.name()
        cards = [Card(CardKind.VISIT, f"{draw.randrange(10**8):08}")]
        if not newborn and self.hit("insurance"):
            cards.append(Card(CardKind.INSURANCE, person.insurance))
        if not newborn and self.hit("health"):
            cards.append(Card(CardKind.HEALTH, person.health))
        phone, card = self.phone(other_phone), self.card(newborn)
        if card and phone and self.hit("fields_swapped"):
            card, phone = phone, card
        return Demographics(
            name=name,
            sex=self.sex(),
            birth=self.birth(card),
            documents=(Document(DocumentKind.ID_CARD, card),) if card else (),
            cards=tuple(cards),
            phones=(phone,) if phone else (),
            address=self.address(other_address),
            ethnicity=person.ethnicity if draw.random() < 0.7 else "",
            contact_name=person.mother if person.mother and draw.random() < 0.5 else "",
            multiple_birth=person.twin if newborn and draw.random() < 0.8 else 0,
        )

    def hit(self, what: str) -> bool:
        return self.draw.random() < float(getattr(self.slips, what))

    def newborn_name(self) -> str:
        said = "子" if self.person.sex is Sex.MALE else "女"
        twin = ("", "长", "次")[self.person.twin] if self.draw.random() < 0.8 else ""
        return f"{self.person.mother}之{twin}{said}"

    def name(self) -> str:
        name, draw = self.person.name, self.draw
        if self.hit("no_name"):
            return draw.choice(("", "无名氏", "不详"))
        if "·" in name and draw.random() < 0.4:
            name = name.replace("·", draw.choice(("", "•", ".", " ")))
        if len(name) > 4 and self.hit("cut_name"):
            name = name[:4] if draw.random() < 0.5 else name[:-1]
        if self.hit("homophone"):
            name = _changed(draw, name, _homophone)
        if self.hit("seen_as"):
            name = _changed(draw, name, lambda draw, c: _SEEN_AS.get(c, c))
        if self.hit("other_character"):
            name = _changed(draw, name, lambda draw, c: draw.choice(_COMMON))
        if self.hit("turned_name") and "·" not in name:
            name = name[1:] + name[0]
        return name + (f"({draw.randint(2, 3)})" if draw.random() < 0.003 else "")

    def sex(self) -> Sex | object:
        sex = self.person.sex
        if self.hit("sex_missing"):
            return UNKNOWN
        return (Sex.FEMALE if sex is Sex.MALE else Sex.MALE) if self.hit("sex_wrong") else sex

    def birth(self, card: str) -> str:
        """As read from the card, where there is one, else as the patient said it."""
        born, draw, person = self.person.birth, self.draw, self.person
        if card == person.card and draw.random() < 0.7:
            return born.isoformat()
        if self.hit("birth_missing"):
            return ""
        if self.hit("birth_year_only"):
            return f"{born.year + draw.choice((0, 0, 0, 1, -1))}"
        if self.hit("birth_first_day"):
            return f"{born.year}-01-01"
        if self.hit("birth_lunar") and born.year < 1985:
            return (born - timedelta(days=draw.randint(18, 50))).isoformat()
        return _misdated(draw, born) if self.hit("birth_slip") else born.isoformat()

    def card(self, newborn: bool) -> str:
        person, draw = self.person, self.draw
        child = TODAY.year - person.birth.year < 7
        if newborn:
            return person.mother_card if self.hit("card_of_mother") else ""
        if self.hit("no_card_child" if child else "no_card"):
            return ""
        if person.mother_card and (self.hit("card_of_kin") or (child and draw.random() < 0.02)):
            return person.mother_card
        card = person.card
        if self.hit("wrong_digit"):
            place = draw.randrange(17)
            return card[:place] + str((int(card[place]) + draw.randint(1, 9)) % 10) + card[place + 1 :]
        if person.birth.year < 1980 and self.hit("old_card"):
            return card[:6] + card[8:17]
        return card.lower() if draw.random() < 0.1 else card

    def phone(self, other: str) -> str:
        person, draw = self.person, self.draw
        if self.hit("no_phone"):
            return ""
        if self.hit("phone_of_desk"):
            return draw.choice(("13800000000", "13800138000", "00000000000"))
        phone = draw.choice(person.kin) if person.kin and self.hit("phone_of_kin") else other or person.phone
        if self.hit("phone_slip"):
            place = draw.randrange(3, 11)
            phone = phone[:place] + str(draw.randrange(10)) + phone[place + 1 :]
        return f"+86 {phone}" if draw.random() < 0.03 else phone

    def address(self, other: str) -> str:
        if self.hit("no_address"):
            return ""
        address = other or self.person.address
        return address.replace("锡盟安定县", "").replace("单元", "-") if self.hit("short_address") else address


def _changed(draw: Random, name: str, change: object) -> str:
    """A name with one of its characters changed."""
    if not name:
        return name
    assert callable(change)
    place = draw.randrange(len(name)) if len(name) > 3 else draw.randrange(min(1, len(name) - 1), len(name))
    return name[:place] + str(change(draw, name[place])) + name[place + 1 :]


@cache
def _by_sound() -> dict[str, str]:
    sounds: dict[str, str] = defaultdict(str)
    for character in dict.fromkeys(_COMMON + _SURNAMES + "".join(_GIVEN.values())):
        sounds[lazy_pinyin(character)[0]] += character
    return sounds


def _homophone(draw: Random, character: str) -> str:
    others = _by_sound().get(lazy_pinyin(character)[0], character).replace(character, "")
    return draw.choice(others) if others else character


def _misdated(draw: Random, born: date) -> str:
    """One digit wrong, two exchanged, or day and month exchanged, as long as a date comes out."""
    for _ in range(20):
        digits = list(f"{born:%Y%m%d}")
        kind = draw.random()
        if kind < 0.5:
            digits[draw.randrange(2, 8)] = str(draw.randrange(10))
        elif kind < 0.8:
            place = draw.randrange(2, 7)
            digits[place], digits[place + 1] = digits[place + 1], digits[place]
        else:
            digits[4:6], digits[6:8] = digits[6:8], digits[4:6]
        text = "".join(digits)
        try:
            return date(int(text[:4]), int(text[4:6]), int(text[6:])).isoformat()
        except ValueError:
            continue
    return born.isoformat()
