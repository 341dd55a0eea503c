"""Units as Chinese hospitals write them: one canonical name each, and factors between them.

Canonical names are ASCII and close to UCUM (``ug``, ``mg/kg/d``, ``10*9/L``), except for
万IU and for counted units (片, 支 …), which stay Chinese and convert only to themselves.
pint owns the physics; this file knows how units are written and what must not be mixed:
"per kg" is per kg of body weight and never cancels against grams of drug.
"""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pint


class QuantityError(ValueError):
    """Text that is no quantity, a unit nobody knows, or units that do not fit each other."""


class UnknownUnit(QuantityError):  # noqa: N818
    """A unit text that stands for no unit we know."""

    def __init__(self, text: str) -> None:
        super().__init__(f"无法识别的单位“{text[:40]}” (unknown unit {text[:40]!r})")
        self.text = text


class UnitMismatch(QuantityError):  # noqa: N818
    """Two units that cannot be converted into each other; the message names both."""

    def __init__(self, source: str, target: str, hint: str = "") -> None:
        chinese = f"单位“{source}”不能换算为“{target}”" + (f"，{hint}" if hint else "")
        super().__init__(f"{chinese} (cannot convert {source!r} to {target!r})")
        self.source, self.target = source, target


@dataclass(frozen=True, slots=True)
class Substance:
    """What a drug-specific conversion needs; leave unknown figures None.

    ``molar_mass`` in g/mol, ``iu_per_mg`` international units in one milligram,
    ``valence`` equivalents in one mole (1 for KCl, 2 for Ca²⁺).
    """

    name: str
    molar_mass: float | None = None
    iu_per_mg: float | None = None
    valence: int | None = None

    def __post_init__(self) -> None:
        for field in ("molar_mass", "iu_per_mg", "valence"):
            number = getattr(self, field)
            if number is not None and not 0 < number < float("inf"):
                raise ValueError(f"{field} of {self.name} must be a positive number, got {number}")


