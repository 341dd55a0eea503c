/** The national indicators of record quality. */
import { Typography } from "antd";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { figure } from "../../figures/numbers";
import { useAsked } from "../../shared/asking";
import { Filters, Span } from "../../shared/filters";
import { Asked } from "../../shared/states";
import { Rows } from "../../shared/table";
import { useSpan } from "./span";
import { TEXTS } from "./texts";
import type { Behind, National } from "./types";
import { Unfolding } from "./Unfolding";

const NATIONAL = "GET /api/v1/qc/national";
const BEHIND = "GET /api/v1/qc/national/{name}/records";

export function Nationals(): ReactNode {
  const span = useSpan();
  const found = useAsked<{ indicators: National[] }, typeof NATIONAL>(NATIONAL, { query: span }, { keep: true });
  return (
    <>
      <Filters>
        <Span label={TEXTS.span} from={span.since} to={span.until} />
      </Filters>
      <Asked query={found} isEmpty={({ indicators }) => !indicators.length} empty={TEXTS.noNational}>
        {({ indicators }) => <Table indicators={indicators} />}
      </Asked>
    </>
  );
}

function Table({ indicators }: { indicators: National[] }): ReactNode {
  return (
    <Rows<National>
      rowKey="name"
      dataSource={indicators}
      pagination={false}
      expandable={{ expandedRowRender: (one) => <Meaning one={one} /> }}
      columns={[
        { title: TEXTS.number, dataIndex: "number" },
        { title: TEXTS.indicator, dataIndex: "title" },
        { title: TEXTS.value, align: "right", render: (_, one) => figure(one.value, one.unit) },
        { title: TEXTS.numerator, align: "right", render: (_, one) => figure(one.numerator) },
        { title: TEXTS.denominator, align: "right", render: (_, one) => figure(one.denominator) },
        { title: TEXTS.unknown, align: "right", dataIndex: "unknown" },
        { title: TEXTS.note, dataIndex: "note" },
      ]}
    />
  );
}

function Meaning({ one }: { one: National }): ReactNode {
  return (
    <>
      <div>{`${TEXTS.numerator}：${one.numeratorTitle}`}</div>
      <div>{`${TEXTS.denominator}：${one.denominatorTitle}`}</div>
      <Typography.Text type="secondary">{`${TEXTS.source}：${one.source}`}</Typography.Text>
      <Unfolding title={TEXTS.behind}>
        <Records name={one.name} />
      </Unfolding>
    </>
  );
}

/** The records that an indicator is about. */
function Records({ name }: { name: string }): ReactNode {
  const found = useAsked<{ records: Behind[] }, typeof BEHIND>(BEHIND, { path: { name }, query: useSpan() });
  return (
    <Asked query={found} rows={2} isEmpty={({ records }) => !records.length} empty={TEXTS.noBehind}>
      {({ records }) => (
        <Rows<Behind>
          rowKey="report"
          dataSource={records}
          columns={[
            {
              title: TEXTS.record,
              render: (_, one) => <Link to={`/recordqc/reports/${one.report}`}>{one.record}</Link>,
            },
            { title: TEXTS.department, dataIndex: "department" },
            { title: TEXTS.day, dataIndex: "day" },
            { title: TEXTS.part, render: (_, one) => TEXTS.parts[one.part] },
          ]}
        />
      )}
    </Asked>
  );
}
