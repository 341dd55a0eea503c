"""Three-valued truth (Kleene's strong logic) and the value that says "nobody told us".

Unknown is not normal and not false: ``bool()`` of an unknown value, or of any Truth,
raises, so that ``if condition:`` cannot quietly treat what is missing as absent.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, TypeVar, final

if TYPE_CHECKING:
    from typing_extensions import TypeIs

T = TypeVar("T")


@final
class Unknown:
    """The type of ``UNKNOWN``, its only value; survives copying and pickling as itself."""

    __slots__ = ()
    _only: Unknown | None = None

    def __new__(cls) -> Unknown:
        if cls._only is None:
            cls._only = super().__new__(cls)
        return cls._only

    def __bool__(self) -> bool:
        raise TypeError("UNKNOWN is neither true nor false; ask is_known(value) first")

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __reduce__(self) -> tuple[type[Unknown], tuple[()]]:
        return Unknown, ()


UNKNOWN: Final = Unknown()
Known: TypeAlias = T | Unknown
"""``Known[float]`` is a float or ``UNKNOWN``: a datum that may be missing."""


def is_known(value: Known[T]) -> TypeIs[T]:
    """True when the value is there; narrows ``Known[T]`` to ``T`` for the type checker."""
    return not isinstance(value, Unknown)


class Truth(Enum):
    """TRUE, FALSE or UNKNOWN, joined with ``&``, ``|`` and ``~``; compare with ``is``."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"

    def __and__(self, other: Truth) -> Truth:
        if self is Truth.FALSE or other is Truth.FALSE:
            return Truth.FALSE
        return Truth.TRUE if self is other is Truth.TRUE else Truth.UNKNOWN

    def __or__(self, other: Truth) -> Truth:
        if self is Truth.TRUE or other is Truth.TRUE:
            return Truth.TRUE
        return Truth.FALSE if self is other is Truth.FALSE else Truth.UNKNOWN

    def __invert__(self) -> Truth:
        return _NOT[self]

    def __bool__(self) -> bool:
        raise TypeError("a Truth may be unknown; write `is Truth.TRUE` (or FALSE, UNKNOWN)")


_NOT = {Truth.TRUE: Truth.FALSE, Truth.FALSE: Truth.TRUE, Truth.UNKNOWN: Truth.UNKNOWN}


def truth(value: bool | None | Unknown) -> Truth:
    """A bool as Truth; None and ``UNKNOWN`` become ``Truth.UNKNOWN``."""
    if value is None or isinstance(value, Unknown):
        return Truth.UNKNOWN
    return Truth.TRUE if value else Truth.FALSE


def all_of(parts: Iterable[Truth]) -> Truth:
    """Conjunction of any number of parts, TRUE for none; stops at the first FALSE."""
    result = Truth.TRUE
    for part in parts:
        if part is Truth.FALSE:
            return part
        result = result & part
    return result


def any_of(parts: Iterable[Truth]) -> Truth:
    """Disjunction of any number of parts, FALSE for none; stops at the first TRUE."""
    result = Truth.FALSE
    for part in parts:
        if part is Truth.TRUE:
            return part
        result = result | part
    return result


class Ordered(Protocol):
    """Whatever has an order among its own kind: numbers, dates, texts, quantities."""

    def __lt__(self, other: Any, /) -> bool: ...


OrderedT = TypeVar("OrderedT", bound=Ordered)


def less(a: Known[OrderedT], b: Known[OrderedT]) -> Truth:
    """a < b; UNKNOWN when either side is unknown or not a number (NaN).

    Raises whatever the values raise when they cannot be compared (``UnitMismatch``).
    """
    return Truth.UNKNOWN if _absent(a) or _absent(b) else truth(a < b)  # type: ignore[operator]


def more(a: Known[OrderedT], b: Known[OrderedT]) -> Truth:
    """a > b; UNKNOWN when either side is unknown."""
    return less(b, a)


def at_least(a: Known[OrderedT], b: Known[OrderedT]) -> Truth:
    """a ≥ b; UNKNOWN when either side is unknown."""
    return ~less(a, b)


def at_most(a: Known[OrderedT], b: Known[OrderedT]) -> Truth:
    """a ≤ b; UNKNOWN when either side is unknown."""
    return ~less(b, a)


def equal(a: Known[OrderedT], b: Known[OrderedT]) -> Truth:
    """Neither less nor more, so that 1 g equals 1000 mg; UNKNOWN when either side is unknown."""
    return at_least(a, b) & at_most(a, b)


def between(value: Known[OrderedT], low: Known[OrderedT], high: Known[OrderedT]) -> Truth:
    """low ≤ value ≤ high, bounds included; FALSE as soon as one known bound is broken."""
    return at_least(value, low) & at_most(value, high)


def _absent(value: object) -> bool:
    return isinstance(value, Unknown) or value != value
