"""One door for features: ours in a folder, a hospital's through entry points."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules
from types import ModuleType
from typing import Protocol, TypeVar


class PluginError(Exception):
    """A plug-in cannot be used; the message names the module and what it must declare."""


class Named(Protocol):
    """What every plug-in has: a name, unique among its kind."""

    @property
    def name(self) -> str: ...


_N = TypeVar("_N", bound=Named)


def discover(package: str, attribute: str, type_: type[_N], *, mixed: bool = False) -> dict[str, _N]:
    """Plug-ins of a package by name: every module's ``attribute`` (one or a tuple), then the
    entry points of group ``yigong.<package>``. Modules that begin with ``_`` are private; in a ``mixed``
    package those without the attribute are no plug-ins.

    Raises ``PluginError`` when a module lacks the attribute, declares something else, or two
    plug-ins share a name.
    """
    found: dict[str, _N] = {}
    for where, plugin in _declared(package, attribute, mixed):
        for one in plugin if isinstance(plugin, tuple) else (plugin,):
            if not isinstance(one, type_):
                raise PluginError(f"{where}: {attribute} must be a {type_.__name__}, not {type(one).__name__}")
            if one.name in found:
                raise PluginError(f"{where}: the name {one.name!r} is taken; choose another")
            found[one.name] = one
    return found


def _declared(package: str, attribute: str, mixed: bool) -> Iterator[tuple[str, object]]:
    folder = import_module(package)
    for info in sorted(iter_modules(folder.__path__), key=lambda i: i.name):
        if not info.name.startswith("_"):
            module = import_module(f"{package}.{info.name}")
            if mixed and not hasattr(module, attribute):
                continue
            yield module.__name__, _attribute(module, attribute)
    for point in sorted(_installed().select(group=f"yigong.{package}"), key=lambda p: p.name):
        yield f"entry point {point.name}", point.load()


_installed = lru_cache(maxsize=1)(entry_points)
"""Entry points of all distributions: each has a file of its own to read, so once."""


def _attribute(module: ModuleType, attribute: str) -> object:
    try:
        return getattr(module, attribute)
    except AttributeError:
        raise PluginError(f"{module.__name__}: end the module with `{attribute} = …`") from None
