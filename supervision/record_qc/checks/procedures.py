"""Notes of what is done to a patient: rescues, procedures, transfusions, chemotherapy, nursing of the gravely ill."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Final

from clinical.medical_record import DocumentKind, EventKind, Signer
from supervision.record_qc.content import Signed
from supervision.record_qc.days import NORM_NOTES, day
from supervision.record_qc.items import Form, Item, text_of
from supervision.record_qc.model import (
    ANY_RECORD,
    INPATIENT,
    LATER,
    NORM,
    OUTPATIENT,
    Aspect,
    Check,
    Defect,
    Gap,
    Grade,
    Group,
    Said,
    Severity,
)
from supervision.record_qc.places import Place
from supervision.record_qc.subject import Subject
from supervision.record_qc.timing import Limit, ends_of, matched, shown

_ARTICLE: Final = f"{NORM}第二十二条"
_INDICATORS: Final = "《病案管理质量控制指标(2021年版)》"
_BLOOD: Final = "《医疗机构临床用血管理办法》(卫生部令第85号)第二十八条"

_RESCUE: Final = Form(
    "rescue-note",
    (DocumentKind.RESCUE,),
    f"{_ARTICLE}(八)",
    Group.COURSE,
    (
        Item(
            "change", "病情变化情况", "病情变化(?:情况)?|(?:病情)?经过",
            r"突[然发]|出现|[转变]为|意识|呼吸|心[跳率]|血压|恶化|加重|昏迷", 2.0,
        ),
        Item("measures", "抢救时间及措施", "抢救(?:时间|措施|经过|时间及措施)[^：:]{0,6}",
             r"予|给予|按压|复苏|插管|除颤|吸氧|静[推注脉]|肾上腺素|升压|输[血液]|监护|止血|洗胃", 2.0),
        Item(
            "participants", "参加抢救的医务人员姓名及职称",
            "参[加与](?:抢救)?(?:的)?(?:医务)?(?:人员|者)[^：:]{0,12}|抢救人员",
            r"参[加与][^。\n]{0,8}(?:人员|抢救|者)|[一-龥]{2,4}(?:副?主任|主治|住院)?(?:医师|医生|护士|护师)",
            1.0,
        ),
    ),
    kinds=ANY_RECORD,
)  # fmt: skip
_INVASIVE: Final = Form(
    "invasive-note",
    (DocumentKind.INVASIVE,),
    f"{_ARTICLE}(九)",
    Group.COURSE,
    (
        Item(
            "name", "操作名称", "操作(?:名称|项目)|(?:有创)?(?:诊疗)?操作",
            r"术|穿刺|置管|插管|引流|活检|造影|[胃肠]镜|切开",
        ),
        Item(
            "steps", "操作步骤", "操作(?:步骤|经过|过程)|经过",
            r"消毒|铺[巾单]|局麻|麻醉|进针|穿刺点|置入(?!术)|抽[出吸取]|步骤|定位", 2.0,
        ),
        Item("result", "操作结果及患者一般情况", "(?:操作)?结果[^：:]{0,10}|(?:患者)?一般情况",
             r"结果|抽出|引出|引流出|成功|顺利|失败|取[得出]|一般情况|生命体征|安返|无不适|留取|送检"),
        Item(
            "reaction", "过程是否顺利、有无不良反应", "(?:有无)?不良反应|并发症",
            r"顺利|不良反应|不适|并发症|无[^。\n]{0,12}(?:出血|反应|损伤)",
        ),
        Item("advice", "术后注意事项及是否向患者说明", "(?:术后|操作后)?注意事项[^：:]{0,12}|术后[^：:]{0,6}",
             r"注意|嘱|告知|说明|交[代待]|观察|制动|卧床|禁[食水]|压迫"),
    ),
)  # fmt: skip
_TRANSFUSION: Final = Form(
    "transfusion-note",
    (DocumentKind.TRANSFUSION,),
    _BLOOD,
    Group.COURSE,
    (
        Item(
            "component", "输注血液成分及数量", "(?:输[血注])?(?:成[分份]|品种|种类)[^：:]{0,8}|输血量|血量",
            r"(?:红细胞|血浆|血小板|冷沉淀|全血)[^。\n]{0,16}\d|\d[^。\n]{0,8}(?:红细胞|血浆|血小板|冷沉淀|全血)",
            2.0,
        ),
        Item(
            "reaction", "有无输血不良反应", "(?:输血)?不良反应|反应", r"反应|不适|顺利|过敏|发热|寒战|寒颤",
            2.0, none_will_do=True,
        ),
    ),
)  # fmt: skip

# -- notes that there must be ----------------------------------------------------------------

INVASIVE: Final = Limit(
    "invasive-note", "有创诊疗操作记录", (DocumentKind.INVASIVE, DocumentKind.OPERATION),
    ends_of(EventKind.INVASIVE, called="有创操作于"), timedelta(hours=6), f"{_ARTICLE}(九)", asked="操作完成后即刻",
    missing_points=3.0,
)  # fmt: skip


def _unnoted(kind: EventKind, own: DocumentKind, words: str, what: str) -> Callable[[Subject], Iterator[Said]]:
    """Something that was done, of which neither a note of its own nor a course note of these days tells."""
    told = re.compile(words)

    def run(subject: Subject) -> Iterator[Said]:
        events = subject.events(kind)
        if events is None:
            yield Gap(f"{kind.value}事件")
        for event in events or ():
            if event.at is None:
                yield Gap(f"{kind.value}时间")
                continue
            days = {day(event.at) + timedelta(n) for n in (0, 1)}
            notes = [d for d in subject.of(own, *NORM_NOTES) if d.written is None or day(d.written) in days]
            if not any(note.kind is own or told.search(text_of(note)) for note in notes):
                yield Defect(f"{shown(event.at)}{kind.value}，{what}", key=event.id)

    return run


def _nursing(subject: Subject) -> Iterator[Said]:
    events = subject.events(EventKind.CRITICAL, EventKind.SERIOUS)
    if events is None:
        yield Gap("病危(重)事件")
    elif events and not subject.of(DocumentKind.CRITICAL_NURSING):
        yield Defect(f"{events[0].kind.value}患者无病重(病危)患者护理记录")


def _emergency_rescue(subject: Subject) -> Iterator[Said]:
    """The time limit of rescue notes is a check of its own for inpatients; here it is whether there is one at all."""
    events = subject.events(EventKind.RESCUE)
    if events is None:
        yield Gap("抢救事件")
    elif events and not subject.of(DocumentKind.RESCUE):
        yield Defect("门(急)诊抢救危重患者，无抢救记录", key=events[0].id)


_NOTED: Final = re.compile(r"补记|补写|追记|后补")
_SOON: Final = timedelta(hours=2)
_DUE: Final = timedelta(hours=6)


def _made_up_later(subject: Subject) -> Iterator[Said]:
    """A rescue note that was written afterwards, within the time for it, says so; one beyond it is told as late."""
    ends = [one for one in ends_of(EventKind.RESCUE, called="抢救")(subject) if not isinstance(one, Gap)]
    if subject.events(EventKind.RESCUE) is None:
        yield Gap("抢救事件")
    for anchor, document in zip(ends, matched(ends, subject.of(DocumentKind.RESCUE)), strict=True):
        if document is None or document not in subject.judged() or document.done is None:
            continue
        afterwards = anchor.at + _SOON < document.done <= anchor.at + _DUE
        if afterwards and not _NOTED.search(document.title + text_of(document)):
            says = f"抢救于{shown(anchor.at)}结束，记录于{shown(document.done)}，未注明系补记"
            yield Defect(says, Place(document.id), key=anchor.id)


_check: Final = partial(Check, group=Group.COURSE, aspect=Aspect.COMPLETE, kinds=INPATIENT, stages=LATER)


CHECKS: Final = (
    *_RESCUE.checks(),
    *_INVASIVE.checks(),
    *_TRANSFUSION.checks(),
    *INVASIVE.checks(),
    _check(
        "rescue-note-not-marked-late",
        "抢救记录系补记而未注明",
        source=f"{_ARTICLE}(八)",
        mend="未能及时书写的在抢救结束后6小时内据实补记，并注明补记",
        run=_made_up_later,
        points=0.5,
    ),
    _check(
        "emergency-rescue-note-missing",
        "门(急)诊抢救无抢救记录",
        group=Group.OUTPATIENT,
        kinds=OUTPATIENT,
        source=f"{NORM}第十五条",
        mend="抢救危重患者应书写抢救记录",
        run=_emergency_rescue,
        severity=Severity.SEVERE,
        points=10.0,
        veto=Grade.C,
    ),
    _check(
        "transfusion-note-missing",
        "输血无记录",
        source=f"{_BLOOD}；{_INDICATORS}指标十六(临床用血相关记录符合率)",
        mend="将输血过程记入病历",
        run=_unnoted(
            EventKind.TRANSFUSION,
            DocumentKind.TRANSFUSION,
            r"输[注血]|红细胞|血浆|血小板|冷沉淀",
            "当日及次日病历中无输血记录",
        ),
        severity=Severity.SEVERE,
        points=3.0,
        veto=Grade.B,
    ),
    _check(
        "chemotherapy-note-missing",
        "化疗无记录",
        source=f"{_INDICATORS}指标十二(恶性肿瘤化学治疗记录符合率)",
        mend="在病程中记录化疗方案、剂量和不良反应",
        run=_unnoted(
            EventKind.CHEMOTHERAPY,
            DocumentKind.CHEMOTHERAPY,
            r"化疗|化学治疗|抗肿瘤|方案",
            "当日及次日病历中无化疗记录",
        ),
        points=3.0,
    ),
    _check(
        "radiotherapy-note-missing",
        "放疗无记录",
        source=f"{_INDICATORS}指标十三(恶性肿瘤放射治疗记录符合率)",
        mend="在病程中记录放疗计划、剂量和反应",
        run=_unnoted(
            EventKind.RADIOTHERAPY, DocumentKind.RADIOTHERAPY, r"放疗|放射治疗|照射|Gy", "当日及次日病历中无放疗记录"
        ),
        points=3.0,
    ),
    _check(
        "critical-nursing-missing",
        "病重(病危)患者无护理记录",
        source=f"{_ARTICLE}(二十三)",
        mend="按病重(病危)患者护理记录的要求记录并归入病历",
        run=_nursing,
        points=3.0,
    ),
    Signed(
        "critical-nursing-signature",
        (DocumentKind.CRITICAL_NURSING,),
        (Signer.NURSE,),
        f"{_ARTICLE}(二十三)",
        Group.COURSE,
    ).check(),
)
