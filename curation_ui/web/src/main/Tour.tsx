/** For whoever sees the service for the first time, on the machine itself: synthetic patients, and what to try. */
import { Alert, Button, Card, Flex, Typography } from "antd";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { askAhead, CACHE, useAsked, useTelling } from "../shared/asking";
import { type Session, useSession } from "../shared/session";

const TEXTS = {
  title: "一分钟看懂",
  about: "载入三家机构的虚构患者和待审处方（数秒），即可体验完整流程。正式使用前请更换数据目录。",
  fill: "载入虚构示例患者",
  steps: [
    {
      to: "/bedside?patient=P0006&tenant=league/anding/hospital",
      title: "打开苏日娜的病历",
      text: "高血钾、肾功能不全：最要紧的提示在前，可看依据与出处",
    },
    {
      to: "/bedside?patient=P0003&tenant=league/anding/hospital",
      title: "打开王建国的病历",
      text: "乡镇卫生院发的华法林，在县医院也看得到",
    },
    { to: "/queue", title: "审核处方", text: "五张处方等待药师，键盘 a 通过、r 退回" },
    {
      to: "/boards",
      title: "查看三旗的监管指标",
      text: "十四个月的同比、环比、预警与明细；载入后约半分钟生成，期间看板自行说明",
      figures: true,
    },
    { to: "/returned", title: "答复退回的处方", text: "医师说明理由或二次签名" },
    { to: "/recordqc", title: "查看病历质控结果", text: "三份出院病历，甲、乙、丙级各一（载入后稍等片刻）" },
  ],
  noEngine: (install: string) =>
    `本机未安装计算监管指标的 DuckDB，示例中没有指标：在安装目录运行 ${install}，然后重启服务并重新载入。`,
};

type State = { possible: boolean; filled: boolean; engine: { installed: boolean; install: string } };
const STATE = "GET /api/v1/demo";

const isNewcomer = (session: Session): boolean => session.kind === "local";

/** Ask for what the tour shows. */
export function ahead(session: Session): void {
  if (isNewcomer(session)) void askAhead(STATE);
}

export function Tour(): ReactNode {
  const newcomer = isNewcomer(useSession());
  const state = useAsked<State>(STATE, {}, { enabled: newcomer });
  const fill = useTelling<State>("POST /api/v1/demo");
  if (!newcomer || !state.data) return null;
  const { filled, engine } = fill.data ?? state.data;
  const done = (): void => void CACHE.invalidateQueries();
  return (
    <Card title={TEXTS.title} size="small">
      {filled ? (
        <Steps engine={engine} />
      ) : (
        <Flex vertical gap={12} align="start">
          <Alert type="info" showIcon title={TEXTS.about} />
          <Button type="primary" loading={fill.isPending} onClick={() => fill.mutate({}, { onSuccess: done })}>
            {TEXTS.fill}
          </Button>
        </Flex>
      )}
    </Card>
  );
}

/** What there is to see: of indicators nothing is promised where they cannot be reckoned. */
function Steps({ engine }: Pick<State, "engine">): ReactNode {
  const steps = TEXTS.steps.filter(({ figures }) => engine.installed || !figures);
  return (
    <>
      <ol className="steps">
        {steps.map((one) => (
          <li key={one.to}>
            <Link to={one.to}>{one.title}</Link> <Typography.Text type="secondary">{one.text}</Typography.Text>
          </li>
        ))}
      </ol>
      {engine.installed ? null : <Alert type="warning" showIcon title={TEXTS.noEngine(engine.install)} />}
    </>
  );
}