# canonical | pint unit (with a factor where pint has no name) | other ways to write it
_TABLE = """
pg     | picogram     | 皮克
ng     | nanogram     | 纳克 毫微克
ug     | microgram    | 微克 mcg
mg     | milligram    | 毫克
g      | gram         | 克 gm gram grams
kg     | kilogram     | 千克 公斤
pmol   | picomole     | 皮摩尔
nmol   | nanomole     | 纳摩尔
umol   | micromole    | 微摩尔
mmol   | millimole    | 毫摩尔
mol    | mole         | 摩尔
uEq    | 1/1000000 yigong_equivalent |
mEq    | 1/1000 yigong_equivalent    | 毫当量
Eq     | yigong_equivalent           | 当量
mOsm   | 1/1000 yigong_osmole        | mosmol mOsmol 毫渗 毫渗量 毫渗透摩尔 毫渗摩尔
Osm    | yigong_osmole               | osmol
uIU    | 1/1000000 yigong_iu | uU u[IU] u[iU] 微单位
mIU    | 1/1000 yigong_iu    | mU m[IU] m[iU] 毫单位
IU     | yigong_iu           | U 单位 国际单位 [IU] [iU] [U] 个单位 AxaIU AXaIU 抗XaIU 抗Xa单位
kIU    | 1000 yigong_iu      | kU KU TU k[IU] 千单位 千U
万IU   | 10000 yigong_iu     | 万单位 万国际单位 万U 万[IU] 万个单位
MIU    | 1000000 yigong_iu   | MU 百万单位 百万IU 百万U
亿IU   | 100000000 yigong_iu | 亿单位 亿U
CFU    | yigong_cfu           | cfu
BU     | yigong_batroxobin_unit | 巴曲酶单位
万CFU  | 10000 yigong_cfu     |
亿CFU  | 100000000 yigong_cfu |
copies | yigong_copy          | copy 拷贝 cps
fL     | femtoliter   | 飞升
uL     | microliter   | 微升 mm3 mm^3
mL     | milliliter   | 毫升 cc cm3 cm^3
dL     | deciliter    | 分升
L      | liter        | 升 公升
ms     | millisecond  | msec 毫秒
s      | second       | sec second seconds 秒 秒钟
min    | minute       | mins minute minutes 分钟
h      | hour         | hr hrs hour hours 小时 时 个小时
d      | day          | day days 天 日
wk     | week         | week weeks 周 星期 礼拜
mo     | month        | month months 月 个月
a      | year         | yr yrs year years y 年 岁 周岁
um     | micrometer   | 微米
mm     | millimeter   | 毫米
cm     | centimeter   | 厘米 公分
m      | meter        | 米
cm2    | centimeter**2    | 平方厘米 cm^2
m2     | yigong_body_area | 平方米 平米 m^2
1.73m2 | 173/100 yigong_body_area | bsa173
Pa     | pascal       | 帕
kPa    | kilopascal   | 千帕
mmHg   | mmHg         | mm[Hg] 毫米汞柱
cmH2O  | cmH2O        | cm[H2O] 厘米水柱
cal    | calorie      | 卡
kcal   | kilocalorie  | 千卡 大卡
kJ     | kilojoule    | 千焦
uV     | microvolt    | 微伏
mV     | millivolt    | 毫伏
kBq    | kilobecquerel | 千贝可
MBq    | megabecquerel | 兆贝可
GBq    | gigabecquerel | 吉贝可
uCi    | microcurie   | 微居里
mCi    | millicurie   | 毫居里
mGy    | milligray    | 毫戈瑞
cGy    | centigray    | 厘戈瑞
Gy     | gray         | 戈瑞
mSv    | millisievert | 毫希沃特
Cel    | yigong_celsius | °C 摄氏度 degC
HP     | yigong_high_power_field | HPF [HPF] 高倍视野
LP     | yigong_low_power_field  | LPF [LPF] 低倍视野
1      | 1            | 次 回 cells cell 比值 {INR} {ratio} 分 {score} [score]
%      | 1/100        | 百分之
‰      | 1/1000       |
10*3   | 1000         | e3
10*6   | 1000000      | e6
10*9   | 1000000000   | e9
10*12  | 1000000000000 | e12
"""
_COUNTED = """
片 tab tabs tablet tablets {tbl} {tablet} {tab}|粒 颗 胶囊 cap caps capsule capsules {cap} {capsule}
支 针 amp ampoule {ampule}|袋 bag sachet {bag} {sachet}|瓶 bottle {bottle}|丸 pill {pill}|贴 patch {patch}
滴 gtt [drp] drop drops {drop}|喷 spray {spray}|吸|揿 puff [actuat] {puff}|枚|包|盒|板|张|块|条|筒|管|只|个|团
剂 付 副 帖|桶|罐|泡|卷|根|治疗量 人份
"""
# Canonical names that are an amount of a drug, in the order in which a substance links their kinds.
_KINDS = (
    ("IU", {"uIU", "mIU", "IU", "kIU", "万IU", "MIU", "亿IU"}),
    ("mg", {"pg", "ng", "ug", "mg", "g", "kg"}),
    ("mmol", {"pmol", "nmol", "umol", "mmol", "mol"}),
    ("mEq", {"uEq", "mEq", "Eq"}),
)
_KIND_OF = {name: number for number, (_, names) in enumerate(_KINDS) for name in names}
_VOLUMES = frozenset({"fL", "uL", "mL", "dL", "L"})
# "分" is a score above the line and minutes below it; D is a dioptre above and a day below.
_PER_ALIASES = {"分": "min", "D": "d"}
_PER_PINT = {"kg": "yigong_body_mass"}
# How a clinician reads a unit where the canonical name would look odd.
_SHOWN = {
    "ug": "μg", "uL": "μL", "umol": "μmol", "uIU": "μIU", "um": "μm", "uV": "μV", "uCi": "μCi", "uEq": "μEq",
    "IU": "单位", "万IU": "万单位", "MIU": "百万单位", "亿IU": "亿单位", "wk": "周", "mo": "月", "a": "岁",
    "m2": "m²", "1.73m2": "1.73m²", "cm2": "cm²", "Cel": "℃", "1": "",
    "10*3": "×10³", "10*6": "×10⁶", "10*9": "×10⁹", "10*12": "×10¹²",
}  # fmt: skip


def _table() -> tuple[dict[str, str], dict[str, str], frozenset[str]]:
    pints: dict[str, str] = {}
    aliases: dict[str, str] = {}
    for line in _TABLE.strip().splitlines():
        name, expression, others = (part.strip() for part in line.split("|"))
        pints[name] = expression
        aliases.update(dict.fromkeys([name, *others.split()], name))
    counted = []
    for number, group in enumerate(re.split(r"[|\n]", _COUNTED.strip())):
        names = group.split()
        counted.append(names[0])
        pints[names[0]] = f"yigong_count_{number}"
        aliases.update(dict.fromkeys(names, names[0]))
    return pints, aliases, frozenset(counted)


