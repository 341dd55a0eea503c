"""What the service of the administrators' tests starts with: who works there, a system that fell silent and one that
launches panels, a checked record."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.request import Request, urlopen

from api.bootstrap import House, key_ring
from api.overseeing import Overseer
from api.routes.record_qc import EXAMPLES
from base import clients, roles
from base.tenancy import system
from demo.people import HOSPITAL
from records.registry import Organisation, Registry
from records.traffic import Kind, System, heard
from tests.browser.staffed import PASSWORD, hire
from tests.login_servers import His

STAFF: Final = {
    "xitong": ("韩系统", roles.SYSTEM_ADMIN),
    "anquan": ("安主任", roles.SECURITY_ADMIN),
    "liys": ("李医生", "clinician"),
    "zhouzk": ("周质控", "quality-controller"),
    "qianzk": ("钱质控", "quality-controller"),
}
COUNTY: Final = HOSPITAL.rpartition("/")[0]
SILENT, LAUNCHING = "lis-a", "emr"
_AGO: Final = timedelta(hours=2)


def furnish(house: House) -> None:
    """People, the tree of institutions, and a system that was heard of two hours ago."""
    hire(house, STAFF)
    with system("test"), house.engine.begin() as connection:
        Registry().register(connection, Organisation(COUNTY, "安定县", kind="county"), actor="root")
        Registry().register(connection, Organisation(HOSPITAL, "安定县医院", level=2), actor="root")
        clients.add(connection, SILENT, HOSPITAL, "root", title="检验系统")
        clients.add(connection, LAUNCHING, HOSPITAL, "root", title="电子病历", permissions=["inference.use"])
        heard(connection, System(HOSPITAL, Kind.CLIENT, SILENT), datetime.now(UTC) - _AGO)
    Overseer(house, key_ring(house)).look()


def emr() -> His:
    """A system of the hospital with a patient open."""
    drugs = ("华法林钠片", "布洛芬缓释胶囊")
    patient = {"resourceType": "Patient", "id": "8800123", "name": [{"text": "阿古拉"}], "gender": "male"}
    orders = [
        {
            "resourceType": "MedicationRequest",
            "id": f"m{number}",
            "status": "active",
            "intent": "order",
            "subject": {"reference": "Patient/8800123"},
            "medicationCodeableConcept": {"text": drug},
        }
        for number, drug in enumerate(drugs)
    ]
    claims = {"sub": "7", "name": "张医生"}
    return His(claims=claims, records=[patient, *orders], launches={"h-1": {"patient": "8800123"}})


def check_a_record(base: str) -> None:
    """A doctor has a record checked, whose report is kept."""
    session = {"name": "liys", "password": PASSWORD}
    token = _posted(f"{base}/api/v1/session", session)["token"]
    _posted(f"{base}/api/v1/qc/records", EXAMPLES["record"], Authorization=f"Bearer {token}")


def _posted(url: str, body: Any, **headers: str) -> Any:
    sent = Request(url, json.dumps(body).encode(), {"Content-Type": "application/json", **headers})
    with urlopen(sent, timeout=30) as answer:
        return json.load(answer)
