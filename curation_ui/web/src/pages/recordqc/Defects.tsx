/** Defects by what is to be done with them. */
import { Typography } from "antd";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { useAsked } from "../../shared/asking";
import { Choice, Filters, useFilters, Word } from "../../shared/filters";
import { Asked } from "../../shared/states";
import { options } from "../../shared/words";
import { DefectView } from "./DefectView";
import { Pager } from "./Pager";
import { TEXTS } from "./texts";
import type { Defect, Page } from "./types";

const DEFECTS = "GET /api/v1/qc/defects";
const PAGE_ROWS = 20;

export function Defects(): ReactNode {
  const [asked] = useFilters();
  const query = { ...asked, limit: PAGE_ROWS };
  const defects = useAsked<Page<"defects", Defect>, typeof DEFECTS>(DEFECTS, { query }, { keep: true });
  return (
    <>
      <Filters>
        <Choice name="state" label={TEXTS.state} options={options(TEXTS.states)} />
        <Word name="record" label={TEXTS.record} />
        <Word name="department" label={TEXTS.department} />
        <Word name="doctor" label={TEXTS.doctor} />
      </Filters>
      <Asked query={defects} isEmpty={(found) => !found.defects.length} empty={TEXTS.noMatching}>
        {(found) => (
          <>
            {found.defects.map((one) => (
              <section key={one.id} aria-label={one.record}>
                <Typography.Text type="secondary">
                  <Link to={`/recordqc/reports/${one.report}`}>{one.record}</Link>{" "}
                  {[one.department, one.doctor].filter(Boolean).join(" · ")}
                </Typography.Text>
                <DefectView defect={one} />
              </section>
            ))}
            <Pager before={found.before} />
          </>
        )}
      </Asked>
    </>
  );
}
