"""Who may do what: permissions, the roles that hold them, and grants that give somebody a role over a part of the
league.

Roles are data. An installation adds its own; those of the administrators are fixed and apart from each other
(三员分立): one opens accounts, another hands out rights, a third reads the record of both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import uuid4

import orjson
from sqlalchemy import Column, Connection, DateTime, Index, String, Table, Text, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from base.db import METADATA, OWN
from base.tenancy import tenant_path


class Proof(StrEnum):
    """When somebody must have proved who they are a short while ago."""

    NEVER = ""
    CHANGES = "changes"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class Permission:
    """Something that may be done. ``apart``: only the fixed roles of administrators hold it."""

    title: str
    proof: Proof = Proof.NEVER
    apart: bool = False


PERMISSIONS: Final[dict[str, Permission]] = {
    "account.manage": Permission("开立、锁定账号和重置口令", Proof.CHANGES, apart=True),
    "account.grant": Permission("授予角色、定义角色、登记接口客户端", Proof.CHANGES, apart=True),
    "institution.manage": Permission("登记、停用机构", Proof.CHANGES, apart=True),
    "alert.read": Permission("查看安全告警", apart=True),
    "alert.acknowledge": Permission("确认安全告警", apart=True),
    "audit.read": Permission("查询审计记录", apart=True),
    "keys.rotate": Permission("更换数据密钥", Proof.CHANGES, apart=True),
    "system.operate": Permission("系统运行维护", Proof.CHANGES, apart=True),
    "person.read": Permission("查询患者主索引"),
    "person.identify": Permission("查看完整姓名、证件号、电话和住址"),
    "person.write": Permission("登记和更新患者主索引"),
    "person.merge": Permission("合并和拆分患者主索引", Proof.CHANGES),
    "record.read": Permission("调阅患者诊疗资料"),
    "record.write": Permission("写入患者诊疗资料"),
    "record.export": Permission("导出患者诊疗资料", Proof.ALWAYS),
    "record.break-glass": Permission("紧急调阅", Proof.CHANGES),
    "consent.read": Permission("查看患者授权与隐私设置"),
    "consent.write": Permission("登记患者授权与隐私设置"),
    "exchange.send": Permission("发送交换消息"),
    "exchange.read": Permission("查看交换消息与死信"),
    "exchange.replay": Permission("重放交换消息"),
    "terms.read": Permission("查询术语和字典"),
    "terms.write": Permission("维护术语和字典"),
    "terms.confirm": Permission("确认术语对照"),
    "quality.read": Permission("查看数据质量"),
    "quality.write": Permission("维护数据质量规则"),
    "qc.read": Permission("查看病历质控"),
    "qc.write": Permission("提交病历质控、申诉与整改"),
    "qc.decide": Permission("复核病历缺陷、维护评分标准"),
    "registry.read": Permission("查询机构、科室、人员目录"),
    "registry.write": Permission("维护机构、科室、人员目录"),
    "review.request": Permission("提交处方审查"),
    "review.read": Permission("查看审方队列和结果"),
    "review.prescribe": Permission("以医师身份答复审方意见"),
    "review.decide": Permission("审方"),
    "review.supervise": Permission("以药师组长身份审方"),
    "comment.read": Permission("查看处方点评"),
    "comment.judge": Permission("点评处方"),
    "comment.lead": Permission("组织处方点评"),
    "comment.export": Permission("导出处方点评", Proof.ALWAYS),
    "knowledge.read": Permission("查阅知识库"),
    "inference.use": Permission("使用诊断、治疗、评分与风险推理"),
    "knowledge.edit": Permission("编辑知识"),
    "knowledge.approve": Permission("审核和发布知识", Proof.CHANGES),
    "indicator.read": Permission("查看监管指标"),
    "indicator.write": Permission("维护监管数据集"),
    "operations.read": Permission("查看接入系统运行状况和告警"),
    "operations.write": Permission("确认运行告警、维护告警策略"),
    "appraisal.read": Permission("查看绩效考核"),
    "appraisal.write": Permission("编制考核方案、填报和计算绩效考核"),
    "appraisal.review": Permission("审核、公示绩效考核，答复申诉"),
    "appraisal.appeal": Permission("对绩效考核结果申诉和反馈"),
}
"""Everything that routes ask for."""

_READING: Final = frozenset({"knowledge.read", "terms.read", "registry.read"})


@dataclass(frozen=True, slots=True)
class Role:
    """A named set of permissions. ``fixed``: shipped with the service; ``administers``: one of the three that are
    kept apart; ``tenant``: where a role of an installation is known (there and below)."""

    name: str
    title: str
    permissions: frozenset[str]
    fixed: bool = True
    administers: bool = False
    tenant: str = ""


def _role(name: str, title: str, *permissions: str, administers: bool = False) -> Role:
    given = frozenset(permissions) if administers else _READING.union(permissions)
    return Role(name, title, given, administers=administers)


_OPERATING: Final = ("system.operate", "operations.read", "operations.write")
_CARE: Final = ("person.read", "person.identify", "record.read", "review.read", "inference.use")
_MACHINE: Final = (
    *("person.read", "person.write", "person.identify", "record.read", "record.write", "review.request"),
    *("review.read", "review.prescribe", "exchange.send", "exchange.read", "consent.read", "consent.write"),
    *("registry.write", "inference.use", "qc.read", "qc.write"),
)
SYSTEM_ADMIN: Final = "system-admin"
SECURITY_ADMIN: Final = "security-admin"
AUDITOR: Final = "auditor"
ROLES: Final[dict[str, Role]] = {
    role.name: role
    for role in (
        _role(
            *(SYSTEM_ADMIN, "系统管理员", *_OPERATING, "account.manage", "institution.manage", "registry.read"),
            administers=True,
        ),
        _role(
            *(SECURITY_ADMIN, "安全管理员", "account.grant", "alert.read", "alert.acknowledge", "keys.rotate"),
            "registry.read",
            administers=True,
        ),
        _role(AUDITOR, "审计员", "audit.read", "alert.read", administers=True),
        _role("pharmacist", "审方药师", *_CARE, "review.decide", "comment.read", "comment.judge"),
        _role(
            *("lead-pharmacist", "药师组长", *_CARE, "review.decide", "review.supervise"),
            *("comment.read", "comment.judge", "comment.lead", "comment.export"),
        ),
        _role("knowledge-editor", "知识编辑", "knowledge.edit", "terms.write"),
        _role("knowledge-reviewer", "知识审核", "knowledge.approve", "terms.confirm"),
        _role(
            *("quality-controller", "质控员", *_CARE, "quality.read", "quality.write", "exchange.read"),
            *("comment.read", "indicator.read", "indicator.write", "qc.read", "qc.write", "qc.decide"),
        ),
        _role(
            *("regulator", "监管人员", "quality.read", "indicator.read", "indicator.write", "comment.read"),
            *("review.read", "person.read", "qc.read", "appraisal.read"),
        ),
        _role(
            *("clinician", "临床医师", *_CARE, "review.request", "review.prescribe", "record.break-glass"),
            *("consent.read", "qc.read", "qc.write"),
        ),
        _role(
            *("data-manager", "数据管理员", "person.read", "person.identify", "person.write", "person.merge"),
            *("record.read", "exchange.send", "exchange.read", "exchange.replay", "terms.write", "terms.confirm"),
            *("quality.read", "quality.write", "registry.write", "consent.read", "consent.write"),
            *("operations.read", "operations.write"),
        ),
        _role("appraisal-manager", "绩效管理员", "indicator.read", "appraisal.read", "appraisal.write"),
        _role("appraisal-reviewer", "绩效审核员", "indicator.read", "appraisal.read", "appraisal.review"),
        _role("institution-manager", "机构管理人员", "indicator.read", "appraisal.read", "appraisal.appeal"),
        _role("exporter", "数据导出员", "person.read", "record.read", "record.export"),
        _role("interface-client", "接口客户端", *_MACHINE),
    )
}
"""Roles that every installation has."""

grants = Table(
    "account_grant",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("account", String(36), nullable=False, index=True),
    Column("role", String(60), nullable=False),
    Column("tenant", String(200), nullable=False),
    Column("by", String(80), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("source", String(12), nullable=False),
    Index("account_grant_once", "account", "role", "tenant", unique=True),
    info=OWN,
)
custom = Table(
    "account_role",
    METADATA,
    Column("name", String(60), primary_key=True),
    Column("tenant", String(200), nullable=False),
    Column("title", String(60), nullable=False),
    Column("permissions", Text, nullable=False),
    Column("by", String(80), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    info=OWN,
)


class RoleError(Exception):
    """A role or grant that is not possible; the message is Chinese and says what is."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A role over a tenant and all below it. ``source``: ``local``, or ``oidc`` when a login brings it along."""

    id: str
    account: str
    role: str
    tenant: str
    by: str = ""
    source: str = "local"


