"""Rows of hospital tables become resources; a wrong cell is told by its row and heading."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.message import MessageError
from exchange.tables._templates import TEMPLATES
from exchange.tables.rows import MESSAGE


def message(template: str, *rows: dict[str, Any]) -> bytes:
    return orjson.dumps({"template": template, "rows": list(rows)})


POTASSIUM = {
    "结果编号": "R1",
    "患者编号": "P1",
    "项目名称": "血钾",
    "项目编码": "K",
    "数值": "5.8",
    "单位": "mmol/L",
    "异常标志": "高",
    "报告时间": "2026/11/25 08:30",
    "机构名称": "青山县人民医院",
}


def test_a_laboratory_result_becomes_an_observation() -> None:
    parsed = MESSAGE.read(message("lab-results", POTASSIUM))
    assert (parsed.kind, parsed.subject) == ("rows/lab-results", "P1")
    assert parsed.resources == (
        {
            "resourceType": "Observation",
            "status": "final",
            "category": [
                {
                    "coding": [
                        {
                            "code": "laboratory",
                            "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                        }
                    ]
                }
            ],
            "id": "R1",
            "subject": {"reference": "Patient/P1"},
            "code": {"text": "血钾", "coding": [{"code": "K"}]},
            "valueQuantity": {"value": 5.8, "unit": "mmol/L"},
            "interpretation": [{"coding": [{"code": "H"}]}],
            "effectiveDateTime": "2026-11-25T08:30:00+08:00",
            "performer": [{"display": "青山县人民医院"}],
        },
    )


def test_a_patient_keeps_every_number() -> None:
    row = {
        "患者编号": "P1",
        "姓名": "测试甲",
        "性别": "女",
        "出生日期": "19800512",
        "身份证号": "11010119800512002X",
        "就诊卡号": "8801",
        "电话": "13800000000",
    }
    (patient,) = MESSAGE.read(message("patients", row)).resources
    assert patient["birthDate"] == "1980-05-12"
    assert patient["gender"] == "female"
    assert [i["value"] for i in patient["identifier"]] == ["11010119800512002X", "8801"]


def test_the_same_rows_again_are_the_same_message_and_changed_ones_another() -> None:
    first, again = MESSAGE.read(message("lab-results", POTASSIUM)), MESSAGE.read(message("lab-results", POTASSIUM))
    changed = MESSAGE.read(message("lab-results", POTASSIUM | {"数值": "5.9"}))
    assert first.message_id == again.message_id != changed.message_id


@pytest.mark.parametrize(
    ("template", "rows", "field", "says"),
    [
        ("lab-results", [POTASSIUM | {"数值": "高"}], "rows[1].数值", "数字"),
        ("lab-results", [POTASSIUM | {"数值": "NaN"}], "rows[1].数值", "数字"),
        ("lab-results", [POTASSIUM, POTASSIUM | {"报告时间": ""}], "rows[2].报告时间", "为空"),
        ("lab-results", [POTASSIUM | {"报告时间": "昨天"}], "rows[1].报告时间", "2026-11-26"),
        ("lab-results", [POTASSIUM | {"备注": "x"}], "rows[1].备注", "结果编号"),
        ("lab-results", [POTASSIUM, POTASSIUM | {"患者编号": "P2"}], "rows", "多名患者"),
        ("lab-results", [POTASSIUM | {"结果编号": "a b"}], "rows[1].结果编号", "字母"),
        ("encounters", [{"就诊编号": "E1", "患者编号": "P1", "就诊类型": "体检"}], "rows[1].就诊类型", "门诊"),
        ("rockets", [{}], "template", "lab-results"),
        ("lab-results", [], "rows", "列表"),
    ],
)
def test_what_is_wrong_is_told_by_row_and_heading(
    template: str, rows: list[dict[str, Any]], field: str, says: str
) -> None:
    with pytest.raises(MessageError, match=says) as told:
        MESSAGE.read(message(template, *rows))
    assert told.value.field == field


def test_an_error_never_repeats_what_a_cell_holds() -> None:
    with pytest.raises(MessageError) as told:
        MESSAGE.read(message("lab-results", POTASSIUM | {"数值": "张三丰"}))
    assert "张三丰" not in str(told.value)


@pytest.mark.parametrize("name", list(TEMPLATES))
def test_every_template_says_whose_row_it_is_and_what_it_is_called(name: str) -> None:
    headings = [c.heading for c in TEMPLATES[name].columns]
    assert "患者编号" in headings
    assert len(headings) == len(set(headings))
    assert TEMPLATES[name].columns[0].required


@given(
    raw=st.binary(max_size=200)
    | st.recursive(st.none() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)).map(orjson.dumps)
)
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        parsed = MESSAGE.read(raw)
    except MessageError as error:
        assert error.field  # noqa: PT017 the place is what is checked
        return
    assert parsed.resources[0]["resourceType"] == "Patient"
