"""Resources as the repository stores them: JSON, packed by zstandard with a dictionary of what FHIR says over and
over. A frame names its dictionary; the ones that were ever used stay beside this file, so that all is still read."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson
import zstandard

_FOLDER: Final = Path(__file__).parent / "dictionaries"
NEWEST: Final = 1
"""The dictionary that packs: ``dictionaries/<number>.zdict``, whose frames carry the number."""
_LEVEL: Final = 3
_MARK: Final = 40_000
"""Numbers of dictionaries below 32768 are reserved by zstandard."""
_own = threading.local()


class PackError(ValueError):
    """Stored bytes that are no packed resource, or need a dictionary that is not here."""


def pack(plain: bytes) -> bytes:
    """JSON bytes, packed."""
    packer: zstandard.ZstdCompressor | None = getattr(_own, "packer", None)
    if packer is None:  # one for each thread: they hold buffers
        packer = _own.packer = zstandard.ZstdCompressor(
            level=_LEVEL, dict_data=_dictionary(NEWEST), write_checksum=False, write_content_size=True
        )
    return packer.compress(plain)


def unpack(packed: bytes) -> bytes:
    """The JSON bytes. Raises ``PackError``."""
    try:
        number = zstandard.get_frame_parameters(packed).dict_id
        return _unpacker(number).decompress(packed)
    except (zstandard.ZstdError, OSError) as error:
        raise PackError(f"a stored resource cannot be unpacked: {error}") from None


def written(resource: Any) -> bytes:
    """A resource as JSON with its members in order, so that equal ones are equal bytes."""
    return orjson.dumps(resource, option=orjson.OPT_SORT_KEYS)


def _unpacker(number: int) -> zstandard.ZstdDecompressor:
    kept: dict[int, zstandard.ZstdDecompressor] | None = getattr(_own, "unpackers", None)
    if kept is None:
        kept = _own.unpackers = {}
    found = kept.get(number)
    if found is None:
        dictionary = _dictionary(number - _MARK) if number else None
        found = kept[number] = zstandard.ZstdDecompressor(dict_data=dictionary)
    return found


@cache
def _dictionary(number: int) -> zstandard.ZstdCompressionDict:
    made = zstandard.ZstdCompressionDict((_FOLDER / f"{number}.zdict").read_bytes())
    if number == NEWEST:
        made.precompute_compress(level=_LEVEL)
    return made


def train(samples: Iterable[bytes], number: int, size: int = 32_768) -> bytes:
    """A new dictionary from samples of what will be packed: written beside the others it can be read for ever."""
    made = zstandard.train_dictionary(size, list(samples), dict_id=number + _MARK, level=_LEVEL)
    return bytes(made.as_bytes())


__all__ = ["NEWEST", "PackError", "pack", "train", "unpack", "written"]
