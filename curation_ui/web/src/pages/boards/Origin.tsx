/** Where a figure came from: the tables that were read and the loads that wrote them, when somebody asks. */
import { Button, Flex, Typography } from "antd";
import { type ReactNode, useState } from "react";
import type { Facts, Lineage } from "../../figures/types";
import { useAsked } from "../../shared/asking";
import { Institution } from "../../shared/institution";
import { Asked } from "../../shared/states";
import { Rows } from "../../shared/table";
import { TEXTS } from "./texts";

const LINEAGE = "GET /api/v1/indicators/{name}/lineage";
const FACTS = "GET /api/v1/indicator-facts";

type OriginProps = { name: string; period: string };

export function Origin(props: OriginProps): ReactNode {
  const [shown, show] = useState(false);
  return (
    <section aria-label={TEXTS.lineage} className="no-print">
      <Flex gap={12} align="center" wrap>
        <Typography.Title level={2}>{TEXTS.lineage}</Typography.Title>
        <Button size="small" aria-expanded={shown} onClick={() => show(!shown)}>
          {shown ? TEXTS.hide : TEXTS.show}
        </Button>
      </Flex>
      {shown ? <Told {...props} /> : null}
    </section>
  );
}

function Told({ name, period }: OriginProps): ReactNode {
  const lineage = useAsked<Lineage, typeof LINEAGE>(LINEAGE, { path: { name }, query: { period } });
  const facts = useAsked<Facts, typeof FACTS>(FACTS, {}, { staleMs: 60_000 });
  const called = new Map(facts.data?.facts.map(({ id, title }) => [id, title]));
  const titled = (fact: string): string => called.get(fact) ?? fact;
  return (
    <Asked query={lineage} rows={3} isEmpty={({ parts }) => !parts.length} empty={TEXTS.noLineage}>
      {(told) => (
        <>
          <Typography.Paragraph type="secondary">{TEXTS.lineageAbout}</Typography.Paragraph>
          <Read parts={told.parts} titled={titled} />
          <Loads loads={told.loads} titled={titled} />
        </>
      )}
    </Asked>
  );
}

type Titled = { titled: (fact: string) => string };

/** What was read, by table. */
function Read({ parts, titled }: { parts: Lineage["parts"] } & Titled): ReactNode {
  const names = [...new Set(parts.map(({ fact }) => fact))];
  const tables = names.map((fact) => {
    const own = parts.filter((part) => part.fact === fact);
    const months = own.map(({ month }) => month).sort();
    return {
      fact,
      rows: own.reduce((sum, { rows }) => sum + rows, 0),
      institutions: new Set(own.map(({ tenant }) => tenant)).size,
      months: `${months.at(0)} – ${months.at(-1)}`,
    };
  });
  return (
    <Rows
      rowKey="fact"
      dataSource={tables}
      pagination={false}
      columns={[
        { title: TEXTS.fact, render: (_, { fact }) => titled(fact) },
        { title: TEXTS.rows, align: "right", render: (_, { rows }) => rows.toLocaleString("zh-CN") },
        { title: TEXTS.institutions, align: "right", dataIndex: "institutions" },
        { title: TEXTS.months, dataIndex: "months" },
      ]}
    />
  );
}

function Loads({ loads, titled }: { loads: Lineage["loads"] } & Titled): ReactNode {
  return (
    <Rows
      rowKey="id"
      dataSource={loads}
      pagination={{ pageSize: 10, hideOnSinglePage: true, showSizeChanger: false }}
      columns={[
        { title: TEXTS.at, render: (_, { at }) => new Date(at).toLocaleString("zh-CN") },
        { title: TEXTS.fact, render: (_, { fact }) => titled(fact) },
        { title: TEXTS.institution, render: (_, one) => <Institution {...one} /> },
        { title: TEXTS.from, dataIndex: "source" },
        { title: TEXTS.actor, dataIndex: "by" },
        { title: TEXTS.received, align: "right", render: (_, { received }) => received.toLocaleString("zh-CN") },
      ]}
    />
  );
}
