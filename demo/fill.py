"""Fills a data folder with the demo: every fact goes in as a message, through the same intake as a hospital's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from api.bootstrap import House, key_ring, who_is_who
from api.intake import open_intake, worker
from base.tenancy import system
from clinical.coded import CHINA, china_day
from clinical.person import Demographics
from demo import bedside
from demo import messages as say
from demo.histories import Came, dispensed, of_centre, of_clinic, of_hospital, visits
from demo.people import (
    CENTRE,
    CLINIC,
    CLOSED,
    COUNT,
    CT,
    HBA1C,
    HOSPITAL,
    INSTITUTIONS,
    TWICE,
    TWICE_AGAIN,
    WARFARIN,
)
from demo.prescriptions import submit
from exchange.intake import Intake, Receipt, Sent
from exchange.ledger import DEAD
from exchange.pull import Puller
from exchange.pull_config import load
from exchange.trace import Ledger, Query
from records.consent import Consents, Wishes

NAMES: Final = {one.tenant: one.name for one in INSTITUTIONS}
_GROUP: Final = "盟域"
_TOGETHER: Final = 500
FILLED: Final = "filled"
"""The file of the demo's folder that says that all of it is there."""
_SCOPE: Final = "demo data"
_PEOPLE, _DISPENSED, _MEASURED = "people", "dispensed", "measured"
_PULLS: Final = {
    _PEOPLE: (
        "patients",
        "{病历号: 患者编号, 患者姓名: 姓名, xb: 性别, 生日: 出生日期, 证件号: 身份证号, 手机: 电话, 住址: 地址}",
        "{性别: {1: 男, 2: 女}}",
    ),
    _DISPENSED: (
        "dispenses",
        "{发药单号: 发药编号, 病历号: 患者编号, 药名: 药品名称, 剂量: 单次剂量, 单位: 剂量单位, 用法: 频次, "
        "途径: 给药途径, 天数: 供应天数}",
        "{}",
    ),
    _MEASURED: (
        "vital-signs",
        "{编号: 结果编号, 病历号: 患者编号, 项目: 项目名称, 结果: 数值, 时间: 报告时间}",
        "{}",
    ),
}


class Doing(StrEnum):
    """What is being done, for whoever waits."""

    SENDING = "sending"
    STORING = "storing"
    SUBMITTING = "submitting"
    COUNTING = "counting"


class Filled(NamedTuple):
    """What was done: messages sent, those of them that were known before, those given up, and the message that
    brought yesterday's CT."""

    messages: int
    known: int
    dead: int
    traced: str


def fill(
    house: House,
    now: datetime,
    progress: Callable[[int], None] = lambda done: None,
    count: int = COUNT,
    doing: Callable[[Doing], None] = lambda what: None,
) -> Filled:
    """Fill an opened installation, as of a moment, with so many people beside the six. Again before
    the next half past nine it changes nothing; after it the six stories move along."""
    ring = key_ring(house)
    folder = house.settings.data_dir / "demo"
    folder.mkdir(exist_ok=True)
    anchor = _anchor(folder / "first-day", now)
    with system(_SCOPE):
        doing(Doing.SENDING)
        intake = open_intake(house, ring)
        receipts, pulled, known = asyncio.run(_sent(house, intake, folder, visits(anchor, count), now, progress))
        doing(Doing.STORING)
        worker(house, ring, say=progress).drain()
        _withhold(house)
        doing(Doing.SUBMITTING)
        submit(house, now)
        dead = len(Ledger(house.engine, ring).find(Query(DEAD, limit=500)))
    _orders(folder)
    (folder / FILLED).touch()
    known += sum(receipt.duplicate for receipt in receipts)
    return Filled(len(receipts) + pulled, known, dead, receipts[-1].id)


def _anchor(file: Path, now: datetime) -> datetime:
    """The day of the first filling: what 200 people went through stays where it was."""
    if not file.exists():
        file.write_text(china_day(now).isoformat())
    day = datetime.fromisoformat(file.read_text().strip()).date()
    return datetime.combine(day, time(8), CHINA)