_PINT, _ALIASES, _COUNTED_NAMES = _table()
_RANK = {name: rank for rank, name in enumerate(_PINT)}
# Below the line: per volume, per kg, per m², then per time, and 1.73m² last, as eGFR is written.
_PER_RANK = {**_RANK, "kg": _RANK["L"] + 0.1, "m2": _RANK["L"] + 0.2, "1.73m2": 1e6}


def _folded() -> dict[str, str]:
    """Aliases without regard to case, for MG and Ml; what case tells apart (mU, MU) is left out."""
    found: dict[str, set[str]] = {}
    for alias, name in _ALIASES.items():
        found.setdefault(alias.casefold(), set()).add(name)
    wanted = {key: names for key, names in found.items() if len(key) > 1 or key in set("glhsu")}
    return {key: names.pop() for key, names in wanted.items() if len(names) == 1}


_FOLDED = _folded()

SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_REWRITES = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        ("每", "/"),
        ("体重", ""),
        ("^个(?=/)", ""),  # 个/HP counts cells
        ("^m(?:iu|u)(?=/m?[lL]$)", "mIU"),
        (r"^[x×*]?10(?:\*\*|[*^eE])?\+?(3|6|9|12)(?=[/·.]|$)", r"e\1"),
        (r"\(1\.73m\^?2\)|\{1\.73_?m2\}|1\.73m\^?2", "bsa173"),
        (r"(?<=/)24(?:h|H|hr|小时)(?![a-zA-Z])", "d"),
        (r"(?<=/)100(?:m[lL]|毫升)", "dL"),
    )
)
_TOKEN = re.compile(r"[/·.*()]|[^/·.*()]+")
_INVERSE = re.compile(r"^(.+?)\^?-([12])$")


def clean(text: str) -> str:
    """Full-width forms, superscripts, micro signs and blanks brought to plain ASCII where there is one."""
    text = unicodedata.normalize("NFKC", text.translate(SUPERSCRIPTS))
    text = text.replace("μ", "u").replace("−", "-").replace("–", "-")
    return re.sub(r"\s+", "", re.sub("[•∙⋅・]", "·", text))


@lru_cache(maxsize=8192)
def canonical_unit(text: str) -> str:
    """The one name of a unit: ``毫克`` → ``mg``, ``μg/(kg·min)`` → ``ug/kg/min``, empty → ``1``.

    Raises ``UnknownUnit`` for what is no unit, and for what could be two: ``MIU/L``
    may mean a million or a thousandth of a unit in a litre.
    """
    above: list[str] = []
    below: list[str] = []
    for name, inverse in _atoms(text):
        if name != "1":
            (below if inverse else above).append(name)
    if "MIU" in above and not _VOLUMES.isdisjoint(below):
        raise UnknownUnit(text)
    above.sort(key=_RANK.__getitem__)
    below.sort(key=_PER_RANK.__getitem__)
    return "/".join(["·".join(above), *below]) or "1"


@lru_cache(maxsize=8192)
def plain_unit(text: str) -> str:
    """The canonical name, or the text itself, tidied, for a unit that we do not know.

    An unknown unit is kept, because a result must not be lost for it; it converts to nothing else.
    """
    try:
        return canonical_unit(text)
    except UnknownUnit:
        return unicodedata.normalize("NFKC", text).strip()


@lru_cache(maxsize=8192)
def is_known(unit: str) -> bool:
    """False for a unit that was kept as sent because nobody knows it."""
    try:
        canonical_unit(unit)
    except UnknownUnit:
        return False
    return True


def is_counted(unit: str) -> bool:
    """True when the unit counts pieces (片, 支/d): what is in one depends on the product."""
    return unit.partition("/")[0] in _COUNTED_NAMES


def is_volume(unit: str) -> bool:
    """True for mL and its like."""
    return unit in _VOLUMES


def is_amount(unit: str) -> bool:
    """True for what a product can contain: mass, moles, equivalents, IU, germs, activity; no "per"."""
    return unit in _KIND_OF or ("/" not in unit and unit.endswith(("CFU", "Bq", "Ci")))


