/** Alarms about systems; somebody says that it is being dealt with. */
import { App, Button, Segmented, Tag } from "antd";
import { type ReactNode, useState } from "react";
import { useAsked, useTelling } from "../../shared/asking";
import { useMay } from "../../shared/session";
import { Asked } from "../../shared/states";
import { Rows } from "../../shared/table";
import { TOLD } from "../../shared/told";
import { moment } from "../../shared/words";
import { Reason } from "./Reason";
import { REFRESH_MS } from "./refresh";
import { TEXTS } from "./texts";
import type { Alarm } from "./types";

const ALARMS = "GET /api/v1/operations/alarms";
const ACKNOWLEDGE = "POST /api/v1/operations/alarms/{alarm_id}/acknowledgement";
const STATUS = [
  { value: "standing", label: TEXTS.standing },
  { value: "all", label: TEXTS.all },
];

export function Alarms(): ReactNode {
  const [status, choose] = useState("standing");
  const alarms = useAsked<{ alarms: Alarm[] }, typeof ALARMS>(ALARMS, { query: { status } }, { every: REFRESH_MS });
  return (
    <>
      <Segmented
        aria-label={TEXTS.which}
        className={`systems-filters ${TOLD}`}
        options={STATUS}
        value={status}
        onChange={choose}
      />
      <Asked query={alarms} isEmpty={(found) => !found.alarms.length} empty={TEXTS.noAlarms}>
        {(found) => <Table alarms={found.alarms} />}
      </Asked>
    </>
  );
}

function Table({ alarms }: { alarms: Alarm[] }): ReactNode {
  return (
    <Rows<Alarm>
      rowKey="id"
      dataSource={alarms}
      columns={[
        {
          title: TEXTS.severity,
          render: (_, one) => <Tag color={one.severity === "critical" ? "red" : "orange"}>{one.severityTitle}</Tag>,
        },
        { title: TEXTS.condition, dataIndex: "title" },
        { title: TEXTS.institution, dataIndex: "institution" },
        { title: TEXTS.system, dataIndex: "system" },
        { title: TEXTS.measured, dataIndex: "measured" },
        { title: TEXTS.raised, render: (_, one) => moment(one.raised) },
        { title: TEXTS.state, render: (_, one) => <State alarm={one} /> },
      ]}
    />
  );
}

function State({ alarm }: { alarm: Alarm }): ReactNode {
  const may = useMay("operations.write");
  if (alarm.ended) return `${TEXTS.ended} ${moment(alarm.ended)}`;
  if (alarm.acknowledged) {
    return [TEXTS.acknowledged, alarm.acknowledgedBy, moment(alarm.acknowledged), alarm.note]
      .filter(Boolean)
      .join(" · ");
  }
  return may ? <Acknowledging alarm={alarm} /> : null;
}

function Acknowledging({ alarm }: { alarm: Alarm }): ReactNode {
  const { message } = App.useApp();
  const [open, opens] = useState(false);
  const acknowledge = useTelling<Alarm, typeof ACKNOWLEDGE>(ACKNOWLEDGE, [ALARMS]);
  const done = (): void => {
    void message.success(TEXTS.noted);
    opens(false);
  };
  const send = (note: string): void =>
    acknowledge.mutate({ path: { alarm_id: alarm.id }, body: { note } }, { onSuccess: done });
  return (
    <>
      <Button size="small" onClick={() => opens(true)}>
        {TEXTS.acknowledge}
      </Button>
      {open ? (
        <Reason
          title={`${TEXTS.acknowledge}：${alarm.title}`}
          label={TEXTS.note}
          busy={acknowledge.isPending}
          send={send}
          close={() => opens(false)}
        />
      ) : null}
    </>
  );
}