def below(tenant: str, paths: Iterable[str]) -> bool:
    """Whether a tenant is one of the paths or lies below one."""
    return any(tenant == path or tenant.startswith(f"{path}/") for path in paths)


def strictly_below(tenant: str, paths: Iterable[str]) -> bool:
    """Whether a tenant lies below one of the paths."""
    return any(tenant.startswith(f"{path}/") for path in paths)


# -- roles -------------------------------------------------------------------------------------


def roles(connection: Connection) -> dict[str, Role]:
    """Every role by name: the fixed ones, and those of the installation that the scope reaches."""
    found = {row.name: _custom(row) for row in connection.execute(select(custom))}
    return found | ROLES


def define(connection: Connection, name: str, title: str, tenant: str, permissions: Sequence[str], by: str) -> Role:
    """Add or change a role of the installation. Raises ``RoleError``."""
    _definable(name, title, permissions)
    tenant_path(tenant)
    given = orjson.dumps(sorted(set(permissions))).decode()
    row: dict[str, Any] = {"tenant": tenant, "title": title, "permissions": given}
    row |= {"by": by, "at": datetime.now(UTC)}
    changed = connection.execute(update(custom).where(custom.c.name == name, custom.c.tenant == tenant).values(row))
    if changed.rowcount == 0:
        try:
            connection.execute(insert(custom).values(name=name, **row))
        except IntegrityError:
            raise RoleError(f"名为 {name} 的角色属于其他机构，请换一个名称") from None
    return Role(name, title, frozenset(permissions), fixed=False, tenant=tenant)


