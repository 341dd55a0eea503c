/** Plans: what is made when and told by whom; changed, made now, removed. */
import { App, Button, Flex, Popconfirm } from "antd";
import { type ReactNode, useState } from "react";
import { useTelling } from "../../shared/asking";
import { useMay } from "../../shared/session";
import { Rows } from "../../shared/table";
import { moment } from "../../shared/words";
import { RUNS, SCHEDULES } from "./desk";
import { Editing } from "./Editing";
import { TEXTS } from "./texts";
import type { Channel, Run, Schedule, Schedules } from "./types";

const START = "POST /api/v1/reports/schedules/{number}/run";
const REMOVE = "POST /api/v1/reports/schedules/{number}/removal";

export function Plans({ known }: { known: Schedules }): ReactNode {
  const may = useMay("indicator.write");
  return (
    <Rows<Schedule>
      rowKey="id"
      dataSource={known.schedules}
      columns={[
        { title: TEXTS.name, render: (_, { plan }) => plan.title },
        { title: TEXTS.institution, dataIndex: "institution" },
        { title: TEXTS.every, render: (_, { titles }) => titles.every },
        { title: TEXTS.content, render: (_, { titles }) => titles.content },
        { title: TEXTS.format, render: (_, { titles }) => titles.format },
        { title: TEXTS.channels, render: (_, { plan }) => plan.channels.map(called).join("、") },
        { title: TEXTS.keep, render: (_, { plan }) => TEXTS.kept(plan.keepDays ?? known.keepDays) },
        { title: TEXTS.next, render: (_, { due }) => moment(due) },
        ...(may
          ? [{ render: (_: unknown, one: Schedule) => <Acts schedule={one} keepDays={known.keepDays} /> }]
          : []),
      ]}
    />
  );
}

function called(channel: Channel | string): string {
  if (typeof channel !== "string") return `${TEXTS.kinds[channel.kind]} ${channel.name}`;
  const [kind = "", name = ""] = channel.split("/");
  return `${TEXTS.kinds[kind as Channel["kind"]]} ${name}`;
}

function Acts({ schedule, keepDays }: { schedule: Schedule; keepDays: number }): ReactNode {
  const { message } = App.useApp();
  const [editing, edit] = useState(false);
  const start = useTelling<Run, typeof START>(START, [RUNS]);
  const remove = useTelling<unknown, typeof REMOVE>(REMOVE, [SCHEDULES]);
  const path = { number: schedule.id };
  const told = (text: string) => ({ onSuccess: () => void message.success(text) });
  return (
    <Flex gap={8} className="no-print">
      <Button size="small" onClick={() => edit(true)}>
        {TEXTS.edit}
      </Button>
      <Button size="small" loading={start.isPending} onClick={() => start.mutate({ path }, told(TEXTS.started))}>
        {TEXTS.run}
      </Button>
      <Popconfirm title={TEXTS.removeSure} onConfirm={() => remove.mutate({ path }, told(TEXTS.removed))}>
        <Button size="small" danger>
          {TEXTS.remove}
        </Button>
      </Popconfirm>
      {editing ? <Editing schedule={schedule} keepDays={keepDays} close={() => edit(false)} /> : null}
    </Flex>
  );
}
