/** Who did what and when. Nothing is asked before somebody says what they look for: looking is recorded. */
import { Button, DatePicker, Flex, Form, Input } from "antd";
import dayjs, { type Dayjs } from "dayjs";
import type { ReactNode } from "react";
import { useSearchParams } from "react-router";
import { useAsked } from "../../shared/asking";
import { Frame } from "../../shared/frame";
import { Asked } from "../../shared/states";
import { Pager, Rows } from "../../shared/table";
import "./audit.css";
import { TEXTS } from "./texts";

const AUDIT = "GET /api/v1/audit";
const PAGE_ROWS = 100;
const USUAL_DAYS = 7;
const EXACT = "YYYY-MM-DD HH:mm:ss";

type Event = {
  number: number;
  at: string;
  actor?: string;
  act?: string;
  subject?: string;
  tenant?: string;
  source?: string;
  why?: string;
  detail?: Record<string, unknown>;
};
type Listed = { events: Event[]; next: number | null };
type Sought = { actor?: string; act?: string; subject?: string; tenant?: string; span: [Dayjs, Dayjs] };

export default function Audit(): ReactNode {
  const [asked, ask] = useSearchParams();
  const query = { ...Object.fromEntries(asked), limit: PAGE_ROWS };
  const events = useAsked<Listed, typeof AUDIT>(AUDIT, { query }, { enabled: asked.size > 0, staleMs: 60_000 });
  const turn = (before: number | null): void => {
    if (before) asked.set("before", String(before));
    else asked.delete("before");
    ask(asked);
  };
  return (
    <Frame title={TEXTS.title} about={TEXTS.about} printable>
      <Search seek={(sought) => ask(sought)} />
      {asked.size ? (
        <Asked query={events} isEmpty={(found) => !found.events.length} empty={TEXTS.none}>
          {(found) => (
            <>
              <Table events={found.events} />
              <Pager
                earlier={asked.has("before")}
                later={found.next !== null}
                first={() => turn(null)}
                next={() => turn(found.next)}
              />
            </>
          )}
        </Asked>
      ) : null}
    </Frame>
  );
}

function Search({ seek }: { seek: (sought: Record<string, string>) => void }): ReactNode {
  const send = ({ span: [since, until], ...words }: Sought): void => {
    const days = { since: since.startOf("day").toISOString(), until: until.endOf("day").toISOString() };
    const given = Object.entries(words).filter((one): one is [string, string] => Boolean(one[1]?.trim()));
    seek({ ...Object.fromEntries(given), ...days });
  };
  const span: Sought["span"] = [dayjs().subtract(USUAL_DAYS, "day"), dayjs()];
  return (
    <Form<Sought> layout="vertical" className="no-print" initialValues={{ span }} onFinish={send}>
      <Flex gap={12} wrap align="end">
        <Form.Item name="actor" label={TEXTS.actor} className="audit-field">
          <Input allowClear />
        </Form.Item>
        <Form.Item name="act" label={TEXTS.act} className="audit-field">
          <Input allowClear placeholder={TEXTS.actAbout} />
        </Form.Item>
        <Form.Item name="subject" label={TEXTS.subject} className="audit-field">
          <Input allowClear />
        </Form.Item>
        <Form.Item name="span" label={TEXTS.span}>
          <DatePicker.RangePicker allowClear={false} />
        </Form.Item>
        <Form.Item>
          <Button type="primary" htmlType="submit">
            {TEXTS.find}
          </Button>
        </Form.Item>
      </Flex>
    </Form>
  );
}

function Table({ events }: { events: Event[] }): ReactNode {
  return (
    <Rows<Event>
      rowKey="number"
      dataSource={events}
      pagination={false}
      columns={[
        { title: TEXTS.at, render: (_, one) => dayjs(one.at).format(EXACT) },
        { title: TEXTS.actor, dataIndex: "actor" },
        { title: TEXTS.act, dataIndex: "act" },
        { title: TEXTS.subject, dataIndex: "subject" },
        { title: TEXTS.tenant, dataIndex: "tenant" },
        { title: TEXTS.source, dataIndex: "source" },
        { title: TEXTS.why, dataIndex: "why" },
        { title: TEXTS.detail, render: (_, { detail }) => (detail ? JSON.stringify(detail) : "") },
      ]}
    />
  );
}
