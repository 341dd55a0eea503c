"""Every indicator reckoned a second time, in pandas, from the rows themselves and from nothing that the engine uses.

``d.visits`` are the rows of a fact within the period (of a stock, of its last month), ``d.all("stock")`` those of all its
months, ``d.months`` how many that are, ``d.before`` the same of the year before. A module for each of
``supervision/indicators`` ends with ``REFERENCES``.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from tests.unit.supervision.references.reckoning import Reference

_MODULES = [import_module(f"{__name__}.{one.name}") for one in iter_modules(__path__) if one.name != "reckoning"]
REFERENCES: dict[str, Reference] = {name: of for module in _MODULES for name, of in module.REFERENCES.items()}
"""By indicator."""
