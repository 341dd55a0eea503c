"""Answers of a method that are remembered, without keeping the object that gives them."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar
from weakref import WeakMethod

_F = TypeVar("_F", bound=Callable[..., object])


def remembered(method: _F, most: int) -> _F:
    """``lru_cache`` of a bound method, for an attribute of its own object: of the arguments asked for lately the
    answer is known. An object that held a cache of its own method would hold itself, and stay for ever where the
    garbage collector was told not to look. Whoever asks keeps the object: ``Terminology(s).drug(…)`` does not. Raises
    ``ReferenceError`` when asked after the object is gone."""
    weak, name = WeakMethod(method), method.__name__

    def asked(*arguments: object) -> object:
        bound = weak()
        if bound is None:
            raise ReferenceError(f"whoever answers {name} is gone")
        return bound(*arguments)

    return lru_cache(maxsize=most)(asked)  # type: ignore[return-value]
