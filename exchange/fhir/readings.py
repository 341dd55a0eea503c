"""What is known of a patient comes again with every order that is chosen, and once more when all are signed: lists
of resources are read once for the text they were sent as."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any, Final, Generic, TypeVar

import msgspec

from exchange.fhir.shapes import ABSENT, OUTCOME, Entry, ReadError, Resource, Shape, shaped

_S = TypeVar("_S")
_BUNDLE: Final = "Bundle"
_LONGEST: Final = 32_768
"""Bytes of a list that may be kept: forty drugs, or a hundred results."""
_HELD: Final = 12_000_000
"""Bytes that the lists of a kind may take: some minutes of a busy hospital."""
_RESOURCE: Final = 600
"""Bytes that a resource takes at least, however short its text."""
_MET: Final = 2048
"""Lists of a kind that are known to have come, by their hash."""


class _Sent(Shape, frozen=True):
    """What stands where a Bundle or a single resource may: either, or an entry of a Bundle."""

    resource_type: str | None = None
    entry: msgspec.Raw = ABSENT
    resource: msgspec.Raw = ABSENT


_ENTRIES: Final[Any] = tuple[Entry, ...] | None
Reader = Callable[[Any, str], tuple[_S, ...] | None]
"""Reads the resources of a Bundle, as sent or parsed, or a single one (bare, or as an entry); the text is a path for
errors. None for an OperationOutcome in their place. Raises ``ReadError``."""


class Readings(Generic[_S]):
    """What lists of resources say, kept from the second time on that they come: what comes but once is not worth the
    memory that it would push out of the processor's caches. The least asked for are forgotten."""

    def __init__(self, read: Callable[[msgspec.Raw], tuple[_S, ...]]) -> None:
        self._read, self._lock = read, threading.Lock()
        self._kept, self._met, self._held = OrderedDict[bytes, tuple[_S, ...]](), OrderedDict[int, None](), 0

    def of(self, sent: msgspec.Raw) -> tuple[_S, ...]:
        """Whatever ``read`` gives or raises; what it raises is not kept. What is kept is read from a copy: it may
        hold on to parts as sent, and must not hold on to all that was sent with them."""
        text, kept = bytes(sent), self._kept
        if len(text) > _LONGEST:
            return self._read(sent)
        if text in kept:
            with suppress(KeyError):  # another thread made it be forgotten
                kept.move_to_end(text)
                return kept[text]
        made = self._read(msgspec.Raw(text))
        with self._lock:
            self._note(text, made)
        return made

    def _note(self, text: bytes, made: tuple[_S, ...]) -> None:
        known, kept, met = hash(text), self._kept, self._met
        if known not in met:
            met[known] = None
            if len(met) > _MET:
                met.popitem(last=False)
        elif text not in kept:
            kept[text] = made
            self._held += _weight(text, made)
            while self._held > _HELD:
                self._held -= _weight(*kept.popitem(last=False))

    def forget(self) -> None:
        """Keep nothing of anybody."""
        with self._lock:
            self._kept.clear()
            self._met.clear()
            self._held = 0


def _weight(text: bytes, made: tuple[Any, ...]) -> int:
    """About what a text and all that was read of it take in memory."""
    return 3 * len(text) + _RESOURCE * len(made)


_ALL: Final[list[Readings[Any]]] = []


def forget() -> None:
    """Forget what was read: of a patient whom nobody asks about any more nothing stays in memory."""
    for readings in _ALL:
        readings.forget()


def once_a_text(read: Callable[[Resource], _S], kinds: Collection[str] = (), untyped: bool = False) -> Reader[_S]:
    """A reader of resources that reads a list once for the text it was sent as. ``read`` depends on nothing but the
    resource. OperationOutcomes among them, which speak of what could not be had, are read too.

    What does not say what it is is refused, and so is a single resource that is none of ``kinds``: passed over, they
    would say that the patient has no disease. ``untyped`` is for where but one resource may stand: it may be of any
    kind, and need not say which.
    """

    def of_bundle(text: msgspec.Raw) -> tuple[_S, ...]:
        entries = shaped(text, _ENTRIES, "entry") or ()
        found: list[_S] = []
        try:
            for entry in entries:
                kind = entry.resource.resource_type
                if kind == _BUNDLE or (kind is None and not untyped):
                    raise ReadError("resourceType", f"不能是 {_BUNDLE}" if kind else "缺少资源类型")
                found.append(read(entry.resource))
        except ReadError as error:
            raise error.within(f"entry[{len(found)}].resource") from None
        return tuple(found)

    bundles, singles = Readings(of_bundle), Readings(lambda text: (read(shaped(text, Resource, "")),))
    _ALL.extend((bundles, singles))

    def reading(value: Any, path: str) -> tuple[_S, ...] | None:
        text, sent, path = _opened(value, path)
        kind = sent.resource_type
        try:
            if kind == _BUNDLE:
                return bundles.of(sent.entry)
            if kind == OUTCOME:
                return None
            if _is_given(sent.entry):
                raise ReadError("resourceType", f"有 entry 的须为 {_BUNDLE}")
            if kind is None and not untyped:
                raise ReadError("resourceType", "缺少资源类型")
            if kinds and kind not in kinds:
                raise ReadError("resourceType", f"须为 {'、'.join((_BUNDLE, *kinds))}")
            return singles.of(text)
        except ReadError as error:
            raise error.within(path) from None

    return reading


def place(value: Any, path: str, number: int) -> str:
    """Where the resource of a number among those that a reader reads stands."""
    _, sent, path = _opened(value, path)
    return f"{path}.entry[{number}].resource" if sent.resource_type == _BUNDLE else path


def _opened(value: Any, path: str) -> tuple[msgspec.Raw, _Sent, str]:
    """A Bundle or a resource, out of the entry it may come as: its text, what it holds, where it stands."""
    try:
        text = value if isinstance(value, msgspec.Raw) else msgspec.Raw(msgspec.json.encode(value))
    except RecursionError:
        raise ReadError(path, "嵌套过深") from None
    sent: _Sent = shaped(text, _Sent, path)
    if sent.resource_type is None and _is_given(sent.resource) and not _is_given(sent.entry):
        text, path = sent.resource, f"{path}.resource"
        sent = shaped(text, _Sent, path)
    return text, sent, path


def _is_given(part: msgspec.Raw) -> bool:
    return part is not ABSENT and bytes(part) != b"null"


__all__ = ["Reader", "Readings", "forget", "once_a_text", "place"]
