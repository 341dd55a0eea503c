/** How Yigong itself is: what is amiss, and which release every worker serves. */
import { Alert, Descriptions, Flex, Tag } from "antd";
import type { ReactNode } from "react";
import { useAsked } from "../../shared/asking";
import { Asked } from "../../shared/states";
import { Workers } from "../releases/Workers";
import { REFRESH_MS } from "./refresh";
import { TEXTS } from "./texts";
import type { Fault, ServiceState } from "./types";

const SERVICE = "GET /api/v1/operations/service";
const FAULTS = Object.keys(TEXTS.faults) as Fault[];

export function Service(): ReactNode {
  const service = useAsked<ServiceState, typeof SERVICE>(SERVICE, {}, { every: REFRESH_MS });
  return <Asked query={service}>{(state) => <Shown state={state} />}</Asked>;
}

function Shown({ state }: { state: ServiceState }): ReactNode {
  const there = state.database === "ok";
  const items = [
    { key: "release", label: TEXTS.release, children: <code>{state.release.slice(0, 16)}</code> },
    {
      key: "database",
      label: TEXTS.database,
      children: <Tag color={there ? "green" : "red"}>{TEXTS.databaseStates[state.database]}</Tag>,
    },
  ];
  return (
    <Flex vertical gap={12}>
      <Faults state={state} there={there} />
      <Descriptions size="small" column={{ xs: 1, md: 2 }} items={items} />
      {there ? <Workers overview={state} /> : null}
    </Flex>
  );
}

function Faults({ state, there }: { state: ServiceState; there: boolean }): ReactNode {
  const amiss = FAULTS.filter((fault) => state[fault]);
  if (there && !amiss.length) return <Alert type="success" showIcon title={TEXTS.well} />;
  return amiss.map((fault) => (
    <Alert key={fault} type="error" showIcon title={TEXTS.faults[fault]} description={state[fault]} />
  ));
}
