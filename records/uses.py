"""Each use of inference: what for, where, by whom and for which disease. Nothing says about whom, nor what was told.

Uses are stored soon, on a thread of their own: nobody who asks waits for it, and a database that is away costs
counts, not answers.
"""

from __future__ import annotations

import logging
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import uuid4

from sqlalchemy import Boolean, Column, DateTime, Engine, Float, Index, String, Table
from sqlalchemy.exc import SQLAlchemyError

from base.batches import Batches
from base.db import METADATA, OWN, insert_many
from base.tenancy import system

_log = logging.getLogger(__name__)
_LONGEST: Final = 80
_BATCH, _LIMIT, _GATHER_SECONDS = 200, 10_000, 0.25


class Kind(StrEnum):
    """What inference was used for."""

    DIAGNOSES = "diagnoses"
    DIFFERENTIALS = "differentials"
    EXAMINATIONS = "examinations"
    TREATMENTS = "treatments"
    SUGGESTIONS = "score-suggestions"
    SCORES = "scores"
    RISKS = "risks"
    RARE = "rare-diseases"
    SIMILAR = "similar-cases"
    PATHWAYS = "pathways"
    CONSULTATIONS = "consultations"
    ANSWERS = "answers"


KINDS: Final = {
    Kind.DIAGNOSES: "疑似诊断",
    Kind.DIFFERENTIALS: "鉴别诊断",
    Kind.EXAMINATIONS: "检查检验推荐",
    Kind.TREATMENTS: "治疗方案推荐",
    Kind.SUGGESTIONS: "评估表推荐",
    Kind.SCORES: "评估表评分",
    Kind.RISKS: "风险预测",
    Kind.RARE: "罕见病推荐",
    Kind.SIMILAR: "相似病例",
    Kind.PATHWAYS: "临床路径适配",
    Kind.CONSULTATIONS: "会诊准备",
    Kind.ANSWERS: "临床问答",
}

uses = Table(
    "inference_use",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("tenant", String(200), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("department", String(_LONGEST), nullable=False),
    Column("doctor", String(_LONGEST), nullable=False),
    Column("disease", String(10), nullable=False),
    Column("answered", Boolean, nullable=False),
    Column("elapsed_ms", Float, nullable=False),
    Index("inference_use_at", "at"),
    info=OWN,
)


class Asker(NamedTuple):
    """Where and by whom inference was used, for which disease (category of ICD-10); what nobody told is empty."""

    tenant: str
    department: str = ""
    doctor: str = ""
    disease: str = ""


class Use(NamedTuple):
    """One use. ``answered``: whether anything was proposed."""

    kind: Kind
    asker: Asker
    at: datetime
    answered: bool
    elapsed_ms: float


class Uses:
    """Keeps them; whoever belongs to no institution uses it for the league."""

    def __init__(self, engine: Engine, league: str) -> None:
        self._engine, self._league = engine, league
        self._batches: Batches[Use] = Batches("uses", self._store, _BATCH, _LIMIT, _GATHER_SECONDS)

    def note(self, use: Use) -> None:
        """Queue a use; never blocks, never raises."""
        if not self._batches.offer(use):
            _log.error("use of inference not counted: too many wait")

    def flush(self) -> bool:
        """Wait until everything queued so far is stored; False when that took too long."""
        return self._batches.flush()

    def _store(self, batch: list[Use]) -> None:
        try:
            with system("use of inference"), self._engine.begin() as connection:
                insert_many(connection, uses, [self._row(use) for use in batch])
        except SQLAlchemyError as error:
            _log.error("use of inference not stored", extra={"error": type(error).__name__, "count": len(batch)})

    def _row(self, use: Use) -> dict[str, object]:
        asker = use.asker
        told = {"department": asker.department.strip()[:_LONGEST], "doctor": asker.doctor.strip()[:_LONGEST]}
        row: dict[str, object] = {"id": str(uuid4()), "tenant": asker.tenant or self._league, "at": use.at}
        row |= {"kind": use.kind.value, "disease": asker.disease, "answered": use.answered}
        return row | told | {"elapsed_ms": use.elapsed_ms}


__all__ = ["KINDS", "Asker", "Kind", "Use", "Uses", "uses"]
