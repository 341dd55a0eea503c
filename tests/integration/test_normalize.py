"""Written names over HTTP: what is known is found, what is nothing of the kind is said to be nothing."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

pytestmark = pytest.mark.usefixtures("standing")


def asked(standing: TestClient, system: str, *texts: str) -> list[dict[str, Any]]:
    answer = standing.post("/api/v1/terms/normalize", json={"texts": texts, "system": system, "limit": 3})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["results"])


def test_diagnoses_are_found_and_what_is_no_diagnosis_is_said_to_be_none(standing: TestClient) -> None:
    found = asked(standing, "icd-10", "急性阑尾炎伴穿孔", "高血压病3级", "asdf", "今天天气不错", "阿莫西林胶囊")
    assert [one["candidates"][0]["name"] for one in found[:2]] == ["急性阑尾炎", "重度高血压"]
    assert all("note" not in one for one in found[:2])
    assert all(one["candidates"] == [] for one in found[2:])
    assert all(one["note"].startswith("没有足够接近的标准名称") for one in found[2:])


def test_a_name_of_another_kind_is_called_by_it(standing: TestClient) -> None:
    drug, test = asked(standing, "icd-10", "阿莫西林", "血常规")
    assert (drug["candidates"], test["candidates"]) == ([], [])
    assert drug["note"].endswith("知识库中它是药品成分、过敏原的名称") or drug["note"].endswith("它是药品成分的名称")
    assert test["note"].endswith("知识库中它是检验的名称")


def test_of_a_list_the_part_that_is_nothing_stays_empty(standing: TestClient) -> None:
    found = asked(standing, "icd-10", "高血压、今天天气不错")[0]
    assert [[one["name"] for one in part[:1]] for part in found["parts"]] == [["高血压"], []]
    assert found["note"] == "其中 1 项没有足够接近的标准名称"


def test_drugs_are_known_by_terminology_whatever_they_look_like(standing: TestClient) -> None:
    known, nothing = asked(standing, "drug", "格华止", "下周复诊")
    assert known["candidates"]
    assert nothing["candidates"] == []
