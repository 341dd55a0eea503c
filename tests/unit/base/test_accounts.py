"""Accounts: who may open them, what becomes of passwords, sessions and second factors."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from sqlalchemy import Connection, Engine, select

from base import accounts, second_factor, sessions
from base.accounts import AccountError, MissingAccountError
from base.keyring import KeyRing, sealed_columns
from base.passwords import Rules, hashed
from base.sessions import Limits
from base.tenancy import Scope, acting, guard, system

NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)
RULES = Rules(iterations=1_000, history=3)
COUNTY, OTHER = "league/county-a", "league/county-b"
GOOD = ["Herbst-im-Garten-7", "Winter-im-Garten-8", "Sommer-im-Garten-9", "Regen-im-Garten-10", "Wind-im-Garten-11"]


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with system("test"), guard(engine).begin() as made:
        yield made


@pytest.fixture
def wang(connection: Connection) -> accounts.Account:
    return accounts.add(connection, "WangYS", f"{COUNTY}/h1", "root", RULES, full_name="王药师", password=GOOD[0])[0]


# -- accounts ----------------------------------------------------------------------------------


def test_a_name_is_the_same_however_it_is_typed(connection: Connection, wang: accounts.Account) -> None:
    assert wang.name == "wangys"
    assert accounts.by_name(connection, " ＷａｎｇＹＳ ").id == wang.id
    with pytest.raises(AccountError, match="已被使用"):
        accounts.add(connection, "WANGYS", COUNTY, "root", RULES)


@pytest.mark.parametrize("name", ["", " ", "two words", "a/b", "x" * 81, "System", "local", "unknown"])
def test_what_cannot_be_a_name_is_refused(connection: Connection, name: str) -> None:
    with pytest.raises(AccountError, match="账号名|保留"):
        accounts.add(connection, name, COUNTY, "root", RULES)


def test_an_account_without_a_password_gets_one_to_be_changed(connection: Connection) -> None:
    made, password = accounts.add(connection, "zhao", COUNTY, "root", RULES)
    assert made.must_change
    assert made.stale(RULES, NOW)
    assert accounts.proved(connection, "zhao", password, RULES) is not None


def test_an_administrator_of_a_county_reaches_only_its_accounts(engine: Engine) -> None:
    with system("test"), guard(engine).begin() as connection:
        accounts.add(connection, "a", f"{COUNTY}/h1", "root", RULES)
        foreign = accounts.add(connection, "b", f"{OTHER}/h9", "root", RULES)[0]
    with acting(Scope("admin", (COUNTY,), (COUNTY,))), engine.begin() as connection:
        assert [a.name for a in accounts.listed(connection)] == ["a"]
        for change in (
            lambda: accounts.lock(connection, foreign.id, True),
            lambda: accounts.reset(connection, foreign.id, RULES),
            lambda: accounts.hold(connection, foreign.id),
        ):
            with pytest.raises(MissingAccountError):
                change()


# -- passwords ---------------------------------------------------------------------------------


def test_the_right_password_proves_who_it_is_and_no_other_does(
    connection: Connection, wang: accounts.Account
) -> None:
    assert accounts.proved(connection, "wangys", GOOD[0], RULES) == wang
    assert accounts.proved(connection, "wangys", GOOD[1], RULES) is None
    assert accounts.proved(connection, "nobody", GOOD[0], RULES) is None


def test_accounts_are_found_by_part_of_a_name_and_read_on_from_one(connection: Connection) -> None:
    for name, full in (("li.hua", "李华"), ("li_na", "李娜"), ("zhao", "赵强")):
        accounts.add(connection, name, "league", "root", RULES, full_name=full)
    found = [[a.name for a in accounts.listed(connection, words=words)] for words in ("李", "ZHA", "_", "孙")]
    assert found == [["li.hua", "li_na"], ["zhao"], ["li_na"], []]
    assert [a.name for a in accounts.listed(connection, words="李", after="li.hua")] == ["li_na"]


def test_a_password_is_hashed_anew_when_more_work_is_asked(connection: Connection, wang: accounts.Account) -> None:
    harder = Rules(iterations=2_000)
    assert accounts.proved(connection, "wangys", GOOD[0], harder) is not None
    stored = connection.execute(select(accounts.accounts.c.password)).scalar_one()
    assert stored.startswith("pbkdf2-sm3-1$2000$")
    assert accounts.proved(connection, "wangys", GOOD[0], harder) is not None


def test_earlier_passwords_do_not_come_back(connection: Connection, wang: accounts.Account) -> None:
    for password in GOOD[1:4]:
        accounts.change_password(connection, wang.id, password, RULES)
    for old in GOOD[1:4]:
        with pytest.raises(AccountError, match="最近 3 次"):
            accounts.change_password(connection, wang.id, old, RULES)
    accounts.change_password(connection, wang.id, GOOD[4], RULES)
    assert accounts.proved(connection, "wangys", GOOD[4], RULES) is not None
    accounts.change_password(connection, wang.id, GOOD[0], RULES)


def test_a_weak_password_changes_nothing(connection: Connection, wang: accounts.Account) -> None:
    with pytest.raises(AccountError, match="口令不符合要求"):
        accounts.change_password(connection, wang.id, "wangys1", RULES)
    assert accounts.proved(connection, "wangys", GOOD[0], RULES) is not None


def test_a_password_grows_old(wang: accounts.Account) -> None:
    assert not wang.stale(RULES, wang.password_set + timedelta(days=89))
    assert wang.stale(RULES, wang.password_set + timedelta(days=91))
    assert not wang.stale(Rules(days=0), wang.password_set + timedelta(days=9000))


def test_who_logs_in_elsewhere_has_no_password_here(connection: Connection) -> None:
    made = accounts.add_external(connection, "li", COUNTY, "李医师", "https://idp", "42")
    assert accounts.by_subject(connection, "https://idp", "42") == made
    assert accounts.proved(connection, "li", "", RULES) is None
    with pytest.raises(AccountError, match="统一身份认证"):
        accounts.reset(connection, made.id, RULES)
    assert not made.stale(RULES, NOW + timedelta(days=900))


# -- sessions ----------------------------------------------------------------------------------

LIMITS = Limits(timedelta(minutes=30), timedelta(hours=12), 2)


def _begun(connection: Connection, at: datetime = NOW, account: str = "a") -> str:
    return sessions.begin(connection, LIMITS, at, account=account, source="10.0.0.1", second=False)[0]


def test_a_session_ends_without_use_and_in_any_case(connection: Connection) -> None:
    token = _begun(connection)
    seen = sessions.found(connection, token, LIMITS, NOW + timedelta(minutes=29))
    assert seen is not None
    assert sessions.found(connection, token, LIMITS, NOW + timedelta(minutes=31)) is None
    for hour in range(1, 25):
        sessions.touch(connection, seen, NOW + timedelta(minutes=29 * hour))
    assert sessions.found(connection, token, LIMITS, NOW + timedelta(minutes=29 * 24 + 1)) is not None
    sessions.touch(connection, seen, NOW + timedelta(hours=11, minutes=59))
    assert sessions.found(connection, token, LIMITS, NOW + timedelta(hours=12)) is None


def test_only_so_many_sessions_live_at_once_and_the_oldest_ends(connection: Connection) -> None:
    first, second, third = (_begun(connection, NOW + timedelta(minutes=n)) for n in range(3))
    later = NOW + timedelta(minutes=4)
    living = [sessions.found(connection, token, LIMITS, later) is not None for token in (first, second, third)]
    assert living == [False, True, True]
    assert sessions.found(connection, _begun(connection, later, "b"), LIMITS, later) is not None


def test_the_table_holds_no_token(connection: Connection) -> None:
    token = _begun(connection)
    (kept,) = connection.execute(select(sessions.sessions)).all()
    assert token not in map(str, kept)


def test_ending_all_but_one(connection: Connection) -> None:
    first, second = _begun(connection), _begun(connection)
    keep = sessions.token_digest(second)
    assert sessions.end_all(connection, "password", account="a", but=keep) == 1
    assert sessions.found(connection, first, LIMITS, NOW) is None
    assert sessions.found(connection, second, LIMITS, NOW) is not None


def test_a_csrf_token_fits_its_session_alone(connection: Connection) -> None:
    first, second = _begun(connection), _begun(connection)
    assert sessions.csrf_fits(first, sessions.csrf_of(first))
    assert not sessions.csrf_fits(first, sessions.csrf_of(second))
    assert not sessions.csrf_fits(first, "")


# -- second factor -----------------------------------------------------------------------------


@pytest.fixture
def ring(engine: Engine) -> KeyRing:
    return KeyRing(engine, b"m" * 16)


def _enrolled(engine: Engine, ring: KeyRing, account: str = "a") -> tuple[pyotp.TOTP, list[str]]:
    with engine.begin() as connection:
        secret, uri = second_factor.start(connection, ring, account, "wangys")
        assert "wangys" in uri
        totp = pyotp.TOTP(secret)
        codes = second_factor.confirm(connection, ring, account, totp.at(NOW), NOW)
    return totp, codes


def test_a_code_works_once(engine: Engine, ring: KeyRing) -> None:
    totp, _ = _enrolled(engine, ring)
    later = NOW + timedelta(minutes=1)
    with engine.begin() as connection:
        assert not second_factor.passes(connection, ring, "a", totp.at(NOW), NOW), "it confirmed the enrolment"
        assert second_factor.passes(connection, ring, "a", totp.at(later), later)
        assert not second_factor.passes(connection, ring, "a", totp.at(later), later)
        assert not second_factor.passes(connection, ring, "a", totp.at(later - timedelta(seconds=30)), later)


def test_of_two_who_send_the_same_code_at_once_one_gets_in(engine: Engine, ring: KeyRing) -> None:
    totp, _ = _enrolled(engine, ring)
    later = NOW + timedelta(minutes=1)

    def tried(_: int) -> bool:
        with engine.begin() as connection:
            return second_factor.passes(connection, ring, "a", totp.at(later), later)

    with ThreadPoolExecutor(4) as many:
        assert sum(many.map(tried, range(8))) == 1


@pytest.mark.parametrize("code", ["", "abcdef", "12345", "١٢٣٤٥٦", "000000 or 1=1"])
def test_what_is_no_code_lets_nobody_in(engine: Engine, ring: KeyRing, code: str) -> None:
    _enrolled(engine, ring)
    with engine.begin() as connection:
        assert not second_factor.passes(connection, ring, "a", code, NOW + timedelta(minutes=5))


def test_a_phone_may_be_half_a_minute_off_and_no_more(engine: Engine, ring: KeyRing) -> None:
    totp, _ = _enrolled(engine, ring)
    later = NOW + timedelta(minutes=10)
    with engine.begin() as connection:
        assert not second_factor.passes(connection, ring, "a", totp.at(later + timedelta(seconds=90)), later)
        assert second_factor.passes(connection, ring, "a", totp.at(later + timedelta(seconds=30)), later)


def test_recovery_codes_work_once_each_and_only_for_their_account(engine: Engine, ring: KeyRing) -> None:
    _, codes = _enrolled(engine, ring)
    _enrolled(engine, ring, "b")
    with engine.begin() as connection:
        assert not second_factor.passes(connection, ring, "b", codes[0], NOW)
        assert second_factor.passes(connection, ring, "a", codes[0].upper(), NOW)
        assert not second_factor.passes(connection, ring, "a", codes[0], NOW)
        assert second_factor.left(connection, "a") == 9


def test_a_factor_in_use_is_not_replaced_by_whoever_finds_the_screen_open(engine: Engine, ring: KeyRing) -> None:
    _enrolled(engine, ring)
    with engine.begin() as connection, pytest.raises(second_factor.FactorError, match="已启用"):
        second_factor.start(connection, ring, "a", "wangys")


def test_the_secret_is_sealed_and_found_by_rotation(engine: Engine, ring: KeyRing) -> None:
    with engine.begin() as connection:
        secret, _ = second_factor.start(connection, ring, "a", "wangys")
        stored = connection.execute(select(second_factor.factors.c.secret)).scalar_one()
    assert secret.encode() not in stored
    assert second_factor.factors.c.secret in sealed_columns()


def test_a_hash_is_no_password(connection: Connection, wang: accounts.Account) -> None:
    stored = hashed(GOOD[0], 1_000)
    assert accounts.proved(connection, "wangys", stored, RULES) is None
