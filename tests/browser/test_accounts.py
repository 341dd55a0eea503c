"""Administrators, none of whom can do all: accounts, roles, hospital systems, institutions, alarms; a defect of a record
that a second person decides; logging in with the provider."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import Browser, expect

from demo.people import HOSPITAL
from tests.browser.administered import COUNTY, LAUNCHING, SILENT, check_a_record, emr, furnish
from tests.browser.conftest import free_port
from tests.browser.staffed import at_work, logged_in
from tests.browser.window import Window
from tests.integration.conftest import opened
from tests.login_servers import CLIENT, SECRET, His, Provider, serving

Entering = Callable[..., Window]
OK = re.compile("确\\s*定")


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    """The county's identity provider."""
    made = Provider(claims={"sub": "42", "preferred_username": "sunys", "name": "孙医师", "roles": ["doctor"]})
    made.claims["tenant"] = HOSPITAL
    with serving(made):
        yield made


@pytest.fixture(scope="module")
def launching() -> Iterator[His]:
    """A system of the hospital that launches panels."""
    made = emr()
    with serving(made):
        yield made


@pytest.fixture(scope="module")
def elsewhere(his: tuple[str, Path]) -> str:
    """The hospital's own site, which is another one than ours to a browser."""
    return his[0].replace("127.0.0.1", "localhost")


@pytest.fixture(scope="module")
def hospital(
    starter_dir: Path,
    tmp_path_factory: pytest.TempPathFactory,
    pages: Path,
    provider: Provider,
    launching: His,
    elsewhere: str,
) -> Iterator[str]:
    """A service with its staff."""
    house = opened(starter_dir, tmp_path_factory.mktemp("accounts"))
    shutil.copy(starter_dir / "starter.sm3", house.settings.data_dir)
    furnish(house)
    house.engine.dispose()
    port = free_port()
    issuer = {"client_id": CLIENT, "client_secret": SECRET, "system": LAUNCHING}
    others = {
        "YIGONG_FRAME_ANCESTORS": json.dumps([elsewhere]),
        "YIGONG_SMART_ISSUERS": json.dumps({launching.fhir: issuer}),
        "YIGONG_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "YIGONG_OIDC_ISSUER": provider.url,
        "YIGONG_OIDC_TITLE": "县统一门户",
        "YIGONG_OIDC_CLIENT_ID": CLIENT,
        "YIGONG_OIDC_CLIENT_SECRET": SECRET,
        "YIGONG_OIDC_ROLES": '{"doctor": "clinician"}',
    }
    with at_work(house.settings.data_dir, port=port, YIGONG_SECOND_FACTOR_ROLES="[]", **others) as base:
        check_a_record(base)
        yield base


@pytest.fixture
def enter(browser: Browser, hospital: str) -> Iterator[Entering]:
    """Opens a page as somebody who logged in."""
    made: list[Window] = []

    def entering(name: str, path: str = "/ui/accounts") -> Window:
        made.append(logged_in(browser, hospital, name))
        made[-1].open(path)
        return made[-1]

    yield entering
    for one in made:
        one.close()


def confirm(here: Window) -> None:
    """Say yes to what is asked beside a button."""
    here.page.get_by_role("tooltip").get_by_role("button", name=OK).click()


def test_one_opens_and_locks_the_other_gives_the_role(enter: Entering) -> None:
    first = enter("xitong")
    first.page.get_by_role("button", name="开立账号").click()
    dialog = first.page.get_by_role("dialog")
    dialog.get_by_label("账号").fill("lisi")
    dialog.get_by_label("姓名").fill("李四")
    dialog.get_by_label("机构").fill(HOSPITAL)
    dialog.get_by_role("button", name=OK).click()
    first.see("只显示这一次")
    first.page.get_by_role("button", name="我已记下").click()
    row = first.page.get_by_role("row").filter(has_text="李四")
    expect(row).to_contain_text("须改口令")
    expect(row.get_by_role("button", name="授予角色")).to_have_count(0)
    row.get_by_role("button", name=re.compile("锁\\s*定")).click()
    confirm(first)
    expect(row).to_contain_text("已锁定")

    second = enter("anquan")
    row = second.page.get_by_role("row").filter(has_text="李四")
    expect(row.get_by_role("button", name="重置口令")).to_have_count(0)
    row.get_by_role("button", name="授予角色").click()
    dialog = second.page.get_by_role("dialog")
    dialog.get_by_label("角色").click()
    second.page.get_by_title("审方药师").click()
    dialog.get_by_role("button", name=OK).click()
    expect(row).to_contain_text("审方药师")
    expect(second.page.get_by_role("dialog")).to_have_count(0)
    second.suits_everybody("accounts")
    second.page.get_by_role("tab", name="角色与权限").click()
    second.see("授予角色、定义角色、登记接口客户端")
    assert second.hurdles() == []
    second.page.get_by_role("tab", name="账号").click()
    row.get_by_role("button", name="收回角色：审方药师").click()
    confirm(second)
    expect(row).not_to_contain_text("审方药师")


