"""Who stands out is judged by the diseases each sees: a lung specialist who gives antibiotics to the lungs does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from base.tenancy import guard, system
from supervision.figures.answers import Answers
from supervision.figures.catalogue import catalogue
from supervision.figures.collect import Row, merge_rows
from supervision.figures.lake import Lake
from supervision.figures.manifest import Load, Manifest
from supervision.figures.periods import period_of
from supervision.figures.sums import Asked, AskError
from supervision.outliers import Standing, standings

TENANT = "league/a/h1"
PNEUMONIA, COLD = "J18", "J00"


def _visits(doctor: str, disease: str, number: int, treated: int) -> list[Row]:
    """So many visits of a doctor, some of them with antimicrobials."""
    return [
        {"id": f"{doctor}-{disease}-{n}", "date": "2026-11-03", "kind": "outpatient", "doctor": doctor}
        | {"disease": disease, "antimicrobial": n < treated}
        for n in range(number)
    ]


def _told(engine: Engine, folder: Path, rows: list[Row], least: float = 30) -> dict[str, Standing]:
    lake = Lake(folder, Manifest(guard(engine)))
    answers = Answers(lake, catalogue())
    with system("test"):
        merge_rows(lake, catalogue().facts["visits"], Load(TENANT, "visits", "test", "somebody"), rows)
        one = catalogue().indicator("antimicrobial-outpatient")
        told = standings(answers, one, period_of("2026-11"), Asked(), least)
    return {standing.doctor: standing for standing in told}


PEERS = [row for n in range(6) for row in _visits(f"peer{n}", COLD, 50, 9 + n % 3)]
LUNGS = [row for n in range(2) for row in _visits(f"lungs{n}", PNEUMONIA, 40, 36)]


def test_who_gives_all_colds_antibiotics_stands_out_and_who_sees_pneumonia_does_not(
    engine: Engine, tmp_path: Path
) -> None:
    told = _told(engine, tmp_path, [*PEERS, *LUNGS, *_visits("generous", COLD, 50, 48)])
    assert [doctor for doctor, one in told.items() if one.stands_out] == ["generous"]
    assert next(iter(told)) == "generous", "the furthest comes first"
    assert told["lungs0"].ratio == pytest.approx(1.0)


def test_what_is_expected_follows_from_the_diseases_seen(engine: Engine, tmp_path: Path) -> None:
    both = [*_visits("both", COLD, 30, 6), *_visits("both", PNEUMONIA, 10, 9)]
    told = _told(engine, tmp_path, [*PEERS, *LUNGS, *both])["both"]
    colds, lungs = (sum(9 + n % 3 for n in range(6)) + 6) / 330, (72 + 9) / 90
    assert told.expected == pytest.approx(30 * colds + 10 * lungs)
    assert (told.volume, told.observed) == (40, 15)


def test_a_handful_of_cases_or_of_peers_is_not_judged(engine: Engine, tmp_path: Path) -> None:
    few = _told(engine, tmp_path / "few", [*PEERS, *_visits("seldom", COLD, 5, 5)])
    assert few["seldom"].score is None
    assert few["peer0"].score is not None


def test_three_doctors_are_no_crowd(engine: Engine, tmp_path: Path) -> None:
    rows = [row for n in range(3) for row in _visits(f"peer{n}", COLD, 50, 10 + 15 * n)]
    assert {one.score for one in _told(engine, tmp_path, rows).values()} == {None}


@pytest.mark.parametrize("name", ["outpatient-visits", "stay-cost-growth", "inpatients-present"])
def test_only_what_is_reckoned_for_each_case_can_be_compared(engine: Engine, tmp_path: Path, name: str) -> None:
    answers = Answers(Lake(tmp_path, Manifest(guard(engine))), catalogue())
    with pytest.raises(AskError, match="不能按病种构成比较医师"):
        standings(answers, catalogue().indicator(name), period_of("2026-11"), Asked())
