/** Every revision of a record, and what differs between any two. */
import { Flex, Select, Typography } from "antd";
import { type ReactNode, useState } from "react";
import { useAsked } from "../shared/asking";
import { Asked } from "../shared/states";
import { Rows } from "../shared/table";
import { moment, who } from "../shared/words";
import { Diff } from "./Diff";
import type { Kind, Revision } from "./types";
import { StatusTag } from "./vocabulary";

const HISTORY = "GET /api/v1/curation/history/{kind}/{record_id}";
const TEXTS = {
  number: "版本",
  when: "时间",
  who: "操作人",
  what: "变更",
  why: "理由",
  status: "状态",
  compare: "比较版本",
  against: "与版本",
};

/** A record's history, the newest first. */
export function useHistory(kind: Kind, id: string) {
  const path = { kind, record_id: id };
  return useAsked<{ revisions: Revision[] }, typeof HISTORY>(HISTORY, { path });
}

export function History({ kind, id }: { kind: Kind; id: string }): ReactNode {
  return <Asked query={useHistory(kind, id)}>{(found) => <Revisions revisions={found.revisions} />}</Asked>;
}

function Revisions({ revisions }: { revisions: Revision[] }): ReactNode {
  const last = revisions.length - 1;
  const [pair, choose] = useState<[number, number]>([changedBefore(revisions), last]);
  const options = revisions.map((one, value) => ({ value, label: `${one.revision} ${one.change} ${who(one.by)}` }));
  const [before, after] = pair.map((at) => revisions[at]);
  return (
    <Flex vertical gap={12}>
      <Flex gap={8} wrap align="center">
        <Typography.Text>{TEXTS.compare}</Typography.Text>
        <Select
          aria-label={TEXTS.compare}
          value={pair[0]}
          options={options}
          onChange={(at) => choose([at, pair[1]])}
          style={{ minWidth: 180 }}
        />
        <Typography.Text>{TEXTS.against}</Typography.Text>
        <Select
          aria-label={TEXTS.against}
          value={pair[1]}
          options={options}
          onChange={(at) => choose([pair[0], at])}
          style={{ minWidth: 180 }}
        />
      </Flex>
      {before && after ? <Diff before={before.text} after={after.text} /> : null}
      <Rows<Revision>
        rowKey="revision"
        dataSource={[...revisions].reverse()}
        columns={[
          { title: TEXTS.number, dataIndex: "revision" },
          { title: TEXTS.when, render: (_, one) => moment(one.at) },
          { title: TEXTS.who, render: (_, one) => who(one.by) },
          { title: TEXTS.what, dataIndex: "change" },
          { title: TEXTS.status, render: (_, one) => <StatusTag status={one.status} /> },
          { title: TEXTS.why, dataIndex: "reason" },
        ]}
      />
    </Flex>
  );
}

/** The newest revision that says something else than the last. */
function changedBefore(revisions: Revision[]): number {
  const now = revisions.at(-1)?.text;
  let at = revisions.length - 1;
  while (at > 0 && revisions[at]?.text === now) at -= 1;
  return at;
}
