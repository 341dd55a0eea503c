/** What a score is made of: by dimension, type of data or rule, the lowest first. */
import type { ReactNode } from "react";
import { Link } from "react-router";
import { figure } from "../../figures/numbers";
import { useAsked } from "../../shared/asking";
import { Choice, Filters, Span, useFilters } from "../../shared/filters";
import { Asked } from "../../shared/states";
import { Rows } from "../../shared/table";
import { options } from "../../shared/words";
import { Institutions } from "./Institutions";
import { TEXTS } from "./texts";
import type { Part, Score, Scores, Titles } from "./types";
import { faultsOf } from "./ways";

const SCORES = "GET /api/v1/quality/scores";
const USUAL: Part = "dimension";

export function Parts({ titles }: { titles: Titles }): ReactNode {
  const [asked] = useFilters();
  const by = asked.by === "kind" || asked.by === "rule" ? asked.by : USUAL;
  const scores = useAsked<Scores, typeof SCORES>(SCORES, { query: { ...asked, by } }, { keep: true });
  return (
    <>
      <Filters>
        <Choice name="by" label={TEXTS.by} options={options(TEXTS.parts)} fallback={USUAL} />
        <Institutions />
        <Choice name="dimension" label={TEXTS.dimension} options={options(titles.dimensions)} />
        <Choice name="kind" label={TEXTS.kind} options={options(titles.kinds)} />
        <Span label={TEXTS.span} from={scores.data?.since} to={scores.data?.until} />
      </Filters>
      <Asked query={scores} isEmpty={(found) => !found.scores.length} empty={TEXTS.noScores}>
        {(found) => <Table scores={found.scores} by={by} titles={titles} />}
      </Asked>
    </>
  );
}

type TableProps = Pick<Scores, "scores"> & { by: Part; titles: Titles };

function Table({ scores, by, titles }: TableProps): ReactNode {
  const [{ tenant, dimension, kind }] = useFilters();
  const called = (one: Score): string => {
    const name = one[by] ?? "";
    return { dimension: titles.dimensions[name], kind: titles.kinds[name], rule: one.title }[by] ?? name;
  };
  const faults = (one: Score): string => faultsOf({ tenant, dimension, kind, [by]: one[by] });
  return (
    <Rows<Score>
      rowKey={(one) => one[by] ?? ""}
      dataSource={[...scores].sort(lowest)}
      columns={[
        { title: TEXTS.parts[by], render: (_, one) => called(one) },
        { title: TEXTS.score, align: "right", render: (_, one) => figure(one.score), sorter: lowest },
        { title: TEXTS.checked, align: "right", render: (_, one) => figure(one.checked) },
        {
          title: TEXTS.failed,
          align: "right",
          render: (_, one) => figure(one.failed),
          sorter: (a, b) => a.failed - b.failed,
        },
        {
          title: TEXTS.faults,
          render: (_, one) => (one.failed ? <Link to={faults(one)}>{TEXTS.faultsOf(called(one))}</Link> : null),
        },
      ]}
    />
  );
}

const lowest = (a: Score, b: Score): number =>
  (a.score ?? Number.POSITIVE_INFINITY) - (b.score ?? Number.POSITIVE_INFINITY);
