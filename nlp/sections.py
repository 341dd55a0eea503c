"""A medical record taken apart by its headings (主诉, 现病史, 既往史 …)."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_HEADINGS: Final = {
    "主诉": "主诉",
    "现病史": "现病史 病史 简要病史 病史摘要 目前病史",
    "既往史": "既往史 既往病史 过去史 既往",
    "个人史": "个人史 职业史 流行病学史",
    "婚育史": "婚育史 婚姻史 生育史 月经史 月经婚育史 月经生育史 婚姻生育史 月经及婚育史 孕产史",
    "家族史": "家族史 家族遗传史",
    "过敏史": "过敏史 药物过敏史 食物过敏史 药敏史 药物及食物过敏史",
    "手术史": "手术史 外伤史 手术外伤史 手术及外伤史",
    "输血史": "输血史",
    "预防接种史": "预防接种史 接种史 疫苗接种史",
    "用药史": "用药史 服药史 目前用药 当前用药",
    "既往用药": "既往用药 既往用药史",
    "查体": "查体 体格检查 体检 专科检查 专科情况 专科查体 PE 妇科检查 口腔检查 神经系统查体",
    "辅助检查": "辅助检查 实验室检查 检查结果 影像学检查 化验 检验结果 化验结果 辅检 病理 超声所见 影像所见",
    "诊断": "诊断 初步诊断 入院诊断 出院诊断 门诊诊断 目前诊断 临床诊断 补充诊断 修正诊断 印象 诊断印象 "
    "死亡诊断 病理诊断 术前诊断 术后诊断",
    "拟诊": "拟诊 拟诊断",
    "病例特点": "病例特点 本病例特点 病例特征 病史特点 病例摘要",
    "诊断依据": "诊断依据 拟诊讨论 诊断分析 诊断讨论 诊断及诊断依据",
    "鉴别诊断": "鉴别诊断 鉴别 鉴别诊断及分析 诊断与鉴别诊断 诊断及鉴别诊断",
    "处理": "处理 处置 门诊处理 急诊处理 治疗经过 抢救记录 抢救经过",
    "出生史": "出生史 喂养史 生长发育史 出生情况",
    "医嘱": "医嘱 出院医嘱 治疗计划 诊疗计划 计划 治疗方案 嘱托 建议 处理意见 会诊意见 转诊意见 随访计划 护理计划",
    "处方": "处方 中医处方 儿科处方 出院带药 治疗 用药",
    "告知": "健康教育 宣教 健康宣教 手术同意书 知情同意 病情告知 疫苗告知 术前讨论 讨论",
    "病程": "病程记录 病程 日常病程 查房记录 诊疗经过 入院情况 出院情况 出院小结",
}
_SECTION_OF: Final = {name.lower(): section for section, names in _HEADINGS.items() for name in names.split()}
_BY_LENGTH: Final = sorted(_SECTION_OF, key=len, reverse=True)
_SOAP: Final = {"s": "现病史", "o": "查体", "a": "诊断", "p": "处方"}
_HEADING: Final = re.compile(
    r"(?:(?<=[\n。；;！!\s])|^)[ \t\u3000]{0,4}"
    r"(?:[一二三四五六七八九十\d]{1,3}[、.．][ \t]{0,2})?[【\[(（]?[ \t]{0,2}"
    rf"(?P<name>{'|'.join(map(re.escape, _BY_LENGTH))})[ \t]{{0,2}}"
    r"(?:[】\])）][ \t]{0,2}[:：]?|[:：])",
    re.IGNORECASE,
)
_BARE: Final = re.compile(
    r"^[ \t\u3000]{0,4}(?:[一二三四五六七八九十\d]{1,3}[、.．][ \t]{0,2})?"
    rf"(?P<name>{'|'.join(name for name in map(re.escape, _BY_LENGTH) if len(name) > 1 and not name.isascii())})"
    r"(?:[ \t\u3000]{0,4}\r?\n|(?<=[史诉断查])[ \t\u3000]{1,4}(?=\S))",
    re.MULTILINE,
)
"""A heading without a colon: alone on its line, or with a blank behind it at the beginning of one."""
_LETTER: Final = re.compile(r"(?:(?<=[\n。；;\s])|^)(?P<name>[SOAP])\s*[:：]")
_TELLING: Final = tuple(
    (word, section)
    for section, words in (
        ("既往用药", "既往用药"),
        ("家族史", "家族 母亲"),
        ("过敏史", "过敏"),
        ("输血史", "输血"),
        ("预防接种史", "接种"),
        ("手术史", "手术史 外伤史"),
        ("既往史", "既往 过去史"),
        ("用药史", "用药史"),
        ("婚育史", "婚 月经 孕产 生育"),
        ("个人史", "个人史 职业 流行病学"),
        ("主诉", "主诉"),
        ("现病史", "现病史"),
        ("查体", "查体 体格 专科检查"),
        ("鉴别诊断", "鉴别诊断"),
        ("病例特点", "病例特"),
        ("诊断依据", "诊断依据 拟诊讨论"),
        ("拟诊", "拟诊"),
        ("诊断", "诊断"),
        ("告知", "告知 同意书 宣教 教育 讨论"),
        ("医嘱", "医嘱 计划 建议 处理意见 会诊意见 转诊意见 随访计划"),
        ("处方", "处方 带药"),
        ("辅助检查", "辅助检查 化验 检验 报告 病理 影像"),
    )
    for word in words.split()
)
"""Words of a heading that tell its section, the most telling first."""


class Section(NamedTuple):
    """A part of a record: its canonical heading (empty before the first), where its text begins and ends."""

    name: str
    start: int
    end: int


def section_of(heading: str) -> str:
    """The canonical heading of a heading as written (体格检查 → 查体, 骨科专科查体 → 查体); itself when nothing in it
    is known."""
    bare = heading.strip().strip("【】[]()（）:： ")
    known = _SECTION_OF.get(bare.lower())
    return known or next((name for word, name in _TELLING if word in bare), bare)


def sections(text: str, outer: str = "") -> list[Section]:
    """The sections of a record in order. What comes before the first heading stands under ``outer``. Notes by
    problem (S: O: A: P:) are taken apart too."""
    found: list[Section] = []
    name, start = section_of(outer), 0
    for begins, ends, heading in _headings(text):
        if begins > start:
            found.append(Section(name, start, begins))
        name, start = heading, ends
    found.append(Section(name, start, len(text)))
    return [one for one in found if text[one.start : one.end].strip()]


def _headings(text: str) -> list[tuple[int, int, str]]:
    found = [(m.start(), m.end(), _SECTION_OF[m["name"].lower()]) for m in _HEADING.finditer(text)]
    begun = {start for start, _, _ in found}
    bare = [(m.start(), m.end(), _SECTION_OF[m["name"]]) for m in _BARE.finditer(text) if m.start() not in begun]
    found = sorted(found + bare) if bare else found
    letters = list(_LETTER.finditer(text))
    if len({match["name"] for match in letters}) >= 2:
        found = sorted(found + [(m.start(), m.end(), _SOAP[m["name"].lower()]) for m in letters])
    return found
