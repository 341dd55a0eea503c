"""What is wrong with a JSON body is told in Chinese, by its field, and never with what was sent."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
import pytest

from exchange.worded import worded


class Sent(msgspec.Struct, forbid_unknown_fields=True):
    dose: float
    way: Literal["口服", "静脉"] = "口服"
    times: Annotated[int, msgspec.Meta(ge=1)] = 1
    drugs: Annotated[tuple[str, ...], msgspec.Meta(max_length=1)] = ()
    note: str | None = None


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ('{"dose": "二"}', "须为数值，收到的是文本"),
        ('{"dose": 1, "note": 3}', "须为文本或空值，收到的是整数"),
        ("{}", "缺少 dose"),
        ('{"dose": 1, "dosis": 2}', "没有 dosis 这一项"),
        ('{"dose": 1, "张三 13512340001": 2}', "含有不认识的项"),
        ('{"dose": 1, "way": "张三"}', "不是可取的值"),
        ('{"dose": 1, "times": 0}', "须为整数，且 >= 1"),
        ('{"dose": 1, "drugs": ["a", "b"]}', "须为列表，长度 <= 1"),
        ("{", "不是 JSON"),
        ("张三", "不是 JSON"),
    ],
)
def test_what_is_wrong_is_said_in_chinese(body: str, says: str) -> None:
    with pytest.raises(msgspec.DecodeError) as told:
        msgspec.json.decode(body, type=Sent)
    assert worded(str(told.value).partition(" - at `")[0]) == says
