"""``yigong accounts`` and ``yigong clients``: who may log in and do what, from the machine itself. The first
administrator and those of the whole league are made here."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.table import Table
from sqlalchemy import Connection

from api.bootstrap import House
from api.people import rules_of
from api.terminal import ERR, OUT, Command, DataDir, house
from base import accounts, roles, second_factor, sessions
from base import clients as machines
from base.accounts import AccountError
from base.attempts import Attempts
from base.audit import Event, append
from base.roles import RoleError
from base.tenancy import TenancyError, system

ByNamed = Annotated[str, typer.Option("--by", help="who does this (recorded)")]
Tenant = Annotated[str, typer.Option(help="tenant path: league/county-a/hospital-1; empty: the whole league")]
_REFUSED = (AccountError, RoleError, TenancyError)


class Act(StrEnum):
    """What to do with accounts."""

    ADD = "add"
    LIST = "list"
    LOCK = "lock"
    UNLOCK = "unlock"
    RESET = "reset"
    ROLES = "roles"


class ClientAct(StrEnum):
    """What to do with clients."""

    ADD = "add"
    LIST = "list"
    LOCK = "lock"
    UNLOCK = "unlock"
    SECRET = "secret"


def accounts_command(
    act: Annotated[Act, typer.Argument(help="add, list, lock, unlock, reset or roles")] = Act.LIST,
    name: Annotated[str, typer.Argument(help="name to log in with")] = "",
    tenant: Tenant = "",
    role: Annotated[list[str] | None, typer.Option(help="add, roles: role over the tenant; several times")] = None,
    take: Annotated[bool, typer.Option(help="roles: take the roles away instead")] = False,
    full_name: Annotated[str, typer.Option(help="add: 姓名")] = "",
    factor: Annotated[bool, typer.Option(help="reset: take a lost second factor away too")] = False,
    by: ByNamed = "",
    data_dir: DataDir = None,
) -> None:
    """Accounts: open, list, lock, unlock, reset the password, give or take roles (without a name: list all roles)."""
    opened = house(data_dir)
    tenant = tenant or opened.settings.league
    if act is Act.LIST or (act is Act.ROLES and not name):
        _show_accounts(opened) if act is Act.LIST else _show_roles(opened)
        return
    _named(name, by)
    detail: dict[str, Any] = {"roles": role, "tenant": tenant} if role else {}
    append(opened.engine, [Event(by, f"account.{act.value}", "account", tenant, "command line", detail=detail)])
    try:
        with system("command line"), opened.engine.begin() as connection:
            told = _done(opened, connection, act, name, tenant, role or [], take, full_name, factor, by)
    except _REFUSED as error:
        ERR.print(f"[red]{error}[/red]", highlight=False)
        raise typer.Exit(1) from None
    if act is Act.UNLOCK:
        Attempts(opened.engine).forgive(f"account {accounts.account_name(name)}")
    OUT.print(told, highlight=False, soft_wrap=True)


def _done(
    opened: House,
    connection: Connection,
    act: Act,
    name: str,
    tenant: str,
    given: list[str],
    take: bool,
    full_name: str,
    factor: bool,
    by: str,
) -> str:
    """One change to one account, told in a line."""
    rules = rules_of(opened.settings)
    if act is Act.ADD:
        made, password = accounts.add(connection, name, tenant, by, rules, full_name=full_name)
        for one in given:
            roles.grant(connection, made.id, one, tenant, by)
        return f"{made.name} opened; temporary password, to be changed at the first login: {password}"
    account = accounts.hold(connection, accounts.by_name(connection, name).id)
    if act is Act.ROLES:
        return _granted(connection, account.id, account.name, tenant, given, take, by)
    if act is Act.RESET:
        if factor:
            second_factor.remove(connection, account.id)
        password = accounts.reset(connection, account.id, rules)
        sessions.end_all(connection, "password", account=account.id)
        return f"{account.name}: temporary password, to be changed at the next login: {password}"
    accounts.lock(connection, account.id, act is Act.LOCK)
    ended = sessions.end_all(connection, "locked", account=account.id) if act is Act.LOCK else 0
    return f"{account.name} {act.value}ed" + (f", {ended} sessions ended" if ended else "")


def _granted(
    connection: Connection, account: str, name: str, tenant: str, given: list[str], take: bool, by: str
) -> str:
    for one in given:
        if not take:
            roles.grant(connection, account, one, tenant, by)
            continue
        held = [g for g in roles.grants_of(connection, [account]) if (g.role, g.tenant) == (one, tenant)]
        if not held:
            raise RoleError(f"{name} 没有 {tenant} 的角色 {one}")
        roles.revoke(connection, held[0].id)
    now = roles.grants_of(connection, [account])
    return f"{name}: " + (", ".join(f"{g.role} over {g.tenant}" for g in now) or "no roles")


def _show_accounts(opened: House) -> None:
    table = Table("name", "full name", "tenant", "roles", "standing")
    with system("command line"), opened.engine.connect() as connection:
        for account in accounts.listed(connection, limit=10_000):
            held = roles.grants_of(connection, [account.id])
            standing = "locked" if account.locked else "must change password" if account.must_change else ""
            given = ", ".join(f"{g.role} ({g.tenant})" for g in held)
            table.add_row(account.name, account.full_name, account.tenant, given, standing)
    OUT.print(table)


def _show_roles(opened: House) -> None:
    table = Table("role", "名称", "permissions")
    with system("command line"), opened.engine.connect() as connection:
        for role in roles.roles(connection).values():
            table.add_row(role.name, role.title, ", ".join(sorted(role.permissions)))
    OUT.print(table)


def clients_command(
    act: Annotated[
        ClientAct, typer.Argument(help="add, list, lock, unlock or secret (another one)")
    ] = ClientAct.LIST,
    client: Annotated[str, typer.Argument(metavar="[ID]", help="client_id of the hospital system")] = "",
    tenant: Tenant = "",
    title: Annotated[str, typer.Option(help="add: 名称")] = "",
    permission: Annotated[list[str] | None, typer.Option(help="add: what it may do; several times")] = None,
    keys: Annotated[Path | None, typer.Option(help="add: file with its JWK set (public keys)")] = None,
    certificate: Annotated[str, typer.Option(help="add: SHA-256 fingerprint or subject of its certificate")] = "",
    by: ByNamed = "",
    data_dir: DataDir = None,
) -> None:
    """Clients: register a hospital system for its tenant, list, lock, unlock, give another secret."""
    opened = house(data_dir)
    if act is ClientAct.LIST:
        _show_clients(opened)
        return
    _named(client, by)
    if act is ClientAct.ADD and not tenant:
        raise typer.BadParameter("whose system is it?", param_hint="--tenant")
    jwks = orjson.loads(keys.read_bytes()) if keys else None
    append(opened.engine, [Event(by, f"client.{act.value}", f"client/{client}", tenant, "command line")])
    try:
        with system("command line"), opened.engine.begin() as connection:
            if act is ClientAct.ADD:
                given = {"title": title, "permissions": permission or (), "keys": jwks, "certificate": certificate}
                told = machines.add(connection, client, tenant, by, **given)  # type: ignore[arg-type]
                told = f"{client} registered" + (f"; its secret, shown once: {told}" if told else "")
            else:
                told = _changed(connection, act, client)
    except _REFUSED as error:
        ERR.print(f"[red]{error}[/red]", highlight=False)
        raise typer.Exit(1) from None
    OUT.print(told, highlight=False, soft_wrap=True)


def _changed(connection: Connection, act: ClientAct, client: str) -> str:
    if act is ClientAct.SECRET:
        told = f"{client}: its new secret, shown once: {machines.renew_secret(connection, client)}"
    else:
        machines.lock(connection, client, act is ClientAct.LOCK)
        told = f"{client} {act.value}ed"
    if act is not ClientAct.UNLOCK:
        sessions.end_all(connection, act.value, client=client)
    return told


def _show_clients(opened: House) -> None:
    table = Table("id", "title", "tenant", "permissions", "standing")
    with system("command line"), opened.engine.connect() as connection:
        for one in machines.listed(connection):
            what = ", ".join(sorted(one.permissions))
            table.add_row(one.id, one.title, one.tenant, what, "locked" if one.locked else "")
    OUT.print(table)


def _named(name: str, by: str) -> None:
    if not name:
        raise typer.BadParameter("give a name", param_hint="NAME")
    if not by:
        raise typer.BadParameter("who does this must be said", param_hint="--by")


COMMANDS = (Command("accounts", accounts_command), Command("clients", clients_command))