async def _sent(
    house: House,
    intake: Intake,
    folder: Path,
    came: Sequence[Came],
    now: datetime,
    progress: Callable[[int], None],
) -> tuple[list[Receipt], int, int]:
    """Send everything: receipts, how many messages were pulled, how many of these were known."""
    letters = [*_institutions()]
    for one in came:
        if one.told.tenant == HOSPITAL:
            letters += of_hospital(one)
        elif one.told.tenant == CENTRE:
            letters += of_centre(one, NAMES[CENTRE])
    tables = of_clinic([one for one in came if one.told.tenant == CLINIC])
    tables[_PEOPLE] += [_row("W0003", WARFARIN), _row("W0004", TWICE_AGAIN)]
    letters += [*bedside.story(morning(now), NAMES[CENTRE]), *_stories(now)]
    receipts: list[Receipt] = []
    for start in range(0, len(letters), _TOGETHER):
        some = letters[start : start + _TOGETHER]
        receipts += await asyncio.gather(*(intake.accept(letter) for letter in some))
        progress(len(some))
    pulled, known = await _pulled(house, intake, folder, tables, now)
    await intake.close()
    return receipts, pulled, known


def _institutions() -> Iterator[Sent]:
    """Each institution registers itself."""
    for one in INSTITUTIONS:
        group = _GROUP if one.level else ""
        resource = say.organisation("self", one.tenant, one.name, one.kind, one.level, group)
        yield Sent(one.tenant, "fhir", say.bundle("demo-organization", resource), source="demo")


# -- the six ----------------------------------------------------------------------------------


def _stories(now: datetime) -> Iterator[Sent]:
    """What happened lately to people with a story; yesterday's CT comes last."""
    day = morning(now)
    for number, who in (("P0001", CT), ("P0002", HBA1C), ("P0003", WARFARIN), ("P0004", TWICE), ("P0005", CLOSED)):
        name = f"demo-{day:%Y%m%d}-{number}"
        begun = day - timedelta(days=60)
        segments = (f"EVN||{begun:%Y%m%d%H%M%S}", say.pid(number, who), say.visit(f"V{number}", begun, "内科"))
        yield Sent(HOSPITAL, "hl7v2", say.hl7("ADT^A04", name, begun, *segments), source="demo")
    month, before = day - timedelta(days=25), day - timedelta(days=3)
    hba1c = ("4548-4", "糖化血红蛋白", "8.1", "%", "4.0-6.0")
    yield _at_centre("Z0002", HBA1C, day, say.observation("Z0002-A1C", "Z0002", hba1c, month))
    yield _at_centre("Z0005", CLOSED, day, say.report("Z0005-CT", "Z0005", "头颅CT平扫", "未见明显异常", before))
    yield _at_centre("Z0001", CT, day)
    yesterday = day - timedelta(days=1)
    visit = say.encounter("Z0001-V", "Z0001", yesterday, NAMES[CENTRE])
    scan = say.report("Z0001-CT", "Z0001", "胸部CT平扫", "右肺上叶小结节，建议3个月后复查", yesterday)
    raw = say.document(
        f"Z0001-{day:%Y%m%d}",
        yesterday,
        NAMES[CENTRE],
        [say.person("Z0001", CT), visit, scan],
        "右肺上叶见直径约5mm小结节，边界清",
    )
    yield Sent(CENTRE, "cda", raw, source="demo")


def morning(now: datetime) -> datetime:
    """Half past nine, of yesterday while that is still to come: nothing was measured in the future."""
    today = datetime.combine(china_day(now), time(9, 30), CHINA)
    return today if today <= now else today - timedelta(days=1)


def _at_centre(number: str, who: Demographics, day: datetime, *resources: dict[str, Any]) -> Sent:
    raw = say.bundle(f"demo-{day:%Y%m%d}-{number}", say.person(number, who), *resources)
    return Sent(CENTRE, "fhir", raw, source="demo")


def _row(number: str, who: Demographics) -> dict[str, str]:
    """Somebody as the clinic's desk writes them down."""
    sex = {"male": "1", "female": "2"}[str(getattr(who.sex, "value", ""))]
    card = next((d.number for d in who.documents), "")
    said = {"病历号": number, "患者姓名": who.name, "xb": sex, "生日": who.birth, "证件号": card}
    return said | {"手机": who.phones[0], "住址": who.address}


def _withhold(house: House) -> None:
    """Put down what one of the six wants: nothing goes to other institutions."""
    identity = who_is_who(house, key_ring(house))
    consents, wishes = Consents(identity), Wishes(closed=True)
    with house.engine.begin() as connection:
        record = identity.record_of(connection, CENTRE, "Z0005")
        if record is not None and consents.of(connection, [record]) != wishes:
            at = datetime.now(UTC)
            consents.tell(connection, CENTRE, record, wishes, actor="demo", why="患者本人声明", at=at)


