/** For whoever sees the service for the first time, on the machine itself: synthetic patients, and what to try. */
import { Alert, Button, Card, Flex, Spin, Typography } from "antd";
import { type ReactNode, useEffect, useRef } from "react";
import { Link } from "react-router";
import { askAhead, CACHE, useAsked, useTelling } from "../shared/asking";
import { type Session, useSession } from "../shared/session";

const TEXTS = {
  title: "一分钟看懂",
  about: "载入三家机构的虚构患者和待审处方（数秒），即可体验完整流程。正式使用前请更换数据目录。",
  fill: "载入虚构示例患者",
  doing: {
    starting: "正在启动……",
    sending: "正在接收三家机构的报文……（1/3）",
    storing: "正在写入各机构的病历……（2/3）",
    submitting: "正在送审处方……（3/3）",
  } as Record<string, string>,
  noMatter: "载入完成后自动显示，期间可离开本页",
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

type State = {
  possible: boolean;
  filled: boolean;
  filling: boolean;
  doing: string;
  fault: string;
  engine: { installed: boolean; install: string };
};
const STATE = "GET /api/v1/demo";
const LOOK_AGAIN_MS = 500;

const isNewcomer = (session: Session): boolean => session.kind === "local";

/** Ask for what the tour shows. */
export function ahead(session: Session): void {
  if (isNewcomer(session)) void askAhead(STATE);
}

export function Tour(): ReactNode {
  const newcomer = isNewcomer(useSession());
  const every = (told?: State): number | false => (told?.filling && !told.filled ? LOOK_AGAIN_MS : false);
  const state = useAsked<State>(STATE, {}, { enabled: newcomer, every });
  useNews(state.data?.filled);
  if (!newcomer || !state.data) return null;
  const { filled, filling, doing, fault, engine } = state.data;
  return (
    <Card title={TEXTS.title} size="small">
      {filled ? <Steps engine={engine} /> : filling ? <Progress doing={doing} /> : <Offer fault={fault} />}
    </Card>
  );
}

/** Whatever else the page shows is asked anew when patients have come while it was looked at. */
function useNews(filled?: boolean): void {
  const before = useRef(filled);
  useEffect(() => {
    if (filled && before.current === false) void CACHE.invalidateQueries();
    before.current = filled;
  }, [filled]);
}

function Offer({ fault }: { fault: string }): ReactNode {
  const fill = useTelling<State>("POST /api/v1/demo", [STATE]);
  return (
    <Flex vertical gap={12} align="start">
      <Alert type={fault ? "warning" : "info"} showIcon title={fault || TEXTS.about} />
      <Button type="primary" loading={fill.isPending} onClick={() => fill.mutate({})}>
        {TEXTS.fill}
      </Button>
    </Flex>
  );
}

function Progress({ doing }: { doing: string }): ReactNode {
  return (
    <Flex gap={8} role="status" wrap>
      <Spin size="small" /> {TEXTS.doing[doing] ?? TEXTS.doing.starting}
      <Typography.Text type="secondary">{TEXTS.noMatter}</Typography.Text>
    </Flex>
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
