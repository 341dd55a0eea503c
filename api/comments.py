"""Prescription comment (处方点评) of one installation: who may draw and judge, which drugs a special comment is
about, and how stored prescriptions are read."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from api.access import Principal
from api.dispensary import staff
from api.errors import ApiError, bad_field
from api.hook import Hook
from api.review import Reviewer
from api.worksheets import ANTIMICROBIAL, Worksheets
from base.keyring import KeyRing
from base.plugins import discover
from base.settings import Settings
from base.tabular import TableError
from knowledge.model import ConceptKind
from knowledge.snapshot import Snapshot
from records.comment_items import Item, Judgement, Round
from records.comments import Comments
from records.prescriptions import Prescriptions
from records.review_moves import Role
from records.sampling import ORDERS, PERIOPERATIVE, PRESCRIPTIONS, CommentError, Plan
from supervision.comment_book import CellError, read_back, save_results, save_worksheet
from supervision.comments import Results, results

SPECIALS: Final[dict[str, tuple[str, ...]]] = {
    "抗菌药物": tuple(sorted(ANTIMICROBIAL)),
    "激素": ("drug-class:systemic-corticosteroid",),
    "抗肿瘤药物": ("drug-class:antineoplastic",),
    "质子泵抑制剂": ("drug-class:proton-pump-inhibitor",),
    "中药注射剂": ("drug-class:patent-blood-injection", "drug-class:patent-heat-injection"),
    "血液制品": (
        "ingredient:human-albumin",
        "ingredient:human-normal-immunoglobulin",
        "ingredient:hepatitis-b-immunoglobulin",
        "ingredient:rabies-immunoglobulin",
        "ingredient:tetanus-immunoglobulin",
        "ingredient:human-coagulation-factor-viii",
        "ingredient:human-coagulation-factor-ix",
        "ingredient:human-prothrombin-complex",
        "ingredient:human-fibrinogen",
    ),
}
"""Special comments (专项点评) and the drugs they are about; others name their drugs."""
_WHOLE: Final = (PRESCRIPTIONS, ORDERS, PERIOPERATIVE)
_DRUGS: Final = (ConceptKind.INGREDIENT, ConceptKind.DRUG_CLASS, ConceptKind.PRODUCT)
_SIGNING: Final = ("order-sign", "medication-verify")
_PLAIN: Final = "review"
_PHARMACY: Final = (Role.PHARMACIST, Role.SUPERVISOR)


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a filled-in worksheet: rows stored, rows that said nothing new, and faults by cell."""

    stored: int
    unchanged: int
    errors: tuple[CellError, ...]


