"""Messages of every kind through the real line, from their bytes to one person's record, on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

from sqlalchemy import Engine, select

from api.bootstrap import House, key_ring, open_house, who_is_who
from api.intake import open_intake, worker
from base.settings import Settings
from base.tenancy import Scope, acting, system
from exchange.intake import Sent
from exchange.ledger import messages
from records.store import Repository
from tests.cda_samples import ALL
from tests.hl7v2_samples import OBR, ORC, PID, PV1, RXE, RXR, message, obx, segment

COUNTY, TOWN = "league/county-a/hospital-1", "league/county-a/clinic-9"
FROM_COUNTY = (
    message("ADT^A28", "EVN|A28", PID, number="1"),
    message(
        "ADT^A01",
        "EVN|A01|20260110",
        PID,
        PV1,
        "AL1|1|DA|^青霉素|SV|^皮疹",
        "DG1|1||I10.x00^高血压^I10||20260110|F",
        number="2",
    ),
    message("ORM^O01", PID, PV1, ORC, segment("OBR", {4: "CT^胸部CT平扫", 24: "CT"}), number="3"),
    message("OML^O21", PID, PV1, segment("ORC", {1: "NW", 2: "P201"}), segment("OBR", {4: "XCG^血常规"}), number="4"),
    message("RDE^O11", PID, PV1, ORC, RXE, RXR, number="5"),
    message("RDS^O13", PID, PV1, ORC, RXE, RXR, "RXD|1|86900001^盐酸二甲双胍片|20260111|14|片", number="6"),
    message("ORU^R01", PID, PV1, OBR, obx(1, "HGB^血红蛋白^L^718-7^Hemoglobin^LN", "95", flag="L"), number="7"),
    message("SIU^S12", "SCH|A1|||||||^门诊|15|min|^^^20260301090000", PID, "AIP|1||1001^王^医生", number="8"),
    message(
        "MDM^T02", PID, PV1, segment("TXA", {2: "CN^会诊记录", 12: "D1", 17: "AU"}), "OBX|1|TX|||会诊意见", number="9"
    ),
    message("ADT^A40", "EVN|A40", PID, "MRG|0009999^^^HIS^MR", number="10"),
)
FROM_TOWN = tuple(raw.replace(b'extension="DOC1"', b'extension="%s"' % code.encode()) for code, raw in ALL.items())


def landed(house: House) -> list[tuple[str, str, str, str]]:
    """State, reason, field and problem of every message, after all were done."""
    ring = key_ring(house)

    async def send() -> None:
        intake = open_intake(house, ring)
        for tenant, standard, sent in ((COUNTY, "hl7v2", FROM_COUNTY), (TOWN, "cda", FROM_TOWN)):
            with acting(Scope("test", writes=(tenant,))):
                for raw in sent:
                    await intake.accept(Sent(tenant, standard, raw))
        await intake.close()

    asyncio.run(send())
    worker(house, ring).drain()
    with system("test"), house.engine.connect() as connection:
        columns = (messages.c.state, messages.c.reason, messages.c.field, messages.c.problem)
        return [tuple(row) for row in connection.execute(select(*columns))]


def test_every_message_lands_and_both_institutions_speak_of_one_person(engine: Engine, tmp_path: Path) -> None:
    house = open_house(Settings(data_dir=tmp_path, database_url=engine.url.render_as_string(hide_password=False)))
    assert set(landed(house)) == {("done", "", "", "")}
    ring = key_ring(house)
    people, repository = who_is_who(house, ring), Repository(house.engine, ring)
    with system("test"), house.engine.connect() as connection:
        record = people.record_of(connection, COUNTY, "0001234")
        assert record is not None
        known = people.records_of(connection, people.person_of(connection, record))
        assert {(r.tenant, r.local_id) for r in known} >= {
            (COUNTY, "0001234"),
            (COUNTY, "0009999"),
            (TOWN, "mz.MZ100"),
            (TOWN, "zy.ZY2026001"),
        }
        kept = repository.of_records(connection, [r.id for r in known])
    kinds = Counter(k.kind for k in kept)
    assert {
        "Encounter",
        "AllergyIntolerance",
        "ServiceRequest",
        "MedicationDispense",
        "Appointment",
        "Procedure",
    } <= set(kinds)
    assert (kinds["MedicationRequest"], kinds["DiagnosticReport"], kinds["Composition"]) == (2, 3, 5)
    house.engine.dispose()
