/** The pairs of one map: chosen, confirmed or rejected, all at once where the names are the very same. */
import { App, Button, Flex, Segmented, Typography } from "antd";
import { type ReactNode, useState } from "react";
import { useAsked, useTelling } from "../../shared/asking";
import { useMay } from "../../shared/session";
import { Asked } from "../../shared/states";
import { Rows } from "../../shared/table";
import { TOLD } from "../../shared/told";
import { TEXTS } from "./texts";
import type { Advance, Pair, Pairs, Refusals } from "./types";

const LIST = "GET /api/v1/terms/maps";
const PROGRESS = "GET /api/v1/terms/maps/progress";
const DECIDE = "POST /api/v1/terms/maps/decisions";
const SURE = "POST /api/v1/terms/maps/sure";
const STATES = Object.entries(TEXTS.states).map(([value, label]) => ({ value, label }));

export function Deciding({ map }: { map: Advance }): ReactNode {
  const [state, look] = useState("proposed");
  const [after, turn] = useState("");
  const { tenant, source, target } = map;
  const query = { tenant, source, target, state, after, limit: 100 };
  const pairs = useAsked<Pairs>(LIST, { query }, { keep: true });
  const choose = (chosen: string): void => {
    look(chosen);
    turn("");
  };
  return (
    <>
      <Typography.Title level={2}>
        {source} → {target}
      </Typography.Title>
      <Segmented className={TOLD} aria-label={TEXTS.state} options={STATES} value={state} onChange={choose} />
      <Asked query={pairs} isEmpty={(found) => !found.maps.length} empty={TEXTS.noPairs}>
        {(found) => (
          <>
            <Chosen map={map} pairs={found.maps} open={state === "proposed"} />
            {found.after ? <Button onClick={() => turn(found.after ?? "")}>{TEXTS.more}</Button> : null}
          </>
        )}
      </Asked>
    </>
  );
}

function Chosen({ map, pairs, open }: { map: Advance; pairs: Pair[]; open: boolean }): ReactNode {
  const { message } = App.useApp();
  const [keys, choose] = useState<string[]>([]);
  const may = useMay("terms.confirm") && open;
  const { tenant, source, target } = map;
  const decide = useTelling<Refusals, typeof DECIDE>(DECIDE, [LIST, PROGRESS]);
  const sure = useTelling<{ confirmed: number }, typeof SURE>(SURE, [LIST, PROGRESS]);
  const chosen = pairs.filter((one) => keys.includes(keyOf(one)));
  const tell = (confirmed: boolean): void => {
    const decisions = chosen.map(({ code, targetCode }) => ({ code, targetCode, confirmed }));
    const told = ({ decided, refused }: Refusals): void => {
      if (decided) message.success(`${TEXTS.decided} ${decided}`);
      for (const one of refused.slice(0, 3)) message.error(`${one.code}：${one.problem}`);
      choose([]);
    };
    void decide.mutateAsync({ body: { tenant, source, target, decisions } }).then(told, () => undefined);
  };
  const all = (): void =>
    void sure.mutateAsync({ body: { tenant, source, target } }).then(
      ({ confirmed }) => message.success(`${TEXTS.decided} ${confirmed}`),
      () => undefined,
    );
  return (
    <>
      {may ? (
        <Flex gap={8} wrap align="center" className="no-print">
          <span>
            {TEXTS.chosen} {chosen.length}
          </span>
          <Button type="primary" disabled={!chosen.length || decide.isPending} onClick={() => tell(true)}>
            {TEXTS.confirm}
          </Button>
          <Button disabled={!chosen.length || decide.isPending} onClick={() => tell(false)}>
            {TEXTS.reject}
          </Button>
          <Button loading={sure.isPending} onClick={all}>
            {TEXTS.sure}
          </Button>
        </Flex>
      ) : null}
      <Rows<Pair>
        rowKey={keyOf}
        called={(one) => `${one.display ?? one.code} → ${one.targetDisplay ?? one.targetCode}`}
        dataSource={pairs}
        pagination={false}
        rowSelection={may ? { selectedRowKeys: keys, onChange: (given) => choose(given.map(String)) } : undefined}
        columns={[
          { title: TEXTS.code, dataIndex: "code" },
          { title: TEXTS.display, dataIndex: "display" },
          { title: TEXTS.targetCode, dataIndex: "targetCode" },
          { title: TEXTS.targetDisplay, dataIndex: "targetDisplay" },
          { title: TEXTS.equivalence, render: (_, one) => TEXTS.equivalences[one.equivalence] ?? one.equivalence },
          { title: TEXTS.method, render: (_, one) => TEXTS.methods[one.method] ?? one.method },
          { title: TEXTS.score, render: (_, one) => Math.round(100 * one.score) / 100 },
          { title: TEXTS.decidedBy, dataIndex: "decidedBy" },
        ]}
      />
    </>
  );
}

function keyOf(one: Pair): string {
  return `${one.code}|${one.targetCode}`;
}
