"""Prescriptions of the county hospital for the pharmacist: reviewed and routed as any that a hospital submits."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import orjson

from api.bootstrap import House
from api.dispensary import about_of
from api.front import Front
from api.review import shown_as
from api.review_json import answered
from api.routes.reviews import SERVICE
from clinical.coded import china_day
from demo.people import HOSPITAL
from exchange.plain import decode, read
from records.reviews import Query

_NAME: Final = "安定县人民医院"


def submit(house: House, now: datetime) -> int:
    """Submit them, unless there are prescriptions already; gives how many wait for a pharmacist."""
    front = Front.open(house)
    if front.dispensary.reviews.queue(Query(limit=1)):
        return 0
    waiting = sum(_submitted(front, body, now) for body in PRESCRIPTIONS)
    front.reviewer.journal.flush()
    return waiting


def _submitted(front: Front, given: dict[str, Any], now: datetime) -> bool:
    body = {"institution": _NAME, "visit": "outpatient", "stage": "order-sign", "submit": {}, **given}
    plain = decode(orjson.dumps(body))
    assert plain.submit is not None
    incoming = read(plain, now)
    reviewed = front.reviewer.review(incoming, day=china_day(now), tenant=HOSPITAL)
    answer = answered(reviewed)
    pairs = zip(answer["findings"], reviewed.review.findings, strict=True)
    shown = tuple(shown_as(told["findingId"], finding) for told, finding in pairs)
    about = about_of(incoming, reviewed, HOSPITAL)
    decision = front.dispensary.submit(reviewed, plain.submit, about, {"request": body, "answer": answer}, now)
    front.reviewer.record(reviewed, SERVICE, "demo", now, body, answer, shown, HOSPITAL)
    return not decision["dispensable"]


def _drug(number: str, text: str, dose: float, unit: str, frequency: str, days: int, **more: Any) -> dict[str, Any]:
    made = {"id": number, "kind": "drug", "text": text, "dose": dose, "unit": unit, "route": "口服"}
    return made | {"frequency": frequency, "days": days} | more


def _result(text: str, value: float, unit: str) -> dict[str, Any]:
    return {"text": text, "value": value, "unit": unit, "institution": _NAME}


PRESCRIPTIONS: Final[tuple[dict[str, Any], ...]] = (
    {
        "department": "骨科",
        "prescriber": {"name": "赵志远"},
        "patient": {
            "id": "P0003",
            "sex": "男",
            "birthDate": "1957-02-20",
            "conditions": [{"text": "心房颤动"}, {"text": "膝骨关节炎"}],
            "allergies": [],
            "observations": [_result("国际标准化比值", 2.8, "1")],
            "medications": [_drug("M-71", "华法林钠片", 3, "mg", "qd", 28)],
        },
        "orders": [_drug("M-101", "布洛芬缓释胶囊", 0.3, "g", "bid", 7, urgent=True)],
    },
    {
        "department": "内分泌科",
        "prescriber": {"name": "钱丽华"},
        "patient": {
            "id": "P0006",
            "sex": "女",
            "birthDate": "1955-08-12",
            "weightKg": 58,
            "conditions": [{"text": "2型糖尿病"}, {"text": "慢性肾脏病"}, {"text": "心力衰竭"}],
            "allergies": [],
            "observations": [_result("血肌酐", 268, "umol/L"), _result("血钾", 6.2, "mmol/L")],
            "medications": [_drug("M-72", "螺内酯片", 20, "mg", "bid", 14)],
        },
        "orders": [
            _drug("M-102", "盐酸二甲双胍片", 0.5, "g", "tid", 14),
            _drug("M-103", "氯化钾缓释片", 1, "g", "bid", 14),
        ],
    },
    {
        "department": "儿科",
        "prescriber": {"name": "孙晓燕"},
        "patient": {
            "id": "P0107",
            "sex": "男",
            "birthDate": "2018-05-06",
            "weightKg": 24,
            "conditions": [{"text": "急性支气管炎"}],
            "allergies": [],
            "medications": [],
            "observations": [],
        },
        "orders": [_drug("M-104", "盐酸左氧氟沙星片", 0.2, "g", "bid", 5)],
    },
    {
        "department": "呼吸内科",
        "prescriber": {"name": "周建平"},
        "patient": {
            "id": "P0108",
            "sex": "女",
            "birthDate": "1979-11-02",
            "conditions": [{"text": "社区获得性肺炎"}],
            "allergies": [{"text": "青霉素", "reaction": "过敏性休克", "severe": True}],
            "medications": [],
            "observations": [],
        },
        "orders": [_drug("M-105", "阿莫西林克拉维酸钾片", 0.625, "g", "tid", 7)],
    },
    {
        "department": "心血管内科门诊（高血压与代谢性疾病联合门诊）",
        "prescriber": {"name": "斯琴高娃·额尔德尼"},
        "patient": {
            "id": "P0109",
            "sex": "女",
            "birthDate": "1992-03-18",
            "pregnancy": {"pregnant": True, "gestationalDays": 84},
            "conditions": [{"text": "妊娠合并慢性高血压"}],
            "allergies": [],
            "medications": [],
            "observations": [],
        },
        "orders": [_drug("M-106", "缬沙坦氢氯噻嗪片", 1, "片", "qd", 28)],
    },
    {
        "department": "消化内科",
        "prescriber": {"name": "吴志强"},
        "patient": {
            "id": "P0110",
            "sex": "男",
            "birthDate": "1985-07-21",
            "conditions": [{"text": "胃食管反流病"}],
            "allergies": [],
            "medications": [],
            "observations": [],
        },
        "orders": [_drug("M-107", "奥美拉唑肠溶胶囊", 20, "mg", "qd", 14)],
    },
)
"""Five that wait for a pharmacist and one that passes."""
