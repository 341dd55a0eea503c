"""The registry of organisations, departments and practitioners."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import Connection, Engine

from base.tenancy import Scope, TenancyError, acting, system
from clinical.patient import Authority
from clinical.value import replace
from records.registry import (
    DEPARTMENT,
    ORGANISATION,
    PRACTITIONER,
    Department,
    Employment,
    Identifier,
    Organisation,
    Practitioner,
    Registry,
    RegistryError,
)

REGISTRY = Registry()
COUNTY = Organisation(
    "league/county-a/hospital-1", "甲县人民医院", ("甲县医院",), "hospital", 2, recognition=("内蒙古", "盟域")
)
TOWN = Organisation("league/county-a/clinic-7", "乌兰镇中心卫生院", (), "clinic", 1, recognition=("盟域",))
CODE = Identifier("urn:oid:2.16.156.10011.1.13", "46012345-6")


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with system("tests"), engine.begin() as connection:
        yield connection


def test_names_and_codes_of_an_organisation_lead_to_its_place(connection: Connection) -> None:
    REGISTRY.register(connection, COUNTY, [CODE], actor="admin")
    REGISTRY.register(connection, TOWN, actor="admin")
    for called in ("甲县人民医院", "甲县医院", " 甲县人民医院（", "46012345-6", "460123456", COUNTY.tenant):
        assert REGISTRY.tenant_of(connection, called) == COUNTY.tenant
    assert REGISTRY.tenant_of(connection, "乙县医院") == ""
    assert REGISTRY.tenant_of(connection, "") == ""


def test_a_name_that_two_institutions_bear_leads_to_neither(connection: Connection) -> None:
    REGISTRY.register(connection, COUNTY, actor="admin")
    REGISTRY.register(connection, replace(TOWN, aliases=("甲县医院",)), actor="admin")
    assert REGISTRY.tenant_of(connection, "甲县医院") == ""
    assert REGISTRY.tenant_of(connection, "甲县人民医院") == COUNTY.tenant


def test_the_directory_tells_names_recognition_and_which_paths_hold_others(connection: Connection) -> None:
    for item in (COUNTY, TOWN, Organisation("league/county-a", "甲县医共体", kind="county")):
        REGISTRY.register(connection, item, actor="admin")
    directory = REGISTRY.directory(connection)
    assert directory.name(TOWN.tenant) == "乌兰镇中心卫生院"
    assert directory.name("league/x/y") == "y"
    assert directory.recognises(COUNTY.tenant, TOWN.tenant)
    assert not directory.recognises(COUNTY.tenant, "league/county-a")
    assert (directory.is_group("league/county-a"), directory.is_group(TOWN.tenant)) == (True, False)
    assert directory.is_group("league/x/y") is None


def test_an_identifier_belongs_to_one_entry(connection: Connection) -> None:
    REGISTRY.register(connection, COUNTY, [CODE], actor="admin")
    with pytest.raises(RegistryError, match="another entry's"), connection.begin_nested():
        REGISTRY.register(connection, TOWN, [CODE], actor="admin")
    found = REGISTRY.by_identifier(connection, ORGANISATION, CODE.system, CODE.value)
    assert found is not None
    assert found.item == COUNTY
    assert REGISTRY.find(connection, ORGANISATION, "乌兰") == [], "nothing half registered"


def test_every_change_is_a_version_and_nobody_overwrites_what_he_did_not_see(connection: Connection) -> None:
    entry = REGISTRY.register(connection, COUNTY, [CODE], actor="admin")
    better = replace(COUNTY, level=3)
    assert REGISTRY.update(connection, entry.key, better, actor="li", why="等级评审", version=1).version == 2
    with pytest.raises(RegistryError, match="version"):
        REGISTRY.update(connection, entry.key, COUNTY, actor="wang", version=1)
    assert REGISTRY.update(connection, entry.key, better, actor="li").version == 2, "no change, no version"
    REGISTRY.update(connection, entry.key, better, actor="li", why="撤销", active=False)
    assert [(c.act, c.actor, c.why) for c in REGISTRY.history(connection, entry.key)] == [
        ("register", "admin", ""),
        ("update", "li", "等级评审"),
        ("update", "li", "撤销"),
    ]
    assert REGISTRY.tenant_of(connection, "甲县人民医院") == "", "a closed institution is none any more"


def test_a_practitioner_works_in_several_places_with_what_they_may_prescribe(connection: Connection) -> None:
    ward = REGISTRY.register(connection, Department(COUNTY.tenant, "心血管内科", specialty="03.04"), actor="admin")
    doctor = Practitioner(
        COUNTY.tenant,
        "李医生",
        title="主治医师",
        antimicrobial=Authority.RESTRICTED,
        controlled=True,
        employments=(Employment(COUNTY.tenant, ward.key, date(2020, 1, 1)), Employment(TOWN.tenant)),
    )
    certificate = Identifier("urn:oid:2.16.156.10011.1.4", "110150000000001")
    made = REGISTRY.register(connection, doctor, [certificate], actor="admin")
    found = REGISTRY.by_identifier(connection, PRACTITIONER, certificate.system, certificate.value)
    assert found == made
    assert found.item == doctor
    assert [e.item.name for e in REGISTRY.find(connection, DEPARTMENT, "心血管", tenant="league/county-a")] == [
        "心血管内科"
    ]
    assert REGISTRY.find(connection, DEPARTMENT, "心血管", tenant="league/county-b") == []


def test_two_entries_of_one_thing_are_merged_and_parted_again(connection: Connection) -> None:
    other = Identifier("urn:his:dept", "0304")
    kept = REGISTRY.register(connection, COUNTY, [CODE], actor="admin")
    double = REGISTRY.register(connection, replace(COUNTY, name="甲县第一医院", aliases=()), [other], actor="admin")
    merged = REGISTRY.merge(connection, kept.key, double.key, actor="li", why="重复登记")
    assert merged.identifiers == (CODE, other)
    for key in (kept.key, double.key):
        found = REGISTRY.get(connection, key)
        assert found is not None
        assert found.key == kept.key
    assert REGISTRY.tenant_of(connection, "甲县第一医院") == COUNTY.tenant
    with pytest.raises(RegistryError, match="merged"):
        REGISTRY.update(connection, double.key, COUNTY, actor="li")

    REGISTRY.split(connection, double.key, actor="li", why="误合并")
    first, second = (REGISTRY.get(connection, key) for key in (kept.key, double.key))
    assert first is not None
    assert second is not None
    assert (first.item, first.identifiers) == (COUNTY, (CODE,))
    assert (second.item.name, second.identifiers) == ("甲县第一医院", (other,))
    with pytest.raises(RegistryError, match="no merged"):
        REGISTRY.split(connection, double.key, actor="li", why="again")


def test_an_institution_writes_its_own_entries_and_reads_all(engine: Engine) -> None:
    with system("tests"), engine.begin() as connection:
        theirs = REGISTRY.register(connection, TOWN, actor="admin")
    with acting(Scope("dr", writes=(COUNTY.tenant,))), engine.begin() as connection:
        REGISTRY.register(connection, Department(COUNTY.tenant, "全科"), actor="dr")
        with pytest.raises(TenancyError):
            REGISTRY.register(connection, Department(TOWN.tenant, "全科"), actor="dr")
        with pytest.raises(TenancyError):
            REGISTRY.update(connection, theirs.key, replace(TOWN, tenant=COUNTY.tenant), actor="dr")
        assert REGISTRY.tenant_of(connection, TOWN.name) == TOWN.tenant


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (replace(COUNTY, name=" "), "name"),
        (replace(COUNTY, tenant="league//x"), "tenant"),
        (replace(COUNTY, kind="pharmacy"), "kind"),
        (replace(COUNTY, level=4), "level"),
        (replace(COUNTY, aliases=("长" * 201,)), "name"),
    ],
)
def test_what_is_not_complete_is_refused_by_its_field(
    connection: Connection, wrong: Organisation, field: str
) -> None:
    with pytest.raises(RegistryError) as caught:
        REGISTRY.register(connection, wrong, actor="admin")
    assert caught.value.field == field


def test_an_identifier_needs_a_system_and_a_value(connection: Connection) -> None:
    with pytest.raises(RegistryError, match="identifiers"):
        REGISTRY.register(connection, COUNTY, [Identifier("urn:x", "")], actor="admin")
