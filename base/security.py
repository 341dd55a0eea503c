"""The national algorithms: SM3 digests, SM4 sealing, SM2 signatures.

SM3 and SM4 come from ``cryptography`` (hundreds of MB/s), SM2 from ``gmssl`` (some 10 ms a
signature: for releases and tokens, not per request). Signatures are r ‖ s in 128 hex digits
over the SM3 digest with the default user id of GB/T 35276.
"""

from __future__ import annotations

import json
import mmap
import os
import secrets
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SM3, Hash
from gmssl import sm2

USER_ID: Final = b"1234567812345678"
_CURVE: Final = sm2.default_ecc_table
_ORDER: Final = int(_CURVE["n"], 16)
_TRIES: Final = 20


class KeyFileError(Exception):
    """A key file cannot be used; the message says why."""


class SealError(Exception):
    """Sealed data was altered or the key is another one."""


def sm3(data: bytes) -> str:
    """SM3 digest (GB/T 32905) as 64 hex digits."""
    digest = Hash(SM3())
    digest.update(data)
    return digest.finalize().hex()


_AHEAD: Final[dict[Path, Future[str]]] = {}


@contextmanager
def hashed_ahead(path: Path) -> Iterator[None]:
    """Begin to hash a file on a thread of its own: the first ``sm3_file`` of it within takes that digest, no later
    one does."""
    aside = ThreadPoolExecutor(1)
    _AHEAD[path.resolve()] = aside.submit(_sm3_file, path)
    try:
        yield
    finally:
        _AHEAD.pop(path.resolve(), None)
        aside.shutdown(wait=False)


def sm3_file(path: Path) -> str:
    """SM3 digest of a file, begun before where ``hashed_ahead`` was asked to."""
    begun = _AHEAD.pop(path.resolve(), None)
    return _sm3_file(path) if begun is None else begun.result()


def _sm3_file(path: Path) -> str:
    """Mapped and hashed in one piece: between any two a thread of its own would wait for the interpreter."""
    digest = Hash(SM3())
    with path.open("rb") as file:
        if path.stat().st_size:  # nothing cannot be mapped
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as view:
                digest.update(view)
    return digest.finalize().hex()


def seal(key: bytes, plain: bytes, bound_to: bytes = b"") -> bytes:
    """SM4-GCM: nonce (12) ‖ tag (16) ‖ ciphertext. ``key`` has 16 bytes; ``bound_to`` is authenticated."""
    nonce = secrets.token_bytes(12)
    sealer = Cipher(algorithms.SM4(key), modes.GCM(nonce)).encryptor()
    sealer.authenticate_additional_data(bound_to)
    sealed = sealer.update(plain) + sealer.finalize()
    return nonce + sealer.tag + sealed


def unseal(key: bytes, sealed: bytes, bound_to: bytes = b"") -> bytes:
    """The plain bytes of ``seal``. Raises ``SealError`` when anything was altered."""
    opener = Cipher(algorithms.SM4(key), modes.GCM(sealed[:12], sealed[12:28])).decryptor()
    opener.authenticate_additional_data(bound_to)
    try:
        return opener.update(sealed[28:]) + opener.finalize()
    except InvalidTag:
        raise SealError("sealed data was altered, or the key is not the one it was sealed with") from None


def sealing_key(path: Path) -> bytes:
    """The SM4 key (16 bytes) in a file of mode 0600, made at first use.

    Raises ``KeyFileError`` when others may read the file or it holds no key.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return sealing_key(path)
    except FileExistsError:
        return _read_sealing_key(path)
    with os.fdopen(descriptor, "w") as file:
        key = secrets.token_bytes(16)
        file.write(key.hex())
    return key


def _read_sealing_key(path: Path) -> bytes:
    if path.stat().st_mode & 0o077:
        raise KeyFileError(f"{path.name} is readable by others: chmod 600 it")
    for _ in range(50):  # another process may be writing it this moment
        text = path.read_text().strip()
        if text:
            break
        time.sleep(0.01)
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != 16:
        raise KeyFileError(f"{path.name} must hold 32 hex digits")
    return key


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An SM2 key pair as hex: private 64 digits, public 128 (x ‖ y)."""

    private: str
    public: str

    @classmethod
    def generate(cls) -> SigningKey:
        """A fresh random key pair."""
        number = secrets.randbelow(_ORDER - 2) + 1
        private = f"{number:064x}"
        return cls(private, public_of(private))

    @classmethod
    def load_or_create(cls, path: Path) -> SigningKey:
        """The key in a file (mode 0600), made at first use.

        Raises ``KeyFileError`` when the file is readable by others or holds no key pair.
        """
        if not path.exists():
            key = cls.generate()
            key.save(path)
            return key
        if path.stat().st_mode & 0o077:
            raise KeyFileError(f"{path.name} is readable by others: chmod 600 it, or replace the key")
        try:
            found = json.loads(path.read_text())
            key = cls(found["private"], found["public"])
        except (ValueError, KeyError, TypeError) as error:
            raise KeyFileError(f"{path.name} holds no SM2 key pair") from error
        if public_of(key.private) != key.public:
            raise KeyFileError(f"{path.name}: public and private key do not belong together")
        return key

    def save(self, path: Path) -> None:
        """Write the pair so that only the owner can read it; never over an existing file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            json.dump({"algorithm": "SM2", "private": self.private, "public": self.public}, file)

    def sign(self, message: bytes) -> str:
        """SM2 signature with SM3 (GB/T 32918.2) as 128 hex digits (r ‖ s). Raises ``KeyFileError`` for a
        pair whose signatures it does not accept itself."""
        for _ in range(_TRIES):  # gmssl gives None for the rare nonce that yields no usable signature
            found = _engine(self).sign(_digest(self.public, message), f"{secrets.randbelow(_ORDER - 2) + 1:064x}")
            if found and len(found) == 128 and verify(self.public, message, found):
                return str(found)
        raise KeyFileError("the key pair gives no signature that it accepts itself: replace the key")


def verify(public: str, message: bytes, signature: str) -> bool:
    """Whether a signature fits a message and public key. Malformed input is simply wrong."""
    if len(public) != 128 or len(signature) != 128:
        return False
    try:
        return bool(_engine(SigningKey("", public)).verify(signature, _digest(public, message)))
    except (ValueError, TypeError):
        return False


def public_of(private: str) -> str:
    """Public key (x ‖ y, 128 hex digits) of a private key."""
    engine = sm2.CryptSM2(private_key=private, public_key="")
    return str(engine._kg(int(private, 16), _CURVE["g"]))


def _engine(key: SigningKey) -> sm2.CryptSM2:
    """gmssl's engine. It takes a public key that begins with 04 for one with the mark of an uncompressed
    point and strips more than that mark (one key in 256), so the key is set past its constructor."""
    engine = sm2.CryptSM2(private_key=key.private, public_key="")
    engine.public_key = key.public
    return engine


def _digest(public: str, message: bytes) -> bytes:
    """SM3(Z ‖ message), with Z over user id, curve and public key (GB/T 32918.2, 5.5)."""
    bits = (len(USER_ID) * 8).to_bytes(2, "big")
    curve = bytes.fromhex(_CURVE["a"] + _CURVE["b"] + _CURVE["g"] + public)
    z = bytes.fromhex(sm3(bits + USER_ID + curve))
    return bytes.fromhex(sm3(z + message))