def test_a_role_is_copied_from_a_shipped_one_and_given_up(enter: Entering) -> None:
    here = enter("anquan")
    here.page.get_by_role("tab", name="角色与权限").click()
    shipped = here.page.get_by_role("row").filter(has_text="临床医师")
    shipped.get_by_role("button", name="复制为新角色").click()
    dialog = here.page.get_by_role("dialog")
    dialog.get_by_label("角色名称").fill("病区医师")
    dialog.get_by_label("编号").fill("ward-doctor")
    expect(dialog.get_by_label("查看审方队列和结果")).to_be_checked()
    dialog.get_by_label("紧急调阅").uncheck()
    here.shoot("role-form")
    assert here.hurdles() == []
    dialog.get_by_role("button", name=OK).click()
    own = here.page.get_by_role("row").filter(has_text="病区医师")
    expect(own).to_contain_text("自定义")
    expect(own).not_to_contain_text("紧急调阅")
    own.get_by_role("button", name=re.compile("删\\s*除")).click()
    confirm(here)
    expect(own).to_have_count(0)


def test_a_hospital_system_is_registered_given_keys_and_refused(enter: Entering) -> None:
    here = enter("anquan")
    here.page.get_by_role("tab", name="接口客户端").click()
    expect(here.page.get_by_role("row").filter(has_text=SILENT)).to_contain_text("从未使用")
    here.page.get_by_role("button", name="登记接口客户端").click()
    dialog = here.page.get_by_role("dialog")
    dialog.get_by_label("客户端编号").fill("his-b")
    dialog.get_by_label("系统名称").fill("门诊系统")
    assert here.hurdles() == []
    dialog.get_by_role("button", name=OK).click()
    here.see("只显示这一次")
    here.shoot("client-secret")
    here.page.get_by_role("button", name="我已记下").click()
    row = here.page.get_by_role("row").filter(has_text="his-b")
    expect(row).to_contain_text("密钥")
    row.get_by_role("button", name="更换公钥").click()
    dialog = here.page.get_by_role("dialog")
    dialog.get_by_label("公钥（JWK set 或 PEM）").fill("不是")
    dialog.get_by_role("button", name=OK).click()
    here.see("不是 JSON")
    public = ec.generate_private_key(ec.SECP384R1()).public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    dialog.get_by_label("公钥（JWK set 或 PEM）").fill(pem)
    dialog.get_by_label("公钥编号（kid）").fill("k7")
    dialog.get_by_role("button", name=OK).click()
    expect(row).to_contain_text("k7")
    row.get_by_role("button", name=re.compile("停\\s*用")).click()
    confirm(here)
    expect(row).to_contain_text("已停用")
    here.suits_everybody("clients")


def test_a_system_that_calls_cds_hooks_is_registered_with_its_issuer(enter: Entering) -> None:
    here = enter("anquan")
    here.page.get_by_role("tab", name="接口客户端").click()
    here.page.get_by_role("button", name="登记接口客户端").click()
    dialog = here.page.get_by_role("dialog")
    dialog.get_by_label("客户端编号").fill("his-cds")
    dialog.get_by_label("系统名称").fill("医生工作站")
    dialog.get_by_label("公钥地址（jku）").check()
    dialog.get_by_label("公钥地址", exact=True).fill("https://his.example.org/jwks.json")
    dialog.get_by_label("CDS Hooks 签发者（iss）").fill("https://his.example.org/cds")
    here.shoot("client-cds")
    assert here.hurdles() == []
    dialog.get_by_role("button", name=OK).click()
    row = here.page.get_by_role("row").filter(has_text="his-cds")
    expect(row).to_contain_text("https://his.example.org/cds")


def test_an_institution_is_registered_below_the_hospital_and_closed(enter: Entering) -> None:
    here = enter("xitong")
    here.page.get_by_role("tab", name="机构").click()
    county = here.page.get_by_role("row").filter(has_text=COUNTY).first
    expect(county).to_contain_text("县域")
    hospital = here.page.get_by_role("row").filter(has_text="安定县医院")
    hospital.get_by_role("button", name="登记下级").click()
    dialog = here.page.get_by_role("dialog")
    dialog.get_by_label("机构名称").fill("城关卫生院")
    dialog.get_by_label("机构编号").fill("chengguan")
    dialog.get_by_label("类别").click()
    here.page.get_by_title("基层机构").click()
    dialog.get_by_role("button", name=OK).click()
    row = here.page.get_by_role("row").filter(has_text="城关卫生院")
    expect(row).to_contain_text(f"{HOSPITAL}/chengguan")
    row.get_by_role("button", name=re.compile("停\\s*用")).click()
    confirm(here)
    expect(row).to_contain_text("已停用")
    here.suits_everybody("institutions")


