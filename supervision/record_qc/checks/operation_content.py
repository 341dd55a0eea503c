"""What the papers of an operation must tell (article 22, 11 to 19 of the norm), and who takes part in discussions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from clinical.medical_record import Document, DocumentKind
from supervision.record_qc.items import Form, Item, text_of
from supervision.record_qc.model import CORE_SYSTEMS, INPATIENT, NORM, Aspect, Check, Defect, Gap, Group, Said
from supervision.record_qc.places import Place
from supervision.record_qc.rounders import names
from supervision.record_qc.subject import Subject
from supervision.record_qc.timing import Anchor, matched

_ARTICLE: Final = f"{NORM}第二十二条"
_INDICATORS: Final = "《病案管理质量控制指标(2021年版)》"


def _dated(document: Document) -> bool:
    return document.written is not None


_TITLED: Final = "(?:主任|主治|住院)医师"
"""Two of them in one list name who took part."""
_GROUNDS: Final = Item(
    "indication", "手术指征", "手术指[征证]|手术适应[症证]", r"手术指[征证]|手术适应[症证]|指征", 2.0
)
_BEFORE: Final = Item(
    "diagnosis",
    "术前诊断",
    "术前诊断|(?:入院|初步|目前)?诊断",
    r"术前诊断[^。\n]{0,6}[:：为][ \t]*[^\s:：]|诊断[为:：][ \t]*[^\s:：]",
)
_PREOP_SUMMARY: Final = Form(
    "preop-summary",
    (DocumentKind.PREOP_SUMMARY,),
    f"{_ARTICLE}(十一)",
    Group.OPERATION,
    (
        Item(
            "history", "简要病情", "(?:简要)?(?:病情|病史|病历)(?:摘要|简介)?|简要病[情史]|病例摘要",
            r"因[“\"]|主因|入院|查体",
        ),
        _BEFORE,
        _GROUNDS,
        Item(
            "operation", "拟施手术名称和方式",
            "(?:拟[施行]|手术)(?:手术)?(?:名称|方式|方案|名称(?:和|及|与)方式)?|拟[施行]手术",
            r"拟[^。\n]{0,12}(?:行|施)(?!手术|麻醉)[^。\n]{2,}|手术方[式案]",
        ),
        Item("anaesthesia", "拟施麻醉方式", "(?:拟[施行])?麻醉(?:方式|方法)?", r"麻醉|[全局]麻|腰麻"),
        Item("precautions", "注意事项", "(?:术[前中后]{1,3})?注意事项|术前准备", r"注意|预防|警惕|防[范止]|准备"),
        Item(
            "surgeon-seen", "手术者术前查看患者情况",
            "(?:手术者|术者)(?:术前)?(?:查看|查房|看望|意见)[^：:]{0,10}",
            r"(?:手术者|术者|主刀|主任|医师)[^。\n]{0,15}(?:查看|看过|查房|访视|看望|检视)|(?:查看|"
            r"看望)(?:了)?(?:病人|患者)",
        ),
    ),
)  # fmt: skip
_PREOP_DISCUSSION: Final = Form(
    "preop-discussion",
    (DocumentKind.PREOP_DISCUSSION,),
    f"{_ARTICLE}(十二)",
    Group.OPERATION,
    (
        Item(
            "preparation", "术前准备情况", "(?:术前)?准备(?:情况)?",
            r"准备|已完善|备血|禁食|检查(?:已)?(?:齐全|完善|回报)",
        ),
        _GROUNDS,
        Item(
            "plan", "手术方案", "(?:拟[施行])?手术(?:方案|方式|名称)|拟[施行]手术",
            r"手术方[案式]|拟[^。\n]{0,12}(?:行|施)(?!手术|麻醉)[^。\n]{2,}",
        ),
        Item(
            "risks", "可能出现的意外及防范措施", "(?:术[中后]{1,2})?(?:可能|风险|意外|并发症)[^：:]{0,16}|防范措施",
            r"意外|并发症|风险|防范|可能(?:出现|发生)|损伤|出血|大出血", 2.0,
        ),
        Item(
            "participants", "参加讨论者的姓名及专业技术职务",
            "参[加与](?:讨论)?(?:人员|者|人)[^：:]{0,12}|出席(?:人员|者)",
            rf"参[加与](?:讨论)?(?:人员|者|人)|出席|{_TITLED}[^。\n]{{0,8}}[、,，;；][^。\n]{{0,16}}{_TITLED}",
        ),
        Item(
            "opinions", "具体讨论意见", "(?:具体)?讨论(?:意见|内容|记录|发言)|发言(?:记录)?",
            r"[一-龥]{1,4}(?:医师|主任|主治|医生)[^。\n]{0,8}[:：]",
        ),
        Item("conclusion", "主持人小结意见", "(?:主持人)?(?:小结|总结)(?:意见|发言)?|讨论(?:结论|小结)|结论",
             r"小结|总结|综合[^。\n]{0,8}(?:意见|讨论)|结论|主持人[^。\n]{0,8}(?:意见|认为)"),
    ),
)  # fmt: skip
_OPERATION: Final = Form(
    "operation-note",
    (DocumentKind.OPERATION,),
    f"{_ARTICLE}(十五)",
    Group.OPERATION,
    (
        Item("date", "手术日期", "手术(?:日期|时间|起止时间|开始时间)", r"\d{4}\s*[-年./]\s*\d{1,2}", known=_dated),
        Item("diagnosis-before", "术前诊断", "(?:手)?术前诊断", r"术前诊断[:：]?[ \t]*[^\s:：]"),
        Item("diagnosis-during", "术中诊断", "(?:手)?术[中后]诊断", r"术[中后]诊断[:：]?[ \t]*[^\s:：]"),
        Item(
            "name", "手术名称", "(?:实施|所施|施行)?手术(?:名称|方式|操作名称)|术式",
            r"手术(?:名称|方式)[:：]?[ \t]*[^\s:：]", 2.0,
        ),
        Item("surgeons", "手术者及助手姓名", "(?:手)?术者|手术(?:医师|人员|者及助手)|主刀(?:医师)?|助手|[一Ⅰ]助",
             r"(?:术者|主刀|手术医师|手术者)[^\n]{0,4}[:：]?\s*[一-龥]{2,}"),
        Item(
            "anaesthesia", "麻醉方法", "麻醉(?:方法|方式)?",
            r"麻醉方[法式][:：]?[ \t]*[^\s:：]|[全局腰]麻|全身麻醉|局部(?:浸润)?麻醉|椎管内|硬膜外|阻滞",
        ),
        Item("course", "手术经过", "手术(?:经过|过程|步骤|记录)(?:[^：:]{0,20})?|经过|手术经过、术中.*",
             r"(?:消毒|铺[巾单])[^\n]{10,}|逐层|切开[^\n]{10,}|置入[^\n]{10,}", 5.0),
        Item(
            "events", "术中出现的情况及处理",
            "术中(?:出现的?)?(?:情况|所见|发现|出血|特殊情况|并发症)[^：:]{0,12}|术中情况及处理",
            r"术中(?!诊断)|出血|输血|顺利|见[^。\n]{4,}|探查|失血", 2.0,
        ),
    ),
)  # fmt: skip
_POSTOP: Final = Form(
    "postop-course",
    (DocumentKind.POSTOP_COURSE,),
    f"{_ARTICLE}(十八)",
    Group.OPERATION,
    (
        Item(
            "time", "手术时间", "手术(?:日期|时间|起止时间)",
            r"\d{1,2}\s*[:：时点]|\d{4}\s*[-年]|今日|于[^。\n]{0,16}(?:行|在)",
        ),
        Item("diagnosis", "术中诊断", "术[中后]诊断|诊断", r"术[中后]诊断|诊断[:：为]"),
        Item("anaesthesia", "麻醉方式", "麻醉(?:方式|方法)?", r"麻醉|[全局腰]麻"),
        Item(
            "operation", "手术方式", "(?:实施|所施)?手术(?:名称|方式)|术式",
            r"行[^。\n]{0,30}术|手术(?:方式|名称)|术式",
        ),
        Item(
            "course", "手术简要经过", "(?:手术)?(?:简要)?(?:经过|过程)|手术简要经过|术中情况",
            r"术中|经过|顺利|探查|见[^。\n]{4,}",
        ),
        Item("treatment", "术后处理措施", "术后(?:处理|治疗|医嘱|措施)[^：:]{0,8}|处理(?:措施)?|治疗",
             r"术后[^。\n]{0,6}(?:予|给予|处理|治疗|继续|返回|安返)|予[^。\n]{2,}|监护|吸氧|补液|抗感染|禁食", 1.0),
        Item(
            "watch", "术后应特别注意观察的事项", "(?:术后)?(?:注意|观察)[^：:]{0,12}|注意事项",
            r"注意|观察|监测|警惕|关注", 1.0,
        ),
    ),
)  # fmt: skip
_VISIT_BEFORE: Final = Form(
    "anaesthesia-visit-before",
    (DocumentKind.ANAESTHESIA_BEFORE,),
    f"{_ARTICLE}(十三)",
    Group.OPERATION,
    (
        Item(
            "operation", "拟行手术方式", "拟[行施](?:手术)?(?:名称|方式)?|手术(?:名称|方式)",
            r"拟[^。\n]{0,10}[行施](?!手术|麻醉)[^。\n]{2,}",
        ),
        Item(
            "anaesthesia", "拟行麻醉方式", "(?:拟[行施])?麻醉(?:方式|方法|计划)",
            r"[全局腰]麻|全身麻醉|椎管内|硬膜外|阻滞",
        ),
        Item("results", "与麻醉相关的辅助检查结果", "(?:麻醉相关)?(?:辅助检查|检查结果|实验室检查|化验)[^：:]{0,6}",
             r"心电图|ECG|血常规|凝血|胸片|肺功能|肝肾功|Hb|血红蛋白|检查"),
        Item("precautions", "麻醉中需注意的问题", "(?:麻醉)?[^：:]{0,8}(?:注意|风险|评估|问题)[^：:]{0,12}",
             r"注意|风险|困难气道|气道|警惕|防[范止]|返流|反流|[保维]持"),
    ),
)  # fmt: skip
_VISIT_AFTER: Final = Form(
    "anaesthesia-visit-after",
    (DocumentKind.ANAESTHESIA_AFTER,),
    f"{_ARTICLE}(十九)",
    Group.OPERATION,
    (
        Item("recovery", "麻醉恢复情况", "(?:麻醉)?恢复(?:情况)?|一般情况|清醒时间|意识",
             r"清醒|苏醒|恢复|意识|神志|拔管|拔除|肌力|感觉|活动|生命体征"),
    ),
)  # fmt: skip

# -- implants --------------------------------------------------------------------------------

_IDENTIFIED: Final = re.compile(
    r"型号|批号|规格|条(?:形)?码|序列号|产品(?:编)?[号码]|生产厂|厂家|公司|合格证|标[识签]|粘贴|UDI|"
    r"\d+(?:\.\d+)?\s*[×x*]\s*\d+\s*(?:mm|cm)?"
)


def _unidentified_implants(subject: Subject) -> Iterator[Said]:
    """An operation that left something in the body, of which no note tells what exactly."""
    implanted = [o for o in subject.record.operations or () if o.implants and (o.end or o.at)]
    anchors = [Anchor(at, o.id) for o in implanted if (at := o.end or o.at)]
    notes = matched(anchors, subject.of(DocumentKind.OPERATION))
    labels = any(re.search("植入|合格证|条码", d.title) for d in subject.of(DocumentKind.OTHER, DocumentKind.COUNT))
    for operation, note in zip(implanted, notes, strict=True):
        if note is None or note not in subject.judged(DocumentKind.OPERATION) or labels:
            continue
        if not text_of(note).strip():
            yield Gap("手术记录的正文")
        elif not _IDENTIFIED.search(text_of(note)):
            says = f"{operation.name}有植入物，手术记录未写植入物的型号、规格或标识"
            yield Defect(says, Place(note.id), key=operation.id)


def _surgeon_absent(subject: Subject) -> Iterator[Said]:
    """The surgeon has to take part in the discussion."""
    surgeons = {one.surgeon.name for one in subject.record.operations or () if one.surgeon}
    for document in subject.judged(DocumentKind.PREOP_DISCUSSION):
        text = text_of(document)
        people = {one.name for one in (document.leader, document.author, *(document.signatures or ())) if one}
        if not surgeons:
            yield Gap("手术者")
        elif not text.strip():
            yield Gap("术前讨论记录的正文")
        elif not any(names(name, text) or name in people for name in surgeons):
            yield Defect(f"术前讨论未见手术者{'、'.join(sorted(surgeons))}参加", Place(document.id))


CHECKS: Final = (
    *_PREOP_SUMMARY.checks(),
    *_PREOP_DISCUSSION.checks(),
    *_OPERATION.checks(),
    *_POSTOP.checks(),
    *_VISIT_BEFORE.checks(),
    *_VISIT_AFTER.checks(),
    Check(
        name="operation-note-implants",
        title="手术记录未写明植入物",
        group=Group.OPERATION,
        aspect=Aspect.COMPLETE,
        kinds=INPATIENT,
        source=f"{_INDICATORS}指标十五(植入物相关记录符合率)",
        mend="在手术记录中写明植入物名称、型号、规格、数量，粘贴标识",
        run=_unidentified_implants,
        points=2.0,
    ),
    Check(
        name="preop-discussion-surgeon",
        title="手术者未参加术前讨论",
        group=Group.OPERATION,
        aspect=Aspect.CLINICAL,
        kinds=INPATIENT,
        source=f"{CORE_SYSTEMS}八、术前讨论制度",
        mend="术者必须参加术前讨论，并记录其意见",
        run=_surgeon_absent,
        points=3.0,
    ),
)
