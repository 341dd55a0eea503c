"""Passwords are kept so that a stolen table is of little use, and chosen so that guessing is."""

from __future__ import annotations

import hmac
from hashlib import pbkdf2_hmac

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from base.passwords import Rules, faults, fits, hashed, outdated, temporary

QUICK = 1_000
RULES = Rules(iterations=QUICK)


def test_the_hash_is_pbkdf2_with_hmac_sm3_as_others_compute_it() -> None:
    scheme, iterations, salt, digest = hashed("Correct-horse-9", QUICK).split("$")
    from base64 import b64decode

    again = pbkdf2_hmac("sm3", b"Correct-horse-9", b64decode(salt), int(iterations), 32)
    assert scheme == "pbkdf2-sm3-1"
    assert hmac.compare_digest(again, b64decode(digest))


@settings(max_examples=30, deadline=None)
@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40))
def test_a_password_fits_its_own_hash_and_no_other(password: str, other: str) -> None:
    from unicodedata import normalize

    stored = hashed(password, QUICK)
    assert fits(password, stored)
    assert fits(other, stored) == (normalize("NFKC", other) == normalize("NFKC", password))


def test_equal_passwords_are_stored_differently() -> None:
    assert hashed("Same-horse-9", QUICK) != hashed("Same-horse-9", QUICK)


@pytest.mark.parametrize("stored", ["", "x", "md5$1$a$b", "pbkdf2-sm3-1$x$AA==$AA==", "pbkdf2-sm3-1$1000$?$?"])
def test_what_no_scheme_of_ours_stored_fits_nobody(stored: str) -> None:
    assert not fits("anything", stored)
    assert outdated(stored, QUICK + 1)


def test_a_hash_that_cost_less_than_is_asked_now_is_outdated() -> None:
    stored = hashed("Correct-horse-9", QUICK)
    assert not outdated(stored, QUICK)
    assert outdated(stored, QUICK + 1)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("Sh0rt-1", "至少"),
        ("alllowercaseletters", "三类"),
        ("Wangys-2026-x!", "账号名"),
        ("sygnaW-2026-x!", "账号名"),
        ("My-Passw0rd-x", "弱口令"),
        ("Abc-77777-xyZ", "连续"),
        ("Abx-34567-xyZ", "连续"),
        ("A1-" + "x" * 200, "最多"),
    ],
)
def test_a_weak_password_is_refused_with_the_reason(password: str, why: str) -> None:
    assert any(why in text for text in faults(password, "wangys", RULES))


@pytest.mark.parametrize("password", ["Herbst-im-Garten-7", "秋天的-Garten-7x", "tR4!nStation"])
def test_a_good_password_will_do(password: str) -> None:
    assert faults(password, "wangys", RULES) == []


def test_a_temporary_password_obeys_the_rules() -> None:
    made = [temporary() for _ in range(200)]
    assert len(set(made)) == 200
    good = [password for password in made if not faults(password, "wangys", RULES)]
    assert len(good) == 200
