/** Analysis by hand: a closed form over the tables of facts, and forms that were kept. */
import { Form } from "antd";
import { type ReactNode, useState } from "react";
import { PeriodField, usePeriod } from "../../figures/PeriodField";
import { useAsked, useTelling } from "../../shared/asking";
import { Frame } from "../../shared/frame";
import { Asked, Nothing } from "../../shared/states";
import "./analysis.css";
import { Datasets } from "./Datasets";
import { Fields } from "./Fields";
import { blank, formed, type Given, unformed } from "./given";
import { Result } from "./Result";
import { TEXTS } from "./texts";
import type { Answer, Fact } from "./types";

const FACTS = "GET /api/v1/analysis/facts";
const ANALYSE = "POST /api/v1/analysis";

export default function Analysis(): ReactNode {
  const facts = useAsked<{ facts: Fact[] }, typeof FACTS>(FACTS, {}, { staleMs: Number.POSITIVE_INFINITY });
  return (
    <Frame title={TEXTS.title} about={TEXTS.about} actions={<PeriodField />} printable>
      <Asked query={facts} isEmpty={(found) => !found.facts.length}>
        {(found) => <Desk facts={found.facts} />}
      </Asked>
    </Frame>
  );
}

function Desk({ facts }: { facts: Fact[] }): ReactNode {
  const period = usePeriod();
  const [form] = Form.useForm<Given>();
  const [fact, choose] = useState(facts[0] as Fact);
  const analyse = useTelling<Answer, typeof ANALYSE>(ANALYSE);
  const turn = (id: string, given: Given): void => {
    choose(facts.find((one) => one.id === id) ?? fact);
    form.setFieldsValue(given);
  };
  const current = (given: Given) => formed(given, fact, TEXTS.sums);
  return (
    <>
      <Datasets
        open={(kept) => turn(kept.fact, unformed(kept))}
        current={async () => current(await form.validateFields())}
      />
      <Form<Given>
        form={form}
        layout="vertical"
        className="no-print"
        initialValues={blank(fact.id)}
        onFinish={(given) => analyse.mutate({ body: { period, form: current(given) } })}
      >
        <Fields facts={facts} fact={fact} turn={(id) => turn(id, blank(id))} busy={analyse.isPending} />
      </Form>
      {analyse.data ? <Result answer={analyse.data} /> : <Nothing text={TEXTS.ready} />}
    </>
  );
}
