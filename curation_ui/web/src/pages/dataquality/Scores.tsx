/** Institutions by score, with their scores by dimension; how scores and volume went from day to day. */
import type { ReactNode } from "react";
import { Link } from "react-router";
import { figure } from "../../figures/numbers";
import { useAsked } from "../../shared/asking";
import { Choice, Filters, Span, useFilters } from "../../shared/filters";
import { Asked } from "../../shared/states";
import { Rows } from "../../shared/table";
import { options } from "../../shared/words";
import { Institutions } from "./Institutions";
import { Trend } from "./Trend";
import { TEXTS } from "./texts";
import type { Ranking, Standing, Titles } from "./types";
import { faultsOf, partsOf } from "./ways";

export const RANKING = "GET /api/v1/quality/ranking";

export function Scores({ titles }: { titles: Titles }): ReactNode {
  const [query] = useFilters();
  const ranking = useAsked<Ranking, typeof RANKING>(RANKING, { query }, { keep: true });
  return (
    <>
      <Filters>
        <Institutions />
        <Choice name="dimension" label={TEXTS.dimension} options={options(titles.dimensions)} />
        <Choice name="kind" label={TEXTS.kind} options={options(titles.kinds)} />
        <Span label={TEXTS.span} from={ranking.data?.since} to={ranking.data?.until} />
      </Filters>
      <Asked query={ranking} isEmpty={({ institutions }) => !institutions.length} empty={TEXTS.noScores}>
        {({ institutions }) => (
          <>
            <Table institutions={institutions} dimensions={titles.dimensions} />
            <Trend query={query} />
          </>
        )}
      </Asked>
    </>
  );
}

type TableProps = Pick<Ranking, "institutions"> & { dimensions: Titles["dimensions"] };

function Table({ institutions, dimensions }: TableProps): ReactNode {
  const [{ dimension, kind }] = useFilters();
  return (
    <section aria-label={TEXTS.ranking}>
      <Rows<Standing>
        rowKey="tenant"
        dataSource={institutions}
        columns={[
          { title: TEXTS.rank, dataIndex: "rank" },
          {
            title: TEXTS.institution,
            render: (_, { tenant, institution }) => <Link to={partsOf(tenant)}>{institution}</Link>,
          },
          { title: TEXTS.whole, align: "right", render: (_, one) => <strong>{figure(one.score)}</strong> },
          ...Object.entries(dimensions).map(([name, title]) => ({
            title,
            align: "right" as const,
            render: (_: unknown, one: Standing) => figure(one.dimensions[name]),
          })),
          { title: TEXTS.resources, align: "right", render: (_, one) => figure(one.resources) },
          { title: TEXTS.checked, align: "right", render: (_, one) => figure(one.checked) },
          { title: TEXTS.failed, align: "right", render: (_, one) => figure(one.failed) },
          {
            title: TEXTS.faults,
            render: (_, { tenant, institution, failed }) =>
              failed ? <Link to={faultsOf({ tenant, dimension, kind })}>{TEXTS.faultsOf(institution)}</Link> : null,
          },
        ]}
      />
    </section>
  );
}
