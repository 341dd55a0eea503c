/** What figures are reckoned from; where there is nothing yet, how it comes in. */
import { Alert, Button, Card, Flex, Spin, Typography } from "antd";
import { type ReactNode, useEffect } from "react";
import type { Facts, Held } from "../../figures/types";
import { refresh, useAsked, useTelling } from "../../shared/asking";
import { useSession } from "../../shared/session";
import { Asked, Nothing } from "../../shared/states";
import { Rows } from "../../shared/table";
import { TEXTS } from "./texts";

const FACTS = "GET /api/v1/indicator-facts";
const DEMO = "GET /api/v1/demo";
const LOOK_AGAIN_MS = 3_000;

type Demo = { possible: boolean; figures: boolean; filling: boolean; fault: string };

export function Sources(): ReactNode {
  const facts = useAsked<Facts, typeof FACTS>(FACTS, {});
  return (
    <Asked query={facts}>
      {({ engine, facts: known }) => (
        <>
          {engine.installed ? null : <Alert type="warning" showIcon title={TEXTS.engine(engine.install)} />}
          {known.some(({ rows }) => rows) ? <Table facts={known} /> : <Empty engine={engine.installed} />}
        </>
      )}
    </Asked>
  );
}

/** In place of figures: nothing for this period, or nothing at all and what to do. */
export function NoFigures(): ReactNode {
  const facts = useAsked<Facts, typeof FACTS>(FACTS, {});
  const held = facts.data?.facts.some(({ rows }) => rows);
  return held ? <Nothing text={TEXTS.noLines} /> : <Sources />;
}

function Table({ facts }: { facts: Held[] }): ReactNode {
  return (
    <Rows<Held>
      rowKey="id"
      dataSource={facts}
      pagination={false}
      columns={[
        { title: TEXTS.fact, render: (_, { title, about }) => <span title={about}>{title}</span> },
        { title: TEXTS.rows, align: "right", render: (_, { rows }) => rows.toLocaleString("zh-CN") },
        { title: TEXTS.institutions, align: "right", dataIndex: "institutions" },
        { title: TEXTS.months, render: (_, { first, last }) => (first ? `${first} – ${last}` : "") },
      ]}
    />
  );
}

function Empty({ engine }: { engine: boolean }): ReactNode {
  return (
    <Nothing text={TEXTS.nothingHeld}>
      <Card size="small" title={TEXTS.howTitle} className="board-sources">
        <ol className="steps">
          {TEXTS.how.map(({ title, about, command }) => (
            <li key={title}>
              <strong>{title}</strong> <Typography.Text type="secondary">{about}</Typography.Text>{" "}
              <Typography.Text code copyable>
                {command}
              </Typography.Text>
            </li>
          ))}
        </ol>
        <Typography.Paragraph type="secondary">{TEXTS.docs}</Typography.Paragraph>
        {engine ? <DemoOffer /> : null}
      </Card>
    </Nothing>
  );
}

/** To newcomers on the machine itself: made-up figures, which come while one waits. */
function DemoOffer(): ReactNode {
  const newcomer = useSession().kind === "local";
  const fill = useTelling<Demo>("POST /api/v1/demo", [DEMO]);
  const demo = useAsked<Demo>(DEMO, {}, { enabled: newcomer, every: LOOK_AGAIN_MS });
  if (!newcomer || !demo.data?.possible) return null;
  if (fill.isPending || demo.data.filling || demo.data.figures) return <Waiting ready={demo.data.figures} />;
  return (
    <Flex vertical gap={8} align="start">
      {demo.data.fault ? <Alert type="warning" showIcon title={demo.data.fault} /> : null}
      <Typography.Text>{TEXTS.demoAbout}</Typography.Text>
      <Button type="primary" onClick={() => fill.mutate({})}>
        {TEXTS.demo}
      </Button>
    </Flex>
  );
}

function Waiting({ ready }: { ready: boolean }): ReactNode {
  useEffect(() => {
    if (ready) void refresh(FACTS, "GET /api/v1/reports/{theme}");
  }, [ready]);
  return (
    <Flex gap={8} role="status">
      <Spin size="small" /> {TEXTS.demoRunning}
    </Flex>
  );
}