def test_the_list_of_what_a_hospital_offers_is_pasted_and_mended(enter: Entering) -> None:
    here = enter("xitong")
    here.page.get_by_role("tab", name="机构").click()
    hospital = here.page.get_by_role("row").filter(has_text="安定县医院")
    hospital.get_by_role("button", name="检查检验项目").click()
    dialog = here.page.get_by_role("dialog")
    dialog.get_by_label("检查检验项目").fill("血常规\n\n胸片\n肌钙蛋白")
    here.forgive("400")
    dialog.get_by_role("button", name=OK).click()
    expect(dialog.get_by_role("alert")).to_contain_text("第4行“肌钙蛋白”（可选：肌钙蛋白")
    here.shoot("offers")
    assert here.hurdles() == []
    dialog.get_by_label("检查检验项目").fill("血常规\n胸片")
    dialog.get_by_role("button", name=OK).click()
    expect(dialog).to_be_hidden()
    hospital.get_by_role("button", name="检查检验项目").click()
    expect(here.page.get_by_role("dialog").get_by_label("检查检验项目")).to_have_value(re.compile("胸片"))


def test_an_alarm_is_acknowledged_with_what_is_being_done(enter: Entering) -> None:
    here = enter("xitong", "/ui/systems")
    here.page.get_by_role("tab", name="告警").click()
    row = here.page.get_by_role("row").filter(has_text=SILENT)
    expect(row).to_contain_text("节点离线")
    row.get_by_role("button", name=re.compile("确\\s*认")).click()
    dialog = here.page.get_by_role("dialog")
    dialog.get_by_label("处理说明").fill("已联系检验科重启接口")
    dialog.get_by_role("button", name=OK).click()
    expect(row).to_contain_text("xitong")
    expect(row).to_contain_text("已联系检验科重启接口")
    assert here.hurdles() == []


def test_a_defect_that_a_doctor_appeals_against_is_decided_by_somebody_else(enter: Entering) -> None:
    doctor = enter("liys", "/ui/recordqc")
    doctor.page.get_by_role("link", name="ZY20261101001").click()
    defect = doctor.page.locator(".qc-defect").first
    defect.get_by_role("button", name="申诉").click()
    dialog = doctor.page.get_by_role("dialog")
    dialog.get_by_label("理由或说明").fill("纸质病历中已有，扫描件见附件3")
    dialog.get_by_role("button", name=re.compile("申\\s*诉")).click()
    expect(defect).to_contain_text("申诉中")
    expect(defect.get_by_role("button", name="撤销缺陷")).to_have_count(0)
    expect(doctor.page.get_by_role("link", name="数据质量")).to_have_count(0)

    second = enter("zhouzk", "/ui/recordqc/defects?state=appealed")
    expect(second.page.get_by_role("link", name="数据质量")).to_be_visible()
    defect = second.page.locator(".qc-defect").first
    defect.get_by_role("button", name="撤销缺陷").click()
    dialog = second.page.get_by_role("dialog")
    dialog.get_by_role("button", name="撤销缺陷").click()
    second.see("请填写理由")
    dialog.get_by_label("理由或说明").fill("附件3属实")
    dialog.get_by_role("button", name="撤销缺陷").click()
    expect(second.page.get_by_role("dialog")).to_have_count(0)
    second.open("/ui/recordqc/defects?state=withdrawn")
    expect(second.page.locator(".qc-defect").first).to_contain_text("申诉通过，已撤销")
    assert second.hurdles() == []


def test_a_system_of_another_site_launches_the_panel_in_a_frame(
    browser: Browser, hospital: str, launching: His, elsewhere: str, his: tuple[str, Path]
) -> None:
    """No cookie of another site travels within a frame, but for one that is kept apart for it."""
    source = f"{hospital}/api/v1/smart/launch?iss={launching.fhir}&amp;launch=h-1"
    page = f'<!doctype html><meta charset="utf-8"><title>EMR</title><iframe src="{source}" width="360" height="700"></iframe>'
    (his[1] / "emr.html").write_text(page, "utf-8")
    here = Window(browser, hospital)
    here.forgive("favicon")
    here.forgive("404")
    here.page.goto(f"{elsewhere}/emr.html")
    panel = here.page.frame_locator("iframe")
    expect(panel.get_by_role("heading", level=1)).to_contain_text("阿古拉")
    expect(panel.locator("article").first).to_contain_text("华法林")
    here.close()


def test_somebody_logs_in_with_the_provider_and_out_again(
    browser: Browser, hospital: str, provider: Provider
) -> None:
    here = Window(browser, hospital)
    here.forgive("401")
    here.open("/ui/recordqc")
    here.page.get_by_role("link", name="使用县统一门户登录").wait_for()
    here.shoot("login")
    assert here.hurdles() == []
    here.page.get_by_role("link", name="使用县统一门户登录").click()
    here.see("ZY20261101001")
    here.page.get_by_role("button", name="孙医师").click()
    expect(here.page.get_by_role("menuitem", name="修改口令")).to_have_count(0)
    here.page.get_by_role("menuitem", name="退出登录").click()
    here.page.get_by_role("link", name="使用县统一门户登录").wait_for()
    assert [path for path in provider.asked if path.startswith("/end_session")]
    here.close()
