/** Which release every worker serves. */
import { Card, Tag } from "antd";
import type { ReactNode } from "react";
import { Rows } from "../../shared/table";
import { moment } from "../../shared/words";
import { TEXTS } from "./texts";
import type { Overview, Worker } from "./types";

export function Workers({ overview }: { overview: Pick<Overview, "active" | "workers"> }): ReactNode {
  const { workers, active } = overview;
  const there = workers.filter((one) => one.release === active).length;
  return (
    <Card size="small" title={`${TEXTS.workers} ${there}/${workers.length}`}>
      <Rows<Worker>
        rowKey="name"
        dataSource={workers}
        columns={[
          { title: TEXTS.worker, dataIndex: "name" },
          { title: TEXTS.releases, render: (_, one) => <code>{one.release.slice(0, 16)}</code> },
          {
            title: TEXTS.steps.watch,
            render: (_, one) => (
              <Tag color={one.release === active ? "green" : "gold"} variant="outlined">
                {one.release === active ? TEXTS.swapped : TEXTS.swapping}
              </Tag>
            ),
          },
          { title: TEXTS.since, render: (_, one) => moment(one.since) },
          { title: TEXTS.fault, dataIndex: "fault" },
        ]}
      />
    </Card>
  );
}
