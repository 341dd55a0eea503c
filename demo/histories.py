"""What the institutions know of people, as the messages they send: whoever was registered came with a complaint,
was examined and got something for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final, NamedTuple

from benchmarks.population import TODAY, Registration
from clinical.coded import CHINA
from clinical.logic import Unknown
from clinical.patient import Sex
from demo import messages as say
from demo.people import CENTRE, HOSPITAL, registered
from exchange.intake import Sent

Json = dict[str, Any]
_SEED: Final = "histories"


class Disease(NamedTuple):
    """Something people have: code, name, from which age, the drug for it (dose, unit, frequency, days) and the
    laboratory result that belongs to it: code, text, unit, range, mean and spread."""

    code: str
    name: str
    age: int
    drug: tuple[str, str, str, str, int]
    lab: tuple[str, str, str, str, float, float]


_DISEASES: Final = (
    Disease(
        *("I10.x00", "原发性高血压", 40, ("苯磺酸氨氯地平片", "5", "mg", "QD", 28)),
        ("2823-3", "血钾", "mmol/L", "3.5-5.3", 4.2, 0.4),
    ),
    Disease(
        *("E11.900", "2型糖尿病", 40, ("盐酸二甲双胍片", "0.5", "g", "BID", 28)),
        ("4548-4", "糖化血红蛋白", "%", "4.0-6.0", 7.4, 0.9),
    ),
    Disease(
        *("E78.500", "高脂血症", 35, ("阿托伐他汀钙片", "20", "mg", "QN", 28)),
        ("2571-8", "甘油三酯", "mmol/L", "0.56-1.70", 2.1, 0.6),
    ),
    Disease(
        *("J06.900", "急性上呼吸道感染", 0, ("复方氨酚烷胺片", "1", "片", "BID", 3)),
        ("6690-2", "白细胞计数", "10*9/L", "3.5-9.5", 9.1, 2.0),
    ),
    Disease(
        *("K29.500", "慢性胃炎", 18, ("奥美拉唑肠溶胶囊", "20", "mg", "QD", 14)),
        ("718-7", "血红蛋白", "g/L", "115-175", 138.0, 14.0),
    ),
)


class Came(NamedTuple):
    """Somebody in an institution, for a disease, with a result."""

    told: Registration
    at: datetime
    disease: Disease
    value: str

    @property
    def result(self) -> tuple[str, str, str, str, str]:
        code, text, unit, span, _, _ = self.disease.lab
        return code, text, self.value, unit, span


def visits(until: datetime, count: int) -> list[Came]:
    """Who came where, the earliest first, the last of them just before ``until``."""
    draw, shift = Random(_SEED), until.date() - TODAY
    usual: dict[int, Disease] = {}
    made = []
    for told in registered(count):
        at = min(told.at + shift, until - timedelta(days=1)).astimezone(CHINA).replace(microsecond=0)
        disease = usual.setdefault(told.person, _disease(draw, told, at))
        mean, spread = disease.lab[4:]
        made.append(Came(told, at, disease, f"{max(mean / 2, draw.gauss(mean, spread)):.1f}"))
    return sorted(made, key=lambda came: (came.at, came.told.local_id))


def _disease(draw: Random, told: Registration, at: datetime) -> Disease:
    birth = told.given.birth_date()
    age = 40 if isinstance(birth, Unknown) else max(0, at.year - birth.year)
    return draw.choice([d for d in _DISEASES if d.age <= age])


def of_hospital(came: Came) -> Iterator[Sent]:
    """The county hospital: registration, report, prescription."""
    number, at = came.told.local_id, came.at
    who, where = say.pid(number, came.told.given), say.visit(f"V{number}", at, "内科")
    kinds = (
        ("ADT^A04", [say.diagnosis(came.disease.code, came.disease.name, at)]),
        ("ORU^R01", say.results(f"L{number}", at, came.result)),
        ("RDE^O11", say.prescription(f"R{number}", at, *came.disease.drug)),
    )
    for kind, segments in kinds:
        sent = f"demo-{kind[:3]}-{number}"
        head = [f"EVN||{at:%Y%m%d%H%M%S}"] if kind.startswith("ADT") else []
        yield Sent(HOSPITAL, "hl7v2", say.hl7(kind, sent, at, *head, who, where, *segments), source="demo")


def of_centre(came: Came, name: str) -> Iterator[Sent]:
    """The centre: everything of a visit in one Bundle; of older people a chest film as a document."""
    number, at = came.told.local_id, came.at
    patient, visit = say.person(number, came.told.given), say.encounter(f"E{number}", number, at, name)
    diagnosed = say.condition(f"C{number}", number, came.disease.code, came.disease.name, at)
    lab = say.observation(f"O{number}", number, came.result, at)
    yield Sent(CENTRE, "fhir", say.bundle(f"demo-{number}", patient, visit, diagnosed, lab), source="demo")
    if came.told.person % 4 == 0 and not isinstance(came.told.given.sex, Unknown) and came.told.given.birth_date():
        film = say.report(f"X{number}", number, "胸部正侧位片", "两肺纹理增多", at)
        raw = say.document(f"D{number}", at, name, [patient, visit, diagnosed, film], "双肺野清晰，心影不大")
        yield Sent(CENTRE, "cda", raw, source="demo")


def of_clinic(visited: Sequence[Came]) -> dict[str, list[dict[str, str]]]:
    """The clinic: rows of its tables, in its own headings."""
    rows: dict[str, list[dict[str, str]]] = {"people": [], "dispensed": [], "measured": []}
    for came in visited:
        number, given, at = came.told.local_id, came.told.given, came.at
        sex = "" if isinstance(given.sex, Unknown) else "1" if given.sex is Sex.MALE else "2"
        birth = given.birth if len(given.birth) == 10 else ""
        card = next((d.number for d in given.documents), "")
        phone = next(iter(given.phones), "")
        said = {"病历号": number, "患者姓名": given.name, "xb": sex, "生日": birth, "证件号": card}
        rows["people"].append(said | {"手机": phone, "住址": given.address})
        rows["dispensed"].append(dispensed(f"F{number}", number, *came.disease.drug, at))
        high = str(118 + came.told.person % 40)
        rows["measured"].append(
            {
                "编号": f"B{number}",
                "病历号": number,
                "项目": "收缩压",
                "结果": high,
                "单位": "mmHg",
                "时间": f"{at:%Y-%m-%d %H:%M:%S}",
            }
        )
    return rows


def dispensed(
    number: str, of: str, drug: str, dose: str, unit: str, often: str, days: int, at: datetime
) -> dict[str, str]:
    """A row of the clinic's dispensary."""
    row = {"发药单号": number, "病历号": of, "药名": drug, "剂量": dose, "单位": unit, "用法": often.lower()}
    return row | {"途径": "口服", "天数": str(days), "发药时间": f"{at:%Y-%m-%d %H:%M:%S}"}