def remove(connection: Connection, name: str) -> None:
    """Give up a role of the installation that nobody holds any more. Raises ``RoleError``."""
    if name in ROLES:
        raise RoleError(f"{name} 是固定角色，不能删除")
    held = connection.execute(select(func.count()).select_from(grants).where(grants.c.role == name)).scalar_one()
    if held:
        raise RoleError(f"该角色仍授予 {held} 处，请先收回")
    if connection.execute(delete(custom).where(custom.c.name == name)).rowcount != 1:
        raise RoleError(f"没有名为 {name} 的角色")


def _definable(name: str, title: str, permissions: Sequence[str]) -> None:
    if name in ROLES:
        raise RoleError(f"{name} 是固定角色，不能修改")
    if not (0 < len(name) <= 60 and name.replace("-", "").isalnum() and name.isascii()) or not 0 < len(title) <= 60:
        raise RoleError("角色名称须为 60 个以内的英文字母、数字和连字符，并须有中文标题")
    unknown = sorted(set(permissions) - PERMISSIONS.keys())
    if unknown or not permissions:
        raise RoleError(f"没有名为 {'、'.join(unknown)} 的权限" if unknown else "角色须至少有一项权限")
    apart = sorted(p for p in permissions if PERMISSIONS[p].apart)
    if apart:
        raise RoleError(f"{'、'.join(apart)} 只属于系统管理员、安全管理员或审计员，不能放入其他角色")


def _custom(row: Any) -> Role:
    return Role(row.name, row.title, frozenset(orjson.loads(row.permissions)), fixed=False, tenant=row.tenant)


# -- grants ------------------------------------------------------------------------------------


def grants_of(connection: Connection, accounts: Sequence[str]) -> list[Grant]:
    """What some accounts were granted, as far as the scope reaches."""
    query = select(grants).where(grants.c.account.in_(accounts)).order_by(grants.c.role, grants.c.tenant)
    return [_grant(row) for row in connection.execute(query)]


def grant(connection: Connection, account: str, role: str, tenant: str, by: str, source: str = "local") -> Grant:
    """Give an account a role over a tenant. The caller sees to it that ``by`` may, and that the transaction sees all
    grants of the account. Raises ``RoleError`` for an unknown role, or one that must not meet another."""
    known = roles(connection).get(role)
    if known is None:
        raise RoleError(f"没有名为 {role} 的角色；固定角色: {', '.join(ROLES)}")
    if known.tenant and not below(tenant_path(tenant), [known.tenant]):
        raise RoleError(f"角色 {role} 只能用于 {known.tenant} 及其下级机构")
    held = grants_of(connection, [account])
    apart = sorted({g.role for g in held if g.role in ROLES and ROLES[g.role].administers and g.role != role})
    if known.administers and apart:
        titles = f"{known.title}与{ROLES[apart[0]].title}"
        raise RoleError(f"{titles}不能由同一人担任 (三员分立)")
    same = next((g for g in held if (g.role, g.tenant) == (role, tenant)), None)
    if same is not None:
        return same
    made = Grant(str(uuid4()), account, role, tenant, by, source)
    row = {"id": made.id, "account": account, "role": role, "tenant": tenant_path(tenant), "by": by, "source": source}
    connection.execute(insert(grants).values(**row, at=datetime.now(UTC)))
    return made


def revoke(connection: Connection, grant_id: str) -> Grant:
    """Take a grant away. Raises ``RoleError`` when the scope reaches none of this id."""
    row = connection.execute(select(grants).where(grants.c.id == grant_id)).first()
    if row is None or connection.execute(delete(grants).where(grants.c.id == grant_id)).rowcount != 1:
        raise RoleError("没有该授权")
    return _grant(row)


def administers(held: Iterable[Grant]) -> bool:
    """Whether one of the grants makes somebody an administrator."""
    return any(g.role in ROLES and ROLES[g.role].administers for g in held)


def _grant(row: Any) -> Grant:
    return Grant(row.id, row.account, row.role, row.tenant, row.by, row.source)
