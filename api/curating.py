"""Who may curate: knowledge decides for the whole league, so whoever changes it needs the right over all of it."""

from __future__ import annotations

from fastapi import Request

from api.access import Access, Principal
from base.tenancy import TenancyError

EDIT, APPROVE, READ = "knowledge.edit", "knowledge.approve", "knowledge.read"


class Curators:
    """The door of the workbench's routes."""

    def __init__(self, access: Access, league: str) -> None:
        self.access, self._league = access, league

    def reads(self, request: Request) -> Principal:
        """Whoever edits or approves may see drafts. Raises ``ApiError``."""
        return self.access.need(request, EDIT if self.access.who(request).may(EDIT) else APPROVE)

    def edits(self, request: Request) -> Principal:
        """Raises ``ApiError``, ``TenancyError`` for whoever may edit only for a part of the league."""
        return self._whole(self.access.need(request, EDIT))

    def tries(self, request: Request) -> Principal:
        """Whoever edits or approves for the whole league. Raises ``ApiError``, ``TenancyError``."""
        return self._whole(self.reads(request))

    def approves(self, request: Request) -> Principal:
        """Raises ``ApiError``, ``TenancyError``."""
        return self._whole(self.access.need(request, APPROVE))

    def _whole(self, found: Principal) -> Principal:
        if not found.scope.may_write(self._league):
            raise TenancyError("knowledge is of the whole league")
        return found


def acting_as(found: Principal, given: str) -> str:
    """The name something is done under: a person's own, machines and the machine itself vouch for whom they name.
    Raises ``ApiError`` 403."""
    return found.acts_as(given, "by").strip() or found.name
