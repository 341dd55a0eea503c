"""Parts of documents under headings that only some documents have (手术名称, 术前诊断, 出院带药, 死亡时间 …)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from clinical.medical_record import Document
from nlp.sections import section_of
from supervision.record_qc.places import Place
from supervision.record_qc.subject import Passage

_KNOWN: Final = (
    r"(?:患者)?姓名|性别|年龄|科室|床号|住院号|病案号|主诉|现病史|既往史|查体|体格检查|辅助检查|"
    r"(?:入院|出院|术前|术中|术后|死亡|初步|修正|补充|临床|病理|目前)诊断|诊断|诊断依据|鉴别诊断|病例特点|诊疗计划|"
    r"(?:拟行|拟施|所行|实施|实际|已行)?手术(?:名称)?(?:[和及与]?方式|名称)?|手术(?:日期|时间|开始时间|结束时间|等级|级别|指征|经过|步骤|者|医师)|"
    r"拟[行施]手术(?:名称)?(?:[和及与]方式)?|术式|主刀(?:医[师生])?|术者|(?:第?一)?助手|器械护士|巡回护士|"
    r"(?:拟行)?麻醉(?:方式|方法|医师|者)|(?:术中)?(?:失血|出血)量?|(?:术中)?输血(?:量|情况)?|(?:术中)?输液量?|尿量|标本(?:处理|送检)?|引流(?:物)?|"
    r"切口(?:等级|类别|分类)?|植入物|入院(?:日期|时间|情况)|出院(?:日期|时间|情况|医嘱|带药)|住院(?:天数|日数)|实际住院(?:天数|日数)?|"
    r"诊疗经过|治疗经过|治疗结果|疗效|死亡(?:时间|日期|原因)|抢救(?:时间|经过|措施)|讨论(?:时间|意见)|会诊(?:意见|目的|科室)"
)
_HEADING: Final = re.compile(
    rf"(?:^|(?<=[。；;，,！\s]))[ \t]*(?:[一二三四五六七八九十\d]{{1,2}}[、.．)）][ \t]*)?[【\[(（]?[ \t]*"
    rf"(?P<name>{_KNOWN})[ \t]*(?:[】\])）][ \t]*[:：]?|[:：])",
    re.MULTILINE,
)


def parts(document: Document, headings: str) -> Iterator[Passage]:
    """Texts of a document that stand under headings that a regular expression matches: sections of their own, or
    parts of a text that came as a whole."""
    wanted = _compiled(headings)
    for section in document.sections:
        if section.title and wanted.search(section.title):
            yield Passage(document, section.title, section_of(section.title), section.text)
            continue
        found = list(_HEADING.finditer(section.text))
        ends = [*(match.start() for match in found[1:]), len(section.text)]
        for match, end in zip(found, ends, strict=False):
            if wanted.search(match["name"]):
                yield Passage(document, match["name"], section_of(match["name"]), section.text[match.end() : end])


def searched(document: Document, pattern: re.Pattern[str]) -> Iterator[tuple[re.Match[str], Place]]:
    """The first match in each section with its heading in front (住院天数：9天), and its place in the section."""
    for section in document.sections:
        head = f"{section.title}：" if section.title else ""
        match = pattern.search(head + section.text)
        if match is not None:
            passage = Passage(document, section.title, section_of(section.title), section.text)
            yield match, passage.place(max(0, match.start() - len(head)), max(0, match.end() - len(head)))


@lru_cache(maxsize=256)
def _compiled(headings: str) -> re.Pattern[str]:
    return re.compile(headings)