@lru_cache(maxsize=1024)
def shown(unit: str) -> str:
    """A canonical unit as a clinician reads it: ``10*9/L`` → ``×10⁹/L``, ``mg/kg/d`` → ``mg/(kg·d)``."""
    above, *below = unit.split("/")
    head = "·".join(_SHOWN.get(name, name) for name in above.split("·"))
    if above == "IU" and not _VOLUMES.isdisjoint(below):
        head = "U"  # enzymes: ALT in U/L
    tail = [_SHOWN.get(name, name) for name in below]
    if len(tail) > 1 and "1.73m2" not in below:
        return f"{head}/({'·'.join(tail)})"
    return "/".join([head, *tail])


def _atoms(text: str) -> Iterator[tuple[str, bool]]:
    """Canonical parts of a unit, True for those below the line. Raises ``UnknownUnit``."""
    plain = clean(text) if len(text) <= 64 else "too long"
    for pattern, replacement in _REWRITES:
        plain = pattern.sub(replacement, plain)
    below, depth, first_below = False, 0, ""
    for token in _TOKEN.findall(plain):
        if token not in "/·.*()":
            name, inverse = _atom(token, text, below)
            first_below = first_below or (name if inverse else "")
            yield name, inverse
            continue
        depth += (token == "(") - (token == ")")
        below = below or token == "/"
        # µg/kg·min is µg/(kg·min) to everyone; mg/L·h may be an exposure or a rate.
        if depth < 0 or (token in "·.*" and not depth and first_below in _VOLUMES):
            raise UnknownUnit(text)
    if depth or plain.endswith(("/", "·", "*", "(")):
        raise UnknownUnit(text)


def _atom(token: str, text: str, below: bool) -> tuple[str, bool]:
    inverse = _INVERSE.match(token)  # mg·kg-1, mg·m-2
    if inverse and not below:
        token, below = inverse[1] + inverse[2].replace("1", ""), True
    name = _PER_ALIASES.get(token) if below else None
    name = name or _ALIASES.get(token) or _FOLDED.get(token.casefold())
    if name is None:
        raise UnknownUnit(text)
    return name, below


# Conversion

_DIMENSIONS = ("iu", "equivalent", "osmole", "cfu", "copy", "body_mass", "body_area", "celsius",
               "high_power_field", "low_power_field", "batroxobin_unit")  # fmt: skip
_LINKS = (("iu_per_mg", "每毫克单位数"), ("molar_mass", "摩尔质量"), ("valence", "化合价"))


class _Measure(NamedTuple):
    """One of a unit: so many times the base units of its dimension (name, power)."""

    factor: Fraction
    dimension: tuple[tuple[str, int], ...]


_KEPT_IN: list[Path | None] = [None]


@lru_cache(maxsize=1)
def _measures() -> dict[str, _Measure]:
    """What each unit of the table measures: as pint says, or as it said in the folder of ``prepare``."""
    folder = _KEPT_IN[-1]
    kept = folder / _file_name() if folder is not None else None
    if kept is not None:
        with suppress(
            OSError, ValueError, TypeError, AttributeError, ZeroDivisionError
        ):  # not there yet, or half of it
            told = {
                name: _Measure(Fraction(factor), tuple(map(tuple, dimension)))
                for name, (factor, dimension) in json.loads(kept.read_bytes()).items()
            }
            if told.keys() == _expressions().keys():
                return told
    made = {name: _measured(expression) for name, expression in _expressions().items()}
    if kept is not None:
        _keep(kept, made)
    return made


def _file_name() -> str:
    """Another pint or another table is another file."""
    said = repr((version("pint"), _expressions()))
    return f"units-{sha256(said.encode()).hexdigest()[:16]}.json"


def _keep(file: Path, made: dict[str, _Measure]) -> None:
    """Write them for the next process; a folder that cannot be written costs it a second, no more."""
    text = json.dumps({name: (str(one.factor), one.dimension) for name, one in made.items()}, ensure_ascii=False)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        beside = file.with_suffix(f".{os.getpid()}")
        beside.write_text(text, "utf-8")
        beside.replace(file)
    except OSError:
        return


def _expressions() -> dict[str, str]:
    """All that is measured; what stands below the line may be another thing than above it."""
    return _PINT | {f"/{name}": expression for name, expression in _PER_PINT.items()}


