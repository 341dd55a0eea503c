"""What tells who a patient is does not leave the machine; what is asked of medicine does."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.snapshot import Snapshot
from nlp.identifiers import scrubbed, told, without
from nlp.lexicon import Lexicon

TODAY = date(2026, 11, 26)


@pytest.fixture(scope="module")
def lexicon(snapshot: Snapshot) -> Lexicon:
    return Lexicon.of(snapshot)


@pytest.mark.parametrize(
    ("text", "secrets", "kept"),
    [
        ("患者张三，男，65岁，因胸痛3小时入院", ["张三"], ["男，65岁", "胸痛3小时"]),
        ("患者王秀英因高血压10年就诊", ["王秀英", "秀英"], ["高血压10年"]),
        ("张建国的二甲双胍能不能继续吃", ["张建国", "建国"], ["二甲双胍能不能继续吃"]),
        ("患儿乌云其木格发热3天", ["乌云", "木格"], ["发热3天"]),
        ("乌云其木格，女，58岁，12床", ["乌云", "12床"], ["女，58岁"]),
        ("姓名：巴特尔 性别：男 电话 0479-8223344", ["巴特尔", "8223344"], ["性别：男"]),
        ("患者欧阳娜娜诉头痛", ["欧阳", "娜娜"], ["头痛"]),
        ("王大爷吃华法林能用阿司匹林吗", ["王"], ["华法林", "阿司匹林"]),
        ("李明主任说左氧氟沙星可以用", ["李明"], ["左氧氟沙星"]),
        ("联系人：刘洋 13812345678", ["刘洋", "13812345678"], []),
        ("李某某，女，30岁", ["李某"], ["女，30岁"]),
        ("我叫李雷，血糖7.8mmol/L", ["李雷"], ["血糖7.8mmol/L"]),
        ("身份证150102198005120026", ["150102", "19800512"], []),
        ("身份证号 150102 19800512 002x", ["150102", "19800512", "002x"], []),
        ("证件号码：G12345678", ["G12345678"], []),
        ("138-1234-5678、1 3 8 1 2 3 4 5 6 7 8、＋86 13812345678", ["1234", "5678"], []),
        ("一三八一二三四五六七八", ["一三八一"], []),
        ("手机：１３８１２３４５６７８", ["１３８１", "1381"], []),
        ("住院号12345，门诊号:MZ-7788", ["12345", "7788"], ["住院号"]),
        ("标本号 2026112000123 血钾6.8", ["2026112000123"], ["血钾6.8"]),
        ("ZY20261120001 的会诊", ["20261120001"], ["会诊"]),
        ("家住锡林浩特市额尔敦路12号3单元，发热3天", ["额尔敦", "锡林浩特", "12号"], ["发热3天"]),
        ("住址：阿拉善左旗巴彦浩特镇西花园街1号", ["阿拉善", "西花园"], []),
        ("来自内蒙古自治区锡林郭勒盟，反复咳嗽", ["锡林郭勒"], ["反复咳嗽"]),
        ("在锡林浩特市人民医院查CT", ["锡林浩特", "人民医院"], ["查CT"]),
        ("微信 wang_xiao88，邮箱 zhang.san@example.com", ["wang_xiao88", "zhang.san"], []),
        ("2026-11-20入院，20261121复查", ["2026", "1120", "11-20"], ["6天前入院", "5天前复查"]),
        ("出生日期：1949-12-31", ["1949", "12-31"], ["年龄76岁"]),
        ("出生日期 2026年10月1日", ["2026"], ["年龄56天"]),
        ("生于1930.5.1，今年96岁", ["1930", "96"], ["≥90岁"]),
        ("8月3日起咳嗽，2025年1月体检正常", ["8月3日", "2025年1月"], ["约4个月前", "约23个月前"]),
        ("预约2026-12-01复查", ["2026"], ["5天后复查"]),
    ],
)
def test_who_it_is_is_taken_out_and_what_is_wrong_stays(
    text: str, secrets: list[str], kept: list[str], lexicon: Lexicon
) -> None:
    cleaned = without(text, TODAY, lexicon)
    assert cleaned.removed
    for secret in secrets:
        assert secret not in cleaned.text, cleaned
    for word in kept:
        assert word in cleaned.text, cleaned


@pytest.mark.parametrize(
    "text",
    [
        "黄疸患者能用白芍吗？黄连素和黄体酮呢",
        "患者高血压、高尿酸、高钾血症，用什么药",
        "老人便秘，女儿发烧，母亲有糖尿病",
        "WBC 15.2×10^9/L，PLT 125000000000/L，HBV DNA 12000000IU/ml",
        "帕金森病、麦氏点压痛、墨菲征阳性、王氏保赤丸",
        "左足背动脉搏动减弱，左叶低回声结节，既往便秘史多年",
        "中国高血压指南2024年修订版、2023年指南、GINA 2025年发布的标准",
        "rs1045642与CYP2C19，HLA-B*1502",
        "TSH 1.3 5.6 7.8 9.1 2.3 4，BP 160/95mmHg",
        "阿莫西林0.5g tid口服7天，2度1型房室传导阻滞",
        "马来酸依那普利片 10mg qd，孟鲁司特、司美格鲁肽",
        "孕32周，G2P1，2018年曾行剖宫产",
    ],
)
def test_medicine_is_left_alone(text: str, lexicon: Lexicon) -> None:
    assert without(text, TODAY, lexicon).text == text


def test_words_that_the_caller_names_never_leave(lexicon: Lexicon) -> None:
    text = "安吉拉用甲硝唑，安吉拉妊娠8周"
    assert "安吉拉" not in without(text, TODAY, lexicon, ["安吉拉"]).text
    assert told(text, ["安吉拉"]) == ("姓名",)
    assert told(text) == ()


def test_the_last_door_knows_what_is_an_identifier_wherever_it_stands() -> None:
    text = "资料：13812345678、150102198005120026、a.b@c.cn；一次0.5g"
    assert scrubbed(text) == "资料：[电话]、[证件号]、[网络账号]；一次0.5g"
    assert told("患者电话13812345678") == ("电话",)


@given(st.text(alphabet="张王患者，男岁12385670 -年月日路号医院某", max_size=60))
def test_no_text_breaks_it_and_no_mobile_number_survives(text: str) -> None:
    number = "13987654321"
    assert number not in without(f"{text}，{number}，", TODAY).text
