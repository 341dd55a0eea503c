/** An impact report as it is read: what changes in the knowledge, what changes for doctors. */
import { Alert, Collapse, Descriptions, Flex, Statistic, Tag, Typography } from "antd";
import type { ReactNode } from "react";
import { Diff } from "../../curation/Diff";
import { useVocabulary } from "../../curation/vocabulary";
import { Cut, Rows } from "../../shared/table";
import { TEXTS } from "./texts";
import type { Change, Impact, Line } from "./types";

const COLOURS = { added: "green", removed: "volcano", changed: "gold" } as const;
const SHOWN = 100;

export function Report({ report }: { report: Impact }): ReactNode {
  return (
    <article aria-label={TEXTS.steps.impact}>
      <Content content={report.content} />
      <Alerts alerts={report.alerts} />
    </article>
  );
}

function Content({ content }: Pick<Impact, "content">): ReactNode {
  const { records } = useVocabulary();
  const counts = Object.entries(content.counts).map(([kind, of]) => ({
    key: kind,
    label: records[kind] ?? kind,
    children: Object.entries(of ?? {})
      .map(([change, count]) => `${TEXTS.changes[change] ?? change} ${count}`)
      .join("，"),
  }));
  return (
    <section aria-label={TEXTS.content}>
      <Typography.Title level={2}>{TEXTS.content}</Typography.Title>
      {counts.length ? <Descriptions items={counts} size="small" column={{ xs: 1, sm: 2, lg: 4 }} /> : TEXTS.same}
      {Object.entries(content.counts).map(([kind, of]) => (
        <OfKind
          key={kind}
          title={records[kind] ?? kind}
          changes={content.changes.filter((one) => one.kind === kind)}
          total={Object.values(of ?? {}).reduce((sum, count) => sum + count, 0)}
        />
      ))}
    </section>
  );
}

type OfKindProps = { title: string; changes: Change[]; total: number };

/** What changes among the records of a kind: many of one do not hide those of another. */
function OfKind({ title, changes, total }: OfKindProps): ReactNode {
  const shown = changes.slice(0, SHOWN);
  return (
    <section aria-label={title} className="release-kind">
      <strong>
        {title} {total}
      </strong>
      <Cut shown={shown.length} of={total} />
      <Collapse
        size="small"
        items={shown.map((one) => ({
          key: one.id,
          label: <Changed one={one} />,
          children: <Diff before={one.before} after={one.after} />,
        }))}
      />
    </section>
  );
}

function Changed({ one }: { one: Change }): ReactNode {
  return (
    <Flex gap={8} wrap>
      <Tag color={COLOURS[one.change]} variant="outlined">
        {TEXTS.changes[one.change]}
      </Tag>
      <span>{one.title}</span>
    </Flex>
  );
}

function Alerts({ alerts }: Pick<Impact, "alerts">): ReactNode {
  return (
    <section aria-label={TEXTS.alerts}>
      <Typography.Title level={2}>{TEXTS.alerts}</Typography.Title>
      {alerts.requests ? (
        <Flex gap={32} wrap>
          <Statistic title={TEXTS.asked} value={alerts.requests} />
          <Statistic title={TEXTS.orders} value={alerts.orders} />
          <Statistic title={TEXTS.rate} value={`${alerts.beforeRate} → ${alerts.afterRate}`} />
          {alerts.failed ? <Statistic title={TEXTS.failed} value={alerts.failed} /> : null}
        </Flex>
      ) : (
        <Alert type="info" title={TEXTS.noRequests} />
      )}
      {alerts.lines.length ? <Lines lines={alerts.lines} /> : null}
      {alerts.requests && !alerts.lines.length ? <Typography.Text>{TEXTS.noAlerts}</Typography.Text> : null}
    </section>
  );
}

function Lines({ lines }: { lines: Line[] }): ReactNode {
  return (
    <Rows<Line>
      rowKey={(one) => `${one.institution} ${one.family} ${one.rule}`}
      dataSource={lines}
      columns={[
        { title: TEXTS.institution, dataIndex: "institution" },
        { title: TEXTS.rule, dataIndex: "rule" },
        { title: TEXTS.appeared, dataIndex: "appeared" },
        { title: TEXTS.vanished, dataIndex: "vanished" },
        { title: TEXTS.changedLevel, dataIndex: "changed" },
        { title: TEXTS.example, dataIndex: "example" },
      ]}
    />
  );
}
