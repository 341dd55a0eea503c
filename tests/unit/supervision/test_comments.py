"""What a prescription comment comes to, and a worksheet that pharmacists filled in elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from base.tabular import TableError
from records.comment_items import Item, Result, Round, Status, Typed
from records.sampling import ORDERS, PRESCRIPTIONS, Line, Problem, Sheet
from supervision.comment_book import (
    AMOUNT,
    ESSENTIAL,
    GENERIC,
    NUMBER,
    PROBLEMS,
    REASON,
    REVIEW,
    SHEET,
    VERDICT,
    VERSION,
    Filled,
    read_back,
    save_results,
    save_worksheet,
    written,
)
from supervision.comments import NO_DRUG, results

NOW = datetime(2026, 12, 2, tzinfo=UTC)
SALINE = Line(text="0.9%氯化钠注射液", name="氯化钠", injection=True, solvent=True, generic=True)
CEFTRIAXONE = Line(text="注射用头孢曲松钠", name="头孢曲松", antimicrobial=True, injection=True, generic=True)
AMBROXOL = Line(text="沐舒坦片", name="氨溴索", directions="30mg 口服 tid", generic=False)
UNKNOWN_DRUG = Line(text="某某片", name="某某片")
SUGGESTED = (Problem("2-5", "氨溴索", "单次剂量偏大，见说明书"), Problem("1-10"))


def item(number: int, *lines: Line, **more: Any) -> Item:
    sheet = Sheet(number=f"RX-{number}", age="45岁", diagnoses=("支气管炎",), lines=lines, suggested=SUGGESTED)
    given: dict[str, Any] = {
        "round": "r",
        "number": number,
        "review": f"review-{number}",
        "institution": "镇卫生院",
        "department": "内科",
        "prescriber": "李医生",
        "issued": datetime(2026, 11, 3, 17, tzinfo=UTC),
        "assignee": "",
        "status": Status.OPEN,
        "result": None,
        "version": 1,
        "judged": None,
        "reason": "",
        "typed": Typed(),
        "sheet": sheet,
    }
    return Item(**given | more)


def judged(number: int, *lines: Line, told: tuple[Problem, ...] = (), **more: Any) -> Item:
    result = Result.UNREASONABLE if told else Result.REASONABLE
    by = {
        "status": Status.JUDGED,
        "result": result,
        "assignee": "王药师",
        "problems": told,
        "judged": NOW,
        "version": 2,
    }
    return item(number, *lines, **by | more)


def a_round(**changed: Any) -> Round:
    given: dict[str, Any] = {
        "id": "r",
        "name": "11月",
        "kind": PRESCRIPTIONS,
        "source": "submitted",
        "status": Status.OPEN,
        "version": 1,
        "created": NOW,
        "created_by": "主任",
        "since": NOW,
        "until": NOW,
        "institutions": (),
        "department": "",
        "concepts": (),
        "method": "random",
        "seed": "种子",
        "size": 4,
        "permille": None,
        "least": 1,
        "population": 4,
        "unreadable": 0,
    }
    return Round(**given | changed)


ITEMS = (
    judged(1, SALINE, CEFTRIAXONE, typed=Typed(amount=80.0, essential=1)),
    judged(
        2,
        AMBROXOL,
        told=(Problem("2-5", "氨溴索", "偏大"), Problem("2-1", "氨溴索"), Problem("1-10")),
        typed=Typed(amount=20.5, essential=1),
    ),
    judged(3, AMBROXOL, CEFTRIAXONE, told=(Problem("2-5", "氨溴索"),), prescriber="赵医生", department="外科"),
    item(4, UNKNOWN_DRUG, AMBROXOL),
)


def figures(items: Sequence[Item]) -> dict[str, float | None]:
    return {one.letter: one.value for one in results(a_round(), items).indicators}


# -- figures -------------------------------------------------------------------------------


def test_rates_count_what_was_judged() -> None:
    found = results(a_round(), ITEMS)
    whole = found.whole
    assert (whole.sampled, whole.judged, whole.reasonable, whole.unreasonable) == (4, 3, 1, 2)
    assert whole.share == pytest.approx(1 / 3)
    assert found.groups == {"不规范处方": 1, "用药不适宜处方": 2, "超常处方": 0}
    assert [(line.code, line.prescriptions) for line in found.codes] == [("1-10", 1), ("2-1", 1), ("2-5", 2)]
    assert found.codes[2].share == pytest.approx(2 / 3)


def test_prescribers_and_departments_the_least_reasonable_first() -> None:
    found = results(a_round(), ITEMS)
    assert [(t.prescriber, t.sampled, t.judged, t.share) for t in found.prescribers] == [
        ("赵医生", 1, 1, 0.0),
        ("李医生", 3, 2, 0.5),
    ]
    assert [t.department for t in found.departments] == ["外科", "内科"]
    assert found.prescribers[1].problems == {"1-10": 1, "2-1": 1, "2-5": 1}


def test_drugs_with_problems_among_prescriptions_that_hold_them() -> None:
    drugs = {line.drug: line for line in results(a_round(), ITEMS).drugs}
    assert (drugs["氨溴索"].prescriptions, drugs["氨溴索"].with_problem) == (2, 2)
    assert drugs["氨溴索"].problems == {"2-5": 2, "2-1": 1}
    assert drugs[NO_DRUG].problems == {"1-10": 1}
    assert "头孢曲松" not in drugs


def test_the_indicators_of_the_worksheet() -> None:
    assert figures(ITEMS) == {
        "A": 6,
        "B": 1.5,
        "C": 2,
        "D": 50.0,
        "E": 2,
        "F": 50.0,
        "G": 2,
        "H": 100.0,
        "I": 2,
        "J": 50.0,
        "K": 100.5,
        "L": 50.25,
        "O": 1,
        "P": 33.3,
    }


def test_what_is_not_known_is_left_out_and_says_why() -> None:
    found = {one.letter: one for one in results(a_round(), (item(1, AMBROXOL),)).indicators}
    for letter in "GHKL":
        assert found[letter].value is None
        assert "系统无此数据" in found[letter].note
    assert found["P"].value is None
    partly = {one.letter: one for one in results(a_round(), ITEMS).indicators}
    assert partly["L"].note == "仅统计有数据的 2/4 张处方"
    assert partly["J"].note == "仅统计有数据的 3/4 张处方"


def test_whether_enough_were_drawn() -> None:
    assert results(a_round(population=50), [item(n, AMBROXOL) for n in range(50)]).enough
    assert results(a_round(population=500), [item(n, AMBROXOL) for n in range(99)]).enough is False
    assert results(a_round(kind=ORDERS, population=500), [item(n, AMBROXOL) for n in range(30)]).enough
    assert results(a_round(kind="激素"), ITEMS).enough is None


def test_an_empty_round_divides_by_nothing() -> None:
    found = results(a_round(population=0), ())
    assert found.whole.share is None
    assert figures(())["B"] is None


# -- workbooks -----------------------------------------------------------------------------


def test_the_results_have_every_sheet_and_the_official_columns(tmp_path: Path) -> None:
    save_results(tmp_path / "r.xlsx", a_round(), ITEMS)
    book = load_workbook(tmp_path / "r.xlsx")
    assert book.sheetnames == [SHEET, "问题汇总", "按科室", "按医师", "按药品", "指标", "问题代码"]
    header = [cell.value for cell in book[SHEET][1]]
    official = (
        "序号 处方日期 年龄 诊断 药品品种 抗菌药(0/1) 注射剂(0/1) 国家基本药物品种数 药品通用名数 处方金额 "
        "处方医师 审核、调配药师 核对、发药药师 是否合理(0/1) 存在问题(代码)"
    )
    assert header[:15] == official.split()
    row = dict(zip(header, [cell.value for cell in book[SHEET][2]], strict=True))
    assert (row["处方日期"], row["药品品种"], row["抗菌药(0/1)"], row["注射剂(0/1)"]) == ("2026-11-04", 1, 1, 1)
    assert (row[VERDICT], row[PROBLEMS], row[AMOUNT]) == (1, None, 80)
    told = {line[0].value: line[2].value for line in book["指标"].iter_rows() if line[0].value}
    assert told["P"] == 33.3


def filled(tmp_path: Path, items: Sequence[Item], change: Callable[[Any, dict[str, int]], None]) -> bytes:
    """The exported worksheet as a pharmacist saves it."""
    path = tmp_path / "w.xlsx"
    save_worksheet(path, items)
    book = load_workbook(path)
    sheet = book[SHEET]
    change(sheet, {cell.value: cell.column for cell in sheet[1]})
    book.save(path)
    return path.read_bytes()


def typed(**cells: Any) -> Callable[[Any, dict[str, int]], None]:
    """Types into the first row, by the names above."""
    headers = {
        "verdict": VERDICT,
        "problems": PROBLEMS,
        "reason": REASON,
        "amount": AMOUNT,
        "essential": ESSENTIAL,
        "generic": GENERIC,
        "number": NUMBER,
        "review": REVIEW,
        "version": VERSION,
    }

    def change(sheet: Any, columns: dict[str, int]) -> None:
        for name, value in cells.items():
            sheet.cell(2, columns[headers[name]]).value = value

    return change


def back(book: bytes, items: Sequence[Item]) -> tuple[list[Filled], int, list[tuple[str, str]]]:
    found, same, wrong = read_back(book, {item.number: item for item in items}, "王药师", NOW)
    return found, same, [(fault.cell, fault.message) for fault in wrong]


OPEN = item(1, AMBROXOL, CEFTRIAXONE)


def test_suggestions_stand_in_the_cell_and_nothing_is_judged_by_itself(tmp_path: Path) -> None:
    book = filled(tmp_path, (OPEN,), typed())
    row = load_workbook(BytesIO(book))[SHEET][2]
    assert "2-5 氨溴索: 单次剂量偏大，见说明书; 1-10" in [cell.value for cell in row]
    assert back(book, (OPEN,)) == ([], 0, [])


def test_suggestions_are_taken_with_0_and_dropped_with_1(tmp_path: Path) -> None:
    (taken,), _, wrong = back(filled(tmp_path, (OPEN,), typed(verdict=0)), (OPEN,))
    assert taken.judgement.result is Result.UNREASONABLE
    assert taken.judgement.problems == SUGGESTED
    assert (taken.judgement.by, taken.judgement.version, wrong) == ("王药师", 1, [])
    (dropped,), _, _ = back(filled(tmp_path, (OPEN,), typed(verdict=1)), (OPEN,))
    assert (dropped.judgement.result, dropped.judgement.problems) == (Result.REASONABLE, ())


@pytest.mark.parametrize(
    ("said", "problems"),
    [
        ("2－5 沐舒坦片：偏大；1-10", (Problem("2-5", "氨溴索", "偏大"), Problem("1-10"))),
        (
            "2-8 头孢曲松\n2-8 氨溴索: 与钙剂: 配伍",
            (Problem("2-8", "头孢曲松"), Problem("2-8", "氨溴索", "与钙剂: 配伍")),
        ),
        ("1-10: 未写诊断", (Problem("1-10", "", "未写诊断"),)),
        (datetime(2026, 2, 5), (Problem("2-5"),)),
        (datetime(2026, 1, 13), (Problem("1-13"),)),
    ],
)
def test_problems_are_read_as_people_and_spreadsheets_write_them(
    tmp_path: Path, said: Any, problems: tuple[Problem, ...]
) -> None:
    found, _, wrong = back(filled(tmp_path, (OPEN,), typed(verdict="不合理", problems=said)), (OPEN,))
    assert wrong == []
    assert found[0].judgement.problems == problems


def test_what_only_people_know_comes_back(tmp_path: Path) -> None:
    book = filled(tmp_path, (OPEN,), typed(verdict=1, problems=None, amount="1,036.5元", essential=1, reason="=好"))
    (one,), _, wrong = back(book, (OPEN,))
    assert wrong == []
    assert one.judgement.typed == Typed(1036.5, 1, None)


@pytest.mark.parametrize(
    ("cells", "cell", "message"),
    [
        ({"verdict": "2"}, "N2", "应填 1"),
        ({"verdict": 0, "problems": None}, "O2", "须填写问题代码"),
        ({"verdict": 0, "problems": "剂量偏大"}, "O2", "不以问题代码开头"),
        ({"verdict": 0, "problems": "1.10"}, "O2", "不以问题代码开头"),
        ({"verdict": 0, "problems": "2-5 华法林: 偏大"}, "O2", "没有药品“华法林”"),
        ({"verdict": 1, "problems": "2-5"}, "O2", "填 1 时不能"),
        ({"verdict": 1, "amount": "很贵"}, "J2", "不是数"),
        ({"verdict": 1, "amount": "nan"}, "J2", "不是数"),
        ({"verdict": 1, "amount": -1}, "J2", "非负"),
        ({"verdict": 1, "essential": 1.5}, "H2", "非负整数"),
        ({"verdict": 1, "essential": 3}, "H2", "不能多于"),
        ({"verdict": 1, "generic": "inf"}, "I2", "不是数"),
        ({"verdict": 1, "number": 7}, "A2", "没有序号 7"),
        ({"verdict": 1, "review": "review-9"}, "V2", "不符"),
        ({"verdict": 1, "version": 5}, "W2", "重新导出"),
    ],
)
def test_a_fault_is_named_by_its_cell(tmp_path: Path, cells: dict[str, Any], cell: str, message: str) -> None:
    found, same, wrong = back(filled(tmp_path, (OPEN,), typed(**cells)), (OPEN,))
    assert (found, same) == ([], 0)
    ((where, said),) = wrong
    assert where == cell
    assert message in said


def test_a_moved_column_is_named_where_it_stands(tmp_path: Path) -> None:
    def change(sheet: Any, columns: dict[str, int]) -> None:
        sheet.cell(2, columns[VERDICT]).value = "?"
        sheet.insert_cols(1)

    assert back(filled(tmp_path, (OPEN,), change), (OPEN,))[2][0][0] == "O2"


def test_a_row_twice_is_a_fault_and_the_others_are_taken(tmp_path: Path) -> None:
    items = (OPEN, item(2, AMBROXOL))

    def change(sheet: Any, columns: dict[str, int]) -> None:
        for row in (2, 3):
            sheet.cell(row, columns[VERDICT]).value = 1
        sheet.append([cell.value for cell in sheet[2]])

    found, _, wrong = back(filled(tmp_path, items, change), items)
    assert [one.number for one in found] == [1, 2]
    assert wrong == [("A4", "序号 1 重复")]


def test_the_same_file_again_says_nothing_new(tmp_path: Path) -> None:
    book = filled(tmp_path, (OPEN,), typed(verdict=0, amount=12))
    (one,), _, _ = back(book, (OPEN,))
    kept = replace(
        OPEN,
        status=Status.JUDGED,
        result=Result.UNREASONABLE,
        assignee="王药师",
        version=2,
        problems=one.judgement.problems,
        typed=Typed(amount=12),
    )
    assert back(book, (kept,)) == ([], 1, [])
    others = replace(kept, assignee="赵药师")
    assert back(book, (others,))[2][0][1].startswith("导出后该处方已被他人")


def test_what_is_no_worksheet_is_refused(tmp_path: Path) -> None:
    other = Workbook()
    other.active.title = "别的"  # type: ignore[union-attr]
    other.save(tmp_path / "o.xlsx")
    bare = Workbook()
    bare.active.title = SHEET  # type: ignore[union-attr]
    bare.save(tmp_path / "b.xlsx")
    for book, why in (
        (b"not a workbook", "不是可读取"),
        ((tmp_path / "o.xlsx").read_bytes(), "没有名为"),
        ((tmp_path / "b.xlsx").read_bytes(), "缺少列: 序号"),
        ((tmp_path / "b.xlsx").read_bytes()[:-60], "不是可读取"),
    ):
        with pytest.raises(TableError, match=why):
            read_back(book, {}, "王", NOW)


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    told = (Problem("2-5", "氨溴索", "偏大; 见说明书；第2段\n末"), Problem("1-10", "", "-缺诊断"))
    assert written(told) == "2-5 氨溴索: 偏大，见说明书，第2段，末; 1-10: -缺诊断"
    book = filled(tmp_path, (OPEN,), typed(verdict=0, problems=written(told)))
    (one,), _, _ = back(book, (OPEN,))
    assert written(one.judgement.problems) == written(told)