# -- the clinic's tables -------------------------------------------------------------------------


async def _pulled(
    house: House, intake: Intake, folder: Path, tables: dict[str, list[dict[str, str]]], now: datetime
) -> tuple[int, int]:
    """Export the clinic's tables and fetch them: messages, and those known."""
    day = datetime.combine(china_day(now), time(10), CHINA)
    lately = dispensed("W0003-1", "W0003", "华法林钠片", "3", "mg", "QD", 28, day - timedelta(days=10))
    messages = known = 0
    for name in _PULLS:
        export = folder / "clinic"
        export.mkdir(exist_ok=True)
        if tables[name]:
            say.table(export / f"{name}.csv", tables[name])
        if name == _DISPENSED:
            say.table(export / f"{name}-{day:%Y%m%d}.csv", [lately])
        told = await Puller(house.engine, intake, load(_config(house, name, export))).run()
        messages, known = messages + told.messages + told.known, known + told.known
    return messages, known


def _config(house: House, name: str, export: Path) -> Path:
    """The pull of a table, as an operator writes it."""
    template, columns, values = _PULLS[name]
    pulls = house.settings.data_dir / "pulls"
    pulls.mkdir(exist_ok=True)
    path = pulls / f"demo-{name}.yaml"
    source = f"source: {{files: '{export.resolve()}/{name}*.csv', settle: 0}}"
    text = f"name: demo-{name}\ntenant: {CLINIC}\ntemplate: {template}\n{source}\n"
    path.write_text(f"{text}columns: {columns}\nvalues: {values}\n", "utf-8")
    return path


# -- what to try -------------------------------------------------------------------------------


def _orders(folder: Path) -> None:
    """Calls of the county hospital's doctors, ready to be sent."""
    for name, number, who, order in (
        ("ct", "P0001", CT, _wanted("胸部CT平扫", "检查")),
        ("hba1c", "P0002", HBA1C, _wanted("糖化血红蛋白测定", "检验")),
        ("warfarin", "P0003", WARFARIN, _IBUPROFEN),
        ("closed", "P0005", CLOSED, _wanted("头颅CT平扫", "检查")),
    ):
        body = orjson.dumps(_signed(number, who, order), option=orjson.OPT_INDENT_2)
        (folder / f"order-sign-{name}.json").write_bytes(body)


def _signed(number: str, who: Demographics, order: dict[str, Any]) -> dict[str, Any]:
    """A call of order-sign. The hospital's own lists are empty: what comes back is from elsewhere."""
    visit = {"resourceType": "Encounter", "id": "demo", "class": {"code": "AMB"}}
    visit["serviceProvider"] = {"display": NAMES[HOSPITAL]}
    lists = ("conditions", "allergies", "medications", "observations", "reports", "procedures")
    empty = {"resourceType": "Bundle", "type": "searchset", "entry": []}
    person = {"resourceType": "Patient", "id": number, "gender": str(getattr(who.sex, "value", "unknown"))}
    return {
        "hook": "order-sign",
        "hookInstance": "1f9d6c7e-0000-4000-8000-00000000demo".replace("demo", number[1:]),
        "context": {
            "userId": "Practitioner/1001",
            "patientId": number,
            "draftOrders": {"resourceType": "Bundle", "entry": [{"resource": order}]},
        },
        "prefetch": {"patient": person | {"birthDate": who.birth}, "encounter": visit} | dict.fromkeys(lists, empty),
    }


def _wanted(text: str, category: str) -> dict[str, Any]:
    made = {"resourceType": "ServiceRequest", "id": "S1", "status": "draft", "intent": "order"}
    return made | {"category": [{"text": category}], "code": {"text": text}}


_IBUPROFEN: Final = {
    "resourceType": "MedicationRequest",
    "id": "M1",
    "status": "draft",
    "intent": "order",
    "medicationCodeableConcept": {"text": "布洛芬缓释胶囊"},
    "dosageInstruction": [
        {
            "timing": {"code": {"text": "bid"}},
            "route": {"text": "口服"},
            "doseAndRate": [{"doseQuantity": {"value": 0.3, "unit": "g"}}],
        }
    ],
}

__all__ = ["FILLED", "Doing", "Filled", "fill", "morning"]
