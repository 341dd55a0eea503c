"""Signatures that verify, for every key; sealed data that shows tampering."""

from __future__ import annotations

from pathlib import Path

import pytest

from base.security import (
    KeyFileError,
    SealError,
    SigningKey,
    hashed_ahead,
    public_of,
    seal,
    sealing_key,
    sm3,
    sm3_file,
    unseal,
    verify,
)


def test_sm3_of_the_standard_s_example() -> None:
    """GB/T 32905-2016, appendix A.1."""
    assert sm3(b"abc") == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"


@pytest.mark.parametrize("number", [1, 11, 2**200 + 1])
def test_what_a_key_signed_it_accepts_and_nothing_else(number: int) -> None:
    """11 is the first key whose public part begins with 04: gmssl cut such keys short, and signing never ended."""
    private = f"{number:064x}"
    key = SigningKey(private, public_of(private))
    signature = key.sign(b"release")
    assert verify(key.public, b"release", signature)
    assert not verify(key.public, b"other", signature)
    assert not verify(public_of(f"{number + 1:064x}"), b"release", signature)


def test_the_key_eleven_is_of_the_kind_that_was_cut_short() -> None:
    assert public_of(f"{11:064x}").startswith("04")


def test_a_pair_that_does_not_belong_together_is_said_not_to() -> None:
    with pytest.raises(KeyFileError, match="replace the key"):
        SigningKey(f"{5:064x}", public_of(f"{6:064x}")).sign(b"release")


@pytest.mark.parametrize("signature", ["", "0" * 128, "g" * 128, "f" * 127])
def test_what_is_no_signature_is_wrong_and_no_error(signature: str) -> None:
    assert not verify(public_of(f"{3:064x}"), b"x", signature)


def test_sealed_data_opens_only_unaltered_with_its_key_and_binding(tmp_path: Path) -> None:
    key = sealing_key(tmp_path / "keys" / "journal.key")
    assert sealing_key(tmp_path / "keys" / "journal.key") == key
    sealed = seal(key, "张三".encode(), b"r1")
    assert unseal(key, sealed, b"r1").decode() == "张三"
    for altered, binding in ((sealed[:-1] + bytes([sealed[-1] ^ 1]), b"r1"), (sealed, b"r2")):
        with pytest.raises(SealError):
            unseal(key, altered, binding)


def test_a_file_hashed_ahead_has_the_digest_it_would_have_and_is_hashed_again_next_time(tmp_path: Path) -> None:
    file = tmp_path / "release.ygr"
    file.write_bytes(b"x" * 100_000)
    with hashed_ahead(file):
        assert sm3_file(file) == sm3(b"x" * 100_000)
        file.write_bytes(b"y")
        assert sm3_file(file) == sm3(b"y")
    with hashed_ahead(file):
        pass
    file.write_bytes(b"z")
    assert sm3_file(file) == sm3(b"z")
