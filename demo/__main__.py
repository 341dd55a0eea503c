"""``make demo-data``: three hospitals, 200 people, six stories, and what to try with them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from api.bootstrap import House
from api.terminal import ERR, OUT, DataDir, bar, house
from clinical.coded import CHINA
from demo.charts import keep_charts
from demo.figures import EVENTS, few, fill_figures
from demo.fill import Doing, Filled, fill
from demo.people import COUNT
from supervision.figures.duck import MissingDuckError
from supervision.figures.periods import month_of


def main(
    data_dir: DataDir = None,
    people: Annotated[int, typer.Option(min=0, help="people with a history beside the six")] = COUNT,
    figures: Annotated[bool, typer.Option(help="checked records and indicators too, which take longer")] = True,
    some: Annotated[bool, typer.Option(help="indicators of six institutions rather than of thirty")] = False,
    telling: Annotated[bool, typer.Option(help="say what is being done, a word a line, for a program")] = False,
) -> None:
    """Fill a data folder with the demo. Safe to repeat."""
    opened, say = house(data_dir), _tell if telling else _nothing
    with bar("示例数据") as advance:
        told = fill(opened, datetime.now(UTC), advance, people, say)
    if figures:
        say(Doing.COUNTING)
        keep_charts(opened, datetime.now(UTC))
        _figures(opened, some)
    if not telling:
        OUT.print(_said(told, str(opened.settings.data_dir)), highlight=False, soft_wrap=True, markup=False)
    opened.engine.dispose()


def _tell(what: Doing) -> None:
    print(what, flush=True)


def _nothing(what: Doing) -> None:
    """A progress bar says enough."""


def _figures(opened: House, some: bool) -> None:
    """Indicators have something in them too, where DuckDB is installed."""
    there, events = (few(), EVENTS // 3) if some else (None, EVENTS)
    try:
        with bar("监管指标数据") as advance:
            fill_figures(opened, datetime.now(CHINA).date(), advance, events, there)
    except MissingDuckError as error:
        ERR.print(f"[yellow]{error}[/yellow]", highlight=False)


def _said(told: Filled, folder: str) -> str:
    base = "http://127.0.0.1:8000"
    sign = f"curl -s {base}/cds-services/yigong-order-sign -H 'Content-Type: application/json' -d @{folder}/demo"
    month = month_of(datetime.now(CHINA).date()).previous()
    show = "| python3 -m json.tool --no-ensure-ascii"
    return f"""
共 {told.messages} 条报文（{told.known} 条此前已收到，{told.dead} 条未能入库：yigong exchange dead）。
人物与号码均为虚构。
启动服务：make serve DATA={folder}  （在另一终端执行以下各行）

1. 巴特尔昨天在安盟中心医院做了胸部CT，今天安定县人民医院又开胸部CT —— 重复检查（医院、日期、结果、互认）
   {sign}/order-sign-ct.json {show}
2. 萨仁高娃上月在安盟中心医院查过糖化血红蛋白 —— 重复检验
   {sign}/order-sign-hba1c.json {show}
3. 王建国在白音镇中心卫生院领了华法林，县医院开布洛芬 —— 相互作用
   {sign}/order-sign-warfarin.json {show}
4. 李卫东声明其资料不向其他机构公开，三天前的头颅CT不提示
   {sign}/order-sign-closed.json {show}
5. 陈美玲在两家机构各登记一次（同音字、生日录错一位）—— 主索引待审核
   curl -s {base}/api/v1/persons/reviews {show}
6. 昨天那份CT报告（WS/T 500 共享文档）从接收到入库的全过程
   curl -s {base}/api/v1/exchange/messages/{told.traced} {show}
7. 苏日娜的病历值得打开：{base}/ui/ → 临床面板；等待审方的处方：{base}/ui/queue
8. 巴特尔在全区域的资料（FHIR）
   curl -s '{base}/fhir/DiagnosticReport?_source=urn:yigong:league/centre&_id=Z0001-CT' {show}
9. 三份出院病历的质控结果（甲、乙、丙级各一）：{base}/ui/recordqc
10. 三旗三十家机构十四个月的监管指标（虚构）：各旗抗菌药物使用强度，同比、环比与名次
   curl -s '{base}/api/v1/indicators/antimicrobial-intensity?period={month}&by=county' {show}
"""


if __name__ == "__main__":
    typer.run(main)
