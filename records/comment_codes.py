"""The problems that prescription comment (处方点评) knows, and which of them a finding suggests.

After 医院处方点评管理规范(试行) (卫医管发〔2010〕28号): the numbering is the norm's, the titles are our own
short words. What a finding suggests is a proposal to the person who comments, never a verdict.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Group(StrEnum):
    """Kinds of unreasonable prescriptions."""

    IRREGULAR = "不规范处方"
    UNSUITABLE = "用药不适宜处方"
    ABNORMAL = "超常处方"


@dataclass(frozen=True, slots=True)
class Code:
    """One problem: its number in the norm, kind, and what it says in short."""

    code: str
    group: Group
    title: str


_IRREGULAR: Final = (
    "处方内容缺项，或书写不规范、难辨认",
    "医师签名签章不规范，或与留样不符",
    "药师未审核适宜性，或调配、核对签名不全",
    "新生儿、婴幼儿未写日龄或月龄",
    "西药、中成药与中药饮片未分开开具",
    "未使用规范的药品名称",
    "剂量、规格、数量或单位书写不清",
    "用法用量含糊(遵医嘱、自用等)",
    "修改未签名注日期，或超剂量未注原因再签名",
    "无临床诊断或诊断不全",
    "单张门急诊处方超过5种药品",
    "超过规定天数用量而未注明理由",
    "麻精毒放等特殊管理药品处方不合规定",
    "抗菌药物处方不合管理规定(权限、分级等)",
    "中药饮片未按君臣佐使排列，或未注明特殊调剂煎煮",
)
_UNSUITABLE: Final = (
    "适应证不适宜",
    "遴选的药品不适宜",
    "剂型或给药途径不适宜",
    "无正当理由不首选国家基本药物",
    "用法、用量不适宜",
    "联合用药不适宜",
    "重复给药",
    "有配伍禁忌或不良相互作用",
    "其他用药不适宜",
)
_ABNORMAL: Final = (
    "无适应证用药",
    "无正当理由开具高价药",
    "无正当理由超说明书用药",
    "无正当理由同时开具2种以上药理作用相同的药品",
)
CODES: Final[dict[str, Code]] = {
    f"{chapter}-{number}": Code(f"{chapter}-{number}", group, title)
    for chapter, (group, titles) in enumerate(
        ((Group.IRREGULAR, _IRREGULAR), (Group.UNSUITABLE, _UNSUITABLE), (Group.ABNORMAL, _ABNORMAL)), start=1
    )
    for number, title in enumerate(titles, start=1)
}
"""Every problem by its code, in the norm's order."""

_OF_FAMILY: Final = {
    **dict.fromkeys(("interaction", "iv-compatibility", "tcm-incompatibility", "washout"), "2-8"),
    **dict.fromkeys(("dose", "frequency", "duration"), "2-5"),
    **dict.fromkeys(("contraindication", "allergy", "pregnancy-lactation", "age", "renal", "hepatic"), "2-2"),
    **dict.fromkeys(("lab-based", "pharmacogenomics"), "2-2"),
    **dict.fromkeys(("skin-test", "drug-food", "authored", "surgery"), "2-9"),
    "duplicate-therapy": "2-7",
    "burden": "2-6",
    "indication": "2-1",
    "route": "2-3",
    "prescription-format": "1-1",
    "controlled-substance": "1-13",
    "antimicrobial-stewardship": "1-14",
}
_OF_RULE: Final = {
    "duplicate-order:in-force": "2-7",
    "duplicate-order:twice": "2-7",
    "prescription-format:incomplete": "1-7",
    "prescription-format:quantity": "1-7",
    "prescription-format:diagnosis": "1-10",
    "prescription-format:items": "1-11",
    "prescription-format:days": "1-12",
    "prescription-format:long-term": "1-12",
    "antimicrobial-stewardship:common-cold": "2-1",
    "antimicrobial-stewardship:culture": "2-9",
    "antimicrobial-stewardship:three": "2-6",
    "antimicrobial-stewardship:class": "2-6",
    "antimicrobial-stewardship:beta-lactams": "2-6",
    "antimicrobial-stewardship:anaerobes": "2-6",
}
"""Rules that mean something else than the rest of their family."""
_SILENT: Final = frozenset({"info"})
_WRITTEN: Final = re.compile(r"^(\d)-(\d{1,2})$")
_DASHES: Final = str.maketrans("‐‑‒–—−", "------")


def suggested(family: str, rule: str, severity: str) -> str:
    """The code that a finding suggests; empty when it is no problem of a prescription (reminders, what
    concerns tests, examinations, insurance or nursing, and whatever is mere information)."""
    return "" if severity in _SILENT else _OF_RULE.get(rule, _OF_FAMILY.get(family, ""))


def code_of(text: str) -> str:
    """A code as people write it (``2-5``, ``２－５``) in the norm's way; empty when there is none. ``1.10`` is none:
    a spreadsheet cannot tell it from 1.1."""
    found = _WRITTEN.match(unicodedata.normalize("NFKC", text).translate(_DASHES).strip())
    code = f"{found[1]}-{int(found[2])}" if found else ""
    return code if code in CODES else ""