def _measured(expression: str) -> _Measure:
    scale, _, name = expression.rpartition(" ")
    if expression[0].isdigit() and not scale:
        scale, name = expression, ""
    one = _registry().Quantity(Fraction(scale or 1), name).to_base_units()
    dimension = sorted((base, int(power)) for base, power in one.dimensionality.items())  # type: ignore[arg-type]
    return _Measure(Fraction(one.magnitude), tuple(dimension))


@lru_cache(maxsize=1)
def _registry() -> pint.UnitRegistry[Fraction]:
    """pint with exact fractions and the dimensions it lacks; takes a second, once."""
    import pint

    registry: pint.UnitRegistry[Fraction] = pint.UnitRegistry(non_int_type=Fraction)
    for name in (*_DIMENSIONS, *(f"count_{number}" for number in range(len(_COUNTED_NAMES)))):
        registry.define(f"yigong_{name} = [yigong_{name}]")
    return registry


def prepare(folder: Path | None = None) -> None:
    """Learn what units measure now, so that the first request does not wait for it. In a folder it is kept, and the
    next process needs no pint, whose modules take half a second to read."""
    _KEPT_IN.append(folder)
    _measures()


def conversion(source: str, target: str, substance: Substance | None = None) -> tuple[float, float]:
    """(multiplier, divisor) that turns a value in ``source`` into one in ``target``; canonical names.

    Two numbers, because 9 / 1000 is exact to the last digit and 9 * 0.001 is not.
    Raises ``UnitMismatch`` when there is no such factor.
    """
    found = _conversion(source, target, substance)
    if found is None:
        raise UnitMismatch(source, target, _missing_link(source, target, substance))
    return found


@lru_cache(maxsize=16384)
def _conversion(source: str, target: str, substance: Substance | None) -> tuple[float, float] | None:
    factor = _factor(source, target)
    if factor is None and substance is not None:
        factor = _substance_factor(source, target, substance)
    if factor is None:
        return None
    if max(factor.numerator, factor.denominator) < 2**53:
        return float(factor.numerator), float(factor.denominator)
    return float(factor), 1.0


def _factor(source: str, target: str) -> Fraction | None:
    if source == target:
        return Fraction(1)
    try:
        one, other = _measure(source), _measure(target)
    except KeyError:  # a unit that we keep but do not know
        return None
    return one.factor / other.factor if one.dimension == other.dimension else None


def _measure(unit: str) -> _Measure:
    """One of a canonical unit. Raises ``KeyError``."""
    measures = _measures()
    above, *below = unit.split("/")
    parts = [(measures[name], 1) for name in above.split("·") if name]
    parts += [(measures.get(f"/{name}") or measures[name], -1) for name in below]
    factor, powers = Fraction(1), Counter[str]()
    for one, sign in parts:
        factor *= one.factor**sign
        for base, power in one.dimension:
            powers[base] += sign * power
    return _Measure(factor, tuple(sorted((base, power) for base, power in powers.items() if power)))


def _substance_factor(source: str, target: str, substance: Substance) -> Fraction | None:
    """Through the chain IU – mg – mmol – mEq, as far as the substance has figures for it."""
    kinds = _kind(source), _kind(target)
    if kinds[0] is None or kinds[1] is None or _missing_link(source, target, substance):
        return None
    first, last = _KINDS[kinds[0]][0], _KINDS[kinds[1]][0]
    rest = source[len(source.partition("/")[0]) :]
    before, after = _factor(source, first + rest), _factor(last + rest, target)
    if before is None or after is None:
        return None
    return before * _chain(kinds[0], kinds[1], substance) * after


def _chain(first: int, last: int, substance: Substance) -> Fraction:
    if first > last:
        return 1 / _chain(last, first, substance)
    factor = Fraction(1)
    for field, _ in _LINKS[first:last]:
        figure = Fraction(str(getattr(substance, field)))
        factor = factor * figure if field == "valence" else factor / figure
    return factor


def _missing_link(source: str, target: str, substance: Substance | None) -> str:
    """Chinese hint which figure of the substance would make the conversion possible, or empty."""
    first, last = _kind(source), _kind(target)
    if first is None or last is None or first == last:
        return ""
    for field, label in _LINKS[min(first, last) : max(first, last)]:
        if substance is None or getattr(substance, field) is None:
            return f"缺少{substance.name if substance else '该药'}的{label}"
    return ""


def _kind(unit: str) -> int | None:
    return _KIND_OF.get(unit.partition("/")[0])
