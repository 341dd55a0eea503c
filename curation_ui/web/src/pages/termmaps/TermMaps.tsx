/** Codes of hospitals beside those of standards: how far each map is, what nobody mapped, pairs to decide. */
import { Button, Tabs } from "antd";
import { type ReactNode, useState } from "react";
import { useAsked } from "../../shared/asking";
import { Frame } from "../../shared/frame";
import { Asked } from "../../shared/states";
import { Rows } from "../../shared/table";
import { Deciding } from "./Deciding";
import { Missing } from "./Missing";
import { TEXTS } from "./texts";
import type { Advance } from "./types";

export default function TermMaps(): ReactNode {
  const [tab, choose] = useState("progress");
  const [map, look] = useState<Advance>();
  const progress = useAsked<{ maps: Advance[] }>("GET /api/v1/terms/maps/progress");
  const open = (one: Advance): void => {
    look(one);
    choose("pairs");
  };
  const items = [
    {
      key: "progress",
      label: TEXTS.progress,
      children: (
        <Asked query={progress} isEmpty={(found) => !found.maps.length} empty={TEXTS.none}>
          {(found) => <Maps maps={found.maps} open={open} />}
        </Asked>
      ),
    },
    { key: "missing", label: TEXTS.unmapped, children: <Missing /> },
    ...(map ? [{ key: "pairs", label: TEXTS.pairs, children: <Deciding map={map} /> }] : []),
  ];
  return (
    <Frame title={TEXTS.title} about={TEXTS.about} printable>
      <Tabs items={items} activeKey={tab} onChange={choose} />
    </Frame>
  );
}

function Maps({ maps, open }: { maps: Advance[]; open: (one: Advance) => void }): ReactNode {
  const states = Object.entries(TEXTS.states).map(([state, title]) => ({
    title,
    render: (_: unknown, one: Advance) => one.counts[state] ?? 0,
  }));
  return (
    <Rows<Advance>
      rowKey={(one) => `${one.tenant} ${one.source} ${one.target}`}
      dataSource={maps}
      columns={[
        {
          title: TEXTS.source,
          render: (_, one) => (
            <Button type="link" onClick={() => open(one)}>
              {one.source}
            </Button>
          ),
        },
        { title: TEXTS.target, dataIndex: "target" },
        ...states,
      ]}
    />
  );
}
