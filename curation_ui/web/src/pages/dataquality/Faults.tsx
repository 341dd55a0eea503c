/** Faults by what is asked for, the newest first: each leads to its message and opens what is known of it. */
import { Tag } from "antd";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { useAsked } from "../../shared/asking";
import { Choice, Filters, Span, useFilters, Word } from "../../shared/filters";
import { useMay } from "../../shared/session";
import { Asked } from "../../shared/states";
import { Pager, Rows } from "../../shared/table";
import { day, moment, options } from "../../shared/words";
import { FaultView } from "./FaultView";
import { Institutions } from "./Institutions";
import { TEXTS } from "./texts";
import type { Fault, Found, Rule, Titles } from "./types";

const FAULTS = "GET /api/v1/quality/faults";
const RULES = "GET /api/v1/quality/rules";
const PAGE_ROWS = 50;
const COLOURS: Record<Fault["severity"], string> = { reject: "red", warn: "orange" };

export function Faults({ titles }: { titles: Titles }): ReactNode {
  const [asked, change] = useFilters();
  const query = { ...asked, limit: PAGE_ROWS };
  const faults = useAsked<Found, typeof FAULTS>(FAULTS, { query }, { keep: true });
  return (
    <>
      <Narrowing titles={titles} />
      <Asked query={faults} isEmpty={(found) => !found.faults.length} empty={TEXTS.noFaults}>
        {(found) => (
          <>
            <Table faults={found.faults} titles={titles} />
            <Pager
              earlier={Boolean(asked.before)}
              later={Boolean(found.before)}
              first={() => change({})}
              next={() => change({ before: String(found.before) })}
            />
          </>
        )}
      </Asked>
    </>
  );
}

function Narrowing({ titles }: { titles: Titles }): ReactNode {
  const known = useAsked<{ rules: Rule[] }, typeof RULES>(RULES, {}, { staleMs: 300_000 });
  const rules = (known.data?.rules ?? []).map(({ id, title }) => ({ value: id, label: title }));
  return (
    <Filters>
      <Institutions />
      <Choice name="state" label={TEXTS.state} options={options(titles.states)} />
      <Choice name="severity" label={TEXTS.severity} options={options(titles.severities)} />
      <Choice name="dimension" label={TEXTS.dimension} options={options(titles.dimensions)} />
      <Choice name="kind" label={TEXTS.kind} options={options(titles.kinds)} />
      <Choice name="rule" label={TEXTS.rule} options={rules} />
      <Choice name="overdue" label={TEXTS.overdue} options={options(TEXTS.overdues)} />
      <Word name="resource" label={TEXTS.resource} />
      <Word name="message" label={TEXTS.messageNumber} />
      <Span label={TEXTS.foundSpan} />
    </Filters>
  );
}

function Table({ faults, titles }: Pick<Found, "faults"> & { titles: Titles }): ReactNode {
  return (
    <Rows<Fault>
      rowKey="id"
      dataSource={faults}
      pagination={false}
      expandable={{ expandedRowRender: ({ id }) => <FaultView id={id} /> }}
      columns={[
        { title: TEXTS.rule, render: (_, one) => one.title ?? one.rule },
        { title: TEXTS.institution, dataIndex: "institution" },
        { title: TEXTS.dimension, render: (_, one) => titles.dimensions[one.dimension] },
        {
          title: TEXTS.severity,
          render: (_, { severity }) => <Tag color={COLOURS[severity]}>{titles.severities[severity]}</Tag>,
        },
        { title: TEXTS.state, dataIndex: "stateTitle" },
        { title: TEXTS.record, render: (_, one) => named(one, titles) },
        { title: TEXTS.message, render: (_, one) => <Origin message={one.message} /> },
        { title: TEXTS.times, align: "right", dataIndex: "times" },
        { title: TEXTS.seen, render: (_, one) => moment(one.seen) },
        { title: TEXTS.due, render: (_, one) => day(one.due) },
      ]}
    />
  );
}

/** What is at fault, as people call it. */
function named({ kind, resource }: Fault, { kinds }: Titles): string {
  return `${kinds[kind] ?? kind} ${resource.slice(resource.indexOf("/") + 1)}`;
}

/** The message that a fault was found in, followed by those who may. */
function Origin({ message }: Pick<Fault, "message">): ReactNode {
  const follows = useMay("exchange.read");
  if (!message) return TEXTS.survey;
  const called = TEXTS.messageOf(message);
  return follows ? <Link to={`/systems/messages/${message}`}>{called}</Link> : called;
}
