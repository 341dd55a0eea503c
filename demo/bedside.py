"""A patient whose chart is worth opening: what the county hospital sent of her, and the centre the week before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from demo import messages as say
from demo.people import CENTRE, CHART, HOSPITAL
from exchange.intake import Sent

NUMBER, ELSEWHERE = "P0006", "Z0006"
_DIAGNOSES: Final = (
    ("I50.900", "心力衰竭"),
    ("E11.900", "2型糖尿病"),
    ("N18.900", "慢性肾脏病"),
    ("I10.x00", "高血压"),
)
_DRUGS: Final = (
    ("盐酸二甲双胍片", "0.5", "g", "TID"),
    ("螺内酯片", "20", "mg", "BID"),
    ("氯化钾缓释片", "1", "g", "BID"),
    ("马来酸依那普利片", "10", "mg", "BID"),
)
_RESULTS: Final = (
    ("2823-3", "血钾", "6.2", "mmol/L", "3.5-5.3"),
    ("2160-0", "血肌酐", "268", "umol/L", "41-81"),
    ("3094-0", "尿素", "18.6", "mmol/L", "2.6-8.8"),
    ("4548-4", "糖化血红蛋白", "8.4", "%", "4.0-6.0"),
)
_EARLIER: Final = (
    ("2823-3", "血钾", "5.1", "mmol/L", "3.5-5.3"),
    ("2160-0", "血肌酐", "176", "umol/L", "41-81"),
)
_ECHO: Final = "超声心动图"


def story(day: datetime, centre: str) -> Iterator[Sent]:
    """Her visit today (as of a morning), laboratory results of this morning and of five weeks ago, and two
    echocardiograms within four days, in two institutions."""
    before, week, lately = day - timedelta(days=35), day - timedelta(days=7), day - timedelta(days=3)
    head = (f"EVN||{day:%Y%m%d%H%M%S}", say.pid(NUMBER, CHART), say.visit(f"V{NUMBER}", day, "心血管内科"))
    diagnoses = (say.diagnosis(code, text, day) for code, text in _DIAGNOSES)
    yield _hl7("ADT^A04", "ADT", day, *head, *diagnoses)
    who = say.pid(NUMBER, CHART)
    for place, (name, dose, unit, often) in enumerate(_DRUGS):
        lines = say.prescription(f"{NUMBER}-{place}", day - timedelta(days=3), name, dose, unit, often, 14)
        yield _hl7("RDE^O11", f"RDE{place}", day, who, *lines)
    yield _hl7("ORU^R01", "ORU1", before, who, *say.results(f"{NUMBER}-L1", before, *_EARLIER))
    yield _hl7("ORU^R01", "ORU2", day, who, *say.results(f"{NUMBER}-L2", day, *_RESULTS))
    visit = say.encounter(f"{ELSEWHERE}-V", ELSEWHERE, week, centre)
    echo = say.report(f"{ELSEWHERE}-UCG", ELSEWHERE, _ECHO, "左室射血分数38%，左房左室增大，室壁运动普遍减弱", week)
    person = say.person(ELSEWHERE, CHART)
    yield Sent(CENTRE, "fhir", say.bundle(f"demo-{day:%Y%m%d}-{ELSEWHERE}", person, visit, echo), source="demo")
    again = say.report(f"{NUMBER}-UCG", NUMBER, _ECHO, "左室射血分数40%，左心增大", lately)
    own = say.person(NUMBER, CHART)
    yield Sent(HOSPITAL, "fhir", say.bundle(f"demo-{day:%Y%m%d}-{NUMBER}", own, again), source="demo")


def _hl7(kind: str, name: str, at: datetime, *segments: str) -> Sent:
    number = f"demo-{at:%Y%m%d}-{NUMBER}-{name}"
    return Sent(HOSPITAL, "hl7v2", say.hl7(kind, number, at, *segments), source="demo")
