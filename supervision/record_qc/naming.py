"""Which document a title names: the norm's own names, those of WS/T 500 and what hospitals call them."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from clinical.medical_record import DocumentKind, Signer, Title

_FOLDED: Final = str.maketrans("（）", "()", " 　\t")
_ALSO: Final = {
    DocumentKind.OUTPATIENT_FIRST: "门(急)诊病历 门诊病历 初诊病历 初诊记录",
    DocumentKind.OUTPATIENT_RETURN: "复诊病历 复诊记录",
    DocumentKind.EMERGENCY: "急诊病历",
    DocumentKind.OBSERVATION: "急诊留观病历 留观病历 留观记录",
    DocumentKind.ADMISSION: "入院病历 住院病历 入院志",
    DocumentKind.READMISSION: "再次入院记录 多次入院记录 再入院记录",
    DocumentKind.DAY_STAY: "24小时入出院记录 24小时内出入院记录",
    DocumentKind.DAY_DEATH: "24小时入院死亡记录",
    DocumentKind.FIRST_COURSE: "首次病程",
    DocumentKind.COURSE: "病程记录 日常病程",
    DocumentKind.ROUND: "查房记录 主治医师查房 主任医师查房 首次查房",
    DocumentKind.DIFFICULT_CASE: "疑难病例讨论",
    DocumentKind.HANDING_OVER: "交班小结",
    DocumentKind.TAKING_OVER: "接班小结",
    DocumentKind.TRANSFER_OUT: "转出小结 转科记录(转出)",
    DocumentKind.TRANSFER_IN: "转入小结 转科记录(转入)",
    DocumentKind.STAGE_SUMMARY: "阶段总结 病程小结",
    DocumentKind.INVASIVE: "有创操作记录 穿刺记录 置管记录 诊疗操作记录",
    DocumentKind.CONSULTATION: "会诊单 会诊意见",
    DocumentKind.PREOP_DISCUSSION: "术前讨论",
    DocumentKind.ANAESTHESIA_BEFORE: "麻醉前访视记录 麻醉术前访视",
    DocumentKind.OPERATION: "一般手术记录 剖宫产记录",
    DocumentKind.SAFETY: "手术安全核查表 手术安全核查",
    DocumentKind.COUNT: "手术清点单 手术护理记录",
    DocumentKind.POSTOP_COURSE: "术后首次病程 术后病程记录",
    DocumentKind.ANAESTHESIA_AFTER: "麻醉后访视记录 麻醉术后访视",
    DocumentKind.DISCHARGE: "出院小结",
    DocumentKind.DEATH_DISCUSSION: "死亡讨论记录 死亡病例讨论",
    DocumentKind.CRITICAL_NURSING: "病重(病危)护理记录 危重患者护理记录",
    DocumentKind.CONSENT_OPERATION: "手术同意书",
    DocumentKind.CONSENT_ANAESTHESIA: "麻醉同意书",
    DocumentKind.CONSENT_TRANSFUSION: "输血治疗同意书 输血同意书 输血知情同意书",
    DocumentKind.CONSENT_SPECIAL: "特殊检查及特殊治疗同意书 特殊检查同意书 特殊治疗同意书",
    DocumentKind.CRITICAL_NOTICE: "病危通知书 病重通知书",
    DocumentKind.CONSENT_OTHER: "其他知情告知同意书 知情同意书 告知书 同意书",
}
_NAMES: Final = {
    name.translate(_FOLDED): kind
    for kind in DocumentKind
    for name in (kind.value, *_ALSO.get(kind, "").split())
    if kind is not DocumentKind.OTHER
}
_BY_LENGTH: Final = sorted(_NAMES, key=len, reverse=True)
_SIGNERS: Final = (
    (Signer.AGENT, ("代理", "家属", "监护", "亲属", "委托")),
    (Signer.PATIENT, ("患者", "病人")),
    (Signer.NURSE, ("护士", "护师")),
    (Signer.ANAESTHETIST, ("麻醉",)),
    (Signer.SURGEON, ("手术者", "术者", "主刀")),
    (Signer.SUPERIOR, ("上级", "审签", "审核", "主治", "主任")),
)


@lru_cache(maxsize=1024)
def kind_of(title: str) -> DocumentKind:
    """The kind of a document by its title: that name, else the longest name within it; ``OTHER`` when none is."""
    bare = title.translate(_FOLDED)
    known = _NAMES.get(bare)
    return known or next((_NAMES[name] for name in _BY_LENGTH if name in bare), DocumentKind.OTHER)


def signer_of(role: str) -> Signer:
    """As what somebody signed, by the words of the role."""
    return next((signer for signer, words in _SIGNERS if any(word in role for word in words)), Signer.AUTHOR)


def title_of(words: str) -> Title | None:
    """The professional title in some words, the longest that is there."""
    return next((title for title in sorted(Title, key=len, reverse=True) if title.value in words), None)
