"""Language of records (articles 5, 6 and 9 of the norm): medical terms, Chinese, hours of the day, units."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from supervision.record_qc.content import Wording
from supervision.record_qc.model import ANY_RECORD, NORM, Aspect, Check, Defect, Group, Said
from supervision.record_qc.subject import Subject

_PLAIN: Final = re.compile(
    r"拉肚子|拉稀|肚子(?:疼|痛|胀)|发(?:高|低)?烧|打点滴|打吊[针瓶]|挂盐?水|吊水|嗓子(?:疼|痛|哑)|屁股|胳膊|"
    r"脚脖子|放屁|羊[角癫]风"
)
_QUOTED: Final = re.compile(r"“[^”\n]*”|\"[^\"\n]*\"|‘[^’\n]*’|「[^」\n]*」")


def _plain_words(subject: Subject) -> Iterator[Said]:
    """What patients say; in quotation marks it is theirs and may stand."""
    for passage in subject.texts(subject.judged()):
        text = _QUOTED.sub(lambda match: "　" * len(match[0]), passage.text)
        for match in _PLAIN.finditer(text):
            yield Defect(f"使用口语“{match[0]}”", passage.place(match.start(), match.end()))


CHECKS: Final = (
    Check(
        name="wording-plain-words",
        title="未使用规范的医学术语",
        group=Group.WRITING,
        aspect=Aspect.PROPER,
        kinds=ANY_RECORD,
        source=f"{NORM}第六条",
        mend="改用规范的医学术语(发热、腹泻、腹痛、静脉输液……)；引用患者原话的加引号",
        run=_plain_words,
        points=0.5,
        most=1.5,
    ),
    Wording(
        "wording-twelve-hours",
        "时间未采用24小时制",
        r"(?:下午|晚上?|傍晚)\s*(?:0?[1-9]|1[01])\s*(?:点|时(?!间|许?间)|[:：]\d{2})|"
        r"\d{1,2}(?:[:：]\d{2})?\s*(?:a\.?m\.?|p\.?m\.?|AM|PM)(?![A-Za-z])",
        f"{NORM}第九条",
        "采用24小时制记录(如15:30)",
        points=0.5,
        most=1.5,
    ).check(),
    Wording(
        "wording-foreign",
        "大段使用外文",
        r"(?:[A-Za-z][A-Za-z'\-]{1,}[ ,]+){7,}[A-Za-z][A-Za-z'\-]+",
        f"{NORM}第五条",
        "病历使用中文书写；通用的外文缩写和无正式中文译名的可用外文",
        points=0.5,
        most=1.0,
    ).check(),
    Wording(
        "wording-unit",
        "未使用法定计量单位",
        r"\d\s*(?:公分|市?斤(?!重)|市?尺|cc|CC|英寸)(?![A-Za-z])|[一二两三四五六七八九十几数半]+公分",
        "《中华人民共和国计量法》第三条",
        "改用法定计量单位(kg、cm、ml……)",
        points=0.5,
        most=1.5,
    ).check(),
    Wording(
        "wording-punctuation",
        "标点重复或错乱",
        r"，，+|。。(?!。)|、、+|；；+|[，、；]。|。[，、；]|，、|、，",
        f"{NORM}第六条",
        "改正标点",
        points=0.5,
        most=1.0,
    ).check(),
)
