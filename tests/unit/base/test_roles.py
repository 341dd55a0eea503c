"""Rights: who holds what, and what must never be in one hand."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, Engine

from base import accounts, clients, roles
from base.passwords import Rules
from base.roles import AUDITOR, PERMISSIONS, ROLES, SECURITY_ADMIN, SYSTEM_ADMIN, RoleError
from base.tenancy import Scope, TenancyError, acting, guard, system

RULES = Rules(iterations=1_000)
COUNTY, HOSPITAL, OTHER = "league/county-a", "league/county-a/h1", "league/county-b"
LOOKALIKE = "league/county-a-2"


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with system("test"), guard(engine).begin() as made:
        yield made


def test_every_role_holds_only_permissions_that_exist() -> None:
    assert all(role.permissions <= PERMISSIONS.keys() for role in ROLES.values())
    held = frozenset().union(*(role.permissions for role in ROLES.values()))
    assert held == PERMISSIONS.keys(), "what nobody holds nobody can do"


def test_what_administrators_do_nobody_else_may() -> None:
    apart = {name for name, permission in PERMISSIONS.items() if permission.apart}
    for role in ROLES.values():
        assert role.administers or not role.permissions & apart


def test_administrators_read_no_patients() -> None:
    for name in (SYSTEM_ADMIN, SECURITY_ADMIN, AUDITOR):
        assert not {p for p in ROLES[name].permissions if p.startswith(("person.", "record.", "review."))}


@pytest.mark.parametrize(
    ("first", "second"), [(SYSTEM_ADMIN, AUDITOR), (AUDITOR, SYSTEM_ADMIN), (SECURITY_ADMIN, SYSTEM_ADMIN)]
)
def test_nobody_is_two_of_the_three_administrators(connection: Connection, first: str, second: str) -> None:
    roles.grant(connection, "a", first, COUNTY, "root")
    with pytest.raises(RoleError, match="三员分立"):
        roles.grant(connection, "a", second, OTHER, "root")
    assert [g.role for g in roles.grants_of(connection, ["a"])] == [first]


def test_not_even_when_both_are_granted_at_the_same_moment(engine: Engine) -> None:
    guard(engine)
    with system("test"), engine.begin() as connection:
        account = accounts.add(connection, "a", COUNTY, "root", RULES)[0].id

    def granted(role: str) -> None:
        with system("test"), engine.begin() as connection:
            accounts.hold(connection, account)
            roles.grant(connection, account, role, COUNTY, "root")

    with ThreadPoolExecutor(2) as both:
        outcomes = [both.submit(granted, role) for role in (SYSTEM_ADMIN, AUDITOR)]
        errors = [outcome.exception() for outcome in outcomes]
    assert sum(isinstance(error, RoleError) for error in errors) == 1
    assert errors.count(None) == 1


def test_the_same_role_twice_is_one_grant(connection: Connection) -> None:
    first = roles.grant(connection, "a", "pharmacist", HOSPITAL, "root")
    assert roles.grant(connection, "a", "pharmacist", HOSPITAL, "root") == first
    assert roles.grant(connection, "a", "pharmacist", OTHER, "root") != first


def test_an_unknown_role_is_refused_with_those_that_exist(connection: Connection) -> None:
    with pytest.raises(RoleError, match="pharmacist"):
        roles.grant(connection, "a", "wizard", COUNTY, "root")


def test_a_role_of_ones_own_counts_where_it_was_defined_and_below(connection: Connection) -> None:
    roles.define(connection, "night-shift", "夜班药师", COUNTY, ["review.read", "review.decide"], "root")
    assert roles.grant(connection, "a", "night-shift", HOSPITAL, "root").tenant == HOSPITAL
    for elsewhere in (OTHER, LOOKALIKE, "league"):
        with pytest.raises(RoleError, match="只能用于"):
            roles.grant(connection, "a", "night-shift", elsewhere, "root")


@pytest.mark.parametrize(
    ("name", "permissions", "why"),
    [
        ("mine", ["account.grant"], "审计员"),
        ("mine", ["review.read", "audit.read"], "审计员"),
        ("mine", ["everything"], "没有名为"),
        ("mine", [], "至少"),
        ("auditor", ["review.read"], "固定角色"),
        ("a b", ["review.read"], "英文"),
    ],
)
def test_a_role_of_ones_own_cannot_hold_what_is_kept_apart(
    connection: Connection, name: str, permissions: list[str], why: str
) -> None:
    with pytest.raises(RoleError, match=why):
        roles.define(connection, name, "自定义", COUNTY, permissions, "root")


def test_nobody_takes_over_the_role_of_another_county(engine: Engine) -> None:
    guard(engine)
    with system("test"), engine.begin() as connection:
        roles.define(connection, "night-shift", "夜班药师", COUNTY, ["review.read"], "root")
    with acting(Scope("b", (OTHER,), (OTHER,))):
        with engine.begin() as connection, pytest.raises(TenancyError):
            roles.define(connection, "night-shift", "夜班药师", COUNTY, ["record.read"], "b")
        with pytest.raises(RoleError, match="其他机构"), engine.begin() as connection:
            roles.define(connection, "night-shift", "夜班药师", OTHER, ["record.read"], "b")
    with system("test"), engine.begin() as connection:
        assert roles.roles(connection)["night-shift"].permissions == {"review.read"}


def test_a_grant_outside_of_the_scope_is_neither_given_nor_taken(engine: Engine) -> None:
    guard(engine)
    with system("test"), engine.begin() as connection:
        foreign = roles.grant(connection, "x", "pharmacist", OTHER, "root")
    with acting(Scope("a", (COUNTY,), (COUNTY,))):
        with engine.begin() as connection, pytest.raises(TenancyError):
            roles.grant(connection, "x", "clinician", OTHER, "a")
        with engine.begin() as connection, pytest.raises(RoleError, match="没有该授权"):
            roles.revoke(connection, foreign.id)


def test_a_client_never_gets_what_administrators_do(connection: Connection) -> None:
    with pytest.raises(RoleError, match="account.grant"):
        clients.add(connection, "his", HOSPITAL, "root", permissions=["account.grant"])


def test_a_client_knows_its_secret_and_the_table_does_not(connection: Connection) -> None:
    secret = clients.add(connection, "his", HOSPITAL, "root")
    found = clients.by_id(connection, "his")
    assert found is not None
    assert secret not in (found.secret, found.id)
    assert (found.knows(secret), found.knows(""), found.knows(found.secret)) == (True, False, False)
    assert found.permissions == ROLES["interface-client"].permissions
    anew = clients.renew_secret(connection, "his")
    found = clients.by_id(connection, "his")
    assert found is not None
    assert (found.knows(secret), found.knows(anew)) == (False, True)


def test_a_client_without_a_secret_is_not_let_in_with_an_empty_one(connection: Connection) -> None:
    assert clients.add(connection, "lis", HOSPITAL, "root", certificate="AB:CD") == ""
    found = clients.by_certificate(connection, "abcd", "CN=whoever")
    assert found is not None
    assert not found.knows("")
    assert clients.by_certificate(connection, "", "") is None
