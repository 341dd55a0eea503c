/** Analysis by hand: fields of a table of facts, dragged to where they count. The layout stands in the address. */
import { Button, Flex } from "antd";
import { type ReactNode, useMemo } from "react";
import { I18nProvider } from "react-aria/I18nProvider";
import { Exports } from "../../figures/Exports";
import { PeriodField, usePeriod } from "../../figures/PeriodField";
import { lastMonth } from "../../figures/periods";
import { useAddress } from "../../shared/address";
import { askAhead, useAsked } from "../../shared/asking";
import { type Options, save } from "../../shared/client";
import { Frame } from "../../shared/frame";
import { Asked, Nothing } from "../../shared/states";
import { TOLD } from "../../shared/told";
import "./analysis.css";
import { Datasets } from "./Datasets";
import { Fields } from "./Fields";
import { asked, blank, fieldsOf, read } from "./layout";
import { Result } from "./Result";
import { TEXTS } from "./texts";
import type { Crosstab, Fact, Form } from "./types";
import { Zones } from "./Zones";

const FACTS = "GET /api/v1/analysis/facts";
const ANALYSE = "POST /api/v1/analysis";

type Known = { facts: Fact[] };

/** Ask for the tables there are, and for what the first of them comes to. */
export async function ahead(): Promise<void> {
  const found = await askAhead<Known>(FACTS, {}, Number.POSITIVE_INFINITY);
  if (found?.facts.length) await askAhead(ANALYSE, question(lastMonth(), read(null, found.facts)));
}

export default function Analysis(): ReactNode {
  const facts = useAsked<Known, typeof FACTS>(FACTS, {}, { staleMs: Number.POSITIVE_INFINITY });
  return (
    <Frame title={TEXTS.title} about={TEXTS.about} actions={<PeriodField />} printable>
      <Asked query={facts} isEmpty={(found) => !found.facts.length}>
        {(found) => <Desk facts={found.facts} />}
      </Asked>
    </Frame>
  );
}

function Desk({ facts }: { facts: Fact[] }): ReactNode {
  const [query, give] = useAddress(false);
  const period = usePeriod();
  const form = read(query.get("form"), facts);
  const fact = facts.find(({ id }) => id === form.fact) as Fact;
  const fields = useMemo(() => new Map(fieldsOf(fact).map((field) => [field.id, field])), [fact]);
  const change = (wanted: Form): void => give({ form: JSON.stringify(wanted) });
  const turn = (id: string): void => change(blank(id));
  const layout = { form, fields, change };
  return (
    <I18nProvider locale="zh-CN">
      <Flex gap={8} wrap className="analysis-sets no-print">
        <Datasets open={change} current={asked(form)} />
        <Button onClick={() => turn(form.fact)}>{TEXTS.reset}</Button>
        <Exports
          to={(format) => {
            const options = { query: { format }, body: { period, form: asked(form) } };
            return save(ANALYSE, `${fact.title} ${period}.${format}`, options);
          }}
        />
      </Flex>
      <div className="analysis">
        <div className="no-print">
          <Fields facts={facts} turn={turn} {...layout} />
        </div>
        <div className="analysis-right">
          <div className={TOLD}>
            <Zones {...layout} />
          </div>
          {form.measures.length ? <Answered period={period} form={asked(form)} /> : <Nothing text={TEXTS.noValues} />}
        </div>
      </div>
    </I18nProvider>
  );
}

function Answered({ period, form }: { period: string; form: Form }): ReactNode {
  const answer = useAsked<Crosstab, typeof ANALYSE>(ANALYSE, question(period, form), { keep: true });
  return (
    <Asked query={answer} isEmpty={({ rows }) => !rows.length} empty={TEXTS.none}>
      {(found) => <Result answer={found} />}
    </Asked>
  );
}

function question(period: string, form: Form): Options<typeof ANALYSE> {
  return { query: { format: "table" }, body: { period, form } };
}
