"""What notes of outpatients, of emergencies and of observation must tell (articles 13 to 15 of the norm)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from clinical.medical_record import DocumentKind, Signer
from supervision.record_qc.content import Signed
from supervision.record_qc.items import Form, Item
from supervision.record_qc.model import NORM, OUTPATIENT, Group

_FIRST: Final = (DocumentKind.OUTPATIENT_FIRST, DocumentKind.EMERGENCY)
_RETURN: Final = (DocumentKind.OUTPATIENT_RETURN,)
_OBSERVATION: Final = (DocumentKind.OBSERVATION,)
_LETTER: Final = r"(?:(?<=\n)|(?<![\s\S]))"
"""Notes by problem have single letters as headings, which mean that at the beginning of a line alone (P: a pulse)."""
_ARTICLE: Final = f"{NORM}第十三条"
_ELSEWHERE: Final = frozenset({"主诉", "现病史", "既往史", "辅助检查", "诊断"})
_NOT_ILLNESS: Final = frozenset({"既往史", "过敏史", "个人史", "查体", "诊断"})
_TREATMENT: Final = frozenset({"处理", "医嘱", "处方"})
_DIAGNOSIS: Final = Item(
    "diagnosis", "诊断", rf"(?:初步|门诊|急诊|临床|目前|西医|中医)?(?:诊断|印象)|初步印象|拟诊|{_LETTER}A",
    r"诊断[为:：]?[ \t]*[^\s:：]|考虑|印象|待查", 3.0,
)  # fmt: skip
_ADVICE: Final = Item(
    "advice", "治疗意见",
    rf"处[理置](?:意见|措施)?|(?:治疗|诊疗|处理)(?:意见|方案|计划|措施)?|治疗|处方|医嘱|建议|嘱托|{_LETTER}P",
    r"(?:予|给予|建议|嘱|完善|收住?|转[诊院科至往上]|续[用服]|加[用服]|停[用服药]|改[用服为])[^。\n]{2,}|口服|"
    r"外用|静[滴脉]|肌注|[天日周月年后期内诊时适][^。，,；\n]{0,4}(?:复[查诊]|随[访诊])|\d+\s*(?:mg|g|片|粒|ml)",
    3.0,
)  # fmt: skip
_NAMED: Final = replace(
    _DIAGNOSIS,
    words=rf"{_DIAGNOSIS.words}|(?:病|炎|症|癌|瘤|结石|感染|高血压|骨折|损伤|溃疡|贫血|哮喘|肥大|增生)(?:[\s，。；、\d]|$)",
)
"""Who comes again is often written of by the name of the disease alone."""
_FORMS: Final = (
    Form(
        "outpatient-first",
        _FIRST,
        _ARTICLE,
        Group.OUTPATIENT,
        (
            Item("complaint", "主诉", rf"主诉|{_LETTER}S", r"主诉|因[“\"]|主因", 3.0),
            Item(
                "illness", "现病史", rf"现病史|(?:简要)?病史|{_LETTER}S",
                r"[天日月年周时]前|伴|患者|患儿|无[^。\n]{2,}|起病", 2.0, outside=_NOT_ILLNESS,
            ),
            Item(
                "past", "既往史", "既往(?:病)?史|过去史|既往|(?:药物)?过敏史",
                r"既往|过敏|体健|(?<!现)病史\s*\d|(?:高血压|糖尿病|冠心病|手术)[^。\n]{0,6}(?:史|年)|否认",
            ),
            Item(
                "examination", "阳性体征和必要的阴性体征",
                rf"查体|体格检查|体检|(?:专科|妇科|产科|口腔|眼科)(?:检查|情况)|体征|PE|{_LETTER}O",
                r"查体|体检|T\s*[:：]?\s*3\d|(?<![A-Za-z])BP|(?<!高)血压\s*[:：]?\s*\d|压痛|呼吸音|啰音|充血|"
                r"咽[部喉红]|肿大|心[率律]|可见|触及|未见|视力|叩痛",
                2.0, outside=_ELSEWHERE,
            ),
            _DIAGNOSIS,
            _ADVICE,
        ),
        kinds=OUTPATIENT,
        called="门(急)诊初诊病历",
    ),
    Form(
        "outpatient-return",
        _RETURN,
        _ARTICLE,
        Group.OUTPATIENT,
        (
            Item(
                "history", "病史", rf"主诉|现病史|病史|病情(?:变化)?|复诊情况|{_LETTER}S",
                r"复[诊查]|同前|较前|好转|缓解|加重|无(?:明显)?(?:不适|变化)|服药|术后|[天日月年周]|要求|续|"
                r"开药|取药",
                2.0, outside=_TREATMENT,
            ),
            _NAMED,
            _ADVICE,
        ),
        kinds=OUTPATIENT,
    ),
    Form(
        "observation",
        _OBSERVATION,
        f"{NORM}第十五条",
        Group.OUTPATIENT,
        (
            Item(
                "course", "观察期间病情变化",
                "(?:观察)?(?:期间)?病情(?:变化)?[^：:]{0,6}|留观(?:经过|情况|期间)[^：:]{0,8}",
                r"病情|好转|缓解|加重|体温|血压|生命体征|无(?:明显)?(?:变化|不适|加重)|诉|仍|症状", 2.0,
            ),
            Item(
                "measures", "诊疗措施", "诊[疗治](?:措施|经过)|处[理置]|治疗(?:经过|措施)?",
                r"予|给予|输液|静[滴脉]|口服|监护|吸氧|复查|检查|治疗", 2.0,
            ),
            Item(
                "destination", "患者去向", "(?:患者)?(?:去向|转归|离观(?:情况|去向)?)",
                r"去向|离院|离观|出观|收[入住治]|住院|转[入往院至]|回家|自动离开|死亡|继续(?:留观|观察)", 2.0,
            ),
        ),
        kinds=OUTPATIENT,
    ),
)  # fmt: skip
CHECKS: Final = (
    *(check for form in _FORMS for check in form.checks()),
    Signed(
        "outpatient-signature", (*_FIRST, *_RETURN, *_OBSERVATION), (Signer.AUTHOR, Signer.SUPERIOR), _ARTICLE,
        Group.OUTPATIENT, points=5.0, kinds=OUTPATIENT,
    ).check(),
)  # fmt: skip