class CommentDesk:
    """Draws, hands out, takes back and counts."""

    def __init__(
        self,
        settings: Settings,
        reviewer: Reviewer,
        engine: Engine,
        ring: KeyRing,
        may_judge: Callable[[str, str], bool],
    ) -> None:
        """``may_judge``: whether an account (by name) may comment on a tenant's prescriptions."""
        self._reviewer, self._may_judge = reviewer, may_judge
        self._hooks = discover("api.hooks", "HOOK", Hook)
        signing = [name for name, hook in self._hooks.items() if hook.stage in _SIGNING]
        stored = Prescriptions(engine, ring, reviewer.journal.entry, (*signing, _PLAIN))
        self.comments = Comments(engine, ring, stored)
        self._staff = staff(settings.staff_file)

    def sample(self, plan: Plan, drugs: Sequence[str], now: datetime, caller: Principal | None = None) -> Round:
        """Draw a round about some drugs (names or ids; empty: those of its kind). Raises ``ApiError`` and
        ``CommentError``."""
        self._authorised(caller, plan.by, plan.institutions or ("*",))
        served = self._reviewer.serving.now
        kind = plan.kind.strip().removesuffix("专项").removesuffix("点评")
        asked = replace(plan, kind=kind, concepts=concepts_of(served.snapshot, kind, drugs))
        read = Worksheets(served, self._hooks, self._reviewer.journal.entry).read
        return self.comments.sample(asked, read, now)

    def judge(
        self, round_id: str, number: int, given: Judgement, role: Role, caller: Principal | None = None
    ) -> Item:
        """One judgement by a person. Raises ``ApiError`` and ``CommentError``."""
        item = self.comments.item(round_id, number)
        self._authorised(caller, given.by, (item.institution,), role)
        return self.comments.judge(round_id, number, replace(given, supervisor=role is Role.SUPERVISOR))

    def assign(
        self, round_id: str, number: int, by: str, to: str, version: int | None, caller: Principal | None = None
    ) -> Item:
        """Hand an item to somebody who may judge it. Raises ``ApiError`` and ``CommentError``."""
        item = self.comments.item(round_id, number)
        for name in (by, to):
            self._authorised(caller, name, (item.institution,))
        tenant = self.comments.round(round_id).tenant
        if caller is not None and caller.is_person and not self._may_judge(to, tenant):
            raise ApiError(403, "forbidden", f"{to} 无权点评该机构的处方", "to")
        return self.comments.assign(round_id, number, to, version)

    def close(self, round_id: str, by: str, version: int | None, caller: Principal | None = None) -> Round:
        """End a round. Raises ``ApiError`` and ``CommentError``."""
        self._authorised(caller, by, self.comments.round(round_id).institutions or ("*",))
        return self.comments.close(round_id, version)

    def take_back(self, round_id: str, book: bytes, by: str, now: datetime, caller: Principal | None = None) -> Taken:
        """Store what pharmacists typed into a worksheet; rows with a fault are left and named, also those of others
        where the caller logged in and leads no comment. Raises ``ApiError`` 400 when it is no worksheet,
        ``CommentError``."""
        self.comments.round(round_id)
        items = {item.number: item for item in self.comments.items(round_id)}
        try:
            filled, same, faults = read_back(book, items, by, now)
        except TableError as error:
            raise bad_field("workbook", str(error)) from None
        stored = 0
        for row in filled:
            try:
                for name in {by, row.judgement.by}:
                    self._authorised(caller, name, (items[row.number].institution,))
                if caller is not None and not caller.may("comment.lead"):
                    caller.acts_as(row.judgement.by)
                self.comments.judge(round_id, row.number, row.judgement)
                stored += 1
            except (CommentError, ApiError) as error:
                faults.append(CellError(row.cell, str(error)))
        return Taken(stored, same, tuple(faults))

    def results(self, round_id: str) -> Results:
        """A round counted. Raises ``MissingCommentError``."""
        return results(self.comments.round(round_id), self.comments.items(round_id))

    def worksheet_book(self, round_id: str, assignee: str = "") -> bytes:
        """The worksheet of a round, or of one person, as .xlsx. Raises ``MissingCommentError``."""
        self.comments.round(round_id)
        items = self.comments.items(round_id, assignee)
        return _bytes(lambda path: save_worksheet(path, items))

    def results_book(self, round_id: str) -> bytes:
        """Worksheet and results as .xlsx. Raises ``MissingCommentError``."""
        found, items = self.comments.round(round_id), self.comments.items(round_id)
        return _bytes(lambda path: save_results(path, found, items))

    def _authorised(
        self, caller: Principal | None, name: str, institutions: Iterable[str], role: Role | None = None
    ) -> None:
        """Whoever is on the list as a pharmacist or supervisor, where they cover; everybody without a list. Who
        logged in acts by their own grants, which the route asked for."""
        if not self._staff or (caller is not None and caller.is_person):
            return
        member = self._staff.get(name)
        if member is None or member.role not in _PHARMACY or role not in (None, member.role):
            raise ApiError(403, "forbidden", f"{name} 不是可进行处方点评的{role.value if role else '药师'}")
        if not all(member.covers(institution) for institution in institutions):
            raise ApiError(403, "forbidden", f"{name} 无权点评该机构的处方")


def concepts_of(snapshot: Snapshot, kind: str, drugs: Sequence[str]) -> tuple[str, ...]:
    """Concepts that a round is about; none for whole prescriptions. Raises ``ApiError`` 400 for a drug nobody
    knows, or a special of which nobody said its drugs."""
    found = [concept for text in drugs for concept in _named(snapshot, text)]
    if not found and kind not in _WHOLE:
        found = [concept for concept in SPECIALS.get(kind, ()) if snapshot.concept(concept)]
        if not found:
            known = "、".join((*_WHOLE, *SPECIALS))
            raise bad_field("drugs", f"专项“{kind}”须给出药品或药品类别；不需给出的类别: {known}")
    return tuple(dict.fromkeys(found))


def _named(snapshot: Snapshot, text: str) -> tuple[str, ...]:
    if snapshot.concept(text):
        return (text,)
    found = tuple(concept.id for concept in snapshot.by_name(text, *_DRUGS))
    if not found:
        raise bad_field("drugs", f"知识库中没有药品或类别“{text}”")
    return found


def _bytes(save: Callable[[Path], None]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "comments.xlsx"
        save(path)
        return path.read_bytes()
