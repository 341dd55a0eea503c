/** Systems as they are now. */
import { Tag } from "antd";
import type { ReactNode } from "react";
import { figure } from "../../figures/numbers";
import { useAsked } from "../../shared/asking";
import { Asked } from "../../shared/states";
import { Rows } from "../../shared/table";
import { moment } from "../../shared/words";
import { REFRESH_MS } from "./refresh";
import { TEXTS } from "./texts";
import type { System } from "./types";

const SYSTEMS = "GET /api/v1/operations/systems";
const COLOURS: Record<System["state"], string | undefined> = {
  well: "green",
  ill: "orange",
  offline: "red",
  never: undefined,
  retired: undefined,
};

export function Connected(): ReactNode {
  const systems = useAsked<{ systems: System[] }, typeof SYSTEMS>(SYSTEMS, {}, { every: REFRESH_MS });
  return (
    <Asked query={systems} isEmpty={(found) => !found.systems.length} empty={TEXTS.noSystems}>
      {(found) => <Table systems={found.systems} />}
    </Asked>
  );
}

function Table({ systems }: { systems: System[] }): ReactNode {
  return (
    <Rows<System>
      rowKey={(one) => `${one.tenant} ${one.system}`}
      dataSource={systems}
      columns={[
        { title: TEXTS.institution, dataIndex: "institution" },
        { title: TEXTS.system, render: (_, one) => one.title || one.system },
        { title: TEXTS.kind, dataIndex: "kindTitle" },
        { title: TEXTS.state, render: (_, one) => <Tag color={COLOURS[one.state]}>{one.stateTitle}</Tag> },
        { title: TEXTS.lastSeen, render: (_, one) => moment(one.lastSeen ?? undefined) },
        {
          title: TEXTS.lastDay,
          children: [
            { title: TEXTS.arrived, align: "right", render: (_, one) => figure(one.lastDay.arrived) },
            { title: TEXTS.failed, align: "right", render: (_, one) => figure(one.lastDay.failed) },
            { title: TEXTS.success, align: "right", render: (_, one) => figure(one.lastDay.successPercent, "%") },
            { title: TEXTS.p95, align: "right", render: (_, { lastDay }) => seconds(lastDay.p95Seconds) },
          ],
        },
        { title: TEXTS.backlog, align: "right", dataIndex: "backlog" },
        { title: TEXTS.dead, align: "right", dataIndex: "deadLetters" },
        { title: TEXTS.trouble, dataIndex: "trouble" },
      ]}
    />
  );
}

function seconds(value: number | null): string {
  return value === null ? figure(null) : TEXTS.inSeconds(value);
}
