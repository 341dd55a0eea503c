"""What the first course note must hold (article 22, 1 of the norm); it is no copy of the admission record."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from clinical.medical_record import DocumentKind, Title
from supervision.record_qc.items import Form, Item, text_of
from supervision.record_qc.model import INPATIENT, NORM, Aspect, Check, Defect, Group, Said
from supervision.record_qc.places import Place
from supervision.record_qc.subject import Subject

_FIRST: Final = DocumentKind.FIRST_COURSE
_SOURCE: Final = f"{NORM}第二十二条(一)"
_IN_TRAINING: Final = frozenset({Title.STUDENT, Title.TRAINEE})
_PLAN: Final = r"诊[疗治]计划|治疗计划|诊疗方案|治疗方案|诊治方案|处理(?:意见|措施)?|下一步(?:诊疗)?计划|计划"
_PLANNED: Final = re.compile(f"{_PLAN}|医嘱")
_FORM: Final = Form(
    "first-course",
    (_FIRST,),
    _SOURCE,
    Group.COURSE,
    (
        Item("features", "病例特点", "(?:本)?病例(?:特[点征]|摘要)|病史特点", r"病例特[点征]|特点如下|病史特点", 2.0),
        Item(
            "grounds", "诊断依据", "(?:诊断)?依据|诊断及?(?:诊断)?依据|拟诊讨论|诊断分析|诊断讨论",
            r"依据|根据[^。\n]{2,40}(?:诊断|考虑)|支持[^。\n]{0,20}诊断|故(?:诊断|考虑)", 2.0,
        ),
        Item(
            "differential", "鉴别诊断", "鉴别诊断(?:及分析)?|诊断与鉴别诊断",
            r"鉴别|诊断(?:已)?(?:基本)?明确|除外|排除|不支持", 2.0,
        ),
        Item(
            "plan", "诊疗计划", _PLAN,
            r"(?:诊疗|治疗|诊治)(?:计划|方案|措施|原则)|(?:拟|予|给予|完善|积极|继续)[^。\n]{2,}", 2.0,
        ),
    ),
)  # fmt: skip

_GENERIC: Final = re.compile(
    r"完善|相关|必要的?|入院后?|常规|各项|辅助|进一步|检查|化验|明确|诊断|对症|支持|积极|治疗|处理|密切|严密|"
    r"注意|观察|病情|变化|"
    r"及时|上级|医师|医生|主任|查房|指导|请示|汇报|随诊|继观|根据|结果|调整|方案|诊疗|计划|向|患者|患方|家属|"
    r"交[代待]|告知|"
    r"沟通|请|等|及|与|和|给予|予以?|行|后|待|必要时|[\W_\d]"
)
_FEATURES: Final = re.compile(r"特[点征]|病史|^现病史$")
_ALIKE: Final = 0.92
_LEAST: Final = 80


def _vague(subject: Subject) -> Iterator[Said]:
    """A plan in which nothing but set phrases stands."""
    for document in subject.judged(_FIRST):
        for passage in subject.passages(document):
            if _PLANNED.fullmatch(passage.title) and passage.text.strip() and not _GENERIC.sub("", passage.text):
                yield Defect("诊疗计划只有套话，无具体的检查和治疗安排", passage.place())


def _copied(subject: Subject) -> Iterator[Said]:
    """The features of the case, which are the present illness word for word."""
    notes = subject.of(DocumentKind.ADMISSION, DocumentKind.READMISSION)
    illnesses = [p for n in notes if (p := subject.section(n, "现病史")) and len(p.text) >= _LEAST]
    for passage in subject.texts(subject.judged(_FIRST)):
        if len(passage.text) < _LEAST or not _FEATURES.search(passage.title):
            continue
        found = subject.likeness.closest(passage.text, [illness.text for illness in illnesses], _ALIKE)
        if found is not None:
            says = f"病例特点与入院记录现病史相似度{found[1]:.0%}，未作归纳整理"
            yield Defect(says, passage.place(), (illnesses[found[0]].place(),))


def _by_trainee(subject: Subject) -> Iterator[Said]:
    for document in subject.judged(_FIRST):
        author = document.author
        if author is not None and author.title in _IN_TRAINING and text_of(document).strip():
            yield Defect(f"首次病程记录由{author.title.value}书写，应由经治或值班医师书写", Place(document.id))


CHECKS: Final = (
    *_FORM.checks(),
    Check(
        name="first-course-plan-vague",
        title="诊疗计划无具体内容",
        group=Group.COURSE,
        aspect=Aspect.CLINICAL,
        kinds=INPATIENT,
        source=_SOURCE,
        mend="写明具体的检查项目和治疗措施安排",
        run=_vague,
        points=2.0,
    ),
    Check(
        name="first-course-copied",
        title="病例特点照搬现病史",
        group=Group.COURSE,
        aspect=Aspect.GENUINE,
        kinds=INPATIENT,
        source=_SOURCE,
        mend="对病史、体格检查和辅助检查归纳整理后写出病例特点，包括阳性发现和有鉴别意义的阴性资料",
        run=_copied,
        points=2.0,
    ),
    Check(
        name="first-course-by-trainee",
        title="首次病程记录由实习或试用期医师书写",
        group=Group.COURSE,
        aspect=Aspect.PROPER,
        kinds=INPATIENT,
        source=_SOURCE,
        mend="由经治医师或值班医师书写首次病程记录",
        run=_by_trainee,
        points=3.0,
    ),
)
