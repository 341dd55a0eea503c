"""What national goals of medical quality ask for and a record must show: risk of clots, stages of tumours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Final

from clinical.medical_record import DocumentKind, EventKind
from supervision.record_qc.diagnosed import at_end, coded
from supervision.record_qc.followed import TEXTS, due
from supervision.record_qc.meaning import CONSENTS, LANGUAGE, drug_orders, finds, kinds_of, written
from supervision.record_qc.model import ENDED, INPATIENT, LATER, Aspect, Check, Defect, Gap, Group, Said, Severity
from supervision.record_qc.subject import Subject

_CLOTS: Final = re.compile(
    r"VTE|Caprini|Padua|血栓(?:栓塞症?)?(?:形成)?(?:的)?(?:风险|危险|评估|评分|预防)|[防预][^，。；;\n]{0,12}血栓|DVT(?:风险|评估|预防)|"
    r"抗凝|弹力袜|气压|间歇充气|足底泵",
    re.IGNORECASE,
)
_ASSESSMENT: Final = re.compile(r"评估|评分")
_GREAT: Final = 3
_ADULT: Final = 18
_MALIGNANCY: Final = "disease:malignancy"
_STAGED: Final = re.compile(
    r"分期|TNM|[cpy]?T(?:[0-4X]|is)[a-d]?\s*N[0-3X]|[ⅠⅡⅢⅣ][ABCabc]?\d?\s*期|I{1,3}[ABC]?\s*期|IV[AB]?\s*期|"
    r"早期[^，,。；;\\n]{0,6}癌|进展期|晚期|局限期|广泛期|FIGO|Dukes|CNLC|BCLC|Ann|Rai",
    re.IGNORECASE,
)
_NEVER_STAGED: Final = re.compile(r"白血病|骨髓增生|基底细胞|原位|交界性|红细胞增多|血小板增多")


def _clots(subject: Subject) -> Iterator[Said]:
    """A great operation on an adult whose risk of clots nobody wrote of. Before a record is archived, forms of its
    assessment may be elsewhere."""
    age, operations = subject.record.visit.age, subject.record.operations
    if operations is None or age is None:
        yield Gap("手术信息" if operations is None else "患者年龄")
        return
    great = [one for one in operations if (one.level or 0) >= _GREAT and one.at and due(subject, one.at)]
    texts = [document for document in subject.documents if document.kind not in CONSENTS]
    if not great or age < _ADULT or finds(subject, texts, _CLOTS):
        return
    forms = any(_ASSESSMENT.search(document.title) for document in subject.of(DocumentKind.OTHER))
    if not forms and subject.record.visit.archived is None:
        yield Gap("护理(风险)评估单")
    else:
        yield Defect(f"{great[0].name}(级别{great[0].level})围手术期未见静脉血栓风险评估", key=great[0].id)


def _stage(subject: Subject) -> Iterator[Said]:
    """A malignancy that was treated and whose stage stands nowhere."""
    orders = drug_orders(subject, "drug-class:antineoplastic")
    events = subject.events(EventKind.CHEMOTHERAPY, EventKind.RADIOTHERAPY)
    if subject.facts("") is None or subject.release is None:
        yield LANGUAGE
        return
    if events is None and orders is None:
        yield Gap("抗肿瘤治疗的事件或医嘱")
        return
    treated = bool(orders) or bool(events)
    given = [*at_end(subject), *(coded(subject, one) for one in subject.record.diagnoses or ())]
    tumour = next((one for one in given if _MALIGNANCY in kinds_of(subject, one.concept)), None)
    if not treated or tumour is None or any(_NEVER_STAGED.search(one.text) for one in given):
        return
    texts = subject.of(*TEXTS)
    if not written(subject, texts):
        yield Gap("病程记录正文")
    elif not finds(subject, texts, _STAGED):
        yield Defect(f"“{tumour.text}”行抗肿瘤治疗，病历未见肿瘤分期", others=(tumour.place,))


_check = partial(
    Check, group=Group.CORE, kinds=INPATIENT, aspect=Aspect.CLINICAL, severity=Severity.MINOR, points=1.0
)
_GOALS: Final = "《2021年国家医疗质量安全改进目标》(国卫办医函〔2021〕76号)"
CHECKS: Final = (
    _check(
        name="goal-clot-risk",
        title="大手术未评估静脉血栓风险",
        source=f"{_GOALS}(提高静脉血栓栓塞症规范预防率)",
        mend="完成静脉血栓栓塞症和出血风险评估，记录预防措施",
        run=_clots,
        stages=LATER,
    ),
    _check(
        name="goal-tumour-stage",
        title="恶性肿瘤治疗未见分期",
        source=f"{_GOALS}(提高肿瘤治疗前临床TNM分期评估率)",
        mend="在治疗前病程记录中写明临床分期及依据",
        run=_stage,
        stages=ENDED,
    ),
)
